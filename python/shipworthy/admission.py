"""Admit rows: check them against the contract, keep the good ones and say why others are none.

A row that breaks the contract goes to `shipworthy_raw.rejected_rows`, with nobody named in it.
Where its key and what it cannot do without are sound and nothing is known of the key yet, it is
also kept, without the values that cannot be meant.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from shipworthy.contract import (
    FIRST_TIME,
    LARGEST_AMOUNT,
    LARGEST_COUNT,
    NEEDED,
    RAW_SCHEMA,
    VOCABULARY,
    Table,
)
from shipworthy.errors import ShipworthyError
from shipworthy.people import NOBODY, hide_people
from shipworthy.warehouse import merge

_TIME = (
    r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?"
    r"( ?(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?))?"
)
# Parquet files often hold a date as a time at midnight, and whole numbers as 5.0.
_DATE = r"\d{4}-\d{2}-\d{2}([T ]00:00:00(\.0+)?)?"
_WHOLE_NUMBER = r"[+-]?\d+(\.0+)?"
_KINDS = {
    "TIMESTAMP": "a time (YYYY-MM-DD HH:MM:SS)",
    "DATE": "a date (YYYY-MM-DD)",
    "BIGINT": "a whole number",
    "DOUBLE": "a number",
    "BOOLEAN": "true or false",
}

_CHECKED = "_shipworthy_checked"
_REJECTS = "_shipworthy_rejects"
_REJECT_SCANS = "_shipworthy_reject_scans"

OPEN_QUOTE = "has a quote that is not closed"
# What DuckDB's reader calls the lines that it could not split, in our words.
_BAD_LINES = {
    "MISSING COLUMNS": "has fewer values than the header",
    "TOO MANY COLUMNS": "has more values than the header",
    "INVALID ENCODING": "is not text in UTF-8",
    "LINE SIZE OVER MAXIMUM": "is longer than 2,000,000 bytes",
    "UNQUOTED VALUE": OPEN_QUOTE,
}


KEEP_REJECTS = (
    "hive_partitioning = false, ignore_errors = true, store_rejects = true, rejects_limit = 0, "
    f"rejects_table = '{_REJECTS}', rejects_scan = '{_REJECT_SCANS}'"
)


# Stands where somebody should be named and is not.
NO_PERSON = "?"


@dataclass(frozen=True)
class TableLoad:
    """What loading one file did.

    Parameters
    ----------
    table : str
        The contract table.
    inserted, updated, unchanged : int
        Rows, one per key of the file.
    superseded : int
        Rows of the file that a later one with the same key and other values replaced.
    rejected : int
        Rows that break the contract.
    incomplete : int
        Those of them that are kept, without the values that cannot be meant.
    reasons : collections.Counter
        How many break it by what.
    """

    table: str
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    rejected: int
    incomplete: int = 0
    reasons: Counter[str] = field(default_factory=Counter, compare=False)

    def __add__(self, other: "TableLoad") -> "TableLoad":
        return TableLoad(
            self.table,
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.superseded + other.superseded,
            self.rejected + other.rejected,
            self.incomplete + other.incomplete,
            self.reasons + other.reasons,
        )

    def __str__(self) -> str:
        parts = [f"{self.inserted} new", f"{self.updated} changed", f"{self.unchanged} as before"]
        if self.superseded:
            parts.append(f"{self.superseded} replaced by a later row of their key")
        if self.rejected:
            kept = f", {self.incomplete} of them kept without the value" if self.incomplete else ""
            parts.append(f"{self.rejected} rejected{kept}")
        return f"{self.table}: {', '.join(parts)}"


@dataclass(frozen=True)
class Source:
    """Rows that are ready to be read.

    `path` is the file, for sentences.

    `relation` yields its rows in order as text, one column each for the columns that it has, and a
    column `broken` that is the reason why a row could not be read at all, with the row in `line`.

    `names_people` is true where columns of people hold what is no key yet; the relation makes keys
    of it, and `NO_PERSON` of what is nobody.
    """

    table: Table
    path: Path
    format: str
    columns: tuple[str, ...]
    relation: str
    names_people: bool = False


def unsplit_lines(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, str, str]]:
    """Return the records of a CSV file that `csv_relation` could not split, once it is read.

    Returns
    -------
    list of tuple
        Number of the record (the header is 1), reason, and its text. The reason is OPEN_QUOTE where
        a quote is not closed: how many rows it swallowed is unknown.
    """
    bad = connection.execute(
        # A quote that is not closed mostly leaves values missing too.
        "select line, coalesce(min(error_type) filter (error_type = 'UNQUOTED VALUE'), "
        f"min(error_type)), min(csv_line) from {_REJECTS} group by line order by line"
    ).fetchall()
    return [(line, _BAD_LINES.get(kind, "cannot be read"), text) for line, kind, text in bad]


def admit(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    loaded_at: datetime,
    max_rejected: float,
    where: str = "true",
) -> TableLoad:
    """Check rows against the contract and merge the good ones, in the caller's transaction.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        From `shipworthy.warehouse.connect`, with the time zone UTC.
    source : Source
        The rows.
    loaded_at : datetime
        The time of the load (naive UTC); no row may lie after it.
    max_rejected : float
        Greatest share (0 to 1) of the rows that may break the contract.
    where : str
        SQL condition on the contract's columns: other rows are left alone, and not counted.

    Raises
    ------
    ShipworthyError
        If too many rows are rejected.
    """
    forget_rejects(connection)
    _check(connection, source, loaded_at)
    total, rejected = _count_rows(connection)
    if rejected > max_rejected * total:
        _hide_people(connection)
        raise _too_many_rejected(connection, source, rejected, total, max_rejected)
    incomplete = _keep_incomplete(connection, source.table) if rejected else 0
    names = ", ".join(identifier(name) for name in source.table.columns)
    merged = merge(
        connection,
        source.table,
        f"(select {names} from {_CHECKED} where not is_left_out and ({where}) "
        # The last row of a key wins: a sound one over one that lacks a value.
        "order by reason is null, position)",
    )
    reasons: Counter[str] = Counter()
    if rejected:
        _hide_people(connection)
        _keep_rejected(connection, source.table, loaded_at)
        counted = f"select reason, count(*) from {_CHECKED} where reason is not null group by all"
        reasons.update(dict(connection.execute(counted).fetchall()))
    connection.execute(f"drop table {_CHECKED}")
    return TableLoad(
        source.table.name,
        merged.inserted,
        merged.updated,
        merged.unchanged,
        merged.superseded,
        rejected,
        incomplete,
        reasons,
    )


def _check(connection: duckdb.DuckDBPyConnection, source: Source, loaded_at: datetime) -> None:
    """Read the file into a temporary table: typed values, and for each bad row why and what it was.

    Lines that the CSV reader could not split are added too; their `position` is the record's number
    in the file, negated.
    """
    table = source.table
    texts, values, kept = [], [], []
    # What is wrong, and whether the row can do without; the worst is told.
    fatal, mild = [("broken is not null", "broken")], []
    for name in table.key:
        if name not in table.nullable_key:
            fatal.append((f"{identifier(f'text {name}')} is null", f"'has no {name}'"))
    for name, kind in table.columns.items():
        given = identifier(name) if name in source.columns else "null::varchar"
        text = identifier(f"text {name}")
        value = identifier(name)
        # Unknown is null, never an empty string; blanks around a number or time mean nothing.
        trimmed = given if kind == "VARCHAR" else f"trim({given})"
        texts.append(f"nullif({trimmed}, '') as {text}")
        values.append(f"{value_sql(kind, text)} as {value}")
        wrong = (
            _reasons(table, name, kind, text, value, loaded_at) if name in source.columns else []
        )
        if name in table.key or name in NEEDED.get(table.name, ()):
            fatal += wrong
            wrong = []
        mild += wrong
        is_wrong = " or ".join(condition for condition, _ in wrong)
        kept.append(
            f"case when {is_wrong} then null else {value} end as {value}" if wrong else value
        )
    payload = ", ".join(f"{literal(name)}: {identifier(f'text {name}')}" for name in source.columns)
    as_json = f"to_json({{{payload}}})::varchar" if payload else "line"
    is_fatal = " or ".join(f"coalesce({condition}, false)" for condition, _ in fatal)
    reasons = " ".join(f"when {condition} then {said}" for condition, said in [*fatal, *mild])
    connection.execute(
        f"create or replace temp table {_CHECKED} as "
        f"select position, {', '.join(kept)}, {is_fatal} as is_left_out, "
        f"case {reasons} end as reason, case when broken is not null then to_json(line)::varchar "
        f"when reason is not null then {as_json} end as payload from ("
        f"select *, {', '.join(values)} from ("
        f"select row_number() over () as position, broken, line, {', '.join(texts)} "
        f"from {source.relation}))"
    )
    if source.format == "parquet":
        return
    bad = unsplit_lines(connection)
    opened = [line for line, reason, _ in bad if reason == OPEN_QUOTE]
    if opened and source.format == "csv":
        # Such a quote swallows the rows behind it: their number is unknown, and so is their share.
        place = _place(source, -opened[0], set())
        raise ShipworthyError(
            f"{source.path}, line {place}: a quote is not closed, or text follows it; "
            f"nothing of {table.name} was loaded."
        )
    for line, reason, text in bad:
        connection.execute(
            f"insert into {_CHECKED} (position, is_left_out, reason, payload) "
            "values (?, true, ?, ?)",
            [-line, reason, json.dumps(text, ensure_ascii=False)],
        )


def value_sql(kind: str, text: str) -> str:
    """Return the SQL that reads a text as a type; null where it cannot.

    Parameters
    ----------
    kind : str
        Type of a column of the contract.
    text : str
        SQL expression without outer blanks; the connection's time zone is UTC.
    """
    if kind == "VARCHAR":
        return text
    if kind == "BOOLEAN":
        return f"case lower({text}) when 'true' then true when 'false' then false end"
    if kind == "BIGINT":
        return (
            f"case when regexp_full_match({text}, {literal(_WHOLE_NUMBER)}) "
            f"then try_cast(split_part({text}, '.', 1) as bigint) end"
        )
    if kind == "DATE":
        return (
            f"case when regexp_full_match({text}, {literal(_DATE)}) "
            f"then try_cast({text}[:10] as date) end"
        )
    if kind == "TIMESTAMP":
        # Not a cast to TIMESTAMP: DuckDB 2 ignores an offset there.
        return (
            f"case when regexp_full_match({text}, {literal(_TIME)}) then timezone('UTC', "
            f"try_cast(regexp_replace({text}, ' ([Z+-])', '\\1') as timestamptz)) end"
        )
    return f"case when isfinite(try_cast({text} as double)) then try_cast({text} as double) end"


def _reasons(
    table: Table, name: str, kind: str, text: str, value: str, loaded_at: datetime
) -> list[tuple[str, str]]:
    """Return what can be wrong with a column: conditions, and what they mean as SQL's texts."""
    reasons = []
    if name.endswith("_key"):
        reasons.append((f"{text} = {literal(NO_PERSON)}", literal(f"{name} {NOBODY}")))
    if kind == "VARCHAR":
        reasons.append((f"contains({text}, chr(0))", f"'{name} holds a NUL byte'"))
    else:
        reasons.append(
            (f"{text} is not null and {value} is null", f"'{name} is not {_KINDS[kind]}'")
        )
    words = VOCABULARY.get((table.name, name))
    if words:
        allowed = ", ".join(literal(word) for word in words)
        reasons.append(
            (f"{value}::varchar not in ({allowed})", f"'{name} is not one of {', '.join(words)}'")
        )
    if kind == "BIGINT":
        reasons.append((f"{value} < 0", f"'{name} is negative'"))
        reasons.append((f"{value} > {LARGEST_COUNT}", f"'{name} is above {LARGEST_COUNT:,}'"))
    if kind == "DOUBLE":
        reasons.append(
            (f"abs({value}) > {LARGEST_AMOUNT}", f"'{name} is above {LARGEST_AMOUNT:,.0f}'")
        )
    if kind == "TIMESTAMP":
        reasons.append(
            (f"{value} < timestamp '{FIRST_TIME}'", f"'{name} is before {FIRST_TIME:%Y}'")
        )
        reasons.append((f"{value} > timestamp '{loaded_at}'", f"'{name} is after this load'"))
    return reasons


def _count_rows(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    return connection.execute(f"select count(*), count(reason) from {_CHECKED}").fetchall()[0]


def _keep_incomplete(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Leave out rows that would put less in the place of what is there; count those that stay."""
    same_key = " and ".join(
        f"kept.{identifier(name)} is not distinct from {_CHECKED}.{identifier(name)}"
        for name in table.key
    )
    connection.execute(
        f"update {_CHECKED} set is_left_out = true where reason is not null and not is_left_out "
        f"and exists (select 1 from {RAW_SCHEMA}.{table.name} as kept where {same_key})"
    )
    return connection.execute(
        f"select count(*) from {_CHECKED} where reason is not null and not is_left_out"
    ).fetchall()[0][0]


def _too_many_rejected(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    rejected: int,
    total: int,
    max_rejected: float,
) -> ShipworthyError:
    # Lines that could not be split and rows that could each have a first one.
    firsts = connection.execute(
        f"select position, reason, payload from {_CHECKED} where reason is not null "
        "qualify row_number() over (partition by position < 0 order by abs(position)) = 1"
    ).fetchall()
    skipped = {
        -position
        for (position,) in connection.execute(
            f"select position from {_CHECKED} where position < 0"
        ).fetchall()
    }
    place, reason, payload = min(
        (_place(source, position, skipped), reason, payload) for position, reason, payload in firsts
    )
    shown = payload if len(payload) <= 200 else f"{payload[:200]}..."
    unit = "row" if source.format == "parquet" else "line"
    name, is_a_word, words = reason.partition(" is not one of ")
    help_with_words = (
        f"--map '{source.table.name}.{name}:WORD={words.split(', ')[0]}' says what a word means. "
        if is_a_word
        else ""
    )
    return ShipworthyError(
        f"{source.path}: {rejected} of {total} rows break the contract, more than the share of "
        f"{max_rejected} that --max-rejected allows; the first is {unit} {place}: {reason} "
        f"({shown}). {help_with_words}"
        f"Nothing of {source.table.name} was loaded."
    )


def _place(source: Source, position: int, skipped: set[int]) -> int:
    """Return where a row stands: its line in a text file (the first is 1), else its number."""
    if source.format == "parquet":
        return position
    number = 0
    for ordinal, (line, is_row) in enumerate(_records(source), start=1):
        if ordinal == -position:
            return line
        number += is_row and ordinal not in skipped
        if number == position:
            return line
    return abs(position)


def _records(source: Source) -> Iterator[tuple[int, bool]]:
    """Yield the line at which each record of a text file starts, and whether it is a row.

    Values may span lines. DuckDB's own line numbers count records, blank ones and the header too.
    """
    with source.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        if source.format == "ndjson":
            yield from ((line, bool(text.strip())) for line, text in enumerate(file, start=1))
            return
        reader = csv.reader(file)
        start = 1
        for record in reader:
            yield start, bool(record) and start > 1
            start = reader.line_num + 1


def _hide_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Blot out addresses and logins in the rows that are kept as they were."""
    rows = connection.execute(
        f"select distinct payload from {_CHECKED} where payload like '%@%' or payload like '%:%'"
    ).fetchall()
    hidden = [(hide_people(text), text) for (text,) in rows]
    changed = [pair for pair in hidden if pair[0] != pair[1]]
    if changed:
        connection.executemany(f"update {_CHECKED} set payload = ? where payload = ?", changed)


def _keep_rejected(
    connection: duckdb.DuckDBPyConnection, table: Table, loaded_at: datetime
) -> None:
    """Keep the rejected rows, each once: loading the same file again adds none."""
    connection.execute(
        f"insert into {RAW_SCHEMA}.rejected_rows (table_name, reason, payload, loaded_at) "
        f"select distinct ?, reason, payload, ?::timestamp from {_CHECKED} as checked "
        f"where reason is not null and not exists ("
        f"select 1 from {RAW_SCHEMA}.rejected_rows as kept "
        "where kept.table_name = ? and kept.reason = checked.reason "
        "and kept.payload is not distinct from checked.payload)",
        [table.name, loaded_at, table.name],
    )


def forget_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    for name in (_REJECTS, _REJECT_SCANS):
        connection.execute(f"drop table if exists {name}")


def literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
