"""What every peer shares: the command line, the workload (read from fedsim's own config), the data in the order of
the clients, the cohorts, and the one line of JSON that benchmarks/run.py reads."""
import argparse
import gzip
import json
import os
import pathlib
import time
import tomllib

import numpy as np

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workload", required=True, help="w1 to w7")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def idx(folder, name):
    data = gzip.decompress((folder / f"{name}.gz").read_bytes())
    dimensions = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(dimensions)).reshape(dimensions)


def fashion_mnist():
    """Where fedsim looks, in its order (docs/data-formats.md)."""
    roots = [os.environ.get("FEDSIM_DATA"), BENCHMARKS.parent / "datasets" / "data", "/usr/share/datasets"]
    for root in roots:
        folder = pathlib.Path(root or ".") / "fashion-mnist"
        if root and (folder / "train-images-idx3-ubyte.gz").exists():
            train, test = (idx(folder, f"{part}-images-idx3-ubyte")[:, None] for part in ("train", "t10k"))
            return (train, idx(folder, "train-labels-idx1-ubyte"), test, idx(folder, "t10k-labels-idx1-ubyte"))
    raise SystemExit("fashion-mnist not found")


class Workload:
    """x [clients, n, ...] float32 in [0, 1] (int32 tokens in W6), y [clients, n, ...] int32; x_test, y_test."""

    def __init__(self, name, seed):
        path = BENCHMARKS / "workloads" / f"{name}.toml"
        config = tomllib.loads(path.read_text())
        self.name, self.model = name, config["model"]["name"]
        self.clients = config["partition"]["clients"]
        self.cohort = config["sampling"]["clients_per_round"]
        self.batch, self.lr = config["client"]["batch_size"], config["client"]["lr"]
        data = config["data"]
        if data["dataset"] == "fashion-mnist":
            x, y, x_test, y_test = fashion_mnist()
        else:
            arrays = np.load(path.parent / data["file"])
            x, y, x_test, y_test = (arrays[key] for key in ("x", "y", "x_test", "y_test"))
        self.tokens = data.get("vocabulary", 0)
        scale = (lambda a: a.astype(np.int32)) if self.tokens else (lambda a: a.astype(np.float32) / 255)
        self.random = np.random.default_rng(seed)
        order = self.random.permutation(len(x))
        self.samples = len(x) // self.clients  # of one client
        shape = (self.clients, self.samples)
        self.x = scale(x[order]).reshape(shape + x.shape[1:])
        self.y = y[order].astype(np.int32).reshape(shape + y.shape[1:])
        self.x_test, self.y_test = scale(x_test), y_test.astype(np.int32)

    def draw(self):
        """The clients of the next round, without replacement."""
        return self.random.choice(self.clients, self.cohort, replace=False)


def since_start():
    """Seconds since this process was started, of which the kernel keeps hundredths."""
    ticks = int(pathlib.Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


class Clock:
    """Marks the ends of rounds. The first round warms up and compiles; the others are the steady ones."""

    def __init__(self):
        self.rounds, self.first = [], None
        self.last = time.perf_counter()

    def round_done(self):
        now = time.perf_counter()
        if self.first is None:
            self.first = since_start()
        else:
            self.rounds.append(now - self.last)
        self.last = time.perf_counter()

    def report(self, accuracy):
        print(json.dumps({"round_seconds": self.rounds, "first_round_seconds": self.first,
                          "test_accuracy": float(accuracy)}), flush=True)
