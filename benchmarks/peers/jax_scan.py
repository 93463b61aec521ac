"""Hand-written JAX: the strongest competitor. One host device a thread; each scans over its share of the cohort and,
within a client, over the steps; one psum ends the round. Data lie on each device; the batches' rows go in. The CNN is
faster with one compiled call a step (jax_models.patches says why), which a Python thread for each device makes."""
import os
import sys

threads = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "2"
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={threads} " + os.environ.get("XLA_FLAGS", "")
os.environ["JAX_PLATFORMS"] = "cpu"

import concurrent.futures

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import common
import jax_models


def scanned(work, params, data, mesh):
    """rows [cohort, samples] -> the new parameters, in one compiled call a round."""
    everywhere, split = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("devices"))
    data, params = jax.device_put((data, params), everywhere)
    steps, rest = divmod(work.samples, work.batch)
    gradient = jax.grad(lambda p, x, y: jax_models.loss(work.model, p, x, y))

    def step(p, rows, x, y):
        return jax.tree.map(lambda w, g: w - work.lr * g, p, gradient(p, x[rows], y[rows]))

    def share(params, rows, x, y):  # rows: [clients of this device, samples]
        def client(total, rows):
            batches = rows[: steps * work.batch].reshape(steps, work.batch)
            # One step needs no loop.
            p = step(params, batches[0], x, y) if steps == 1 else jax.lax.scan(
                lambda p, rows: (step(p, rows, x, y), None), params, batches)[0]
            if rest:
                p = step(p, rows[steps * work.batch :], x, y)
            return jax.tree.map(lambda t, w: t + w * work.samples, total, p), None

        params = jax.tree.map(lambda w: jax.lax.pcast(w, "devices", to="varying"), params)
        total, _ = jax.lax.scan(client, jax.tree.map(jnp.zeros_like, params), rows)
        return jax.tree.map(lambda t: jax.lax.psum(t, "devices") / (work.cohort * work.samples), total)

    whole, part = PartitionSpec(), PartitionSpec("devices")
    one_round = jax.jit(jax.shard_map(share, mesh=mesh, in_specs=(whole, part, whole, whole), out_specs=whole),
                        donate_argnums=0)
    while True:
        rows = yield params
        params = jax.block_until_ready(one_round(params, jax.device_put(rows, split), *data))


def called(work, params, data, mesh):
    """The same with one compiled call a step."""
    devices = list(mesh.devices)
    data = [jax.device_put(data, device) for device in devices]
    gradient = jax.grad(lambda p, x, y: jax_models.loss(work.model, p, x, y, jax_models.direct))
    step = jax.jit(lambda p, rows, x, y: jax.tree.map(lambda w, g: w - work.lr * g, p, gradient(p, x[rows], y[rows])))
    add = jax.jit(lambda total, p: jax.tree.map(lambda t, w: t + w * work.samples, total, p), donate_argnums=0)

    def share(d, params, rows):
        start, total = jax.device_put(params, devices[d]), jax.device_put([0 * p for p in params], devices[d])
        for order in rows:
            p = start
            for at in range(0, work.samples, work.batch):
                p = step(p, order[at : at + work.batch], *data[d])
            total = add(total, p)
        return [np.asarray(t) for t in total]

    with concurrent.futures.ThreadPoolExecutor(len(devices)) as pool:
        while True:
            rows = yield params
            shares = np.array_split(rows, len(devices))
            totals = pool.map(share, range(len(devices)), [params] * len(devices), shares)
            params = [sum(parts) / (work.cohort * work.samples) for parts in zip(*totals)]


def main():
    args = common.arguments()
    work = common.Workload(args.workload, args.seed)
    if work.model not in jax_models.SHAPES:
        raise SystemExit(f"not written for {work.model}")
    devices = max(d for d in range(1, args.threads + 1) if work.cohort % d == 0)
    mesh = Mesh(np.array(jax.devices()[:devices]), ("devices",))
    way = called if work.model == "cnn" else scanned
    rounds = way(work, jax_models.initial(work.model, args.seed), (work.x.reshape(-1, 784), work.y.reshape(-1)), mesh)
    next(rounds)
    clock = common.Clock()
    for _ in range(args.rounds):
        order = work.random.permuted(np.tile(np.arange(work.samples, dtype=np.int32), (work.cohort, 1)), axis=1)
        params = rounds.send(order + (work.draw().astype(np.int32) * work.samples)[:, None])
        clock.round_done()
    z = np.concatenate([jax_models.logits(work.model, [np.asarray(p) for p in params], x)
                        for x in np.array_split(work.x_test.reshape(-1, 784), 20)])
    clock.report((np.argmax(z, 1) == work.y_test).mean())


if __name__ == "__main__":
    main()
