"""Whether two warehouses hold the same marts: the proof that a redesign changed no number.

    python benchmarks/compare_marts.py BEFORE.duckdb AFTER.duckdb [--ignore MART[.COLUMN] ...]

Every table of the schema is compared row by row on its primary key, without one on all that is no
double. Keys, counts, words and times must be equal; doubles may differ by one part in 10^9, because
sums are taken in any order. Prints one line for each mart or column that differs, with how many
rows and the first of them, and exits with 1; else exits with 0. A file that cannot be read exits
with 2.
"""

import argparse
import sys
from pathlib import Path

import duckdb

TOLERANCE = 1e-9


def quoted(name: str) -> str:
    """The name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def tables(
    connection: duckdb.DuckDBPyConnection, side: str, schema: str
) -> dict[str, dict[str, str]]:
    """The types of the columns of each table, by table and column."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = ? order by table_name, column_index",
        [side, schema],
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def primary_keys(
    connection: duckdb.DuckDBPyConnection, side: str, schema: str
) -> dict[str, list[str]]:
    """The columns of each table's primary key; tables without one are not there."""
    return dict(
        connection.execute(
            "select table_name, constraint_column_names from duckdb_constraints() "
            "where database_name = ? and schema_name = ? and constraint_type = 'PRIMARY KEY'",
            [side, schema],
        ).fetchall()
    )


def same(column: str, kind: str) -> str:
    """A condition that holds where `b` and `a` have the same value of the column."""
    before, after = f"b.{quoted(column)}", f"a.{quoted(column)}"
    equal = f"{before} is not distinct from {after}"
    if kind not in ("DOUBLE", "FLOAT"):
        return f"({equal})"
    largest = f"greatest(1.0, abs({before}), abs({after}))"
    close = f"abs({before} - {after}) <= {TOLERANCE} * {largest}"
    finite = f"isfinite({before}) and isfinite({after})"
    return f"({equal} or coalesce({finite} and {close}, false))"


def differences(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    columns: dict[str, str],
    key: list[str],
) -> list[str]:
    """One sentence for each way in which the rows of a table differ."""
    names = {side: f"{side}.{quoted(schema)}.{quoted(table)}" for side in ("before", "after")}
    keys = ", ".join(quoted(column) for column in key)
    found = []
    for here, there, word in (("before", "after", "gone"), ("after", "before", "new")):
        only = f"(select {keys} from {names[here]} except all select {keys} from {names[there]})"
        [[count, first]] = connection.execute(
            f"select count(*), min(({keys})) from {only} as t({keys})"
        ).fetchall()
        if count:
            found.append(f"{table}: {count} rows {word}, first {first}")
    joined = " and ".join(
        f"b.{quoted(column)} is not distinct from a.{quoted(column)}" for column in key
    )
    others = [column for column in columns if column not in key]
    counts = [f"count(*) filter (not {same(column, columns[column])})" for column in others]
    both = f"from {names['before']} as b join {names['after']} as a on {joined}"
    [[rows, *different]] = connection.execute(
        f"select {', '.join(['count(*)', *counts])} {both}"
    ).fetchall()
    for column, count in zip(others, different, strict=True):
        if count:
            shown = [
                *(f"b.{quoted(name)}" for name in key),
                f"b.{quoted(column)}, a.{quoted(column)}",
            ]
            [[*where, old, new]] = connection.execute(
                f"select {', '.join(shown)} {both} where not {same(column, columns[column])} "
                "order by all limit 1"
            ).fetchall()
            place = ", ".join(map(str, where))
            found.append(
                f"{table}.{column}: {count} of {rows} rows differ, first ({place}): {old} -> {new}"
            )
    return found


def compare(before: Path, after: Path, schema: str, ignored: set[str]) -> list[str]:
    """All differences between the marts of two warehouses, tables and columns included.

    Args:
        before: the DuckDB file with the rows as they should be.
        after: the DuckDB file to judge.
        schema: where the marts are in both.
        ignored: marts, or columns as `mart.column`, that may differ.

    Raises:
        duckdb.Error: a file is missing, locked or no DuckDB file.
    """
    with duckdb.connect() as connection:
        for side, path in (("before", before), ("after", after)):
            connection.execute(
                f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {side} (read_only)"
            )
        old, new = tables(connection, "before", schema), tables(connection, "after", schema)
        keys = primary_keys(connection, "before", schema)
        found = [
            f"{table}: not there any more" for table in sorted(old.keys() - new.keys() - ignored)
        ]
        found += [f"{table}: was not there" for table in sorted(new.keys() - old.keys() - ignored)]
        for table in sorted((old.keys() & new.keys()) - ignored):
            for column in sorted(old[table].keys() | new[table].keys()):
                kinds = old[table].get(column, "none"), new[table].get(column, "none")
                if kinds[0] != kinds[1] and f"{table}.{column}" not in ignored:
                    found.append(f"{table}.{column}: type {kinds[0]} -> {kinds[1]}")
            shared = {
                column: kind
                for column, kind in old[table].items()
                if new[table].get(column) == kind and f"{table}.{column}" not in ignored
            }
            key = keys.get(table) or [
                column for column, kind in shared.items() if kind not in ("DOUBLE", "FLOAT")
            ]
            if set(key) <= shared.keys():
                found += differences(connection, schema, table, shared, key)
            else:
                found.append(
                    f"{table}: the key ({', '.join(key)}) is not in both, rows not compared"
                )
        if not old:
            found.append(f"{before} has no table in schema {schema}")
    return found


def main() -> int:
    """Print what differs; 1 if anything does, 2 if a file cannot be read."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--schema", default="shipworthy")
    parser.add_argument("--ignore", nargs="*", default=[], metavar="MART[.COLUMN]")
    arguments = parser.parse_args()
    for path in (arguments.before, arguments.after):
        if not path.is_file():
            print(f"{path} is not there: name two DuckDB files with marts.", file=sys.stderr)
            return 2
    try:
        found = compare(arguments.before, arguments.after, arguments.schema, set(arguments.ignore))
    except duckdb.Error as problem:
        print(f"The marts cannot be compared: {str(problem).splitlines()[0]}", file=sys.stderr)
        return 2
    for sentence in found:
        print(sentence)
    if not found:
        print(f"All marts of schema {arguments.schema} are equal.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
