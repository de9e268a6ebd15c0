"""Read the mainline's diffs: git computes them in one process or several, this module parses them.

The text of the lines is used here and nowhere else: what leaves this module is where lines were
removed and added, which of them moved inside the change, and a checksum of each.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import accumulate, chain, islice
from typing import Any, NamedTuple

from shipworthy.errors import ShipworthyError
from shipworthy.git.commit_ids import Chain
from shipworthy.git.moves import find_moves
from shipworthy.git.patches import (
    HUNK,
    Patch,
    Span,
    hunk_heads,
    parse_heads,
    parse_patches,
)
from shipworthy.git.paths import GitAttributes, PathClassifier
from shipworthy.git.processes import ObjectReader
from shipworthy.git.repository import RENAME_LIMIT, ReadAhead, Repository

# Full ids save git the search for short ones, --always prints the commits that change nothing.
_DIFF_TREE = (
    "diff-tree", "--stdin", "--always", "--root", "-r", "-M50%", f"-l{RENAME_LIMIT}",
    "--full-index", "--no-relative", "--ignore-submodules=none",
)  # fmt: skip
# -U0 gives the hunks that blame computes (git trims common ends only without context).
_PATCHES = (
    "-p", "-U0", "--diff-algorithm=myers", "--indent-heuristic", "--no-ext-diff", "--no-textconv",
    "--no-color", "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip

_SECTION = b"\ndiff --git "
# How far git may be ahead of us: far enough to go on while a big change is followed.
_AHEAD_BYTES = 12 << 20
# So many bytes of commits are parsed at a time: enough for numpy to pay.
_PARSED_BYTES = 1 << 19
# So many commits a process has its turn for: few enough for what it prints to be kept until then.
_BATCH_COMMITS = 256
# Two processes share nothing that they unpack, which does not pay for fewer.
_COMMITS_PER_JOB = 3_000

GITLINK = 0o160000
_TYPE_MASK = 0o170000
# What git looks at to tell binary from text.
_BINARY_PROBE_BYTES = 8000

UNCOUNTED_CLASSES = frozenset({"generated", "vendored"})


class FileChange(NamedTuple):
    """What one change did to one file.

    Parameters
    ----------
    old_path, new_path : bytes or None
        Path before and after; None where the file did not exist.
    path_class : str
        Class of the new path (of the old one for a deletion), as the change's own attributes say.
    hunks : array of int
        Four numbers a hunk: old start, old lines, new start, new lines; as in a unified diff.
    replaces : bool
        All old lines die, whatever the hunks say of them: text that became binary, a link that
        became a file.
    is_binary : bool
        The new side is binary, and has no lines.
    old_text, new_text : array of int or None
        Checksum of the folded text of each removed and each added line, in hunk order; None for
        generated and vendored files.
    moved_away, moved_in : tuple of int
        Positions in those two of the lines that moved inside the change.
    old_id, new_id : str
        Object ids of the two versions, all zeros where there is none.
    """

    old_path: bytes | None
    new_path: bytes | None
    path_class: str
    hunks: array
    replaces: bool
    is_binary: bool
    old_text: array | None
    new_text: array | None
    moved_away: tuple[int, ...]
    moved_in: tuple[int, ...]
    old_id: str
    new_id: str


class RawEntry(NamedTuple):
    """A line of `--raw` output, paths as git quotes them."""

    status: bytes
    old_mode: int
    new_mode: int
    old_id: str
    new_id: str
    old_name: bytes
    new_name: bytes


_ESCAPED = re.compile(rb"\\([abtnvfr\"\\]|[0-3][0-7]{2})")
_ESCAPES = {
    b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r",
    b'"': b'"', b"\\": b"\\",
}  # fmt: skip


def unquote(name: bytes) -> bytes:
    """Return a path that git may have put into C quotes."""
    if not name.startswith(b'"'):
        return name
    return _ESCAPED.sub(lambda escape: _ESCAPES.get(escape[1]) or bytes([int(escape[1], 8)]),
                        name[1:-1])  # fmt: skip


def parse_raw(line: bytes) -> RawEntry:
    """Parse a line of `--raw` output (without `-z`)."""
    fields, *names = line.split(b"\t")
    old_mode, new_mode, old_id, new_id, status = fields.split(b" ")
    return RawEntry(
        status[:1],
        int(old_mode[1:], 8),
        int(new_mode, 8),
        old_id.decode(),
        new_id.decode(),
        names[0],
        names[-1],
    )


class Attributes:
    """The `.gitattributes` files along the mainline, one commit after the other.

    Parameters
    ----------
    objects : ObjectReader
    files : dict of bytes to str
        Object id of each `.gitattributes` file by directory, before the first change.

    Attributes
    ----------
    passed_over : int
        The most lines at one time that are not used, because there are too many.
    """

    def __init__(self, objects: ObjectReader, files: dict[bytes, str]) -> None:
        self.passed_over = 0
        self._objects = objects
        self._files = files
        self._parsed: GitAttributes | None = None

    @classmethod
    def at(cls, repository: Repository, objects: ObjectReader, commit: str | None) -> "Attributes":
        """Return the attributes as they stood at a commit; at none at all for None."""
        files: dict[bytes, str] = {}
        if commit is not None:
            for entry in repository.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
                if entry.endswith(b".gitattributes"):
                    fields, _, path = entry.partition(b"\t")
                    mode, _, object_id = fields.split(b" ")
                    directory, _, name = path.rpartition(b"/")
                    if name == b".gitattributes" and mode.startswith(b"100"):
                        files[directory] = object_id.decode()
        return cls(objects, files)

    def update(self, entries: Sequence[RawEntry]) -> None:
        """Take in what a change did to the `.gitattributes` files."""
        for entry in entries:
            if not entry.new_name.rstrip(b'"').endswith(b".gitattributes") and not (
                entry.old_name.rstrip(b'"').endswith(b".gitattributes")
            ):
                continue
            for name, mode, object_id in (
                (entry.old_name, 0, ""),
                (entry.new_name, entry.new_mode, entry.new_id),
            ):
                directory, _, file = unquote(name).rpartition(b"/")
                if file == b".gitattributes":
                    # Links are no attributes files to git either.
                    if mode & _TYPE_MASK == 0o100000:
                        self._files[directory] = object_id
                    else:
                        self._files.pop(directory, None)
                    self._parsed = None

    def of(self, path: bytes) -> Any:
        """Return the attributes of a path, or None where no file sets any."""
        if not self._files:
            return None
        if self._parsed is None:
            self._parsed = GitAttributes(
                {
                    directory: self._objects.read(object_id)
                    for directory, object_id in self._files.items()
                }
            )
            self.passed_over = max(self.passed_over, self._parsed.passed_over)
        return self._parsed.attributes(path)


@contextmanager
def read_changes(
    repository: Repository,
    commits: Chain,
    *,
    strict: bool,
    jobs: int,
    noticed: Counter[str] | None = None,
) -> Iterator[Iterator[list[FileChange]]]:
    """Start git, and give what each commit did to each file, in order.

    Whoever enters this context has to take all changes, or leave it by raising.

    Parameters
    ----------
    repository : Repository
    commits : Chain
        The mainline's.
    strict : bool
        Whitespace-only edits are edits when true.
    jobs : int
        Git processes that compute diffs; a short history gets fewer.
    noticed : Counter, optional
        Gets what was odd, once all changes are taken: `attributes_passed_over`.
    """
    if not commits:
        yield iter(())
        return
    jobs = min(jobs, 1 + len(commits) // _COMMITS_PER_JOB)
    options = _PATCHES if strict else (*_PATCHES, "-w")
    # The processes take turns.
    size = _BATCH_COMMITS if jobs > 1 else len(commits)
    batches = [commits[first : first + size] for first in range(0, len(commits), size)]
    with ExitStack() as stack:
        # A process of its own for the raw lines: asked for both with -w, git leaves out files whose
        # blanks alone changed, since 2.51.1, and computes each patch twice to find them.
        output = stack.enter_context(
            repository.stream(*_DIFF_TREE, "--raw", stdin=_questions(commits))
        )
        raw = _split_raw(output)
        blocks = []
        for job in range(jobs):
            own = batches[job::jobs]
            output = stack.enter_context(
                repository.stream(
                    *_DIFF_TREE,
                    *options,
                    stdin=_questions(chain.from_iterable(own)),
                    ahead=_AHEAD_BYTES // jobs,
                )
            )
            blocks.append(split_commits(output, [batch.ids for batch in own]))
        objects = stack.enter_context(ObjectReader(repository))
        attributes = Attributes.at(repository, objects, commits[0][1])
        yield _parse_all(repository, objects, attributes, batches, raw, blocks)
        if noticed is not None and attributes.passed_over:
            noticed["attributes_passed_over"] = attributes.passed_over


def _questions(commits: Iterable[tuple[str, str | None]]) -> Iterator[bytes]:
    for sha, parent in commits:
        yield f"{sha} {parent}\n".encode() if parent else f"{sha}\n".encode()


def _parse_all(
    repository: Repository,
    objects: ObjectReader,
    attributes: Attributes,
    batches: Sequence[Sequence[object]],
    raw: Iterator[list[bytes]],
    blocks: Sequence[Iterator[list[Span]]],
) -> Iterator[list[FileChange]]:
    parser = _Parser(repository, objects, attributes)
    for number, batch in enumerate(batches):
        missing = len(batch)
        while missing:
            block = next(blocks[number % len(blocks)])
            missing -= len(block)
            lines = list(islice(raw, len(block)))
            if len(lines) < len(block):
                raise ShipworthyError(
                    f"git's list of changed files in {repository.location} ended early; "
                    "run git fsck --full in it."
                )
            yield from parser.parse(lines, block)
    # Git may still fail, and says so at the end of what it prints.
    next(raw, None)


def _split_raw(output: ReadAhead) -> Iterator[list[bytes]]:
    """Split the output of `diff-tree --stdin --always --raw` into the lines of each commit."""
    lines: list[bytes] = []
    rest = b""
    is_first = True
    while block := output.read():
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            if line.startswith(b":"):
                lines.append(line)
                continue
            # An id begins what belongs to a commit.
            if not is_first:
                yield lines
            lines, is_first = [], False
    if not is_first:
        yield lines


class _Parser:
    """Parses what git prints for the commits of the mainline, one after the other."""

    def __init__(
        self, repository: Repository, objects: ObjectReader, attributes: Attributes
    ) -> None:
        self._repository = repository
        self._objects = objects
        self._attributes = attributes
        self._classifier = PathClassifier.load()

    def parse(
        self, raw: Sequence[Sequence[bytes]], commits: Sequence[Span]
    ) -> list[list[FileChange]]:
        """Return what some commits changed, from the raw lines and the patches of each."""
        drafts = [self._draft(*both) for both in zip(raw, commits, strict=True)]
        flat = [(number, draft) for number, some in enumerate(drafts) for draft in some]
        counted = [(number, one.patch) for number, one in flat if one.is_counted]
        parsed, lines = parse_patches([patch for _, patch in counted])
        moves = find_moves(lines, [number for number, _ in counted])
        others = parse_heads([hunk_heads(one.patch) for _, one in flat if not one.is_counted])
        patches = {
            True: zip(parsed, map(moves.get, range(len(parsed))), strict=True),
            False: ((Patch(hunks, None, None), None) for hunks in others),
        }
        return [[one.finish(*next(patches[one.is_counted])) for one in some] for some in drafts]

    def _draft(self, raw: Sequence[bytes], commit: Span) -> list["_Draft"]:
        """Put the raw lines and the patches of one commit together; not every line has a patch."""
        entries = [parse_raw(line) for line in raw]
        self._attributes.update(entries)
        drafts: list[_Draft] = []
        # No line of a file can begin like this: in a patch without context each begins with a plus,
        # a minus or a backslash.
        place = commit.find(_SECTION)
        text, _, end = commit
        for entry in entries:
            header = _patch_header(entry)
            own = []
            # A file that became a link, or the reverse, has two sections: gone, and come.
            for _ in range(2 if entry.status == b"T" else 1):
                section = Span(text, place + len(_SECTION), end)
                if place < 0 or not section.startswith(header):
                    break
                place = section.find(_SECTION)
                own.append(section if place < 0 else section._replace(end=place))
            self._add_drafts(drafts, entry, own)
        if place >= 0:
            raise ShipworthyError(
                f"git's diff of {self._repository.location} has a patch that belongs to no file "
                f"({text[place : place + 80]!r}); please report this with your git's version."
            )
        return drafts

    def _add_drafts(self, drafts: list["_Draft"], entry: RawEntry, sections: list[Span]) -> None:
        """Append what one raw entry with its patches says; nothing for what has no lines."""
        had_lines = entry.old_mode not in (0, GITLINK)
        has_lines = entry.new_mode not in (0, GITLINK)
        if not had_lines and not has_lines:
            return
        old_path = unquote(entry.old_name) if had_lines else None
        new_path = unquote(entry.new_name) if has_lines else None
        path = new_path or old_path
        path_class = self._classifier.classify(path, self._attributes.of(path))
        if entry.status == b"T":
            # The two halves share no line: the first dies, the second is born.
            for section in sections:
                # Before the first hunk, since no line of a file begins like this.
                is_gone = section.find(b"\ndeleted file mode") >= 0
                if (old_path if is_gone else new_path) is None:
                    continue  # the half that is a submodule
                drafts.append(
                    self._draft_file(
                        entry, section, path_class,
                        old_path if is_gone else None, None if is_gone else new_path,
                    )
                )  # fmt: skip
            return
        section = sections[0] if sections else Span(b"", 0, 0)
        drafts.append(self._draft_file(entry, section, path_class, old_path, new_path))

    def _draft_file(
        self,
        entry: RawEntry,
        section: Span,
        path_class: str,
        old_path: bytes | None,
        new_path: bytes | None,
    ) -> "_Draft":
        start = section.find(HUNK)
        patch = section.starting(section.end if start < 0 else start)
        replaces = is_binary = False
        if start < 0 and section.find(b"\nBinary files ") >= 0:
            replaces = True
            if new_path is not None:
                content = self._objects.read(entry.new_id)
                is_binary = b"\0" in content[:_BINARY_PROBE_BYTES]
                if content and not is_binary:
                    patch = _all_new(content)
        return _Draft(
            entry, old_path, new_path, path_class, replaces, is_binary,
            path_class not in UNCOUNTED_CLASSES, patch,
        )  # fmt: skip


class _Draft(NamedTuple):
    """A file's change before its patch is parsed.

    Parameters
    ----------
    entry : RawEntry
    old_path, new_path, path_class, replaces, is_binary
        As in `FileChange`.
    is_counted : bool
        Whether its lines enter metrics, so that their texts matter.
    patch : Span
        From its first hunk on; empty if there is none.
    """

    entry: RawEntry
    old_path: bytes | None
    new_path: bytes | None
    path_class: str
    replaces: bool
    is_binary: bool
    is_counted: bool
    patch: Span

    def finish(
        self, patch: Patch, moves: tuple[tuple[int, ...], tuple[int, ...]] | None
    ) -> FileChange:
        """Return the change with what its patch says, and which of its lines moved."""
        moved_out, moved_in = moves or ((), ())
        return FileChange(
            self.old_path, self.new_path, self.path_class, patch.hunks, self.replaces,
            self.is_binary, patch.old_text, patch.new_text, moved_out, moved_in,
            self.entry.old_id, self.entry.new_id,
        )  # fmt: skip


def _all_new(content: bytes) -> Span:
    """Return the patch of a text that comes where none was."""
    text = b"\n" + content.removesuffix(b"\n")
    patch = b"%b0,0 +1,%d @@" % (HUNK, text.count(b"\n")) + text.replace(b"\n", b"\n+")
    return Span(patch, 0, len(patch))


def split_commits(output: ReadAhead, batches: Sequence[Sequence[str]]) -> Iterator[list[Span]]:
    """Split the output of `diff-tree --stdin --always -p` into what belongs to each commit.

    Parameters
    ----------
    output : ReadAhead
    batches : sequence of sequences of str
        The commits, in the order in which they were asked for. Each one's output begins with a line
        that holds its id alone; a line of a patch never does.

    Yields
    ------
    list of Span
        Some commits of one batch, as many as are worth parsing together. The newline at a commit's
        end is left out.
    """
    marks: Iterator[bytes | None] = (b"\n%b\n" % sha.encode() for batch in batches for sha in batch)
    batch_ends = set(accumulate(len(batch) for batch in batches))
    text = bytearray(b"\n")
    commits: list[Span] = []
    # Where the text of the commit at hand begins, and from where on the next one's mark is sought.
    start = search = 0
    for number, mark in enumerate(chain(marks, (None,))):
        while mark is None or (found := text.find(mark, search)) < 0:
            if commits:
                yield commits
                commits = []
            # Only ever added to, so that no span loses its place.
            text = text[start:] if start else text
            start = 0
            # What was searched once need not be searched again, but for a mark cut in half.
            search = max(0, len(text) - len(mark or b""))
            if not _read(output, text):
                if mark is not None:
                    raise ShipworthyError(
                        f"git's diff ended before commit {mark.decode().strip()}; "
                        "run git fsck --full."
                    )
                found = len(text.removesuffix(b"\n"))
                break
        if number:
            commits.append(Span(text, start, found))
        start = search = found + len(mark or b"\n") - 1
        if number in batch_ends:
            yield commits
            commits = []


def _read(output: ReadAhead, text: bytearray) -> bool:
    """Add what is worth parsing to a text; tell whether there was anything left."""
    size = len(text)
    while len(text) < size + _PARSED_BYTES and (block := output.read()):
        text += block
    return len(text) > size


def _patch_header(entry: RawEntry) -> bytes:
    """Return how the patch of a raw entry begins, behind `diff --git `."""
    old, new = entry.old_name, entry.new_name
    old = b'"a/' + old[1:] if old.startswith(b'"') else b"a/" + old
    new = b'"b/' + new[1:] if new.startswith(b'"') else b"b/" + new
    return old + b" " + new + b"\n"
