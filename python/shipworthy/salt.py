"""One warehouse, one salt: keys of two salts would make two people of everybody.

The warehouse holds a fingerprint of the salt that its keys were made with. A load that has another
salt, because the file beside a copied warehouse was left behind, is refused before it writes.
"""

import os
from pathlib import Path

import duckdb

from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.identity import SALT_VARIABLE, fingerprint, load_salt

FINGERPRINTS = "salt_fingerprint"


def salt_of(connection: duckdb.DuckDBPyConnection, warehouse: str | os.PathLike[str]) -> bytes:
    """Return the salt of a warehouse, and remember which one it is.

    Outside of any transaction.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        From `shipworthy.warehouse.connect`.
    warehouse : path-like
        Where the file is: without `SHIPWORTHY_SALT` the salt stands beside it.

    Raises
    ------
    ShipworthyError
        If the warehouse was loaded with another salt, or the salt cannot be used.
    """
    # Where it is missing, DuckDB would look through all that there is for a name like it.
    connection.execute(
        f"create table if not exists {RAW_SCHEMA}.{FINGERPRINTS} (fingerprint varchar)"
    )
    known = read_fingerprint(connection)
    salt = load_salt(warehouse, may_create=known is None or not _holds_people(connection))
    if salt is None:
        raise ShipworthyError(f"The salt of {warehouse} is not here: {_remedy(warehouse)}")
    if known == fingerprint(salt):
        return salt
    if known is not None and _holds_people(connection):
        raise ShipworthyError(
            f"{warehouse} was loaded with another salt, and everybody in it would become a second "
            f"person: {_remedy(warehouse)}"
        )
    connection.execute(
        f"create or replace table {RAW_SCHEMA}.{FINGERPRINTS} as select ?::varchar as fingerprint",
        [fingerprint(salt)],
    )
    return salt


def read_fingerprint(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the fingerprint of the salt that a warehouse was loaded with; None: of none yet."""
    try:
        rows = connection.execute(f"select fingerprint from {RAW_SCHEMA}.{FINGERPRINTS}").fetchall()
    except duckdb.CatalogException:
        return None
    return rows[0][0] if rows else None


def _holds_people(connection: duckdb.DuckDBPyConnection) -> bool:
    columns = [
        f"exists (select 1 from {RAW_SCHEMA}.{table.name} where {column} is not null)"
        for table in TABLES.values()
        for column in table.columns
        if column.endswith("_key")
    ]
    return connection.execute(f"select {' or '.join(columns)}").fetchall()[0][0]


def _remedy(warehouse: str | os.PathLike[str]) -> str:
    directory = Path(warehouse).absolute().parent
    return (
        f"copy .shipworthy/ from where the warehouse was to {directory}, or set {SALT_VARIABLE}. "
        "If the salt is lost, load everything into a new warehouse."
    )
