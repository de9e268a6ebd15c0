"""Kiro's user reports (CSV): AI usage.

Read are the files that Kiro writes daily to a bucket of yours, below `KiroLogs/user_report`, once
they are on this machine: one file a client and day, in parts of 1,000 users. Nothing is requested
and no token is needed.

Readings
- A row is one user, day (UTC) and client (`KIRO_IDE`, `KIRO_CLI`, `PLUGIN`).
- Columns are found by name: their order is not fixed.
- `credits` is `Credits_Used`, what the day took from the plan. `Overage_Credits_Used` is not added:
  Kiro describes it as a total of the user, and a total cannot be summed by day.
- `sessions` is `Chat_Conversations`; `requests` is `Total_Messages`, in which Kiro counts questions
  and answers alike.
- `UserId` is an id of IAM Identity Center and becomes an alias of the kind `kiro`; a directory's id
  before a dot (`d-9067c2a1.`) does not tell people apart and is left out.
- Reports of a day that is not over are written again: of the copies the one with the most credits,
  then messages, counts.
- Tokens, models and cost are unknown (null); the reports have none. No row is automated.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from shipworthy.sources.local_files import csv_rows, of_content
from shipworthy.sources.rows import (
    BadRowError,
    Row,
    contract_resource,
    day_of,
    decimal,
    need,
    row_id,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

_COLUMNS = ("UserId", "Date", "Client_Type", "Credits_Used", "Chat_Conversations", "Total_Messages")


@dlt.source(name="kiro")
def kiro(paths: list[Path], keys: Keys) -> DltResource:
    """What users did in Kiro, by day and client.

    Parameters
    ----------
    paths : list of Path
        CSV files of user reports.
    keys : Keys
        Makes the keys of people.

    Raises
    ------
    ShipworthyError
        While it is read: if a file cannot be read, is empty or lacks a column.
    """

    def user_day(report: dict[str, Any]) -> Row:
        person = keys.alias("kiro", identity_center_id(report["UserId"]))
        if person is None:
            raise BadRowError("has no UserId")
        started_at = utc(report["Date"], "Date")
        if started_at is None or report["Date"].strip().isdigit():
            raise BadRowError("Date is not a date")
        credits = decimal(report["Credits_Used"], "Credits_Used")
        if credits is not None and credits < 0:
            raise BadRowError("Credits_Used is negative")
        client = need(report, "Client_Type").strip()
        day = day_of(started_at)
        return {
            "usage_id": f"kiro:{row_id(person, day.date(), client)}",
            "source": "kiro",
            "person_key": person,
            "tool": "kiro",
            "bucket_started_at": day,
            "bucket_hours": 24,
            "sessions": whole(report["Chat_Conversations"], "Chat_Conversations"),
            "requests": whole(report["Total_Messages"], "Total_Messages"),
            "credits": credits,
            "is_automated": False,
        }

    rows = dlt.resource(
        lambda: csv_rows(paths, _COLUMNS, "a user report of Kiro"),
        name="user_reports",
        selected=False,
    )
    return contract_resource("ai_usage", rows, of_content(user_day))


def identity_center_id(user_id: str) -> str:
    """Return the user's part of an id of IAM Identity Center."""
    directory, dot, user = user_id.strip().partition(".")
    return user if dot and directory.startswith("d-") else user_id.strip()


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "kiro",
        ("ai_usage",),
        lambda window: kiro(settings.paths(".csv"), settings.keys),
        ranks={
            "ai_usage": (
                "coalesce(credits, -1)",
                "coalesce(requests, -1)",
                "coalesce(sessions, -1)",
            )
        },
    )


VENDOR = Vendor(
    name="kiro",
    title="Kiro",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option("paths", "User reports (CSV), or directories.", kind="paths", is_required=True),
    ),
)
