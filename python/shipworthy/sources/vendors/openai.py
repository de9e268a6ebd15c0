"""OpenAI: usage and costs of an organisation of the API platform.

Token: an Admin API key with the permission `api.usage.read` in OPENAI_ADMIN_KEY. Requested are
`GET /v1/organization/usage/completions`, by day, user, project, API key and model, and with
`--costs billed` also `GET /v1/organization/costs`, by day, project and line item.

Readings
- `input_tokens` includes cached tokens and tokens written to the cache: both are taken off.
  `output_tokens` includes reasoning. Where the cached tokens are not reported, the input cannot be
  split, and `uncached_input_tokens` is null.
- OpenAI bills projects and not people. By default (`--costs none`) tokens have no bill: they are
  priced from the price list, for the person who used them. With `--costs billed` the costs enter as
  rows of nobody, which hold `billed_usd` alone (dollars, all products of the platform), and rows of
  usage are billed 0, since their cost stands in those rows. So nothing counts twice. Choose before
  the first load: bills that are loaded stay, and usage that is read again without the option would
  be priced beside them.
- A user is the alias `openai` of the user's id. Usage of a key without a user is automated, and its
  alias is the key's id (`openai-api-key`).
- `tool` is `codex` for models of that name. Which tool used other models is not reported.
- Results of one bucket with the same dimensions are one result read twice: the largest wins.
- Left out: embeddings, images, audio, moderations and other usage without a language model's
  tokens, of which `--costs billed` has the cost. Codex with a ChatGPT plan is not in the platform's
  usage.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session, read_pages
from shipworthy.sources.rows import (
    BadRowError,
    Row,
    contract_resource,
    decimal,
    get,
    need,
    one_of_each,
    row_id,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Secret, Settings, Vendor, Window

_DIMENSIONS = ("user_id", "project_id", "api_key_id", "model")
_COST_DIMENSIONS = ("project_id", "line_item")
_BUCKETS = 31  # the most that a page of days holds


@dlt.source(name="openai")
def openai(
    window: Window,
    session: Session,
    admin_key: str,
    keys: Keys,
    costs: str = "none",
    base_url: str = "https://api.openai.com",
) -> DltResource | list[DltResource]:
    """Usage of language models by day, user, project, key and model; costs by project and item.

    Parameters
    ----------
    window : Window
        With a start; whole days.
    session : Session
        Retries and waits.
    admin_key : str
        Admin API key.
    keys : Keys
        Makes the keys of people.
    costs : str
        `none`: usage alone, priced from the price list. `billed`: what was billed, for projects.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If `costs` is another word, the key is refused, or an answer has no list `data`.
    """
    if costs not in ("billed", "none"):
        raise ShipworthyError("--costs is neither billed nor none.")
    client = RESTClient(
        base_url,
        headers=_headers(admin_key),
        session=session,
        paginator=JSONResponseCursorPaginator("next_page", cursor_param="page"),
    )
    start = utc(next(window.days()).isoformat())

    def results(report: str, dimensions: tuple[str, ...]) -> Iterator[list[Any]]:
        request = {
            "start_time": int(start.timestamp()),
            "end_time": int(window.until.timestamp()),
            "bucket_width": "1d",
            "group_by": list(dimensions),
            "limit": _BUCKETS,
        }
        # All pages at once: a bucket that is read twice is then known as such.
        read = [
            {**result, "start_time": get(bucket, "start_time")}
            for page, _ in read_pages(client, f"v1/organization/{report}", "data", params=request)
            for bucket in page
            for result in bucket.get("results") or []
        ]
        yield one_of_each(read, lambda result: _identity(result, dimensions))

    usage = contract_resource(
        "ai_usage",
        results("usage/completions", _DIMENSIONS),
        lambda result: _usage(result, keys, is_billed_elsewhere=costs == "billed"),
    )
    if costs == "none":
        return usage
    return [
        usage,
        contract_resource(
            "ai_usage", results("costs", _COST_DIMENSIONS), _cost, name="ai_usage_costs"
        ),
    ]


def _headers(admin_key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {admin_key}"}


def _identity(result: dict[str, Any], dimensions: tuple[str, ...]) -> tuple[Any, ...] | None:
    start = result.get("start_time")
    return None if start is None else (start, *(result.get(name) for name in dimensions))


def _usage(result: dict[str, Any], keys: Keys, is_billed_elsewhere: bool) -> Row:
    start = utc(need(result, "start_time"), "bucket_started_at")
    user, key, model = result.get("user_id"), result.get("api_key_id"), result.get("model")
    user_alias, key_alias = keys.alias("openai", user), keys.alias("openai-api-key", key)
    cached = whole(result.get("input_cached_tokens"), "cache_read_tokens")
    written = whole(result.get("input_cache_write_tokens"), "cache_write_tokens")
    given = whole(need(result, "input_tokens"), "input_tokens")
    uncached = None if cached is None else given - cached - (written or 0)
    return {
        "usage_id": "openai:"
        + row_id("usage", start, user_alias, result.get("project_id"), key_alias, model),
        "source": "openai",
        "person_key": user_alias or key_alias,
        "tool": "codex" if "codex" in (model or "").lower() else None,
        "model": model,
        "bucket_started_at": start,
        "bucket_hours": 24,
        "requests": whole(result.get("num_model_requests"), "requests"),
        "uncached_input_tokens": uncached,
        "cache_read_tokens": cached,
        "cache_write_tokens": written,
        "output_tokens": whole(need(result, "output_tokens"), "output_tokens"),
        "billed_usd": 0.0 if is_billed_elsewhere else None,
        "is_automated": None if user is None and key is None else user is None,
    }


def _cost(result: dict[str, Any]) -> Row:
    start = utc(need(result, "start_time"), "bucket_started_at")
    if str(need(result, "amount", "currency")).lower() != "usd":
        raise BadRowError("amount.currency is not usd")
    return {
        "usage_id": "openai:"
        + row_id("costs", start, *(result.get(name) for name in _COST_DIMENSIONS)),
        "source": "openai",
        "bucket_started_at": start,
        "bucket_hours": 24,
        "billed_usd": decimal(need(result, "amount", "value"), "amount.value"),
    }


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "openai",
        ("ai_usage",),
        lambda window: openai(
            window,
            settings.session("OpenAI"),
            settings.secrets["OPENAI_ADMIN_KEY"],
            settings.keys,
            settings["costs"],
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="openai",
    title="OpenAI",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option(
            "costs",
            "none: price each person's tokens from the list; billed: load what projects were "
            "billed, which is nobody's, and price no tokens. By default none.",
            default="none",
        ),
    ),
    secrets=(Secret("OPENAI_ADMIN_KEY", "an Admin API key with api.usage.read"),),
    base_url="https://api.openai.com",
    # Any second of the past will do.
    probe="/v1/organization/usage/completions?start_time=1767225600&limit=1",
    revises=timedelta(days=5),
    window=timedelta(days=14),
    history=timedelta(days=90),
    authenticate=lambda settings: _headers(settings.secrets["OPENAI_ADMIN_KEY"]),
)
