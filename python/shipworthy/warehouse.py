"""The warehouse: one DuckDB file that the loaders fill and dbt reads.

Every loader goes through `connect`, which makes all contract tables, and `merge`, by which a repeat
or an overlap changes nothing.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from shipworthy.contract import RAW_SCHEMA, REJECTED_ROWS, TABLES, Table
from shipworthy.errors import DISK_FULL, ShipworthyError

WAREHOUSE_VARIABLE = "SHIPWORTHY_WAREHOUSE"
DEFAULT_WAREHOUSE = "warehouse.duckdb"

# DuckDB names the catalog after the file. A catalog that is called like one of these schemas makes
# `shipworthy.some_table` ambiguous, and every query on it fails.
_RESERVED_STEMS = frozenset(
    {
        "main",
        "restricted",
        "shipworthy",
        "shipworthy_demo",
        "shipworthy_intermediate",
        "shipworthy_raw",
        "shipworthy_reference",
        "shipworthy_staging",
    }
)

# DuckDB 2 writes by default a format that no 1.x client opens; BI tools are often a version behind.
STORAGE_VERSION = "v1.4.0"

_STAGED = "_shipworthy_staged"
_STARTED = time.time()
# Fails where the contract has a table or a column that the warehouse has not.
_EVERY_COLUMN = " union all ".join(
    "select 1 from (select "
    + ", ".join(f'"{name}"' for name in table.columns)
    + f" from {RAW_SCHEMA}.{table.name} limit 0)"
    for table in (*TABLES.values(), REJECTED_ROWS)
)
# Of one reason, each under its subject.
_MOST_FINDINGS = 100


@dataclass(frozen=True)
class MergeCounts:
    """What a merge did.

    Parameters
    ----------
    inserted, updated, unchanged : int
        Rows of the target, one per key of the source.
    superseded : int
        Source rows that differ from the later row of the same key which won.
    """

    inserted: int
    updated: int
    unchanged: int
    superseded: int


@dataclass(frozen=True)
class Finding:
    """Something that a load left out, or may have read wrongly.

    Parameters
    ----------
    input : str
        The contract's table that it concerns.
    reason : str
        What it is, in `snake_case`.
    subject : str
        What it was found at: a commit, an account, a trailer.
    row_count : int
        How many rows (or commits, or files) are concerned.
    """

    input: str
    reason: str
    subject: str
    row_count: int = 1


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a warehouse that exists, to read it; nothing is made or written.

    Parameters
    ----------
    path : path-like
        The DuckDB file.

    Raises
    ------
    ShipworthyError
        If it is locked, unreadable, damaged or not DuckDB's, whenever that turns out.
    """
    path = Path(path)
    _refuse_odd_name(path)
    if path.exists() and not os.access(path, os.R_OK):
        raise ShipworthyError(f"The warehouse {path} cannot be read: you are not allowed to.")
    _refuse_foreign(path)
    # Without the first DuckDB takes a missing table for a Python object of the same name.
    config: dict[str, str | bool | int | float | list[str]] = {
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
    }
    try:
        with duckdb.connect(str(path), read_only=True, config=config) as connection:
            connection.execute("set enable_progress_bar = false")
            yield connection
    except (duckdb.Error, RuntimeError, UnicodeError, MemoryError) as error:
        raise ShipworthyError(explain(path, error)) from error


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Begin, and commit what the block does; whatever goes wrong leaves nothing of it.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        A connection from `connect`, outside of any transaction.

    Raises
    ------
    ShipworthyError
        If the warehouse cannot be written: the disk is full, or has become read-only.
    """
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException as error:
        # A commit that fails has ended the transaction; the error is the one worth telling.
        with suppress(duckdb.Error):
            connection.execute("rollback")
        # What the system refuses inside the block is some other file.
        reason = unwritable(error) if isinstance(error, duckdb.Error) else None
        if reason is None:
            raise
        raise ShipworthyError(
            f"The warehouse could not be written ({reason}), and nothing of this was kept; free "
            "some space or make its directory writable, and load again."
        ) from error


def unwritable(error: BaseException) -> str | None:
    """Return why an error says that the disk takes no more; None if it says something else.

    Parameters
    ----------
    error : BaseException
        What DuckDB raised, or the operating system.
    """
    if isinstance(error, OSError):
        return error.strerror.lower() if error.errno in DISK_FULL else None
    if not isinstance(error, duckdb.Error):
        return None
    for number in DISK_FULL:
        if os.strerror(number) in str(error):
            return os.strerror(number).lower()
    return None


def warehouse_path() -> Path:
    """Return where the warehouse is: `SHIPWORTHY_WAREHOUSE`, else `warehouse.duckdb` right here.

    Raises
    ------
    ShipworthyError
        If the file has the name of a schema, so that DuckDB could not tell the two apart.
    """
    path = Path(os.environ.get(WAREHOUSE_VARIABLE) or DEFAULT_WAREHOUSE)
    _refuse_odd_name(path)
    return path


def connect(path: str | os.PathLike[str]) -> duckdb.DuckDBPyConnection:
    """Open the warehouse, making the file, the raw schema and the contract's tables if need be.

    A table that an older version made gets the columns it lacks. Nothing is ever dropped.

    Parameters
    ----------
    path : path-like
        The DuckDB file.

    Returns
    -------
    duckdb.DuckDBPyConnection
        The caller closes it. It holds the file's lock: no other process can read meanwhile.

    Raises
    ------
    ShipworthyError
        If the file is locked, not DuckDB's, a directory, badly named, or cannot be written.
    """
    path = Path(path)
    _refuse_odd_name(path)
    if path.is_dir():
        raise ShipworthyError(f"The warehouse {path} is a directory; name a file in it.")
    if not path.parent.is_dir():
        raise ShipworthyError(
            f"The warehouse's directory {path.parent} does not exist; make it, "
            f"or set {WAREHOUSE_VARIABLE} to another file."
        )
    _refuse_foreign(path)
    is_new = not path.exists()
    try:
        connection = duckdb.connect(
            str(path),
            config={
                "storage_compatibility_version": STORAGE_VERSION,
                "autoinstall_known_extensions": False,
            },
        )
    except duckdb.Error as error:
        raise ShipworthyError(explain(path, error)) from error
    try:
        # It would write to standard output, even where that is a file.
        connection.execute("set enable_progress_bar = false")
        _remove_spilled(path)
        _create_tables(connection, is_new)
    except duckdb.Error as error:
        connection.close()
        raise ShipworthyError(explain(path, error)) from error
    return connection


def _remove_spilled(path: Path) -> None:
    """Remove what DuckDB spilled beside the warehouse in a run that was killed.

    The file's lock is held: only a process that is over can have written what is older than this
    one. DuckDB itself removes no directory that it has found there.
    """
    spilled = path.with_name(f"{path.name}.tmp")
    with suppress(OSError):
        for file in spilled.glob("duckdb_temp_*"):
            if file.lstat().st_mtime < _STARTED:
                file.unlink()
        spilled.rmdir()


def merge(
    connection: duckdb.DuckDBPyConnection, table: Table | str, source_relation: str
) -> MergeCounts:
    """Merge rows into a contract table on its key, within the caller's transaction.

    A whole row replaces a whole row: columns that the source leaves out become null. Where the
    source holds a key more than once, its last row wins. Rows that are already there as they are
    stay untouched, so a repeated load writes nothing.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        A connection from `connect`; beginning and committing is the caller's business.
    table : Table or str
        The target, or its name.
    source_relation : str
        What the connection knows the rows by: a table, a view, a registered Arrow table, or a query
        in parentheses. It is read once, in its own order.

    Returns
    -------
    MergeCounts

    Raises
    ------
    ShipworthyError
        If a source row lacks a key column, or the source has a column that the contract has not.
    """
    table = TABLES[table] if isinstance(table, str) else table
    target = f"{RAW_SCHEMA}.{table.name}"
    source_columns = [
        row[0] for row in connection.execute(f"describe select * from {source_relation}").fetchall()
    ]
    unknown = [column for column in source_columns if column not in table.columns]
    if unknown:
        raise ShipworthyError(
            f"Rows for {table.name} have columns that it does not know: {', '.join(unknown)}."
        )
    superseded = _stage(connection, table, source_relation, source_columns)
    staged = _count(connection, f"select count(*) from {_STAGED}")
    same_key = " and ".join(
        f'target."{column}" {_equals(table, column)} source."{column}"' for column in table.key
    )
    payload = [column for column in table.columns if column not in table.key]
    updated = 0
    if payload:
        assignments = ", ".join(f'"{column}" = source."{column}"' for column in payload)
        differs = " or ".join(
            f'target."{column}" is distinct from source."{column}"' for column in payload
        )
        updated = _count(
            connection,
            f"update {target} as target set {assignments} from {_STAGED} as source "
            f"where {same_key} and ({differs})",
        )
    names = ", ".join(f'"{column}"' for column in table.columns)
    inserted = _count(
        connection,
        f"insert into {target} ({names}) select {names} from {_STAGED} as source "
        f"where not exists (select 1 from {target} as target where {same_key})",
    )
    # No try/finally: after a failed statement the caller's transaction is aborted, and its rollback
    # takes the staged rows with it.
    connection.execute(f"drop table {_STAGED}")
    return MergeCounts(
        inserted=inserted,
        updated=updated,
        unchanged=staged - inserted - updated,
        superseded=superseded,
    )


def read_findings(connection: duckdb.DuckDBPyConnection, source: str) -> list[Finding]:
    """Return what the last load of a source found odd (see `replace_findings`)."""
    rows = connection.execute(
        f"select input, reason, subject, row_count from {RAW_SCHEMA}.load_findings "
        "where source = ? order by all",
        [source],
    ).fetchall()
    return [Finding(*row) for row in rows]


def list_findings(input_name: str, reason: str, subjects: Sequence[str]) -> list[Finding]:
    """Return a finding for each subject; of very many, the rest under one name (`others`)."""
    found = [Finding(input_name, reason, subject) for subject in subjects[:_MOST_FINDINGS]]
    if len(subjects) > _MOST_FINDINGS:
        found.append(Finding(input_name, reason, "others", len(subjects) - _MOST_FINDINGS))
    return found


def replace_findings(
    connection: duckdb.DuckDBPyConnection, source: str, findings: Iterable[Finding]
) -> None:
    """Write what a load of a source found odd instead of what its last one did.

    Within the caller's transaction. Counts of the same input, reason and subject are added up; what
    was found before keeps the time at which it was found first.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        A connection from `connect`.
    source : str
        As in `load_watermarks`: `git:owner/name`, `github:owner/name`, `files`.
    findings : iterable of Finding
        All that this load knows; a load that reads only what is new passes on what
        `read_findings` says of the rest.
    """
    counts: dict[tuple[str, str, str], int] = {}
    for finding in findings:
        key = finding.input, finding.reason, finding.subject
        counts[key] = counts.get(key, 0) + finding.row_count
    table = f"{RAW_SCHEMA}.load_findings"
    known = {
        tuple(row[:3]): row[3]
        for row in connection.execute(
            f"select input, reason, subject, found_at from {table} where source = ?", [source]
        ).fetchall()
    }
    connection.execute(f"delete from {table} where source = ?", [source])
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [[key[0], source, *key[1:], count, known.get(key, now)] for key, count in counts.items()]
    if rows:
        connection.executemany(
            f"insert into {table} (input, source, reason, subject, row_count, found_at) "
            "values (?, ?, ?, ?, ?, ?)",
            rows,
        )


def replace_left_out(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    table: str,
    reason: str,
    subjects: Mapping[str, int],
) -> None:
    """Write what a load of a source left out for one reason, instead of what its last one did.

    Within the caller's transaction.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        A connection from `connect`.
    source : str
        As in `load_watermarks`.
    table : str
        The contract's table.
    reason : str
        `rejected_row` or `passed_over`.
    subjects : mapping of str to int
        How many rows by what they are, or by what is wrong with them; nothing else of them is kept.
    """
    findings = f"{RAW_SCHEMA}.load_findings"
    mine = "where source = ? and input = ? and reason = ?"
    known = dict(
        connection.execute(
            f"select subject, found_at from {findings} {mine}", [source, table, reason]
        ).fetchall()
    )
    connection.execute(f"delete from {findings} {mine}", [source, table, reason])
    now = datetime.now(UTC).replace(tzinfo=None)
    often = sorted(subjects.items(), key=lambda item: (-item[1], item[0]))
    told = dict(often[:_MOST_FINDINGS])
    if len(often) > _MOST_FINDINGS:
        told["others"] = sum(count for _, count in often[_MOST_FINDINGS:])
    for subject, count in told.items():
        connection.execute(
            f"insert into {findings} (input, source, reason, subject, row_count, found_at) "
            "values (?, ?, ?, ?, ?, ?)",
            [table, source, reason, subject, count, known.get(subject, now)],
        )


def _refuse_odd_name(path: Path) -> None:
    # DuckDB takes these for no file: what is loaded would be gone, or sent to a service.
    name = str(path)
    if name.startswith(":memory:") or re.match(r"(md|motherduck):|[a-z0-9]{2,}:/", name):
        raise ShipworthyError(
            f"The warehouse must be a file, and {name} is none: set {WAREHOUSE_VARIABLE} to a path "
            f"such as {DEFAULT_WAREHOUSE}."
        )
    # DuckDB takes the name up to the first dot: main.v2.duckdb becomes the catalog `main`.
    stem = path.name.split(".")[0].lower()
    if stem in _RESERVED_STEMS:
        raise ShipworthyError(
            f"The warehouse {path} must not be called {stem}: a schema in it has that name, and "
            f"DuckDB could not tell the two apart; call it {DEFAULT_WAREHOUSE}, for instance."
        )


def _refuse_foreign(path: Path) -> None:
    """Refuse a file of another kind: DuckDB would ask the network for what reads it."""
    if os.path.exists(path) and not (path.is_file() or path.is_dir()):
        # DuckDB would wait for ever for somebody to write into a pipe.
        raise ShipworthyError(f"The warehouse {path} is not a file; name another one.")
    if not path.is_file() or not os.access(path, os.R_OK):
        return
    with path.open("rb") as file:
        start = file.read(12)
    # DuckDB makes a database of an empty file.
    if start and start[8:] != b"DUCK":
        raise ShipworthyError(
            f"The file {path} is not a DuckDB database; name another file, or remove it."
        )


def explain(path: Path, error: Exception) -> str:
    """Tell in one sentence why the file cannot be opened.

    Parameters
    ----------
    path : Path
        The file.
    error : Exception
        What DuckDB raised.
    """
    text = str(error)
    if "Could not set lock" in text:
        holder = re.search(r"\(PID (\d+)\)", text)
        by = f"process {holder[1]}" if holder else "another process"
        return f"The warehouse {path} is in use by {by}; close it there, or wait until it is done."
    if "different configuration" in text:
        return f"The warehouse {path} is already open in this process; close that connection first."
    if "not a valid DuckDB database" in text:
        return f"The file {path} is not a DuckDB database; name another file, or remove it."
    if "version number" in text:
        return f"The warehouse {path} was written by a newer DuckDB than this one; upgrade duckdb."
    first_line = (text.strip().splitlines() or [type(error).__name__])[0]
    if _is_damage(error):
        return (
            f"The warehouse {path} is damaged ({first_line}); restore it from a copy, or load "
            "everything into a new one."
        )
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return f"The warehouse {path} cannot be written: its file or directory is read-only."
    reason = unwritable(error)
    if reason:
        return f"The warehouse {path} cannot be written: {reason}."
    return f"The warehouse {path} cannot be opened: {first_line}"


def _is_damage(error: Exception) -> bool:
    """Return whether an error is one of those that only damaged bytes bring about."""
    kinds = (
        duckdb.FatalException,
        duckdb.InternalException,
        duckdb.SerializationException,
        RuntimeError,
        UnicodeError,
        MemoryError,
    )
    return isinstance(error, kinds) or "orrupt" in str(error)


def _create_tables(connection: duckdb.DuckDBPyConnection, is_new: bool) -> None:
    """Make the raw schema and all contract tables, and add columns that older tables lack."""
    present: dict[str, set[str]] = {}
    if not is_new:
        # Before DuckDB lists what there is it makes all of its own views: four times as long.
        with suppress(duckdb.CatalogException, duckdb.BinderException):
            connection.execute(_EVERY_COLUMN)
            return
        for name, column in connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_catalog = current_catalog() and table_schema = ?",
            [RAW_SCHEMA],
        ).fetchall():
            present.setdefault(name, set()).add(column)
    statements = [f"create schema if not exists {RAW_SCHEMA}"]
    for table in (*TABLES.values(), REJECTED_ROWS):
        if table.name not in present:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns.items())
            statements.append(f"create table if not exists {RAW_SCHEMA}.{table.name} ({columns})")
            continue
        statements += [
            f'alter table {RAW_SCHEMA}.{table.name} add column "{name}" {kind}'
            for name, kind in table.columns.items()
            if name not in present[table.name]
        ]
    if len(statements) == 1 and present:
        return
    connection.execute("; ".join(["begin", *statements, "commit"]))


def _stage(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    source_relation: str,
    source_columns: list[str],
) -> int:
    """Copy the source, typed, one row a key, into a temporary table; count what lost a conflict."""
    given = set(source_columns)
    casts = ", ".join(
        (f'cast("{name}" as {kind})' if name in given else f"cast(null as {kind})")
        + f' as "{name}"'
        for name, kind in table.columns.items()
    )
    connection.execute(
        f"create or replace temp table {_STAGED} as select {casts} from {source_relation}"
    )
    required = [column for column in table.key if column not in table.nullable_key]
    missing = " or ".join(f'"{column}" is null' for column in required)
    keyless = _count(connection, f"select count(*) from {_STAGED} where {missing}")
    if keyless:
        raise ShipworthyError(
            f"Rows for {table.name} lack a part of their key ({', '.join(required)}): {keyless}."
        )
    key = ", ".join(f'"{column}"' for column in table.key)
    repeated = f"select {key} from {_STAGED} group by {key} having count(*) > 1"
    if not _count(connection, f"select count(*) from ({repeated})"):
        return 0
    # A temporary table keeps the order of the source in its rowid.
    names = ", ".join(f'"{column}"' for column in table.columns)
    ranked = (
        f"select rowid as row_id, hash({names}) as content, "
        f"last_value(rowid) over same_key as last_row_id, "
        f"last_value(hash({names})) over same_key as last_content from {_STAGED} "
        f"window same_key as (partition by {key} order by rowid "
        "rows between unbounded preceding and unbounded following)"
    )
    connection.execute(
        f"create or replace temp table {_STAGED}_lost as "
        f"select row_id, content != last_content as differs from ({ranked}) "
        "where row_id != last_row_id"
    )
    superseded = _count(connection, f"select count(*) from {_STAGED}_lost where differs")
    connection.execute(f"delete from {_STAGED} where rowid in (select row_id from {_STAGED}_lost)")
    connection.execute(f"drop table {_STAGED}_lost")
    return superseded


def _equals(table: Table, column: str) -> str:
    return "is not distinct from" if column in table.nullable_key else "="


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Run a statement whose one result is a number: a count, or the rows that it changed."""
    # Not fetchone(): it leaves the result open, and the connection's next statement fails.
    return connection.execute(statement).fetchall()[0][0]
