"""Figures to text: best, median, spread, and the tables in Markdown."""
import pathlib
import platform
import statistics

import flops
from programs import NAMES


def milliseconds(seconds):
    return f"{seconds * 1e3:.3g}" if seconds < 1 else f"{seconds * 1e3:.0f}"


class Figures:
    """What the repeats of one program on one workload gave."""

    def __init__(self):
        self.repeats = []  # median seconds of the steady rounds of each repeat
        self.best = float("inf")  # the fastest single round
        self.first, self.memory = float("inf"), 0  # seconds, MB
        self.accuracy, self.rounds, self.note = None, 0, ""
        self.by_wall_clock = []  # fedsim: seconds a round, rows written included

    def add(self, round_seconds, first, memory, accuracy, rounds):
        self.repeats.append(statistics.median(round_seconds))
        self.best = min(self.best, *round_seconds)
        self.first, self.memory = min(self.first, first), max(self.memory, memory)
        self.accuracy, self.rounds = accuracy, rounds

    @property
    def median(self):
        return statistics.median(self.repeats)

    def spread(self):
        if len(self.repeats) < 2:
            return "-"
        return f"{100 * (max(self.repeats) - min(self.repeats)) / self.median:.0f} %"


def row(peer, figures, reference, accuracies):
    if not figures.repeats:
        return f"| {NAMES[peer]} | {figures.note or 'not run'} | | | | | | | |"
    ratio = f"{figures.median / reference.median:.2f}" if reference and reference.repeats else "-"
    ours = accuracies.get(figures.rounds)
    ours = f"{min(ours):.3f} to {max(ours):.3f}" if ours else "-"
    return (f"| {NAMES[peer]} | {milliseconds(figures.best)} | {milliseconds(figures.median)} | {figures.spread()} | "
            f"{ratio} | {figures.accuracy:.3f} ({figures.rounds}) | {ours} | {figures.memory:.0f} | "
            f"{figures.first:.2f} |")


COLUMNS = ["", "best ms", "median ms", "spread", "times fedsim", "accuracy (rounds)", "fedsim's, so many rounds",
           "peak MB", "start to first round s"]
HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def section(workload, title, results, accuracies, extra):
    reference = results.get("fedsim")
    lines = [f"**{workload.upper()}** {title}", "", HEAD]
    lines += [row(peer, figures, reference, accuracies) for peer, figures in results.items()]
    return "\n".join(lines + [""] + extra)


def efficiency(model, samples, threads, figures, sgemm):
    """One line: training FLOPs a second over the rate of sgemm on as many cores at once, measured beside it."""
    work = flops.per_sample(model) * samples / 1e9
    rate, best = work / figures.median, work / figures.best
    count = f"{threads} thread{'s' if threads > 1 else ''}"
    return (f"fedsim, {count}: {milliseconds(figures.median)} ms a round, {rate:.1f} GFLOP/s, "
            f"{100 * rate / sgemm.median:.0f} % of sgemm at 1024^3 beside it ({sgemm.median:.1f}), "
            f"by the best of both {100 * best / sgemm.best:.0f} %")


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")),
                 platform.processor())
    family = " ".join(line.split(":")[1].strip() for line in info.split("\n\n")[0].splitlines()
                      if line.startswith(("cpu family", "model\t")))
    isa = "AVX-512" if " avx512f" in info else "AVX2" if " avx2" in info else "neither AVX2 nor AVX-512"
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / 1e6
    return f"{model} (family and model {family}), {info.count('processor' + chr(9))} cores, {isa}, {memory:.0f} GB"
