"""Read git histories into the warehouse: one call loads or resumes any number of repositories."""

import gc
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipworthy.errors import ShipworthyError
from shipworthy.git.progress import Progress
from shipworthy.git.repository import Repository, open_repository

if TYPE_CHECKING:
    import duckdb

    from shipworthy.git.catalog import Catalog
    from shipworthy.git.ledger import Ledger
    from shipworthy.git.state import ReaderState

_STATE_TABLE = "shipworthy_raw.git_reader_state"


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

    def __str__(self) -> str:
        """Return the closing line."""
        return (
            f"{self.repository}: {self.commits:,} commits read ({self.mode}), "
            f"{self.births:,} lines born, {self.deaths:,} removed, {self.living:,} alive, "
            f"{self.deployments:,} releases, {self.seconds:.1f} s"
        )


def load_git(
    paths: Sequence[str | os.PathLike],
    warehouse: str | os.PathLike,
    *,
    repositories: Sequence[str] = (),
    branch: str | None = None,
    releases: str | None = None,
    strict: bool = False,
    jobs: int = 1,
    report: Callable[[RepositoryLoad], object] | None = None,
) -> list[RepositoryLoad]:
    """Load git repositories into the warehouse, resuming where the last run stopped.

    Each repository's rows and the state to resume from are written in one transaction, so a run
    that is killed leaves what the last one wrote. If standard error is a terminal, it gets a
    progress bar.

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
        Git processes that compute diffs, 1 or more. The rows do not depend on it.
    report : callable or None
        Called with each repository's entry as soon as its rows are committed.

    Returns
    -------
    list of RepositoryLoad
        One entry for each path, in order; as text, each is its closing line.

    Raises
    ------
    ShipworthyError
        When an input is refused (not a repository, shallow, missing or corrupt objects, empty, no
        such branch, dubious ownership, a bundle with prerequisites, two inputs of one name). The
        repository concerned keeps the rows of its last good load.
    """
    if jobs < 1:
        raise ShipworthyError(f"--jobs is {jobs}; it must be 1 or more.")
    if repositories and len(repositories) != len(paths):
        raise ShipworthyError(
            f"There are {len(paths)} paths and {len(repositories)} names (--repository); "
            "name each of them in the order of the paths, or none."
        )
    with ExitStack() as stack:
        stack.enter_context(_without_garbage_collection())
        opened = [
            stack.enter_context(open_repository(path, name=name, branch=branch))
            for path, name in zip(paths, repositories or [None] * len(paths), strict=True)
        ]
        _refuse_same_names(opened)
        from shipworthy.identity import load_salt
        from shipworthy.warehouse import connect

        salt = load_salt(warehouse)
        connection = connect(warehouse)
        stack.callback(connection.close)
        # A second thread writes no faster, but has buffers of its own.
        connection.execute("set threads = 1")
        _make_state_table(connection)
        loads = []
        for repository in opened:
            load = _Load(repository, connection, salt, strict=strict, jobs=jobs)
            loads.append(load.run(releases))
            if report is not None:
                report(loads[-1])
        return loads


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Switch off the search for cycles: a load makes millions of objects, and no cycle of note.

    It would take a sixth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _refuse_same_names(opened: Sequence[Repository]) -> None:
    name, count = Counter(repository.name for repository in opened).most_common(1)[0]
    if count > 1:
        locations = " and ".join(one.location for one in opened if one.name == name)
        raise ShipworthyError(
            f"{locations} would both be loaded as {name}; name each of them with --repository."
        )


def _make_state_table(connection: "duckdb.DuckDBPyConnection") -> None:
    connection.execute(
        f"create table if not exists {_STATE_TABLE} (repository varchar primary key, state blob)"
    )


class _Load:
    """The load of one repository.

    Parameters
    ----------
    repository : Repository
    connection : duckdb.DuckDBPyConnection
    salt : bytes
        Of the person keys.
    strict, jobs
        As in `load_git`.
    """

    def __init__(
        self,
        repository: Repository,
        connection: "duckdb.DuckDBPyConnection",
        salt: bytes,
        *,
        strict: bool,
        jobs: int,
    ) -> None:
        self._repository = repository
        self._connection = connection
        self._salt = salt
        self._strict = strict
        self._jobs = jobs
        self._settings = _fingerprint(repository, salt, strict=strict)

    def run(self, releases: str | None) -> RepositoryLoad:
        """Read what is new and write it, with the new state, in one transaction."""
        from shipworthy.git.catalog import Catalog
        from shipworthy.git.history import read_mainline
        from shipworthy.git.state import ReaderState

        started = time.monotonic()
        catalog = Catalog.load()
        blob = self._saved_state()
        state = None if blob is None else ReaderState.from_bytes(blob)
        if state is not None and state.settings != self._settings:
            state = None
        if state is not None and not (self._has_commit(state.tip) and self._has_same_notes(state)):
            state = None
        mainline, continues = read_mainline(self._repository, state.tip if state else None)
        if state is not None and not continues:
            state = None
            mainline, _ = read_mainline(self._repository, None)
        ledger = self._read(catalog, mainline, state)
        if state is None:
            mode = "fresh" if blob is None else "anew"
        else:
            mode = "resumed" if mainline else "current"
        deployments = self._write(ledger, state, releases)
        return RepositoryLoad(
            repository=self._repository.name,
            mode=mode,
            commits=len(mainline),
            births=ledger.births_count,
            deaths=ledger.deaths_count,
            living=ledger.living_count,
            deployments=deployments,
            seconds=time.monotonic() - started,
        )

    def _saved_state(self) -> bytes | None:
        rows = self._connection.execute(
            f"select state from {_STATE_TABLE} where repository = ?", [self._repository.name]
        ).fetchall()
        return rows[0][0] if rows else None

    def _has_commit(self, sha: str) -> bool:
        """Tell whether a commit is still there: a rewritten one may have been thrown away."""
        answer = self._repository.run("cat-file", "--batch-check", stdin=f"{sha}\n".encode())
        return answer.split()[1:2] == [b"commit"]

    def _has_same_notes(self, state: "ReaderState") -> bool:
        """Tell whether the notes on the commits that were read are what they were then.

        Notes travel apart from commits, and often come later: their lines have rows already.
        """
        from shipworthy.git.attestations import digest_notes

        if self._repository.notes_tree == state.notes_tree:
            return True
        return digest_notes(self._repository, state.tip) == state.notes_digest

    def _read(
        self,
        catalog: "Catalog",
        mainline: Sequence[tuple[str, str | None]],
        state: "ReaderState | None",
    ) -> "Ledger":
        """Follow all lines through the new changes."""
        from shipworthy.git.diffs import read_changes
        from shipworthy.git.history import read_history
        from shipworthy.git.repository import ObjectReader

        with (
            # Git works on while the commits are read and the heavier modules are imported.
            read_changes(self._repository, mainline, strict=self._strict, jobs=self._jobs) as diffs,
            ObjectReader(self._repository) as objects,
            closing(
                read_history(self._repository, catalog, mainline, state.tip if state else None)
            ) as history,
            Progress(self._repository.name, len(mainline)) as progress,
        ):
            from shipworthy.git.ledger import Ledger

            ledger = Ledger(self._repository, objects, state, self._settings, strict=self._strict)
            try:
                for (commit, branch), changes in zip(history, diffs, strict=True):
                    ledger.add(commit, branch, changes)
                    progress.advance()
                ledger.close()
            finally:
                ledger.stop()
        return ledger

    def _write(self, ledger: "Ledger", state: "ReaderState | None", releases: str | None) -> int:
        """Write rows and state in one transaction. Return the number of deployments."""
        from shipworthy.git.memory import give_back_memory
        from shipworthy.git.rows import write_rows

        saved = ledger.state().to_bytes()
        # The database needs much memory to write; the lines' is the most that can be had.
        ledger.forget_lines()
        give_back_memory()
        connection = self._connection
        connection.execute("begin")
        try:
            deployments = write_rows(
                connection,
                self._repository,
                ledger,
                self._salt,
                is_resumed=state is not None,
                releases=releases,
                loaded_at=datetime.now(UTC).replace(tzinfo=None),
            )
            connection.execute(
                f"insert or replace into {_STATE_TABLE} values (?, ?)",
                [self._repository.name, saved],
            )
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
        return deployments


def _fingerprint(repository: Repository, salt: bytes, *, strict: bool) -> str:
    """Return a text that changes with whatever, besides the history, the rows depend on."""
    from shipworthy.git.catalog import CATALOG_SEED, CATALOG_VARIABLE
    from shipworthy.git.paths import PATTERN_SEED, PATTERN_VARIABLE
    from shipworthy.git.reference import seed_path

    digest = hashlib.sha256(salt)
    for seed, variable in ((CATALOG_SEED, CATALOG_VARIABLE), (PATTERN_SEED, PATTERN_VARIABLE)):
        path = seed_path(seed, variable)
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error
    return f"{repository.branch} strict={strict} {digest.hexdigest()[:16]}"
