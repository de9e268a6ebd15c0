"""The rows of `line_births`, column by column: an object each would take ten times the memory."""

from array import array
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np


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
    changes : list of str
        Ids of the mainline commits that added lines; `add_change` appends one.
    paths, authors, kinds : Pool
        Paths as text, ids of the commits that wrote lines, and instances of `BirthKind`.
    codes : array of int, rows by 4
        For each row its change, path, author and kind by number.
    """

    def __init__(
        self,
        changes: Sequence[str] = (),
        paths: Pool | None = None,
        authors: Pool | None = None,
        kinds: Pool | None = None,
        codes: np.ndarray | None = None,
    ) -> None:
        self.changes = list(changes)
        self.paths = Pool() if paths is None else paths
        self.authors = Pool() if authors is None else authors
        self.kinds = Pool() if kinds is None else kinds
        # What earlier runs left.
        self.old_changes = len(self.changes)
        self.old_rows = 0 if codes is None else len(codes)
        self._codes = array("I", b"" if codes is None else codes.astype(np.uint32).tobytes())
        self._lines = array("I", bytes(4 * self.old_rows))

    def __len__(self) -> int:
        return len(self._lines)

    def add_change(self, sha: str) -> int:
        """Take in a mainline commit and return its number."""
        self.changes.append(sha)
        return len(self.changes) - 1

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
        self._codes.extend((change, self.paths[path], self.authors[author_sha], self.kinds[kind]))
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
        pools = []
        for column, values in enumerate((self.changes, self.paths, self.authors, self.kinds)):
            used, codes[:, column] = np.unique(codes[:, column], return_inverse=True)
            known = list(values)
            pools.append([known[code] for code in used.tolist()])
        changes, *others = pools
        paths, authors, kinds = map(Pool.of, others)
        return Births(changes, paths, authors, kinds, codes)
