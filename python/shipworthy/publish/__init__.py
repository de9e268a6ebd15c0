"""`shipworthy publish`: a copy of the marts that BI tools read while the warehouse is written.

A writer locks a DuckDB file against every reader, so no tool should open the warehouse itself.
`edition` says what may be published; each target puts it in place at once or not at all.
"""

import os
from collections.abc import Callable
from pathlib import Path

from shipworthy.errors import ShipworthyError
from shipworthy.publish import duckdb_file, parquet_folder
from shipworthy.publish.edition import SCHEMA, open_edition
from shipworthy.publish.places import is_server

_FILES = (".duckdb", ".db")


def publish(
    warehouse: Path,
    target: str,
    *,
    schema: str | None = None,
    name: str = SCHEMA,
    with_demo: bool = False,
    keep: int | None = None,
) -> str:
    """Copy the marts to where BI tools read them, all at once.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that dbt built.
    target : str
        A file ending in `.duckdb` or `.db`, `postgres://...`, or a directory for Parquet.
    schema : str, optional
        Where the marts are in the warehouse; by default `shipworthy`, else the one that has them.
    name : str
        Schema of the marts in a DuckDB file or on PostgreSQL.
    with_demo : bool
        Whether the invented organisation may be published.
    keep : int, optional
        How many versions a directory holds then, the new one included; by default 3.

    Returns
    -------
    str
        What was published and how to read it, for the user.

    Raises
    ------
    ShipworthyError
        If the last build failed, did not end or covered a part of the models; if the rows are the
        demo's and that was not asked for; if the target is something else or cannot be written.
    """
    put, what = _target(target, name, keep)
    with open_edition(warehouse, schema, with_demo) as edition:
        put(edition)
        demo = ", DEMO: an invented organisation" if edition.is_demo else ""
        as_of = f"as of {edition.as_of_at:%Y-%m-%d}" if edition.as_of_at else "without data"
        return f"Published {len(edition.marts)} marts ({as_of}{demo}) to {what}."


def _target(target: str, name: str, keep: int | None) -> tuple[Callable, str]:
    """Return what puts an edition in place, and how the user is told of it."""
    if not name.replace("_", "a").isalnum() or not name.isascii() or name[0].isdigit():
        raise ShipworthyError(f"--as {name} is no name of a schema: letters, digits and _ only.")
    on_server = is_server(target, "a directory, a file ending in .duckdb")
    if keep is not None and (on_server or _is_file(target)):
        raise ShipworthyError(
            "--keep is for a directory of Parquet files: a DuckDB file and a schema on PostgreSQL "
            "hold one version, and whoever reads the one before reads it to the end."
        )
    if on_server:
        from shipworthy.publish import postgres_schema

        shown = postgres_schema.without_password(target)
        return (
            lambda edition: postgres_schema.put(edition, target, name, postgres_schema.PUBLISH),
            f"schema {name} of {shown}; point your BI tool there (docs/publish.md)",
        )
    path = Path(target)
    if _is_file(target):
        return (
            lambda edition: duckdb_file.put(edition, path, name),
            f"{path}; open it read-only, its schema is {name} (docs/publish.md)",
        )
    if path.suffix and not path.is_dir():
        raise ShipworthyError(
            f"--to {path} ends in {path.suffix}; name a file ending in .duckdb, or a directory."
        )
    return (
        lambda edition: parquet_folder.put(edition, path, 3 if keep is None else keep),
        f"{path}; read {path / parquet_folder.CURRENT}{os.sep}*.parquet (docs/publish.md)",
    )


def _is_file(target: str) -> bool:
    path = Path(target)
    return path.suffix.lower() in _FILES and not path.is_dir()
