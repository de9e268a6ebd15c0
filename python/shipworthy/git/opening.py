"""Open a clone or a bundle: ask it for its objects and refs, and refuse what cannot be read.

A repository may be hostile, and its configuration can name programs. So git is asked inside it only
for paths, settings and the names of refs, none of which reads an object; all else runs in the
shadow. No git process may use any transport, but for the one that unpacks a bundle.
"""

import os
import re
import stat
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from shipworthy.errors import ShipworthyError, printable
from shipworthy.git.freshness import bundle_time, fetch_time
from shipworthy.git.repository import Repository, Tag, last_line, path_text
from shipworthy.leftovers import temporary_directory

_OLDEST_GIT = (2, 39)
_LISTED = 5
# A question about paths or refs takes milliseconds; longer than this, something does not answer.
_PATIENCE_SECONDS = 120
# Tags of tags of tags: git itself makes none that are deeper.
_DEEPEST_TAG = 10
# What git reads of a repository's directory to find refs and objects.
_READ_BY_GIT = ("refs", "objects", "info", "logs", "reftable")
# What counts. Copies from a host hold thousands of others, one or two a pull request.
_REFS = ("refs/heads", "refs/remotes", "refs/tags", "refs/notes/ai")


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a repository: nothing, blanks around it, several lines.

    Raises
    ------
    ShipworthyError
    """
    if not name.strip() or name != name.strip() or not name.isprintable():
        raise ShipworthyError(
            f"A repository is named owner/name, in one line and without blanks around it, not "
            f"'{printable(name)}'."
        )


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
                return printable("/".join(parts))
    name = Path(path).resolve().name
    for suffix in (".bundle", ".git"):
        name = name.removesuffix(suffix) or Path(path).resolve().parent.name
    return printable(name)


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
        If it is refused: a name that is none, not a repository, shallow, empty, not ours, without
        that branch, a bundle that is not complete, or a git that is too old.
    """
    location = os.fspath(path)
    if name:
        check_name(name)
    if not os.path.exists(location):
        raise ShipworthyError(
            f"There is nothing at {location}; name the directory of a clone, or a bundle."
        )
    with temporary_directory() as temporary:
        home = temporary / "home"
        home.mkdir()
        environment = _environment(home)
        _refuse_old_git(environment, home)
        directory = location
        if os.path.isfile(location):
            directory = os.fspath(_unpack_bundle(location, temporary, environment))
        yield _open_directory(location, directory, temporary / "shadow", environment, name, branch)


def _environment(home: Path) -> dict[str, str]:
    """Return the environment of every git process: nothing of the user's settings gets through."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {
        # Nothing that a repository's configuration says about transports is ever run, whatever
        # makes git want to fetch. Older gits know this one and not GIT_NO_LAZY_FETCH.
        "GIT_ALLOW_PROTOCOL": "",
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


def _refuse_old_git(environment: dict[str, str], home: Path) -> None:
    """Refuse a git that is too old, or that would run a transport although none is allowed."""
    needed = ".".join(map(str, _OLDEST_GIT))
    try:
        result = subprocess.run(
            ["git", "version"], capture_output=True, text=True, env=environment, check=False
        )
    except FileNotFoundError as error:
        raise ShipworthyError(f"git is not on the PATH; install git {needed} or newer.") from error
    version = result.stdout.strip()
    found = re.search(r"(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < _OLDEST_GIT:
        raise ShipworthyError(f"This is {version}; install git {needed} or newer.")
    # It has nothing to list, and must refuse to look.
    probe = subprocess.run(
        ["git", "ls-remote", os.fspath(home)],
        capture_output=True,
        env=environment,
        cwd=home,
        check=False,
    )
    if b"not allowed" not in probe.stderr:
        raise ShipworthyError(
            f"This is {version}, which would let a repository run programs through its "
            f"transports; install git {needed} or newer as its makers release it."
        )


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
                leaves_out = line.decode(errors="replace").strip()
                raise ShipworthyError(
                    f"The bundle {location} leaves out objects ({leaves_out}); "
                    "make a complete one with: git bundle create FILE --all"
                )
            if line.startswith(b"@object-format="):
                object_format = line.decode(errors="replace").strip().partition("=")[2]
            if line.startswith(b"-"):
                raise ShipworthyError(
                    f"The bundle {location} builds on commits that it does not hold; "
                    "make a complete one with: git bundle create FILE --all"
                )
    clone = temporary / "clone"
    absolute = os.path.abspath(location)
    # The one transport of all: git counts reading a bundle as one.
    environment = environment | {"GIT_ALLOW_PROTOCOL": "file"}
    for command in (
        ["init", "--quiet", "--bare", f"--object-format={object_format}", os.fspath(clone)],
        [f"--git-dir={clone}", "fetch", "--quiet", absolute, "+refs/*:refs/*"],
    ):
        result = subprocess.run(
            ["git", *command], capture_output=True, env=environment, cwd=temporary, check=False
        )
        if result.returncode:
            complaint = last_line(result.stderr.decode(errors="replace"))
            raise ShipworthyError(
                f"The bundle {location} cannot be read ({complaint}); "
                "make it anew with: git bundle create FILE --all"
            )
    heads = (
        subprocess.run(
            ["git", "bundle", "list-heads", absolute],
            capture_output=True,
            env=environment,
            cwd=clone,
            check=False,
        )
        .stdout.decode(errors="surrogateescape")
        .split("\n")
    )
    refs = dict(line.split(" ", 1)[::-1] for line in heads if " " in line)
    branches = [
        ref.removeprefix("refs/heads/")
        for ref, sha in refs.items()
        if ref.startswith("refs/heads/") and sha == refs.get("HEAD", sha)
    ]
    # A bundle records where HEAD points, not the branch's name.
    for candidate in ("main", "master", *branches[:1]):
        if candidate in branches:
            (clone / "HEAD").write_bytes(os.fsencode(f"ref: refs/heads/{candidate}\n"))
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
    scanned_at = int(time.time())
    _refuse_pipes(location, [os.path.join(directory, ".git"), directory])
    ask = _asker(location, directory, environment)
    git_dir, common_dir, objects, shallow, object_format = ask(
        "rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir",
        "--git-path", "objects", "--is-shallow-repository", "--show-object-format",
    ).removesuffix("\n").split("\n")[-5:]  # fmt: skip
    _refuse_pipes(location, [git_dir, common_dir, objects])
    if shallow == "true":
        raise ShipworthyError(
            f"The repository {location} is a shallow clone, whose lines cannot be dated; "
            "run git fetch --unshallow in it."
        )
    listing = ask("for-each-ref", "--format=%(objectname) %(refname)", *_REFS)
    refs = {
        ref: sha for sha, _, ref in (line.partition(" ") for line in listing.split("\n")) if ref
    }
    origin = ask("config", "--get", "remote.origin.url", accept=(0, 1)).strip() or None
    default = branch or _default_branch(location, ask, refs)
    _make_shadow(shadow, objects, object_format)
    repository = Repository(
        name=name or derive_name(location, origin),
        origin=origin,
        location=location,
        branch="",
        head="",
        branches=frozenset(
            ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/")
            for ref in refs
            if ref.startswith(("refs/heads/", "refs/remotes/origin/"))
        ),
        tips=(),
        notes_tree=refs.pop("refs/notes/ai", None),
        tags=(),
        unreadable=(),
        scanned_at=scanned_at,
        fetched_at=None,
        shadow=shadow,
        environment=environment,
    )
    head = _find_head(repository, refs, default)
    tips, tags, unreadable = _read_refs(repository, refs)
    repository.run("cat-file", "commit", head)
    copy = refs.get(f"refs/remotes/origin/{default}")
    if os.path.isfile(location):
        fetched_at, copy = bundle_time(location), head
    else:
        fetched_at = fetch_time(ask, Path(git_dir), Path(common_dir), refs, default)
    if fetched_at is not None:
        if copy is not None:
            # What came with a fetch is no younger than the fetch, whatever the files' times say.
            newest = repository.run("rev-list", "--max-count=1", "--timestamp", copy)
            fetched_at = max(fetched_at, int(newest.split()[0]))
        fetched_at = min(fetched_at, scanned_at)
    return replace(
        repository,
        branch=path_text(os.fsencode(default)),
        head=head,
        tips=tuple(tips),
        tags=tuple(tags),
        unreadable=tuple(unreadable),
        fetched_at=fetched_at,
    )


def _refuse_pipes(location: str, directories: Iterable[str]) -> None:
    """Refuse a repository with a pipe or a device among its files: reading one may never end.

    Parameters
    ----------
    location : str
        For messages.
    directories : iterable of str
        Directories of git, looked at as far as git reads them, or what may be one.
    """
    waiting = []
    for directory in directories:
        if not os.path.isdir(directory):
            waiting += [directory] if os.path.exists(directory) else []
        elif os.path.basename(directory) == "objects":
            waiting.append(directory)
        elif os.path.isdir(os.path.join(directory, "objects")):
            waiting += [
                entry.path
                for entry in os.scandir(directory)
                if entry.name in _READ_BY_GIT or not entry.is_dir()
            ]
    seen: set[tuple[int, int]] = set()
    while waiting:
        path = waiting.pop()
        try:
            found = os.stat(path)
            if stat.S_ISFIFO(found.st_mode) or stat.S_ISCHR(found.st_mode):
                raise ShipworthyError(
                    f"The repository {location} holds {os.path.relpath(path, location)}, which is "
                    "a pipe or a device and no file; clone it anew."
                )
            if not stat.S_ISDIR(found.st_mode) or (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            with os.scandir(path) as entries:
                # What is plainly a file needs no second look.
                waiting += [
                    entry.path for entry in entries if not entry.is_file(follow_symlinks=False)
                ]
        except OSError:
            continue  # git will say what it misses


def _read_refs(
    repository: Repository, refs: dict[str, str]
) -> tuple[list[str], list[Tag], list[str]]:
    """Return the commits that refs name, the tags among them, and the refs that cannot be read."""
    # Object id of each, through tags of tags, and when the outermost was made.
    targets = dict(refs)
    tagged_at: dict[str, int | None] = {}
    tips: dict[str, None] = {}
    tags = []
    unreadable = []
    for _ in range(_DEEPEST_TAG):
        kinds = repository.kinds(list(targets.values()))
        annotated = [ref for ref, sha in targets.items() if kinds[sha] == "tag"]
        contents = repository.read_all([targets[ref] for ref in annotated])
        deeper = {}
        for ref, sha in targets.items():
            kind = kinds[sha]
            if kind == "commit":
                tips[sha] = None
                if ref.startswith("refs/tags/"):
                    name = path_text(os.fsencode(ref.removeprefix("refs/tags/")))
                    tags.append(Tag(name, sha, tagged_at.get(ref)))
            elif kind == "tag" and sha in contents:
                target, time_of_tag = _parse_tag(contents[sha])
                tagged_at.setdefault(ref, time_of_tag)
                deeper[ref] = target
            elif kind is None or kind == "tag":
                unreadable.append(path_text(os.fsencode(ref)))
        targets = deeper
        if not targets:
            break
    tags.sort(key=lambda tag: tag.name)
    return list(tips), tags, unreadable


def _parse_tag(content: bytes) -> tuple[str, int | None]:
    """Return what a tag object names, and the tagger's time."""
    head = content.partition(b"\n\n")[0]
    target = re.search(rb"^object ([0-9a-f]+)$", head, re.MULTILINE)
    tagger = re.search(rb"^tagger .*> (\d{1,18})(?: [+-]\d+)?$", head, re.MULTILINE)
    # An id that no object has makes the ref an unreadable one.
    return target[1].decode() if target else "0" * 40, int(tagger[1]) if tagger else None


def _default_branch(location: str, ask: Callable[..., str], refs: dict[str, str]) -> str:
    """Return the branch that the remote's HEAD names, else the one that is checked out."""
    _refuse_empty(location, refs)
    remote = ask("symbolic-ref", "-q", "refs/remotes/origin/HEAD", accept=(0, 1)).strip()
    local = ask("symbolic-ref", "-q", "HEAD", accept=(0, 1)).strip()
    if remote in refs:
        return remote.removeprefix("refs/remotes/origin/")
    if local:
        return local.removeprefix("refs/heads/")
    raise ShipworthyError(
        f"The repository {location} has no default branch (HEAD is detached); "
        "name one with --branch."
    )


def _refuse_empty(location: str, refs: dict[str, str]) -> None:
    if not any(ref.startswith(("refs/heads/", "refs/remotes/")) for ref in refs):
        raise ShipworthyError(
            f"The repository {location} has no commits on any branch; commit or fetch first."
        )


def _find_head(repository: Repository, refs: dict[str, str], branch: str) -> str:
    """Return the mainline's tip: the local branch, or origin's copy where that is ahead.

    A fetch moves only the copy; a measurement that ignored it would grow old without a word.
    """
    _refuse_empty(repository.location, refs)
    own = refs.get(f"refs/heads/{branch}")
    copy = refs.get(f"refs/remotes/origin/{branch}")
    if own is None and copy is None:
        branches = sorted(ref[11:] for ref in refs if ref.startswith("refs/heads/"))
        listed = ", ".join(branches[:_LISTED]) or "none"
        raise ShipworthyError(
            f"The repository {repository.location} has no branch {branch}; name one with --branch "
            f"(local branches: {listed})."
        )
    if own is None or copy is None or own == copy:
        return own or copy
    ahead, behind = (
        int(repository.run("rev-list", "--count", f"{older}..{newer}"))
        for older, newer in ((own, copy), (copy, own))
    )
    return copy if ahead and not behind else own


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
        try:
            return subprocess.run(
                ["git", *trust, "-C", directory, *arguments],
                capture_output=True,
                env=env,
                check=False,
                timeout=_PATIENCE_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise ShipworthyError(
                f"The repository {location} gives git no answer for {_PATIENCE_SECONDS} seconds "
                f"(git {arguments[0]}); look for a pipe or a lost network drive in its directory."
            ) from None

    def ask(*arguments: str, accept: Iterable[int] = (0,)) -> str:
        result = attempt(*arguments)
        if result.returncode in accept:
            return os.fsdecode(result.stdout)
        complaint = last_line(result.stderr.decode(errors="replace"))
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
        } | {
            key: environment[key]
            for key in ("LC_ALL", "GIT_ALLOW_PROTOCOL", "GIT_CEILING_DIRECTORIES")
        }
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
            f"The repository {location} cannot be opened ({last_line(complaint)}); "
            "repair it, or clone it anew."
        )
    return ask


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
