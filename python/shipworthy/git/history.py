"""The commits of a repository: the mainline, and which branch commits each merge brought in."""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter
from sys import intern

from shipworthy.git.catalog import Catalog, attribute_commit
from shipworthy.git.mailmap import Mailmap
from shipworthy.git.mainline import Plan
from shipworthy.git.messages import (
    is_fix,
    parse_incident_id,
    parse_merged_branch,
    parse_pull_request_number,
    parse_reverts,
)
from shipworthy.git.repository import ReadAhead, Repository
from shipworthy.git.unlisted import Unlisted, find_unlisted

# Git's own commits end here, in 2106; what lies outside is no time that a clock gave.
_LATEST = (1 << 32) - 1
_IDENTITY = re.compile(rb"(.*?)<([^<>\n]*)>(?:[ \t]*(-?\d+)(?!\S))?")


@dataclass(slots=True)
class Commit:
    """One commit and what it says about itself.

    Parameters
    ----------
    sha : str
    parents : tuple of str
        On the mainline, its commit before comes first.
    author_email : str
        As git stores it, or the proper one by `.mailmap`; bytes that are not UTF-8 as surrogates.
    authored_at, committed_at : int or None
        Seconds since 1970 (UTC); None where git has no valid time.
    author_kind, authorship, ai_tool, attribution_method
        As in `CommitAttribution`.
    pull_request_number, is_fix, fixes_incident_id, merged_branch
        As in the contract's table `commits`.
    reverts : tuple of str
        What its message says it reverts: commits as written, requests as `#12`.
    unlisted : tuple of Unlisted
        What in it looks like a machine's and the catalogue does not know.
    has_proper_address : bool
        Whether `.mailmap` gave its author another address.
    ancestor : str or None
        The newest mainline commit among its ancestors, where it is off the mainline and has one.
    """

    sha: str
    parents: tuple[str, ...]
    author_email: str
    authored_at: int | None
    committed_at: int | None
    author_kind: str
    authorship: str
    ai_tool: str | None
    attribution_method: str | None
    pull_request_number: int | None
    reverts: tuple[str, ...]
    is_fix: bool
    fixes_incident_id: str | None
    merged_branch: str | None
    unlisted: tuple[Unlisted, ...]
    has_proper_address: bool
    ancestor: str | None = None


def read_history(
    repository: Repository, parser: "CommitParser", plan: Plan
) -> Generator[tuple[Commit, list[Commit]]]:
    """Yield each commit of the mainline, oldest first, with those that it brought in.

    Each branch commit comes with the first merge that reaches it, children before their parents.

    Parameters
    ----------
    repository : Repository
    parser : CommitParser
    plan : Plan
    """
    # With the place of each in the list.
    waiting: dict[str, tuple[int, Commit]] = {}
    # Parents first: when a merge comes, all that it brings in has been read.
    with closing(read_commits(repository, parser, plan.merged, plan.merged_ancestors)) as commits:
        numbered = enumerate(commits)
        for sha, parent in plan.mainline:
            while sha not in waiting:
                read = next(numbered, None)
                if read is None:
                    return  # git failed: the end of this context says why
                waiting[read[1].sha] = read
            _, commit = waiting.pop(sha)
            if parent is not None and commit.parents[0] != parent:
                others = [one for one in commit.parents if one != parent]
                commit.parents = (parent, *others)
            yield commit, _take_branch(commit, waiting)
        # Git may still fail, and says so at the end of what it prints.
        next(numbered, None)


def read_commits(
    repository: Repository,
    parser: "CommitParser",
    shas: Sequence[str],
    ancestors: Iterable[str | None],
) -> Generator[Commit]:
    """Yield commits in the order in which they are asked for, with their mainline ancestors."""
    if not shas:
        return
    feed = (f"{sha}\n".encode() for sha in shas)
    with repository.stream("cat-file", "--batch", "--buffer", stdin=feed) as output:
        # Where git fails it prints less; the end of this context says so.
        for (name, content), ancestor in zip(_split_objects(output), ancestors, strict=False):
            commit = parser.parse(name, content)
            commit.ancestor = ancestor
            yield commit


def _take_branch(merge: Commit, waiting: dict[str, tuple[int, Commit]]) -> list[Commit]:
    """Take out of the waiting commits those that a merge reaches."""
    found = []
    reached = list(merge.parents[1:])
    while reached:
        # What landed before is not there any more.
        entry = waiting.pop(reached.pop(), None)
        if entry is not None:
            found.append(entry)
            reached += entry[1].parents
    found.sort(key=itemgetter(0), reverse=True)
    return [commit for _, commit in found]


def _split_objects(output: ReadAhead) -> Iterator[tuple[str, bytes]]:
    """Split the output of `cat-file --batch` into (id, content)."""
    buffer = bytearray()
    while block := output.read():
        buffer += block
        start = 0
        while (end := buffer.find(b"\n", start)) >= 0:
            sha, _, size = bytes(buffer[start:end]).split(b" ")
            content_end = end + 1 + int(size)
            if content_end >= len(buffer):
                break
            yield sha.decode(), bytes(buffer[end + 1 : content_end])
            start = content_end + 1
        del buffer[:start]


class CommitParser:
    """Parses commit objects and judges what their authors and messages say.

    Parameters
    ----------
    catalog : Catalog
        What is known about agents.
    mailmap : Mailmap
        Whose addresses are one person's.
    repository : str
        Name of the repository, by which a message may name its requests.
    """

    def __init__(self, catalog: Catalog, mailmap: Mailmap, repository: str) -> None:
        self._catalog = catalog
        self._mailmap = mailmap
        self._repository = repository

    def parse(self, sha: str, content: bytes) -> Commit:
        """Parse a commit object."""
        head, _, body = content.partition(b"\n\n")
        parents = []
        author = committer = b""
        encoding = "utf-8"
        for line in head.split(b"\n"):
            key, _, value = line.partition(b" ")
            if key == b"parent":
                parents.append(intern(value.decode()))
            elif key == b"author":
                author = value
            elif key == b"committer":
                committer = value
            elif key == b"encoding":
                encoding = value.decode("ascii", "replace")
        raw_name, raw_email, authored_at = _parse_identity(author)
        name, email = _decode(raw_name, encoding), _decode(raw_email, encoding)
        committer_name, committer_email, committed_at = raw_name, raw_email, authored_at
        if committer != author:
            committer_name, committer_email, committed_at = _parse_identity(committer)
        message = _decode(body, encoding)
        attribution = attribute_commit(
            name,
            email,
            _decode(committer_name, encoding),
            _decode(committer_email, encoding),
            message,
            self._catalog,
        )
        proper = self._mailmap.address(raw_name, raw_email) if self._mailmap else raw_email
        return Commit(
            intern(sha),
            tuple(parents),
            intern(email if proper == raw_email else _decode(proper, encoding)),
            authored_at,
            committed_at,
            attribution.author_kind,
            attribution.authorship,
            attribution.ai_tool,
            attribution.attribution_method,
            parse_pull_request_number(message, len(parents) > 1),
            parse_reverts(message, self._repository),
            is_fix(message),
            parse_incident_id(message),
            parse_merged_branch(message),
            find_unlisted(name, email, message, attribution, self._catalog),
            proper.lower() != raw_email.lower(),
        )


def _parse_identity(line: bytes) -> tuple[bytes, bytes, int | None]:
    """Return name, address and time of `Name <address> seconds zone`, as far as it is whole."""
    match = _IDENTITY.match(line)
    if match is None:
        return line, b"", None
    name, email, seconds = match.groups()
    time = int(seconds) if seconds and len(seconds) < 19 else 0
    known_time = time if 0 < time <= _LATEST else None
    return name.strip(), email.strip(), known_time


def _decode(text: bytes, encoding: str) -> str:
    """Decode with the commit's own encoding; what is no text in it survives as surrogates."""
    try:
        return text.decode(encoding, "surrogateescape")
    except (LookupError, ValueError):
        return text.decode("utf-8", "surrogateescape")
