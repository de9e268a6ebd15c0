"""Git processes that stay: questions go to them and answers come back through pipes."""

import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from shipworthy.git.repository import (
    MOMENT_SECONDS,
    PIPE_BYTES,
    RENAME_LIMIT,
    SMALL_BYTES,
    Repository,
    widen_pipe,
)

# `diff-tree --stdin` repeats a line that names no object, and flushes what it has printed so far.
_END_OF_ANSWER = b"end of answer\n"


class ObjectReader:
    """Reads single objects through one long-running git process. Use it as a context manager.

    Parameters
    ----------
    repository : Repository
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "ObjectReader":
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process)

    def read(self, object_id: str) -> bytes:
        """Return an object's content.

        Raises
        ------
        ShipworthyError
            If the object is corrupt or missing.
        """
        if self._process is None:
            self._process = self._repository.start("cat-file", "--batch")
        process = self._process
        fields = ask_process(process, object_id.encode() + b"\n").split()
        if len(fields) != 3:
            complaint = _complaint(process) or b"missing object " + object_id.encode()
            raise self._repository.failure(("cat-file",), process.wait(), complaint)
        size = int(fields[2])
        content = process.stdout.read(size + 1)
        if len(content) != size + 1:
            complaint = _complaint(process) or b"unable to read " + object_id.encode()
            raise self._repository.failure(("cat-file",), process.wait(), complaint)
        return content[:-1]


class PathFinder:
    """Finds files in commits through long-running git processes. Use as a context manager.

    Parameters
    ----------
    repository : Repository
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None
        self._diffs = DiffServer(
            repository, "-r", "--raw", "--full-index", "--no-commit-id", "--no-ext-diff",
            "--no-relative", "-M50%", f"-l{RENAME_LIMIT}", "--diff-filter=R",
        )  # fmt: skip

    def __enter__(self) -> "PathFinder":
        return self

    def __exit__(self, *error: object) -> None:
        _end(self._process)
        self._diffs.__exit__(*error)

    def find(self, commit: str, path: bytes) -> str | None:
        """Return the object id of a file (or link) at a commit, None if there is none.

        Raises
        ------
        ShipworthyError
            If git fails.
        """
        if self._process is None:
            self._process = self._repository.start(
                "cat-file", "-z", "--batch-check=%(objecttype) %(objectname)", is_urgent=False
            )
        question = commit.encode() + b":" + path
        answer = ask_process(self._process, question + b"\0")
        if answer == question + b" missing\n":
            return None
        # The question comes back when it fails, perhaps over several lines.
        if question.startswith(answer.removesuffix(b"\n") + b"\n"):
            rest = question[len(answer) :].count(b"\n") + 1
            for _ in range(rest):
                self._process.stdout.readline()
            return None
        kind, _, object_id = answer.decode(errors="replace").strip().partition(" ")
        if not answer.endswith(b"\n") or not object_id:
            complaint = _complaint(self._process) or b"unable to read " + commit.encode()
            raise self._repository.failure(("cat-file",), self._process.wait(), complaint)
        return object_id if kind == "blob" else None

    def find_renames(self, commit: str, parent: str) -> list[bytes]:
        """Return the `--raw` lines of the files that a commit renamed, seen from a parent of its.

        Raises
        ------
        ShipworthyError
            If git fails.
        """
        answer = b"".join(self._diffs.ask(f"{commit} {parent}\n".encode()))
        return answer.split(b"\n")[1:]


class DiffServer:
    """One `diff-tree --stdin` for many questions. Use as a context manager.

    What git unpacked for one answer is often what the next one needs.

    Parameters
    ----------
    repository : Repository
    arguments : str
        Options of `diff-tree`.
    """

    def __init__(self, repository: Repository, *arguments: str) -> None:
        self._repository = repository
        self._arguments = "diff-tree", "--stdin", *arguments
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "DiffServer":
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process)

    def ask(self, question: bytes) -> Iterator[bytes]:
        """Send lines and yield blocks of what git prints for them, a newline before each line.

        Git must not have to print before it has read all: the question has to fit into a pipe.

        Raises
        ------
        ShipworthyError
            If git fails.
        """
        if self._process is None:
            self._process = self._repository.start(*self._arguments, is_urgent=False)
            widen_pipe(self._process.stdout)
        process = self._process
        with suppress(BrokenPipeError):
            process.stdin.write(question + _END_OF_ANSWER)
            process.stdin.flush()
        end = b"\n" + _END_OF_ANSWER
        text = b"\n"
        while not text.endswith(end):
            block = os.read(process.stdout.fileno(), PIPE_BYTES)
            if not block:
                complaint = _complaint(process)
                raise self._repository.failure(self._arguments, process.wait(), complaint)
            # The last bytes may be the first of the mark.
            yield text[: -len(end)]
            text = text[-len(end) :] + block
            if len(block) < SMALL_BYTES and not text.endswith(end):
                time.sleep(MOMENT_SECONDS)
        yield text[: -len(end)]


class TreeMaker:
    """Makes trees through one long-running git process. Use as a context manager.

    Parameters
    ----------
    repository : Repository
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "TreeMaker":
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process)

    def make(self, object_ids: Iterable[str]) -> str:
        """Return the id of a tree of files, at least one, that are named by their numbers.

        Raises
        ------
        ShipworthyError
            If git fails.
        """
        if self._process is None:
            self._process = self._repository.start("mktree", "--batch", is_urgent=False)
        entries = (f"100644 blob {id_}\t{number:08d}\n" for number, id_ in enumerate(object_ids))
        tree = ask_process(self._process, "".join(entries).encode() + b"\n").decode().strip()
        if not tree:
            complaint = _complaint(self._process)
            raise self._repository.failure(("mktree",), self._process.wait(), complaint)
        return tree


def ask_process(process: subprocess.Popen[bytes], question: bytes) -> bytes:
    """Send a line to a running git process and return its first line; nothing if it died."""
    try:
        process.stdin.write(question)
        process.stdin.flush()
        return process.stdout.readline()
    except BrokenPipeError:
        return b""


def _complaint(process: subprocess.Popen[bytes]) -> bytes:
    """Let a process that went wrong end, and return what it says."""
    with suppress(BrokenPipeError):
        process.stdin.close()
    return process.stderr.read()


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.stderr.close()
        process.wait()


def resolve_commits(repository: Repository, names: Sequence[str]) -> list[str | None]:
    """Return the full ids of commits, None for what names none or several.

    Parameters
    ----------
    repository : Repository
    names : sequence of str
        Ids, perhaps abbreviated.
    """
    if not names:
        return []
    feed = "".join(f"{name}^{{commit}}\n" for name in names).encode()
    answers = repository.run("cat-file", "--batch-check=%(objectname)", stdin=feed)
    found = []
    for line in answers.decode().split("\n")[: len(names)]:
        found.append(line if re.fullmatch("[0-9a-f]+", line) else None)
    return found
