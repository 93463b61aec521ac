"""pfl-research: FederatedAveraging on its simulated backend, one process a thread (torch.distributed, gloo), as its
launcher starts them. Users are tensors in memory; the equal sizes need no balancing, whose sampler would cost a process
more. pfl does not shuffle a user's samples: they are put in a new order when the user is drawn."""
import os
import socket
import subprocess
import sys

import common


def launch(args):
    """One process a rank, this one among them: torchrun's environment without its agent process."""
    if "RANK" in os.environ or args.threads == 1:
        return []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(args.threads),
              "LOCAL_WORLD_SIZE": str(args.threads), "TORCHELASTIC_RUN_ID": "fedsim-benchmark"}
    os.environ.update(shared, RANK="0", LOCAL_RANK="0")
    ranks = [{"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(1, args.threads)]
    return [subprocess.Popen([sys.executable, *sys.argv], env={**os.environ, **rank}, stdout=subprocess.DEVNULL)
            for rank in ranks]


def main():
    args = common.arguments()
    helpers = launch(args)
    os.environ["OMP_NUM_THREADS"] = "1"
    import numpy
    import torch
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    numpy.random.seed(args.seed)
    from pfl.aggregate.simulate import SimulatedBackend
    from pfl.aggregate.weighting import WeightByDatapoints
    from pfl.algorithm.base import NNAlgorithmParams
    from pfl.algorithm.federated_averaging import FederatedAveraging
    from pfl.callback.base import TrainingProcessCallback
    from pfl.data.dataset import Dataset
    from pfl.data.federated_dataset import FederatedDataset
    from pfl.data.sampling import get_user_sampler
    from pfl.hyperparam.base import NNTrainHyperParams
    from pfl.metrics import Metrics
    from pfl.model.pytorch import PyTorchModel

    import torch_models

    work = common.Workload(args.workload, args.seed)
    x, y = torch.from_numpy(work.x), torch.from_numpy(work.y).long()
    net = torch_models.build(work.model, work.tokens)
    net.loss = lambda x, y: torch.nn.functional.cross_entropy(net(x), y)
    net.metrics = lambda x, y: {}
    model = PyTorchModel(net, torch.optim.SGD, torch.optim.SGD(net.parameters(), lr=1.0))

    def user(client):
        order = torch.randperm(work.samples)
        return Dataset([x[client, order], y[client, order]], user_id=client)

    users = [int(client) for client in work.random.permutation(work.clients)]
    data = FederatedDataset(user, get_user_sampler("minimize_reuse", users))
    clock = common.Clock()

    class Rounds(TrainingProcessCallback):
        def after_central_iteration(self, aggregate_metrics, model, *, central_iteration):
            clock.round_done()
            return False, Metrics()

    # pfl evaluates users in round 0, which is not a steady one, and in none after it; here it has no metrics to take.
    FederatedAveraging().run(
        NNAlgorithmParams(central_num_iterations=args.rounds, evaluation_frequency=10**9, train_cohort_size=work.cohort,
                          val_cohort_size=None),
        SimulatedBackend(data, data, [WeightByDatapoints()]), model,
        NNTrainHyperParams(local_batch_size=work.batch, local_num_epochs=1, local_learning_rate=work.lr),
        callbacks=[Rounds()], send_metrics_to_platform=False)
    if int(os.environ.get("RANK", 0)) == 0:
        clock.report(torch_models.accuracy(net, torch.from_numpy(work.x_test), torch.from_numpy(work.y_test).long()))
    for helper in helpers:
        helper.wait()


if __name__ == "__main__":
    main()
