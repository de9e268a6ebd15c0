"""`shipworthy export`: what was loaded as Parquet files, for engines that read no DuckDB file."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.publish import parquet_folder
from shipworthy.publish.edition import Mart
from shipworthy.warehouse import reading

# Who reads the one before reads it to the end.
_KEPT = 2


@dataclass(frozen=True)
class _Loaded:
    """The tables of the source contract at one moment; see `parquet_folder.Tables`."""

    connection: duckdb.DuckDBPyConnection
    version: str
    tables: tuple[Mart, ...]


def export(warehouse: Path, directory: Path) -> str:
    """Copy every table of the source contract to Parquet, all at once.

    Loading into the warehouse and exporting it keeps one set of rules for keys, late rows and
    rows that break the contract, whichever engine reads the files.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that loaders filled.
    directory : Path
        Gets `current/<table>.parquet`; the version before stays until the next one.

    Returns
    -------
    str
        What was written and how Spark reads it, for the user.

    Raises
    ------
    ShipworthyError
        If there is no warehouse, nothing was ever loaded into it, or the directory cannot be
        written.
    """
    if not warehouse.is_file():
        raise ShipworthyError(f"there is no warehouse at {warehouse}; run `shipworthy load` first.")
    with reading(warehouse) as connection:
        tables = tuple(_table(connection, name) for name in TABLES if _exists(connection, name))
        rows = sum(
            connection.execute(f"select count(*) from {table.query}").fetchall()[0][0]
            for table in tables
        )
        if len(tables) < len(TABLES) or not rows:
            raise ShipworthyError(
                f"nothing was loaded into {warehouse}, so there is nothing to export; run "
                "`shipworthy load` first."
            )
        version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        parquet_folder.put(_Loaded(connection, version, tables), directory, _KEPT)
    place = directory.resolve() / parquet_folder.CURRENT
    return (
        f"Exported {len(tables)} tables ({rows:,} rows) to {place}; `dbt run-operation "
        f"read_raw_files` shows them to Spark (docs/engines.md)."
    )


def _exists(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "select 1 from information_schema.tables where table_catalog = current_catalog() "
        "and table_schema = ? and table_name = ?",
        [RAW_SCHEMA, name],
    ).fetchall()
    return bool(found)


def _table(connection: duckdb.DuckDBPyConnection, name: str) -> Mart:
    query = f'"{RAW_SCHEMA}"."{name}"'
    columns = connection.execute(f"select * from {query} limit 0").description
    return Mart(name, query, {column[0]: str(column[1]) for column in columns})
