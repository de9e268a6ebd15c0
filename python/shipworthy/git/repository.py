"""Open a git repository so that nothing but its objects and refs can influence what is read.

The reader never runs git inside the user's repository beyond asking where its objects and refs are.
Everything else runs in a *shadow*: an empty bare repository in a temporary directory that borrows
the user's objects. It has a configuration, attributes, replacement refs and grafts of its own (all
empty), so none of these can change a result, lost objects are never fetched, and whatever git might
want to write goes to a directory that is thrown away.
"""

import os
import re
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shipworthy.errors import ShipworthyError

_OLDEST_GIT = (2, 39)
_PIPE_BYTES = 1 << 20
# Git prints a few kilobytes at a time. After less than this we wait a moment for more: waking up
# so often takes longer than all else that is done with them.
_SMALL_BYTES = 1 << 18
_MOMENT_SECONDS = 0.002
# As of nice(1).
_LOW_PRIORITY = 10
_LISTED = 5
# What counts. Copies from a host hold thousands of others, one or two a pull request.
_REFS = ("refs/heads", "refs/remotes", "refs/tags", "refs/notes/ai")
# `diff-tree --stdin` repeats a line that names no object, and flushes what it has printed so far.
_END_OF_ANSWER = b"end of answer\n"

# Broken or lost objects, as git 2.39 to 2.5x words them.
_BROKEN_OBJECT = re.compile(
    r"corrupt|missing|unable to (?:read|parse|find|unpack)|could not (?:read|parse|get)|bad object|"
    r"inflate|incorrect data check|hash mismatch|invalid object|failed to (?:read|traverse)|"
    r"not a valid object|broken|bad tree|does not match index|garbage|cannot read",
    re.IGNORECASE,
)


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
    committed_at : int or None
        The committer's time of the commit, for a lightweight tag.
    """

    name: str
    sha: str
    tagged_at: int | None
    committed_at: int | None


@dataclass(frozen=True)
class Repository:
    """A repository that is safe to read. Get one from `open_repository`.

    Parameters
    ----------
    name : str
        `owner/name`, under which rows are written.
    location : str
        The path that the user gave, for messages.
    branch : str
        The branch whose first-parent chain is the mainline.
    head : str
        The commit at its tip.
    notes_tree : str or None
        The tree or commit of `refs/notes/ai`, if there is one.
    tags : tuple of Tag
        All tags that name a commit.
    shadow : Path
        The shadow's directory.
    environment : dict of str to str
        What every git process gets; made by `_environment`.
    """

    name: str
    location: str
    branch: str
    head: str
    notes_tree: str | None
    tags: tuple[Tag, ...]
    shadow: Path
    environment: dict[str, str]

    def run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
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

    @contextmanager
    def stream(
        self, *arguments: str, stdin: bytes = b"", ahead: int = _PIPE_BYTES
    ) -> Iterator["ReadAhead"]:
        """Run git in the shadow and read what it prints while it runs, so many bytes ahead.

        The body must read to the end; the exit code is checked when the context ends. If the body
        raises, git is stopped and the body's error goes on, unless git had failed before.
        """
        with tempfile.TemporaryFile() as feed, tempfile.TemporaryFile() as complaints:
            # Files, not pipes: git never waits for us to read its errors or to feed it.
            feed.write(stdin)
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
                    raise self.failure(arguments, returncode, complaints.read())

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

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a git command in the shadow."""
        return ["git", f"--git-dir={self.shadow}", "--literal-pathspecs", *arguments]

    def failure(
        self, arguments: Sequence[str], returncode: int, complaint: bytes
    ) -> ShipworthyError:
        """Tell in one sentence why a git command failed."""
        text = complaint.decode(errors="replace").strip()
        if _BROKEN_OBJECT.search(text):
            missing = self._missing_objects()
            if missing:
                listed = ", ".join(missing[:_LISTED])
                more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
                return ShipworthyError(
                    f"The repository {self.location} lacks {len(missing)} objects of its history "
                    f"({listed}{more}), as a partial clone does; fetch them with: "
                    "git fetch --refetch --no-filter, or clone it anew."
                )
            return ShipworthyError(
                f"The repository {self.location} has a corrupt object ({_last_line(text)}); "
                "run git fsck --full in it, and clone it anew."
            )
        return ShipworthyError(
            f"git {' '.join(arguments[:2])} failed in {self.location} with exit code {returncode} "
            f"({_last_line(text) or 'no message'}); run git fsck --full in it."
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
            "--no-relative", "-M50%", "-l400", "--diff-filter=R",
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
            block = os.read(process.stdout.fileno(), _PIPE_BYTES)
            if not block:
                complaint = _complaint(process)
                raise self._repository.failure(self._arguments, process.wait(), complaint)
            # The last bytes may be the first of the mark.
            yield text[: -len(end)]
            text = text[-len(end) :] + block
            if len(block) < _SMALL_BYTES and not text.endswith(end):
                time.sleep(_MOMENT_SECONDS)
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
            block = os.read(descriptor, _PIPE_BYTES)
            with self._changed:
                if block:
                    self._blocks.append(block)
                    self._size += len(block)
                else:
                    self._is_ended = True
                self._changed.notify()
                while self._size > self._ahead and not self._is_ended:
                    self._changed.wait()
            if len(block) < _SMALL_BYTES:
                time.sleep(_MOMENT_SECONDS)


def widen_pipe(pipe: IO[bytes]) -> None:
    """Let git run ahead of us by a megabyte where the system can; elsewhere it just waits more."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except (AttributeError, ImportError, OSError):
        pass


def derive_name(path: str | os.PathLike[str], origin: str | None) -> str:
    """Return the name of a repository: `owner/name` of its origin, else that of its directory.

    Parameters
    ----------
    path : path-like
        Where it lies.
    origin : str or None
        Address of the remote `origin`. One that is itself a local path says nothing about the
        owner and is passed over.
    """
    if origin:
        match = re.fullmatch(
            r"(?:[a-z][a-z0-9+.-]*://[^/]+/|(?:[^/@:]+@)?[^/:]+:/*)(?P<path>[^?#]+)",
            origin.strip(),
            re.IGNORECASE,
        )
        is_windows_drive = re.match(r"[A-Za-z]:[\\/]", origin)
        if match and not origin.startswith("file:") and not is_windows_drive:
            parts = match["path"].strip("/").removesuffix(".git").split("/")
            if all(parts):
                return "/".join(parts)
    name = Path(path).resolve().name
    for suffix in (".bundle", ".git"):
        name = name.removesuffix(suffix) or Path(path).resolve().parent.name
    return name


@contextmanager
def open_repository(
    path: str | os.PathLike[str], *, name: str | None = None, branch: str | None = None
) -> Iterator[Repository]:
    """Open a work-tree clone, a bare clone or a bundle for reading.

    Parameters
    ----------
    path : path-like
        The top directory of a clone, or a bundle file.
    name : str, optional
        Name to write rows under; derived by default (see `derive_name`).
    branch : str, optional
        The mainline; by default the branch that the remote's HEAD names, else the one of HEAD.

    Raises
    ------
    ShipworthyError
        If it is refused: not a repository, shallow, empty, not ours, without that branch, a bundle
        that is not complete, or a git that is too old.
    """
    location = os.fspath(path)
    if not os.path.exists(location):
        raise ShipworthyError(
            f"There is nothing at {location}; name the directory of a clone, or a bundle."
        )
    with tempfile.TemporaryDirectory(prefix="shipworthy-git-") as temporary:
        temporary_path = Path(temporary)
        home = temporary_path / "home"
        home.mkdir()
        environment = _environment(home)
        _refuse_old_git(environment)
        directory = location
        if os.path.isfile(location):
            directory = os.fspath(_unpack_bundle(location, temporary_path, environment))
        yield _open_directory(
            location, directory, temporary_path / "shadow", environment, name, branch
        )


def _environment(home: Path) -> dict[str, str]:
    """Return the environment of every git process: nothing of the user's settings gets through."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": os.fspath(home),
        "XDG_CONFIG_HOME": os.fspath(home),
        "LANGUAGE": "C",
        "LC_ALL": "C",
        "TZ": "UTC",
    }
    return environment


def _refuse_old_git(environment: dict[str, str]) -> None:
    needed = ".".join(map(str, _OLDEST_GIT))
    try:
        result = subprocess.run(
            ["git", "version"], capture_output=True, text=True, env=environment, check=False
        )
    except FileNotFoundError as error:
        raise ShipworthyError(f"git is not on the PATH; install git {needed} or newer.") from error
    found = re.search(r"(\d+)\.(\d+)", result.stdout)
    if not found or (int(found[1]), int(found[2])) < _OLDEST_GIT:
        raise ShipworthyError(f"This is {result.stdout.strip()}; install git {needed} or newer.")


def _unpack_bundle(location: str, temporary: Path, environment: dict[str, str]) -> Path:
    """Clone a bundle into the temporary directory, all refs included."""
    with open(location, "rb") as file:
        signature = file.readline(64)
        if not re.fullmatch(rb"# v[23] git bundle\n", signature):
            raise ShipworthyError(
                f"{location} is not a git bundle; make one with: git bundle create FILE --all"
            )
        object_format = "sha1"
        while (line := file.readline(4096)) not in (b"\n", b""):
            if line.startswith(b"@filter="):
                raise ShipworthyError(
                    f"The bundle {location} leaves out objects ({line.decode().strip()}); "
                    "make a complete one with: git bundle create FILE --all"
                )
            if line.startswith(b"@object-format="):
                object_format = line.decode().strip().partition("=")[2]
            if line.startswith(b"-"):
                raise ShipworthyError(
                    f"The bundle {location} builds on commits that it does not hold; "
                    "make a complete one with: git bundle create FILE --all"
                )
    clone = temporary / "clone"
    absolute = os.path.abspath(location)
    for command in (
        ["init", "--quiet", "--bare", f"--object-format={object_format}", os.fspath(clone)],
        [f"--git-dir={clone}", "fetch", "--quiet", absolute, "+refs/*:refs/*"],
    ):
        result = subprocess.run(
            ["git", *command], capture_output=True, env=environment, cwd=temporary, check=False
        )
        if result.returncode:
            complaint = _last_line(result.stderr.decode(errors="replace"))
            raise ShipworthyError(
                f"The bundle {location} cannot be read ({complaint}); "
                "make it anew with: git bundle create FILE --all"
            )
    heads = subprocess.run(
        ["git", "bundle", "list-heads", absolute],
        capture_output=True,
        text=True,
        env=environment,
        cwd=clone,
        check=False,
    ).stdout.split("\n")
    refs = dict(line.split(" ", 1)[::-1] for line in heads if " " in line)
    branches = [
        ref.removeprefix("refs/heads/")
        for ref, sha in refs.items()
        if ref.startswith("refs/heads/") and sha == refs.get("HEAD", sha)
    ]
    # A bundle records where HEAD points, not the branch's name.
    for candidate in ("main", "master", *branches[:1]):
        if candidate in branches:
            (clone / "HEAD").write_text(f"ref: refs/heads/{candidate}\n")
            break
    return clone


def _open_directory(
    location: str,
    directory: str,
    shadow: Path,
    environment: dict[str, str],
    name: str | None,
    branch: str | None,
) -> Repository:
    """Ask the repository for its objects and refs, refuse what cannot be read, make the shadow."""
    ask = _asker(location, directory, environment)
    objects, shallow, object_format = ask(
        "rev-parse", "--path-format=absolute", "--git-path", "objects",
        "--is-shallow-repository", "--show-object-format",
    ).removesuffix("\n").split("\n")[-3:]  # fmt: skip
    if shallow == "true":
        raise ShipworthyError(
            f"The repository {location} is a shallow clone, whose lines cannot be dated; "
            "run git fetch --unshallow in it."
        )
    refs: dict[str, str] = {}
    tags: list[Tag] = []
    listing = ask(
        "for-each-ref",
        "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)%00%(*objecttype)"
        "%00%(taggerdate:unix)%00%(committerdate:unix)",
        *_REFS,
    )
    for line in listing.split("\n"):
        if not line:
            continue
        ref, sha, kind, peeled, peeled_kind, tagged_at, committed_at = line.split("\0")
        refs[ref] = sha
        if ref.startswith("refs/tags/"):
            is_annotated = kind == "tag"
            commit = peeled if is_annotated else sha
            found_kind = peeled_kind if is_annotated else kind
            if found_kind == "tag":
                # A tag of a tag, which gits before 2.44 peel only once.
                found_kind = ask("cat-file", "-t", f"{ref}^{{}}").strip()
                commit = ask("rev-parse", "--verify", f"{ref}^{{}}").strip()
            if found_kind == "commit":
                tags.append(
                    Tag(
                        ref.removeprefix("refs/tags/"),
                        commit,
                        int(tagged_at) if tagged_at else None,
                        int(committed_at) if committed_at else None,
                    )
                )
    branch, head = _find_branch(location, ask, refs, branch)
    origin = ask("config", "--get", "remote.origin.url", accept=(0, 1)).strip() or None
    _make_shadow(shadow, objects, object_format)
    repository = Repository(
        name=name or derive_name(location, origin),
        location=location,
        branch=branch,
        head=head,
        notes_tree=refs.get("refs/notes/ai"),
        tags=tuple(tags),
        shadow=shadow,
        environment=environment,
    )
    repository.run("cat-file", "commit", head)
    return repository


def _asker(location: str, directory: str, environment: dict[str, str]) -> Callable[..., str]:
    """Return a function that asks git about the repository itself, without writing anything."""
    # Without the ceiling, a directory inside some other repository would stand for that one.
    environment = environment | {
        "GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.realpath(directory))
    }
    # git reads this setting from the user, the system and the command line only.
    trust: list[str] = []

    def attempt(
        *arguments: str, env: dict[str, str] = environment
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", *trust, "-C", directory, *arguments], capture_output=True, env=env, check=False
        )

    def ask(*arguments: str, accept: Iterable[int] = (0,)) -> str:
        result = attempt(*arguments)
        if result.returncode in accept:
            return os.fsdecode(result.stdout)
        complaint = _last_line(result.stderr.decode(errors="replace"))
        raise ShipworthyError(
            f"The repository {location} cannot be read ({complaint or 'git gave no reason'}); "
            "run git fsck --full in it."
        )

    probe = attempt("rev-parse", "--git-dir")
    if probe.returncode and b"dubious ownership" in probe.stderr:
        # The user may have declared this directory as safe: their settings decide, and only here.
        own = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("GIT_") or key.startswith("GIT_CONFIG")
        } | {"LC_ALL": "C", "GIT_CEILING_DIRECTORIES": environment["GIT_CEILING_DIRECTORIES"]}
        probe = attempt("rev-parse", "--git-dir", env=own)
        if probe.returncode:
            raise ShipworthyError(
                f"The repository {location} belongs to another user (git: dubious ownership); "
                "if you trust it, run: git config --global --add safe.directory "
                f"{os.path.realpath(directory)}"
            )
        trust += ["-c", "safe.directory=*"]
    if probe.returncode:
        complaint = probe.stderr.decode(errors="replace")
        if "not a git repository" in complaint:
            raise ShipworthyError(
                f"{location} is not a git repository; name the top directory of a clone, "
                "a bare clone or a bundle."
            )
        raise ShipworthyError(
            f"The repository {location} cannot be opened ({_last_line(complaint)}); "
            "repair it, or clone it anew."
        )
    return ask


def _find_branch(
    location: str, ask: Callable[..., str], refs: dict[str, str], branch: str | None
) -> tuple[str, str]:
    """Return the mainline's name and tip: the local branch, or origin's copy where that is ahead.

    A fetch moves only the copy; a measurement that ignored it would grow old without a word.
    """
    if not any(ref.startswith(("refs/heads/", "refs/remotes/")) for ref in refs):
        raise ShipworthyError(
            f"The repository {location} has no commits on any branch; commit or fetch first."
        )
    if branch is None:
        remote = ask("symbolic-ref", "-q", "refs/remotes/origin/HEAD", accept=(0, 1)).strip()
        local = ask("symbolic-ref", "-q", "HEAD", accept=(0, 1)).strip()
        if remote in refs:
            branch = remote.removeprefix("refs/remotes/origin/")
        elif local:
            branch = local.removeprefix("refs/heads/")
        else:
            raise ShipworthyError(
                f"The repository {location} has no default branch (HEAD is detached); "
                "name one with --branch."
            )
    own = refs.get(f"refs/heads/{branch}")
    copy = refs.get(f"refs/remotes/origin/{branch}")
    if own is None and copy is None:
        branches = sorted(ref[11:] for ref in refs if ref.startswith("refs/heads/"))
        listed = ", ".join(branches[:_LISTED]) or "none"
        raise ShipworthyError(
            f"The repository {location} has no branch {branch}; name one with --branch "
            f"(local branches: {listed})."
        )
    if own is None or copy is None or own == copy:
        return branch, own or copy
    ahead = ask("rev-list", "--count", f"{own}..{copy}").strip()
    behind = ask("rev-list", "--count", f"{copy}..{own}").strip()
    return branch, copy if ahead != "0" and behind == "0" else own


def _make_shadow(shadow: Path, objects: str, object_format: str) -> None:
    """Make an empty bare repository that borrows the user's objects and keeps new ones itself."""
    (shadow / "refs").mkdir(parents=True)
    (shadow / "objects" / "info").mkdir(parents=True)
    # In C quotes no byte of the path can be mistaken for something else.
    quoted = "".join(f"\\{byte:03o}" for byte in os.fsencode(objects))
    (shadow / "objects" / "info" / "alternates").write_text(f'"{quoted}"\n')
    # A branch that does not exist: newer gits would take attributes from the tree of HEAD.
    (shadow / "HEAD").write_text("ref: refs/heads/none\n")
    version, extensions = 0, ""
    if object_format != "sha1":
        version, extensions = 1, f"[extensions]\n\tobjectFormat = {object_format}\n"
    (shadow / "config").write_text(
        f"[core]\n\trepositoryFormatVersion = {version}\n\tbare = true\n"
        f"\tattributesFile = {os.devnull}\n\tcommitGraph = false\n\tquotePath = false\n{extensions}"
    )


def _last_line(text: str) -> str:
    """Return the last line of a complaint, without git's prefix: it names the cause."""
    lines = [line for line in text.strip().split("\n") if line.strip()]
    return re.sub(r"^(?:fatal|error): ", "", lines[-1].strip()).rstrip(".") if lines else ""
