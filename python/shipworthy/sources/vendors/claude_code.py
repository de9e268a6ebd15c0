"""Claude Code Analytics: usage of Claude Code in an organisation of the Claude Console.

Token: an Admin API key (created by an administrator of the organisation) in ANTHROPIC_ADMIN_KEY.
Requested is `GET /v1/organizations/usage_report/claude_code` alone, one UTC day a call. Users of
Claude Enterprise are not in it: they have the source `claude-enterprise`.

Readings
- A person has several records a day: one for each terminal, kind of customer, subscription, and
  whether the session was remote. Each makes one row without a model, which holds the sessions and
  the accepted lines, and one row for each model, which holds tokens and cost.
- `billed_usd` is Anthropic's `estimated_cost` (cents, divided by 100), an estimate and no invoice,
  also for subscriptions. The row without a model is billed 0: its cost stands in the models' rows.
- `tokens.input` is without cache already. Accepted lines are the lines that Claude Code added; how
  many it suggested is not reported, nor how many requests it made.
- An `api_actor` is a key and not a person: its alias is the key's name (`claude-api-key`), and its
  rows are automated.
- Records of one actor, day and dimensions that differ are one record read twice: the largest wins.
- Activity appears within an hour, so that the last hour does not count as read.
- Left out: commits, requests and tool decisions, which other inputs know better.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from shipworthy.sources.http import Session, read_pages
from shipworthy.sources.rows import (
    BadRowError,
    Row,
    contract_resource,
    day_of,
    decimal,
    get,
    need,
    one_of_each,
    row_id,
    total,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Secret, Settings, Vendor, Window, now

_DELAY = timedelta(hours=1)
_PAGE = 1000
_DIMENSIONS = (
    "organization_id",
    "terminal_type",
    "customer_type",
    "subscription_type",
    "is_remote",
)


@dlt.source(name="claude_code")
def claude_code(
    window: Window,
    session: Session,
    admin_key: str,
    keys: Keys,
    base_url: str = "https://api.anthropic.com",
) -> DltResource:
    """Usage of Claude Code by actor, day and model.

    Parameters
    ----------
    window : Window
        Its days are asked one by one.
    session : Session
        Retries and waits.
    admin_key : str
        Admin API key.
    keys : Keys
        Makes the keys of people.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the key is refused, or an answer has no list `data`.
    """
    client = RESTClient(
        base_url,
        headers=_headers(admin_key),
        session=session,
        paginator=JSONResponseCursorPaginator("next_page", cursor_param="page"),
    )

    def records() -> Iterator[list[Any]]:
        for day in window.days():
            read = [
                record
                for page, _ in read_pages(
                    client,
                    "v1/organizations/usage_report/claude_code",
                    "data",
                    params={"starting_at": day.isoformat(), "limit": _PAGE},
                )
                for record in page
            ]
            yield one_of_each(read, _identity)
        window.lower_through(now() - _DELAY)

    return contract_resource("ai_usage", records(), lambda record: _rows(record, keys))


def _headers(admin_key: str) -> dict[str, str]:
    return {"x-api-key": admin_key, "anthropic-version": "2023-06-01"}


def _identity(record: Any) -> tuple[Any, ...] | None:
    actor, day = get(record, "actor"), get(record, "date")
    name = get(actor, "email_address") or get(actor, "api_key_name")
    if name is None or day is None:
        return None
    return (get(actor, "type"), name, day, *(get(record, name) for name in _DIMENSIONS))


def _rows(record: dict[str, Any], keys: Keys) -> list[Row]:
    kind = need(record, "actor", "type")
    if kind == "user_actor":
        person = keys.email(need(record, "actor", "email_address"))
    elif kind == "api_actor":
        person = keys.alias("claude-api-key", need(record, "actor", "api_key_name"))
    else:
        raise BadRowError("actor.type is neither user_actor nor api_actor")
    day = day_of(utc(need(record, "date"), "date"))
    dimensions = [person, day, *(record.get(name) for name in _DIMENSIONS)]

    def row(*what: str) -> Row:
        return {
            "usage_id": f"claude-code:{row_id(*what, *dimensions)}",
            "source": "claude-code",
            "person_key": person,
            "tool": "claude",
            "bucket_started_at": day,
            "bucket_hours": 24,
            "is_automated": kind == "api_actor",
        }

    activity = {
        **row("activity"),
        "sessions": whole(need(record, "core_metrics", "num_sessions"), "sessions"),
        "accepted_lines": whole(
            get(record, "core_metrics", "lines_of_code", "added"), "accepted_lines"
        ),
        "billed_usd": 0.0,
    }
    by_model: dict[str, list[dict[str, Any]]] = {}
    for part in record.get("model_breakdown") or []:
        by_model.setdefault(need(part, "model"), []).append(part)
    return [
        activity,
        *(
            {
                **row("model", model),
                "model": model,
                "uncached_input_tokens": _tokens(parts, "input"),
                "cache_read_tokens": _tokens(parts, "cache_read"),
                "cache_write_tokens": _tokens(parts, "cache_creation"),
                "output_tokens": _tokens(parts, "output"),
                "billed_usd": _cost(parts),
            }
            for model, parts in by_model.items()
        ),
    ]


def _tokens(parts: list[dict[str, Any]], kind: str) -> int | None:
    return total(*(whole(get(part, "tokens", kind), f"tokens.{kind}") for part in parts))


def _cost(parts: list[dict[str, Any]]) -> float | None:
    cents = []
    for part in parts:
        if get(part, "estimated_cost", "currency") not in (None, "USD"):
            raise BadRowError("estimated_cost.currency is not USD")
        cents.append(decimal(get(part, "estimated_cost", "amount"), "estimated_cost.amount"))
    # One unknown part makes the sum unknown: the tokens are then priced.
    known = [amount for amount in cents if amount is not None]
    return sum(known) / 100 if len(known) == len(cents) else None


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "claude-code",
        ("ai_usage",),
        lambda window: claude_code(
            window,
            settings.session("Claude Code Analytics"),
            settings.secrets["ANTHROPIC_ADMIN_KEY"],
            settings.keys,
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="claude-code",
    title="Claude Code Analytics",
    inputs=("ai_usage",),
    loads=_loads,
    secrets=(Secret("ANTHROPIC_ADMIN_KEY", "an Admin API key of the organisation"),),
    base_url="https://api.anthropic.com",
    probe="/v1/organizations/me",
    revises=timedelta(days=3),
    window=timedelta(days=30),
    history=timedelta(days=90),
    authenticate=lambda settings: _headers(settings.secrets["ANTHROPIC_ADMIN_KEY"]),
)
