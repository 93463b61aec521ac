"""Runs one program and measures it: its line of JSON, its wall time, the peak memory of its process tree."""
import json
import os
import pathlib
import subprocess
import threading
import time


def tree(root):
    """The process and all its descendants."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def pss(pids):
    """MB of proportional set sizes: a page that n processes share counts 1/n in each."""
    total = 0
    for pid in pids:
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total * 1.024 / 1000  # the kernel says kB and means 1024 bytes


class Sampler(threading.Thread):
    def __init__(self, pid, every=0.2):
        super().__init__(daemon=True)
        self.pid, self.every, self.peak, self.stop = pid, every, 0, threading.Event()

    def run(self):
        while not self.stop.wait(self.every):
            self.peak = max(self.peak, pss(tree(self.pid)))


class Failed(Exception):
    pass


def run(command, environment=None, memory=False, timeout=900):
    """(stdout, wall seconds, peak MB). Memory is the larger of the sampled sum of the tree's PSS (only if `memory`;
    sampling costs the measured program time) and the maximal resident set of its largest process."""
    env = {**os.environ, **(environment or {})}
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], env=env, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    timer = threading.Timer(timeout, process.kill)
    timer.start()
    sampler = Sampler(process.pid)
    if memory:
        sampler.start()
    errors = []
    drain = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    drain.start()
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    timer.cancel()
    sampler.stop.set()
    drain.join()
    if process.returncode != 0:
        last = [line for line in errors[0].splitlines() if line.strip()][-1:] or ["no message"]
        raise Failed(f"exit {process.returncode}: {last[0].strip()[:200]}")
    return output, wall, max(sampler.peak, usage.ru_maxrss * 1.024 / 1000)


def last_json(output):
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    raise Failed("printed no result")
