"""The commits of a repository: the mainline, and which branch commits each merge brought in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from sys import intern

from shipworthy.git.catalog import Catalog, attribute_commit
from shipworthy.git.mailmap import Mailmap
from shipworthy.git.messages import (
    is_fix,
    parse_incident_id,
    parse_pull_request_number,
    parse_reverts,
)
from shipworthy.git.repository import ReadAhead, Repository
from shipworthy.git.unlisted import Unlisted, find_unlisted

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
        As git stores it, or the proper one by `.mailmap`; bytes that are not UTF-8 as surrogates.
    authored_at, committed_at : int or None
        Seconds since 1970 (UTC); None where git has no valid time.
    author_kind, authorship, ai_tool, attribution_method
        As in `CommitAttribution`.
    pull_request_number, is_fix, fixes_incident_id
        As in the contract's table `commits`.
    reverts : tuple of str
        What its message says it reverts: commits as written, requests as `#12`.
    unlisted : tuple of Unlisted
        What in it looks like a machine's and the catalogue does not know.
    has_proper_address : bool
        Whether `.mailmap` gave its author another address.
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
    unlisted: tuple[Unlisted, ...]
    has_proper_address: bool


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
    parser: "CommitParser",
    mainline: Sequence[tuple[str, str | None]],
    tip: str | None,
) -> Iterator[tuple[Commit, list[Commit]]]:
    """Yield each commit of the mainline, oldest first, with those that it brought in.

    Each branch commit comes with the first merge that reaches it, children before their parents.

    Parameters
    ----------
    repository : Repository
    parser : CommitParser
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
                commit = parser.parse(name, content)
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
            find_unlisted(name, email, message, attribution, self._catalog),
            proper.lower() != raw_email.lower(),
        )


def _parse_identity(line: bytes) -> tuple[bytes, bytes, int | None]:
    """Return name, address and time of `Name <address> seconds zone`, as far as it is whole."""
    match = _IDENTITY.match(line)
    if match is None:
        return line, b"", None
    name, email, seconds = match.groups()
    time = min(int(seconds), _LATEST) if seconds and len(seconds) < 19 else None
    return name.strip(), email.strip(), time


def _decode(text: bytes, encoding: str) -> str:
    """Decode with the commit's own encoding; what is no text in it survives as surrogates."""
    try:
        return text.decode(encoding, "surrogateescape")
    except (LookupError, ValueError):
        return text.decode("utf-8", "surrogateescape")
