"""Gemini CLI's telemetry, from files: AI usage.

Read are the file that Gemini CLI itself writes (`telemetry.outfile` in settings.json, with target
local: JSON objects one after another, over many lines each) and the files of an OpenTelemetry
collector that it exports to (OTLP in JSON)
(https://github.com/google-gemini/gemini-cli/blob/main/docs/cli/telemetry.md). Of the events
`gemini_cli.api_response` is read and nothing else. Nothing is requested and no token is needed.

Readings
- A row is one answer of the model. It has no number: one is told from another by session, prompt,
  time, model and counts.
- `input_token_count` includes what came from the cache and leaves out the results of tools
  (`tool_token_count`); `output_token_count` leaves out thoughts. So `uncached_input_tokens` are
  input less cached plus tools, `output_tokens` are output plus thoughts, as Google's interface sums
  them (https://ai.google.dev/api/generate-content#UsageMetadata). Writing to the cache is not told.
- The event `gen_ai.client.inference.operation.details` and the metric `gemini_cli.token.usage` say
  the same again, and are passed over.
- Who: `user.email`, which is there after a sign-in, else `installation.id` (kind
  `gemini-cli-installation`).
- Automated are calls that were not interactive (`interactive` is false), and those that name
  nobody.
- Prompts and answers are not looked at. Nothing is told of prices.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from shipworthy.git.catalog import Catalog
from shipworthy.sources.local_files import (
    Payload,
    json_objects,
    of_content,
    parts,
    recognised,
)
from shipworthy.sources.otlp import attributes, is_export, items
from shipworthy.sources.rows import Row, contract_resource, get, hour_of, need, row_id, utc, whole
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

_ANSWER = "gemini_cli.api_response"
_SENTENCE = (
    "This is not Gemini CLI's telemetry: no object in it is one of its events. Name the file of "
    "telemetry.outfile, or the collector's."
)


@dlt.source(name="gemini_cli")
def gemini_cli(paths: list[Path], keys: Keys) -> DltResource:
    """Answers of the model, one row each.

    Parameters
    ----------
    paths : list of Path
        Files that Gemini CLI or a collector wrote.
    keys : Keys
        Makes the keys of people.

    Raises
    ------
    ShipworthyError
        If a file cannot be read, or none holds telemetry of Gemini CLI.
    """
    tool = Catalog.load().tool("gemini-cli")

    def answers() -> Iterator[Payload]:
        telemetry = recognised(json_objects(paths), _is_telemetry, _SENTENCE)
        return parts(telemetry, _events)

    def answer(said: dict[str, Any]) -> Row:
        happened = utc(need(said, "event.timestamp"), "timestamp")
        address, installation = said.get("user.email"), said.get("installation.id")
        person = keys.email(address) or keys.alias("gemini-cli-installation", installation)
        given = whole(need(said, "input_token_count"), "input_token_count")
        cached = whole(said.get("cached_content_token_count"), "cached_content_token_count") or 0
        tools = whole(said.get("tool_token_count"), "tool_token_count") or 0
        output = whole(need(said, "output_token_count"), "output_token_count")
        thoughts = whole(said.get("thoughts_token_count"), "thoughts_token_count") or 0
        model = said.get("model")
        place = (said.get("session.id"), said.get("prompt_id"), happened, model)
        return {
            "usage_id": f"gemini-cli:{row_id(*place, given, cached, tools, output, thoughts)}",
            "source": "gemini-cli",
            "person_key": person,
            "tool": tool,
            "model": model,
            "bucket_started_at": hour_of(happened),
            "bucket_hours": 1,
            "requests": 1,
            "uncached_input_tokens": given - cached + tools,
            "cache_read_tokens": cached,
            "output_tokens": output + thoughts,
            "is_automated": person is None or _is_false(said.get("interactive")),
        }

    return contract_resource("ai_usage", answers(), of_content(answer))


def _is_false(value: Any) -> bool:
    return value is False or str(value).lower() == "false"


def _is_telemetry(content: dict[str, Any]) -> bool:
    if is_export(content):
        return any(_is_own(attributes(record)) for _, record in items(content, "Logs"))
    own = content.get("attributes")
    # What it writes itself: events with attributes, and now and then all metrics at once.
    return (isinstance(own, dict) and _is_own(own)) or "scopeMetrics" in content


def _is_own(said: dict[str, Any]) -> bool:
    return str(said.get("event.name")).startswith(("gemini_cli.", "gen_ai."))


def _events(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the attributes of the answers that an object of a file holds."""
    if is_export(content):
        found = [
            {
                **({"event.timestamp": record["timeUnixNano"]} if "timeUnixNano" in record else {}),
                **attributes(resource, record),
            }
            for resource, record in items(content, "Logs")
        ]
    else:
        found = [{**(get(content, "resource", "attributes") or {}), **_attributes(content)}]
    return [said for said in found if said.get("event.name") == _ANSWER]


def _attributes(content: dict[str, Any]) -> dict[str, Any]:
    said = content.get("attributes")
    return said if isinstance(said, dict) else {}


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "gemini-cli",
        ("ai_usage",),
        lambda window: gemini_cli(settings.paths(".log", ".json", ".jsonl"), settings.keys),
    )


VENDOR = Vendor(
    name="gemini-cli",
    title="Gemini CLI",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option(
            "paths",
            "Files of telemetry, or directories of .log, .json and .jsonl.",
            kind="paths",
            is_required=True,
        ),
    ),
)
