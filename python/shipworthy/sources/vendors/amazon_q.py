"""Amazon Q Developer's user activity reports (CSV, `by_user_analytic`): AI usage.

Read are the files that Amazon Q, and Kiro beside its newer report, writes daily to a bucket of
yours, once they are on this machine. Nothing is requested and no token is needed.

Readings
- A row is one user and day (UTC). Columns are found by name.
- Dates come as `2026-05-08`, `2026/05/08`, `05-08-2026`, `05/08/2026` or with a time behind. Where
  the year is last, a number over 12 anywhere in a file tells which one is the day, for the whole
  file; without one the month is first, as Amazon writes it. The option `date_format` settles it.
- `accepted_lines` is what users took over: Inline_AICodeLines, Chat_AICodeLines and the accepted
  lines of inline chat (additions), fixes, /dev, documentation (additions and updates) and tests.
- `suggested_lines` is counted for inline chat, fixes, /dev, documentation and tests alone: on days
  with inline suggestions or code from the chat it is unknown (null).
- `requests` are the messages of the chat (questions and answers alike), the inline suggestions, and
  the events of all other features.
- `UserId` is an id of IAM Identity Center, the same as in Kiro's user reports, and becomes an alias
  of the same kind, `kiro`.
- Of several copies of a day the one with the most requests, then accepted lines, counts.
- Tokens, models, credits and cost are unknown (null). No row is automated. Left out on purpose:
  findings of code reviews, numbers of files and tests, and lines of transformations, which are
  converted rather than suggested.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from shipworthy.errors import ShipworthyError
from shipworthy.sources.local_files import Payload, csv_rows, of_content
from shipworthy.sources.rows import (
    BadRowError,
    Row,
    contract_resource,
    day_of,
    row_id,
    total,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor
from shipworthy.sources.vendors.kiro import identity_center_id

_REQUESTS = (
    "Chat_MessagesSent",
    "Inline_SuggestionsCount",
    "InlineChat_TotalEventCount",
    "CodeFix_GenerationEventCount",
    "CodeReview_SucceededEventCount",
    "CodeReview_FailedEventCount",
    "Dev_GenerationEventCount",
    "DocGeneration_EventCount",
    "TestGeneration_EventCount",
    "Transformation_EventCount",
)
_ACCEPTED_OF_COUNTED = (
    "InlineChat_AcceptedLineAdditions",
    "CodeFix_AcceptedLines",
    "Dev_AcceptedLines",
    "DocGeneration_AcceptedLineAdditions",
    "DocGeneration_AcceptedLineUpdates",
    "TestGeneration_AcceptedLines",
)
# Features that say how much of theirs was accepted, and not how much they suggested.
_ACCEPTED_ALONE = ("Inline_AICodeLines", "Chat_AICodeLines")
_SUGGESTED = (
    "InlineChat_AcceptedLineAdditions",
    "InlineChat_DismissedLineAdditions",
    "InlineChat_RejectedLineAdditions",
    "CodeFix_GeneratedLines",
    "Dev_GeneratedLines",
    "DocGeneration_AcceptedLineAdditions",
    "DocGeneration_AcceptedLineUpdates",
    "DocGeneration_RejectedLineAdditions",
    "DocGeneration_RejectedLineUpdates",
    "TestGeneration_GeneratedLines",
)
# Reports of before the newer features lack their columns.
_COLUMNS = (
    "UserId",
    "Date",
    "Inline_AICodeLines",
    "Chat_AICodeLines",
    "Chat_MessagesSent",
    "Inline_SuggestionsCount",
)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})")
_ORDERS = {"month-first": ("month", "day"), "day-first": ("day", "month")}


@dlt.source(name="amazon_q")
def amazon_q(paths: list[Path], keys: Keys, date_format: str | None = None) -> DltResource:
    """What users did in Amazon Q Developer, by day.

    Parameters
    ----------
    paths : list of Path
        CSV files of user activity reports.
    keys : Keys
        Makes the keys of people.
    date_format : str, optional
        What comes first where the year is last: `month-first` or `day-first`; None: what the file
        itself tells, else the month.

    Raises
    ------
    ShipworthyError
        If `date_format` is neither; while it is read: if a file cannot be read, is empty, lacks a
        column, or has dates that cannot be of one format.
    """
    if date_format is not None and date_format not in _ORDERS:
        raise ShipworthyError(
            f"--date-format is {date_format!r}; it can be {' or '.join(_ORDERS)}."
        )

    def user_day(report: dict[str, Any]) -> Row:
        person = keys.alias("kiro", identity_center_id(report["UserId"]))
        if person is None:
            raise BadRowError("has no UserId")
        counts = {
            name: whole(report.get(name), name)
            for name in {*_REQUESTS, *_ACCEPTED_ALONE, *_ACCEPTED_OF_COUNTED, *_SUGGESTED}
        }
        if any(count is not None and count < 0 for count in counts.values()):
            raise BadRowError("has a negative count")
        has_uncounted = any(counts[name] for name in (*_ACCEPTED_ALONE, "Inline_SuggestionsCount"))
        day = _day(report["Date"], report["order"])
        return {
            "usage_id": f"amazon-q:{row_id(person, day.date())}",
            "source": "amazon-q",
            "person_key": person,
            "tool": "amazon-q",
            "bucket_started_at": day,
            "bucket_hours": 24,
            "requests": total(*(counts[name] for name in _REQUESTS)),
            "suggested_lines": (
                None if has_uncounted else total(*(counts[name] for name in _SUGGESTED))
            ),
            "accepted_lines": total(
                *(counts[name] for name in (*_ACCEPTED_ALONE, *_ACCEPTED_OF_COUNTED))
            ),
            "is_automated": False,
        }

    def rows() -> Iterator[Payload]:
        for path in paths:
            order = date_format or _order(path)
            for payload in csv_rows([path], _COLUMNS, "a user activity report of Amazon Q"):
                if "content" in payload:
                    payload["content"]["order"] = order
                yield payload

    payloads = dlt.resource(rows, name="user_activity", selected=False)
    return contract_resource("ai_usage", payloads, of_content(user_day))


def _order(path: Path) -> str:
    """Return which of day and month comes first in a file's dates that end in the year."""
    found: set[str] = set()
    for payload in csv_rows([path], _COLUMNS, "a user activity report of Amazon Q"):
        if match := _YEAR_LAST.match(payload.get("content", {}).get("Date", "").strip()):
            first, second = int(match[1]), int(match[2])
            if first > 12 >= second:
                found.add("day-first")
            elif second > 12 >= first:
                found.add("month-first")
    if len(found) > 1:
        raise ShipworthyError(
            f"{path} has dates with the day first and dates with the month first; "
            "split it, or say --date-format."
        )
    return found.pop() if found else "month-first"


def _day(text: str, order: str) -> datetime:
    match = _YEAR_LAST.match(text.strip())
    try:
        if match:
            numbers = dict(zip(_ORDERS[order], (int(match[1]), int(match[2])), strict=True))
            return datetime(int(match[3]), tzinfo=UTC, **numbers)
        moment = utc(text.strip().replace("/", "-"), "Date")
    except ValueError as error:
        raise BadRowError("Date is not a date") from error
    if moment is None or text.strip().isdigit():
        raise BadRowError("Date is not a date")
    return day_of(moment)


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "amazon-q",
        ("ai_usage",),
        lambda window: amazon_q(settings.paths(".csv"), settings.keys, settings["date_format"]),
        ranks={
            "ai_usage": (
                "coalesce(requests, -1)",
                "coalesce(accepted_lines, -1)",
                "coalesce(suggested_lines, -1)",
            )
        },
    )


VENDOR = Vendor(
    name="amazon-q",
    title="Amazon Q Developer",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option(
            "paths", "User activity reports (CSV), or directories.", kind="paths", is_required=True
        ),
        Option(
            "date_format",
            "What is first in dates that end in the year: month-first or day-first.",
        ),
    ),
)
