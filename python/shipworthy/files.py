"""Load inputs from files: CSV, Parquet or NDJSON named after the contract's tables.

DuckDB reads and checks the rows in one pass. A row that breaks the contract goes to
`shipworthy_raw.rejected_rows`; a file whose rows cannot be told apart is refused as a whole. Each
table is a transaction of its own: an error leaves the tables before it loaded, its own untouched.
"""

import csv
import difflib
import glob
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

import duckdb

from shipworthy.contract import RAW_SCHEMA, TABLES, VOCABULARY, Table
from shipworthy.errors import ShipworthyError
from shipworthy.reach import state_reach
from shipworthy.warehouse import connect, merge

_FORMATS = {".csv": "csv", ".parquet": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson"}
# Files that look like data and are not read: better refused than silently left out.
_FOREIGN = frozenset({".json", ".tsv", ".gz", ".zst", ".bz2", ".zip", ".xlsx", ".xls", ".avro"})

_TIME = (
    r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?"
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

# DuckDB would keep whole files in memory while there is some; beyond this it uses the disk, at the
# same speed (measured with 1,000,000 rows of 18 columns: 3.8 s, 710 MB in all).
_MEMORY = "640MB"

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
    """

    table: str
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    rejected: int

    def __add__(self, other: "TableLoad") -> "TableLoad":
        return TableLoad(
            self.table,
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.superseded + other.superseded,
            self.rejected + other.rejected,
        )

    def __str__(self) -> str:
        parts = [f"{self.inserted} new", f"{self.updated} changed", f"{self.unchanged} as before"]
        if self.superseded:
            parts.append(f"{self.superseded} replaced by a later row of their key")
        if self.rejected:
            parts.append(f"{self.rejected} rejected")
        return f"{self.table}: {', '.join(parts)}"


def load_files(
    directory: str | PathLike[str],
    warehouse: str | PathLike[str],
    max_rejected: float = 0.01,
    through: datetime | None = None,
) -> list[TableLoad]:
    """Load every file of a directory that is named after a contract table.

    Rows are merged on the table's key, so that loading a file again changes nothing. Within a file
    an exact repeat counts once; of rows that share a key and differ, the last one wins and the
    others are counted as superseded. A column that the file leaves out is null. How far an export
    reaches is what `through` or a file of watermarks says, never taken from the clock.

    Parameters
    ----------
    directory : path-like
        Holds `deployments.csv`, `incidents.parquet`, `ai_usage.ndjson` and so on. Other kinds of
        files, such as a README, and hidden ones are left alone.
    warehouse : path-like
        The DuckDB file.
    max_rejected : float
        Greatest share (0 to 1) of a table's rows that may break the contract.
    through : datetime, optional
        Up to when the export is complete (naive UTC, see `shipworthy.reach.read_through`); each
        table that is loaded gets a watermark of source `files`.

    Returns
    -------
    list of TableLoad
        In the contract's order of tables.

    Raises
    ------
    ShipworthyError
        Before anything is loaded: if a file or a column is unknown, a table has two files, or a
        header makes no sense. At a table: if too many rows are rejected or it cannot be read.
    """
    if not 0 <= max_rejected <= 1:
        raise ShipworthyError(f"max_rejected is {max_rejected}, not a share between 0 and 1.")
    files = _find_files(Path(directory))
    connection = connect(warehouse)
    try:
        # Times without a zone are UTC, whatever the zone of this machine.
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        sources = [_open(connection, table, path) for table, path in files]
        loads: list[TableLoad] = []
        for source in sources:
            try:
                loads.append(_load(connection, source, max_rejected, through))
            except ShipworthyError as error:
                done = ", ".join(load.table for load in loads)
                before = f" Already loaded: {done}." if done else ""
                raise ShipworthyError(f"{error}{before}") from error
        return loads
    finally:
        connection.close()


# ---------------------------------------------------------------------------- finding files


def _find_files(directory: Path) -> list[tuple[Table, Path]]:
    """Match the files of a directory with tables, in the contract's order."""
    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        raise ShipworthyError(
            f"The directory {directory} cannot be read: {error.strerror}."
        ) from error
    found: dict[str, Path] = {}
    for path in entries:
        suffix = path.suffix.lower()
        if path.name.startswith(".") or suffix not in _FORMATS.keys() | _FOREIGN:
            continue
        if suffix in _FOREIGN:
            raise ShipworthyError(
                f"{path} is of a kind that is not loaded; give CSV, Parquet or NDJSON "
                "(.csv, .parquet, .ndjson)."
            )
        if path.stem not in TABLES:
            raise ShipworthyError(
                f"{path} is not named after a table{_nearest(path.stem, TABLES)}; "
                f"the tables are {', '.join(TABLES)}."
            )
        if path.stem in found:
            raise ShipworthyError(
                f"{path.stem} has two files, {found[path.stem].name} and {path.name}; leave one."
            )
        if not path.is_file():
            raise ShipworthyError(f"{path} is not a file.")
        found[path.stem] = path
    if not found:
        raise ShipworthyError(
            f"The directory {directory} holds no file named after a table, such as deployments.csv."
        )
    return [(table, found[name]) for name, table in TABLES.items() if name in found]


def _nearest(name: str, known: dict[str, object]) -> str:
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" (did you mean {matches[0]}?)" if matches else ""


# --------------------------------------------------------------------------- opening a file


@dataclass(frozen=True)
class Source:
    """Rows that are ready to be read.

    `path` is the file, for sentences.

    `relation` yields its rows in order as text, one column each for the columns that it has, and a
    column `broken` that is the reason why a row could not be read at all, with the row in `line`.
    """

    table: Table
    path: Path
    format: str
    columns: tuple[str, ...]
    relation: str


def _open(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    """Look at the columns of a file and refuse it if they are not the table's."""
    kind = _FORMATS[path.suffix.lower()]
    try:
        if kind == "csv":
            columns = csv_header(path)
            relation = csv_relation(path, columns)
        elif kind == "parquet":
            columns, relation = _parquet(connection, [path])
        else:
            columns = _ndjson_keys(connection, path)
            relation = _ndjson_relation(path, columns)
    except OSError as error:
        raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error
    except duckdb.Error as error:
        raise _unreadable(path, error) from error
    for column in columns:
        if column not in table.columns:
            raise ShipworthyError(
                f"{path} has a column {column!r} that {table.name} does not know"
                f"{_nearest(column, table.columns)}; its columns are {', '.join(table.columns)}."
            )
    return Source(table, path, kind, tuple(columns), relation)


def csv_header(path: Path) -> list[str]:
    """Return the columns that the first line of a CSV file names.

    Raises
    ------
    ShipworthyError
        If it makes no sense, or the file is empty.
    """
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ShipworthyError(f"{path} is in UTF-16; save it in UTF-8.")
    header = re.split(rb"[\r\n]", start, maxsplit=1)[0]
    try:
        columns = next(csv.reader([header.decode("utf-8-sig")], strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise ShipworthyError(
            f"{path}, line 1: the header is not a line of CSV in UTF-8."
        ) from error
    columns = [name.strip() for name in columns]
    if not any(columns):
        raise ShipworthyError(f"{path} is empty: its first line must name the columns.")
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        raise ShipworthyError(f"{path}, line 1: separate the columns with commas.")
    repeated = {name for name in columns if columns.count(name) > 1}
    if repeated:
        raise ShipworthyError(f"{path}, line 1: {min(repeated)!r} is named twice.")
    return columns


def csv_relation(path: Path, columns: list[str]) -> str:
    """Return the SQL that reads a CSV file as text, `broken` and `line` (both null) added.

    Lines that cannot be split are left out; `unsplit_lines` has them afterwards.
    """
    text = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"(select *, null::varchar as broken, null::varchar as line from read_csv({_file(path)}, "
        "auto_detect = false, header = true, strict_mode = true, delim = ',', quote = '\"', "
        f"escape = '\"', columns = {{{text}}}, {_KEEP_REJECTS}))"
    )


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


_KEEP_REJECTS = (
    "hive_partitioning = false, ignore_errors = true, store_rejects = true, rejects_limit = 0, "
    f"rejects_table = '{_REJECTS}', rejects_scan = '{_REJECT_SCANS}'"
)


def spooled(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    paths: list[Path],
    version: str,
    ranks: tuple[str, ...] = (),
) -> Source:
    """Return the rows of Parquet files of one table's columns, oldest version first.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Will read them.
    table : Table
        The contract table.
    paths : list of Path
        At least one.
    version : str
        Column beside the contract's that orders rows of one key (the last one wins).
    ranks : tuple of str
        SQL expressions on the contract's columns that order them before that.
    """
    columns, relation = _parquet(connection, paths, version, ranks)
    columns = [name for name in columns if name in table.columns]
    return Source(table, paths[0], "parquet", tuple(columns), relation)


def _parquet(
    connection: duckdb.DuckDBPyConnection,
    paths: list[Path],
    version: str | None = None,
    ranks: tuple[str, ...] = (),
) -> tuple[list[str], str]:
    files = f"[{', '.join(map(_file, paths))}], hive_partitioning = false, union_by_name = true"
    described = connection.execute(f"describe select * from read_parquet({files})").fetchall()
    columns = [row[0] for row in described]
    selected = []
    for name, kind, *_ in described:
        column = _identifier(name)
        text = f"cast({column} as varchar)"
        if kind in ("FLOAT", "DOUBLE"):
            # What writes Parquet from data frames says NaN where it means null.
            text = f"case when not isnan({column}) then {text} end"
        selected.append(f"{text} as {column}")
    source, order = f"read_parquet({files})", ""
    if ranks:
        # As columns of their own: an `order by` would take the names for the texts selected. The
        # last two make an end of ties, so that every run keeps the same row.
        contents = f"hash({', '.join(map(_identifier, columns))})"
        named = [f"{rank} as _rank_{place}" for place, rank in enumerate((*ranks, contents))]
        order = "".join(f"_rank_{place}, " for place in range(len(ranks)))
        source = f"(select *, {', '.join(named)} from {source})"
    if version:
        order += f"{_identifier(version)} nulls first"
        order += f", _rank_{len(ranks)}" if ranks else ""
    relation = (
        f"(select {', '.join(selected)}, null::varchar as broken, null::varchar as line "
        f"from {source}{' order by ' + order if order else ''})"
    )
    return columns, relation


def _ndjson_lines(path: Path) -> str:
    # Lines are split by the CSV reader with a separator that cannot stand in JSON, because the JSON
    # reader stops at the first line that is not JSON, or hides it.
    return (
        f"(select trim(line) as line from read_csv({_file(path)}, auto_detect = false, "
        "header = false, strict_mode = false, delim = '\x01', quote = '', escape = '', "
        f"columns = {{'line': 'VARCHAR'}}, {_KEEP_REJECTS}) where trim(line) != '')"
    )


# A `case`, since the two sides of an `and` may be tried in any order.
_IS_OBJECT = "case when json_valid(line) then json_type(line) = 'OBJECT' else false end"


def _ndjson_keys(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    _forget_rejects(connection)
    rows = connection.execute(
        f"select distinct unnest(case when {_IS_OBJECT} then json_keys(line) end) as key "
        f"from {_ndjson_lines(path)} order by key"
    ).fetchall()
    return [row[0] for row in rows]


def _ndjson_relation(path: Path, columns: list[str]) -> str:
    lines = _ndjson_lines(path)
    broken = f"case when not {_IS_OBJECT} then 'is not a JSON object' end as broken"
    if not columns:
        return f"(select {broken}, line from {lines})"
    structure = _literal(json.dumps(dict.fromkeys(columns, "VARCHAR")))
    return (
        f"(select unnest(from_json(case when {_IS_OBJECT} then line else '{{}}' end, "
        f"{structure})), {broken}, line from {lines})"
    )


def _unreadable(path: Path, error: duckdb.Error) -> ShipworthyError:
    text = str(error)
    if "state machine reached an invalid state" in text:
        return ShipworthyError(
            f"{path} mixes line endings (CR LF with LF); convert it to one of them."
        )
    first_line = text.strip().splitlines()[0]
    return ShipworthyError(f"{path} cannot be read: {first_line}")


# ---------------------------------------------------------------------------- loading a table


def _load(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    max_rejected: float,
    through: datetime | None,
) -> TableLoad:
    """Read, check and merge one file in one transaction, and say how far it reaches."""
    loaded_at = datetime.now(UTC).replace(tzinfo=None)
    connection.execute("begin")
    try:
        loaded = admit(connection, source, loaded_at, max_rejected)
        if through is not None:
            state_reach(connection, source.table.name, through, loaded_at, loaded.rejected)
        connection.execute("commit")
    except duckdb.Error as error:
        connection.execute("rollback")
        raise _unreadable(source.path, error) from error
    except BaseException:
        connection.execute("rollback")
        raise
    return loaded


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
    _forget_rejects(connection)
    _check(connection, source, loaded_at)
    total, rejected = _count_rows(connection)
    if rejected > max_rejected * total:
        raise _too_many_rejected(connection, source, rejected, total, max_rejected)
    names = ", ".join(_identifier(name) for name in source.table.columns)
    merged = merge(
        connection,
        source.table,
        f"(select {names} from {_CHECKED} where reason is null and ({where}) order by position)",
    )
    if rejected:
        _keep_rejected(connection, source.table, loaded_at)
    connection.execute(f"drop table {_CHECKED}")
    return TableLoad(
        source.table.name,
        merged.inserted,
        merged.updated,
        merged.unchanged,
        merged.superseded,
        rejected,
    )


def _check(connection: duckdb.DuckDBPyConnection, source: Source, loaded_at: datetime) -> None:
    """Read the file into a temporary table: typed values, and for each bad row why and what it was.

    Lines that the CSV reader could not split are added too; their `position` is the record's number
    in the file, negated.
    """
    table = source.table
    texts, values, reasons = [], [], ["when broken is not null then broken"]
    for name in table.key:
        if name not in table.nullable_key:
            reasons.append(f"when {_identifier(f'text {name}')} is null then 'has no {name}'")
    for name, kind in table.columns.items():
        given = _identifier(name) if name in source.columns else "null::varchar"
        text = _identifier(f"text {name}")
        value = _identifier(name)
        # Unknown is null, never an empty string; blanks around a number or time mean nothing.
        trimmed = given if kind == "VARCHAR" else f"trim({given})"
        texts.append(f"nullif({trimmed}, '') as {text}")
        values.append(f"{_value(kind, text)} as {value}")
        if name in source.columns:
            reasons += _reasons(table, name, kind, text, value, loaded_at)
    payload = ", ".join(
        f"{_literal(name)}: {_identifier(f'text {name}')}" for name in source.columns
    )
    as_json = f"to_json({{{payload}}})::varchar" if payload else "line"
    columns = ", ".join(_identifier(name) for name in table.columns)
    connection.execute(
        f"create or replace temp table {_CHECKED} as "
        f"select position, {columns}, case {' '.join(reasons)} end as reason, "
        f"case when broken is not null then to_json(line)::varchar "
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
            f"insert into {_CHECKED} (position, reason, payload) values (?, ?, ?)",
            [-line, reason, json.dumps(text, ensure_ascii=False)],
        )


def _value(kind: str, text: str) -> str:
    """Return the SQL that reads a text as a type; null where it cannot."""
    if kind == "VARCHAR":
        return text
    if kind == "BOOLEAN":
        return f"case lower({text}) when 'true' then true when 'false' then false end"
    if kind == "BIGINT":
        return (
            f"case when regexp_full_match({text}, {_literal(_WHOLE_NUMBER)}) "
            f"then try_cast(split_part({text}, '.', 1) as bigint) end"
        )
    if kind == "DATE":
        return (
            f"case when regexp_full_match({text}, {_literal(_DATE)}) "
            f"then try_cast({text}[:10] as date) end"
        )
    if kind == "TIMESTAMP":
        # Not a cast to TIMESTAMP: DuckDB 2 ignores an offset there.
        return (
            f"case when regexp_full_match({text}, {_literal(_TIME)}) then timezone('UTC', "
            f"try_cast(regexp_replace({text}, ' ([Z+-])', '\\1') as timestamptz)) end"
        )
    return f"case when isfinite(try_cast({text} as double)) then try_cast({text} as double) end"


def _reasons(
    table: Table, name: str, kind: str, text: str, value: str, loaded_at: datetime
) -> list[str]:
    """Return what can be wrong with a column, as branches of a `case`."""
    reasons = []
    if kind == "VARCHAR":
        reasons.append(f"when contains({text}, chr(0)) then '{name} holds a NUL byte'")
    else:
        reasons.append(
            f"when {text} is not null and {value} is null then '{name} is not {_KINDS[kind]}'"
        )
    words = VOCABULARY.get((table.name, name))
    if words:
        allowed = ", ".join(_literal(word) for word in words)
        reasons.append(
            f"when {value}::varchar not in ({allowed}) "
            f"then '{name} is not one of {', '.join(words)}'"
        )
    if kind == "BIGINT":
        reasons.append(f"when {value} < 0 then '{name} is negative'")
    if kind == "TIMESTAMP":
        reasons.append(f"when {value} > timestamp '{loaded_at}' then '{name} is after this load'")
    return reasons


def _count_rows(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    return connection.execute(f"select count(*), count(reason) from {_CHECKED}").fetchall()[0]


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
    return ShipworthyError(
        f"{source.path}: {rejected} of {total} rows break the contract, more than the share of "
        f"{max_rejected} that --max-rejected allows; the first is {unit} {place}: {reason} "
        f"({shown}). "
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


def _forget_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    for name in (_REJECTS, _REJECT_SCANS):
        connection.execute(f"drop table if exists {name}")


def _file(path: Path) -> str:
    # DuckDB reads names as patterns.
    return _literal(glob.escape(str(path)))


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
