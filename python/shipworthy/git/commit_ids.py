"""Ids of many commits, close together: an object each would take three times the memory."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import overload

import numpy as np


class CommitIds(Sequence[str]):
    """Ids of commits in a row.

    Parameters
    ----------
    ids : iterable of str
        All of one length.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        listed = list(ids)
        self._width = len(listed[0]) // 2 if listed else 1
        self._data = bytes.fromhex("".join(listed))

    @classmethod
    def from_bytes(cls, data: bytes, width: int) -> "CommitIds":
        """Return the ids that stand in some bytes, each of so many."""
        ids = cls()
        ids._width, ids._data = width, data
        return ids

    def to_bytes(self) -> bytes:
        """Return all ids as bytes, one after the other."""
        return self._data

    def only(self, places: np.ndarray) -> "CommitIds":
        """Return the ids at some places."""
        rows = np.frombuffer(self._data, np.uint8).reshape(-1, self._width)
        return CommitIds.from_bytes(rows[places].tobytes(), self._width)

    def __add__(self, others: "CommitIds") -> "CommitIds":
        return CommitIds.from_bytes(self._data + others._data, max(self._width, others._width))

    def __len__(self) -> int:
        return len(self._data) // self._width

    def __iter__(self) -> Iterator[str]:
        data, width = self._data, self._width
        for start in range(0, len(data), width):
            yield data[start : start + width].hex()

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "CommitIds": ...
    def __getitem__(self, place: int | slice) -> "str | CommitIds":
        if isinstance(place, slice):
            return self.only(np.arange(*place.indices(len(self))))
        start = range(0, len(self._data), self._width)[place]
        return self._data[start : start + self._width].hex()


class IdPool:
    """Numbers for ids of commits, in the order in which they first come up.

    Parameters
    ----------
    old : CommitIds or None
        Ids that have the first numbers. They are found by their numbers only: nobody adds them
        again.
    """

    def __init__(self, old: CommitIds | None = None) -> None:
        self.old = CommitIds() if old is None else old
        self._new: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.old) + len(self._new)

    def add(self, sha: str) -> int:
        """Return the number of an id."""
        return self._new.setdefault(sha, len(self))

    def ids(self, numbers: np.ndarray) -> np.ndarray:
        """Return the ids that have some numbers, as an array of str."""
        first = len(self.old)
        new = list(self._new)
        used, places = np.unique(numbers, return_inverse=True)
        listed = [
            self.old[number] if number < first else new[number - first] for number in used.tolist()
        ]
        return np.array(listed, dtype=object)[places]

    def only(self, numbers: np.ndarray) -> CommitIds:
        """Return the ids that have some numbers, which ascend."""
        first = len(self.old)
        border = int(np.searchsorted(numbers, first))
        new = list(self._new)
        added = CommitIds(new[number - first] for number in numbers[border:].tolist())
        return self.old.only(numbers[:border]) + added


class Chain(Sequence[tuple[str, str | None]]):
    """Commits of the mainline in a row, each with the one before it.

    Parameters
    ----------
    ids : CommitIds
        Oldest first.
    before : str or None
        What comes before the first; None if nothing does.
    """

    def __init__(self, ids: CommitIds | None = None, before: str | None = None) -> None:
        self.ids = CommitIds() if ids is None else ids
        self.before = before

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        before = self.before
        for one in self.ids:
            yield one, before
            before = one

    @overload
    def __getitem__(self, place: int) -> tuple[str, str | None]: ...
    @overload
    def __getitem__(self, place: slice) -> "Chain": ...
    def __getitem__(self, place: int | slice) -> "tuple[str, str | None] | Chain":
        if isinstance(place, int):
            place = range(len(self))[place]
            return self.ids[place], self.ids[place - 1] if place else self.before
        start, end, _ = place.indices(len(self))
        return Chain(self.ids[start:end], self.ids[start - 1] if start else self.before)


class Ancestors:
    """For each of many commits another one, which many have in common, or None.

    Parameters
    ----------
    names : sequence of str
        Those others.
    codes : iterable of int
        Index into `names` for each commit; -1 stands for None.
    """

    def __init__(self, names: Sequence[str] = (), codes: Iterable[int] = ()) -> None:
        self._names = names
        self._codes = array("i", codes)

    def __iter__(self) -> Iterator[str | None]:
        for code in self._codes:
            yield self._names[code] if code >= 0 else None

    def only(self, is_kept: Iterable[bool]) -> "Ancestors":
        """Return those of some of the commits."""
        return Ancestors(self._names, compress(self._codes, is_kept))
