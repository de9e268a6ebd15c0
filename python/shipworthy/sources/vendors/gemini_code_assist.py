"""Gemini Code Assist's log entries, from files exported from Cloud Logging: AI usage.

Read are entries of the resource `cloudaicompanion.googleapis.com/Instance` and the product
`code_assist` (https://docs.cloud.google.com/gemini/docs/log-gemini): one a line, as a sink to Cloud
Storage writes them, or a list, as `gcloud logging read --format=json` prints it and `entries.list`
answers. Nothing is requested and no token is needed.

Readings
- One row an answer (`ResponseLog`, its label `request_id`) or a suggestion that was shown
  (`MetadataLog` with `codeExposure` or `chatExposure`, its `originalRequestId`): the same number is
  the same row, so that it counts once whether one log is exported or both.
- One row what was accepted of it (`codeAcceptance`, `chatAcceptance`): the most lines that any
  acceptance of its `originalRequestId` says, as Google counts them. Both rows are of their own
  hour.
- Who: the label `user_id`, an address; what is none is an alias of the kind `gemini-code-assist`.
- Prompts and answers are not looked at. Neither model, tokens nor prices are told.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from shipworthy.git.catalog import Catalog
from shipworthy.sources.local_files import Payload, json_documents, of_content, parts, recognised
from shipworthy.sources.rows import Row, contract_resource, get, hour_of, need, utc, whole
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

_RESOURCE = "cloudaicompanion.googleapis.com/Instance"
_LIST = "entries"
_SENTENCE = (
    "This is not an export of Gemini Code Assist's log: no entry in it is of the resource "
    f"{_RESOURCE}. Export with: gcloud logging read 'resource.type={_RESOURCE}' --format=json"
)
_SHOWN = ("codeExposure", "chatExposure")
_ACCEPTED = ("codeAcceptance", "chatAcceptance")


@dlt.source(name="gemini_code_assist")
def gemini_code_assist(paths: list[Path], keys: Keys) -> DltResource:
    """Answers, suggestions and acceptances, one row each.

    Parameters
    ----------
    paths : list of Path
        Files of log entries in JSON.
    keys : Keys
        Makes the keys of people.

    Raises
    ------
    ShipworthyError
        If a file cannot be read, or none holds an entry of Gemini Code Assist.
    """
    tool = Catalog.load().tool("gemini-code-assist")

    def entries() -> Iterator[Payload]:
        return recognised(
            parts(json_documents(paths, list_name=_LIST), _entries), _is_own, _SENTENCE
        )

    def row(entry: dict[str, Any]) -> Row | None:
        number, counts = _counts(entry)
        if number is None:
            return None
        who = get(entry, "labels", "user_id")
        person = keys.email(who) if "@" in str(who) else keys.alias("gemini-code-assist", who)
        return {
            "usage_id": f"gemini-code-assist:{number}",
            "source": "gemini-code-assist",
            "person_key": person,
            "tool": tool,
            "bucket_started_at": hour_of(utc(need(entry, "timestamp"), "timestamp")),
            "bucket_hours": 1,
            **counts,
            "is_automated": person is None,
        }

    return contract_resource("ai_usage", entries(), of_content(row))


def _entries(content: dict[str, Any]) -> list[dict[str, Any]]:
    entries = content.get(_LIST)
    return entries if isinstance(entries, list) else [content]


def _is_own(entry: dict[str, Any]) -> bool:
    return get(entry, "resource", "type") == _RESOURCE


def _counts(entry: dict[str, Any]) -> tuple[str | None, Row]:
    """Return the number of a row and what it counts; no number where an entry is none of these."""
    if not _is_own(entry) or get(entry, "labels", "product") != "code_assist":
        return None, {}
    said = need(entry, "jsonPayload")
    kind = str(need(said, "@type")).rsplit(".", 1)[-1]
    if kind == "ResponseLog":
        return need(entry, "labels", "request_id"), {"requests": 1}
    if kind == "MetadataLog":
        for event in _SHOWN:
            if event in said:
                return need(said, event, "originalRequestId"), {"requests": 1}
        for event in _ACCEPTED:
            if event in said:
                lines = whole(need(said, event, "linesCount"), "linesCount")
                number = need(said, event, "originalRequestId")
                return f"{number}:accepted", {"accepted_lines": lines}
    return None, {}


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "gemini-code-assist",
        ("ai_usage",),
        lambda window: gemini_code_assist(
            settings.paths(".json", ".jsonl", ".ndjson"), settings.keys
        ),
        ranks={"ai_usage": ("coalesce(accepted_lines, 0)", "-epoch(bucket_started_at)")},
    )


VENDOR = Vendor(
    name="gemini-code-assist",
    title="Gemini Code Assist",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option(
            "paths",
            "Files of exported log entries, or directories of .json, .jsonl and .ndjson.",
            kind="paths",
            is_required=True,
        ),
    ),
)
