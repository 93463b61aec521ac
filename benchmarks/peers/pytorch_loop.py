"""The plain PyTorch loop, on as many processes as --threads says, one intra-op thread each.

The parameters are views of one flat vector, so that a client starts with one copy and adds to the sum with one axpy.
The processes are forked after the data are loaded and share it, the global model and their sums; they take the
cohort's clients from a common counter. Gradients come from torch.autograd.grad and go into the parameters with one
torch._foreach_add_, which is faster than torch.optim.SGD."""
import multiprocessing

import torch
from torch.nn import functional

import common
import torch_models


def main():
    args = common.arguments()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    work = common.Workload(args.workload, args.seed)
    x, y = torch.from_numpy(work.x), torch.from_numpy(work.y).long()
    model = torch_models.build(work.model, work.tokens)
    params = list(model.parameters())
    flat = torch.cat([p.detach().reshape(-1) for p in params])
    at = 0
    for p in params:
        p.data = flat[at : at + p.numel()].view_as(p)
        at += p.numel()
    shared = flat.clone().share_memory_()
    sums = [torch.zeros_like(flat).share_memory_() for _ in range(args.threads)]
    cohort = torch.zeros(work.cohort, dtype=torch.long).share_memory_()
    context = multiprocessing.get_context("fork")
    start, stop = context.Barrier(args.threads), context.Barrier(args.threads)
    next_client = context.Value("l", 0)

    def train(client):
        order = torch.randperm(work.samples)
        for rows in order.split(work.batch):
            loss = functional.cross_entropy(model(x[client, rows]), y[client, rows])
            grads = torch.autograd.grad(loss, params)
            with torch.no_grad():
                torch._foreach_add_(params, grads, alpha=-work.lr)

    def share_of_round(total):
        total.zero_()
        while True:
            with next_client.get_lock():
                k = next_client.value
                next_client.value += 1
            if k >= work.cohort:
                return
            with torch.no_grad():
                flat.copy_(shared)
            train(int(cohort[k]))
            total.add_(flat, alpha=work.samples)

    def helper(rank):
        torch.set_num_threads(1)
        torch.manual_seed(args.seed + rank)
        for _ in range(args.rounds):
            start.wait()
            share_of_round(sums[rank])
            stop.wait()

    helpers = [context.Process(target=helper, args=(rank,), daemon=True) for rank in range(1, args.threads)]
    for process in helpers:
        process.start()
    clock = common.Clock()
    for _ in range(args.rounds):
        cohort.copy_(torch.from_numpy(work.draw()))
        next_client.value = 0
        start.wait()
        share_of_round(sums[0])
        stop.wait()
        torch.sum(torch.stack(sums), 0, out=shared)
        shared /= work.cohort * work.samples
        clock.round_done()
    flat.copy_(shared)
    clock.report(torch_models.accuracy(model, torch.from_numpy(work.x_test), torch.from_numpy(work.y_test)))


if __name__ == "__main__":
    main()
