"""What a run leaves for the next one, so that it reads only new commits."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from shipworthy.git.births import BirthKind, Births, Pool
from shipworthy.git.commit_ids import CommitIds

# Another number makes every repository be loaded anew.
STATE_VERSION = 6

_HEADER_BYTES = 8
_ROWS_AT_A_TIME = 1 << 16


@dataclass
class ReaderState:
    """All that is known after the mainline's last read commit.

    Parameters
    ----------
    settings : str
        Fingerprint of everything besides the history that the rows depend on.
    tip : str
        The last mainline commit that was read.
    position : int
        Its mainline position.
    landed_at : int
        Its landing, in seconds since 1970 (UTC).
    branch_commits : int
        Branch commits that merges brought in so far.
    births : Births
        The births that have living lines, all of them old ones.
    files : dict of bytes to (array of int, array of int)
        Each file as runs of lines: index into `births`, and lines.
    removed_at : dict of int to int
        When each text of recent memory was last removed, by checksum.
    ignored : frozenset of str
        The revisions that were ignored.
    trace_file : str or None
        Object id of the Agent Trace file.
    notes_tree : str or None
        The commit of `refs/notes/ai`.
    notes_digest : str
        Of the notes on all commits read so far.
    """

    settings: str
    tip: str
    position: int
    landed_at: int
    branch_commits: int
    births: Births
    files: dict[bytes, tuple[np.ndarray, np.ndarray]]
    removed_at: dict[int, int] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    trace_file: str | None = None
    notes_tree: str | None = None
    notes_digest: str = ""

    def to_bytes(self) -> bytes:
        """Return the state as a blob: a JSON header, then plain arrays of numbers."""
        header = {
            "version": STATE_VERSION,
            "settings": self.settings,
            "tip": self.tip,
            "position": self.position,
            "landed_at": self.landed_at,
            "branch_commits": self.branch_commits,
            "ignored": sorted(self.ignored),
            "trace_file": self.trace_file,
            "notes_tree": self.notes_tree,
            "notes_digest": self.notes_digest,
            "births": len(self.births),
            "changes": len(self.births.changes),
            "paths": list(self.births.paths),
            "authors": len(self.births.authors),
            "kinds": list(self.births.kinds),
            # Latin-1 gives every byte a character of its own.
            "files": [path.decode("latin-1") for path in self.files],
            "removed": len(self.removed_at),
        }
        text = json.dumps(header, separators=(",", ":")).encode()
        compressor = zlib.compressobj(1)
        parts = chain((len(text).to_bytes(_HEADER_BYTES, "little"), text), self._arrays())
        return b"".join([*map(compressor.compress, parts), compressor.flush()])

    def _arrays(self) -> Iterator[bytes]:
        """Yield the numbers, file by file: the whole state may be large."""
        yield self.births.changes.old.to_bytes()
        yield self.births.authors.old.to_bytes()
        codes = self.births.codes()
        for first in range(0, len(codes), _ROWS_AT_A_TIME):
            yield codes[first : first + _ROWS_AT_A_TIME].astype("<u4").tobytes()
        yield np.array([len(numbers) for numbers, _ in self.files.values()], dtype="<u4").tobytes()
        for side in (0, 1):
            for both in self.files.values():
                yield both[side].astype("<u4").tobytes()
        yield np.fromiter(self.removed_at.keys(), "<u4", len(self.removed_at)).tobytes()
        yield np.fromiter(self.removed_at.values(), "<i8", len(self.removed_at)).tobytes()

    @classmethod
    def from_bytes(cls, blob: bytes) -> "ReaderState | None":
        """Read what `to_bytes` wrote; None if another version of this reader wrote it."""
        data = zlib.decompress(blob)
        position = _HEADER_BYTES + int.from_bytes(data[:_HEADER_BYTES], "little")
        header = json.loads(data[_HEADER_BYTES:position])
        if header.get("version") != STATE_VERSION:
            return None

        def take(kind: str, count: int) -> np.ndarray:
            nonlocal position
            array = np.frombuffer(data, dtype=kind, count=count, offset=position)
            position += array.nbytes
            return array

        width = len(header["tip"]) // 2
        changes, authors = (
            CommitIds.from_bytes(take("u1", header[ids] * width).tobytes(), width)
            for ids in ("changes", "authors")
        )
        codes = take("<u4", 4 * header["births"]).reshape(-1, 4)
        paths = [path.encode("latin-1") for path in header["files"]]
        runs = take("<u4", len(paths))
        borders = np.cumsum(runs)[:-1]
        total = int(runs.sum())
        numbers = np.split(take("<u4", total), borders)
        lines = np.split(take("<u4", total), borders)
        checksums = take("<u4", header["removed"])
        times = take("<i8", header["removed"])
        return cls(
            settings=header["settings"],
            tip=header["tip"],
            position=header["position"],
            landed_at=header["landed_at"],
            branch_commits=header["branch_commits"],
            births=Births(
                changes,
                Pool.of(header["paths"]),
                authors,
                Pool.of(BirthKind(*kind) for kind in header["kinds"]),
                codes,
            ),
            files=dict(zip(paths, zip(numbers, lines, strict=True), strict=True)) if paths else {},
            removed_at=dict(zip(checksums.tolist(), times.tolist(), strict=True)),
            ignored=frozenset(header["ignored"]),
            trace_file=header["trace_file"],
            notes_tree=header["notes_tree"],
            notes_digest=header["notes_digest"],
        )
