"""Read the formats in which tools record who wrote single lines: Git AI notes and Agent Trace."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from shipworthy.git.catalog import UNKNOWN_TOOL, Catalog

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class AttestedRange:
    """Lines that a Git AI note attributes, numbered as in the annotated commit's version.

    Parameters
    ----------
    path : bytes
        File, relative to the root of the repository.
    start, end : int
        First and last line, counted from 1, both included.
    authorship : str
        `ai` or `human`.
    tool : str or None
        The tool of an `ai` range (`unknown-ai` if the note does not resolve it); None if `human`.
    """

    path: bytes
    start: int
    end: int
    authorship: str
    tool: str | None


@dataclass(frozen=True, slots=True)
class TraceRange:
    """Lines that an Agent Trace record attributes.

    Parameters
    ----------
    revision : str
        The commit that was checked out while the lines were written, hence usually the parent of
        the one that holds them.
    path : bytes
        File, relative to the root of the repository.
    start, end : int
        First and last line, counted from 1, both included.
    authorship : str
        `ai`, `human` or `untagged` (a contributor that is mixed or unknown).
    tool : str or None
        The tool of an `ai` range (`unknown-ai` if the record names none), else None.
    """

    revision: str
    path: bytes
    start: int
    end: int
    authorship: str
    tool: str | None


_RANGE = re.compile(r"([1-9]\d{0,9})(?:-([1-9]\d{0,9}))?")


def parse_git_ai_note(text: bytes, ignored: Counter[str] | None = None) -> list[AttestedRange]:
    """Read a note of `refs/notes/ai` (Git AI standard 3.0.0), tolerating what real notes hold.

    The ranges say nothing about lines that the commit did not add: callers intersect them. Where
    ranges overlap, the later one wins, as in Git AI's own lookup. Lines that no range names are
    unknown, not human.

    Parameters
    ----------
    text : bytes
        The note.
    ignored : Counter, optional
        Counts what was passed over (`line`, `range`, `metadata`) and keys that the note does not
        resolve (`key`; their ranges are kept as `unknown-ai`).

    Returns
    -------
    list of AttestedRange
        In the order of the note. Never raises: a broken note yields what can be read of it.
    """
    ignored = Counter() if ignored is None else ignored
    attestations, metadata = _split_note(text)
    if not attestations.strip():
        return []
    tools = _note_tools(metadata, ignored)
    ranges: list[AttestedRange] = []
    path = b""
    for line in attestations.split(b"\n"):
        line = line.rstrip(b"\r")
        if not line.strip():
            continue
        if line[:1] not in b" \t":
            # Quotes only wrap the path: the standard escapes nothing in it.
            is_quoted = len(line) > 2 and line[:1] == line[-1:] == b'"'
            path = line[1:-1] if is_quoted else line
            continue
        words = line.decode("utf-8", "replace").split()
        if len(words) != 2 or not path:
            ignored["line"] += 1
            continue
        key, spans = words
        if key == "human" or key.startswith("h_"):
            authorship, tool = "human", None
        else:
            authorship, tool = "ai", tools.get(key.partition("::")[0])
            if tool is None:
                ignored["key"] += 1
                tool = UNKNOWN_TOOL
        for span in spans.split(","):
            match = _RANGE.fullmatch(span)
            start = int(match[1]) if match else 0
            end = int(match[2] or start) if match else 0
            if not 0 < start <= end:
                ignored["range"] += 1
                continue
            ranges.append(AttestedRange(path, start, end, authorship, tool))
    return ranges


def _split_note(text: bytes) -> tuple[bytes, bytes]:
    """Split a note at its first line `---` into attestations and metadata."""
    divider = re.search(rb"^---\r?$", text, re.MULTILINE)
    if divider is None:
        return text, b""
    return text[: divider.start()], text[divider.end() :]


def _note_tools(metadata: bytes, ignored: Counter[str]) -> dict[str, str]:
    """Map the keys of a note's metadata, sessions and (older) prompts, to our names of tools."""
    record = _parse_json(metadata)
    if not isinstance(record, dict):
        ignored["metadata"] += 1
        return {}
    catalog = Catalog.load()
    tools = {}
    for section in ("prompts", "sessions"):
        for key, entry in _items(record.get(section)):
            agent = entry.get("agent_id") if isinstance(entry, dict) else None
            name = agent.get("tool") if isinstance(agent, dict) else None
            if isinstance(name, str) and name.strip():
                tools[key] = catalog.tool(name)
    return tools


_TRACE_AUTHORSHIP = {"ai": "ai", "human": "human"}


def parse_agent_trace(text: bytes) -> list[TraceRange]:
    """Read Agent Trace records: one JSON object, an array of them, or one a line.

    Records without a git revision and parts that break the format are passed over.

    Parameters
    ----------
    text : bytes
        Content of a trace file.
    """
    whole = _parse_json(text)
    if whole is None:
        records = [_parse_json(line) for line in text.splitlines()]
    else:
        records = whole if isinstance(whole, list) else [whole]
    return [found for record in records for found in _trace_ranges(record)]


def _trace_ranges(record: Any) -> Iterator[TraceRange]:
    vcs = _member(record, "vcs", dict)
    revision = vcs.get("revision")
    if vcs.get("type", "git") != "git" or not isinstance(revision, str) or not revision:
        return
    tool = Catalog.load().tool(_member(_member(record, "tool", dict), "name", str))
    for file in _member(record, "files", list):
        path = _member(file, "path", str).removeprefix("./").encode("utf-8", "surrogatepass")
        if not path:
            continue
        for conversation in _member(file, "conversations", list):
            contributor = _member(conversation, "contributor", dict)
            for span in _member(conversation, "ranges", list):
                start, end = (_member(span, name, int) for name in ("start_line", "end_line"))
                if not 0 < start <= end:
                    continue
                kind = (_member(span, "contributor", dict) or contributor).get("type")
                authorship = (
                    _TRACE_AUTHORSHIP.get(kind, "untagged") if isinstance(kind, str) else "untagged"
                )
                of_ai = tool if authorship == "ai" else None
                yield TraceRange(revision, path, start, end, authorship, of_ai)


def _member(record: Any, name: str, kind: type[_T]) -> _T:
    """Return a JSON object's member if it has the expected type, else that type's empty value."""
    value = record.get(name) if isinstance(record, dict) else None
    return value if type(value) is kind else kind()


def _items(section: Any) -> list[tuple[str, Any]]:
    return list(section.items()) if isinstance(section, dict) else []


def _parse_json(text: bytes) -> Any:
    """Parse JSON; None if it is broken, too deep to be a record, or holds nothing."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
