"""The rows of `line_births`, column by column: an object each would take ten times the memory."""

from array import array
from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np

from shipworthy.git.commit_ids import CommitIds, IdPool


class BirthKind(NamedTuple):
    """What many births have in common.

    Parameters
    ----------
    path_class, authorship, ai_tool, attribution_method, is_moved, is_refilled
        As in the contract's table `line_births`.
    """

    path_class: str
    authorship: str
    ai_tool: str | None
    attribution_method: str | None
    is_moved: bool
    is_refilled: bool | None


class Pool(dict):
    """Numbers for values, in the order in which they first come up: `pool[value]` gives one."""

    def __missing__(self, value: Hashable) -> int:
        number = self[value] = len(self)
        return number

    @classmethod
    def of(cls, values: Iterable[Hashable]) -> "Pool":
        """Return a pool that holds some values already."""
        return cls((value, number) for number, value in enumerate(values))


class Births:
    """Rows of `line_births`: those of earlier runs that have living lines, then this run's.

    Parameters
    ----------
    changes, authors : IdPool
        The mainline commits that added lines (`add_change` adds one), and those that wrote them.
    paths, kinds : Pool
        Paths as text, and instances of `BirthKind`.
    codes : array of int, rows by 4
        For each row its change, path, author and kind by number.
    """

    def __init__(
        self,
        changes: CommitIds | None = None,
        paths: Pool | None = None,
        authors: CommitIds | None = None,
        kinds: Pool | None = None,
        codes: np.ndarray | None = None,
    ) -> None:
        self.changes = IdPool(changes)
        self.paths = Pool() if paths is None else paths
        self.authors = IdPool(authors)
        self.kinds = Pool() if kinds is None else kinds
        # What earlier runs left.
        self.old_changes = len(self.changes)
        self.old_rows = 0 if codes is None else len(codes)
        self._codes = array("I")
        if codes is not None:
            self._codes.frombytes(
                codes.astype(np.uint32, copy=False).reshape(-1).view(np.uint8).data
            )
        self._lines = array("I", bytes(4 * self.old_rows))

    def __len__(self) -> int:
        return len(self._lines)

    def add_change(self, sha: str) -> int:
        """Take in a mainline commit and return its number."""
        return self.changes.add(sha)

    def add(self, change: int, path: str, author_sha: str, kind: BirthKind, lines: int) -> None:
        """Add a row.

        Parameters
        ----------
        change : int
            From `add_change`.
        path, author_sha, kind
            As in the contract.
        lines : int
        """
        self._codes.extend(
            (change, self.paths[path], self.authors.add(author_sha), self.kinds[kind])
        )
        self._lines.append(lines)

    def codes(self) -> np.ndarray:
        """Return the codes of all rows, rows by 4. They have to be let go before rows are added."""
        return np.frombuffer(self._codes, dtype=np.uint32).reshape(-1, 4)

    def lines(self) -> np.ndarray:
        """Return how many lines each row has; 0 for rows of earlier runs."""
        return np.frombuffer(self._lines, dtype=np.uint32)

    def select(self, rows: np.ndarray) -> "Births":
        """Return some rows, as the next run's old ones."""
        codes = self.codes()[rows]
        changes, authors = (
            pool.only(renumber(codes[:, column], len(pool)))
            for column, pool in ((0, self.changes), (2, self.authors))
        )
        paths, kinds = (
            Pool.of(map(list(pool).__getitem__, renumber(codes[:, column], len(pool)).tolist()))
            for column, pool in ((1, self.paths), (3, self.kinds))
        )
        return Births(changes, paths, authors, kinds, codes)


def renumber(codes: np.ndarray, count: int) -> np.ndarray:
    """Number anew what is used of so many things, in place; return their numbers before."""
    is_used = np.zeros(count, dtype=bool)
    is_used[codes] = True
    codes[:] = (np.cumsum(is_used, dtype=np.uint32) - np.uint32(1))[codes]
    return np.flatnonzero(is_used)
