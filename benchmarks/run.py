"""Times fedsim and its peers on the workloads of benchmarks/workloads and prints one table for each.
Use it by benchmarks/run.sh; benchmarks/README.md says what is measured and how."""
import argparse
import datetime
import json
import pathlib
import statistics
import subprocess
import sys
import tomllib

import measure
import programs
import table

WORKLOADS = sorted(programs.ROUNDS)
RESULTS = programs.HERE / "results"
FEDSIM = programs.BUILD / "fedsim"


def arguments():
    parser = argparse.ArgumentParser(prog="benchmarks/run.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="w1,w2,... (default: all)")
    parser.add_argument("--peers", default=",".join(programs.NAMES), help="fedsim,libtorch,... (default: all)")
    parser.add_argument("--repeats", type=int, default=3, help="of each program on each workload, interleaved")
    parser.add_argument("--threads", type=int, default=2, help="threads, processes, devices or actors of every program")
    parser.add_argument("--quick", action="store_true", help="3 rounds, 1 repeat: does everything work?")
    parser.add_argument("--update-readme", action="store_true", help="put the tables into benchmarks/README.md")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="default: benchmarks/results/DATE.md")
    args = parser.parse_args()
    for name, known in (("workloads", WORKLOADS), ("peers", list(programs.NAMES))):
        values = [value for value in getattr(args, name).split(",") if value]
        unknown = [value for value in values if value not in known]
        if unknown:
            parser.error(f"--{name}: no {', '.join(unknown)}; there are {', '.join(known)}")
        setattr(args, name, values)
    if args.quick:
        args.repeats = 1
    return args


def say(text):
    print(text, file=sys.stderr, flush=True)


def fedsim_run(workload, rounds, threads, seed=1, memory=False):
    """(rows of the .jsonl, wall seconds, peak MB)."""
    file, config = RESULTS / "run.h5", programs.HERE / "workloads" / f"{workload}.toml"
    _, wall, peak = measure.run([FEDSIM, "run", config, "--set", f"rounds={rounds}", "--set", f"seed={seed}",
                                 "--threads", threads, "--force", "--quiet", "-o", file], memory=memory)
    return [json.loads(line) for line in file.with_suffix(".jsonl").read_text().splitlines()], wall, peak


def steady(rows):
    """Seconds of each round after the first, evaluation apart."""
    return [row["seconds"] - row["seconds_evaluate"] for row in rows[2:]]


def fedsim_figures(figures, workload, rounds, threads, memory):
    """Steady rounds by fedsim's own clock, evaluation apart. The start to the first round's end is the whole of a run
    of one round, less its last evaluation: an upper bound."""
    rows, wall, peak = fedsim_run(workload, rounds, threads, memory=memory)
    one, wall_of_one, _ = fedsim_run(workload, 1, threads)
    figures.add(steady(rows), wall_of_one - one[1]["seconds_evaluate"], peak, rows[-1]["test_accuracy"], rounds)
    # From the outside: wall time of `rounds` rounds less that of one.
    figures.by_wall_clock.append((wall - wall_of_one) / (rounds - 1))


def peer_figures(figures, command, workload, rounds, threads, memory):
    options = ["--workload", workload, "--rounds", rounds, "--threads", threads]
    output, _, peak = measure.run(command + options, memory=memory)
    result = measure.last_json(output)
    figures.add(result["round_seconds"], result["first_round_seconds"], peak, result["test_accuracy"], rounds)


def same_rounds(args, workload, results):
    """{rounds: fedsim's accuracies after as many rounds as the peers made}, over a few seeds: early in training the
    first values and the cohorts move the accuracy by more than anything else."""
    seeds = 2 if args.quick or workload == "w7" else 5 if workload in ("w1", "w2", "w4") else 3
    counts = {figures.rounds for peer, figures in results.items() if figures.repeats and peer != "fedsim"}
    return {rounds: [fedsim_run(workload, rounds, args.threads, seed)[0][-1]["test_accuracy"]
                     for seed in range(1, seeds + 1)] for rounds in sorted(counts)}


def parts_of_round(workload, rounds):
    """What fedsim_bench_rest says of a run on one thread."""
    program, config = programs.BUILD / "benchmarks" / "fedsim_bench_rest", programs.HERE / "workloads" / f"{workload}.toml"
    command = [program, config, RESULTS / "run.h5", f"rounds={rounds}"]
    return measure.run(command)[0].strip()


class Yardstick:
    """The rate of sgemm, measured beside each repeat of fedsim: the machine's own changes from minute to minute."""

    def __init__(self):
        self.best, self.medians = 0, []  # GFLOP/s

    def measure(self, threads):
        program = programs.BUILD / "benchmarks" / "fedsim_bench_sgemm_peak"
        best, median = measure.run([program, threads])[0].split()
        self.best = max(self.best, float(best))
        self.medians.append(float(median))

    @property
    def median(self):
        return statistics.median(self.medians)


def fedsim_lines(config, ours, one_thread, parts, threads, sgemm):
    """Efficiency, scaling, the parts of a round, and the round by the wall clock."""
    if not ours.repeats:
        return []
    model, samples = config["model"]["name"], samples_of_round(config)
    lines = [table.efficiency(model, samples, threads, ours, sgemm[threads]) + "."]
    if one_thread.repeats:
        lines.append(table.efficiency(model, samples, 1, one_thread, sgemm[1]) +
                     f"; scaling {one_thread.median / ours.median:.2f}.")
    if parts:
        middle = sorted(parts, key=lambda line: float(line.split()[-2]))[len(parts) // 2]  # by the rest
        lines.append(f"On one thread, as fedsim_bench_rest times the parts: {middle}.")
    wall = table.milliseconds(min(ours.by_wall_clock))
    return lines + [f"By the wall clock of the process, rows written included: {wall} ms a round."]


def run_workload(args, workload, commands, reasons):
    config = tomllib.loads((programs.HERE / "workloads" / f"{workload}.toml").read_text())
    results = {peer: table.Figures() for peer in args.peers}
    one_thread, parts = table.Figures(), []
    sgemm = {threads: Yardstick() for threads in (1, args.threads)}
    for peer in args.peers:
        if peer in reasons or workload not in programs.WRITTEN_FOR.get(peer, WORKLOADS):
            results[peer].note = f"skipped: {reasons.get(peer, 'its model is not written for this peer')}"
    for repeat in range(args.repeats):
        for peer in args.peers:
            figures, rounds = results[peer], programs.rounds(workload, peer, args.quick)
            if figures.note and not figures.repeats or repeat >= programs.AT_MOST.get((workload, peer), args.repeats):
                continue
            say(f"{workload} {peer}, repeat {repeat + 1} of {args.repeats}")
            try:
                if peer == "fedsim":
                    sgemm[args.threads].measure(args.threads)
                    fedsim_figures(figures, workload, rounds, args.threads, repeat == 0)
                    if args.threads > 1:
                        sgemm[1].measure(1)
                        fewer = max(2, rounds // 2)
                        one_thread.add(steady(fedsim_run(workload, fewer, 1)[0]), 0, 0, None, 0)
                        parts.append(parts_of_round(workload, fewer))
                else:
                    peer_figures(figures, commands[peer], workload, rounds, args.threads, repeat == 0)
            except measure.Failed as failure:
                figures.note = f"failed: {failure}"
                say(f"  {figures.note}")
    accuracies = same_rounds(args, workload, results) if "fedsim" in args.peers else {}
    extra = fedsim_lines(config, results["fedsim"], one_thread, parts, args.threads, sgemm) if "fedsim" in results else []
    title = (programs.HERE / "workloads" / f"{workload}.toml").read_text().splitlines()[0].split(": ", 1)[1]
    return table.section(workload, title, results, accuracies, extra)


def samples_of_round(config):
    """Samples that a round trains on: equal clients that share the training set."""
    training = {"fashion-mnist": 60000, "../data/text.npz": 4000, "../data/images.npz": 500}
    data, clients = config["data"], config["partition"]["clients"]
    return training[data.get("file", data["dataset"])] // clients * config["sampling"]["clients_per_round"]


def update_readme(text):
    readme = programs.HERE / "README.md"
    begin, end = "<!-- begin: run.sh --update-readme -->", "<!-- end: run.sh --update-readme -->"
    before, rest = readme.read_text().split(begin)
    readme.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}")


def main():
    args = arguments()
    RESULTS.mkdir(exist_ok=True)
    programs.build()
    subprocess.run([sys.executable, programs.HERE / "make-data.py"], check=True)
    commands, versions, reasons = {}, {}, {}
    for peer in args.peers:
        if peer == "fedsim":
            versions[peer] = programs.checked([FEDSIM, "--version"], "fedsim").splitlines()[0]
            continue
        try:
            commands[peer], versions[peer] = programs.prepare(peer)
        except programs.Missing as missing:
            reasons[peer] = str(missing)
            say(f"{peer} skipped: {missing}")
    parts = [f"{datetime.date.today()}. {table.machine()}. "
             f"{args.threads} threads, processes or devices each; best of and median over {args.repeats} repeats.",
             "Versions: " + "; ".join(versions.values()) + "."]
    for workload in args.workloads:
        parts.append(run_workload(args, workload, commands, reasons))
        print(parts[-1] + "\n", flush=True)
    text = "\n\n".join(parts)
    output = args.output or RESULTS / f"{datetime.datetime.now():%Y-%m-%d-%H%M}.md"
    output.write_text(text + "\n")
    say(f"written to {output}")
    if args.update_readme:
        update_readme(text)


if __name__ == "__main__":
    main()
