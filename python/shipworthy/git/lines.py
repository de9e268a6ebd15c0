"""Follow every line of the mainline from the change that added it to the change that removed it.

Each line gets a number when it is born. A file is the sequence of its lines' numbers, four bytes
each, in a bytearray: of everything tried (lists, run lengths, sorted containers, numpy), replacing
slices of plain bytes is the fastest by far, and a line costs four bytes while it lives.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from shipworthy.errors import ShipworthyError
from shipworthy.git.diffs import FileChange

_BYTES = 4  # of a line's number


class FileBirths(NamedTuple):
    """Lines that one change added to one file.

    Parameters
    ----------
    file : int
        Index of the file among the change's files.
    first : int
        Number of the first line; the others follow it, in the order of the hunks.
    lines : int
    """

    file: int
    first: int
    lines: int


class LineTracker:
    """The living lines of all files, moved on change by change.

    Parameters
    ----------
    first_line : int
        Number that the next born line gets.
    """

    def __init__(self, first_line: int = 0) -> None:
        self.files: dict[bytes, bytearray] = {}
        self.next_line = first_line
        # Numbers of the removed lines, all changes one after the other, and how many each change
        # removed; the moved ones also by their index.
        self.dead = bytearray()
        self.dead_per_change: list[int] = []
        self.moved_dead = array("Q")

    def apply(
        self,
        changes: Sequence[FileChange],
        kept: Mapping[int, Iterable[tuple[int, int]]] | None = None,
    ) -> list[FileBirths]:
        """Take in one change of the mainline.

        Parameters
        ----------
        changes : sequence of FileChange
            In git's order.
        kept : dict, optional
            By index of a file, pairs of (index of an added line, index of a removed line), both
            counted over its hunks: the added one is the removed one, under the rules of an ignored
            revision, and is neither born nor dead.

        Returns
        -------
        list of FileBirths
            One entry for each file that gained lines.

        Raises
        ------
        ShipworthyError
            If the diff does not fit the lines that are there, which no history should bring about.
        """
        before = len(self.dead)
        births = []
        # Renames leave their old path before anything else takes it.
        sources = {
            index: self._take(change.old_path)
            for index, change in enumerate(changes)
            if change.old_path is not None and change.new_path != change.old_path
        }
        for index, change in enumerate(changes):
            path = change.new_path
            lines = sources.get(index)
            if lines is None:
                lines = self._take(path) if change.old_path is not None else bytearray()
            births_here = sum(change.hunks[3::4])
            fresh = np.arange(
                self.next_line, self.next_line + births_here, dtype=np.uint32
            ).tobytes()
            if kept and index in kept:
                fresh, births_here = self._keep(change, lines, fresh, kept[index])
            elif change.hunks or change.replaces:
                self._replace(change, lines, fresh)
            if births_here:
                births.append(FileBirths(index, self.next_line, births_here))
                self.next_line += births_here
            if path is None:
                if lines:
                    raise _inconsistent(change)
            else:
                self.files[path] = lines
        self.dead_per_change.append((len(self.dead) - before) // _BYTES)
        return births

    def count(self) -> int:
        """Count the lines that live."""
        return sum(map(len, self.files.values())) // _BYTES

    def numbers(self, path: bytes) -> np.ndarray:
        """Return the numbers of the lines of a file, in order."""
        return np.frombuffer(self.files[path], dtype=np.uint32)

    def _take(self, path: bytes) -> bytearray:
        return self.files.pop(path, None) or bytearray()

    def _replace(self, change: FileChange, lines: bytearray, fresh: bytes) -> None:
        dead = self.dead
        start = len(dead)
        if change.replaces:
            dead += lines
            lines.clear()
        expected = len(dead)
        taken = 0
        hunks = iter(change.hunks)
        for _, old, new_start, new in zip(hunks, hunks, hunks, hunks, strict=True):
            # Where nothing is added, the header names the line before.
            at = _BYTES * (new_start - 1 if new else new_start)
            if old:
                dead += lines[at : at + _BYTES * old]
                expected += _BYTES * old
            if new:
                lines[at : at + _BYTES * old] = fresh[taken : taken + _BYTES * new]
                taken += _BYTES * new
            else:
                del lines[at : at + _BYTES * old]
        if len(dead) != expected:
            raise _inconsistent(change)
        if change.moved_away:
            first = start // _BYTES
            self.moved_dead.extend(first + moved for moved in change.moved_away)

    def _keep(
        self,
        change: FileChange,
        lines: bytearray,
        fresh: bytes,
        kept: Iterable[tuple[int, int]],
    ) -> tuple[bytes, int]:
        """Replace as `_replace` does, but carry kept lines over. Return the truly new numbers."""
        removed = bytearray()
        hunks = iter(change.hunks)
        offset = 0
        for old_start, old, _, _ in zip(hunks, hunks, hunks, hunks, strict=True):
            at = _BYTES * (old_start - 1 if old else old_start)
            removed += lines[at : at + _BYTES * old]
            offset += old
        old_numbers = np.frombuffer(bytes(removed), dtype=np.uint32)
        new_numbers = np.frombuffer(fresh, dtype=np.uint32).copy()
        is_new = np.ones(len(new_numbers), dtype=bool)
        is_dead = np.ones(len(old_numbers), dtype=bool)
        for added_index, removed_index in kept:
            # Blame may give two lines one origin; a line can live only once.
            if is_dead[removed_index]:
                is_dead[removed_index] = False
                is_new[added_index] = False
                new_numbers[added_index] = old_numbers[removed_index]
        born = int(is_new.sum())
        new_numbers[is_new] = np.arange(self.next_line, self.next_line + born, dtype=np.uint32)
        start = len(self.dead)
        self._replace(change._replace(moved_away=()), lines, new_numbers.tobytes())
        self.dead[start:] = old_numbers[is_dead].tobytes()
        return new_numbers.tobytes(), born


def _inconsistent(change: FileChange) -> ShipworthyError:
    path = (change.new_path or change.old_path).decode(errors="backslashreplace")
    return ShipworthyError(
        f"git's diff of {path} does not fit the file as it was read so far; "
        "please report this with your git's version."
    )
