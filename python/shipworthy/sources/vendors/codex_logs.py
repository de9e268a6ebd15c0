"""Codex's session logs on this machine: AI usage.

Read are the events `token_count` in files that end in .jsonl below ~/.codex/sessions (or the paths
given). Nothing is requested and no token is needed. The format is Codex's own and may change; what
people and the model wrote is not looked at.

Readings
- Events carry the session's totals so far: a row is the difference from the event before. An event
  that repeats the totals (Codex writes them to refresh its display) is no row. Where totals fall,
  the session started counting anew.
- The first event of a file may stand on totals that were counted elsewhere (a session resumed in
  another file): it counts its `last_token_usage`, which is all of it in a new session.
- Forked sessions and sub-agents repeat their parent's events, stamped with the time of the fork. An
  event is therefore told by its totals within the whole family of sessions, and counts once, in the
  hour of its earliest copy. The family is that of the oldest session that is known: a file names
  its parent (`forked_from_id`, or `parent_thread_id` of the agent that spawned it), and the first
  lines of all files of a load say whose child that is.
- `input_tokens` includes what was cached, and is taken apart; tokens of reasoning are a part of the
  output. What was written to the cache is unknown (null).
- The model is that of the last `turn_context`; null before the first one.
- The logs name nobody: rows belong to the address given as `email`, else to nobody.
- Automated are sessions of `codex exec` (originator `codex_exec` or source `exec`).
- Left out on purpose: all other events, and `token_count` without totals (rate limits alone). A
  last line that is still being written waits for the next load.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from shipworthy.sources.local_files import Payload, json_lines, of_content, recognised
from shipworthy.sources.rows import (
    VERSION,
    BadRowError,
    Row,
    contract_resource,
    get,
    hour_of,
    need,
    row_id,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

_COUNTS = ("input_tokens", "cached_input_tokens", "output_tokens")
# More than a session's own description takes, instructions included.
_FIRST_LINE = 4 * 1024 * 1024
_LINE_TYPES = frozenset({"session_meta", "turn_context", "event_msg", "response_item", "compacted"})


@dataclass
class _Session:
    """What the lines of one file have said so far."""

    ancestors: dict[str, str]
    parents: dict[str, str | None] = field(default_factory=dict)
    is_automated: bool = False
    model: str | None = None
    totals: dict[str, int] | None = None
    restarts: int = 0

    def read(self, line: dict[str, Any]) -> dict[str, Any] | None:
        """Take in a line; return what it says was used, None if it says nothing of that.

        Raises
        ------
        BadRowError
            If it does not make sense.
        """
        kind = line.get("type")
        if kind == "session_meta":
            self._read_meta(need(line, "payload"))
        elif kind == "turn_context":
            self.model = str(need(line, "payload", "model"))
        if kind != "event_msg" or get(line, "payload", "type") != "token_count":
            return None
        if get(line, "payload", "info") is None:
            return None
        totals = _counts(need(line, "payload", "info", "total_token_usage"))
        last = get(line, "payload", "info", "last_token_usage")
        used = self._used_since(totals, _counts(last) if last else None)
        if not any(used.values()):
            return None
        if used["cached_input_tokens"] > used["input_tokens"]:
            raise BadRowError("has more cached input tokens than input tokens")
        return {
            "used": used,
            "told_by": row_id(self._family(), self.restarts, *(totals[name] for name in _COUNTS)),
            "timestamp": need(line, "timestamp"),
            "model": self.model,
            "is_automated": self.is_automated,
        }

    def _read_meta(self, meta: dict[str, Any]) -> None:
        """Take in a session_meta: the file's own comes first, copies of its ancestors' follow."""
        session_id, parent = str(need(meta, "id")), _parent(meta)
        if not self.parents:
            self.is_automated = meta.get("originator") == "codex_exec" or (
                meta.get("source") == "exec"
            )
        elif session_id not in self.parents:
            # It is the parent of the one before, also where that does not say whose fork it is.
            youngest = list(self.parents)[-1]
            self.parents[youngest] = self.parents[youngest] or session_id
        self.parents.setdefault(session_id, parent)

    def _family(self) -> str:
        """Return the oldest session that this file and the first lines of the others name."""
        if not self.parents:
            raise BadRowError("comes before its session_meta")
        oldest = next(iter(self.parents))
        seen = {oldest}
        while (parent := self._parent_of(oldest)) and parent not in seen:
            oldest = parent
            seen.add(oldest)
        return oldest

    def _parent_of(self, session_id: str) -> str | None:
        return self.parents.get(session_id) or self.ancestors.get(session_id)

    def _used_since(self, totals: dict[str, int], last: dict[str, int] | None) -> dict[str, int]:
        """Return what was used since the event before, and keep the totals."""
        before, self.totals = self.totals, totals
        if before and all(totals[name] >= before[name] for name in _COUNTS):
            return {name: totals[name] - before[name] for name in _COUNTS}
        if before:
            self.restarts += 1
        if last and all(last[name] <= totals[name] for name in _COUNTS):
            return last
        return totals


@dlt.source(name="codex_logs")
def codex_logs(paths: list[Path], keys: Keys, email: str | None = None) -> DltResource:
    """Requests of Codex in its session logs.

    Parameters
    ----------
    paths : list of Path
        Files of JSON lines, one a session.
    keys : Keys
        Makes the key of the person.
    email : str, optional
        Address of the person whose logs these are.

    Raises
    ------
    ShipworthyError
        While it is read: if the files cannot be read, hold nothing, or are no session logs.
    """
    person = keys.email(email)

    def request(event: dict[str, Any]) -> Row:
        used = event["used"]
        moment = utc(event["timestamp"], "timestamp")
        return {
            "usage_id": f"codex-logs:{event['told_by']}",
            "source": "codex-logs",
            "person_key": person,
            "tool": "codex",
            "model": event["model"],
            "bucket_started_at": hour_of(moment),
            "bucket_hours": 1,
            "requests": 1,
            "uncached_input_tokens": used["input_tokens"] - used["cached_input_tokens"],
            "cache_read_tokens": used["cached_input_tokens"],
            "output_tokens": used["output_tokens"],
            "is_automated": event["is_automated"],
            VERSION: moment,
        }

    def events() -> Iterator[Payload]:
        lines = recognised(
            json_lines(paths),
            lambda line: line.get("type") in _LINE_TYPES,
            f"{paths[0]} holds no session log of Codex: no line has one of its types.",
        )
        ancestors = _ancestors(paths)
        session, before = _Session(ancestors), 0
        for payload in lines:
            if payload["line"] <= before:
                session = _Session(ancestors)  # the next file
            before = payload["line"]
            if "broken" in payload:
                yield payload
                continue
            place = {name: payload[name] for name in ("file", "line")}
            try:
                event = session.read(payload["content"])
            except BadRowError as error:
                yield {**place, "broken": error.reason}
                continue
            if event:
                yield {**place, "content": event}

    payloads = dlt.resource(events, name="log_events", selected=False)
    return contract_resource("ai_usage", payloads, of_content(request))


def _parent(meta: dict[str, Any]) -> str | None:
    """Return the session that this one was forked from or spawned by."""
    parent = meta.get("forked_from_id")
    places: list[Any] = [meta.get("source")]
    while not parent and places:
        place = places.pop()
        if isinstance(place, dict):
            parent = place.get("parent_thread_id")
            places += place.values()
    return str(parent) if parent else None


def _ancestors(paths: list[Path]) -> dict[str, str]:
    """Return the parent of each session whose log begins with a line that names one."""
    found = {}
    for path in paths:
        try:
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                line = json.loads(file.readline(_FIRST_LINE))
            meta = line["payload"]
            if line["type"] == "session_meta" and (parent := _parent(meta)):
                found[str(meta["id"])] = parent
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue  # refused where the file is read
    return found


def _counts(usage: dict[str, Any]) -> dict[str, int]:
    return {
        "input_tokens": whole(need(usage, "input_tokens"), "input_tokens"),
        "cached_input_tokens": whole(usage.get("cached_input_tokens"), "cached_input_tokens") or 0,
        "output_tokens": whole(need(usage, "output_tokens"), "output_tokens"),
    }


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "codex-logs",
        ("ai_usage",),
        lambda window: codex_logs(settings.paths(".jsonl"), settings.keys, settings["email"]),
        ranks={
            "ai_usage": (
                "-epoch(bucket_started_at)",
                "coalesce(model, '')",
                "coalesce(output_tokens, 0) + coalesce(uncached_input_tokens, 0)",
            )
        },
    )


VENDOR = Vendor(
    name="codex-logs",
    title="Codex logs",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option(
            "paths",
            "Session logs, or directories of them; by default ~/.codex/sessions.",
            kind="paths",
            default=["~/.codex/sessions"],
        ),
        Option("email", "Address of the person whose logs these are; only its hash is stored."),
    ),
)
