"""Line ranges that attribution tools recorded: Git AI notes and Agent Trace files."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from shipworthy.git.note_formats import (
    AttestedRange,
    TraceRange,
    parse_agent_trace,
    parse_git_ai_note,
)
from shipworthy.git.processes import ObjectReader
from shipworthy.git.repository import Repository

TRACE_PATH = b".agent-trace/traces.jsonl"

# Authorship and tool of one attested line.
Label = tuple[str, str | None]


def list_notes(repository: Repository) -> dict[str, str]:
    """Return the object id of each Git AI note by the commit that it is about."""
    notes = {}
    if repository.notes_tree is not None:
        for entry in repository.run("ls-tree", "-r", "-z", repository.notes_tree).split(b"\0"):
            fields, _, path = entry.partition(b"\t")
            # Big collections of notes spread over directories: ab/cd/ef...
            if fields.startswith(b"100"):
                notes[path.replace(b"/", b"").decode()] = fields.split(b" ")[2].decode()
    return notes


def digest_notes(repository: Repository, tip: str) -> str:
    """Return a digest of the notes about the commits that a tip reaches; nothing without any."""
    notes = list_notes(repository)
    if not notes:
        return ""
    reached = repository.run("rev-list", tip).decode().split()
    digest = hashlib.sha256()
    for sha in sorted(notes.keys() & set(reached)):
        digest.update(f"{sha} {notes[sha]}\n".encode())
    return digest.hexdigest()


class Attestations:
    """What tools say of single lines, commit by commit.

    Parameters
    ----------
    repository : Repository
    objects : ObjectReader
    """

    def __init__(self, repository: Repository, objects: ObjectReader) -> None:
        self._objects = objects
        self._notes = list_notes(repository)
        self._traces: dict[str, list[TraceRange]] = defaultdict(list)
        self._trace_text = b""
        self._known: dict[str, dict[bytes, list[tuple[int, int, Label]]]] = {}

    def load_traces(self, object_id: str) -> None:
        """Take in the trace file as it stands at a change. The file only ever grows at its end."""
        text = self._objects.read(object_id)
        if text.startswith(self._trace_text):
            news = text[len(self._trace_text) :]
        else:
            self._traces.clear()
            news = text
        self._trace_text = text
        self._known.clear()
        for trace in parse_agent_trace(news):
            if trace.authorship != "untagged":
                self._traces[trace.revision].append(trace)

    def has(self, sha: str, parents: Iterable[str]) -> bool:
        """Tell whether anything is recorded about the lines of a commit."""
        return sha in self._notes or any(parent in self._traces for parent in parents)

    def labels(
        self, sha: str, parents: Iterable[str], path: bytes, lines: np.ndarray
    ) -> tuple[np.ndarray, list[Label]]:
        """Say which lines of a file are attested, and as what.

        A line that several ranges hold counts once: notes before traces, AI before human, then the
        first range.

        Parameters
        ----------
        sha : str
            The commit that wrote the lines.
        parents : iterable of str
            Its parents: a trace names what was checked out while the lines were written.
        path : bytes
        lines : array of int
            Line numbers in that commit's version.

        Returns
        -------
        numbers : array of int
            For each line the index of its label, -1 where it has none.
        labels : list of Label
        """
        numbers = np.full(len(lines), -1, dtype=np.int32)
        labels: list[Label] = []
        ranges = self._ranges(sha, parents).get(path, ())
        for start, end, label in ranges:
            if label not in labels:
                labels.append(label)
            inside = (lines >= start) & (lines <= end) & (numbers < 0)
            numbers[inside] = labels.index(label)
        return numbers, labels

    def _ranges(
        self, sha: str, parents: Iterable[str]
    ) -> dict[bytes, list[tuple[int, int, Label]]]:
        known = self._known.get(sha)
        if known is None:
            known = defaultdict(list)
            recorded: list[Sequence[AttestedRange | TraceRange]] = []
            if sha in self._notes:
                recorded.append(parse_git_ai_note(self._objects.read(self._notes[sha])))
            recorded.append([trace for parent in parents for trace in self._traces.get(parent, ())])
            for ranges in recorded:
                for one in sorted(ranges, key=lambda one: one.authorship != "ai"):
                    known[one.path].append((one.start, one.end, (one.authorship, one.tool)))
            self._known = {sha: known}  # asked for once per file of one commit, then never again
        return known
