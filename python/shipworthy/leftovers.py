"""Temporary directories of which none outlives its run for long, killed or not."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "shipworthy-"
_LOCK_FILE = "in-use"
# Younger ones may belong to a run that has not locked its own yet.
_YOUNG_SECONDS = 60


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """Make a temporary directory, and remove what runs that were killed have left.

    A run holds a lock on a file in its directory. The system drops the lock with the process.
    """
    _remove_leftovers(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        path = Path(name)
        with (path / _LOCK_FILE).open("wb") as lock:
            _lock(lock.fileno())
            yield path


def _remove_leftovers(parent: Path) -> None:
    for path in parent.glob(f"{_PREFIX}*"):
        try:
            found = path.lstat()
            if found.st_uid != os.getuid() or time.time() - found.st_mtime < _YOUNG_SECONDS:
                continue
            with (path / _LOCK_FILE).open("rb") as lock:
                if not _lock(lock.fileno()):
                    continue
            shutil.rmtree(path, ignore_errors=True)
        except (AttributeError, OSError):
            continue  # somebody else's, gone meanwhile, or a system without users


def _lock(descriptor: int) -> bool:
    """Lock a file unless another process holds it; False if so, or if there are no locks here."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
