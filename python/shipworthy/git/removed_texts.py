"""Remember which texts a repository lost lately: a line that comes back is a refill."""

from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

import numpy as np

from shipworthy.git.diffs import FileChange

REFILL_SECONDS = 84 * 86_400
BLANK_CHECKSUM = 0  # of the empty text
# The memory is swept when it has grown by so many.
_SWEEP_ENTRIES = 50_000
_TEXTS_AT_A_TIME = 1 << 12
# Texts are first looked for by so many bits of their checksums.
_KNOWN_BITS = 22


class RemovedTexts:
    """Texts by their checksums, and when each was last removed.

    Parameters
    ----------
    removed_at : mapping of int to int
        By checksum, seconds since 1970 (UTC).
    """

    def __init__(self, removed_at: Mapping[int, int]) -> None:
        self._removed_at = dict(removed_at)
        self._sweep_at = len(self._removed_at) + _SWEEP_ENTRIES
        # Whether a text may have been removed in recent memory, by its checksum's first bits: most
        # were not.
        self._is_known = np.zeros(1 << _KNOWN_BITS, dtype=bool)
        self._know()

    def find(self, files: Sequence[FileChange], landed_at: int) -> dict[int, np.ndarray]:
        """Return which added lines have a text of recent memory, for files that have such lines.

        Parameters
        ----------
        files : sequence of FileChange
        landed_at : int
            Of the change, seconds since 1970 (UTC).
        """
        indexes = [index for index, file in enumerate(files) if file.new_text]
        texts = _joined([files[index].new_text for index in indexes])
        maybe = np.flatnonzero(self._is_known[texts >> np.uint32(32 - _KNOWN_BITS)])
        if not len(maybe):
            return {}
        oldest = landed_at - REFILL_SECONDS
        last_removed = self._removed_at.get
        is_refilled = np.zeros(len(texts), dtype=bool)
        is_refilled[maybe] = [
            last_removed(text, oldest - 1) >= oldest for text in texts[maybe].tolist()
        ]
        bounds = accumulate((len(files[index].new_text) for index in indexes), initial=0)
        found = {}
        for index, (start, end) in zip(indexes, pairwise(bounds), strict=True):
            if is_refilled[start:end].any():
                found[index] = is_refilled[start:end]
        return found

    def remember(
        self,
        files: Sequence[FileChange],
        kept: Mapping[int, Sequence[tuple[int, int]]],
        landed_at: int,
    ) -> None:
        """Remember what a change removed; what moved or was kept was never gone.

        Parameters
        ----------
        files : sequence of FileChange
        kept : mapping of int to sequence of (int, int)
            By index of the file, lines that stand for older ones: as added and as removed.
        landed_at : int
            Of the change, seconds since 1970 (UTC).
        """
        removed = []
        for index, file in enumerate(files):
            if file.old_text:
                texts = np.frombuffer(file.old_text, np.uint32)
                if file.moved_away or index in kept:
                    stays = [*file.moved_away, *(gone for _, gone in kept.get(index, ()))]
                    texts = np.delete(texts, stays)
                removed.append(texts)
        texts = _joined(removed)
        texts = texts[texts != BLANK_CHECKSUM]
        if not len(texts):
            return
        self._is_known[texts >> np.uint32(32 - _KNOWN_BITS)] = True
        for start in range(0, len(texts), _TEXTS_AT_A_TIME):
            some = texts[start : start + _TEXTS_AT_A_TIME].tolist()
            self._removed_at.update(dict.fromkeys(some, landed_at))
        if len(self._removed_at) > self._sweep_at:
            self._sweep(landed_at)
            self._sweep_at = len(self._removed_at) + _SWEEP_ENTRIES

    def since(self, landed_at: int | None) -> dict[int, int]:
        """Return what is in recent memory of a moment; None is before any change."""
        if landed_at is not None:
            self._sweep(landed_at)
        return self._removed_at

    def forget(self) -> None:
        """Give back the memory."""
        self._removed_at = {}
        self._is_known = np.empty(0, dtype=bool)

    def _sweep(self, landed_at: int) -> None:
        oldest = landed_at - REFILL_SECONDS
        self._removed_at = {text: at for text, at in self._removed_at.items() if at >= oldest}
        self._know()

    def _know(self) -> None:
        self._is_known[:] = False
        numbers = np.fromiter(self._removed_at, np.uint32, len(self._removed_at))
        self._is_known[numbers >> np.uint32(32 - _KNOWN_BITS)] = True


def _joined(texts: Sequence[array | np.ndarray]) -> np.ndarray:
    """Return checksums of several files, one after the other."""
    parts = [np.frombuffer(part, np.uint32) for part in texts]
    return np.concatenate(parts) if parts else np.empty(0, np.uint32)
