"""Windsurf: lines, messages and credits of Cascade, by member and day.

Key: a service key with the permission "Teams Read-only" (Enterprise plans), in
WINDSURF_SERVICE_KEY. It travels in the body of requests, as the interface asks. Requested are
`POST /UserPageAnalytics`, which lists the members, and for each of them `POST /CascadeAnalytics`
(https://docs.windsurf.com/plugins/accounts/api-reference/analytics-api-introduction): its answers
name nobody, so that each member is asked for alone.

Readings
- A row of a member, a day and a model holds messages (as requests), conversations (as sessions) and
  credits. A conversation of several models or days is a session in each of them, since sums of
  sessions are not told.
- A row of a member and a day without a model holds the lines that Cascade suggested and that were
  accepted. A number that is not told is 0, as in Windsurf's answers.
- `promptsUsed` is in hundredths of a credit. What a credit costs is the user's contract.
- UNKNOWN is Windsurf's word for a model that it does not know: null.
- Tokens are not told. Lines of autocomplete and of commands are not read: what was suggested there
  is not told.
- Windsurf refreshes its answers every three hours; the last three days are read again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session
from shipworthy.sources.rows import (
    BadRowError,
    Row,
    contract_resource,
    day_of,
    get,
    need,
    row_id,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Secret, Settings, Vendor, Window

_SOURCES = ("cascade_lines", "cascade_runs")


@dlt.source(name="windsurf")
def windsurf(
    window: Window,
    session: Session,
    key: str,
    keys: Keys,
    base_url: str = "https://server.codeium.com/api/v1",
) -> DltResource:
    """What the members of a team used on the days of a window.

    Parameters
    ----------
    window : Window
        From one midnight (UTC) on.
    session : Session
        Retries and waits.
    key : str
        Service key.
    keys : Keys
        Makes the keys of people.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the key is refused, no attempt was answered, or an answer holds no list.
    """
    client = RESTClient(base_url, session=session)
    bounds = {
        "start_timestamp": f"{window.since:%Y-%m-%dT%H:%M:%SZ}" if window.since else None,
        "end_timestamp": f"{window.until:%Y-%m-%dT%H:%M:%SZ}",
    }
    bounds = {name: value for name, value in bounds.items() if value}

    def answer(path: str, **asked: Any) -> Any:
        response = client.post(path, json={"service_key": key, **bounds, **asked})
        try:
            body = response.json()
        except ValueError:
            body = None
        said = str(get(body, "error") or get(body, "message") or "").lower()
        if "service key" in said or "permission" in said:
            raise ShipworthyError(
                "Windsurf refused the credential; check WINDSURF_SERVICE_KEY, which must be "
                "allowed: Teams Read-only."
            )
        response.raise_for_status()
        return body

    def listed(body: Any, *path: str) -> list[Any]:
        found = get(body, *path)
        if found is None and isinstance(body, dict) and len(path) > 1:
            return []  # an empty list is left out
        if not isinstance(found, list):
            raise ShipworthyError(
                f"Windsurf answered without a list {path[-1]!r}; nothing of this load was kept."
            )
        return found

    def member_days() -> Iterator[list[dict[str, Any]]]:
        for member in listed(answer("UserPageAnalytics"), "userTableStats"):
            address = get(member, "email")
            if not address:
                window.passed_over["members without an address"] += 1
                continue
            asked: list[dict[str, dict[str, Any]]] = [{name: {}} for name in _SOURCES]
            body = answer("CascadeAnalytics", emails=[address], query_requests=asked)
            results = listed(body, "queryResults")
            lines = [
                one for part in results for one in listed(part, "cascadeLines", "cascadeLines")
            ]
            runs = [one for part in results for one in listed(part, "cascadeRuns", "cascadeRuns")]
            yield [{"email": address, "lines": one} for one in lines]
            yield [{"email": address, "runs": group} for group in _by_day_and_model(runs)]

    def usage(payload: dict[str, Any]) -> Row | None:
        if "lines" in payload:
            return lines_row(payload["email"], payload["lines"])
        return runs_row(payload["email"], payload["runs"])

    def row(address: str, said: dict[str, Any], model: str | None, kind: str) -> Row:
        day = day_of(utc(need(said, "day"), "day"))
        person = keys.email(address)
        return {
            "usage_id": f"windsurf:{row_id(kind, person, day, model)}",
            "source": "windsurf",
            "person_key": person,
            "tool": "windsurf",
            "model": model,
            "bucket_started_at": day,
            "bucket_hours": 24,
            "is_automated": False,
        }

    def lines_row(address: str, said: dict[str, Any]) -> Row:
        return {
            **row(address, said, None, "lines"),
            "suggested_lines": whole(said.get("linesSuggested"), "linesSuggested") or 0,
            "accepted_lines": whole(said.get("linesAccepted"), "linesAccepted") or 0,
        }

    def runs_row(address: str, runs: list[Any]) -> Row:
        if not all(isinstance(run, dict) for run in runs):
            raise BadRowError("has another shape than expected")
        model = _model(runs[0])
        used = sum(whole(run.get("promptsUsed"), "promptsUsed") or 0 for run in runs)
        return {
            **row(address, runs[0], model, "runs"),
            "sessions": len({run["cascadeId"] for run in runs if run.get("cascadeId")}),
            "requests": sum(whole(run.get("messagesSent"), "messagesSent") or 0 for run in runs),
            "credits": used / 100,
        }

    return contract_resource(
        "ai_usage", dlt.resource(member_days, name="member_days", selected=False), usage
    )


def _model(run: Any) -> str | None:
    model = get(run, "model")
    return None if model in (None, "", "UNKNOWN") else str(model)


def _by_day_and_model(runs: list[Any]) -> list[list[Any]]:
    """Return runs in groups; those that say no day stay alone, to be refused."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for number, run in enumerate(runs):
        day = get(run, "day")
        groups[(str(day)[:10], _model(run)) if day else number].append(run)
    return list(groups.values())


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "windsurf",
        ("ai_usage",),
        lambda window: windsurf(
            window,
            settings.session("Windsurf"),
            settings.secrets["WINDSURF_SERVICE_KEY"],
            settings.keys,
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="windsurf",
    title="Windsurf",
    inputs=("ai_usage",),
    loads=_loads,
    secrets=(Secret("WINDSURF_SERVICE_KEY", "Teams Read-only (a service key)"),),
    base_url="https://server.codeium.com/api/v1",
    probe="/UserPageAnalytics",
    revises=timedelta(days=3),
    window=timedelta(days=30),
    history=timedelta(days=90),
    # The key travels in the body of requests: doctor can only ask whether somebody answers.
    authenticate=lambda settings: {},
)
