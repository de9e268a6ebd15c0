"""The rows of `commits`, column by column, as the births are."""

from array import array
from typing import NamedTuple

import numpy as np

from shipworthy.git.births import Pool
from shipworthy.git.history import Commit

# numpy's "not a time".
_NO_TIME = -(1 << 63)


class Evidence(NamedTuple):
    """What is known of who wrote a commit, or the commits that a merge brought in.

    Parameters
    ----------
    authorship, ai_tool, attribution_method
        As in `CommitAttribution`.
    """

    authorship: str
    ai_tool: str | None
    attribution_method: str | None

    @classmethod
    def of(cls, commit: Commit) -> "Evidence":
        """Return what a commit says of itself."""
        return cls(commit.authorship, commit.ai_tool, commit.attribution_method)


class CommitKind(NamedTuple):
    """What many commits have in common: see `Commit` and `Evidence`."""

    author_kind: str
    evidence: Evidence
    is_fix: bool


class CommitRows:
    """Rows of `commits`.

    Attributes
    ----------
    shas : list of str
    ancestors, landed_with : list of str or None
        By row: the newest mainline commit among its ancestors, the one that brought it.
    addresses, kinds : Pool
        The authors' addresses, and instances of `CommitKind`; `address_codes` and `kind_codes` give
        the number of each row's.
    reverts : dict of int to tuple of str
        By row: what a commit reverts, as written.
    incidents : dict of int to str
        By row: the incident that a commit fixes.
    merged_branches : dict of int to str
        By row: the branch that a commit merged.
    """

    def __init__(self) -> None:
        self.shas: list[str] = []
        self.ancestors: list[str | None] = []
        self.landed_with: list[str | None] = []
        self.addresses = Pool()
        self.kinds = Pool()
        self.reverts: dict[int, tuple[str, ...]] = {}
        self.incidents: dict[int, str] = {}
        self.merged_branches: dict[int, str] = {}
        self._codes = array("I")
        self._times = array("q")
        self._numbers = array("q")

    def __len__(self) -> int:
        return len(self.shas)

    def add(
        self,
        commit: Commit,
        evidence: Evidence,
        landed_at: int | None,
        ancestor: str | None,
        landed_with: str | None,
        position: int | None = None,
        files_changed: int | None = None,
    ) -> None:
        """Add a row.

        Parameters
        ----------
        commit : Commit
        evidence : Evidence
            Its own, or for a merge that of what it brought in.
        landed_at : int or None
            Seconds since 1970 (UTC); None as long as it is unmerged.
        ancestor : str or None
            The newest mainline commit among its ancestors; itself on the mainline.
        landed_with : str or None
            The mainline commit that brought it; itself on the mainline.
        position, files_changed : int or None
            In the mainline, from 1, and by its diff; None for a branch commit.
        """
        row = len(self.shas)
        self.shas.append(commit.sha)
        self.ancestors.append(ancestor)
        self.landed_with.append(landed_with)
        kind = CommitKind(commit.author_kind, evidence, commit.is_fix)
        self._codes.extend((self.addresses[commit.author_email], self.kinds[kind]))
        for time in (commit.authored_at, commit.committed_at, landed_at):
            self._times.append(_NO_TIME if time is None else time)
        for number in (position, files_changed, commit.pull_request_number):
            self._numbers.append(-1 if number is None else number)
        if commit.reverts:
            self.reverts[row] = commit.reverts
        if commit.fixes_incident_id is not None:
            self.incidents[row] = commit.fixes_incident_id
        if commit.merged_branch is not None:
            self.merged_branches[row] = commit.merged_branch

    def codes(self, rows: slice) -> np.ndarray:
        """Return address and kind of some rows by number, rows by 2."""
        return np.frombuffer(self._codes, dtype=np.uint32).reshape(-1, 2)[rows]

    def times(self, rows: slice) -> np.ndarray:
        """Return when some rows were authored, committed and landed, rows by 3; NaT: unknown."""
        return np.frombuffer(self._times, dtype="datetime64[s]").reshape(-1, 3)[rows]

    def numbers(self, rows: slice) -> np.ma.MaskedArray:
        """Return position, changed files and request's number of some rows, rows by 3."""
        return np.ma.masked_less(np.frombuffer(self._numbers, np.int64).reshape(-1, 3)[rows], 0)
