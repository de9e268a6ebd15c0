"""Read git histories into the warehouse: one call loads or resumes any number of repositories."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike


@dataclass(frozen=True)
class RepositoryLoad:
    """What one repository's load did.

    Parameters
    ----------
    repository : str
        Name under which the rows were written (`owner/name`).
    mode : str
        `fresh` (no earlier state), `resumed` (only new commits were read), `anew` (the mainline was
        rewritten or an option changed, so everything was read again) or `current` (nothing new).
    commits : int
        Mainline commits read by this run.
    births, deaths, living : int
        Lines born and removed in this run, and lines alive at the tip.
    deployments : int
        Release tags written as deployments.
    seconds : float
        Wall-clock seconds.
    """

    repository: str
    mode: str
    commits: int
    births: int
    deaths: int
    living: int
    deployments: int
    seconds: float


def load_git(
    paths: Sequence[str | PathLike],
    warehouse: str | PathLike,
    *,
    repositories: Sequence[str] = (),
    branch: str | None = None,
    releases: str | None = None,
    strict: bool = False,
    jobs: int = 1,
) -> list[RepositoryLoad]:
    """Load git repositories into the warehouse, resuming where the last run stopped.

    Shows a progress bar on standard error when that is a terminal, and always one closing line for
    each repository.

    Parameters
    ----------
    paths : sequence of path
        Work-tree clones, bare clones or `.bundle` files. None of them is ever written to.
    warehouse : path
        DuckDB file to write; created when missing.
    repositories : sequence of str
        Names (`owner/name`), one for each path in the same order; empty means derived from the
        origin remote's address, else from the directory's or bundle's name.
    branch : str or None
        Branch whose first-parent chain is the mainline; None means the repository's default branch.
    releases : str or None
        Shell pattern of release tags (`v*`) to write as production deployments; None means none.
    strict : bool
        Whitespace-only edits count as edits when true.
    jobs : int
        Processes that read diffs, 1 or more. The rows do not depend on it.

    Returns
    -------
    list of RepositoryLoad
        One entry for each path, in order.

    Raises
    ------
    ShipworthyError
        When an input is refused (not a repository, shallow, missing or corrupt objects, empty, no
        such branch, dubious ownership, a bundle with prerequisites, two inputs of one name). The
        repository concerned keeps the rows of its last good load.
    """
    raise NotImplementedError
