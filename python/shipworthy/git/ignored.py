"""Lines that keep their origin because the repository tells blame to ignore a revision.

The file `.git-blame-ignore-revs` counts as it stands on the mainline's tip, as for `git blame`: a
revision can only be listed after it is made. Rows that are mature stay what they were, so that
nobody takes a rewrite out of a published number by listing it later.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from shipworthy.git.authors import VersionComparer, added_places, lines_in_older
from shipworthy.git.diffs import FileChange, unquote
from shipworthy.git.history import Commit
from shipworthy.git.processes import PathFinder
from shipworthy.git.repository import Repository

IGNORE_REVISIONS_PATH = ".git-blame-ignore-revs"

# As the turnover window of the models has it by default: rows of lines that landed before are
# final.
MATURE_SECONDS = 30 * 86_400
# Blame is asked for each file that an ignored revision changed: so many take a minute.
MOST_FILES = 5_000

_COMMIT_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def parse_ignored(text: bytes) -> frozenset[str]:
    """Return the commits that a `.git-blame-ignore-revs` names: full ids, comments left out."""
    lines = (line.partition(b"#")[0].strip() for line in text.split(b"\n"))
    return frozenset(line.decode() for line in lines if _COMMIT_ID.fullmatch(line))


class IgnoredRevisions(NamedTuple):
    """What a run does with the list.

    Parameters
    ----------
    revisions : frozenset of str
        The revisions that it ignores.
    restates : bool
        Whether rows of earlier runs change by it, so that all is read anew.
    too_late : tuple of str
        Revisions that the list has got or lost, and whose rows stay what they were.
    """

    revisions: frozenset[str]
    restates: bool
    too_late: tuple[str, ...]


def read_ignored(repository: Repository, object_id: str | None) -> frozenset[str]:
    """Return the commits that a list names; none for None."""
    if object_id is None:
        return frozenset()
    return parse_ignored(repository.run("cat-file", "blob", object_id))


def decide_ignored(
    listed: frozenset[str],
    before: frozenset[str] | None,
    landed_at: Mapping[str, float],
    through: float | None,
) -> IgnoredRevisions:
    """Decide which revisions a run ignores.

    Parameters
    ----------
    listed : frozenset of str
        What the list names now.
    before : frozenset of str or None
        What earlier runs ignored; None for a first run.
    landed_at : mapping of str to float
        When commits of earlier runs landed, in seconds since 1970 (UTC), as far as the list changed
        about them. A commit that is not there has no rows yet.
    through : float or None
        Up to when the last run had the repository complete, in the same seconds.
    """
    if before is None:
        return IgnoredRevisions(listed, False, ())
    changed = listed ^ before
    final = frozenset(
        sha
        for sha in changed
        if sha in landed_at and through is not None and landed_at[sha] + MATURE_SECONDS <= through
    )
    restates = any(sha in landed_at for sha in changed - final)
    revisions = (listed - final) | (before & final)
    return IgnoredRevisions(revisions, restates, tuple(sorted(final)))


def find_kept_lines(
    repository: Repository,
    commit: Commit,
    ignored: Sequence[str],
    files: Sequence[FileChange],
    *,
    strict: bool,
) -> dict[int, list[tuple[int, int]]]:
    """Ask blame which lines of the first parent live on in lines that a change rewrote.

    Parameters
    ----------
    repository : Repository
    commit : Commit
        The change.
    ignored : sequence of str
        What it brings in and blame is to ignore.
    files : sequence of FileChange
        What it did to each file.
    strict : bool
        Whitespace-only edits are edits when true.

    Returns
    -------
    dict
        As `LineTracker.apply` takes it: by index of the file, pairs of (index of an added line,
        index of a removed line).
    """
    kept: dict[int, list[tuple[int, int]]] = {}
    if not commit.parents:
        return kept
    with PathFinder(repository) as finder, VersionComparer(repository, strict=strict) as comparer:
        for index, file in enumerate(files):
            if file.replaces or not sum(file.hunks[1::4]) or not sum(file.hunks[3::4]):
                continue
            origins = _blame(repository, commit, ignored, file, strict=strict)
            pairs = _match(commit.parents[0], file, origins, finder, comparer)
            if pairs:
                kept[index] = pairs
    return kept


def _blame(
    repository: Repository,
    commit: Commit,
    ignored: Sequence[str],
    file: FileChange,
    *,
    strict: bool,
) -> dict[int, tuple[str, bytes, int]]:
    """Return which lines were there before the change: commit, path and line number of each."""
    options = [] if strict else ["-w"]
    options += [f"--ignore-rev={sha}" for sha in ignored]
    if commit.sha in ignored:
        # All that a merge brought in is ignored, not what its own hands did to it.
        options.append("--first-parent")
    arguments = ["blame", "--porcelain", *options, commit.sha, f"^{commit.parents[0]}", "--"]
    text = repository.run(*arguments, file.new_path)
    origins: dict[int, tuple[str, bytes, int]] = {}
    paths: dict[str, bytes] = {}
    boundaries: set[str] = set()
    header: list[bytes] = []
    for line in text.split(b"\n"):
        if line.startswith(b"\t"):
            sha = header[0].decode()
            if sha in boundaries:
                origins[int(header[2])] = sha, paths[sha], int(header[1])
        elif _COMMIT_ID.fullmatch(line.partition(b" ")[0]):
            header = line.split(b" ")
        elif line.startswith(b"filename "):
            paths[header[0].decode()] = unquote(line[9:])
        elif line == b"boundary":
            boundaries.add(header[0].decode())
    return origins


def _match(
    parent: str,
    file: FileChange,
    origins: dict[int, tuple[str, bytes, int]],
    finder: PathFinder,
    comparer: VersionComparer,
) -> list[tuple[int, int]]:
    """Pair added with removed lines of the same origin. A removed line is taken once."""
    hunks = np.array(file.hunks, dtype=np.int64).reshape(-1, 4)
    removed = added_places(hunks[:, [2, 3, 0, 1]].ravel())
    removed_index = {int(place): index for index, place in enumerate(removed)}
    pairs: list[tuple[int, int]] = []
    for added_index, place in enumerate(added_places(file.hunks).tolist()):
        if place not in origins:
            continue
        sha, path, number = origins[place]
        if path != file.old_path:
            continue
        if sha != parent:
            # The branch began further down: find the line in the first parent.
            older = finder.find(sha, path)
            versions = comparer.compare([(file.old_id, older)])
            passed, there = lines_in_older(np.array([number]), versions[file.old_id, older])
            if not passed[0]:
                continue
            number = int(there[0])
        if number in removed_index:
            pairs.append((added_index, removed_index.pop(number)))
    return pairs
