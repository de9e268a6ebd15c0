"""Write the tables as CSV files, byte for byte the same on every machine."""

import csv
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from shipworthy.contract import TABLES, Table


def write_tables(tables: Mapping[str, list[dict]], folder: Path) -> None:
    """Write one CSV file a table.

    Parameters
    ----------
    tables : mapping of str to list of dict
        Rows by table of the contract; a column that a row leaves out is null.
    folder : Path
        Where to; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        table = TABLES[name]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(table.columns)
            writer.writerows(
                [_text(row.get(column)) for column in table.columns]
                for row in sorted(rows, key=lambda row: _key(table, row))
            )


def _key(table: Table, row: dict) -> tuple:
    """Return the key of a row in a form that sorts; null comes first."""
    return tuple((row.get(column) is not None, row.get(column)) for column in table.key)


def _text(value: object) -> str:
    """Return a value as the contract writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
