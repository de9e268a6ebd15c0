"""`shipworthy export`: what was loaded, for engines that read no DuckDB file."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

import duckdb

from shipworthy.contract import RAW_SCHEMA, TABLES, Table
from shipworthy.errors import ShipworthyError
from shipworthy.publish import parquet_folder, postgres_schema
from shipworthy.publish.edition import Mart
from shipworthy.publish.places import is_server
from shipworthy.warehouse import reading

# DuckDB would keep all that it reads while there is memory, and reads none of it twice.
_MEMORY = "640MB"
# Who reads the one before reads it to the end.
_KEPT = 2
_EXPORT = postgres_schema.Writer(
    verb="export",
    done="exported",
    mark="Exported by shipworthy; the next export replaces its rows.",
    contents="the source contract",
    way_out="move that to another schema, or name another database",
)


@dataclass(frozen=True)
class _Loaded:
    """The tables of the source contract at one moment; see `edition.Tables`."""

    connection: duckdb.DuckDBPyConnection
    version: str
    tables: tuple[Mart, ...]


def export(warehouse: Path, target: str | PathLike[str]) -> str:
    """Copy every table of the source contract to Parquet or PostgreSQL, all at once.

    Loading into the warehouse and exporting it keeps one set of rules for keys, late rows and
    rows that break the contract, whichever engine reads the copy. A table or a column that an
    older version or somebody else left out is there, without rows or null.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that loaders filled.
    target : str or path-like
        A directory, which gets `current/<table>.parquet`, the version before staying until the
        next one; or `postgres://...`, whose schema `shipworthy_raw` gets the tables.

    Returns
    -------
    str
        What was written and how the engine reads it, for the user.

    Raises
    ------
    ShipworthyError
        If there is no warehouse, nothing was ever loaded into it, the target is something else or
        somebody else's or cannot be written, or values are not of their type on PostgreSQL.
    """
    target = os.fspath(target)
    on_server = is_server(target, "a directory")
    if not warehouse.is_file():
        raise ShipworthyError(f"there is no warehouse at {warehouse}; run `shipworthy load` first.")
    with reading(warehouse) as connection:
        # Times without a zone are UTC, whatever the zone of this machine.
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        there = _columns(connection)
        rows = sum(_count(connection, f'"{RAW_SCHEMA}"."{name}"') for name in there)
        if not rows:
            raise ShipworthyError(
                f"nothing was loaded into {warehouse}, so there is nothing to export; run "
                "`shipworthy load` first."
            )
        tables = tuple(
            _table(table, there.get(name, {}), on_server) for name, table in TABLES.items()
        )
        version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        loaded = _Loaded(connection, version, tables)
        if on_server:
            _refuse_other_types(connection, warehouse, there)
            postgres_schema.put(loaded, target, RAW_SCHEMA, _EXPORT)
            place = f"schema {RAW_SCHEMA} of {postgres_schema.without_password(target)}"
            how = "`dbt build --target postgres` reads them there"
        else:
            parquet_folder.put(loaded, Path(target), _KEPT)
            place = str(Path(target).resolve() / parquet_folder.CURRENT)
            how = "`dbt run-operation read_raw_files` shows them to Spark"
    return f"Exported {len(tables)} tables ({rows:,} rows) to {place}; {how} (docs/engines.md)."


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return the type of every column of the contract that is there, by table."""
    found: dict[str, dict[str, str]] = {}
    for name, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = ?",
        [RAW_SCHEMA],
    ).fetchall():
        if name in TABLES and column in TABLES[name].columns:
            found.setdefault(name, {})[column] = kind
    return found


def _table(table: Table, there: dict[str, str], typed: bool) -> Mart:
    """Return how a table is read: the contract's columns, in its types where that is asked."""
    columns = {
        name: kind if typed else there.get(name, kind) for name, kind in table.columns.items()
    }
    values = ", ".join(
        _quoted(name)
        if there.get(name) == kind
        else f"cast({_quoted(name) if name in there else 'null'} as {kind}) as {_quoted(name)}"
        for name, kind in columns.items()
    )
    source = f'from "{RAW_SCHEMA}"."{table.name}"' if there else "limit 0"
    return Mart(table.name, f"(select {values} {source})", columns)


def _refuse_other_types(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, there: dict[str, dict[str, str]]
) -> None:
    """Refuse values that DuckDB's build reads as unknown and counts; PostgreSQL's would fail."""
    for name, columns in there.items():
        for column, kind in columns.items():
            wanted = TABLES[name].columns[column]
            if kind == wanted:
                continue
            unread = _count(
                connection,
                f'"{RAW_SCHEMA}"."{name}" '
                f'where "{column}" is not null and try_cast("{column}" as {wanted}) is null',
            )
            if unread:
                raise ShipworthyError(
                    f"{warehouse}: {unread:,} values of {name}.{column} ({kind}) are no {wanted}, "
                    "which PostgreSQL wants; correct them, or make them null, and export again."
                )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    return connection.execute(f"select count(*) from {rows}").fetchall()[0][0]
