"""How far an export reaches: up to when its rows are complete, which no row can say.

A quiet week and a missing week look the same in an export. Whoever made it says up to when it is
whole; the loader writes that into `load_watermarks`, and the models call nothing final beyond it.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import duckdb

from shipworthy.contract import RAW_SCHEMA
from shipworthy.errors import ShipworthyError
from shipworthy.warehouse import merge

SOURCE = "files"

# What the models call final only up to where it was read.
DATED_TABLES = (
    "commits",
    "deployments",
    "incidents",
    "pull_requests",
    "reviews",
    "review_threads",
    "ai_usage",
    "product_metrics",
)
# Rows about the loads themselves have no reach.
_UNDATED_TABLES = ("load_watermarks", "load_findings")


def read_through(value: str | date | datetime, where: str, now: datetime | None = None) -> datetime:
    """Read up to when an export is complete.

    Parameters
    ----------
    value : str, date or datetime
        A day, which counts to its end (today: up to now), or a moment; UTC where it has no zone.
    where : str
        What said so, for the sentence: `--through`.
    now : datetime, optional
        Aware; by default the clock's.

    Returns
    -------
    datetime
        Naive UTC.

    Raises
    ------
    ShipworthyError
        If it is neither, or lies in the future.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    parsed = value
    if isinstance(value, str):
        try:
            parsed = date.fromisoformat(value)
        except ValueError:
            try:
                parsed = datetime.fromisoformat(value)
            except ValueError:
                parsed = None
    if isinstance(parsed, datetime):
        if parsed.tzinfo is not None:
            try:
                parsed = parsed.astimezone(UTC).replace(tzinfo=None)
            except OverflowError:
                raise ShipworthyError(f"{where} is {value}, before the year 1.") from None
        through = parsed
    elif isinstance(parsed, date):
        if parsed == now.date():
            return now
        through = datetime(parsed.year, parsed.month, parsed.day)
        through += timedelta(days=1) if parsed < now.date() else timedelta()
    else:
        raise ShipworthyError(
            f"{where} is {value!r}; write a day (2026-01-31) or a moment (2026-01-31T12:00:00)."
        )
    if through > now:
        raise ShipworthyError(
            f"{where} is {value}, which lies in the future; nobody knows an export up to there."
        )
    return through


def state_reach(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    through: datetime,
    loaded_at: datetime,
    rejected: int,
) -> None:
    """Write the watermark of a table loaded from files, in the caller's transaction.

    What was said of an earlier export stays true of the rows: the later moment counts.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        From `shipworthy.warehouse.connect`.
    table : str
        The contract table.
    through, loaded_at : datetime
        Naive UTC.
    rejected : int
        Rows that this load rejected.
    """
    if table in _UNDATED_TABLES:
        return
    connection.execute(
        "create or replace temp table _shipworthy_reach as "
        "select new.input, new.source, new.loaded_at, new.rows, new.rejected_rows, "
        "greatest(new.through, old.loaded_through) as loaded_through from ("
        "select ? as input, ? as source, ?::timestamp as through, ?::timestamp as loaded_at, "
        f"(select count(*) from {RAW_SCHEMA}.{table}) as rows, ?::bigint as rejected_rows) as new "
        f"left join {RAW_SCHEMA}.load_watermarks as old using (input, source)",
        [table, SOURCE, through, loaded_at, rejected],
    )
    merge(connection, "load_watermarks", "_shipworthy_reach")
    connection.execute("drop table _shipworthy_reach")


def reach_in_words(tables: Iterable[str], through: datetime | None) -> str:
    """Say up to when the loaded tables are complete, or how to say it.

    Parameters
    ----------
    tables : iterable of str
        What was loaded from files.
    through : datetime or None
        Naive UTC.

    Returns
    -------
    str
        A sentence; "" where there is nothing to say.
    """
    loaded = list(tables)
    dated = [table for table in loaded if table in DATED_TABLES]
    if through is not None:
        return f"Complete through {through:%Y-%m-%d %H:%M} UTC."
    if not dated or "load_watermarks" in loaded:
        return ""
    return (
        f"Nothing says up to when the export is complete, so for {', '.join(dated)} the newest row "
        "stands in; say it with --through DATE (in shipworthy.toml: through in [files])."
    )
