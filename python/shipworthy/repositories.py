"""Move the rows of a repository to another name, or drop them."""

import difflib
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import duckdb

from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.git.opening import check_name
from shipworthy.warehouse import connect, transaction

# Where loads keep what they know beside the contract's tables, by repository.
_STATE_TABLES = ("git_reader_state",)
_BY_SOURCE = ("load_watermarks", "load_findings")


def forget(warehouse: str | os.PathLike[str], repository: str) -> int:
    """Drop all rows of a repository, and what loads remember of it, in one transaction.

    Parameters
    ----------
    warehouse : path-like
        The DuckDB file.
    repository : str
        Its name, as in `repositories`.

    Returns
    -------
    int
        Rows dropped.

    Raises
    ------
    ShipworthyError
        If the warehouse does not exist or holds nothing of that name.
    """
    with _transaction(warehouse) as connection:
        _refuse_unknown(connection, repository)
        dropped = 0
        for table in _tables_with_repository(connection):
            dropped += _count(
                connection, f"delete from {RAW_SCHEMA}.{table} where repository = ?", [repository]
            )
        for table in _BY_SOURCE:
            connection.execute(
                f"delete from {RAW_SCHEMA}.{table} where ends_with(source, ?)", [f":{repository}"]
            )
    return dropped


def rename(warehouse: str | os.PathLike[str], old: str, new: str) -> int:
    """Give all rows of a repository, and what loads remember of it, a new name.

    Deployments that stand for its release tags follow, with their ids and what refers to them.

    Parameters
    ----------
    warehouse : path-like
        The DuckDB file.
    old, new : str
        Names, as in `repositories`.

    Returns
    -------
    int
        Rows changed.

    Raises
    ------
    ShipworthyError
        If the warehouse does not exist, holds nothing of the old name, or something of the new one,
        or the new one is no name.
    """
    check_name(new)
    with _transaction(warehouse) as connection:
        _refuse_unknown(connection, old)
        if new in _names(connection):
            raise ShipworthyError(
                f"The warehouse holds rows of {new} already; drop them first, if {old} is to have "
                f"that name: shipworthy forget {new}"
            )
        _rename_tags(connection, old, new)
        changed = 0
        for table in _tables_with_repository(connection):
            changed += _count(
                connection,
                f"update {RAW_SCHEMA}.{table} set repository = ? where repository = ?",
                [new, old],
            )
        for table in _BY_SOURCE:
            connection.execute(
                f"update {RAW_SCHEMA}.{table} "
                "set source = left(source, length(source) - length(?)) || ? "
                "where ends_with(source, ?)",
                [old, new, f":{old}"],
            )
    return changed


def _rename_tags(connection: duckdb.DuckDBPyConnection, old: str, new: str) -> None:
    """Rename the deployments that stand for release tags (`repository@tag`)."""
    raw = RAW_SCHEMA
    connection.execute(
        "create or replace temp table _renamed_tags as "
        "select deployment_id as old_id, ? || substr(deployment_id, length(?) + 1) as new_id "
        f"from {raw}.deployments where repository = ? and source = 'git_tag' "
        "and starts_with(deployment_id, ? || '@')",
        [new, old, old, old],
    )
    for table, column in (
        ("deployments", "deployment_id"),
        ("deployment_commits", "deployment_id"),
        ("incidents", "caused_by_deployment_id"),
    ):
        connection.execute(
            f"update {raw}.{table} set {column} = new_id from _renamed_tags where {column} = old_id"
        )
    connection.execute("drop table _renamed_tags")
    connection.execute(
        f"update {raw}.deployments set service = ? "
        "where repository = ? and service = ? and source = 'git_tag'",
        [new, old, old],
    )


@contextmanager
def _transaction(warehouse: str | os.PathLike[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection whose changes are kept if nothing goes wrong, and not at all otherwise."""
    if not os.path.exists(warehouse):
        raise ShipworthyError(
            f"There is no warehouse {os.fspath(warehouse)}; "
            "set SHIPWORTHY_WAREHOUSE to the one that is meant."
        )
    with closing(connect(warehouse)) as connection, transaction(connection):
        yield connection


def _tables_with_repository(connection: duckdb.DuckDBPyConnection) -> list[str]:
    present = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = current_catalog() and table_schema = ?",
            [RAW_SCHEMA],
        ).fetchall()
    }
    contract = [name for name, table in TABLES.items() if "repository" in table.columns]
    return contract + [name for name in _STATE_TABLES if name in present]


def _names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = " union ".join(
        f"select repository from {RAW_SCHEMA}.{table}"
        for table in _tables_with_repository(connection)
    )
    return [name for (name,) in connection.execute(query).fetchall() if name]


def _refuse_unknown(connection: duckdb.DuckDBPyConnection, repository: str) -> None:
    names = _names(connection)
    if repository in names:
        return
    near = difflib.get_close_matches(repository, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else f"it holds {', '.join(sorted(names)) or 'none'}."
    raise ShipworthyError(f"The warehouse holds no repository {repository}; {hint}")


def _count(connection: duckdb.DuckDBPyConnection, statement: str, parameters: Sequence[str]) -> int:
    return connection.execute(statement, parameters).fetchall()[0][0]
