"""The programs that are compared: what runs them, how many rounds they get, and their environments, made on demand."""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "release"
VENVS = HERE / ".venvs"

# Script of each peer with an environment of its own, and the packages whose versions are reported.
SCRIPTS = {
    "pytorch": ("pytorch_loop.py", ["torch"]),
    "jax": ("jax_scan.py", ["jax"]),
    "flower": ("flower_ray.py", ["flwr", "ray", "torch"]),
    "pfl": ("pfl_research.py", ["pfl", "torch"]),
    "fedjax": ("fedjax_for_each.py", ["fedjax", "jax"]),
}
USES_TORCH_OF = {"flower": "pytorch", "pfl": "pytorch"}  # one copy of 1.4 GB is enough
NAMES = {"fedsim": "fedsim", "libtorch": "LibTorch, C++ loop", "pytorch": "PyTorch, plain loop",
         "jax": "JAX, hand-written scan", "flower": "Flower, Ray", "pfl": "pfl-research", "fedjax": "FedJAX"}

# Rounds in one process, the first of which warms up: enough for a steady figure, few enough for patience.
ROUNDS = {
    "w1": {"fedsim": 400, "flower": 8, "other": 40},
    "w2": {"fedsim": 60, "flower": 5, "other": 20},
    "w3": {"other": 3},
    "w4": {"fedsim": 40, "flower": 4, "pfl": 6, "fedjax": 6, "other": 12},
    "w5": {"fedsim": 10, "other": 4},
    "w6": {"fedsim": 10, "other": 4},
    "w7": {"other": 3},
}
WRITTEN_FOR = {"jax": ["w1", "w2", "w3", "w4", "w5"], "fedjax": ["w1", "w2", "w3", "w4", "w5"]}  # else all
# Slow ones, of which a process has several seconds of steady rounds: fewer repeats than asked for.
AT_MOST = {("w4", "flower"): 1, **{(workload, peer): 1 for workload in ("w3", "w5", "w6", "w7")
                                   for peer in ("flower", "pfl", "fedjax")},
           **{(workload, peer): 2 for workload in ("w3", "w7") for peer in ("fedsim", "libtorch", "pytorch", "jax")}}


def rounds(workload, peer, quick):
    table = ROUNDS[workload]
    return 3 if quick else table.get(peer, table["other"])


def python_of_venvs():
    """The environments are pinned for CPython 3.11."""
    for candidate in (os.environ.get("FEDSIM_BENCH_PYTHON"), "/usr/bin/python3.11", shutil.which("python3.11")):
        if candidate and pathlib.Path(candidate).exists():
            return candidate
    return sys.executable


class Missing(Exception):
    pass


def checked(command, what):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()] or ["no message"]
        raise Missing(f"{what}: {lines[-1].strip()[:200]}")
    return done.stdout.strip()


def environment(peer):
    """The Python of the peer's environment, made where it is missing or its requirements changed. Throws Missing."""
    if peer in USES_TORCH_OF:
        environment(USES_TORCH_OF[peer])
    folder, requirements = VENVS / peer, HERE / "peers" / f"{peer}.requirements.txt"
    python, stamp = folder / "bin" / "python", folder / "requirements"
    if not (stamp.exists() and stamp.read_text() == requirements.read_text()):
        print(f"making the environment of {peer} ...", file=sys.stderr)
        checked([python_of_venvs(), "-m", "venv", "--clear", folder], f"python3 -m venv {folder.name}")
        # The files list every package: nothing to resolve.
        checked([python, "-m", "pip", "install", "-q", "--no-cache-dir", "--no-deps", "--disable-pip-version-check",
                 "-r", requirements], "pip install")
        if peer in USES_TORCH_OF:
            site = next((folder / "lib").glob("python3*/site-packages"))
            other = next((VENVS / USES_TORCH_OF[peer] / "lib").glob("python3*/site-packages"))
            (site / "torch.pth").write_text(f"{other}\n")
        stamp.write_text(requirements.read_text())
    return python


def prepare(peer):
    """(command up to the arguments, version) of a peer. Throws Missing with the reason."""
    if peer == "libtorch":
        program = BUILD / "benchmarks" / "fedsim_bench_libtorch_loop"
        if not program.exists():
            raise Missing("fedsim_bench_libtorch_loop is not built")
        return [program], "LibTorch " + checked([program, "--version"], "version")
    script, packages = SCRIPTS[peer]
    python = environment(peer)
    versions = checked([python, "-c", "import importlib.metadata as m\n"
                        f"print(', '.join(p + ' ' + m.version(p) for p in {packages}))"], "import")
    return [python, HERE / "peers" / script], versions


def build():
    """Configures (once) and builds fedsim and the programs of this folder."""
    root = HERE.parent
    cache = BUILD / "CMakeCache.txt"
    if not cache.exists() or "FEDSIM_BENCHMARKS:BOOL=ON" not in cache.read_text():
        subprocess.run(["cmake", "--preset", "release", "-DFEDSIM_BENCHMARKS=ON"], cwd=root, check=True,
                       stdout=sys.stderr)
    targets = ["fedsim", "fedsim_bench_sgemm_peak", "fedsim_bench_rest", "fedsim_bench_libtorch_loop"]
    subprocess.run(["ninja", "-C", BUILD, *targets], check=True, stdout=sys.stderr)
