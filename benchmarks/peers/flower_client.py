"""The client of flower_ray.py: local SGD with PyTorch on the data that its actor has loaded."""
import functools

import common


@functools.cache
def actor(workload, seed):
    """Once in each actor: data, model, parameters as views of one flat vector."""
    import torch

    import torch_models

    torch.set_num_threads(1)
    work = common.Workload(workload, seed)
    model = torch_models.build(work.model, work.tokens)
    params = list(model.parameters())
    flat = torch.nn.utils.parameters_to_vector(params).detach()
    torch.nn.utils.vector_to_parameters(flat, params)  # views of `flat` from here on
    return work, model, params, flat, torch.from_numpy(work.x), torch.from_numpy(work.y).long()


def train(message, context, workload, seed):
    import torch
    from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict

    work, model, params, flat, x, y = actor(workload, seed)
    flat.copy_(torch.from_numpy(message.content["arrays"].to_numpy_ndarrays()[0].copy()))
    client = context.node_config["partition-id"]
    for rows in torch.randperm(work.samples).split(work.batch):
        loss = torch.nn.functional.cross_entropy(model(x[client, rows]), y[client, rows])
        gradients = torch.autograd.grad(loss, params)
        with torch.no_grad():
            torch._foreach_add_(params, gradients, alpha=-work.lr)
    content = RecordDict({"arrays": ArrayRecord([flat.numpy()]),
                          "metrics": MetricRecord({"num-examples": work.samples})})
    return Message(content=content, reply_to=message)


def app(workload, seed):
    from flwr.clientapp import ClientApp

    client = ClientApp()
    client.train()(functools.partial(train, workload=workload, seed=seed))
    return client
