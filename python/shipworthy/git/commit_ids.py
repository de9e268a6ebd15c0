"""Ids of many commits, close together: an object each would take three times the memory."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import overload


class CommitIds(Sequence[str]):
    """Ids of commits in a row.

    Parameters
    ----------
    ids : iterable of str
        All of one length.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        listed = list(ids)
        self._width = len(listed[0]) if listed else 1
        self._text = "".join(listed)

    def __len__(self) -> int:
        return len(self._text) // self._width

    def __iter__(self) -> Iterator[str]:
        text, width = self._text, self._width
        for start in range(0, len(text), width):
            yield text[start : start + width]

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "CommitIds": ...
    def __getitem__(self, place: int | slice) -> "str | CommitIds":
        width = self._width
        if isinstance(place, int):
            start = range(0, len(self._text), width)[place]
            return self._text[start : start + width]
        start, end, step = place.indices(len(self))
        if step != 1:
            return CommitIds(self[one] for one in range(start, end, step))
        part = CommitIds()
        part._width, part._text = width, self._text[start * width : end * width]
        return part


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
