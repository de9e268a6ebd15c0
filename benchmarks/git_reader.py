"""Measure the git reader against git itself.

    python benchmarks/git_reader.py REPOSITORY [REPOSITORY ...] [--runs 3] [--theseus PYTHON]

For each repository: seconds (best of the runs) of

- git alone: `git log --first-parent -m -p -U0 -M -w` to nowhere;
- `shipworthy load git` with one job and with two, as whole processes, into a new warehouse;
- resuming the last 50 mainline commits, on a shared clone whose branch is moved;
- with --theseus, git-of-theseus from another environment's Python, for scale.

Wall-clock times compare only on a machine that does nothing else, so processor seconds, children
included, stand beside them, as does the load average. Both are also given as multiples of git's.
Memory is the most that the main process had (on top of which each git and each further job has its
own).
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASELINE = ("log", "--first-parent", "-m", "-p", "-U0", "-M", "-w")
RESUMED_COMMITS = 50
LOAD = """
import atexit, resource, sys

def tell_memory():
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)

atexit.register(tell_memory)
from shipworthy.cli import main
main()
"""


def timed(command, environment):
    """Run a command; return wall-clock seconds, processor seconds and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        subprocess.run(command, stdout=output, env=environment, check=True)
        seconds = time.perf_counter() - started
        output.seek(0)
        text = output.read(1000).decode(errors="replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used, text


def clean_environment(directory):
    """Return an environment in which git has no settings and a load has its own salt."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        # Compiled modules, as an installed package has them after its first use.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": os.fspath(directory / "compiled"),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "SHIPWORTHY_SALT": "a salt for benchmarks only",
        "TMPDIR": os.fspath(directory),
    }


def best(runs, measure, *arguments):
    """Return the fastest of several measurements."""
    return min((measure(*arguments) for _ in range(runs)), key=lambda result: result[0])


def timed_load(repository, warehouse, environment, jobs):
    """Time one load."""
    command = [
        sys.executable, "-c", LOAD, "load", "git", os.fspath(repository),
        "--repository", "bench/mark", "--jobs", str(jobs),
    ]  # fmt: skip
    return timed(command, environment | {"SHIPWORTHY_WAREHOUSE": os.fspath(warehouse)})


def measure_load(repository, directory, environment, jobs):
    """Time one full load into a new warehouse."""
    warehouse = directory / "bench.duckdb"
    warehouse.unlink(missing_ok=True)
    return timed_load(repository, warehouse, environment, jobs)


def measure_resume(repository, directory, environment):
    """Load all but the last commits, then time the load of those."""

    def git(*arguments):
        command = ["git", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout

    copy = directory / "copy"
    if not copy.exists():
        git("clone", "--quiet", "--bare", "--shared", os.fspath(repository), os.fspath(copy))
    head = git(f"--git-dir={copy}", "rev-parse", "HEAD").decode().strip()
    earlier = git(f"--git-dir={copy}", "rev-parse", f"{head}~{RESUMED_COMMITS}").decode().strip()
    warehouse = directory / "resume.duckdb"
    warehouse.unlink(missing_ok=True)
    try:
        git(f"--git-dir={copy}", "update-ref", "HEAD", earlier)
        timed_load(copy, warehouse, environment, 1)
    finally:
        git(f"--git-dir={copy}", "update-ref", "HEAD", head)
    return timed_load(copy, warehouse, environment, 1)


def measure_theseus(python, repository, directory, environment):
    """Time git-of-theseus, from another environment."""
    program = (
        "import sys; from git_of_theseus.analyze import analyze; "
        "analyze(sys.argv[1], outdir=sys.argv[2], branch='HEAD', quiet=True)"
    )
    work = directory / "work"
    if not work.exists():
        clone = ["git", "clone", "--quiet", "--shared", os.fspath(repository), os.fspath(work)]
        subprocess.run(clone, env=environment, check=True)
    out = directory / "theseus"
    return timed([python, "-c", program, os.fspath(work), os.fspath(out)], environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--theseus", help="Python of an environment that has git-of-theseus")
    options = parser.parse_args()
    columns = (
        "repository", "commits", "git log s", "CPU s",
        "1 job s", "x wall", "CPU s", "x CPU", "2 jobs s", "x wall", "CPU s", "x CPU",
        "memory MB", "resume 50 s", "theseus s", "load",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for repository in options.repositories:
        with tempfile.TemporaryDirectory() as temporary:
            directory = Path(temporary)
            environment = clean_environment(directory)
            git_log = ["git", "-C", os.fspath(repository), *BASELINE]
            base, base_cpu, _ = best(options.runs, timed, git_log, environment)
            load = repository, directory, environment
            one, one_cpu, text = best(options.runs, measure_load, *load, 1)
            two, two_cpu, _ = best(options.runs, measure_load, *load, 2)
            resume, _, _ = measure_resume(repository, directory, environment)
            theseus = "-"
            if options.theseus:
                seconds, _, _ = measure_theseus(options.theseus, repository, directory, environment)
                theseus = f"{seconds:.1f}"
        commits = re.search(r"([\d,]+) commits read", text)[1]
        memory = int(text.split()[-1])
        cells = (
            "/".join(repository.resolve().parts[-2:]), commits,
            f"{base:.2f}", f"{base_cpu:.2f}",
            f"{one:.2f}", f"{one / base:.2f}", f"{one_cpu:.2f}", f"{one_cpu / base_cpu:.2f}",
            f"{two:.2f}", f"{two / base:.2f}", f"{two_cpu:.2f}", f"{two_cpu / base_cpu:.2f}",
            f"{memory / 1e6:.0f}", f"{resume:.2f}", theseus, f"{os.getloadavg()[0]:.1f}",
        )  # fmt: skip
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
