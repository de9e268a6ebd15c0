"""LiteLLM's spend logs (CSV export of the table `LiteLLM_SpendLogs`): AI usage.

Read are CSV files with a header, as `\\copy "LiteLLM_SpendLogs" to 'spend.csv' csv header` writes
them. Nothing is requested and no token is needed. Requests, answers and tags stay unread but for
the caller's name in the tags and the token counts in `metadata`.

Readings
- A row is one request, by `request_id`, in the hour of its `startTime` (without an offset: UTC).
- What was read from and written to the cache stands in `metadata.usage_object`
  (`prompt_tokens_details.cached_tokens` and `cache_read_input_tokens`; `cache_creation_tokens` and
  `cache_creation_input_tokens`: of two, the greater, since versions leave one of them at 0), in
  older versions in `metadata.additional_usage_values`. Where neither is there, nothing was cached
  that LiteLLM knows of: the cache's columns are null and all of the prompt counts.
- `prompt_tokens` includes both in most versions, and they are taken off. Some leave out what was
  written, and for some calls what was read too (github.com/BerriAI/litellm/pull/23342). Which is
  told by the rows of a day with the same `call_type` and model: one with more cached than prompt
  tokens proves that the cache is left out, one with more read than prompt tokens that all of it is.
- `spend` is LiteLLM's estimate in dollars from its price list; it counts as `billed_usd`.
- Failed requests and retries count like all others, with the spend and the tokens that their row
  has (mostly 0): each attempt is a row of its own.
- What LiteLLM answered from its own cache (`cache_hit`) reached no model: a request with 0 tokens
  and the spend given.
- Models lose the provider in front (`anthropic/claude-sonnet-4-6`), since prices go by model.
- Tool: the coding tool that the tag `User-Agent: ...` names (Claude Code, Codex, Gemini CLI,
  Cursor); null for anything else.
- Who: `user`, an e-mail address or an alias of the kind `litellm`; without one (or with LiteLLM's
  `default_user_id`) the key, whose hash becomes an alias of the kind `litellm-key`, and the row is
  automated.
- Of rows with the same id the one that ended last counts.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract import DltResource

from shipworthy.admission import OPEN_QUOTE, unsplit_lines, value_sql
from shipworthy.contract import LARGEST_COUNT
from shipworthy.errors import ShipworthyError
from shipworthy.files import csv_header, csv_relation
from shipworthy.sources.local_files import check_header, digest
from shipworthy.sources.rows import VERSION, arrow_schema, contract_tables, rejected_table
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

_COLUMNS = (
    "request_id",
    "api_key",
    "spend",
    "prompt_tokens",
    "completion_tokens",
    "startTime",
    "model",
    "user",
    "metadata",
    "cache_hit",
)
_OPTIONAL_COLUMNS = ("endTime", "request_tags", "call_type")

# Rows at a time, between DuckDB, Python and dlt: what they take together stays below 100 MB.
_BATCH = 50_000
_MEMORY = "256MB"

_PATHS = [
    f"$.{where}.{field}"
    for field in (
        "prompt_tokens_details.cached_tokens",
        "cache_read_input_tokens",
        "prompt_tokens_details.cache_creation_tokens",
        "cache_creation_input_tokens",
    )
    for where in ("usage_object", "additional_usage_values")
]


def _count(text: str) -> str:
    # Wider than any count that is read, so that no sum of two of them is too large.
    return f"{value_sql('BIGINT', text)}::hugeint"


# A time without an offset is UTC: so is the connection. List positions begin at 1.
_PARSED = f"""
select
    *,
    greatest(
        {_count("coalesce(counts[1], counts[2])")}, {_count("coalesce(counts[3], counts[4])")}
    ) as cache_read,
    greatest(
        {_count("coalesce(counts[5], counts[6])")}, {_count("coalesce(counts[7], counts[8])")}
    ) as cache_written
from (
    select
        *,
        {value_sql("TIMESTAMP", "startTime")} as started_at,
        {value_sql("TIMESTAMP", "endTime")} as ended_at,
        try_cast(spend as double) as usd,
        {_count("prompt_tokens")} as prompt,
        {_count("completion_tokens")} as completion,
        lower(regexp_extract(request_tags, 'User-Agent: ([^"]*)', 1)) as agent,
        case lower(coalesce(cache_hit, '')) when 'true' then true when 'false' then false
            when '' then false when 'none' then false end as is_cached,
        case when json_valid(metadata) then json_extract_string(metadata, {_PATHS}) end
            as counts
    from ({{rows}})
)
"""

# A count that is none proves nothing of other rows.
_IS_POSSIBLE = f"""(
    coalesce(least(prompt, completion, cache_read, cache_written), 0) >= 0
    and coalesce(greatest(prompt, completion, cache_read, cache_written), 0) <= {LARGEST_COUNT}
)"""

# Days, kinds of call and models of which a row proves that the prompt leaves the cache out.
_LEFT_OUT = f"""
create or replace temp table cache_left_out as
select
    started_at::date as day,
    call_type,
    model,
    bool_or(prompt < coalesce(cache_read, 0)) as is_read_left_out
from ({_PARSED})
where
    not is_cached
    and {_IS_POSSIBLE}
    and prompt < coalesce(cache_read, 0) + coalesce(cache_written, 0)
group by all
"""

_ROWS = f"""
select
    request_id,
    "user",
    api_key,
    nullif(trim(regexp_replace(parsed.model, '^.*/', '')), '') as model,
    case
        when contains(agent, 'claude-cli') or contains(agent, 'claude-code') then 'claude'
        when contains(agent, 'codex') then 'codex'
        when contains(agent, 'geminicli') or contains(agent, 'gemini-cli') then 'gemini'
        when contains(agent, 'cursor') then 'cursor'
    end as tool,
    date_trunc('hour', started_at) as bucket_started_at,
    case
        when is_cached then 0
        when not {_IS_POSSIBLE} then null
        when is_read_left_out then prompt
        when is_read_left_out is not null then prompt - coalesce(cache_read, 0)
        else prompt - coalesce(cache_read, 0) - coalesce(cache_written, 0)
    end::bigint as uncached_input_tokens,
    case when is_cached then 0 when {_IS_POSSIBLE} then cache_read end::bigint
        as cache_read_tokens,
    case when is_cached then 0 when {_IS_POSSIBLE} then cache_written end::bigint
        as cache_write_tokens,
    case when is_cached then 0 when {_IS_POSSIBLE} then completion end::bigint as output_tokens,
    usd as billed_usd,
    coalesce(ended_at, started_at) as {VERSION},
    case
        when request_id is null then 'has no request_id'
        when contains(request_id, chr(0)) then 'request_id holds a NUL byte'
        when startTime is null then 'has no startTime'
        when started_at is null then 'startTime is not a time'
        when spend is not null and (usd is null or not isfinite(usd)) then 'spend is not a number'
        when usd < 0 then 'spend is negative'
        when prompt_tokens is not null and prompt is null
            then 'prompt_tokens is not a whole number'
        when completion_tokens is not null and completion is null
            then 'completion_tokens is not a whole number'
        when least(prompt, completion, cache_read, cache_written) < 0 then 'has a negative count'
        when not {_IS_POSSIBLE} then 'has a count above {LARGEST_COUNT:,}'
        when metadata is not null and counts is null then 'metadata is not JSON'
        when len(list_filter(counts, lambda text: text != '' and {_count("text")} is null))
            then 'has a count of cached tokens that is not a number'
        when is_cached is null then 'cache_hit is not true or false'
    end as reason
from ({_PARSED}) as parsed
left join cache_left_out
    on
        parsed.started_at::date = cache_left_out.day
        and parsed.call_type is not distinct from cache_left_out.call_type
        and parsed.model is not distinct from cache_left_out.model
"""


@dlt.source(name="litellm")
def litellm(paths: list[Path], keys: Keys) -> DltResource:
    """Requests through a LiteLLM proxy.

    Parameters
    ----------
    paths : list of Path
        CSV files of spend logs.
    keys : Keys
        Makes the keys of people.

    Raises
    ------
    ShipworthyError
        While it is read: if a file cannot be read, is empty, lacks a column, or has a quote that is
        not closed.
    """
    people = _People(keys)

    def batches() -> Iterator[tuple[pa.Table, pa.Table | None]]:
        for path in paths:
            yield from _file(path, people)

    return contract_tables("ai_usage", batches)


class _People:
    """Makes the keys of people, each once: a million rows have a few thousand."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._known: dict[tuple[str | None, str | None], str | None] = {}

    def column(self, users: pa.ChunkedArray, api_keys: pa.ChunkedArray) -> pa.Array:
        """Return the person of each row."""
        pairs = zip(users.to_pylist(), api_keys.to_pylist(), strict=True)
        return pa.array([self._person(pair) for pair in pairs], pa.string())

    def _person(self, pair: tuple[str | None, str | None]) -> str | None:
        try:
            return self._known[pair]
        except KeyError:
            user, api_key = pair
            if user is None:
                person = self._keys.alias("litellm-key", api_key)
            elif "@" in user:
                person = self._keys.email(user)
            else:
                person = self._keys.alias("litellm", user)
            self._known[pair] = person
            return person


def _file(path: Path, people: _People) -> Iterator[tuple[pa.Table, pa.Table | None]]:
    with duckdb.connect(config={"memory_limit": _MEMORY, "threads": 2}) as connection:
        connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        try:
            header = csv_header(path)
            check_header(path, header, _COLUMNS, "an export of LiteLLM's spend logs")
            given = [name for name in (*_COLUMNS, *_OPTIONAL_COLUMNS) if name in header]
            missing = [name for name in _OPTIONAL_COLUMNS if name not in header]
            texts = [
                f'nullif(trim("{name}"), \'\') as "{name}"' for name in given if name != "user"
            ]
            texts.append("nullif(nullif(trim(\"user\"), ''), 'default_user_id') as \"user\"")
            texts += [f'null::varchar as "{name}"' for name in missing]
            rows = f"select {', '.join(texts)} from {csv_relation(path, header)}"
            connection.execute(_LEFT_OUT.replace("{rows}", rows))
            reader = connection.sql(_ROWS.replace("{rows}", rows)).to_arrow_reader(_BATCH)
            for batch in reader:
                yield _contract_rows(path, pa.Table.from_batches([batch]), people)
            lines = unsplit_lines(connection)
        except OSError as error:
            raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error
        except duckdb.Error as error:
            first_line = str(error).strip().splitlines()[0]
            raise ShipworthyError(f"{path} cannot be read: {first_line}") from error
    for record, reason, _ in lines:
        if reason == OPEN_QUOTE:
            # It swallows the rows behind it: their number is unknown, and so is their share.
            raise ShipworthyError(
                f"{path}, record {record}: a quote is not closed, or text follows it."
            )
    refused = [(reason, {"file": digest(path), "line": record}) for record, reason, _ in lines]
    yield arrow_schema("ai_usage").empty_table(), rejected_table("ai_usage", refused)


def _contract_rows(path: Path, rows: pa.Table, people: _People) -> tuple[pa.Table, pa.Table | None]:
    bad = None
    is_good = pc.is_null(rows["reason"])
    if not pc.all(is_good).as_py():
        refused = rows.filter(pc.invert(is_good)).select(["reason", "request_id"]).to_pylist()
        bad = rejected_table(
            "ai_usage",
            [
                (row["reason"], {"file": digest(path), "request_id": row["request_id"]})
                for row in refused
            ],
        )
        rows = rows.filter(is_good)
    values = {
        "usage_id": pc.binary_join_element_wise("litellm", rows["request_id"], ":"),
        "source": pa.repeat("litellm", len(rows)),
        "person_key": people.column(rows["user"], rows["api_key"]),
        "bucket_hours": pa.repeat(1, len(rows)),
        "requests": pa.repeat(1, len(rows)),
        "is_automated": pc.is_null(rows["user"]),
    }
    columns = [
        values[field.name]
        if field.name in values
        else rows[field.name].cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(len(rows), field.type)
        for field in arrow_schema("ai_usage")
    ]
    return pa.table(columns, schema=arrow_schema("ai_usage")), bad


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "litellm",
        ("ai_usage",),
        lambda window: litellm(settings.paths(".csv"), settings.keys),
    )


VENDOR = Vendor(
    name="litellm",
    title="LiteLLM",
    inputs=("ai_usage",),
    loads=_loads,
    options=(Option("paths", "Spend logs (CSV), or directories.", kind="paths", is_required=True),),
)
