"""The commits of a repository: the mainline, and which branch commits each merge brought in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from sys import intern

from shipworthy.git.catalog import Catalog, attribute_commit
from shipworthy.git.messages import (
    is_fix,
    parse_incident_id,
    parse_pull_request_number,
    parse_reverts_sha,
)
from shipworthy.git.repository import ReadAhead, Repository

# The last second that every database of ours can hold: 9999-12-31.
_LATEST = 253402300799
_IDENTITY = re.compile(rb"(.*?)<([^<>\n]*)>[^<>\d-]*(-?\d+)?")


@dataclass(slots=True)
class Commit:
    """One commit and what it says about itself.

    Parameters
    ----------
    sha : str
    parents : tuple of str
    author_email : str
        As git stores it; bytes that are not UTF-8 as surrogates.
    authored_at, committed_at : int or None
        Seconds since 1970 (UTC); None where git has no valid time.
    author_kind, authorship, ai_tool, attribution_method
        As in `CommitAttribution`.
    pull_request_number, reverts_sha, is_fix, fixes_incident_id
        As in the contract's table `commits`.
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
    reverts_sha: str | None
    is_fix: bool
    fixes_incident_id: str | None


def read_mainline(
    repository: Repository, tip: str | None
) -> tuple[list[tuple[str, str | None]], bool]:
    """List the first-parent chain behind the tip of the last run.

    Parameters
    ----------
    repository : Repository
    tip : str or None
        The mainline's last commit that was read before; None for a first run.

    Returns
    -------
    mainline : list of (str, str or None)
        Each commit with its first parent, oldest first.
    continues : bool
        Whether the chain leads to the tip. If not, the mainline was rewritten.
    """
    selection = f"{repository.head}\n" + (f"^{tip}\n" if tip else "")
    listed = repository.run(
        "rev-list", "--first-parent", "--parents", "--stdin", stdin=selection.encode()
    )
    mainline = []
    for line in reversed(listed.decode().splitlines()):
        # Interned, as in the commits: an id is kept once.
        sha, *parents = map(intern, line.split(" "))
        mainline.append((sha, parents[0] if parents else None))
    first = mainline[0][1] if mainline else repository.head
    return mainline, first == tip


def read_history(
    repository: Repository,
    catalog: Catalog,
    mainline: Sequence[tuple[str, str | None]],
    tip: str | None,
) -> Iterator[tuple[Commit, list[Commit]]]:
    """Yield each commit of the mainline, oldest first, with those that it brought in.

    Each branch commit comes with the first merge that reaches it, children before their parents.

    Parameters
    ----------
    repository : Repository
    catalog : Catalog
        What is known about agents.
    mainline : sequence of (str, str or None)
        From `read_mainline`.
    tip : str or None
        The mainline's last commit that was read before; None for a first run.
    """
    if not mainline:
        return
    selection = f"{repository.head}\n" + (f"^{tip}\n" if tip else "")
    # Parents first: when a merge comes, all that it brings in has been read.
    listed = repository.run(
        "rev-list", "--topo-order", "--reverse", "--stdin", stdin=selection.encode()
    )
    # With the place of each in the list.
    waiting: dict[str, tuple[int, Commit]] = {}
    with repository.stream("cat-file", "--batch", "--buffer", stdin=listed) as output:
        objects = enumerate(_split_objects(output))
        for sha, _ in mainline:
            while sha not in waiting:
                read = next(objects, None)
                if read is None:
                    return  # git failed: the end of this context says why
                place, (name, content) = read
                commit = parse_commit(name, content, catalog)
                waiting[commit.sha] = place, commit
            _, commit = waiting.pop(sha)
            yield commit, _take_branch(commit, waiting)
        # Git may still fail, and says so at the end of what it prints.
        next(objects, None)


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


def parse_commit(sha: str, content: bytes, catalog: Catalog) -> Commit:
    """Parse a commit object and judge what its author and message say."""
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
    author_name, author_email, authored_at = _parse_identity(author, encoding)
    if committer == author:
        committer_name, committer_email, committed_at = author_name, author_email, authored_at
    else:
        committer_name, committer_email, committed_at = _parse_identity(committer, encoding)
    message = _decode(body, encoding)
    attribution = attribute_commit(
        author_name, author_email, committer_name, committer_email, message, catalog
    )
    return Commit(
        intern(sha),
        tuple(parents),
        intern(author_email),
        authored_at,
        committed_at,
        attribution.author_kind,
        attribution.authorship,
        attribution.ai_tool,
        attribution.attribution_method,
        parse_pull_request_number(message, len(parents) > 1),
        parse_reverts_sha(message),
        is_fix(message),
        parse_incident_id(message),
    )


def _parse_identity(line: bytes, encoding: str) -> tuple[str, str, int | None]:
    """Return name, address and time of `Name <address> seconds zone`, as far as it is whole."""
    match = _IDENTITY.match(line)
    if match is None:
        return _decode(line, encoding), "", None
    name, email, seconds = match.groups()
    time = min(int(seconds), _LATEST) if seconds and len(seconds) < 19 else None
    return _decode(name.strip(), encoding), _decode(email.strip(), encoding), time


def _decode(text: bytes, encoding: str) -> str:
    """Decode with the commit's own encoding; what is no text in it survives as surrogates."""
    try:
        return text.decode(encoding, "surrogateescape")
    except (LookupError, UnicodeError):
        return text.decode("utf-8", "surrogateescape")
