"""Cursor: lines from the daily usage of a team's members, requests and cost from usage events.

Token: an Admin API key of the team in CURSOR_API_KEY. Requested are `POST /teams/daily-usage-data`
and, for each UTC day, `POST /teams/filtered-usage-events`.

Readings
- Both describe the same work. Rows by member and day hold the accepted lines alone; rows by event
  hold requests (one each), tokens and cost. So nothing counts twice.
- `accepted_lines` is `acceptedLinesAdded`. `totalLinesAdded` includes what people type themselves,
  so that how many lines were suggested is not known.
- Members who were not active on a day (`isActive` false) are listed as well: they have no row.
- `billed_usd` is `chargedCents` / 100, final after a day at the latest: the last three days are
  read again. A call that is included in the plan or not charged, and has tokens but no charge, is
  billed 0. One without tokens is not billed by use (null), like the rows of lines: what seats cost
  is the user's to load.
- `inputTokens` is without cache already. Tokens are null where the call has no `tokenUsage`.
- Events have no number: one is told from another by time, member, model and its place among those
  that share them. If pages shifted while they were read, an event that two pages list counts once.
- Headless calls (`isHeadless`) are automated; so are events without a member, whose `isHeadless` is
  unknown.
- Left out: prompts and tabs by kind, which the events count, and the request units of older plans.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response
from requests.auth import HTTPBasicAuth

from shipworthy.sources.http import Session, read_pages
from shipworthy.sources.rows import (
    BadRowError,
    Row,
    contract_resource,
    day_of,
    decimal,
    get,
    hour_of,
    need,
    one_of_each,
    row_id,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Secret, Settings, Vendor, Window

_PAGE = 500
_TOKENS = ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens")
_NOT_CHARGED = ("included", "not charged", "no charge", "free")


class _PageNumbers(BasePaginator):
    """Pages by a number in the body, as long as the answer's `pagination` says that more follow.

    dlt's own takes an answer without `pagination` for an error; Cursor leaves it out where one page
    holds all.
    """

    def __init__(self) -> None:
        super().__init__()
        self._number = 1

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        self._has_next_page = bool(get(response.json(), "pagination", "hasNextPage"))
        self._number += 1

    def update_request(self, request: Request) -> None:
        body: dict[str, Any] = dict(request.json)  # type: ignore[arg-type]  # it is an object
        request.json = body | {"page": self._number}


@dlt.source(name="cursor")
def cursor(
    window: Window,
    session: Session,
    api_key: str,
    keys: Keys,
    base_url: str = "https://api.cursor.com",
) -> list[DltResource]:
    """Accepted lines by member and day, and usage events.

    Parameters
    ----------
    window : Window
        At most 30 days, Cursor's limit; events are asked for day by day.
    session : Session
        Retries and waits: Cursor answers 20 requests a minute.
    api_key : str
        Admin API key of the team.
    keys : Keys
        Makes the keys of people.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the key is refused, or an answer has no list of days or events.
    """
    client = RESTClient(
        base_url, auth=HTTPBasicAuth(api_key, ""), session=session, paginator=_PageNumbers()
    )

    def pages(path: str, name: str, start: datetime, end: datetime) -> Iterator[Any]:
        request = {
            "startDate": _milliseconds(start),
            # Included in the range, it would give the next range's first event twice.
            "endDate": _milliseconds(end) - 1,
            "page": 1,
            "pageSize": _PAGE,
        }
        return read_pages(client, path, name, method="POST", json=request)

    def member_days() -> Iterator[list[Any]]:
        start = _midnight(next(window.days()))
        listed = pages("teams/daily-usage-data", "data", start, window.until)
        yield one_of_each((item for page, _ in listed for item in page), _member_day)

    def events() -> Iterator[list[Any]]:
        for day in window.days():
            start = _midnight(day)
            end = min(start + timedelta(days=1), window.until)
            listed = pages("teams/filtered-usage-events", "usageEvents", start, end)
            yield _numbered(_each_once(list(listed)))

    return [
        contract_resource(
            "ai_usage", member_days(), lambda item: _lines_row(item, keys), name="ai_usage_lines"
        ),
        contract_resource(
            "ai_usage", events(), lambda event: _event_row(event, keys), name="ai_usage_events"
        ),
    ]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _member_day(item: Any) -> tuple[Any, Any] | None:
    member, day = get(item, "email") or get(item, "userId"), get(item, "date")
    return None if member is None or day is None else (member, day)


def _each_once(pages: list[tuple[list[Any], dict[str, Any]]]) -> list[Any]:
    """Return a day's events without those that a shift of the pages repeated.

    A page lists an event once: what two pages list is one event, unless all events together are as
    many as there should be.
    """
    events = [event for page, _ in pages for event in page]
    if not pages or len(events) == get(pages[-1][1], "totalUsageEventsCount"):
        return events
    most: Counter[str] = Counter()
    for page, _ in pages:
        most |= Counter(json.dumps(event, sort_keys=True) for event in page)
    return [json.loads(text) for text in most.elements()]


def _numbered(events: list[Any]) -> list[Any]:
    """Give each event its place among those of one time, member and model, in a fixed order.

    The charge, which is still revised, orders them last.
    """
    seen: Counter[str] = Counter()
    numbered = []
    for event in sorted(events, key=_order):
        if not isinstance(event, dict):
            numbered.append(event)
            continue
        name = json.dumps([get(event, "timestamp"), _member(event), get(event, "model")])
        numbered.append({**event, "place": seen[name]})
        seen[name] += 1
    return numbered


def _order(event: Any) -> tuple[str, str]:
    tokens = [get(event, "tokenUsage", name) for name in _TOKENS]
    return json.dumps(tokens), json.dumps(event, sort_keys=True)


def _member(event: dict[str, Any]) -> Any:
    return event.get("userEmail") or event.get("userId")


def _person(address: Any, number: Any, keys: Keys) -> str | None:
    return keys.email(address) or keys.alias("cursor", number)


def _lines_row(item: dict[str, Any], keys: Keys) -> Row | None:
    if item.get("isActive") is False:
        return None
    person = _person(item.get("email"), item.get("userId"), keys)
    if person is None:
        raise BadRowError("has neither email nor userId")
    day = day_of(utc(need(item, "date"), "date"))
    return {
        "usage_id": f"cursor:{row_id('lines', person, day)}",
        "source": "cursor",
        "person_key": person,
        "tool": "cursor",
        "bucket_started_at": day,
        "bucket_hours": 24,
        "accepted_lines": whole(need(item, "acceptedLinesAdded"), "accepted_lines"),
        "is_automated": False,
    }


def _event_row(event: dict[str, Any], keys: Keys) -> Row:
    happened = utc(need(event, "timestamp"), "timestamp")
    person = _person(event.get("userEmail"), event.get("userId"), keys)
    model = event.get("model")
    tokens = event.get("tokenUsage")
    headless = event.get("isHeadless")
    return {
        "usage_id": f"cursor:{row_id('event', happened, person, model, event['place'])}",
        "source": "cursor",
        "person_key": person,
        "tool": "cursor",
        "model": model,
        "bucket_started_at": hour_of(happened),
        "bucket_hours": 1,
        "requests": 1,
        "uncached_input_tokens": whole(get(tokens, "inputTokens")),
        "cache_read_tokens": whole(get(tokens, "cacheReadTokens")),
        "cache_write_tokens": whole(get(tokens, "cacheWriteTokens")),
        "output_tokens": whole(get(tokens, "outputTokens")),
        "billed_usd": _dollars(event),
        "is_automated": True if person is None and headless is None else headless,
    }


def _dollars(event: dict[str, Any]) -> float | None:
    cents = decimal(event.get("chargedCents"), "chargedCents")
    if cents is not None:
        return cents / 100
    kind = str(event.get("kind") or event.get("kindLabel") or "").lower()
    is_free = event.get("isChargeable") is False or any(word in kind for word in _NOT_CHARGED)
    return 0.0 if is_free and event.get("tokenUsage") else None


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "cursor",
        ("ai_usage",),
        lambda window: cursor(
            window,
            settings.session("Cursor"),
            settings.secrets["CURSOR_API_KEY"],
            settings.keys,
            settings["base_url"],
        ),
    )


def _headers(settings: Settings) -> dict[str, str]:
    request = Request("GET", "https://localhost", auth=(settings.secrets["CURSOR_API_KEY"], ""))
    return {"Authorization": str(request.prepare().headers["Authorization"])}


VENDOR = Vendor(
    name="cursor",
    title="Cursor",
    inputs=("ai_usage",),
    loads=_loads,
    secrets=(Secret("CURSOR_API_KEY", "an Admin API key of the team"),),
    base_url="https://api.cursor.com",
    probe="/teams/members",
    revises=timedelta(days=3),
    window=timedelta(days=30),
    history=timedelta(days=90),
    authenticate=_headers,
)
