"""Read git histories into the warehouse: one call loads or resumes any number of repositories."""

import gc
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain, compress
from typing import TYPE_CHECKING

from shipworthy.contract import RAW_SCHEMA
from shipworthy.errors import ShipworthyError, printable
from shipworthy.git.commit_ids import CommitIds
from shipworthy.git.mailmap import MAILMAP_PATH, read_mailmap
from shipworthy.git.opening import open_repository
from shipworthy.git.progress_bar import Progress
from shipworthy.git.repository import RENAME_LIMIT, LostObjectsError, Repository

if TYPE_CHECKING:
    import duckdb

    from shipworthy.git.history import CommitParser
    from shipworthy.git.ignored import IgnoredRevisions
    from shipworthy.git.ledger import Ledger
    from shipworthy.git.mainline import MergeSides, Plan
    from shipworthy.git.releases import ReleaseRules
    from shipworthy.git.state import ReaderState
    from shipworthy.git.storing import RowWriter
    from shipworthy.warehouse import Finding

_STATE_TABLE = f"{RAW_SCHEMA}.git_reader_state"
_LISTED = 5
# What a run finds in commits that later runs do not read again.
_LASTING = (
    "clock_ahead",
    "clock_unset",
    "foxtrot_merge",
    "ignored_revision_too_big",
    "joined_by_mailmap",
    "kept_by_ignored_revision",
    "lost_file",
    "renames_not_searched",
    "unclear_mainline",
    "unlisted_bot",
    "unlisted_tool",
)


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
    unclear : tuple of MergeSides
        Merges of the mainline that may have been pulls.
    pulls : tuple of MergeSides
        Merges that were, round which the mainline goes.
    unsearched : int
        Changes with more new and deleted files than are searched for renames.
    """

    repository: str
    mode: str
    commits: int
    births: int
    deaths: int
    living: int
    deployments: int
    seconds: float
    unclear: tuple["MergeSides", ...] = ()
    pulls: tuple["MergeSides", ...] = ()
    unsearched: int = 0

    def __str__(self) -> str:
        """Return the closing line."""
        line = (
            f"{printable(self.repository)}: {self.commits:,} commits read ({self.mode}), "
            f"{self.births:,} lines born, {self.deaths:,} removed, {self.living:,} alive, "
            f"{self.deployments:,} releases, {self.seconds:.1f} s"
        )
        odd = [
            f"{number:,} {one if number == 1 else one.replace(' ', 's ', 1)}"
            for number, one in (
                (self.unsearched, "change with too many files to search for renames"),
                (len(self.pulls), "merge that the mainline goes round"),
                (len(self.unclear), "merge of unclear sides"),
            )
            if number
        ]
        return line + (
            f"; {', '.join(odd)} (data_quality and load git --verbose say more)" if odd else ""
        )

    def details(self) -> list[str]:
        """Return a line for each thing that the closing line counts and does not explain."""
        lines = []
        if self.unsearched:
            lines.append(
                f"Changes with more than {RENAME_LIMIT:,} new and as many deleted files are not "
                f"searched for renames, and their lines count as new: {self.unsearched:,} here."
            )
        if self.pulls:
            lines.append(
                "The mainline goes round merges that brought it into somebody's work (foxtrot "
                f"merges): {_list_merges(self.pulls)}."
            )
        if self.unclear:
            lines.append(
                "Merges that bring in more commits than they keep may have been pulls of the "
                f"mainline into somebody's work: {_list_merges(self.unclear)}."
            )
        return lines


def _list_merges(merges: "Sequence[MergeSides]") -> str:
    """Return the biggest of some merges as text."""
    listed = ", ".join(
        f"{one.sha[:10]} brings {one.brought:,} and keeps {one.kept:,}"
        for one in sorted(merges, key=lambda one: (-one.brought, one.sha))[:_LISTED]
    )
    return listed + (f" and {len(merges) - _LISTED:,} more" if len(merges) > _LISTED else "")


def load_git(
    paths: Sequence[str | os.PathLike],
    warehouse: str | os.PathLike,
    *,
    repositories: Sequence[str] = (),
    branch: str | None = None,
    releases: str | Sequence[str] | None = None,
    release_service: Sequence[str] = (),
    release_services: Mapping[str, str] | None = None,
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
    releases : str, sequence of str or None
        Shell patterns of release tags (`v*`) to write as production deployments; with `!` in front,
        of tags to leave out. None or empty means those that name a service.
    release_service : sequence of str
        How tags name services: `{service}@*`, or a pattern with the service's name, `cli/v*=cli`.
    release_services : mapping of str to str or None
        The same, pattern to name; these come first. Without any of the three there are no releases.
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
    rules = _release_rules(releases, release_service, release_services or {})
    with ExitStack() as stack:
        stack.enter_context(_without_garbage_collection())
        opened = [
            stack.enter_context(open_repository(path, name=name, branch=branch))
            for path, name in zip(paths, repositories or [None] * len(paths), strict=True)
        ]
        _refuse_same_names(opened)
        from shipworthy.salt import salt_of
        from shipworthy.warehouse import connect

        connection = connect(warehouse)
        stack.callback(connection.close)
        salt = salt_of(connection, warehouse)
        # A second thread writes no faster, but has buffers of its own. And of each table 122,880
        # rows are kept until they are packed and written, not five times as many.
        connection.execute("set threads = 1; set write_buffer_row_group_count = 1")
        _make_state_table(connection)
        loads = []
        # Whoever names copies in one breath means repositories of their own.
        named = set(repositories) if len({one.location for one in opened}) == len(opened) else set()
        for repository in opened:
            load = _Load(repository, connection, salt, strict=strict, jobs=jobs, siblings=named)
            loads.append(load.run(rules))
            if report is not None:
                report(loads[-1])
        return loads


def _release_rules(
    releases: str | Sequence[str] | None, templates: Sequence[str], services: Mapping[str, str]
) -> "ReleaseRules | None":
    from shipworthy.git.releases import ReleaseRules, parse_service_rule

    patterns = [releases] if isinstance(releases, str) else list(releases or ())
    rules = [*services.items(), *map(parse_service_rule, templates)]
    return ReleaseRules(patterns, rules) if patterns or rules else None


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
    siblings : set of str
        Names that may stand for the same history: the user named them together.
    """

    def __init__(
        self,
        repository: Repository,
        connection: "duckdb.DuckDBPyConnection",
        salt: bytes,
        *,
        strict: bool,
        jobs: int,
        siblings: set[str],
    ) -> None:
        self._siblings = siblings
        self._repository = repository
        self._connection = connection
        self._salt = salt
        self._strict = strict
        self._jobs = jobs
        self._mailmap = repository.file_at_head(MAILMAP_PATH)
        self._settings = _fingerprint(repository, salt, self._mailmap, strict=strict)

    def run(self, rules: "ReleaseRules | None") -> RepositoryLoad:
        """Read what is new and write it, with the new state, in one transaction."""
        lost: Counter[str] = Counter()
        known: set[str] = set()
        while True:
            try:
                return self._attempt(rules, lost)
            except LostObjectsError as error:
                from shipworthy.git.stand_ins import stand_in

                new = set(error.object_ids) - known
                found = stand_in(self._repository, new) if new else None
                if not found:
                    raise
                known |= new
                lost.update(found)

    def _attempt(self, rules: "ReleaseRules | None", lost: Counter[str]) -> RepositoryLoad:
        from shipworthy.git.catalog import Catalog
        from shipworthy.git.history import CommitParser
        from shipworthy.git.state import ReaderState
        from shipworthy.git.storing import RowWriter
        from shipworthy.warehouse import Finding, read_findings, transaction

        started = time.monotonic()
        parser = CommitParser(
            Catalog.load(),
            read_mailmap(self._repository, self._mailmap),
            self._repository.name,
        )
        blob = self._saved_state()
        state = None if blob is None else ReaderState.from_bytes(blob)
        if state is not None and state.settings != self._settings:
            state = None
        if state is not None and not (self._has_commit(state.tip) and self._has_same_notes(state)):
            state = None
        plan = self._plan(state)
        if state is not None and not plan.continues:
            state = None
            plan = self._plan(None)
        if state is None:
            self._refuse_other_history(plan)
        else:
            self._leave_out_known(plan)
        ignored = self._ignored(state, plan)
        if ignored.restates:
            state = None
            plan = self._plan(None)
        known = read_findings(self._connection, self._source) if state is not None else []
        noticed: Counter[str] = Counter()
        # A long history's rows are written while it is read.
        with transaction(self._connection):
            writer = RowWriter(
                self._connection, self._repository, self._salt, is_resumed=state is not None
            )
            ledger, unclear = self._read(parser, plan, state, ignored.revisions, noticed, writer)
            living = ledger.living_count
            writer.write_state(_STATE_TABLE, ledger.state().to_bytes())
            # Committing takes memory; what the lines take is the most that can be had.
            ledger.forget_lines()
            findings = [
                *(
                    finding
                    for finding in known
                    # What is lost is counted over the whole history.
                    if finding.reason in _LASTING and not (lost and finding.reason == "lost_file")
                ),
                *_findings_of(plan, self._repository, unclear),
                *ledger.findings(),
                *(Finding("line_births", "ignored_too_late", sha) for sha in ignored.too_late),
                *(Finding("line_births", "lost_file", *each) for each in lost.items()),
                *(
                    Finding("line_births", reason, ".gitattributes", count)
                    for reason, count in noticed.items()
                ),
            ]
            deployments = writer.finish(rules, findings)
        if state is None:
            mode = "fresh" if blob is None else "anew"
        else:
            mode = "resumed" if plan.mainline else "current"
        return RepositoryLoad(
            repository=self._repository.name,
            mode=mode,
            commits=len(plan.mainline),
            births=ledger.births_count,
            deaths=ledger.deaths_count,
            living=living,
            deployments=deployments,
            seconds=time.monotonic() - started,
            unclear=tuple(unclear),
            pulls=tuple(plan.pulls.values()),
            unsearched=ledger.unsearched,
        )

    @property
    def _source(self) -> str:
        return f"git:{self._repository.name}"

    def _plan(self, state: "ReaderState | None") -> "Plan":
        from shipworthy.git.mainline import plan_history
        from shipworthy.git.memory import give_back_memory

        plan = plan_history(
            self._repository,
            state.tip if state else None,
            state.position if state else 0,
            state.landed_at if state else None,
            self._find_known,
        )
        give_back_memory()
        return plan

    def _ignored(self, state: "ReaderState | None", plan: "Plan") -> "IgnoredRevisions":
        """Decide which revisions are ignored, and whether that restates what was read before."""
        from shipworthy.git.ignored import (
            IGNORE_REVISIONS_PATH,
            decide_ignored,
            read_ignored,
        )

        listed = read_ignored(
            self._repository, self._repository.file_at_head(IGNORE_REVISIONS_PATH)
        )
        if state is None:
            return decide_ignored(listed, None, {}, None)
        changed = sorted(listed ^ state.ignored)
        rows = self._connection.execute(
            f"select sha, epoch(landed_at) from {RAW_SCHEMA}.commits "
            "where repository = ? and landed_at is not null and sha in (select unnest(?))",
            [self._repository.name, changed],
        ).fetchall()
        [(through,)] = self._connection.execute(
            f"select epoch(max(loaded_through)) from {RAW_SCHEMA}.load_watermarks "
            "where source = ? and input = 'commits'",
            [self._source],
        ).fetchall()
        return decide_ignored(listed, state.ignored, dict(rows), through)

    def _find_known(self, shas: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Return the newest mainline ancestor of commits that were read before."""
        rows = self._connection.execute(
            "select one.sha, ancestor.sha, ancestor.mainline_position "
            f"from {RAW_SCHEMA}.commits as one join {RAW_SCHEMA}.commits as ancestor "
            "on ancestor.repository = one.repository and ancestor.sha = one.mainline_ancestor_sha "
            "where one.repository = ? and one.sha in (select unnest(?)) "
            "and ancestor.mainline_position is not null",
            [self._repository.name, list(shas)],
        ).fetchall()
        return {sha: (ancestor, position) for sha, ancestor, position in rows}

    def _leave_out_known(self, plan: "Plan") -> None:
        """Leave out unmerged commits whose rows are there and say the same."""
        if not plan.unmerged:
            return
        rows = self._connection.execute(
            f"select sha, mainline_ancestor_sha from {RAW_SCHEMA}.commits "
            "where repository = ? and landed_with_sha is null and mainline_position is null",
            [self._repository.name],
        ).fetchall()
        before = dict(rows)
        planned = chain(
            zip(plan.merged, plan.merged_ancestors, strict=True),
            zip(plan.unmerged, plan.unmerged_ancestors, strict=True),
        )
        known = {sha for sha, ancestor in planned if sha in before and before[sha] == ancestor}
        is_new = [sha not in known for sha in plan.unmerged]
        plan.unmerged_ancestors = plan.unmerged_ancestors.only(is_new)
        plan.unmerged = CommitIds(compress(plan.unmerged, is_new))
        for clocks in (plan.clocks_ahead, plan.clocks_unset):
            clocks[:] = [sha for sha in clocks if sha not in known]

    def _refuse_other_history(self, plan: "Plan") -> None:
        """Refuse another history under a name that is taken, and a history under a second name."""
        name = self._repository.name
        commits = f"{RAW_SCHEMA}.commits"
        query = f"select sha from {commits} where repository = ? and mainline_position is not null"
        before = {sha for (sha,) in self._connection.execute(query, [name]).fetchall()}
        if before and before.isdisjoint(plan.merged):
            raise ShipworthyError(
                f"{self._repository.location} has no commit in common with the history that the "
                f"warehouse holds as {name}; load it under a name of its own with --repository, "
                f"or drop the other one first: shipworthy forget {name}"
            )
        if before:
            return
        # A fork shares the first commit, and then goes its own way.
        others = self._connection.execute(
            "select one.repository, max_by(one.sha, one.mainline_position), "
            f"bool_or(one.sha = ?) from {commits} as one join {commits} as root "
            "on root.repository = one.repository and root.mainline_position = 1 and root.sha = ? "
            "where one.repository != ? and one.mainline_position is not null group by 1 order by 1",
            [self._repository.head, plan.mainline[0][0], name],
        ).fetchall()
        for other, tip, has_head in others:
            if other not in self._siblings and (has_head or tip in plan.merged):
                raise ShipworthyError(
                    f"{self._repository.location} is the history that the warehouse holds as "
                    f"{other}, and {name} would count it twice; give it its new name with: "
                    f"shipworthy rename {other} {name}, or load it with --repository {other}"
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
        parser: "CommitParser",
        plan: "Plan",
        state: "ReaderState | None",
        ignored: frozenset[str],
        noticed: Counter[str],
        writer: "RowWriter",
    ) -> tuple["Ledger", list["MergeSides"]]:
        """Follow all lines through the new changes and write the rows.

        Return the merges that say nothing, too.
        """
        from shipworthy.git.diffs import read_changes
        from shipworthy.git.history import read_commits, read_history
        from shipworthy.git.processes import ObjectReader

        unclear = {merge.sha: merge for merge in plan.unclear}
        with (
            # Git works on while the commits are read and the heavier modules are imported.
            read_changes(
                self._repository,
                plan.mainline,
                strict=self._strict,
                jobs=self._jobs,
                noticed=noticed,
            ) as diffs,
            ObjectReader(self._repository) as objects,
            closing(read_history(self._repository, parser, plan)) as history,
            Progress(self._repository.name, len(plan.mainline)) as progress,
        ):
            from shipworthy.git.ledger import Ledger

            ledger = Ledger(
                self._repository,
                objects,
                state,
                self._settings,
                ignored=ignored,
                strict=self._strict,
            )
            try:
                for (commit, branch), changes, landed_at in zip(
                    history, diffs, plan.landings, strict=True
                ):
                    ledger.add(commit, branch, changes, landed_at)
                    if ledger.is_full:
                        self._write_booked(ledger, writer)
                    if commit.pull_request_number is not None:
                        unclear.pop(commit.sha, None)
                    progress.advance()
                unmerged = plan.unmerged, plan.unmerged_ancestors
                with closing(read_commits(self._repository, parser, *unmerged)) as commits:
                    for commit in commits:
                        ledger.add_unmerged(commit)
                        if ledger.is_full:
                            self._write_booked(ledger, writer)
                self._write_booked(ledger, writer)
            finally:
                ledger.stop()
        return ledger, list(unclear.values())

    @staticmethod
    def _write_booked(ledger: "Ledger", writer: "RowWriter") -> None:
        ledger.settle()
        writer.write(ledger)
        ledger.forget_written()


def _findings_of(
    plan: "Plan", repository: Repository, unclear: "Sequence[MergeSides]"
) -> "Iterator[Finding]":
    from shipworthy.git.mainline import MANY_COMMITS
    from shipworthy.warehouse import Finding, list_findings

    for reason, shas in (
        ("clock_ahead", plan.clocks_ahead),
        ("clock_unset", plan.clocks_unset),
    ):
        yield from list_findings("commits", reason, shas)
    for merge in plan.pulls.values():
        if merge.brought >= MANY_COMMITS:
            yield Finding("commits", "foxtrot_merge", merge.sha, merge.brought)
    for merge in unclear:
        yield Finding("commits", "unclear_mainline", merge.sha, merge.brought)
    yield from list_findings("commits", "unreadable_ref", repository.unreadable)
    if plan.unreadable:
        yield Finding("commits", "unreadable_branches", repository.name, plan.unreadable)


def _fingerprint(repository: Repository, salt: bytes, mailmap: str | None, *, strict: bool) -> str:
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
    # The last part of the name tells a message's own requests from others'; the mailmap counts for
    # all commits.
    digest.update(f"{repository.name.rsplit('/', 1)[-1]} {mailmap}".encode())
    return f"{repository.branch} strict={strict} {digest.hexdigest()[:16]}"
