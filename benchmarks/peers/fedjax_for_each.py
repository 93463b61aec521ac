"""FedJAX: its FedAvg as it ships (algorithms.fed_avg), clients one after the other under jit. Its pmap backend, which
would take both cores, uses functions that newer JAX dropped; XLA's own threads are all that is parallel here."""
import os

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np

jax.tree_map = jax.tree_util.tree_map  # a name that FedJAX 0.0.17 uses and newer JAX dropped
import fedjax
from fedjax.algorithms import fed_avg

import common
import jax_models


def main():
    args = common.arguments()
    work = common.Workload(args.workload, args.seed)
    if work.model not in jax_models.SHAPES:
        raise SystemExit(f"not written for {work.model}")
    fedjax.set_for_each_client_backend("jit")
    clients = [fedjax.ClientDataset({"x": work.x[k].reshape(work.samples, -1), "y": work.y[k]})
               for k in range(work.clients)]
    convolution = jax_models.direct if work.model == "cnn" else jax_models.patches
    gradient = jax.grad(lambda p, batch, key: jax_models.loss(work.model, p, batch["x"], batch["y"], convolution))
    algorithm = fed_avg.federated_averaging(
        gradient, fedjax.optimizers.sgd(work.lr), fedjax.optimizers.sgd(1.0),
        fedjax.ShuffleRepeatBatchHParams(batch_size=work.batch, num_epochs=1, drop_remainder=False, seed=args.seed))
    state = algorithm.init([jax.numpy.asarray(p) for p in jax_models.initial(work.model, args.seed)])
    key = jax.random.PRNGKey(args.seed)
    clock = common.Clock()
    for _ in range(args.rounds):
        key, use = jax.random.split(key)
        keys = jax.random.split(use, work.cohort)
        cohort = [(int(k).to_bytes(4, "big"), clients[k], keys[i]) for i, k in enumerate(work.draw())]
        state, _ = algorithm.apply(state, cohort)
        jax.block_until_ready(state.params)
        clock.round_done()
    z = np.concatenate([jax_models.logits(work.model, state.params, x)
                        for x in np.array_split(work.x_test.reshape(-1, 784), 20)])
    clock.report((np.argmax(z, 1) == work.y_test).mean())


if __name__ == "__main__":
    main()
