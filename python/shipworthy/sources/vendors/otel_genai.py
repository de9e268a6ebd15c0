"""OpenTelemetry spans of calls to models (GenAI conventions), from files of OTLP in JSON: AI usage.

Read are the files that the OpenTelemetry collector's file exporter writes: one export a line, or
one a file. Nothing is requested and no token is needed. Prompts and answers are not looked at.

Readings
- A row is one span, by trace and span id, with operation `chat`, `generate_content`,
  `text_completion` or `embeddings`. Spans of agents, workflows and tools (`invoke_agent`,
  `create_agent`, `execute_tool`) are left out: they sum up the calls below them.
- A span without an operation name, as old instrumentations write it, counts if it names a system
  and tokens, and is not a workflow's, task's, agent's or tool's (`traceloop.span.kind`).
- Both names of each attribute are read: `gen_ai.provider.name` and `gen_ai.system`,
  `gen_ai.usage.input_tokens` and `prompt_tokens`, `output_tokens` and `completion_tokens`.
- Input tokens include what was read from and written to the cache, as the conventions ask, and are
  taken apart. Instrumentations that leave the cache out are told by more cached than input tokens:
  such spans are refused, and the flag `input_excludes_cache` reads them.
- A span without input or output tokens (an error, a stream that was not counted) is a request whose
  tokens are unknown. Reasoning tokens are a part of the output.
- Model: `gen_ai.response.model`, else `gen_ai.request.model`. Tool: the resource's `service.name`,
  under the name that the catalogue of known agents has for it.
- Who: `user.email`, else `enduser.id`, else `user.id`, of the span or its resource; without `@` it
  is an alias of the kind `otel-genai`. Automated are spans that name nobody: calls of a service.
- Conventions know no cost. Two instrumentations that each write a span of the same call (a
  framework's and the SDK's) count twice: export one of them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltSource

from shipworthy.git.catalog import Catalog
from shipworthy.sources.local_files import Payload, json_documents, of_content, parts, recognised
from shipworthy.sources.otlp import Attributes, attributes, is_export, items
from shipworthy.sources.rows import (
    VERSION,
    BadRowError,
    Row,
    contract_resource,
    hour_of,
    need,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

_CALLS = frozenset({"chat", "generate_content", "text_completion", "embeddings"})


@dlt.source(name="otel_genai")
def otel_genai(paths: list[Path], keys: Keys, input_excludes_cache: bool = False) -> DltSource:
    """Calls of models, one row a span.

    Parameters
    ----------
    paths : list of Path
        Files of OTLP in JSON with spans.
    keys : Keys
        Makes the keys of people.
    input_excludes_cache : bool
        Whether the instrumentation leaves cached tokens out of the input tokens.

    Raises
    ------
    ShipworthyError
        While it is read: if the files cannot be read, hold nothing, or are no OTLP.
    """
    catalog = Catalog.load()

    def call(content: dict[str, Any]) -> Row | None:
        span = content["span"]
        named = attributes(content["resource"], span)
        if not _is_call(named):
            return None
        moment = utc(need(span, "startTimeUnixNano"), "startTimeUnixNano")
        service = named.get("service.name")
        person = _person(named, keys)
        return {
            "usage_id": f"otel-genai:{need(span, 'traceId')}:{need(span, 'spanId')}".lower(),
            "source": "otel-genai",
            "person_key": person,
            "tool": catalog.tool(service) if service else None,
            "model": _first(named, "gen_ai.response.model", "gen_ai.request.model"),
            "bucket_started_at": hour_of(moment),
            "bucket_hours": 1,
            "requests": 1,
            **_tokens(named, input_excludes_cache),
            "is_automated": person is None,
            VERSION: utc(span.get("endTimeUnixNano"), "endTimeUnixNano"),
        }

    def spans() -> Iterator[Payload]:
        exports = recognised(
            json_documents(paths),
            is_export,
            f"{paths[0]} is not OTLP in JSON: it has no resourceSpans.",
        )
        return parts(
            exports,
            lambda export: (
                {"resource": resource, "span": span} for resource, span in items(export, "Spans")
            ),
        )

    payloads = dlt.resource(spans, name="spans", selected=False)
    return contract_resource("ai_usage", payloads, of_content(call))


def _first(named: Attributes, *names: str) -> Any:
    return next((named[name] for name in names if named.get(name) not in (None, "")), None)


def _is_call(named: Attributes) -> bool:
    operation = named.get("gen_ai.operation.name")
    if operation:
        return operation in _CALLS
    has_tokens = any(name.startswith("gen_ai.usage.") for name in named)
    has_system = _first(named, "gen_ai.provider.name", "gen_ai.system") is not None
    return has_tokens and has_system and not named.get("traceloop.span.kind")


def _tokens(named: Attributes, input_excludes_cache: bool) -> Row:
    def count(*names: str) -> int | None:
        return whole(_first(named, *(f"gen_ai.usage.{name}" for name in names)), names[0])

    uncached = count("input_tokens", "prompt_tokens")
    read = count("cache_read.input_tokens", "cache_read_input_tokens")
    written = count("cache_creation.input_tokens", "cache_creation_input_tokens")
    if uncached is not None and not input_excludes_cache:
        uncached -= (read or 0) + (written or 0)
        if uncached < 0:
            raise BadRowError("has more cached than input tokens (see --input-excludes-cache)")
    return {
        "uncached_input_tokens": uncached,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "output_tokens": count("output_tokens", "completion_tokens"),
    }


def _person(named: Attributes, keys: Keys) -> str | None:
    who = _first(named, "user.email", "enduser.id", "user.id")
    if who is None:
        return None
    return keys.email(str(who)) if "@" in str(who) else keys.alias("otel-genai", str(who))


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "otel-genai",
        ("ai_usage",),
        lambda window: otel_genai(
            settings.paths(".json", ".jsonl", ".ndjson"),
            settings.keys,
            bool(settings["input_excludes_cache"]),
        ),
    )


VENDOR = Vendor(
    name="otel-genai",
    title="OpenTelemetry GenAI",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option("paths", "Files of OTLP in JSON, or directories.", kind="paths", is_required=True),
        Option(
            "input_excludes_cache",
            "The instrumentation leaves cached tokens out of the input tokens.",
            kind="flag",
            default=False,
        ),
    ),
)
