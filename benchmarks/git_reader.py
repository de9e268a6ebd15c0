"""Measure the git reader against git itself.

    python benchmarks/git_reader.py REPOSITORY [REPOSITORY ...] [--runs 3] [--theseus PYTHON]

For each repository: seconds (best of the runs) of

- git alone: `git log --first-parent -m -p -U0 -M -w` to nowhere;
- a full load with one job and with two, as whole processes, output written to a new warehouse;
- resuming the last 50 mainline commits, on a shared clone whose branch is moved;
- with --theseus, git-of-theseus from another environment's Python, for scale.

Wall-clock times compare only on a machine that does nothing else; processor seconds, children
included, are given beside them.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASELINE = ("log", "--first-parent", "-m", "-p", "-U0", "-M", "-w")
RESUMED_COMMITS = 50
LOAD = """
import resource, sys
from shipworthy.git.reader import load_git
[load] = load_git([sys.argv[1]], sys.argv[2], jobs=int(sys.argv[3]), repositories=["bench/mark"])
unit = 1 if sys.platform == "darwin" else 1024
print(load.commits, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
"""


def timed(command, environment):
    """Run a command; return wall-clock seconds, processor seconds and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        subprocess.run(command, stdout=output, env=environment, check=True)
        seconds = time.perf_counter() - started
        output.seek(0)
        text = output.read(200).decode(errors="replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used, text


def clean_environment(directory):
    """Return an environment in which git has no settings and a load has its own salt."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "SHIPWORTHY_SALT": "a salt for benchmarks only",
        "TMPDIR": os.fspath(directory),
    }


def best(runs, measure, *arguments):
    """Return the fastest of several measurements."""
    return min((measure(*arguments) for _ in range(runs)), key=lambda result: result[0])


def load_command(repository, warehouse, jobs):
    return [sys.executable, "-c", LOAD, os.fspath(repository), os.fspath(warehouse), str(jobs)]


def measure_load(repository, directory, environment, jobs):
    """Time one full load into a new warehouse."""
    warehouse = directory / "bench.duckdb"
    warehouse.unlink(missing_ok=True)
    return timed(load_command(repository, warehouse, jobs), environment)


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
        timed(load_command(copy, warehouse, 1), environment)
    finally:
        git(f"--git-dir={copy}", "update-ref", "HEAD", head)
    return timed(load_command(copy, warehouse, 1), environment)


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
    print(
        "| repository | commits | git log | 1 job | x | 2 jobs | x | CPU git | CPU 1 job "
        "| memory MB | resume 50 | theseus |\n" + "|---" * 12 + "|"
    )
    for repository in options.repositories:
        with tempfile.TemporaryDirectory() as temporary:
            directory = Path(temporary)
            environment = clean_environment(directory)
            git_log = ["git", "-C", os.fspath(repository), *BASELINE]
            base, base_cpu, _ = best(options.runs, timed, git_log, environment)
            one, one_cpu, text = best(
                options.runs, measure_load, repository, directory, environment, 1
            )
            two, _, _ = best(options.runs, measure_load, repository, directory, environment, 2)
            resume, _, _ = measure_resume(repository, directory, environment)
            theseus = "-"
            if options.theseus:
                seconds, _, _ = measure_theseus(options.theseus, repository, directory, environment)
                theseus = f"{seconds:.1f}"
        commits, memory = map(int, text.split())
        name = "/".join(repository.resolve().parts[-2:])
        print(
            f"| {name} | {commits:,} | {base:.2f} | {one:.2f} | {one / base:.2f} "
            f"| {two:.2f} | {two / base:.2f} | {base_cpu:.2f} | {one_cpu:.2f} "
            f"| {memory / 1e6:.0f} | {resume:.2f} | {theseus} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
