"""Hand-written JAX: the strongest competitor. One host device a thread; each scans over its share of the cohort and,
within a client, over the steps; one psum ends the round. Data lie on each device; the batches' rows go in."""
import os
import sys

threads = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "2"
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={threads} " + os.environ.get("XLA_FLAGS", "")
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import common
import jax_models


def main():
    args = common.arguments()
    work = common.Workload(args.workload, args.seed)
    if work.model not in jax_models.SHAPES:
        raise SystemExit(f"not written for {work.model}")
    devices = max(d for d in range(1, args.threads + 1) if work.cohort % d == 0)
    mesh = Mesh(np.array(jax.devices()[:devices]), ("devices",))
    everywhere, split = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("devices"))
    data = jax.device_put((work.x.reshape(-1, 784), work.y.reshape(-1)), everywhere)
    params = jax.device_put(jax_models.initial(work.model, args.seed), everywhere)
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
    clock = common.Clock()
    for _ in range(args.rounds):
        order = work.random.permuted(np.tile(np.arange(work.samples, dtype=np.int32), (work.cohort, 1)), axis=1)
        rows = order + (work.draw().astype(np.int32) * work.samples)[:, None]
        params = one_round(params, jax.device_put(rows, split), *data)
        jax.block_until_ready(params)
        clock.round_done()
    z = jax_models.logits(work.model, [np.asarray(p) for p in params], work.x_test.reshape(-1, 784))
    clock.report((np.argmax(z, 1) == work.y_test).mean())


if __name__ == "__main__":
    main()
