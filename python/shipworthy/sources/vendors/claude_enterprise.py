"""Claude Enterprise: usage, cost and Claude Code activity of an organisation's members.

Token: an Analytics API key (scope `read:analytics`; the primary owner makes it) in
ANTHROPIC_ANALYTICS_KEY. Requested are, for each UTC day, `GET /v1/organizations/analytics/`
`user_usage_report` and `user_cost_report`, by product and model, and `users`. Members of a Claude
Console organisation are not in it: they have the source `claude-code`.

Readings
- Usage and cost of one member, day, product and model make one row. Usage without a cost yet is
  not billed, so that its tokens are priced until the cost arrives; cost without usage is a row of
  its own without tokens.
- `amount` is a text in fractional cents, what is billed after discounts: divided by 100 it is
  `billed_usd`. `list_amount` is left out. On plans paid by seat the reports hold extra usage alone.
- `uncached_input_tokens` is without cache already; tokens written to the cache are the sum of those
  kept for five minutes and for an hour.
- Sessions and added lines are those of Claude Code: one more row a member and day, without model,
  tokens and bill. Members without a session, a line or a commit of Claude Code that day have none.
- All products count (chat, Claude Code, Cowork and so on) unless some are named; the tool of each
  is `claude`.
- Rows of groups (`rbac_group_id`) repeat the members' usage: they are left out. So is usage by API
  keys and automation, which these reports do not hold.
- The answers say up to when they are complete (`data_refreshed_at`), and are revised for 30 days:
  that much is read again. There is nothing before 2026-01-01.
- Rows of one member, day, product and model that differ are one row read twice: the largest wins.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dlt
import requests
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session, read_pages
from shipworthy.sources.rows import (
    VERSION,
    BadRowError,
    Row,
    contract_resource,
    decimal,
    get,
    need,
    one_of_each,
    row_id,
    total,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Secret, Settings, Vendor, Window

_FIRST_DAY = date(2026, 1, 1)
_PAGE = 1000
_ATTEMPTS = 4
# Activity is a day late, longer where something is wrong at Anthropic.
_LATEST = timedelta(days=4)


@dlt.source(name="claude_enterprise")
def claude_enterprise(
    window: Window,
    session: Session,
    analytics_key: str,
    keys: Keys,
    products: list[str] | None = None,
    base_url: str = "https://api.anthropic.com",
) -> list[DltResource]:
    """Usage and cost by member, day, product and model, and activity by member and day.

    Parameters
    ----------
    window : Window
        Its days are asked one by one.
    session : Session
        Retries and waits.
    analytics_key : str
        Analytics API key.
    keys : Keys
        Makes the keys of people.
    products : list of str, optional
        Products to load (`claude_code`); by default all.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the key is refused, an answer has no list `data`, or pages expire again and again.
    """
    client = RESTClient(
        base_url,
        headers=_headers(analytics_key),
        session=session,
        paginator=JSONResponseCursorPaginator("next_page", cursor_param="page"),
    )

    def days() -> Iterator[date]:
        return (day for day in window.days() if day >= _FIRST_DAY)

    def reports() -> Iterator[list[Any]]:
        # The first day of those at the end that no export holds yet.
        missing_from: date | None = None
        for day in days():
            request = {
                "starting_at": _text(_midnight(day)),
                "ending_at": _text(min(_midnight(day) + timedelta(days=1), window.until)),
                "bucket_width": "1d",
                "group_by[]": ["product", "model"],
                "limit": _PAGE,
                **({"products[]": products} if products else {}),
            }
            usage, usage_refreshed = _read(client, "user_usage_report", request)
            cost, cost_refreshed = _read(client, "user_cost_report", request)
            refreshed = [*usage_refreshed, *cost_refreshed]
            known = [moment for moment in refreshed if moment]
            for moment in known:
                window.lower_through(moment)
            missing_from = None if len(known) == len(refreshed) else missing_from or day
            yield _joined(usage, cost, max(known, default=None))
        if missing_from:
            window.lower_through(_midnight(missing_from))

    def activity() -> Iterator[list[Any]]:
        if products and "claude_code" not in products:
            return
        for day in days():
            try:
                members, _ = _read(client, "users", {"date": day.isoformat(), "limit": _PAGE})
            except requests.HTTPError as error:
                if not _is_too_recent(error, day, window.until):
                    raise
                window.lower_through(_midnight(day))
                return
            yield one_of_each(
                [{"day": day.isoformat(), "member": member} for member in members],
                lambda item: get(item, "member", "user", "id"),
            )

    return [
        contract_resource("ai_usage", reports(), lambda pair: _usage_row(pair, keys)),
        contract_resource(
            "ai_usage", activity(), lambda item: _activity_row(item, keys), name="ai_usage_activity"
        ),
    ]


def _headers(analytics_key: str) -> dict[str, str]:
    return {"x-api-key": analytics_key, "anthropic-version": "2023-06-01"}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_too_recent(error: requests.HTTPError, day: date, until: datetime) -> bool:
    """Whether the answer says that a day's activity is not there yet."""
    return (
        error.response is not None
        and error.response.status_code in (400, 404)
        and until - _midnight(day) < _LATEST
    )


def _read(
    client: RESTClient, report: str, request: dict[str, Any]
) -> tuple[list[Any], list[datetime | None]]:
    """Return all rows of a report, and up to when each of its pages says to be complete.

    Raises
    ------
    ShipworthyError
        If pages expire again and again, which they do when the data is refreshed.
    """
    for _ in range(_ATTEMPTS):
        rows: list[Any] = []
        refreshed: list[datetime | None] = []
        try:
            for page, answer in read_pages(
                client, f"v1/organizations/analytics/{report}", "data", params=dict(request)
            ):
                rows += page
                if "data_refreshed_at" in answer:
                    refreshed.append(utc(answer["data_refreshed_at"], "data_refreshed_at"))
        except requests.HTTPError as error:
            if error.response is None or error.response.status_code != 410:
                raise
            continue
        return rows, refreshed
    raise ShipworthyError(
        f"The pages of Claude Enterprise's {report} expired {_ATTEMPTS} times; try again later."
    )


def _joined(usage: list[Any], cost: list[Any], version: datetime | None) -> list[dict[str, Any]]:
    """Put the usage and the cost of a member, product and model side by side."""
    pairs: dict[Any, dict[str, Any]] = {}
    for part, rows in (("usage", usage), ("cost", cost)):
        for row in one_of_each(rows, _identity):
            if get(row, "rbac_group_id") is not None or get(row, "actor", "type") == "rbac_group":
                continue
            # What has no identity cannot be joined; it is refused by itself.
            name = _identity(row) or (part, len(pairs))
            pair = pairs.setdefault(name, {"usage": None, "cost": None, "version": version})
            pair[part] = row
    return list(pairs.values())


def _identity(row: Any) -> tuple[Any, ...] | None:
    member = get(row, "actor", "user_id") or get(row, "actor", "email_address")
    start = get(row, "starting_at")
    if member is None or start is None:
        return None
    names = ("product", "model", "rbac_group_id")
    return (get(row, "actor", "type"), member, start, *(get(row, name) for name in names))


def _person(account: Any, number: str, keys: Keys) -> tuple[str, str]:
    """Return the keys of a member and of the account, which outlives a change of the address."""
    member = keys.alias("claude", get(account, number))
    # Deleted members can be without an address.
    person = keys.email(get(account, "email_address")) or member
    if person is None:
        raise BadRowError(f"has neither email_address nor {number}")
    return person, member or person


def _usage_row(pair: dict[str, Any], keys: Keys) -> Row:
    usage, cost = pair["usage"], pair["cost"]
    known = usage or cost
    actor = need(known, "actor")
    if need(actor, "type") != "user_actor":
        raise BadRowError("actor.type is not user_actor")
    person, member = _person(actor, "user_id", keys)
    start = utc(need(known, "starting_at"), "starting_at")
    product, model = known.get("product"), known.get("model")
    row = {
        "usage_id": f"claude-enterprise:{row_id('usage', member, start, product, model)}",
        "source": "claude-enterprise",
        "person_key": person,
        "tool": "claude",
        "model": model,
        "bucket_started_at": start,
        "bucket_hours": 24,
        "requests": whole(known.get("requests"), "requests"),
        "billed_usd": _dollars(cost) if cost else None,
        "is_automated": False,
        VERSION: pair["version"],
    }
    if usage:
        written = usage.get("cache_creation")
        row |= {
            "uncached_input_tokens": whole(need(usage, "uncached_input_tokens")),
            "cache_read_tokens": whole(usage.get("cache_read_input_tokens")),
            "cache_write_tokens": total(
                whole(get(written, "ephemeral_5m_input_tokens")),
                whole(get(written, "ephemeral_1h_input_tokens")),
            ),
            "output_tokens": whole(need(usage, "output_tokens")),
        }
    return row


def _dollars(cost: dict[str, Any]) -> float:
    if cost.get("currency") not in (None, "USD"):
        raise BadRowError("currency is not USD")
    amount = decimal(need(cost, "amount"), "amount")
    if amount is None:
        raise BadRowError("has no amount")
    return amount / 100


def _activity_row(item: dict[str, Any], keys: Keys) -> Row | None:
    member = item["member"]
    account = need(member, "user")
    core = get(member, "claude_code_metrics", "core_metrics")
    sessions = whole(get(core, "distinct_session_count"), "sessions")
    lines = whole(get(core, "lines_of_code", "added_count"), "accepted_lines")
    if not (sessions or lines or get(core, "commit_count")):
        return None
    person, account_key = _person(account, "id", keys)
    return {
        "usage_id": f"claude-enterprise:{row_id('activity', account_key, item['day'])}",
        "source": "claude-enterprise",
        "person_key": person,
        "tool": "claude",
        "bucket_started_at": utc(item["day"]),
        "bucket_hours": 24,
        "sessions": sessions,
        "accepted_lines": lines,
        "is_automated": False,
    }


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "claude-enterprise",
        ("ai_usage",),
        lambda window: claude_enterprise(
            window,
            settings.session("Claude Enterprise"),
            settings.secrets["ANTHROPIC_ANALYTICS_KEY"],
            settings.keys,
            settings["products"],
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="claude-enterprise",
    title="Claude Enterprise",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option(
            "products",
            "Load this product only, such as claude_code; several times for several.",
            kind="texts",
            flag="product",
        ),
    ),
    secrets=(Secret("ANTHROPIC_ANALYTICS_KEY", "read:analytics (an Analytics API key)"),),
    base_url="https://api.anthropic.com",
    probe="/v1/organizations/analytics/users?date=2026-01-02&limit=1",
    revises=timedelta(days=30),
    window=timedelta(days=31),
    history=timedelta(days=90),
    authenticate=lambda settings: _headers(settings.secrets["ANTHROPIC_ANALYTICS_KEY"]),
)
