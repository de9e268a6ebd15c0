"""A repository of which nothing but its objects can influence what is read.

Git runs in a *shadow*: an empty bare repository in a temporary directory that borrows the user's
objects. It has a configuration, attributes, replacement refs and grafts of its own (all empty), so
none of these can change a result, lost objects are never fetched, and whatever git might want to
write goes to a directory that is thrown away.
"""

import os
import re
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shipworthy.errors import ShipworthyError

PIPE_BYTES = 1 << 20
# Git prints a few kilobytes at a time. After less than this we wait a moment for more: waking up
# so often takes longer than all else that is done with them.
SMALL_BYTES = 1 << 18
MOMENT_SECONDS = 0.002
# As of nice(1).
_LOW_PRIORITY = 10
_LISTED = 5
# Git compares each new file with each deleted one, up to the square of this many pairs: 16 million
# take ten seconds. A change with more is said aloud.
RENAME_LIMIT = 4_000

_OBJECT_ID = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
# Broken or lost objects, as git 2.39 to 2.5x words them.
_BROKEN_OBJECT = re.compile(
    r"corrupt|missing|unable to (?:read|parse|find|unpack)|could not (?:read|parse|get)|bad object|"
    r"inflate|incorrect data check|hash mismatch|invalid object|failed to (?:read|traverse)|"
    r"not a (?:valid|tree) object|broken|bad tree|does not match index|garbage|cannot read",
    re.IGNORECASE,
)


class LostObjectsError(ShipworthyError):
    """The history is incomplete, or some of it is damaged.

    Parameters
    ----------
    sentence : str
        What to tell.
    object_ids : list of str
        Objects that are known to be missing or damaged.
    """

    def __init__(self, sentence: str, object_ids: list[str]) -> None:
        super().__init__(sentence)
        self.object_ids = object_ids


def path_text(path: bytes) -> str:
    """Return a path or a ref's name as text: itself where it is UTF-8, else in git's C quotes.

    Two paths never get one text: a path that begins with a quotation mark is quoted as well.
    """
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = '"'
    if not text.startswith('"'):
        return text
    quoted = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in path
    )
    return f'"{quoted}"'


@dataclass(frozen=True)
class Tag:
    """A tag that names a commit.

    Parameters
    ----------
    name : str
        Without `refs/tags/`.
    sha : str
        The commit, peeled.
    tagged_at : int or None
        The tagger's time in seconds since 1970 (UTC); None for a lightweight tag.
    """

    name: str
    sha: str
    tagged_at: int | None


@dataclass(frozen=True)
class Repository:
    """A repository that is safe to read. Get one from `open_repository`.

    Parameters
    ----------
    name : str
        `owner/name`, under which rows are written.
    origin : str or None
        Address of the remote `origin`.
    location : str
        The path that the user gave, for messages.
    branch : str
        The branch whose first-parent chain is the mainline.
    head : str
        The commit at its tip.
    branches : frozenset of str
        Names of the branches, its own and its origin's.
    tips : tuple of str
        The commits that branches and tags name, each once.
    notes_tree : str or None
        The tree or commit of `refs/notes/ai`, if there is one.
    tags : tuple of Tag
        All tags that name a commit.
    unreadable : tuple of str
        Branches and tags whose objects are missing or broken.
    scanned_at : int
        When the refs were read, in seconds since 1970 (UTC).
    fetched_at : int or None
        When it was last brought up to date, in seconds since 1970 (UTC); None if commits come from
        nowhere else.
    shadow : Path
        The shadow's directory.
    environment : dict of str to str
        What every git process gets; made by `_environment`.
    """

    name: str
    origin: str | None
    location: str
    branch: str
    head: str
    branches: frozenset[str]
    tips: tuple[str, ...]
    notes_tree: str | None
    tags: tuple[Tag, ...]
    unreadable: tuple[str, ...]
    scanned_at: int
    fetched_at: int | None
    shadow: Path
    environment: dict[str, str]

    def run(self, *arguments: str | bytes, stdin: bytes | None = None) -> bytes:
        """Run git in the shadow and return what it prints.

        Raises
        ------
        ShipworthyError
            If it fails: a failure is never read as an empty answer.
        """
        result = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            env=self.environment,
            cwd=self.shadow,
            check=False,
        )
        if result.returncode:
            raise self.failure(arguments, result.returncode, result.stderr)
        return result.stdout

    def kinds(self, object_ids: Sequence[str]) -> dict[str, str | None]:
        """Return the kind of each object (`commit`, `tag` ...); None of one that is not there."""
        if not object_ids:
            return {}
        feed = "".join(f"{object_id}\n" for object_id in object_ids).encode()
        answers = self.run("cat-file", "--batch-check=%(objecttype)", stdin=feed)
        # What is not there comes back with its name: `... missing`.
        return {
            object_id: None if " " in answer else answer
            for object_id, answer in zip(object_ids, answers.decode().split("\n"), strict=False)
        }

    def read_all(self, object_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the contents of some small objects; broken ones are left out."""
        if not object_ids:
            return {}
        feed = "".join(f"{object_id}\n" for object_id in object_ids).encode()
        try:
            text = self.run("cat-file", "--batch", stdin=feed)
        except ShipworthyError:
            if len(object_ids) == 1:
                return {}
            half = len(object_ids) // 2
            return self.read_all(object_ids[:half]) | self.read_all(object_ids[half:])
        found = {}
        start = 0
        for object_id in object_ids:
            end = text.index(b"\n", start)
            fields = text[start:end].split()
            start = end + 1
            if len(fields) == 3 and fields[2].isdigit():
                found[object_id] = text[start : start + int(fields[2])]
                start += int(fields[2]) + 1
        return found

    def file_at_head(self, path: str) -> str | None:
        """Return the object id of a file at the mainline's tip; None for links and for nothing."""
        for entry in self.run("ls-tree", "-z", self.head, "--", path).split(b"\0"):
            fields = entry.partition(b"\t")[0].split(b" ")
            if len(fields) == 3 and fields[0].startswith(b"100"):
                return fields[2].decode()
        return None

    @contextmanager
    def stream(
        self, *arguments: str, stdin: Iterable[bytes], ahead: int = PIPE_BYTES
    ) -> Iterator["ReadAhead"]:
        """Run git in the shadow and read what it prints while it runs, so many bytes ahead.

        The body must read to the end; the exit code is checked when the context ends. If the body
        raises, git is stopped and the body's error goes on, unless git had failed before.
        """
        with tempfile.TemporaryFile() as feed, tempfile.TemporaryFile() as complaints:
            # Files, not pipes: git never waits for us to read its errors or to feed it.
            feed.writelines(stdin)
            feed.seek(0)
            process = subprocess.Popen(
                self.command(*arguments),
                stdin=feed,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=self.environment,
                cwd=self.shadow,
            )
            output = ReadAhead(process.stdout, ahead)
            is_done = False
            try:
                yield output
                is_done = not output.read()
            finally:
                if not is_done:
                    process.kill()
                output.close()
                returncode = process.wait()
                complaints.seek(0)
                # A negative code is our own kill (the body raised) or somebody else's.
                if returncode > 0 or (is_done and returncode):
                    raise self.failure(arguments, returncode, complaints.read()) from None

    def start(self, *arguments: str, is_urgent: bool = True) -> subprocess.Popen[bytes]:
        """Start git in the shadow for questions and answers through pipes.

        What is not urgent gets the processor when nothing else wants it.
        """
        process = subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.shadow,
        )
        if not is_urgent:
            with suppress(AttributeError, OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _LOW_PRIORITY)
        return process

    def command(self, *arguments: str | bytes) -> list[str | bytes]:
        """Return the command line of a git command in the shadow."""
        return ["git", f"--git-dir={self.shadow}", "--literal-pathspecs", *arguments]

    def failure(
        self, arguments: Sequence[str | bytes], returncode: int, complaint: bytes
    ) -> ShipworthyError:
        """Tell in one sentence why a git command failed."""
        text = complaint.decode(errors="replace").strip()
        if _BROKEN_OBJECT.search(text):
            missing = self._missing_objects()
            broken = [*missing, *_OBJECT_ID.findall(text)]
            if missing:
                listed = ", ".join(missing[:_LISTED])
                more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
                return LostObjectsError(
                    f"The repository {self.location} lacks {len(missing)} objects of its history "
                    f"({listed}{more}), as a partial clone does; fetch them with: "
                    "git fetch --refetch --no-filter, or clone it anew.",
                    broken,
                )
            return LostObjectsError(
                f"The repository {self.location} has a corrupt object ({last_line(text)}); "
                "run git fsck --full in it, and clone it anew.",
                broken,
            )
        command = " ".join(map(str, arguments[:2]))
        return ShipworthyError(
            f"git {command} failed in {self.location} with exit code {returncode} "
            f"({last_line(text) or 'no message'}); run git fsck --full in it."
        )

    def _missing_objects(self) -> list[str]:
        """List what the history of the mainline's tip needs and the object store does not have."""
        result = subprocess.run(
            self.command("rev-list", "--objects", "--missing=print", self.head),
            capture_output=True,
            env=self.environment,
            cwd=self.shadow,
            check=False,
        )
        return [line[1:].decode() for line in result.stdout.split(b"\n") if line.startswith(b"?")]


class ReadAhead:
    """Reads a pipe in a thread, so that git works on while a big diff is being parsed.

    Parameters
    ----------
    pipe : binary file
        Closed by `close`.
    ahead : int
        Bytes to keep at most, give or take a block.
    """

    def __init__(self, pipe: IO[bytes], ahead: int) -> None:
        widen_pipe(pipe)
        self._ahead = ahead
        self._pipe = pipe
        self._blocks: deque[bytes] = deque()
        self._size = 0
        self._is_ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def read(self) -> bytes:
        """Return the next block that has arrived; wait if none has yet; nothing at the end."""
        with self._changed:
            while not self._blocks and not self._is_ended:
                self._changed.wait()
            block = self._blocks.popleft() if self._blocks else b""
            self._size -= len(block)
            self._changed.notify()
        return block

    def close(self) -> None:
        """Stop reading. The process at the other end must have ended, or been killed."""
        with self._changed:
            self._is_ended = True
            self._changed.notify()
        self._thread.join()
        self._pipe.close()

    def _drain(self) -> None:
        descriptor = self._pipe.fileno()
        while not self._is_ended:
            block = os.read(descriptor, PIPE_BYTES)
            with self._changed:
                if block:
                    self._blocks.append(block)
                    self._size += len(block)
                else:
                    self._is_ended = True
                self._changed.notify()
                while self._size > self._ahead and not self._is_ended:
                    self._changed.wait()
            if len(block) < SMALL_BYTES:
                time.sleep(MOMENT_SECONDS)


def widen_pipe(pipe: IO[bytes]) -> None:
    """Let git run ahead of us by a megabyte where the system can; elsewhere it just waits more."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (AttributeError, ImportError, OSError):
        pass


def last_line(text: str) -> str:
    """Return the last line of a complaint, without git's prefix: it names the cause."""
    lines = [line for line in text.strip().split("\n") if line.strip()]
    return re.sub(r"^(?:fatal|error): ", "", lines[-1].strip()).rstrip(".") if lines else ""
