"""Compare the reader's living lines with what `git blame` says of them.

    python benchmarks/git_exact.py CLONE... [--repository NAME ...] [--sample FILES]

For each clone: how many lines live at the tip, and for how many the reader names another change, or
another path of the line's birth, than `git blame --first-parent -w` (with the tip's
`.git-blame-ignore-revs`, if there is one). Where the mainline goes round foxtrot merges, blame
reads a copy of the clone in which those have their parents in the mainline's order. The names
(owner/name) tell a project's own `main` from others'; without them, the clones' origins do. With
--sample, so many files of each clone are compared, line by line, and those that differ are named.
Nothing is written to the clones.
"""

import argparse
import os
import random
import subprocess
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import duckdb

from shipworthy.git.diffs import unquote
from shipworthy.git.reader import load_git
from shipworthy.git.repository import path_text
from shipworthy.git.state import ReaderState

IGNORED = ".git-blame-ignore-revs"
MAINLINE = """
    select sha from shipworthy_raw.commits where mainline_position is not null
    order by mainline_position
"""
LIVING = """
    select added_sha, path, sum(lines)
    from (
        select added_sha, path, lines from shipworthy_raw.line_births
        union all
        select added_sha, path, -lines from shipworthy_raw.line_deaths
    )
    group by all
"""


STATE = "select state from shipworthy_raw.git_reader_state"


class Clone:
    """A bare clone that shares the objects of another; git has no settings in it."""

    def __init__(self, origin, directory):
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_")
        } | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        self.path = directory / "copy"
        self._run("clone", "--quiet", "--bare", "--shared", os.fspath(origin), os.fspath(self.path))

    def _run(self, *arguments, accept=(0,)):
        done = subprocess.run(
            ["git", *arguments], env=self._environment, capture_output=True, check=False
        )
        if done.returncode not in accept:
            raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def git(self, *arguments, **options):
        """Run git in the copy and return what it prints."""
        return self._run("--git-dir", os.fspath(self.path), *arguments, **options)

    def follow(self, mainline):
        """Put the parents of merges into the mainline's order; return how many had another."""
        feed = self.git("rev-list", "--parents", "HEAD").decode()
        parents = {first: others for first, *others in map(str.split, feed.splitlines())}
        turned = 0
        for before, sha in pairwise(mainline):
            if parents[sha][0] != before:
                others = [one for one in parents[sha] if one != before]
                self.git("replace", "--graft", sha, before, *others)
                turned += 1
        return turned

    def blame(self, path, ignored):
        """Yield the change and the path that blame names for each line of a file."""
        options = ["--first-parent", "-w", "--porcelain", "--root"]
        options += ["--ignore-revs-file", os.fspath(ignored)] if ignored else []
        return self._lines(self.git("blame", *options, "HEAD", "--", os.fsdecode(path)))

    def blamed(self, ignored):
        """Count the lines at the tip by the change and the path that blame names."""
        found = Counter()
        for entry in self.git("ls-tree", "-r", "-z", "HEAD").split(b"\0")[:-1]:
            kind, _, path = entry.partition(b"\t")
            _, kind, blob = kind.split()
            # Git, too, takes a file for binary that has a NUL in its first 8,000 bytes.
            if kind != b"blob" or b"\0" in self.git("cat-file", "blob", blob.decode())[:8000]:
                continue
            found.update(self.blame(path, ignored))
        return found

    @staticmethod
    def _lines(text):
        paths, sha = {}, ""
        for line in text.split(b"\n"):
            if line.startswith(b"\t"):
                yield sha, paths[sha]
                continue
            key, _, value = line.partition(b" ")
            if len(key) == 40 and not key.strip(b"0123456789abcdef"):
                sha = key.decode()
            elif key == b"filename":
                paths[sha] = path_text(unquote(value))


def differing(clone, state, sample, ignored):
    """Compare so many files that have lines; return how many have, and the lines that differ."""
    births = state.births
    paths = list(births.paths)
    changes = births.changes.ids(births.codes()[:, 0])
    path_codes = births.codes()[:, 1]
    chosen = random.Random(sample).sample(
        sorted(path for path, (_, lines) in state.files.items() if len(lines)), sample
    )
    total = 0
    differ = {}
    for path in sorted(chosen):
        living = [
            (changes[birth], paths[path_codes[birth]])
            for birth, lines in zip(*state.files[path], strict=True)
            for _ in range(lines)
        ]
        blamed = list(clone.blame(path, ignored))
        total += len(living)
        unlike = sum(one != other for one, other in zip(living, blamed, strict=True))
        if unlike:
            differ[path_text(path)] = unlike
    return total, differ


def compare(origin, name, sample):
    """Return the lines that are compared, the foxtrot merges, and what blame sees otherwise.

    These are the lines of which blame sees more, and the reader; of a sample, the lines that differ
    by file.
    """
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        clone = Clone(origin, directory)
        warehouse = directory / "exact.duckdb"
        load_git([origin], warehouse, repositories=[name])
        with duckdb.connect(os.fspath(warehouse), read_only=True) as connection:
            mainline = [sha for (sha,) in connection.execute(MAINLINE).fetchall()]
            rows = connection.execute(LIVING).fetchall()
            [(state,)] = connection.execute(STATE).fetchall()
        living = Counter({(sha, path): int(lines) for sha, path, lines in rows if lines})
        turned = clone.follow(mainline)
        ignored = None
        text = clone.git("show", f"HEAD:{IGNORED}", accept=(0, 128))
        if text:
            ignored = directory / "ignored"
            ignored.write_bytes(text)
        if sample:
            total, differ = differing(clone, ReaderState.from_bytes(state), sample, ignored)
            return total, turned, differ
        blamed = clone.blamed(ignored)
        return living.total(), turned, ((blamed - living).total(), (living - blamed).total())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--repository", action="append", default=[], help="a name for each clone")
    parser.add_argument("--sample", type=int, help="compare so many files instead of all")
    options = parser.parse_args()
    names = options.repository or [""] * len(options.clones)
    os.environ.setdefault("SHIPWORTHY_SALT", "a salt for benchmarks only")
    found = ("lines that differ",) if options.sample else ("only blame's", "only the reader's")
    columns = ("clone", "lines", "foxtrot merges", *found)
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for clone, name in zip(options.clones, names, strict=True):
        lines, turned, differ = compare(clone, name, options.sample)
        counts = [sum(differ.values())] if options.sample else differ
        cells = (clone.resolve().name, *(f"{number:,}" for number in (lines, turned, *counts)))
        print(f"| {' | '.join(cells)} |", flush=True)
        for path, unlike in differ.items() if options.sample else ():
            print(f"  {path}: {unlike:,}")


if __name__ == "__main__":
    main()
