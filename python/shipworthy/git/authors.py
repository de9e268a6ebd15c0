"""Find the branch commit that wrote each line which a merge brought in.

The reference is `git blame P1..M`. One blame a file costs milliseconds, and half of a project's
lines come in with merges, so the same walk is done here for all merges at once, on diffs of just
those file versions that matter: git compares them two by two in a pair of made-up trees.
"""

import heapq
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from shipworthy.git.diffs import RawEntry, parse_raw, unquote
from shipworthy.git.history import Commit
from shipworthy.git.patches import Span, hunk_heads, parse_heads
from shipworthy.git.processes import DiffServer, PathFinder, TreeMaker
from shipworthy.git.repository import RENAME_LIMIT, Repository

# Up to here every line gets its exact author. Beyond, the versions of a file are told apart only
# where the branch commits that touched it differ in what is known of their authors, or none did:
# metrics ask for person and evidence. benchmarks/git_authors.py measures what that loses.
EXACT_BRANCH_COMMITS = 1_000

_RAW_DIFF = (
    "--always", "--root", "-r", "--raw", "--full-index", "--no-ext-diff", "--no-relative",
)  # fmt: skip
# So many commits are asked about at a time: few enough for the question to fit into a pipe.
_ASKED_COMMITS = 100
_PAIR_DIFF = (
    "-r", "-p", "-U0", "--no-renames", "--diff-algorithm=myers", "--indent-heuristic",
    "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative",
    "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip


_SECTION = b"\ndiff --git "


class MergedFile(NamedTuple):
    """A file that gained lines by a merge.

    Parameters
    ----------
    path : bytes
    old_id, new_id : str
        The file in the first parent and in the merge.
    hunks : array of int
        Of the diff to the first parent, as in `FileChange`.
    """

    path: bytes
    old_id: str
    new_id: str
    hunks: array


class Merge(NamedTuple):
    """A merge of the mainline.

    Parameters
    ----------
    commit : Commit
    branch : sequence of Commit
        What it brought in, children first.
    is_exact : bool
        Whether each line needs its very commit (see `EXACT_BRANCH_COMMITS`).
    files : sequence of MergedFile
    """

    commit: Commit
    branch: Sequence[Commit]
    is_exact: bool
    files: Sequence[MergedFile]


class Written(NamedTuple):
    """Who wrote the lines that one file gained.

    Parameters
    ----------
    authors : list of Commit
    paths : list of bytes
        The file's path in each author's version.
    author_of : array of int or None
        For each line an index into both; None if the first wrote all.
    places : array of int or None
        The number of each line in its author's version; None if that is the one in the merge.
    """

    authors: list[Commit]
    paths: list[bytes]
    author_of: np.ndarray | None
    places: np.ndarray | None


# Commit, path and object id of the versions that a version was made from.
_Parents = list[tuple[str, bytes, str]]


class _Version(NamedTuple):
    """A version of a file on the way from a merge to its base.

    Parameters
    ----------
    commit : Commit
    path : bytes
    object_id : str
    parents : list of (str, bytes, str)
        The versions it was made from, in the order of the commit's parents.
    """

    commit: Commit
    path: bytes
    object_id: str
    parents: _Parents


class BranchAuthors:
    """Resolves merges, many at a time. Use as a context manager.

    Parameters
    ----------
    repository : Repository
    strict : bool
        Whitespace-only edits are edits when true.
    is_attested : callable
        Tells of a commit whether a tool recorded who wrote its lines; its line numbers then matter.
    """

    def __init__(
        self, repository: Repository, *, strict: bool, is_attested: Callable[[Commit], bool]
    ) -> None:
        self._is_attested = is_attested
        self._touching = DiffServer(repository, *_RAW_DIFF, "-M50%", f"-l{RENAME_LIMIT}")
        self._merging = DiffServer(repository, *_RAW_DIFF, "--no-renames")
        self._finder = PathFinder(repository)
        self._comparer = VersionComparer(repository, strict=strict)
        self._touched: dict[str, dict[bytes, RawEntry]] = {}
        self._merged: dict[str, set[bytes]] = {}
        self._renames: dict[tuple[str, str], dict[bytes, RawEntry]] = {}

    def __enter__(self) -> "BranchAuthors":
        return self

    def __exit__(self, *error: object) -> None:
        for part in (self._touching, self._merging, self._finder, self._comparer):
            part.__exit__(*error)

    def resolve(self, merges: Sequence[Merge]) -> Iterator[list[Written]]:
        """Yield, merge by merge, who wrote the lines of each of its files."""
        self._read_touched(merges)
        plans: list[list[Written | list[_Version] | None]] = []
        for merge in merges:
            touching, moved_to = self._index(merge)
            plans.append(
                [
                    self._guess(merge, file, path, touching.get(path, ()))
                    for file in merge.files
                    for path in [
                        file.path if file.path in touching else moved_to.get(file.new_id, file.path)
                    ]
                ]
            )
        open_merges = [merge for merge, plan in zip(merges, plans, strict=True) if None in plan]
        self._read_merged(open_merges)
        for merge, plan in zip(merges, plans, strict=True):
            for number, file in enumerate(merge.files):
                if plan[number] is None:
                    plan[number] = self._plan(merge, file)
        # A dictionary keeps the order, in which git finds the versions of a file together.
        pairs = {
            (parent_id, version.object_id): None
            for plan in plans
            for versions in plan
            if not isinstance(versions, Written)
            for version in versions
            for _, _, parent_id in version.parents
            if parent_id != version.object_id
        }
        hunks = self._comparer.compare(list(pairs))
        for merge, plan in zip(merges, plans, strict=True):
            yield [
                versions
                if isinstance(versions, Written)
                else _walk(merge.commit, file, versions, hunks)
                for file, versions in zip(merge.files, plan, strict=True)
            ]

    def _read_touched(self, merges: Sequence[Merge]) -> None:
        """Find what each commit of the branches did to which path (the new one, if any)."""
        pairs = [
            (commit.sha, commit.parents[0] if commit.parents else "")
            for merge in merges
            if not _is_single(merge)
            for commit in merge.branch
            if len(commit.parents) < 2
        ]
        self._touched = {
            sha: {unquote(entry.new_name): entry for entry in map(parse_raw, lines)}
            for sha, lines in _read_raw(self._touching, pairs)
        }
        self._renames.clear()

    def _read_merged(self, merges: Sequence[Merge]) -> None:
        """Find in which paths merges inside the branches differ from their first parents.

        That may be everything the mainline did meanwhile: too much to look for renames in.
        """
        pairs = [
            (commit.sha, commit.parents[0])
            for merge in merges
            for commit in merge.branch
            if len(commit.parents) > 1
        ]
        # Merges differ in the same paths over and over: one object for each saves much memory.
        known: dict[bytes, bytes] = {}
        self._merged = {
            sha: {
                known.setdefault(path, path)
                for path in (unquote(line[line.index(b"\t") + 1 :]) for line in lines)
            }
            for sha, lines in _read_raw(self._merging, pairs)
        }

    def _index(self, merge: Merge) -> tuple[dict[bytes, list[Commit]], dict[str, bytes]]:
        """Return which commits of a branch touched a path, and the path that got each content.

        By the content a file is found again that the merge put somewhere else, as the merge of a
        subproject does.
        """
        touching: dict[bytes, list[Commit]] = defaultdict(list)
        paths: dict[str, bytes] = {}
        for commit in merge.branch:
            for path, entry in self._touched.get(commit.sha, {}).items():
                touching[path].append(commit)
                paths.setdefault(entry.new_id, path)
        return touching, paths

    def _guess(
        self, merge: Merge, file: MergedFile, path: bytes, touching: Sequence[Commit]
    ) -> Written | None:
        """Name the author without comparing versions, where that can be told; None elsewhere.

        `path` is the file's path in the branch, `touching` the branch commits that touched it.
        """
        if len(merge.commit.parents) != 2:
            return None
        if _is_single(merge):
            return Written([merge.branch[0]], [file.path], None, None)
        if len(touching) == 1:
            entry = self._touched[touching[0].sha][path]
            if entry.old_id == file.old_id and entry.new_id == file.new_id:
                # The merge did to the file just what this commit did.
                return Written([touching[0]], [path], None, None)
        if merge.is_exact:
            return None
        if not touching:
            return None
        known = {
            (one.author_email, one.author_kind, one.authorship, one.ai_tool, one.attribution_method)
            for one in touching
        }
        is_renamed = any(self._touched[one.sha][path].status == b"R" for one in touching[:-1])
        if len(known) > 1 or is_renamed or any(map(self._is_attested, touching)):
            return None
        return Written([touching[0]], [path], None, None)

    def _plan(self, merge: Merge, file: MergedFile) -> list[_Version]:
        """Return the versions to compare, children before parents, the merge's own first."""
        branch = {commit.sha: (rank, commit) for rank, commit in enumerate(merge.branch)}
        versions: list[_Version] = []
        seen: set[tuple[str, bytes]] = set()
        waiting: list[tuple[int, bytes, str]] = []

        def add(commit: Commit, path: bytes, object_id: str, parents: _Parents) -> None:
            """Add a version; commits that leave the file alone need none of their own."""
            parents = [(self._descend(sha, path, branch), path, id_) for sha, path, id_ in parents]
            versions.append(_Version(commit, path, object_id, parents))
            for sha, path, id_ in parents:
                if sha in branch and (sha, path) not in seen:
                    seen.add((sha, path))
                    heapq.heappush(waiting, (branch[sha][0], path, id_))

        # A file that no commit of the branch touched has another path there.
        follows_renames = merge.is_exact or all(
            file.path not in self._touched.get(commit.sha, ()) for commit in merge.branch
        )
        first = self._tip_versions(merge, file, branch) or self._parents(
            merge.commit, merge.commit.parents[1:], file.path, follows_renames=follows_renames
        )
        add(merge.commit, file.path, file.new_id, first)
        while waiting:
            rank, path, object_id = heapq.heappop(waiting)
            commit = merge.branch[rank]
            parents = self._version_parents(commit, path, follows_renames=follows_renames)
            add(commit, path, object_id, parents)
        return versions

    def _tip_versions(
        self, merge: Merge, file: MergedFile, branch: Mapping[str, tuple[int, Commit]]
    ) -> _Parents:
        """Return the version in the branch, where it is known without asking git."""
        if len(merge.commit.parents) != 2:
            return []
        sha = self._descend(merge.commit.parents[1], file.path, branch)
        entry = self._touched.get(sha, {}).get(file.path)
        if entry is None or entry.status == b"D":
            return []
        return [(sha, file.path, entry.new_id)]

    def _descend(self, sha: str, path: bytes, branch: Mapping[str, tuple[int, Commit]]) -> str:
        """Return the newest commit from here on down that did something to a file, or the base."""
        while sha in branch:
            parents = branch[sha][1].parents
            touched = self._merged[sha] if len(parents) > 1 else self._touched[sha]
            if not parents or path in touched:
                break
            sha = parents[0]
        return sha

    def _version_parents(self, commit: Commit, path: bytes, *, follows_renames: bool) -> _Parents:
        if len(commit.parents) > 1:
            return self._parents(commit, commit.parents, path, follows_renames=follows_renames)
        entry = self._touched[commit.sha].get(path)
        # A root, a new file, or one that became a link: nothing older has its lines.
        if entry is None or not commit.parents or entry.status not in (b"M", b"R"):
            return []
        return [(commit.parents[0], unquote(entry.old_name), entry.old_id)]

    def _parents(
        self, commit: Commit, parents: Sequence[str], path: bytes, *, follows_renames: bool
    ) -> _Parents:
        """Return the versions in the given parents of a merge."""
        found = []
        for parent in parents:
            object_id = self._finder.find(parent, path)
            if object_id is not None:
                found.append((parent, path, object_id))
                continue
            if not follows_renames:
                continue
            key = commit.sha, parent
            if key not in self._renames:
                entries = map(parse_raw, self._finder.find_renames(*key))
                self._renames[key] = {unquote(entry.new_name): entry for entry in entries}
            entry = self._renames[key].get(path)
            if entry is not None:
                found.append((parent, unquote(entry.old_name), entry.old_id))
        return found


def _read_raw(
    server: DiffServer, pairs: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the raw lines of each pair of a commit and one of its parents (or nothing)."""
    for first in range(0, len(pairs), _ASKED_COMMITS):
        asked = pairs[first : first + _ASKED_COMMITS]
        feed = "".join(f"{sha} {parent}".strip() + "\n" for sha, parent in asked).encode()
        # An id alone in a line begins what belongs to a commit; all other lines have a colon first.
        answers = b"".join(server.ask(feed)).replace(b"\n:", b"\0:").split(b"\n")[1:]
        for (sha, _), answer in zip(asked, answers, strict=True):
            yield sha, answer.split(b"\0")[1:]


class VersionComparer:
    """Compares pairs of file versions, many at a time. Use as a context manager.

    Parameters
    ----------
    repository : Repository
    strict : bool
        Whitespace-only edits are edits when true.
    """

    def __init__(self, repository: Repository, *, strict: bool) -> None:
        self._trees = TreeMaker(repository)
        self._diffs = DiffServer(repository, *(_PAIR_DIFF if strict else (*_PAIR_DIFF, "-w")))

    def __enter__(self) -> "VersionComparer":
        return self

    def __exit__(self, *error: object) -> None:
        self._trees.__exit__(*error)
        self._diffs.__exit__(*error)

    def compare(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], np.ndarray | None]:
        """Return the hunks of each pair.

        Parameters
        ----------
        pairs : sequence of (str, str)
            Object ids of the older and the newer version.

        Returns
        -------
        dict
            For each pair an array, a row of four numbers each hunk; None where a version is binary.
        """
        nothing = np.empty((0, 4), dtype=np.int64)
        # Versions that are equal, or differ in whitespace alone, have no patch.
        hunks: dict[tuple[str, str], np.ndarray | None] = dict.fromkeys(pairs, nothing)
        if not pairs:
            return hunks
        old, new = (self._trees.make(versions) for versions in zip(*pairs, strict=True))
        compared: list[tuple[str, str]] = []
        heads: list[list[bytes]] = []
        for section in _split_sections(self._diffs.ask(f"{old} {new}\n".encode())):
            pair = pairs[int(section[2:10])]
            numbers = hunk_heads(Span(section, 0, len(section)))
            if not numbers and b"\nBinary files " in section:
                hunks[pair] = None
                continue
            compared.append(pair)
            heads.append(numbers)
        for pair, parsed in zip(compared, parse_heads(heads), strict=True):
            hunks[pair] = _as_rows(parsed)
        return hunks


def _split_sections(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Split a diff into the patches of files, each from behind `diff --git `."""
    rest = b""
    for block in blocks:
        *sections, rest = (rest + block).split(_SECTION)
        rest = _SECTION + rest if sections else rest
        # The first part is empty, or what comes before the first patch.
        yield from sections[1:]
    yield from rest.split(_SECTION)[1:]


def added_places(hunks: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the line numbers, from 1, of the lines that hunks add."""
    numbers = _as_rows(hunks)
    starts, counts = numbers[:, 2], numbers[:, 3]
    before = np.cumsum(counts) - counts
    return np.arange(counts.sum()) + np.repeat(starts - before, counts)


def _as_rows(numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.array(numbers, dtype=np.int64).reshape(-1, 4)


def _is_single(merge: Merge) -> bool:
    """Tell whether one commit must have written all that counts, so that nothing is compared."""
    return not merge.is_exact and len(merge.branch) == 1 and len(merge.commit.parents) == 2


def _walk(
    merge: Commit,
    file: MergedFile,
    versions: Sequence[_Version],
    hunks: dict[tuple[str, str], np.ndarray | None],
) -> Written:
    """Pass the lines of a file from version to version until somebody must have written them."""
    places = added_places(file.hunks)
    count = len(places)
    authors, paths = [merge], [file.path]
    author_of = np.zeros(count, dtype=np.int64)
    # What waits at a version: which lines, and their numbers there.
    waiting: dict[tuple[str, bytes], list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
    waiting[merge.sha, file.path].append((np.arange(count), places.copy()))
    for version in versions:
        arrived = waiting.pop((version.commit.sha, version.path), None)
        if arrived is None:
            continue
        which = np.concatenate([part for part, _ in arrived])
        numbers = np.concatenate([part for _, part in arrived])
        identical = [one for one in version.parents if one[2] == version.object_id]
        for sha, path, object_id in identical[:1] or version.parents:
            if object_id == version.object_id:
                passed, there = np.ones(len(which), dtype=bool), numbers
            else:
                passed, there = lines_in_older(numbers, hunks[object_id, version.object_id])
            if passed.any():
                waiting[sha, path].append((which[passed], there[passed]))
                which, numbers = which[~passed], numbers[~passed]
        if len(which) and version.commit is not merge:
            authors.append(version.commit)
            paths.append(version.path)
            author_of[which] = len(authors) - 1
            places[which] = numbers
    # What reached a commit outside the branch was there before it: the merge brought it back.
    return Written(authors, paths, author_of, places)


def lines_in_older(numbers: np.ndarray, hunks: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Tell which lines of a newer version the older one has as well, and their numbers there.

    Parameters
    ----------
    numbers : array of int
        Line numbers in the newer version.
    hunks : array of int, or None
        From `compare_versions`.
    """
    if hunks is None:
        return np.zeros(len(numbers), dtype=bool), numbers
    if not len(hunks):
        return np.ones(len(numbers), dtype=bool), numbers
    _, old, start, new = hunks.T
    # Where nothing was added, the header names the line before.
    start = start + (new == 0)
    shift = np.concatenate(([0], np.cumsum(new - old)))
    last = np.searchsorted(start, numbers, side="right")
    inside = (last > 0) & (numbers < (start + new)[last - 1])
    return ~inside, numbers - shift[last]
