"""Measure what the git reader's memory grows with.

    python benchmarks/git_size.py [--files 10000] [--changes 50000 100000 200000]
        [--lines 25 50 100 200] [--clone CLONE ...]

Makes histories with `git fast-import`, the same ones each time: files of as many lines, of which
each change replaces three at two places. One series has ever more changes (with as many lines a
file as the second number of --lines says), the other ever more lines (with as few changes as
--changes begins with). Each clone is read up to a quarter and a half of its mainline, and whole.

For each history: seconds and processor seconds of `git log --first-parent -m -p -U0 -M -w` to
nowhere and of `shipworthy load git` into a new warehouse, and the most memory that the main process
had. At the end, by least squares over what was made here, the bytes for each living line and for
each change, on top of what a load takes that has neither.
"""

import argparse
import os
import random
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from git_reader import BASELINE, clean_environment, measure_load, timed

FIRST_TIME = 1_400_000_000
SECONDS_APART = 1_500
FILES_A_DIRECTORY = 100
EDITS = 2
EDITED_LINES = 3
PEOPLE = [b"Person %d <person%d@example.com>" % (number, number) for number in range(200)]
SHARES = (4, 2, 1)


def make_history(directory, files, lines, changes, environment):
    """Make a bare repository of so many files with so many lines each, and so many changes."""
    chance = random.Random(f"{files} {lines} {changes}")
    made = 0

    def text():
        nonlocal made
        made += 1
        return b"    total_%d = combine(total_%d, %d)\n" % (made, made // 2, made * 7919 % 10_007)

    def commit(change, edited):
        who = PEOPLE[change * change % len(PEOPLE)]
        when = FIRST_TIME + change * SECONDS_APART
        message = b"Change %d" % change
        parts = [b"commit refs/heads/main\n"]
        parts += [b"%b %b %d +0000\n" % (role, who, when) for role in (b"author", b"committer")]
        parts.append(b"data %d\n%b\n" % (len(message), message))
        for number in edited:
            content = b"".join(contents[number])
            path = b"part_%03d/file_%05d.py" % (number // FILES_A_DIRECTORY, number)
            parts.append(b"M 100644 inline %b\ndata %d\n%b\n" % (path, len(content), content))
        return b"".join(parts)

    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", directory],
                   env=environment, check=True)  # fmt: skip
    with subprocess.Popen(
        ["git", f"--git-dir={directory}", "-c", "core.compression=1", "fast-import", "--quiet"],
        stdin=subprocess.PIPE, env=environment,
    ) as importer:  # fmt: skip
        contents = [[text() for _ in range(lines)] for _ in range(files)]
        # A directory at a time: one change of everything would be the most that is ever in memory.
        starts = range(0, files, FILES_A_DIRECTORY)
        for change, first in enumerate(starts, 1):
            importer.stdin.write(
                commit(change, range(first, min(first + FILES_A_DIRECTORY, files)))
            )
        for change in range(len(starts) + 1, changes + 1):
            edited = chance.sample(range(files), EDITS)
            for number in edited:
                start = chance.randrange(lines - EDITED_LINES + 1)
                contents[number][start : start + EDITED_LINES] = [
                    text() for _ in range(EDITED_LINES)
                ]
            importer.stdin.write(commit(change, edited))
    if importer.returncode:
        raise SystemExit("git fast-import failed")


def measure(repository, directory, environment, runs):
    """Return changes, living lines, bytes, and the seconds of git's log and of a load."""
    git_log = ["git", "-C", os.fspath(repository), *BASELINE]
    base = min(timed(git_log, environment)[:2] for _ in range(runs))
    loads = [measure_load(repository, directory, environment, 1) for _ in range(runs)]
    *load, text = min(loads, key=lambda one: one[0])
    changes, living = (
        int(re.search(rf"([\d,]+) {what}", text)[1].replace(",", ""))
        for what in ("commits read", "alive")
    )
    return changes, living, int(text.split()[-1]), base, load


def tell(name, figures):
    """Print a row of the table."""
    changes, living, memory, (base, base_cpu), (load, load_cpu) = figures
    print(
        f"| {name} | {changes:,} | {living:,} | {base:.1f} | {base_cpu:.1f} | {load:.1f} | "
        f"{load / base:.2f} | {load_cpu:.1f} | {load_cpu / base_cpu:.2f} | {memory / 1e6:.0f} | "
        f"{os.getloadavg()[0]:.1f} |",
        flush=True,
    )


def measure_clone(clone, directory, environment, runs):
    """Measure a clone up to several places of its mainline."""

    def git(*arguments):
        command = ["git", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        return done.stdout.decode().strip()

    copy = directory / "copy"
    git("clone", "--quiet", "--bare", "--shared", "--single-branch", "--no-tags",
        os.fspath(clone), os.fspath(copy))  # fmt: skip
    mainline = git(f"--git-dir={copy}", "rev-list", "--first-parent", "HEAD").split("\n")[::-1]
    for share in SHARES:
        tip = mainline[len(mainline) // share - 1]
        git(f"--git-dir={copy}", "update-ref", "HEAD", tip)
        name = "/".join(clone.resolve().parts[-2:])
        tell(f"{name}, 1/{share}", measure(copy, directory, environment, runs))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--changes", type=int, nargs="*", default=[50_000, 100_000, 200_000])
    parser.add_argument("--lines", type=int, nargs="*", default=[25, 50, 100, 200])
    parser.add_argument("--clone", type=Path, action="append", default=[])
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    columns = (
        "history", "changes", "living lines", "git log s", "CPU s", "load s", "x wall", "CPU s",
        "x CPU", "memory MB", "load",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    sizes = [(lines, options.changes[0]) for lines in options.lines if options.changes]
    sizes += [(options.lines[:2][-1], changes) for changes in options.changes]
    found = []
    for lines, changes in dict.fromkeys(sizes):
        with tempfile.TemporaryDirectory() as temporary:
            directory = Path(temporary)
            environment = clean_environment(directory)
            made = directory / "made.git"
            make_history(made, options.files, lines, changes, environment)
            found.append(measure(made, directory, environment, options.runs))
            tell(f"{options.files:,} files of {lines}", found[-1])
    for clone in options.clone:
        with tempfile.TemporaryDirectory() as temporary:
            directory = Path(temporary)
            measure_clone(clone, directory, clean_environment(directory), options.runs)
    if len(found) > 2:
        facts = np.array([[1, living, changes] for changes, living, *_ in found], dtype=float)
        memory = np.array([one[2] for one in found], dtype=float)
        (base, a_line, a_change), *_ = np.linalg.lstsq(facts, memory, rcond=None)
        worst = np.abs(facts @ (base, a_line, a_change) - memory).max()
        print(
            f"\n{base / 1e6:.0f} MB, {a_line:.0f} bytes for each living line and {a_change:.0f} "
            f"for each change; no history is more than {worst / 1e6:.0f} MB off."
        )


if __name__ == "__main__":
    main()
