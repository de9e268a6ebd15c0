"""Open a clone or a bundle: ask it for its objects and refs, and refuse what cannot be read.

Nothing else is ever run inside the user's repository; what reads its objects runs in the shadow.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shipworthy.errors import ShipworthyError
from shipworthy.git.repository import Repository, Tag, last_line

_OLDEST_GIT = (2, 39)
_LISTED = 5
# What counts. Copies from a host hold thousands of others, one or two a pull request.
_REFS = ("refs/heads", "refs/remotes", "refs/tags", "refs/notes/ai")


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
            complaint = last_line(result.stderr.decode(errors="replace"))
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
            f"The repository {location} cannot be opened ({last_line(complaint)}); "
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
