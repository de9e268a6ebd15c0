"""Rows broken in every way that a tool or an export can break them, one in twenty of a table."""

import csv
import itertools
import random
from datetime import date, datetime

import pyarrow as pa

from dbt_places import ROOT
from reference.test_models_equal_the_oracle import ARROW_TYPES
from shipworthy.contract import RAW_SCHEMA, TABLES, VOCABULARY
from shipworthy.warehouse import connect

SMALL = 200
NO_PLACE = ["", "nowhere", "[", '["a", 1, {', "'; drop table x; --", "\x00", "\x1b[2J", "x" * 9999]
# What no row can mean, by the type of the column.
VALUES = {
    "BIGINT": [-1, -(2**63), 2**63 - 1, 10**12 + 1],
    "DOUBLE": [1e308, -1e308, float("inf"), float("nan")],
    "TIMESTAMP": [datetime(1, 1, 1), datetime(9999, 12, 31, 23), datetime(1969, 7, 20), None],
    "DATE": [date(1, 1, 1), date(9999, 12, 31)],
    "VARCHAR": NO_PLACE,
    "BOOLEAN": [None],
}
# The same as text, with what a table of types could not hold.
TEXTS = {
    "BIGINT": ["-1", "twelve", "9223372036854775808", "1e30", "5.5", "NaN"],
    "DOUBLE": ["1e308", "1e999", "nan", "inf", "a lot"],
    "TIMESTAMP": [
        *("0001-01-01 00:00:00", "9999-12-31 23:59:59", "1969-07-20 20:17:00", "yesterday"),
        *("2026-02-30 00:00:00", "2026-03-01 10:00:00+99:99", "1e999"),
    ],
    "DATE": ["someday", "2026-02-30"],
    "VARCHAR": ["\x00"],
    "BOOLEAN": ["maybe"],
}


def ways(table, values, chance=None):
    """Yield (column, value) for ever: the columns in turn, of each the values in turn.

    `chance` (a random.Random) puts both in another order.
    """
    of_columns = {}
    for column, kind in table.columns.items():
        if values is VALUES and column in ("valid_from_on", "valid_to_on"):
            continue  # always and still: docs/inputs.md
        found = list(values[kind])
        if column in table.key and column not in table.nullable_key and kind != "BOOLEAN":
            found.append(None)
        if (table.name, column) in VOCABULARY and kind == "VARCHAR":
            found.append("bogus")
        if chance:
            chance.shuffle(found)
        of_columns[column] = itertools.cycle(found)
    columns = list(of_columns)
    if chance:
        chance.shuffle(columns)
    for column in itertools.cycle(columns):
        yield column, next(of_columns[column])


def broken(table, rows, values, seed=None, small=SMALL):
    """(row, its break) with one row in twenty broken, each in one way; the break of others is None.

    Without a seed it is each twentieth row; with one, rows and ways are drawn.

    One of 13 services, or of the 7 people of a team, is more than 5 % of anything: tables of fewer
    than `small` rows have rows of no key beside the sound ones instead.
    """
    chance = None if seed is None else random.Random(f"{seed} {table.name}")
    if len(rows) < small:
        yield from ((row, None) for row in rows)
        keys = [name for name in table.key if name not in table.nullable_key]
        for number in range(-(-len(rows) // 20)):
            column = keys[number % len(keys)]
            yield rows[number] | {column: None}, (column, None)
        return
    numbers = range(len(rows))
    chosen = set(chance.sample(numbers, len(rows) // 20) if chance else numbers[13::20])
    turn = ways(table, values, chance)
    for number, row in enumerate(rows):
        found = next(turn) if number in chosen else None
        yield (row if found is None else row | dict([found])), found


def demo_rows(name):
    """Rows of the demo, as text; unknown is None."""
    with (ROOT / "seeds" / "demo" / f"{name}.csv").open(newline="") as file:
        return [
            {column: value or None for column, value in row.items()} for row in csv.DictReader(file)
        ]


def break_tables(warehouse, tables=tuple(TABLES), absent=False, **how):
    """Break rows where they lie, as a tool does that knows no contract.

    Parameters
    ----------
    warehouse : Path
        Holds sound raw tables.
    tables : sequence of str
        Whose rows are broken.
    absent : bool
        Take the same rows away instead.
    how : seed, small
        Of `broken`.
    """
    connection = connect(warehouse)
    for name in tables:
        table = TABLES[name]
        rows = connection.execute(f"select * from {RAW_SCHEMA}.{name} order by all").fetchall()
        rows = [dict(zip(table.columns, row, strict=True)) for row in rows]
        fields = [(column, ARROW_TYPES[kind]) for column, kind in table.columns.items()]
        rows = [row for row, found in broken(table, rows, VALUES, **how) if not (absent and found)]
        as_arrow = pa.Table.from_pylist(rows, pa.schema(fields))
        connection.execute(f"drop table {RAW_SCHEMA}.{name}")
        connection.register("rows_to_write", as_arrow)
        connection.execute(f"create table {RAW_SCHEMA}.{name} as from rows_to_write")
        connection.unregister("rows_to_write")
    connection.close()
