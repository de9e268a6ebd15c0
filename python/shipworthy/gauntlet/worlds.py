"""Many worlds in one warehouse, each with names, keys and hashes of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow

from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.gauntlet.world import Row, Tables
from shipworthy.warehouse import connect

_TYPES = {
    "VARCHAR": pyarrow.string(),
    "BIGINT": pyarrow.int64(),
    "DOUBLE": pyarrow.float64(),
    "BOOLEAN": pyarrow.bool_(),
    "DATE": pyarrow.date32(),
    "TIMESTAMP": pyarrow.timestamp("us"),
}
# Columns that hold a name of the organisation, one or a JSON list of several, and a hash.
_NAMES = frozenset((
    "team", "repository", "control_service", "incident_id", "deployment_id", "usage_id",
    "caused_by_deployment_id", "fixes_incident_id", "merged_into_id",
))  # fmt: skip
_NAMES_OR_LISTS = frozenset(("service",))
_HASHES = frozenset((
    "sha", "added_sha", "author_sha", "removed_sha", "head_sha", "merge_sha", "reverts_sha",
    "caused_by_sha", "fixed_by_sha", "mainline_ancestor_sha", "landed_with_sha",
))  # fmt: skip
# What was read, and how far, is one for all.
SHARED = ("load_watermarks", "load_findings")


def name_in(world: int, name: str) -> str:
    """Return what a team, service or repository is called in a world."""
    return f"{prefix(world)}{name}"


def prefix(world: int) -> str:
    """Return what the names of a world begin with."""
    return f"{world:04x}-"


def write_worlds(warehouse: Path, worlds: Mapping[int, Tables], shared: Tables) -> None:
    """Write worlds into a new warehouse.

    A table that several worlds share as the same list is handed over once.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file; made.
    worlds : mapping of int to tables
        Rows of each world by its number, 0 to 65535.
    shared : dict of str to list of dict
        `load_watermarks` and `load_findings`.
    """
    connection = connect(warehouse)
    try:
        for name, table in TABLES.items():
            if name in SHARED:
                staged = _arrow(name, [(0, shared.get(name, []))])
                columns = list(table.columns)
            else:
                contents: dict[int, list[Row]] = {}
                places = []
                for world, tables in worlds.items():
                    contents.setdefault(id(tables[name]), tables[name])
                    places.append((world, list(contents).index(id(tables[name]))))
                staged = _arrow(name, list(enumerate(contents.values())))
                connection.execute("create or replace temp table _places (world int, content int)")
                connection.executemany("insert into _places values (?, ?)", places)
                columns = [_in_world(column) for column in table.columns]
            connection.register("_staged", staged)
            source = "_staged" if name in SHARED else "_staged join _places using (content)"
            connection.execute(
                f"insert into {RAW_SCHEMA}.{name} ({', '.join(map(_quoted, table.columns))}) "
                f"select {', '.join(map(_quoted, columns) if name in SHARED else columns)} "
                f"from {source}"
            )
            connection.unregister("_staged")
    finally:
        connection.close()


def _quoted(name: str) -> str:
    return f'"{name}"'


def _in_world(column: str) -> str:
    """Return the SQL of a column's value in a world."""
    begin = "printf('%04x', world)"
    if column in _NAMES:
        return f"{begin} || '-' || {_quoted(column)}"
    if column in _NAMES_OR_LISTS:
        return (
            f"case when {column} like '[%' then regexp_replace({column}, '([\\[,] ?)\"', "
            f"'\\1\"' || {begin} || '-', 'g') else {begin} || '-' || {column} end"
        )
    if column in _HASHES or column.endswith("_key"):
        return f"{begin} || substr({_quoted(column)}, 5)"
    return _quoted(column)


def _arrow(name: str, contents: Sequence[tuple[int, list[Row]]]) -> pyarrow.Table:
    """Return rows as a table of Arrow, with the number of the content that each belongs to."""
    columns = {
        column: pyarrow.array(
            [row.get(column) for _, rows in contents for row in rows], _TYPES[kind]
        )
        for column, kind in TABLES[name].columns.items()
    }
    numbers = [number for number, rows in contents for _ in rows]
    return pyarrow.table({"content": pyarrow.array(numbers, pyarrow.int32()), **columns})
