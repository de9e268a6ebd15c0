"""Run a vendor's dlt source and commit what it yields to the warehouse.

dlt extracts and normalizes the rows into Parquet files; one transaction then checks them, merges
them on the contract's keys and moves the watermark, which is also the cursor of the next load. A
load that dies anywhere before its commit has changed nothing.
"""

import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import requests

from shipworthy.admission import TableLoad, admit
from shipworthy.contract import RAW_SCHEMA, REJECTED_ROWS, TABLES, Table
from shipworthy.errors import ShipworthyError
from shipworthy.files import spooled
from shipworthy.leftovers import temporary_directory
from shipworthy.salt import salt_of
from shipworthy.sources.http import Session, address
from shipworthy.sources.progress import Progress
from shipworthy.sources.rows import VERSION
from shipworthy.sources.vendor import Keys, Load, Vendor, Window, now
from shipworthy.warehouse import (
    connect,
    merge,
    read_findings,
    replace_findings,
    replace_left_out,
    transaction,
)

# How far back the first load goes where history is read window by window.
_DEFAULT_HISTORY = timedelta(days=90)

# What vendors know about a person's aliases never replaces what the user's own file says.
_INSERT_ONLY = frozenset({"identities"})

_MEMORY = "640MB"

# By source and input, up to when it is loaded (naive UTC).
Reached = Mapping[tuple[str, str], datetime]


@dataclass
class SourceLoad:
    """What one load did.

    Parameters
    ----------
    label : str
        `github:acme/shop`.
    tables : dict of str to TableLoad
        By table, the sum over the windows.
    passed_over : Counter of str
        What the source leaves out on purpose.
    """

    label: str
    tables: dict[str, TableLoad]
    passed_over: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """Rows that broke the contract."""
        return sum(table.rejected for table in self.tables.values())

    def __str__(self) -> str:
        parts = [str(table) for table in self.tables.values()] or ["nothing new"]
        if self.passed_over:
            counts = (f"{count} {what}" for what, count in self.passed_over.most_common())
            parts.append(f"passed over: {', '.join(counts)}")
        return f"{self.label}: {'; '.join(parts)}"


def load_vendor(
    vendor: Vendor,
    given: Mapping[str, Any],
    warehouse: Path,
    *,
    since: datetime | None = None,
    first_since: datetime | None = None,
    max_rejected: float = 0.01,
    sleep: Callable[[float], None] = time.sleep,
) -> list[SourceLoad]:
    """Load everything that a vendor's settings name.

    Parameters
    ----------
    vendor : Vendor
        From `shipworthy.sources.vendor`.
    given : mapping
        Option name to value.
    warehouse : Path
        The DuckDB file.
    since : datetime or None
        Read again from here (aware, UTC), however far earlier loads came.
    first_since : datetime or None
        Where the first load starts; later ones go on from their watermark.
    max_rejected : float
        Greatest share (0 to 1) of a table's rows that may break the contract, in one commit.
    sleep : callable
        Takes seconds; tests replace it.

    Raises
    ------
    ShipworthyError
        If a setting or credential is missing, the vendor cannot be read, or too many rows are
        rejected. Loads and windows before that one stay committed.
    """
    # Opening the file costs as much as reading a page: salt and cursors are read in one go.
    connection = connect(warehouse)
    try:
        keys = Keys(salt_of(connection, warehouse))
        reached = _reached(connection)
    finally:
        connection.close()
    loaded: list[SourceLoad] = []
    with Progress(vendor.title) as progress:
        hint = "; ".join(
            f"check {secret.variable}, which must be allowed: {secret.scopes}"
            for secret in vendor.secrets
        )

        def session(title: str, **options: Any) -> Session:
            options = {
                "hint": hint,
                "sleep": sleep,
                "on_request": progress.count_request,
                **options,
            }
            return Session(title, **options)

        settings = vendor.settings(given, keys, session)
        settings = replace(settings, stored=partial(_stored, warehouse))
        for load in vendor.loads(settings):
            done = SourceLoad(load.label, {})
            for window in _windows(vendor, load, reached, since, first_since):
                for table in _run(vendor, load, window, warehouse, max_rejected, progress, done):
                    before = done.tables.get(table.table)
                    done.tables[table.table] = table if before is None else before + table
                done.passed_over += window.passed_over
            loaded.append(done)
    return loaded


# ------------------------------------------------------------------------------ what to read


def _reached(connection: duckdb.DuckDBPyConnection) -> Reached:
    """Return up to when each input of each source is loaded."""
    return {
        (source, name): through
        for source, name, through in connection.execute(
            f"select source, input, loaded_through from {RAW_SCHEMA}.load_watermarks "
            "where loaded_through is not null"
        ).fetchall()
    }


def _windows(
    vendor: Vendor,
    load: Load,
    reached: Reached,
    since: datetime | None,
    first_since: datetime | None,
) -> list[Window]:
    until = now()
    start = _start(vendor, load, reached, since, first_since)
    if vendor.window is None:
        window = Window(start, until)
        if not vendor.has_interface:
            window.through = None  # a file is complete up to its newest row, and no further
        return [window]
    if start is None:
        start = until - (vendor.history or _DEFAULT_HISTORY)
    # Whole days, so that no window cuts through what a vendor sums up by day or hour.
    start = start.replace(hour=0, minute=0, second=0, microsecond=0)
    windows = []
    while start < until:
        end = min(start + vendor.window, until)
        windows.append(Window(start, end))
        start = end
    return windows


def _start(
    vendor: Vendor,
    load: Load,
    reached: Reached,
    since: datetime | None,
    first_since: datetime | None,
) -> datetime | None:
    if not vendor.has_interface:
        return since or first_since  # files are read anew each time
    ends = [reached.get((load.label, name)) for name in load.inputs]
    if None in ends:
        return since or first_since or (now() - vendor.history if vendor.history else None)
    cursor = min(ends).replace(tzinfo=UTC) - vendor.revises
    # Never later than the cursor: that would leave a hole behind a watermark.
    return min(cursor, since) if since else cursor


def _stored(warehouse: Path, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    connection = connect(warehouse)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


# ------------------------------------------------------------------------------ reading it


def _run(
    vendor: Vendor,
    load: Load,
    window: Window,
    warehouse: Path,
    max_rejected: float,
    progress: Progress,
    done: SourceLoad,
) -> list[TableLoad]:
    with temporary_directory() as directory:
        files = _extract(vendor, load, window, directory, progress)
        return _commit(vendor, load, window, warehouse, files, max_rejected, done)


def _extract(
    vendor: Vendor, load: Load, window: Window, directory: Path, progress: Progress
) -> dict[str, list[str]]:
    """Let dlt extract and normalize; return the Parquet files of each table.

    dlt's own load step is left out: it would commit table by table, and the rows, the rejected rows
    and the watermark belong together.
    """

    def never(path: str, table: dict[str, Any]) -> None:
        raise NotImplementedError

    destination = dlt.destination(  # type: ignore[call-overload]  # the load step is left out
        never, batch_size=0, loader_file_format="parquet", name="shipworthy_warehouse"
    )
    try:
        source = load.source(window)
        for resource in source.selected_resources.values():
            resource.add_map(partial(_counted, progress))
        pipeline = dlt.pipeline("shipworthy", pipelines_dir=str(directory), destination=destination)
        pipeline.config.restore_from_destination = False  # dlt's own state has nowhere to go
        pipeline.extract(source)
        pipeline.normalize()
        files: dict[str, list[str]] = {}
        for package in pipeline.list_normalized_load_packages():
            for job in pipeline.get_load_package_info(package).jobs["new_jobs"]:
                files.setdefault(job.job_file_info.table_name, []).append(job.file_path)
        pipeline.deactivate()
    except Exception as error:
        raise _sentence(vendor, load, error) from None
    return files


def _counted(progress: Progress, row: Any) -> Any:
    progress.count_rows(row.num_rows if isinstance(row, pa.Table) else 1)
    return row


def _sentence(vendor: Vendor, load: Load, error: BaseException) -> BaseException:
    """Return what the user should read instead of dlt's chain of errors, which can quote secrets.

    What an answer of another shape than expected makes fail is named by its place in the source.
    Another mistake of ours comes back as itself.
    """
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for link in chain:
        if isinstance(link, ShipworthyError):
            return ShipworthyError(str(link))
        if isinstance(link, requests.HTTPError) and link.response is not None:
            status = link.response.status_code
            where = address(link.response.url)
            known = "; check the names that you gave" if status == 404 else ""
            return ShipworthyError(
                f"{vendor.title} answered {status} at {where} while {load.label} was read{known}; "
                "nothing of it was kept."
            )
        if isinstance(link, requests.RequestException):
            return ShipworthyError(
                f"{vendor.title} could not be asked ({type(link).__name__}) while {load.label} was "
                "read; nothing of it was kept."
            )
    # Of an error and the end of a generator that hides it, the error.
    cause = next((link for link in reversed(chain) if not isinstance(link, StopIteration)), error)
    place = _place(cause)
    if place and isinstance(cause, _SHAPE_ERRORS):
        return ShipworthyError(
            f"{vendor.title} answered in another shape than expected ({type(cause).__name__} at "
            f"{place}) while {load.label} was read; nothing of it was kept."
        )
    return cause


# What code raises that finds a list, a text or nothing where it expects an object.
_SHAPE_ERRORS = (
    *(AttributeError, IndexError, KeyError, TypeError, ValueError),
    *(OverflowError, RecursionError, StopIteration),
)


_VENDORS = Path(__file__).parent / "vendors"


def _place(error: BaseException) -> str | None:
    """Return where an error was raised: `gitlab.py, line 120`, or between two pages."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_VENDORS)]
    if ours:
        place = Path(ours[-1].filename).relative_to(_VENDORS).as_posix()
        return f"{place}, line {ours[-1].lineno}"
    is_of_pages = any("rest_client" in Path(frame.filename).parts for frame in frames)
    return "the turn of a page" if is_of_pages else None


# ---------------------------------------------------------------------------- committing it


def _commit(
    vendor: Vendor,
    load: Load,
    window: Window,
    warehouse: Path,
    files: dict[str, list[str]],
    max_rejected: float,
    done: SourceLoad,
) -> list[TableLoad]:
    loaded_at = now().replace(tzinfo=None)
    connection = connect(warehouse)
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        with transaction(connection):
            tables = [
                loaded
                for name in TABLES
                if (
                    loaded := _admit(connection, vendor, load, name, files, loaded_at, max_rejected)
                )
            ]
            _move_watermarks(connection, load, window, tables, loaded_at)
            _note_left_out(connection, load, window, tables, done)
            findings = window.noticed.findings(read_findings(connection, load.label))
            if findings is not None:
                replace_findings(connection, load.label, findings)
    finally:
        connection.close()
    return tables


def _admit(
    connection: duckdb.DuckDBPyConnection,
    vendor: Vendor,
    load: Load,
    name: str,
    files: dict[str, list[str]],
    loaded_at: datetime,
    max_rejected: float,
) -> TableLoad | None:
    """Check and merge the rows of one table that came; None if there are none."""
    paths = sorted(files.get(name, []))
    refusals = sorted(files.get(REJECTED_ROWS.name, []))
    reasons = _refused(connection, refusals, name)
    refused = reasons.total()
    if not paths and not refused:
        return None
    rows = (
        connection.execute("select count(*) from read_parquet(?)", [paths]).fetchall()[0][0]
        if paths
        else 0
    )
    if refused > max_rejected * (rows + refused):
        reason = _first_refused(connection, refusals, name)
        raise ShipworthyError(
            f"{load.label}: {refused} of {rows + refused} rows for {name} break the contract, more "
            f"than the share of {max_rejected} that --max-rejected allows; the first: {reason}. "
            "Nothing of it was loaded."
        )
    table = TABLES[name]
    loaded = TableLoad(name, 0, 0, 0, 0, 0)
    if paths:
        ranks = load.ranks.get(name, ())
        source = spooled(connection, table, [Path(path) for path in paths], VERSION, ranks)
        where = _is_not_outranked(table, ranks) if ranks else "true"
        if name in _INSERT_ONLY and not vendor.is_own_word:
            key = ", ".join(table.key)
            where = f"({key}) not in (select ({key}) from {RAW_SCHEMA}.{name})"
        loaded = admit(connection, source, loaded_at, max_rejected, where)
    if refused:
        _keep_refused(connection, refusals, name)
        loaded = loaded + TableLoad(name, 0, 0, 0, 0, refused, reasons=reasons)
    return loaded


def _is_not_outranked(table: Table, ranks: tuple[str, ...]) -> str:
    """Return the SQL condition that the warehouse holds no row of the key that ranks higher."""
    kept = ", ".join(f"{name} as kept_{name}" for name in table.key)
    same_key = " and ".join(f"kept_{name} = {name}" for name in table.key)
    rank = f"row({', '.join(ranks)})"
    return (
        f"not exists (select 1 from (select {kept}, {rank} as kept_rank "
        f"from {RAW_SCHEMA}.{table.name}) where {same_key} and kept_rank > {rank})"
    )


def _refused(
    connection: duckdb.DuckDBPyConnection, refusals: list[str], table: str
) -> Counter[str]:
    """Count the rows of a table that the source itself refused, by why."""
    if not refusals:
        return Counter()
    counted = connection.execute(
        "select reason, count(*) from read_parquet(?) where table_name = ? group by all",
        [refusals, table],
    ).fetchall()
    return Counter(dict(counted))


def _first_refused(connection: duckdb.DuckDBPyConnection, refusals: list[str], table: str) -> str:
    """Say why one of these rows was refused, and show it."""
    return connection.execute(
        "select first(reason || ' (' || payload || ')') from read_parquet(?) where table_name = ?",
        [refusals, table],
    ).fetchall()[0][0]


def _keep_refused(connection: duckdb.DuckDBPyConnection, refusals: list[str], table: str) -> None:
    connection.execute(
        f"insert into {RAW_SCHEMA}.{REJECTED_ROWS.name} (table_name, reason, payload, loaded_at) "
        "select table_name, reason, payload, min(loaded_at)::timestamp from read_parquet(?) as new "
        f"where table_name = ? and not exists (select 1 from {RAW_SCHEMA}.{REJECTED_ROWS.name} "
        "as kept where kept.table_name = new.table_name and kept.reason = new.reason "
        "and kept.payload is not distinct from new.payload) group by all",
        [refusals, table],
    )


def _note_left_out(
    connection: duckdb.DuckDBPyConnection,
    load: Load,
    window: Window,
    tables: list[TableLoad],
    done: SourceLoad,
) -> None:
    """Write what this load left out, with what its earlier windows did."""
    for table in tables:
        before = done.tables.get(table.table)
        reasons = table.reasons if before is None else before.reasons + table.reasons
        replace_left_out(connection, load.label, table.table, "rejected_row", reasons)
    passed_over = done.passed_over + window.passed_over
    replace_left_out(connection, load.label, load.inputs[0], "passed_over", passed_over)


def _move_watermarks(
    connection: duckdb.DuckDBPyConnection,
    load: Load,
    window: Window,
    tables: list[TableLoad],
    loaded_at: datetime,
) -> None:
    """State for each input up to when this source is read; never earlier than before."""
    by_name = {table.table: table for table in tables}
    through = window.through.replace(tzinfo=None) if window.through else None
    values: list[Any] = []
    for name in load.inputs:
        loaded = by_name.get(name, TableLoad(name, 0, 0, 0, 0, 0))
        values += [name, load.label, through, loaded_at, loaded.inserted, loaded.rejected]
    row = "(?, ?, ?::timestamp, ?::timestamp, ?::bigint, ?::bigint)"
    connection.execute(
        "create or replace temp table _shipworthy_watermark as "
        "select new.input, new.source, greatest(new.through, old.loaded_through) "
        "as loaded_through, new.loaded_at, coalesce(old.rows, 0) + new.added as rows, "
        f"new.refused as rejected_rows from (values {', '.join([row] * len(load.inputs))}) "
        "as new(input, source, through, loaded_at, added, refused) "
        f"left join {RAW_SCHEMA}.load_watermarks as old using (input, source)",
        values,
    )
    merge(connection, "load_watermarks", "_shipworthy_watermark")
    connection.execute("drop table _shipworthy_watermark")
