"""The marts in one DuckDB file, in the oldest format that DuckDB still writes."""

import shutil
import tempfile
from pathlib import Path

import duckdb

from shipworthy.errors import ShipworthyError
from shipworthy.publish.edition import PUBLICATION, Edition
from shipworthy.publish.places import sync, unfinished
from shipworthy.warehouse import explain

# Every client from 1.0 on opens it.
STORAGE_VERSION = "v1.0.0"
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
}


def put(edition: Edition, path: Path, schema: str) -> None:
    """Write an edition into a new file and put that into its place with one rename.

    Whoever has the file open reads on in the one before.

    Parameters
    ----------
    edition : Edition
        What to write.
    path : Path
        The file; one that is there must be one that was published.
    schema : str
        Name of the marts' schema in it.

    Raises
    ------
    ShipworthyError
        If the file is something else, its name would make queries ambiguous, or it cannot be
        written.
    """
    # A link stays, and what it names is replaced.
    path = path.resolve()
    if path.name.split(".")[0].lower() == schema.lower():
        raise ShipworthyError(
            f"--to {path.name}: DuckDB could not tell the file from its schema {schema}; call it "
            "outcomes.duckdb, for instance."
        )
    if not path.parent.is_dir():
        raise ShipworthyError(f"--to {path}: {path.parent} does not exist; make it first.")
    _refuse_foreign(path)
    with unfinished(path) as new:
        connection = edition.connection
        location = str(new).replace("'", "''")
        connection.execute(
            f"attach '{location}' as published (read_write, storage_version '{STORAGE_VERSION}')"
        )
        try:
            connection.execute("begin")
            connection.execute(f'create schema if not exists published."{schema}"')
            for mart in edition.tables:
                connection.execute(
                    f'create table published."{schema}"."{mart.name}" as from {mart.query}'
                )
            connection.execute("commit")
            connection.execute("checkpoint published")
        finally:
            connection.execute("detach published")
        sync(new)
        # Left by a tool that wrote into the copy before; it would be read as part of this one.
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        new.replace(path)
        sync(path.parent)


def _refuse_foreign(path: Path) -> None:
    """Refuse to overwrite a file that was not published: a warehouse above all."""
    if not path.exists():
        return
    with path.open("rb") as file:
        is_duckdb = file.read(12)[8:] == b"DUCK"
    if is_duckdb:
        try:
            if _is_published(path):
                return
        except duckdb.Error as error:
            if "Could not set lock" not in str(error) and "configuration" not in str(error):
                raise ShipworthyError(explain(path, error)) from error
            # A tool opened it to write, which says nothing of what it is.
            with tempfile.TemporaryDirectory() as directory:
                copy = Path(shutil.copy(path, directory))
                try:
                    if _is_published(copy):
                        return
                except duckdb.Error:
                    pass
    raise ShipworthyError(
        f"--to {path} is there and was not published by shipworthy; name another file, or "
        "remove it."
    )


def _is_published(path: Path) -> bool:
    with duckdb.connect(str(path), read_only=True, config=_CONFIG) as connection:
        return bool(
            connection.execute(
                "select 1 from duckdb_columns() where database_name = current_database() "
                "and table_name = ? and column_name = 'shipworthy_version'",
                [PUBLICATION],
            ).fetchall()
        )
