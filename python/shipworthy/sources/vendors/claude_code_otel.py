"""Claude Code's OpenTelemetry export, from files of OTLP in JSON: AI usage.

Read are the files that the OpenTelemetry collector's file exporter writes: one export a line, or
one a file. Of the logs the event `api_request` is read, of the metrics `claude_code.token.usage`,
`cost.usage`, `session.count` and `lines_of_code.count`. Nothing is requested and no token is
needed.

Readings
- Events and metrics describe the same requests. The option `from` says which of the two tokens,
  cost and requests are taken from, so that nothing counts twice in whatever pieces files are
  loaded: `events` (default) or `metrics`. Where nothing is said and the files hold token metrics
  but not one event, the load ends with a sentence that asks.
- Sessions and lines stand in the metrics alone and are read from there in both cases. Lines that
  Claude added count as accepted lines; how many it suggested is unknown.
- From events a row is one request, by its `request_id`; without one by session and
  `event.sequence`, else by session, time and counts.
- From metrics a row is one data point, so that the points of an export may come in several files.
  What other rows count is 0 on it, and the requests are unknown (null, on points of output tokens).
- Data points are differences (DELTA) by default. Of a running total (CUMULATIVE) the row is the
  series since its start, and its greatest value counts: the difference to the start, which is 0. It
  falls on the day of the start (24 hours), since a file need not hold the points before it.
- Input tokens leave out the cache, as at Anthropic. `billed_usd` is Claude Code's estimate at list
  prices, in dollars (`cost_usd`, else `cost_usd_micros`), not an invoice.
- Who: `user.email`, else `user.account_uuid` (kind `claude`), else `user.id`, which stands for an
  installation (kind `claude-code-installation`).
- Automated are sessions of the SDK and of `claude -p` (`app.entrypoint` starts with `sdk`), and
  those that name no person.
- Left out on purpose: all other events and metrics. `code_edit_tool.decision` has no place in the
  contract; its decisions with `source` `config` are not a person's anyway.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import dlt
from dlt.extract import DltResource

from shipworthy.errors import ShipworthyError
from shipworthy.sources.local_files import Payload, json_documents, of_content, parts, recognised
from shipworthy.sources.otlp import Attributes, attributes, is_export, items
from shipworthy.sources.rows import (
    VERSION,
    BadRowError,
    Row,
    contract_resource,
    day_of,
    decimal,
    hour_of,
    need,
    row_id,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

_EVENTS, _METRICS = "events", "metrics"
_DELTA, _CUMULATIVE = "delta", "cumulative"
# As a number in JSON, or by name.
_TEMPORALITIES = {
    1: _DELTA,
    2: _CUMULATIVE,
    "AGGREGATION_TEMPORALITY_DELTA": _DELTA,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": _CUMULATIVE,
}
_TOKENS = "claude_code.token.usage"
_COST = "claude_code.cost.usage"
_SESSIONS = "claude_code.session.count"
_LINES = "claude_code.lines_of_code.count"
_TOKEN_COLUMNS = {
    "input": "uncached_input_tokens",
    "cacheRead": "cache_read_tokens",
    "cacheCreation": "cache_write_tokens",
    "output": "output_tokens",
}
# What other rows count.
_NOTHING = {"requests": 0, **dict.fromkeys(_TOKEN_COLUMNS.values(), 0), "billed_usd": 0.0}


@dlt.source(name="claude_code_otel")
def claude_code_otel(
    paths: list[Path],
    keys: Keys,
    read_from: Literal["events", "metrics"] | None = None,
) -> DltResource:
    """Requests of Claude Code, its sessions and the lines it added.

    Parameters
    ----------
    paths : list of Path
        Files of OTLP in JSON: logs, metrics or both.
    keys : Keys
        Makes the keys of people.
    read_from : str, optional
        Whether tokens, cost and requests come from the `events` or the `metrics`; None: from the
        events, unless there are only metrics, which is then an error.

    Raises
    ------
    ShipworthyError
        While it is read: if the files cannot be read, hold nothing, are no OTLP, or hold token
        metrics alone while `read_from` is None.
    """
    if read_from not in (None, _EVENTS, _METRICS):
        raise ShipworthyError(f"--from is {read_from!r}; it can be {_EVENTS} or {_METRICS}.")

    def row(part: dict[str, Any]) -> Row | None:
        if "record" in part:
            if read_from == _METRICS or not _is_request(part):
                return None
            return _request(part["resource"], part["record"], keys)
        name = part["metric"].get("name")
        if name in (_SESSIONS, _LINES) or (read_from == _METRICS and name in (_TOKENS, _COST)):
            return _counted(part["resource"], part["metric"], part["point"], keys)
        return None

    def records() -> Iterator[Payload]:
        exports = recognised(
            json_documents(paths),
            is_export,
            f"{paths[0]} is not OTLP in JSON: it has no resourceLogs and no resourceMetrics.",
        )
        has_events, has_token_metrics = False, False
        for payload in parts(exports, _records):
            part = payload.get("content", {})
            has_events = has_events or ("record" in part and _is_request(part))
            has_token_metrics = has_token_metrics or part.get("metric", {}).get("name") == _TOKENS
            yield payload
        if read_from is None and has_token_metrics and not has_events:
            raise ShipworthyError(
                f"{paths[0]} holds token metrics and no api_request events: say --from metrics to "
                "count those, or --from events if the events are loaded from other files."
            )

    payloads = dlt.resource(records, name="records", selected=False)
    return contract_resource("ai_usage", payloads, of_content(row))


def _records(export: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield log records and data points, each with its resource."""
    for resource, record in items(export, "Logs"):
        yield {
            "resource": resource,
            "record": record,
            "event": _event_name(attributes(record), record),
        }
    for resource, metric in items(export, "Metrics"):
        for point in (metric.get("sum") or {}).get("dataPoints") or []:
            yield {"resource": resource, "metric": metric, "point": point}


def _is_request(part: dict[str, Any]) -> bool:
    return part["event"] == "api_request"


def _event_name(named: Attributes, record: dict[str, Any]) -> str:
    body = (record.get("body") or {}).get("stringValue") or ""
    name = named.get("event.name") or record.get("eventName") or body
    return str(name).removeprefix("claude_code.")


def _common(named: Attributes, keys: Keys) -> Row:
    person = (
        keys.email(named.get("user.email"))
        or keys.alias("claude", named.get("user.account_uuid"))
        or keys.alias("claude-code-installation", named.get("user.id"))
    )
    entrypoint = str(named.get("app.entrypoint") or "")
    return {
        "source": "claude-code-otel",
        "person_key": person,
        "tool": "claude",
        "model": named.get("model"),
        "is_automated": person is None or entrypoint.startswith("sdk"),
    }


def _request(resource: Any, record: dict[str, Any], keys: Keys) -> Row:
    named = attributes(resource, record)
    nanoseconds = record.get("timeUnixNano") or record.get("observedTimeUnixNano")
    moment = utc(named.get("event.timestamp") or _nanoseconds(nanoseconds), "event.timestamp")
    if moment is None:
        raise BadRowError("has no event.timestamp")
    counts = {
        "uncached_input_tokens": whole(need(named, "input_tokens"), "input_tokens"),
        "cache_read_tokens": whole(named.get("cache_read_tokens"), "cache_read_tokens"),
        "cache_write_tokens": whole(named.get("cache_creation_tokens"), "cache_creation_tokens"),
        "output_tokens": whole(need(named, "output_tokens"), "output_tokens"),
    }
    session, sequence = named.get("session.id"), named.get("event.sequence")
    told_by = named.get("request_id")
    if not told_by:
        unnumbered = None if sequence is not None else [moment, *counts.values()]
        told_by = row_id(session, named.get("user.id"), sequence, unnumbered)
    cost = decimal(named.get("cost_usd"), "cost_usd")
    if cost is None:
        micros = decimal(named.get("cost_usd_micros"), "cost_usd_micros")
        cost = micros / 1e6 if micros is not None else None
    return {
        **_common(named, keys),
        "usage_id": f"claude-code-otel:{told_by}",
        "bucket_started_at": hour_of(moment),
        "bucket_hours": 1,
        "requests": 1,
        **counts,
        "billed_usd": cost,
        VERSION: moment,
    }


def _counted(
    resource: Any, metric: dict[str, Any], point: dict[str, Any], keys: Keys
) -> Row | None:
    """Return the row of a data point of one of the metrics read."""
    temporality = _TEMPORALITIES.get(metric["sum"].get("aggregationTemporality"))
    if temporality is None:
        raise BadRowError("has no sum.aggregationTemporality")
    named = attributes(resource, point)
    counts = _counts(metric["name"], named.get("type"), _number(point))
    if counts is None:
        return None
    ended_at = _time(point, "timeUnixNano")
    told_by = [metric["name"], sorted(named.items(), key=str)]
    if temporality == _DELTA:
        bucket: Row = {"bucket_started_at": hour_of(ended_at), "bucket_hours": 1}
        told_by.append(str(point["timeUnixNano"]))
    else:
        started_at = _time(point, "startTimeUnixNano")
        bucket = {"bucket_started_at": day_of(started_at), "bucket_hours": 24}
        told_by.append(f"since {point['startTimeUnixNano']}")
    return {
        **_common(named, keys),
        "usage_id": f"claude-code-otel:{row_id(*told_by)}",
        **bucket,
        **_NOTHING,
        **counts,
        VERSION: ended_at,
    }


def _counts(name: str, kind: Any, value: float) -> Row | None:
    if name == _COST:
        return {"billed_usd": value}
    count = whole(value, "value")
    if name == _SESSIONS:
        return {"sessions": count}
    if name == _LINES:
        return {"accepted_lines": count} if kind == "added" else None
    if kind not in _TOKEN_COLUMNS:
        raise BadRowError("has tokens of an unknown type")
    unknown = {"requests": None} if kind == "output" else {}
    return {_TOKEN_COLUMNS[kind]: count, **unknown}


def _number(point: dict[str, Any]) -> float:
    value = point.get("asDouble", point.get("asInt"))
    number = decimal(value, "value")
    if number is None:
        raise BadRowError("has no value")
    return number


def _time(point: dict[str, Any], name: str) -> datetime:
    moment = _nanoseconds(need(point, name))
    if moment is None:
        raise BadRowError(f"has no {name}")
    return moment


def _nanoseconds(value: Any) -> datetime | None:
    number = whole(value, "timeUnixNano")
    return datetime.fromtimestamp(number / 1e9, UTC) if number else None


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "claude-code-otel",
        ("ai_usage",),
        lambda window: claude_code_otel(
            settings.paths(".json", ".jsonl", ".ndjson"), settings.keys, settings["from"]
        ),
        # Running totals grow; what is told by its own id is the same in every copy.
        ranks={
            "ai_usage": (
                "coalesce(uncached_input_tokens, 0) + coalesce(cache_read_tokens, 0) "
                "+ coalesce(cache_write_tokens, 0) + coalesce(output_tokens, 0)",
                "coalesce(billed_usd, 0)",
                "coalesce(sessions, 0) + coalesce(accepted_lines, 0)",
            )
        },
    )


VENDOR = Vendor(
    name="claude-code-otel",
    title="Claude Code OpenTelemetry",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option("paths", "Files of OTLP in JSON, or directories.", kind="paths", is_required=True),
        Option("from", "Where tokens and cost come from: events (default) or metrics."),
    ),
)
