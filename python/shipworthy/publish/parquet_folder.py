"""Tables as Parquet files, a folder a version, and a link to the newest."""

import os
import re
import shutil
from pathlib import Path

from shipworthy.errors import ShipworthyError
from shipworthy.publish.edition import Tables
from shipworthy.publish.places import make_directory, sync, unfinished

CURRENT = "current"
_VERSIONS = "versions"
_VERSION = re.compile(r"\d{8}T\d{12}Z")


def put(edition: Tables, directory: Path, keep: int) -> None:
    """Write tables into a folder of its own, let `current` name it, and drop old ones.

    Parameters
    ----------
    edition : Tables
        What to write.
    directory : Path
        Gets `versions/<version>/<table>.parquet`, and `current`, a link to one of them.
    keep : int
        How many versions stay. Who follows the link once and reads on has until that many
        publications later.

    Raises
    ------
    ShipworthyError
        If `current` is something else, or the directory cannot be written.
    """
    make_directory(directory, "--to")
    link = directory / CURRENT
    if link.exists() and not link.is_symlink():
        raise ShipworthyError(
            f"--to {directory}: {CURRENT} in it is not a link that shipworthy made; name another "
            "directory, or remove it."
        )
    make_directory(directory / _VERSIONS, "--to")
    version = directory / _VERSIONS / edition.version
    with unfinished(version) as new:
        new.mkdir()
        for mart in edition.tables:
            file = new / f"{mart.name}.parquet"
            location = str(file).replace("'", "''")
            edition.connection.execute(
                f"copy (from {mart.query}) to '{location}' (format parquet, compression zstd)"
            )
            sync(file)
        sync(new)
        new.rename(version)
    with unfinished(link) as new:
        new.symlink_to(Path(_VERSIONS) / version.name, target_is_directory=True)
        new.replace(link)
        sync(directory)
    _prune(directory / _VERSIONS, keep, os.readlink(link))


def _prune(versions: Path, keep: int, current: str) -> None:
    """Drop the oldest versions; never what the link names, nor anything of another name."""
    found = sorted(path for path in versions.iterdir() if _VERSION.fullmatch(path.name))
    for old in found[: max(0, len(found) - keep)]:
        if old.name != Path(current).name:
            shutil.rmtree(old, ignore_errors=True)
