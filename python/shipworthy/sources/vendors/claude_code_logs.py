"""Claude Code's session logs on this machine: AI usage.

Read are the lines of type `assistant` in files that end in .jsonl below ~/.claude/projects (or the
paths given). Nothing is requested and no token is needed. The format is Claude Code's own and may
change; what people and the model wrote is not looked at.

Readings
- A row is one answer of the model, by its message id. One answer is written as several lines whose
  output tokens grow: the line with the most counts. Sidechains, resumed and forked sessions repeat
  messages, some under another request id: they count once, in the hour of the earliest copy.
- A line without a message id is an answer of its own, by its `uuid`.
- Input tokens leave out what was read from and written to the cache, as in Claude's interface.
- `billed_usd` is the line's `costUSD`, Claude Code's own estimate at list prices; newer versions
  write none, and then it is null.
- The logs name nobody: rows belong to the address given as `email`, else to nobody.
- Automated are sessions that the SDK or `claude -p` ran (`entrypoint` starts with `sdk`).
- Left out on purpose: other types of lines, and answers of the model `<synthetic>`, which Claude
  Code writes itself. A last line that is still being written waits for the next load.
"""

from collections.abc import Iterable, Iterator
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
    decimal,
    get,
    hour_of,
    need,
    row_id,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

# Claude Code's own name for answers that no model gave.
_NO_MODEL = "<synthetic>"


@dlt.source(name="claude_code_logs")
def claude_code_logs(paths: list[Path], keys: Keys, email: str | None = None) -> DltResource:
    """Answers of Claude in Claude Code's session logs.

    Parameters
    ----------
    paths : list of Path
        Files of JSON lines.
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

    def answer(line: dict[str, Any]) -> Row | None:
        if line.get("type") != "assistant" or get(line, "message", "model") == _NO_MODEL:
            return None
        usage = need(line, "message", "usage")
        message_id = get(line, "message", "id")
        if message_id is None and line.get("uuid") is None:
            raise BadRowError("has no message.id")
        moment = utc(need(line, "timestamp"), "timestamp")
        return {
            "usage_id": f"claude-code-logs:{message_id or row_id(line['uuid'])}",
            "source": "claude-code-logs",
            "person_key": person,
            "tool": "claude",
            "model": need(line, "message", "model"),
            "bucket_started_at": hour_of(moment),
            "bucket_hours": 1,
            "requests": 1,
            "uncached_input_tokens": whole(need(usage, "input_tokens"), "input_tokens"),
            "cache_read_tokens": whole(usage.get("cache_read_input_tokens"), "cache_read_tokens"),
            "cache_write_tokens": whole(
                usage.get("cache_creation_input_tokens"), "cache_write_tokens"
            ),
            "output_tokens": whole(need(usage, "output_tokens"), "output_tokens"),
            "billed_usd": decimal(line.get("costUSD"), "billed_usd"),
            "is_automated": str(line.get("entrypoint") or "").startswith("sdk"),
            VERSION: moment,
        }

    def lines() -> Iterator[Payload]:
        # Every line of a session names its type; what else there is differs from type to type.
        return recognised(
            json_lines(paths),
            lambda line: "type" in line and ("sessionId" in line or "message" in line),
            f"{paths[0]} holds no session log of Claude Code: no line has a type and a sessionId.",
        )

    payloads = dlt.resource(lines, name="log_lines", selected=False)
    return contract_resource("ai_usage", payloads, of_content(answer))


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "claude-code-logs",
        ("ai_usage",),
        lambda window: claude_code_logs(settings.paths(".jsonl"), settings.keys, settings["email"]),
        ranks={
            "ai_usage": (
                "coalesce(output_tokens, 0)",
                "-epoch(bucket_started_at)",
                "coalesce(billed_usd, -1)",
            )
        },
    )


VENDOR = Vendor(
    name="claude-code-logs",
    title="Claude Code logs",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option(
            "paths",
            "Session logs, or directories of them; by default ~/.claude/projects.",
            kind="paths",
            default=["~/.claude/projects"],
        ),
        Option("email", "Address of the person whose logs these are; only its hash is stored."),
    ),
)
