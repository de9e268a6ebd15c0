"""Book every line of a run: its birth by row of the table, its death, and what stays alive."""

from array import array
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from itertools import chain, groupby
from typing import Any, NamedTuple

import numpy as np

from shipworthy.git.attestations import TRACE_PATH, Attestations, Label, digest_notes
from shipworthy.git.author_searches import AuthorSearches
from shipworthy.git.authors import (
    EXACT_BRANCH_COMMITS,
    BranchAuthors,
    Merge,
    MergedFile,
    Written,
    added_places,
)
from shipworthy.git.births import BirthKind, Births
from shipworthy.git.commits import CommitRows, Evidence
from shipworthy.git.diffs import FileChange
from shipworthy.git.history import Commit
from shipworthy.git.ignored import MOST_FILES, find_kept_lines
from shipworthy.git.lines import FileBirths, LineTracker
from shipworthy.git.memory import give_back_memory
from shipworthy.git.processes import ObjectReader
from shipworthy.git.removed_texts import BLANK_CHECKSUM, RemovedTexts
from shipworthy.git.repository import RENAME_LIMIT, Repository, path_text
from shipworthy.git.state import ReaderState
from shipworthy.warehouse import Finding

# So many files with lines from merges are resolved together: few enough for the search to keep up
# with the diffs.
_WAITING_FILES = 250
# After so many changes freed memory is given back.
_TIDIED_CHANGES = 500
# What no birth's number is.
_NO_BIRTH = np.uint32(0xFFFFFFFF)
# So many removed lines are counted at a time.
_COUNTED_DEAD = 1 << 18
# What was booked has to be written and forgotten when it has come to so many lines (and a quarter
# of those that live, so that to number these anew adds up to little), births or commits.
_BOOKED_LINES = 1 << 21
_BOOKED_BIRTHS = 1 << 18
_BOOKED_COMMITS = 1 << 14


class Change(NamedTuple):
    """One commit of the mainline, as long as it is not known who wrote its lines.

    Parameters
    ----------
    number : int
        Of the change in the ledger's births.
    commit : Commit
    branch : sequence of Commit
        Commits that it brought in, if it is a merge.
    branch_commits : int
        How many the mainline has brought in so far.
    landed_at : int
        Seconds since 1970 (UTC).
    """

    number: int
    commit: Commit
    branch: Sequence[Commit]
    branch_commits: int
    landed_at: int


class FileAdditions(NamedTuple):
    """Lines that one change added to one file, before it is known who wrote them.

    Parameters
    ----------
    change : Change
    path, path_class
        Of the file, after the change.
    old_id, new_id : str
        The file's content before and after the change.
    first, lines : int
        Numbers of the lines.
    hunks : array of int
        As in `FileChange`.
    is_born : array of bool or None
        Which of the lines that the hunks add are new; None if all are. An ignored revision's are
        not, where they stand for older ones.
    is_moved : array of bool or None
        None if no line is.
    is_refilled : array of bool, bool or None
        Which lines have the text of one that was removed in recent memory; False if none has, None
        if that was not computed.
    has_text : array of bool or None
        Which lines are more than blanks; None if nobody needs to know.
    """

    change: Change
    path: bytes
    path_class: str
    old_id: str
    new_id: str
    first: int
    lines: int
    hunks: array
    is_born: np.ndarray | None
    is_moved: np.ndarray | None
    is_refilled: np.ndarray | bool | None
    has_text: np.ndarray | None


class Ledger:
    """Follows all lines through the changes of one run. Call `add` in order, then `settle`.

    What was booked can be written and forgotten on the way, so that a long history takes no more
    memory than a short one: whenever the ledger `is_full`, call `settle`, write, and call
    `forget_written`; so too at the end, before `state`.

    Parameters
    ----------
    repository : Repository
    objects : ObjectReader
    state : ReaderState or None
        Where the last run stopped.
    settings : str
        Kept with the new state.
    ignored : frozenset of str
        Revisions whose lines stand for older ones, as blame is told to read them.
    strict : bool
        Whitespace-only edits are edits when true.
    """

    def __init__(
        self,
        repository: Repository,
        objects: ObjectReader,
        state: ReaderState | None,
        settings: str,
        *,
        ignored: frozenset[str] = frozenset(),
        strict: bool,
    ) -> None:
        self._strict = strict
        self._repository = repository
        self._objects = objects
        self._settings = settings
        self._attestations = Attestations(repository, objects)
        # The mainline's commits, and all others.
        self.mainline = CommitRows()
        self.branch_commits = CommitRows()
        self._position = state.position if state else 0
        self._landed_at: int | None = state.landed_at if state else None
        self._branch_commits = state.branch_commits if state else 0
        self._trace_file = state.trace_file if state else None
        if self._trace_file is not None:
            self._attestations.load_traces(self._trace_file)
        self._ignored = ignored
        self._removed = RemovedTexts(state.removed_at if state else {})
        self.births = state.births if state else Births()
        # The row of each line, by its number: as much of it as is known, and room to grow.
        self._rows = np.empty(0, dtype=np.uint32)
        self._tracker = self._restore(state)
        self._most_lines = _most_lines(self._tracker)
        self._merges: list[FileAdditions] = []
        self._resolved: deque[tuple[list[FileAdditions], Future[list[list[Written]]]]] = deque()
        self._searches = AuthorSearches(
            lambda: BranchAuthors(
                repository,
                strict=strict,
                is_attested=lambda commit: self._attestations.has(commit.sha, commit.parents),
            )
        )
        self._deaths: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None = None
        self._births_written = self._deaths_written = 0
        # Changes whose renames were not searched for; what else may have been read wrongly.
        self.unsearched = 0
        self._found: Counter[tuple[str, str, str]] = Counter()

    def _restore(self, state: ReaderState | None) -> LineTracker:
        """Number the living lines of the last run anew, file by file."""
        if state is None or not state.files:
            return LineTracker()
        total = int(sum(int(lines.sum()) for _, lines in state.files.values()))
        tracker = LineTracker(total)
        rows = []
        first = 0
        for path, (numbers, lines) in state.files.items():
            count = int(lines.sum())
            rows.append(np.repeat(numbers, lines))
            numbering = np.arange(first, first + count, dtype=np.uint32)
            tracker.files[path] = bytearray(numbering.tobytes())
            first += count
        self._rows = np.concatenate(rows).astype(np.uint32)
        return tracker

    def add(
        self,
        commit: Commit,
        branch: Sequence[Commit],
        files: Sequence[FileChange],
        landed_at: int,
    ) -> None:
        """Take in the next change of the mainline.

        Parameters
        ----------
        commit : Commit
        branch : sequence of Commit
            What it brought in, if it is a merge, children first.
        files : sequence of FileChange
            What it did to each file.
        landed_at : int
            Seconds since 1970 (UTC), never before the last one's.
        """
        self._position += 1
        self._landed_at = landed_at
        self._branch_commits += len(branch)
        self._note(commit)
        for one in branch:
            self._note(one)
        change = Change(
            self.births.add_change(commit.sha), commit, branch, self._branch_commits,
            self._landed_at,
        )  # fmt: skip
        evidence = _common_evidence(branch) or Evidence.of(commit)
        self.mainline.add(
            commit, evidence, landed_at, commit.sha, commit.sha, self._position, len(files)
        )
        for one in branch:
            self.branch_commits.add(one, Evidence.of(one), landed_at, one.ancestor, commit.sha)
        self._follow_special_files(files)
        self._note_renames(commit, files)
        ignored = sorted(self._ignored.intersection([commit.sha, *(one.sha for one in branch)]))
        kept = {}
        if ignored and len(files) > MOST_FILES:
            self._found["line_births", "ignored_revision_too_big", commit.sha] += len(files)
        elif ignored:
            kept = find_kept_lines(self._repository, commit, ignored, files, strict=self._strict)
            lines = sum(map(len, kept.values()))
            if lines:
                self._found["line_births", "kept_by_ignored_revision", commit.sha] += lines
        added = self._tracker.apply(files, kept)
        refilled = self._removed.find(files, landed_at)
        for births in added:
            self._book(change, files[births.file], births, kept, refilled)
        self._removed.remember(files, kept, landed_at)
        if len(self._merges) >= _WAITING_FILES:
            self._resolve_merges()
            self._settle_merges(is_last=False)
        if self._position % _TIDIED_CHANGES == 0:
            give_back_memory()

    def _note(self, commit: Commit) -> None:
        """Count what a commit shows that may be read wrongly."""
        for reason, subject in commit.unlisted:
            self._found["commits", reason, subject] += 1
        if commit.has_proper_address:
            self._found["commits", "joined_by_mailmap", ".mailmap"] += 1

    def _note_renames(self, commit: Commit, files: Sequence[FileChange]) -> None:
        """Note a change with too many new and deleted files for git to compare all."""
        if len(files) <= RENAME_LIMIT:
            return
        new = sum(file.old_path is None for file in files)
        deleted = sum(file.new_path is None for file in files)
        if new * deleted > RENAME_LIMIT**2:
            self.unsearched += 1
            self._found["line_births", "renames_not_searched", commit.sha] += new

    def findings(self) -> list[Finding]:
        """Return what this run found that may be read wrongly."""
        return [Finding(*what, count) for what, count in self._found.items()]

    def add_unmerged(self, commit: Commit) -> None:
        """Take in a commit that the mainline does not reach."""
        self.branch_commits.add(commit, Evidence.of(commit), None, commit.ancestor, None)

    def _follow_special_files(self, files: Sequence[FileChange]) -> None:
        """Keep up with the files that tell this reader something."""
        for file in files:
            for path, object_id in ((file.old_path, None), (file.new_path, file.new_id)):
                if path == TRACE_PATH:
                    self._trace_file = object_id
                    if object_id:
                        self._attestations.load_traces(object_id)

    def _book(
        self,
        change: Change,
        file: FileChange,
        births: FileBirths,
        kept: Mapping[int, Sequence[tuple[int, int]]],
        refilled: Mapping[int, np.ndarray],
    ) -> None:
        """Book what a change added to a file, or put it off until it is known who wrote it."""
        is_born = is_moved = has_text = None
        is_refilled: np.ndarray | bool | None = None if file.new_text is None else False
        if births.file in kept:
            is_born = np.ones(sum(file.hunks[3::4]), dtype=bool)
            is_born[[added for added, _ in kept[births.file]]] = False
        if file.moved_in:
            is_moved = np.zeros(sum(file.hunks[3::4]), dtype=bool)
            is_moved[list(file.moved_in)] = True
        if births.file in refilled:
            is_refilled = _only(refilled[births.file], is_born)
            has_text = _only(np.frombuffer(file.new_text, np.uint32) != BLANK_CHECKSUM, is_born)
        additions = FileAdditions(
            change=change,
            path=file.new_path,
            path_class=file.path_class,
            old_id=file.old_id,
            new_id=file.new_id,
            first=births.first,
            lines=births.lines,
            hunks=file.hunks,
            is_born=is_born,
            is_moved=_only(is_moved, is_born),
            is_refilled=is_refilled,
            has_text=has_text,
        )
        if change.branch:
            self._merges.append(additions)
        else:
            self._settle(additions, Written([change.commit], [file.new_path], None, None))

    def _settle(
        self,
        additions: FileAdditions,
        written: Written,
    ) -> None:
        """Turn added lines into rows, now that it is known who wrote each."""
        lines = additions.lines
        moved = additions.is_moved
        authors = written.authors
        if additions.is_born is not None:
            places = added_places(additions.hunks) if written.places is None else written.places
            written = written._replace(
                author_of=_only(written.author_of, additions.is_born),
                places=places[additions.is_born],
            )
        self._make_room()
        attested = [self._attestations.has(one.sha, one.parents) for one in authors]
        if len(authors) == 1 and moved is None and not attested[0]:
            row = len(self.births)
            author = authors[0]
            self._add_row(additions, author, Evidence.of(author), False, None, lines)
            self._rows[additions.first : additions.first + lines] = row
            return
        labels: list[tuple[int, Label | None]] = []  # (author, what is attested)
        kind = np.zeros(lines, dtype=np.int64)
        for index, path in enumerate(written.paths):
            labels.append((index, None))
            mine = slice(None) if written.author_of is None else written.author_of == index
            kind[mine] = len(labels) - 1
            if not attested[index]:
                continue
            places = added_places(additions.hunks) if written.places is None else written.places
            author = authors[index]
            numbers, found = self._attestations.labels(
                author.sha, author.parents, path, places[mine]
            )
            kind[mine] = np.where(numbers >= 0, len(labels) + numbers, kind[mine])
            labels += [(index, label) for label in found]
        kind *= 2
        if moved is not None:
            kind += moved
        rows = self._add_rows(additions, authors, labels, kind)
        self._rows[additions.first : additions.first + lines] = rows[kind]

    def _add_rows(
        self,
        additions: FileAdditions,
        authors: Sequence[Commit],
        labels: Sequence[tuple[int, Label | None]],
        kind: np.ndarray,
    ) -> np.ndarray:
        """Add a row for each author, authorship and movedness; return the row of each kind.

        The kind of a line is twice the index of its label, plus one if it moved. Tool and method
        are no part of the table's key: where several meet, the most lines win.
        """
        counts = np.bincount(kind)
        kinds = np.flatnonzero(counts).tolist()
        groups: dict[tuple[str, str, bool], list[tuple[int, Evidence, int]]] = {}
        for one in kinds:
            author_index, label = labels[one // 2]
            author = authors[author_index]
            evidence = Evidence.of(author) if label is None else Evidence(*label, "line_ranges")
            groups.setdefault((author.sha, evidence.authorship, bool(one % 2)), []).append(
                (int(counts[one]), evidence, one)
            )
        row_of = np.zeros(len(counts), dtype=np.uint32)
        first = len(self.births)
        for row, parts in enumerate(groups.values(), first):
            row_of[[one for _, _, one in parts]] = row
        row_of_line = None if additions.has_text is None else row_of[kind]
        by_sha = {author.sha: author for author in authors}
        for row, ((sha, _, is_moved), parts) in enumerate(groups.items(), first):
            _, evidence, _ = max(parts, key=lambda part: (part[0], -part[2]))
            self._add_row(
                additions, by_sha[sha], evidence, is_moved,
                None if row_of_line is None or len(groups) == 1 else row_of_line == row,
                sum(lines for lines, _, _ in parts),
            )  # fmt: skip
        return row_of

    def _add_row(
        self,
        additions: FileAdditions,
        author: Commit,
        evidence: Evidence,
        is_moved: bool,
        member: np.ndarray | None,
        lines: int,
    ) -> None:
        """Add a row; `member` tells which of the lines are in it, None if all are."""
        # Of each line where their text is known, else of all.
        is_refilled: Any = additions.is_refilled
        if additions.has_text is not None:
            # At least half of the lines with text came back.
            refilled = np.count_nonzero(_only(is_refilled, member))
            with_text = np.count_nonzero(_only(additions.has_text, member))
            is_refilled = bool(refilled > 0 and with_text <= 2 * refilled)
        kind = BirthKind(additions.path_class, *evidence, is_moved, is_refilled)
        change = additions.change
        self.births.add(change.number, path_text(additions.path), author.sha, kind, lines)

    def stop(self) -> None:
        """End what runs beside; after an error nothing must go on in the shadow repository."""
        self._searches.stop()

    def settle(self) -> None:
        """Settle what was put off: whatever was booked is complete."""
        self._resolve_merges()
        self._settle_merges(is_last=True)
        self._make_room()

    @property
    def births_count(self) -> int:
        """Lines that were born in this run."""
        return self._births_written + int(self.births.lines().sum())

    @property
    def deaths_count(self) -> int:
        """Lines that were removed in this run."""
        return self._deaths_written + len(self._tracker.dead) // 4

    @property
    def living_count(self) -> int:
        """Lines that live."""
        return self._tracker.count()

    @property
    def is_full(self) -> bool:
        """Tell whether what was booked should be written and forgotten before more is added."""
        return (
            self._tracker.next_line > self._most_lines
            or len(self.births) - self.births.old_rows > _BOOKED_BIRTHS
            or len(self.mainline) + len(self.branch_commits) > _BOOKED_COMMITS
        )

    def forget_written(self) -> None:
        """Forget what was booked, all of it settled and written; what living lines are stays."""
        self._births_written = self.births_count
        self._deaths_written = self.deaths_count
        is_used = np.zeros(len(self.births), dtype=bool)
        files = self._tracker.files
        for path in files:
            is_used[self._rows[self._tracker.numbers(path)]] = True
        number_of = np.cumsum(is_used, dtype=np.uint32) - np.uint32(1)
        rows = np.empty(self.living_count, dtype=np.uint32)
        first = 0
        for path in files:
            numbers = self._tracker.numbers(path)
            end = first + len(numbers)
            rows[first:end] = number_of[self._rows[numbers]]
            files[path] = bytearray(np.arange(first, end, dtype=np.uint32).tobytes())
            first = end
        self._rows = rows
        self._tracker = LineTracker(first)
        self._tracker.files = files
        self._most_lines = _most_lines(self._tracker)
        self.births = self.births.select(np.flatnonzero(is_used))
        self.mainline, self.branch_commits = CommitRows(), CommitRows()
        self._deaths = None
        give_back_memory()

    def _resolve_merges(self) -> None:
        """Begin to find out who wrote what merges brought in, beside the reading of diffs."""
        merges = []
        waiting = []
        for _, group in groupby(self._merges, key=lambda additions: additions.change.number):
            files = list(group)
            change = files[0].change
            waiting += files
            merges.append(
                Merge(
                    change.commit,
                    change.branch,
                    change.branch_commits <= EXACT_BRANCH_COMMITS,
                    [MergedFile(one.path, one.old_id, one.new_id, one.hunks) for one in files],
                )
            )
        self._merges = []
        self._resolved.append((waiting, self._searches.begin(merges)))

    def _settle_merges(self, *, is_last: bool) -> None:
        """Turn lines that merges brought in into rows, as far as their authors are known."""
        while self._resolved and (is_last or self._resolved[0][1].done()):
            waiting, found = self._resolved.popleft()
            for additions, written in zip(waiting, chain(*found.result()), strict=True):
                self._settle(additions, written)

    def _make_room(self) -> None:
        """Let the rows reach up to the last line that was born."""
        born = self._tracker.next_line
        if len(self._rows) < born:
            # By an eighth more than needed, so that all the copying adds up to little; in place,
            # where the system can, so that there are not two of them.
            self._rows.resize(born + born // 8, refcheck=False)

    def deaths(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows of `line_deaths`.

        Returns
        -------
        births, changes, is_moved, lines : arrays
            Index of the birth (old ones first, then new ones), index of the removing change, and
            how many lines.
        """
        if self._deaths is None:
            tracker = self._tracker
            dead = np.frombuffer(tracker.dead, dtype=np.uint32)
            counts = np.array(tracker.dead_per_change, dtype=np.int64)
            ends = np.cumsum(counts)
            moved = np.frombuffer(tracker.moved_dead, dtype=np.uint64)
            parts = []
            # Some changes at a time: lines of different changes have no row in common.
            start = first = 0
            while first < len(counts):
                last = max(
                    first + 1, int(np.searchsorted(ends, start + _COUNTED_DEAD, side="right"))
                )
                end = int(ends[last - 1])
                # Birth, change and movedness in one number: 31, 32 and 1 bits.
                keys = self._rows[dead[start:end]].astype(np.uint64)
                keys <<= np.uint64(33)
                keys |= np.repeat(
                    np.arange(2 * first, 2 * last, 2, dtype=np.uint64), counts[first:last]
                )
                here = moved[slice(*np.searchsorted(moved, (start, end)))]
                keys[here - np.uint64(start)] |= np.uint64(1)
                parts.append(np.unique(keys, return_counts=True))
                start, first = end, last
            keys = np.concatenate([part for part, _ in parts] or [np.empty(0, np.uint64)])
            lines = np.concatenate([part for _, part in parts] or [np.empty(0, np.int64)])
            births = (keys >> np.uint64(33)).astype(np.uint32)
            changes = (keys >> np.uint64(1)).astype(np.uint32)
            self._deaths = births, changes, (keys & np.uint64(1)).astype(bool), lines
        return self._deaths

    def living(self) -> dict[bytes, np.ndarray]:
        """Return the birth of every living line, file by file."""
        return {path: self._rows[self._tracker.numbers(path)] for path in self._tracker.files}

    def forget_lines(self) -> None:
        """Drop what is known of single lines."""
        self._tracker = LineTracker()
        self._rows = np.empty(0, dtype=np.uint32)
        self._removed.forget()
        give_back_memory()

    def state(self) -> ReaderState:
        """Return what the next run needs. Whatever was booked has to be written and forgotten."""
        files = {}
        for path in self._tracker.files:
            rows = self._rows[self._tracker.numbers(path)]
            starts = np.flatnonzero(np.diff(rows, prepend=_NO_BIRTH) != 0)
            files[path] = rows[starts], np.diff(starts, append=len(rows)).astype(np.uint32)
        return ReaderState(
            settings=self._settings,
            tip=self._repository.head,
            position=self._position,
            landed_at=self._landed_at,
            branch_commits=self._branch_commits,
            births=self.births,
            files=files,
            removed_at=self._removed.since(self._landed_at),
            ignored=self._ignored,
            trace_file=self._trace_file,
            notes_tree=self._repository.notes_tree,
            notes_digest=digest_notes(self._repository, self._repository.head),
        )


def _most_lines(tracker: LineTracker) -> int:
    """Return up to which number lines may be born before the ledger is full."""
    return tracker.next_line + _BOOKED_LINES + tracker.count() // 4


def _common_evidence(branch: Sequence[Commit]) -> Evidence | None:
    """Return what all non-merge commits of a branch agree on, None if they do not."""
    kinds = {commit.authorship for commit in branch if len(commit.parents) < 2}
    if len(kinds) != 1:
        return None
    tools = [c.ai_tool for c in branch if c.ai_tool is not None]
    methods = [c.attribution_method for c in branch if c.attribution_method is not None]
    return Evidence(
        kinds.pop(),
        max(sorted(set(tools)), key=tools.count, default=None),
        max(sorted(set(methods)), key=methods.count, default=None),
    )


def _only(values: np.ndarray | None, mask: np.ndarray | None) -> np.ndarray | None:
    return values if values is None or mask is None else values[mask]
