"""From a vendor's payloads to rows of the contract, each checked on its way.

A vendor's module writes one function a table: a payload in, a row (a dict of contract columns), no
row (None) or several out. `contract_resource` makes a dlt resource of it. What the function cannot
read it refuses with `BadRowError`; the row then goes to `rejected_rows` and the load goes on.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from shipworthy.contract import (
    FIRST_TIME,
    LARGEST_AMOUNT,
    LARGEST_COUNT,
    REJECTED_ROWS,
    TABLES,
    VOCABULARY,
    Table,
)

Row = dict[str, Any]
Shape = Callable[[Any], Row | Iterable[Row] | None]

# When the vendor last changed what a row says: of rows of one key the newest wins, in whatever
# order pages bring them. Not a column of the contract; landing drops it.
VERSION = "row_version"

_DLT_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
}
# What of a refused payload is kept: enough to find it at the vendor, and nothing about a person.
_IDENTIFYING = frozenset(
    {"id", "iid", "number", "key", "sha", "reference", "request_id", "day", "date", "timestamp"}
    | {"file", "line"}
)
_HALVES = re.compile("[\ud800-\udfff]")


class BadRowError(Exception):
    """A payload that makes no row.

    Parameters
    ----------
    reason : str
        What is wrong with it, as in `opened_at is not a time`. Never holds a value: it is stored.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def contract_resource(
    table: str, payloads: DltResource | Iterable[Any], shape: Shape, name: str = ""
) -> DltResource:
    """Return a dlt resource that yields rows of a contract table.

    Parameters
    ----------
    table : str
        The contract table.
    payloads : DltResource or iterable
        Yields payloads, single or in lists: a resource of `rest_api`, a generator function's
        resource, or any iterable.
    shape : callable
        Payload to row, rows or None; raises `BadRowError`. A missing key of a dict is read as
        "has no ...", so that plain `payload["id"]` is fine.
    name : str
        Name of the resource if one table has several; by default the table's.
    """

    def rows(items: Any) -> Iterator[Any]:
        good: list[Row] = []
        bad: list[Row] = []
        for payload in items if isinstance(items, list) else [items]:
            _shape_into(TABLES[table], payload, shape, good, bad)
        if good:
            yield good
        if bad:
            yield dlt.mark.with_table_name(bad, REJECTED_ROWS.name)

    if not isinstance(payloads, DltResource):
        payloads = dlt.resource(  # type: ignore[call-overload]  # any iterable will do
            payloads, name=f"{name or table}_payloads", selected=False
        )
    resource = dlt.transformer(  # type: ignore[call-overload]  # hints are unpacked
        rows, data_from=payloads, name=name or table, **_hints(TABLES[table])
    )
    return _with_rejected_rows(resource)


def contract_tables(
    table: str, batches: Callable[[], Iterator[tuple[pa.Table, pa.Table | None]]], name: str = ""
) -> DltResource:
    """Return a dlt resource that yields Arrow tables of a contract table: for millions of rows.

    A dict a row costs some 0.1 ms on its way through dlt, a row of an Arrow table next to nothing.

    Parameters
    ----------
    table : str
        The contract table.
    batches : callable
        Yields pairs: good rows (columns of `arrow_schema`, keys not null, each value already what
        its column says) and refused rows (`rejected_table`) or None.
    name : str
        Name of the resource if one table has several; by default the table's.
    """

    def tables() -> Iterator[Any]:
        for good, bad in batches():
            if good.num_rows:
                yield good
            if bad is not None and bad.num_rows:
                yield dlt.mark.with_table_name(bad, REJECTED_ROWS.name)

    return _with_rejected_rows(dlt.resource(tables, name=name or table, **_hints(TABLES[table])))


def arrow_schema(table: str) -> pa.Schema:
    """Return the Arrow types of a contract table's columns, and of VERSION after them."""
    columns = {**TABLES[table].columns, VERSION: "TIMESTAMP"}
    return pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in columns.items()])


def rejected_table(table: str, refused: Iterable[tuple[str, Row]]) -> pa.Table:
    """Return refused rows as an Arrow table.

    Parameters
    ----------
    table : str
        The contract table that they were meant for.
    refused : iterable of tuple
        The reason, as of a `BadRowError`, and what finds the row again (`line`, `request_id`).
    """
    rows = [_rejected(TABLES[table], reason, payload) for reason, payload in refused]
    columns = REJECTED_ROWS.columns.items()
    schema = pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in columns])
    return pa.Table.from_pylist(rows, schema=schema)


def _with_rejected_rows(resource: DltResource) -> DltResource:
    """Let a resource also yield rows marked for `rejected_rows`."""
    # A variant starts as a copy of the table's own hints: the first call empties it.
    for columns in ({}, _columns(REJECTED_ROWS)):
        resource.apply_hints(
            table_name=REJECTED_ROWS.name,
            write_disposition="append",
            primary_key=(),
            columns=columns,
            create_table_variant=True,
        )
    return resource


def _shape_into(table: Table, payload: Any, shape: Shape, good: list[Row], bad: list[Row]) -> None:
    try:
        shaped = shape(payload)
        if shaped is None:
            return
        for row in [shaped] if isinstance(shaped, dict) else shaped:
            reason = _why_bad(table, row)
            if reason:
                bad.append(_rejected(table, reason, {**_identifiers(payload), **row}))
            else:
                good.append(row)
    except BadRowError as error:
        bad.append(_rejected(table, error.reason, _identifiers(payload)))
    except KeyError as error:
        bad.append(_rejected(table, f"has no {error.args[0]}", _identifiers(payload)))
    except (
        *(TypeError, AttributeError, ValueError, IndexError),
        *(OverflowError, RecursionError, StopIteration),
    ):
        # A text where an object was, and the like.
        bad.append(_rejected(table, "has another shape than expected", _identifiers(payload)))


def _why_bad(table: Table, row: Row) -> str | None:
    """Check a row against the contract and bring its values to the column's type, in place."""
    for name in table.key:
        if row.get(name) is None and name not in table.nullable_key:
            return f"has no {name}"
    for name, value in row.items():
        if value is None or name == VERSION:
            continue
        kind = table.columns.get(name)
        if kind is None:
            raise LookupError(f"{table.name} has no column {name}")  # a mistake of ours
        if kind == "VARCHAR":
            if not isinstance(value, str):
                return f"{name} is not a text"
            if "\0" in value:
                return f"{name} holds a NUL byte"
            if not value.isascii() and _HALVES.search(value):
                return f"{name} holds half a character"  # JSON can; no table can
            if not value:
                row[name] = None
        elif kind == "BIGINT":
            if isinstance(value, bool) or not isinstance(value, int):
                return f"{name} is not a whole number"
            if not 0 <= value <= LARGEST_COUNT:
                return f"{name} is {'negative' if value < 0 else f'above {LARGEST_COUNT:,}'}"
        elif kind == "DOUBLE":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return f"{name} is not a number"
            try:
                row[name] = float(value)
            except OverflowError:
                return f"{name} is not a number"
            if not math.isfinite(row[name]):
                return f"{name} is not a number"
            if abs(row[name]) > LARGEST_AMOUNT:
                return f"{name} is above {LARGEST_AMOUNT:,.0f}"
        elif kind == "BOOLEAN":
            if not isinstance(value, bool):
                return f"{name} is not true or false"
        elif kind == "TIMESTAMP":
            if not isinstance(value, datetime) or value.tzinfo is None:
                return f"{name} is not a time"
            if value.replace(tzinfo=None) < FIRST_TIME:
                return f"{name} is before {FIRST_TIME:%Y}"
        elif not isinstance(value, date) or isinstance(value, datetime):
            return f"{name} is not a date"
        words = VOCABULARY.get((table.name, name))
        if words and str(row[name]) not in words:
            return f"{name} is not one of {', '.join(words)}"
    return None


def _identifiers(payload: Any) -> Row:
    if not isinstance(payload, Mapping):
        return {}
    return {
        name: value
        for name, value in payload.items()
        if (name in _IDENTIFYING or str(name).endswith("_at"))
        and isinstance(value, str | int | float)
    }


def _rejected(table: Table, reason: str, payload: Row) -> Row:
    text = json.dumps(payload, default=str, ensure_ascii=False, sort_keys=True)
    return {
        "table_name": table.name,
        "reason": reason,
        "payload": text.encode("utf-8", "replace").decode(),
        "loaded_at": datetime.now(UTC),
    }


def _hints(table: Table) -> dict[str, Any]:
    columns = _columns(table)
    for name in table.columns:
        columns[name]["nullable"] = name not in table.key or name in table.nullable_key
    # Without this hint dlt loads an arbitrary one of several rows of a key.
    columns[VERSION] = {"name": VERSION, "data_type": "timestamp", "dedup_sort": "desc"}
    return {
        "table_name": table.name,
        "primary_key": list(table.key),
        "write_disposition": "merge",
        "columns": columns,
        "max_table_nesting": 0,
    }


def _columns(table: Table) -> dict[str, Any]:
    return {
        name: {"name": name, "data_type": _DLT_TYPES[kind]} for name, kind in table.columns.items()
    }


# ------------------------------------------------------------------------- reading payloads


def need(payload: Mapping[str, Any], *path: str) -> Any:
    """Return a value deep in a payload that must be there and not null.

    Raises
    ------
    BadRowError
        "has no service.summary".
    """
    value: Any = payload
    for depth, name in enumerate(path, start=1):
        value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            raise BadRowError(f"has no {'.'.join(path[:depth])}")
    return value


def get(payload: Mapping[str, Any] | None, *path: str) -> Any:
    """Return a value deep in a payload, None where it or something on the way is missing."""
    value: Any = payload
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def utc(value: Any, name: str = "time") -> datetime | None:
    """Return a time as aware UTC; None stays None.

    Parameters
    ----------
    value : str, int, float, datetime or None
        ISO 8601 (without an offset it is UTC; `+0000`, `Z` and spaces are fine), or a number of
        seconds, milliseconds, microseconds or nanoseconds since 1970, as number or text.
    name : str
        Column, for the sentence.

    Raises
    ------
    BadRowError
        If it is not a time.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, int | float) or str(value).strip().lstrip("-").isdigit():
            moment = _since_1970(float(value))
        else:
            moment = datetime.fromisoformat(str(value).strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if abs(moment.utcoffset() or timedelta()) > _GREATEST_OFFSET:
            raise BadRowError(f"{name} is not a time")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadRowError(f"{name} is not a time") from error


def utc_or_none(value: Any) -> datetime | None:
    """Return a time as aware UTC, None where it is missing or no time: where a row can do without.

    Parameters
    ----------
    value : str, int, float, datetime or None
        As `utc` takes it.
    """
    try:
        return utc(value)
    except BadRowError:
        return None


# Kiribati's; what is further from UTC is a mistake.
_GREATEST_OFFSET = timedelta(hours=14)


def _since_1970(number: float) -> datetime:
    if not math.isfinite(number):
        raise ValueError
    # In seconds all times of this century are below 5e9.
    while number > 1e11:
        number /= 1000
    return datetime.fromtimestamp(number, UTC)


def whole(value: Any, name: str = "value") -> int | None:
    """Return a count, also where it comes as text or as 5.0; None and "" are None.

    Raises
    ------
    BadRowError
        If it is no whole number.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = decimal(value, name)
    if number is None or number != int(number):
        raise BadRowError(f"{name} is not a whole number")
    return int(number)


def decimal(value: Any, name: str = "value") -> float | None:
    """Return a number, also where it comes as text; None and "" are None.

    Raises
    ------
    BadRowError
        If it is no finite number.
    """
    if value is None or value == "":
        return None
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRowError(f"{name} is not a number") from error
    if number is None or not math.isfinite(number):
        raise BadRowError(f"{name} is not a number")
    return number


def total(*counts: int | None) -> int | None:
    """Return the sum of the counts that are known; None if none is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def one_of_each(payloads: Iterable[Any], key: Callable[[Any], Hashable]) -> list[Any]:
    """Return one payload of each key, however often and in whatever order pages bring them.

    Of several that differ the largest wins (by the sum of its numbers, then by its text), because
    what a vendor adds up for a bucket of time grows. For vendors that give no time of change.

    Parameters
    ----------
    payloads : iterable
        All payloads of a bucket; they are held in memory.
    key : callable
        Payload to what tells it from every other; None: not known, so that the payload is kept.
    """
    chosen: dict[Hashable, Any] = {}
    kept: list[Any] = []
    for payload in payloads:
        name = key(payload)
        if name is None:
            kept.append(payload)
        elif name not in chosen or _weight(payload) > _weight(chosen[name]):
            chosen[name] = payload
    return [*chosen.values(), *kept]


def _weight(payload: Any) -> tuple[float, str]:
    return _sum_of_numbers(payload), json.dumps(payload, sort_keys=True)


def _sum_of_numbers(value: Any) -> float:
    if isinstance(value, Mapping):
        return sum(map(_sum_of_numbers, value.values()))
    if isinstance(value, list):
        return sum(map(_sum_of_numbers, value))
    try:
        return float(value) if isinstance(value, int | float) else 0.0
    except OverflowError:
        return math.inf


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour that a time falls in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    """Return the start of the day (UTC) that a time falls in."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def row_id(*parts: Any) -> str:
    """Return a key made of parts, for rows that the vendor gives no identifier.

    Parameters
    ----------
    *parts
        What tells the row from every other, keys of people already hashed; None counts as a value.
    """
    text = json.dumps(parts, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
