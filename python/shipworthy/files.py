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
from collections.abc import Mapping
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

import duckdb

from shipworthy.admission import (
    KEEP_REJECTS,
    Source,
    TableLoad,
    admit,
    forget_rejects,
    identifier,
    literal,
)
from shipworthy.contract import TABLES, Table
from shipworthy.errors import ShipworthyError
from shipworthy.exports import (
    ExportMap,
    make_keys,
    names_people,
    rename_columns,
    speak_contract,
)
from shipworthy.reach import state_reach
from shipworthy.salt import salt_of
from shipworthy.warehouse import connect, replace_left_out, transaction

_FORMATS = {".csv": "csv", ".parquet": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson"}
# Files that look like data and are not read: better refused than silently left out.
_FOREIGN = frozenset({".json", ".tsv", ".gz", ".zst", ".bz2", ".zip", ".xlsx", ".xls", ".avro"})

# DuckDB would keep whole files in memory while there is some; beyond this it uses the disk, at the
# same speed (measured with 1,000,000 rows of 18 columns: 3.8 s, 710 MB in all).
_MEMORY = "640MB"


def load_files(
    directory: str | PathLike[str],
    warehouse: str | PathLike[str],
    max_rejected: float = 0.01,
    through: datetime | None = None,
    maps: Mapping[str, ExportMap] | None = None,
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
    maps : mapping of str to ExportMap, optional
        By table, what the export calls its columns and words.

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
        sources = [
            _open(connection, table, path, (maps or {}).get(table.name, ExportMap()))
            for table, path in files
        ]
        if any(source.names_people for source in sources):
            salt = salt_of(connection, warehouse)
            make_keys(connection, lambda: salt)
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


def _nearest(name: str, known: Mapping[str, object]) -> str:
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" (did you mean {matches[0]}?)" if matches else ""


# --------------------------------------------------------------------------- opening a file


def _open(
    connection: duckdb.DuckDBPyConnection, table: Table, path: Path, export: ExportMap
) -> Source:
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
        named = rename_columns(columns, export, path)
        unknown = [name for name, column in named if column not in table.columns]
        if unknown:
            listed = ", ".join(f"{one!r}{_nearest(one, table.columns)}" for one in unknown)
            first = f"{table.name}.{unknown[0]}"
            raise ShipworthyError(
                f"{path} has {'columns' if len(unknown) > 1 else 'a column'} that {table.name} "
                f"does not know: {listed}. Its columns are {', '.join(table.columns)}. "
                f"--map '{first}=NAME' says which of these one is, --map '{first}=' leaves it out."
            )
        found = names_people(connection, relation, named)
    except OSError as error:
        raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error
    except duckdb.Error as error:
        raise _unreadable(path, error) from error
    if columns:
        relation = speak_contract(relation, named, export, found)
    return Source(table, path, kind, tuple(to for _, to in named), relation, found)


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
    text = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"(select *, null::varchar as broken, null::varchar as line from read_csv({_file(path)}, "
        "auto_detect = false, header = true, strict_mode = true, delim = ',', quote = '\"', "
        f"escape = '\"', columns = {{{text}}}, {KEEP_REJECTS}))"
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
        column = identifier(name)
        text = f"cast({column} as varchar)"
        if kind in ("FLOAT", "DOUBLE"):
            # What writes Parquet from data frames says NaN where it means null.
            text = f"case when not isnan({column}) then {text} end"
        selected.append(f"{text} as {column}")
    source, order = f"read_parquet({files})", ""
    if ranks:
        # As columns of their own: an `order by` would take the names for the texts selected. The
        # last two make an end of ties, so that every run keeps the same row.
        contents = f"hash({', '.join(map(identifier, columns))})"
        named = [f"{rank} as _rank_{place}" for place, rank in enumerate((*ranks, contents))]
        order = "".join(f"_rank_{place}, " for place in range(len(ranks)))
        source = f"(select *, {', '.join(named)} from {source})"
    if version:
        order += f"{identifier(version)} nulls first"
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
        f"columns = {{'line': 'VARCHAR'}}, {KEEP_REJECTS}) where trim(line) != '')"
    )


# A `case`, since the two sides of an `and` may be tried in any order.
_IS_OBJECT = "case when json_valid(line) then json_type(line) = 'OBJECT' else false end"


def _ndjson_keys(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    forget_rejects(connection)
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
    structure = literal(json.dumps(dict.fromkeys(columns, "VARCHAR")))
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
    try:
        with transaction(connection):
            loaded = admit(connection, source, loaded_at, max_rejected)
            replace_left_out(connection, "files", source.table.name, "rejected_row", loaded.reasons)
            if through is not None:
                state_reach(connection, source.table.name, through, loaded_at, loaded.rejected)
    except duckdb.Error as error:
        raise _unreadable(source.path, error) from error
    return loaded


def _file(path: Path) -> str:
    # DuckDB reads names as patterns.
    return literal(glob.escape(str(path)))
