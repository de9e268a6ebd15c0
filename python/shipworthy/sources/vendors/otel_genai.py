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
  taken apart. Some instrumentations leave the cache out. Which do is decided for each pair of
  instrumentation scope and provider, over all files of a load: one span with more cached than
  input tokens proves it for all spans of the pair. Without proof, scopes that are known to leave
  it out do (github.com/traceloop/openllmetry/issues/4449 and openllmetry-js/pull/1027); the flag
  `input_excludes_cache` says so of the others that write the older names of attributes, which the
  rule is younger than (github.com/open-telemetry/semantic-conventions/pull/3163).
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
from dlt.extract import DltResource

from shipworthy.contract import LARGEST_COUNT
from shipworthy.git.catalog import Catalog
from shipworthy.sources.local_files import Payload, json_documents, of_content, parts, recognised
from shipworthy.sources.otlp import Attributes, attributes, is_export, scoped_items
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

# Instrumentations that hand on the provider's count, where that leaves the cache out.
_LEAVING_OUT_SCOPES = frozenset(
    {
        "opentelemetry.instrumentation.bedrock",
        "@traceloop/instrumentation-anthropic",
        "@traceloop/instrumentation-bedrock",
    }
)
_LEAVING_OUT_PROVIDERS = frozenset({"anthropic", "aws.bedrock", "aws_bedrock", "bedrock", "aws"})
# Gateways by the service name that they have unless told otherwise; `litellm` is in
# https://docs.litellm.ai/docs/observability/opentelemetry_integration.
_GATEWAYS = ("litellm",)
# Names that came with the rule that input includes the cache.
_YOUNG_NAMES = ("cache_read.input_tokens", "cache_creation.input_tokens")

# An instrumentation scope and a provider.
_Pair = tuple[str, str]


@dlt.source(name="otel_genai")
def otel_genai(paths: list[Path], keys: Keys, input_excludes_cache: bool = False) -> DltResource:
    """Calls of models, one row a span.

    Parameters
    ----------
    paths : list of Path
        Files of OTLP in JSON with spans.
    keys : Keys
        Makes the keys of people.
    input_excludes_cache : bool
        Whether instrumentations that write older names, and of which the files prove nothing, leave
        cached tokens out of the input tokens.

    Raises
    ------
    ShipworthyError
        While it is read: if the files cannot be read, hold nothing, or are no OTLP.
    """
    catalog = Catalog.load()
    proven: set[_Pair] = set()

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
            "tool": catalog.tool(service) if service and not _is_gateway(service) else None,
            "model": _first(named, "gen_ai.response.model", "gen_ai.request.model"),
            "bucket_started_at": hour_of(moment),
            "bucket_hours": 1,
            "requests": 1,
            **_tokens(named, _leaves_cache_out(content["scope"], named)),
            "is_automated": person is None,
            VERSION: utc(span.get("endTimeUnixNano"), "endTimeUnixNano"),
        }

    def _leaves_cache_out(scope: str, named: Attributes) -> bool:
        pair = (scope, _provider(named))
        if pair in proven:
            return True
        if scope in _LEAVING_OUT_SCOPES and pair[1] in _LEAVING_OUT_PROVIDERS:
            return True
        has_young_names = any(f"gen_ai.usage.{name}" in named for name in _YOUNG_NAMES)
        return input_excludes_cache and not has_young_names

    def spans() -> Iterator[Payload]:
        # What leaves the cache out must be known before the first span is read.
        for content in _spans(json_documents(paths)):
            if "broken" not in content and (pair := _proof(content["content"])):
                proven.add(pair)
        exports = recognised(
            json_documents(paths),
            is_export,
            f"{paths[0]} is not OTLP in JSON: it has no resourceSpans.",
        )
        return _spans(exports)

    payloads = dlt.resource(spans, name="spans", selected=False)
    return contract_resource("ai_usage", payloads, of_content(call))


def _spans(exports: Iterable[Payload]) -> Iterator[Payload]:
    return parts(
        exports,
        lambda export: (
            {"resource": resource, "scope": str((scope or {}).get("name") or ""), "span": span}
            for resource, scope, span in scoped_items(export, "Spans")
        ),
    )


def _is_gateway(service: str) -> bool:
    """Return whether a service passes on what some tool asked; which one, it does not say."""
    return service.lower().replace("_", "-").startswith(_GATEWAYS)


def _provider(named: Attributes) -> str:
    return str(_first(named, "gen_ai.provider.name", "gen_ai.system") or "").lower()


def _proof(content: dict[str, Any]) -> _Pair | None:
    """Return the scope and provider of a span that has more cached than input tokens."""
    try:
        named = attributes(content["resource"], content["span"])
        if not _is_call(named):
            return None
        tokens = _tokens(named, leaves_cache_out=True)
    except (AttributeError, BadRowError, KeyError, TypeError, ValueError):
        return None  # is refused where it is read
    if not all(0 <= count <= LARGEST_COUNT for count in tokens.values() if count is not None):
        return None  # is refused too, and proves nothing
    cached = (tokens["cache_read_tokens"] or 0) + (tokens["cache_write_tokens"] or 0)
    given = tokens["uncached_input_tokens"]
    return (content["scope"], _provider(named)) if given is not None and cached > given else None


def _first(named: Attributes, *names: str) -> Any:
    return next((named[name] for name in names if named.get(name) not in (None, "")), None)


def _is_call(named: Attributes) -> bool:
    operation = named.get("gen_ai.operation.name")
    if operation:
        return operation in _CALLS
    has_tokens = any(name.startswith("gen_ai.usage.") for name in named)
    has_system = _first(named, "gen_ai.provider.name", "gen_ai.system") is not None
    return has_tokens and has_system and not named.get("traceloop.span.kind")


def _tokens(named: Attributes, leaves_cache_out: bool) -> Row:
    def count(*names: str) -> int | None:
        return whole(_first(named, *(f"gen_ai.usage.{name}" for name in names)), names[0])

    uncached = count("input_tokens", "prompt_tokens")
    read = count("cache_read.input_tokens", "cache_read_input_tokens")
    written = count("cache_creation.input_tokens", "cache_creation_input_tokens")
    if uncached is not None and not leaves_cache_out:
        uncached -= (read or 0) + (written or 0)
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
            "Instrumentations with older attribute names leave cached tokens out of the input.",
            kind="flag",
            default=False,
        ),
    ),
)
