"""Read the mainline's diffs: git computes them, this module parses them, in one process or several.

The text of the lines is used here and nowhere else: what leaves this module is where lines were
removed and added, which of them moved inside the change, and a checksum of each.
"""

import os
import pickle
import re
import subprocess
import sys
import threading
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from queue import Queue
from typing import Any, NamedTuple
from zlib import crc32

from shipworthy.errors import ShipworthyError
from shipworthy.git.paths import GitAttributes, PathClassifier
from shipworthy.git.repository import ObjectReader, ReadAhead, Repository, widen_pipe

# -U0 gives the hunks that blame computes (git trims common ends only without context), full ids
# save git the search for short ones, --always prints the commits that change nothing.
_DIFF_TREE = (
    "diff-tree", "--stdin", "--always", "--root", "-r", "--raw", "-p", "-U0", "-M50%", "-l1000",
    "--diff-algorithm=myers", "--indent-heuristic", "--full-index", "--no-ext-diff",
    "--no-textconv", "--no-color", "--no-relative", "--submodule=short", "--ignore-submodules=none",
    "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip

_SECTION = b"\ndiff --git "
_READ_BYTES = 1 << 20
# How far git may be ahead of us: far enough to go on while a big change is followed.
_AHEAD_BYTES = 16 << 20
# A patch's lines are taken apart so many bytes at a time: each line is an object for a moment.
_PARSED_BYTES = 4 << 20
# The mainline is shared out in batches: small ones, so that nobody waits for the other, but big
# enough to make reading the attributes at the beginning of each cheap.
_BATCHES_PER_JOB = 8
_MOST_BATCH_COMMITS = 1024
_BATCHES_AHEAD = 2
# Starting a process is not worth while for fewer.
_COMMITS_PER_JOB = 256

GITLINK = 0o160000
_TYPE_MASK = 0o170000
# What git looks at to tell binary from text.
_BINARY_PROBE_BYTES = 8000

UNCOUNTED_CLASSES = frozenset({"generated", "vendored"})

# "Whitespace folded": two lines are the same text if only blanks tell them apart.
_BLANKS = b" \t\r\v\f"
_HUNK_HEADER = re.compile(rb"\n(\d+)(?:,(\d+))? ?\+(\d+)(?:,(\d+))?")
_AT, _MINUS, _PLUS = b"@-+"
# A block shorter than this is chance: closing brackets and blank lines recur everywhere.
_MOVE_LINES = 3
# Of the places a block may have come from, so many are compared before the longest is taken.
_MOVE_CANDIDATES = 16


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
    """

    def __init__(self, objects: ObjectReader, files: dict[bytes, str]) -> None:
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
        return self._parsed.attributes(path)


class DiffReader:
    """Reads the changes of a stretch of the mainline.

    Parameters
    ----------
    repository : Repository
    strict : bool
        Whitespace-only edits are edits when true.
    """

    def __init__(self, repository: Repository, *, strict: bool) -> None:
        self._repository = repository
        self._options = _DIFF_TREE if strict else (*_DIFF_TREE, "-w")
        self._classifier = PathClassifier.load()

    def read(self, *batches: Sequence[tuple[str, str | None]]) -> Iterator[list[FileChange]]:
        """Yield the file changes of each commit, in order.

        Parameters
        ----------
        batches : sequence of (str, str or None)
            Each commit with its first parent (None: it has none), in mainline order; between two
            batches there may be a gap.
        """
        commits = list(chain.from_iterable(batches))
        feed = "".join(f"{sha} {parent}\n" if parent else f"{sha}\n" for sha, parent in commits)
        with (
            ObjectReader(self._repository) as objects,
            self._repository.stream(
                *self._options, stdin=feed.encode(), ahead=_AHEAD_BYTES
            ) as output,
        ):
            texts = split_commits(output, [sha for sha, _ in commits])
            for batch in batches:
                attributes = Attributes.at(self._repository, objects, batch[0][1])
                for text in islice(texts, len(batch)):
                    yield self._parse(text, attributes, objects)

    def _parse(
        self, text: bytes, attributes: Attributes, objects: ObjectReader
    ) -> list[FileChange]:
        """Parse what git prints for one commit: raw lines, an empty line, patches."""
        # No line of a file can begin like this: in a patch without context each begins with a plus,
        # a minus or a backslash.
        place = text.find(_SECTION)
        raw = text if place < 0 else text[:place]
        entries = [parse_raw(line) for line in raw.split(b"\n") if line.startswith(b":")]
        attributes.update(entries)
        changes: list[FileChange] = []
        for entry in entries:
            header = _patch_header(entry)
            own = []
            # A file that became a link, or the reverse, has two sections: gone, and come.
            for _ in range(2 if entry.status == b"T" else 1):
                start = place + len(_SECTION)
                if place < 0 or not text.startswith(header, start):
                    break
                place = text.find(_SECTION, start)
                own.append(text[start:] if place < 0 else text[start:place])
            self._add_changes(changes, entry, own, attributes, objects)
        if place >= 0:
            raise ShipworthyError(
                f"git's diff of {self._repository.location} has a patch that belongs to no file "
                f"({text[place : place + 80]!r}); please report this with your git's version."
            )
        return _mark_moves(changes)

    def _add_changes(
        self,
        changes: list[FileChange],
        entry: RawEntry,
        sections: list[bytes],
        attributes: Attributes,
        objects: ObjectReader,
    ) -> None:
        """Append what one raw entry with its patches says; nothing for what has no lines."""
        had_lines = entry.old_mode not in (0, GITLINK)
        has_lines = entry.new_mode not in (0, GITLINK)
        if not had_lines and not has_lines:
            return
        old_path = unquote(entry.old_name) if had_lines else None
        new_path = unquote(entry.new_name) if has_lines else None
        path = new_path or old_path
        path_class = self._classifier.classify(path, attributes.of(path))
        if entry.status == b"T":
            # The two halves share no line: the first dies, the second is born.
            for section in sections:
                is_gone = b"\ndeleted file mode" in section.partition(b"\n@@ ")[0]
                if (old_path if is_gone else new_path) is None:
                    continue  # the half that is a submodule
                changes.append(
                    self._change(
                        entry, section, objects, path_class,
                        old_path if is_gone else None, None if is_gone else new_path,
                    )
                )  # fmt: skip
            return
        section = sections[0] if sections else b""
        changes.append(self._change(entry, section, objects, path_class, old_path, new_path))

    def _change(
        self,
        entry: RawEntry,
        section: bytes,
        objects: ObjectReader,
        path_class: str,
        old_path: bytes | None,
        new_path: bytes | None,
    ) -> FileChange:
        is_counted = path_class not in UNCOUNTED_CLASSES
        hunks, old_text, new_text = parse_patch(section, with_text=is_counted)
        replaces = is_binary = False
        if not hunks and b"\nBinary files " in section:
            replaces = True
            if new_path is not None:
                content = objects.read(entry.new_id)
                is_binary = b"\0" in content[:_BINARY_PROBE_BYTES]
                if not is_binary and content:
                    lines = content.removesuffix(b"\n").split(b"\n")
                    hunks = array("I", (0, 0, 1, len(lines)))
                    if is_counted:
                        folded = content.removesuffix(b"\n").translate(None, _BLANKS)
                        old_text = array("I")
                        new_text = array("I", map(crc32, folded.split(b"\n")))
        return FileChange(
            old_path, new_path, path_class, hunks, replaces, is_binary, old_text, new_text,
            (), (), entry.old_id, entry.new_id,
        )  # fmt: skip


def split_commits(output: ReadAhead, shas: Sequence[str]) -> Iterator[bytes]:
    """Split the output of `diff-tree --stdin --always` into what belongs to each commit.

    Parameters
    ----------
    output : ReadAhead
    shas : sequence of str
        The commits, in the order in which they were asked for. Each one's output begins with a line
        that holds its id alone; a line of a patch never does.
    """
    marks = [b"\n" + sha.encode() + b"\n" for sha in shas]
    buffer = bytearray(b"\n")
    start = _find(buffer, output, marks[0], 0)
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        start += len(mark) - 1
        end = _find(buffer, output, following, start)
        yield bytes(memoryview(buffer)[start:end])
        start = end
        if start > 4 * _READ_BYTES:
            del buffer[:start]
            start = 0


def _find(buffer: bytearray, output: ReadAhead, mark: bytes | None, start: int) -> int:
    """Return where the mark begins, reading on as far as needed; without a mark, where all ends."""
    search = start
    while mark is None or (found := buffer.find(mark, search)) < 0:
        # What was searched once need not be searched again, but for a mark cut in half.
        search = max(start, len(buffer) - len(mark or b""))
        block = output.read()
        if not block:
            if mark is None:
                return len(buffer)
            raise ShipworthyError(
                f"git's diff ended before commit {mark.decode().strip()}; run git fsck --full."
            )
        buffer += block
    return found


def _patch_header(entry: RawEntry) -> bytes:
    """Return how the patch of a raw entry begins, behind `diff --git `."""
    old, new = (
        (b'"' + side + name[1:] if name.startswith(b'"') else side + name)
        for side, name in ((b"a/", entry.old_name), (b"b/", entry.new_name))
    )
    return b"%b %b\n" % (old, new)


def parse_patch(section: bytes, *, with_text: bool) -> tuple[array, array | None, array | None]:
    """Parse the patch of one file.

    Parameters
    ----------
    section : bytes
        The patch, without context lines.
    with_text : bool
        Whether to take the checksums of the lines.

    Returns
    -------
    hunks, old_text, new_text
        As in `FileChange`.
    """
    start = section.find(b"\n@@ -")
    if start < 0:
        return array("I"), array("I") if with_text else None, array("I") if with_text else None
    if not with_text:
        heads = [part[: part.index(b" @@")] for part in section[start:].split(b"\n@@ -")[1:]]
        return _hunk_numbers(heads), None, None
    # Folding all at once and sorting lines by their signs is what makes this fast.
    text = section[start + 1 :].removesuffix(b"\n").translate(None, _BLANKS)
    heads: list[bytes] = []
    old_text, new_text = array("I"), array("I")
    for lines in _split_lines(text):
        heads += [line[3:] for line in lines if line[0] == _AT]
        old_text.extend([crc32(line[1:]) for line in lines if line[0] == _MINUS])
        new_text.extend([crc32(line[1:]) for line in lines if line[0] == _PLUS])
    hunks = _hunk_numbers(heads)
    if len(old_text) != sum(hunks[1::4]) or len(new_text) != sum(hunks[3::4]):
        raise ShipworthyError(
            f"A patch of git's has {len(old_text)} removed and {len(new_text)} added lines where "
            f"its headers say {sum(hunks[1::4])} and {sum(hunks[3::4])}; "
            "please report this with your git's version."
        )
    return hunks, old_text, new_text


def _split_lines(text: bytes) -> Iterator[list[bytes]]:
    """Split a text into its lines, some megabytes at a time."""
    start = 0
    while (end := text.find(b"\n", start + _PARSED_BYTES)) >= 0:
        yield text[start:end].split(b"\n")
        start = end + 1
    yield (text[start:] if start else text).split(b"\n")


def _hunk_numbers(heads: list[bytes]) -> array:
    """Parse hunk headers, each from the first number on."""
    numbers = _HUNK_HEADER.findall(b"\n" + b"\n".join(heads))
    if len(numbers) != len(heads):
        raise ShipworthyError("git's hunk headers make no sense; report this with your version.")
    return array("I", [int(number) if number else 1 for four in numbers for number in four])


# ------------------------------------------------------------------------------------- moves


def _mark_moves(changes: list[FileChange]) -> list[FileChange]:
    """Find the blocks that a change removes in one place and adds in another.

    Blocks are matched from the longest candidate on, in file order; a removed line moves to one
    place at most. Generated and vendored files take no part: their lines enter no metric.
    """
    removed = _runs(changes, side=0)
    if not removed:
        return changes
    added = _runs(changes, side=1)
    if not added:
        return changes
    # Blocks of the smaller side are kept in memory, those of the other only looked up.
    is_removal_small = _size(removed) <= _size(added)
    known: set[tuple[int, ...]] = set()
    for _, _, text in removed if is_removal_small else added:
        known.update(_blocks(text))
    if is_removal_small:
        added = [run for run in added if not known.isdisjoint(_blocks(run[2]))]
    else:
        removed = [run for run in removed if not known.isdisjoint(_blocks(run[2]))]
    if not added or not removed:
        return changes
    places: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, (_, _, text) in enumerate(removed):
        for index, block in enumerate(_blocks(text)):
            if block in known:
                places[block].append((number, index))
    moved_away: dict[int, list[int]] = defaultdict(list)
    moved_in: dict[int, list[int]] = defaultdict(list)
    taken = [bytearray(len(text)) for _, _, text in removed]
    for file, offset, text in added:
        index = 0
        while index + _MOVE_LINES <= len(text):
            block = tuple(text[index : index + _MOVE_LINES])
            number, source, length = _longest(text, index, places.get(block, ()), removed, taken)
            if length < _MOVE_LINES:
                index += 1
                continue
            taken[number][source : source + length] = b"\1" * length
            source_file, source_offset, _ = removed[number]
            source += source_offset
            moved_away[source_file] += range(source, source + length)
            moved_in[file] += range(offset + index, offset + index + length)
            index += length
    for file in moved_away.keys() | moved_in.keys():
        changes[file] = changes[file]._replace(
            moved_away=tuple(sorted(moved_away[file])), moved_in=tuple(moved_in[file])
        )
    return changes


def _size(runs: list[tuple[int, int, array]]) -> int:
    return sum(len(text) for _, _, text in runs)


def _blocks(text: array) -> Iterator[tuple[int, ...]]:
    """Return every block of as many lines as make a move."""
    return zip(*(text[offset:] for offset in range(_MOVE_LINES)), strict=False)


def _runs(changes: list[FileChange], side: int) -> list[tuple[int, int, array]]:
    """Return the removed (side 0) or added (side 1) runs of three lines or more.

    Each is (file number, index of its first line in the file's text, checksums).
    """
    runs = []
    for number, change in enumerate(changes):
        text = change.new_text if side else change.old_text
        if text is None or len(text) < _MOVE_LINES:
            continue
        offset = 0
        for lines in change.hunks[1 + 2 * side :: 4]:
            if lines >= _MOVE_LINES:
                runs.append((number, offset, text[offset : offset + lines]))
            offset += lines
    return runs


def _longest(
    text: array,
    index: int,
    candidates: Sequence[tuple[int, int]],
    removed: list[tuple[int, int, array]],
    taken: list[bytearray],
) -> tuple[int, int, int]:
    """Return (run, index, lines) of the longest untaken block equal to the text from index on."""
    best = (0, 0, 0)
    compared = 0
    for number, source in candidates:
        used, other = taken[number], removed[number][2]
        if used[source]:
            continue
        length = 0
        limit = min(len(text) - index, len(other) - source)
        while (
            length < limit
            and text[index + length] == other[source + length]
            and not used[source + length]
        ):
            length += 1
        if length > best[2]:
            best = (number, source, length)
        compared += 1
        if compared == _MOVE_CANDIDATES:
            break
    return best


# ------------------------------------------------------------------------- several processes


def read_changes(
    repository: Repository,
    commits: Sequence[tuple[str, str | None]],
    *,
    strict: bool,
    jobs: int,
) -> Iterator[list[FileChange]]:
    """Yield the file changes of each commit in order, read by one or several processes.

    Parameters
    ----------
    repository : Repository
    commits : sequence of (str, str or None)
        Each mainline commit with its first parent, oldest first, without gaps.
    strict : bool
        Whitespace-only edits are edits when true.
    jobs : int
        Processes; a short history gets fewer.
    """
    jobs = min(jobs, 1 + len(commits) // _COMMITS_PER_JOB)
    if jobs <= 1:
        if commits:
            yield from DiffReader(repository, strict=strict).read(commits)
        return
    size = min(len(commits) // (jobs * _BATCHES_PER_JOB) + 1, _MOST_BATCH_COMMITS)
    batches = [commits[first : first + size] for first in range(0, len(commits), size)]
    workers = [_Worker(repository, batches[number::jobs], strict=strict) for number in range(jobs)]
    try:
        for number in range(len(batches)):
            yield from workers[number % jobs].next_batch()
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    """A process of our own that reads every n-th batch, and a thread that takes its results.

    Not multiprocessing: a forked child would inherit the database, a spawned one would import the
    caller's main module.
    """

    def __init__(
        self,
        repository: Repository,
        batches: list[Sequence[tuple[str, str | None]]],
        *,
        strict: bool,
    ) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from shipworthy.git.diffs import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        widen_pipe(self._process.stdout)
        self._results: Queue[Any] = Queue(_BATCHES_AHEAD)
        self._is_stopped = False
        self._thread = threading.Thread(
            target=self._work, args=((repository, batches, strict),), daemon=True
        )
        self._thread.start()

    def _work(self, task: Any) -> None:
        try:
            pickle.dump(task, self._process.stdin)
            self._process.stdin.close()
            while not self._is_stopped:
                size = int.from_bytes(self._process.stdout.read(8), "little")
                self._results.put(self._process.stdout.read(size) if size else None)
                if not size:
                    return
        except (OSError, ValueError):  # it died, or was stopped: the reader sees no result
            self._results.put(None)

    def next_batch(self) -> list[list[FileChange]]:
        """Return the next batch's changes, or raise what the worker raised."""
        data = self._results.get()
        result = pickle.loads(data) if data else None
        if result is None:
            raise ShipworthyError(
                "A process that reads diffs ended early, perhaps for want of memory; "
                "run again with fewer --jobs."
            )
        if isinstance(result, BaseException):
            raise result
        return result

    def stop(self) -> None:
        """End the process, finished or not."""
        self._is_stopped = True
        if self._process.poll() is None:
            self._process.terminate()
        while self._thread.is_alive():
            while not self._results.empty():
                self._results.get_nowait()
            self._thread.join(0.05)
        self._process.stdout.close()
        self._process.wait()


def serve() -> None:
    """Read the batches that standard input names and write their changes to standard output.

    Each result is a pickle behind its length (eight bytes). This is a worker's main function.
    """
    repository, batches, strict = pickle.load(sys.stdin.buffer)
    output = sys.stdout.buffer
    try:
        changes = DiffReader(repository, strict=strict).read(*batches)
        for batch in batches:
            _send(output, list(islice(changes, len(batch))))
        next(changes, None)
    except BrokenPipeError:
        return
    except ShipworthyError as error:
        _send(output, error)


def _send(output: Any, result: object) -> None:
    data = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
    output.write(len(data).to_bytes(8, "little"))
    output.write(data)
    output.flush()
