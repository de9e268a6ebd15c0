"""Up to when a clone is known to be complete: when it was last fetched, never its newest commit.

A repository to which nobody commits is complete although it is old; one that nobody fetches is not,
however new its last commit.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

# `old new Name <address> seconds zone<tab>message`
_REFLOG_LINE = re.compile(rb"> (\d{1,12}) [+-]\d{4}\t([^\n]*)")
# Only the ends of long logs are of use.
_READ_BYTES = 1 << 16
_CLONED = (b"clone",)
_BROUGHT = (b"clone", b"fetch", b"pull")
_PUSHED = (b"update by push",)
# Made with a repository, and hardly changed after.
_FIRST_FILES = ("description", "config", "HEAD", "packed-refs")


def fetch_time(
    ask: Callable[..., str],
    git_dir: Path,
    common_dir: Path,
    refs: Iterable[str],
    branch: str,
) -> int | None:
    """Return when a clone last got what its origin has, in seconds since 1970 (UTC).

    In this order: the last fetch of the mainline, or a later push of it (which succeeds only on top
    of all that is there); the log of the origin's branch; the making of the clone.

    Parameters
    ----------
    ask : callable
        Asks git about the repository.
    git_dir, common_dir : Path
        Its directories; they differ in a linked work tree.
    refs : iterable of str
        Names of its refs.
    branch : str
        The mainline.

    Returns
    -------
    int or None
        None if commits come from nowhere else: there is no remote, or none was ever fetched.
    """
    remotes = {ref.split("/")[2] for ref in refs if ref.startswith("refs/remotes/")}
    configured = ask("config", "--get-regexp", r"^remote\..*\.url$", accept=(0, 1)).strip()
    # A linked work tree has one of its own, and what is fetched in the main one is there as well.
    fetches = [_last_fetch(place / "FETCH_HEAD", branch) for place in {git_dir, common_dir}]
    fetched = max(filter(None, fetches), key=lambda one: (one[1], one[0]), default=None)
    is_bare = ask("rev-parse", "--is-bare-repository").strip() == "true"
    if not remotes and (not configured or (fetched is None and not is_bare)):
        return None
    remote = "origin" if "origin" in remotes or not remotes else min(remotes)
    logs = common_dir / "logs"
    copy = logs / "refs" / "remotes" / remote
    brought = [
        *_logged(copy / branch, _BROUGHT + _PUSHED),
        *_logged(copy / "HEAD", _CLONED),
        *_logged(git_dir / "logs" / "HEAD", _CLONED),
    ]
    since = max(brought, default=None)
    if since is None:
        times = [_modified(common_dir / name) for name in _FIRST_FILES]
        since = min((time for time in times if time is not None), default=0)
    if fetched is None:
        return since
    time, is_whole = fetched
    if not is_whole:
        # A fetch that failed leaves an empty file.
        return min(time, since)
    return max([time, *_logged(copy / branch, _PUSHED)])


def bundle_time(path: str | os.PathLike[str]) -> int:
    """Return when a bundle was written, in seconds since 1970 (UTC): it holds all until then."""
    return int(os.stat(path).st_mtime)


def _last_fetch(path: Path, branch: str) -> tuple[int, bool] | None:
    """Return when something was last fetched, and whether the mainline was; None if it was not."""
    time = _modified(path)
    if time is None:
        return None
    try:
        with path.open("rb") as file:
            text = file.read(_READ_BYTES)
    except OSError:
        return None
    if not text.strip():
        return time, False
    # One line a ref: `sha<tab>[not-for-merge]<tab>branch 'main' of address`
    return (time, True) if b"\tbranch '%b' of " % os.fsencode(branch) in text else None


def _logged(path: Path, kinds: tuple[bytes, ...]) -> Iterator[int]:
    """Yield when a log says that something of these kinds was done."""
    modified = _modified(path)
    if modified is None:
        return
    try:
        with path.open("rb") as file:
            text = file.read(_READ_BYTES)
            if file.seek(0, os.SEEK_END) > _READ_BYTES:
                file.seek(-_READ_BYTES, os.SEEK_END)
                text += b"\n" + file.read()
    except OSError:
        return
    for match in _REFLOG_LINE.finditer(text):
        if match[2].startswith(kinds):
            # A copy of a clone is new as a file; a line can be ahead of its time.
            yield min(int(match[1]), modified)


def _modified(path: Path) -> int | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return int(found.st_mtime) if path.is_file() else None
