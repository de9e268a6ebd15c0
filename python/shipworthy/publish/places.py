"""What targets share: how one is named; on disk it is written beside its place and moved there."""

import glob
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import duckdb

from shipworthy.errors import ShipworthyError

_SUFFIX = ".unfinished"
_LEFT_BEHIND_SECONDS = 24 * 3600


def is_server(target: str, alternatives: str) -> bool:
    """Return whether a target is a PostgreSQL server, and not a path.

    Parameters
    ----------
    target : str
        As `--to` names it.
    alternatives : str
        What may be named instead of a server, for the sentence.

    Raises
    ------
    ShipworthyError
        If it is an address of anything else.
    """
    scheme, separator, _ = target.partition("://")
    if separator and scheme not in ("postgres", "postgresql"):
        raise ShipworthyError(
            f"--to {scheme}://... is not known; name {alternatives}, or postgres://user@host/database."
        )
    return bool(separator)


@contextmanager
def unfinished(place: Path) -> Iterator[Path]:
    """Yield a hidden path beside a place; whatever is still there afterwards is removed.

    What a killed run left behind goes too, once it is a day old.

    Parameters
    ----------
    place : Path
        The file or directory that is to be, in a directory that exists.

    Raises
    ------
    ShipworthyError
        If the disk takes no more, or may not be written.
    """
    for old in place.parent.glob(f".{glob.escape(place.name)}.*{_SUFFIX}*"):
        if time.time() - old.lstat().st_mtime > _LEFT_BEHIND_SECONDS:
            _remove(old)
    path = place.with_name(f".{place.name}.{uuid4().hex[:12]}{_SUFFIX}")
    try:
        yield path
    except (OSError, duckdb.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).strip().splitlines()[0]
        raise ShipworthyError(
            f"{place} could not be written ({reason}), and what was there before still is; free "
            "some space or make its directory writable, and run the command again."
        ) from error
    finally:
        for left in place.parent.glob(f"{glob.escape(path.name)}*"):
            _remove(left)


def sync(path: Path) -> None:
    """Have what was written reach the disk, so that a power cut leaves one version or the other."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_directory(path: Path, option: str) -> None:
    """Make a directory that must be there; its parents are the user's to make.

    Parameters
    ----------
    path : Path
        The directory.
    option : str
        What named it, for the sentence.
    """
    if not path.parent.is_dir():
        raise ShipworthyError(f"{option} {path}: {path.parent} does not exist; make it first.")
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise ShipworthyError(f"{option} {path} cannot be made: {error.strerror}.") from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
