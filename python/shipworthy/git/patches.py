"""Parse patches without context, those of many files at a time.

A loop over lines would cost more than all else that the reader does. numpy finds the lines, tells
what each is by its sign, and takes all checksums at once.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import numpy as np

from shipworthy.errors import ShipworthyError

# How the first hunk of a patch begins, and so every other one.
HUNK = b"\n@@ -"

# "Whitespace folded": two lines are the same text if only blanks tell them apart.
_BLANKS = b" \t\r\v\f"
_NEWLINE, _AT, PLUS, _COMMA, MINUS = b"\n@+,-"
# So many bytes are worked on at a time: they and what is made of them stay in the cache.
_PIECE_BYTES = 1 << 18
# A line's checksum is the polynomial of its bytes at this number, modulo 2^32.
_BASE = 0x01000193


class Span(NamedTuple):
    """A stretch of a text that may be megabytes long: to cut it out would be to copy it.

    Parameters
    ----------
    text : bytes or bytearray
    start, end : int
    """

    text: bytes | bytearray
    start: int
    end: int

    def find(self, part: bytes) -> int:
        """Return where in the text a part of the span begins, -1 where it has none such."""
        return self.text.find(part, self.start, self.end)

    def startswith(self, part: bytes) -> bool:
        """Tell whether the span begins like this."""
        return self.text.startswith(part, self.start, self.end)

    def starting(self, start: int) -> "Span":
        """Return the rest of the span, from a place in the text on."""
        return Span(self.text, start, self.end)


class Patch(NamedTuple):
    """What one file's patch says.

    Parameters
    ----------
    hunks : array of int
        Four numbers a hunk: old start, old lines, new start, new lines.
    old_text, new_text : array of int or None
        Checksum of the folded text of each removed and each added line, in hunk order; None where
        nobody asked for them.
    """

    hunks: array
    old_text: array | None
    new_text: array | None


class PatchLines(NamedTuple):
    """The lines of many patches, one after the other.

    Parameters
    ----------
    signs : array of uint8
        First byte of each line: at sign for a hunk's header, minus, plus, backslash.
    checksums : array of uint32
        Of each line's folded text, without its sign.
    first : array of int
        Index of each patch's first line, and the number of all lines.
    """

    signs: np.ndarray
    checksums: np.ndarray
    first: np.ndarray


def parse_patches(patches: Sequence[Span]) -> tuple[list[Patch], PatchLines]:
    """Parse patches, with checksums of their lines.

    Parameters
    ----------
    patches : sequence of Span
        Each from `HUNK` on, without the newline at its end; empty where a file has none.

    Raises
    ------
    ShipworthyError
        If a hunk has not the lines that its header announces.
    """
    heads: list[bytes] = []
    signs, checksums = [np.empty(0, np.uint8)], [np.empty(0, np.uint32)]
    for piece in _pieces(patches):
        folded = piece.translate(None, _BLANKS)
        # Each line begins behind a newline, and with its sign, which no folding takes away.
        values = np.frombuffer(folded, np.uint8)
        newlines = np.flatnonzero(values == _NEWLINE)
        signs.append(values[newlines + 1])
        checksums.append(_checksums(values, newlines))
        starts = (newlines[signs[-1] == _AT] + len(b"\n@@-")).tolist()
        heads += [folded[start : folded.index(b"@@", start)] for start in starts]
    lines = PatchLines(
        np.concatenate(signs),
        np.concatenate(checksums),
        np.cumsum([0, *(text.count(b"\n", start, end) for text, start, end in patches)]),
    )
    numbers = _hunk_numbers(heads)
    old, new = (_Side(lines, sign) for sign in (MINUS, PLUS))
    first_lines = np.append(np.flatnonzero(lines.signs == _AT), len(lines.signs))
    for side, announced in ((old, numbers[:, 1]), (new, numbers[:, 3])):
        if not np.array_equal(np.diff(side.before[first_lines]), announced):
            raise ShipworthyError(
                "git's diff has a hunk with other lines than its header says; "
                "please report this with your git's version."
            )
    hunks = array("I", numbers.astype(np.uint32).tobytes())
    bounds = (4 * np.searchsorted(first_lines, lines.first)).tolist()
    parsed = [
        Patch(hunks[bounds[one] : bounds[one + 1]], old.of(one), new.of(one))
        for one in range(len(patches))
    ]
    return parsed, lines


def hunk_heads(patch: Span) -> list[bytes]:
    """Return the numbers in the hunk headers of a patch, as text: all that is needed of it where
    lines do not matter.
    """
    text, start, end = patch
    heads = []
    while (start := text.find(HUNK, start, end)) >= 0:
        start += len(HUNK)
        heads.append(bytes(text[start : text.index(b" @@", start)]))
    return heads


def parse_heads(patches: Sequence[Sequence[bytes]]) -> list[array]:
    """Parse what `hunk_heads` returned for each of many patches into the hunks of each."""
    numbers = _hunk_numbers(list(chain.from_iterable(patches)))
    hunks = array("I", numbers.astype(np.uint32).tobytes())
    bounds = list(accumulate((4 * len(heads) for heads in patches), initial=0))
    return [hunks[start:end] for start, end in pairwise(bounds)]


class _Side:
    """The removed or the added lines of many patches."""

    def __init__(self, lines: PatchLines, sign: int) -> None:
        is_here = lines.signs == sign
        # How many there are before each line, and in all.
        self.before = np.concatenate(([0], np.cumsum(is_here, dtype=np.int32)), dtype=np.int32)
        self._checksums = array("I", lines.checksums[is_here].tobytes())
        self._bounds = self.before[lines.first].tolist()

    def of(self, patch: int) -> array:
        """Return the checksums of one patch's lines."""
        return self._checksums[self._bounds[patch] : self._bounds[patch + 1]]


def _pieces(patches: Iterable[Span]) -> Iterator[bytes]:
    """Join patches, and cut what gets long before a newline, so that each piece begins with one."""
    parts: list[memoryview] = []
    size = 0
    for text, begin, end in patches:
        start = begin
        while size + end - start > _PIECE_BYTES:
            cut = text.find(b"\n", start + max(_PIECE_BYTES - size, 1), end)
            if cut < 0:
                break
            parts.append(memoryview(text)[start:cut])
            yield b"".join(parts)
            parts, size, start = [], 0, cut
        parts.append(memoryview(text)[start:end])
        size += end - start
    if size:
        yield b"".join(parts)


def _hunk_numbers(heads: Sequence[bytes]) -> np.ndarray:
    """Parse hunk headers (`12,3+14` or `12,3 +14`) into a row of four numbers each."""
    text = b"+".join(heads).translate(None, b" ")
    values = np.frombuffer(text, np.uint8)
    separators = values[(values == PLUS) | (values == _COMMA)]
    numbers = np.empty(0, np.int64)
    if re.fullmatch(rb"[\d,+]+", text):
        numbers = np.fromstring(text.replace(b"+", b","), dtype=np.int64, sep=",")
    starts = np.flatnonzero(np.concatenate(([True], separators == PLUS)))[: len(numbers)]
    # One line is not counted in the header: `12` says `12,1`.
    is_counted = np.append(separators == _COMMA, False)[starts]
    lines = np.where(is_counted, np.append(numbers, 1)[starts + 1], 1)
    if len(starts) != 2 * len(heads) or len(numbers) != len(starts) + np.count_nonzero(is_counted):
        raise ShipworthyError("git's hunk headers make no sense; report this with your version.")
    return np.stack((numbers[starts], lines), axis=1).reshape(-1, 4)


@cache
def _powers(base: int, count: int) -> np.ndarray:
    powers = np.full(count, base, dtype=np.uint32)
    powers[0] = 1
    return np.multiply.accumulate(powers, dtype=np.uint32)


def _checksums(values: np.ndarray, newlines: np.ndarray) -> np.ndarray:
    """Return the checksum of each line behind a newline and a sign."""
    sums = np.zeros(len(newlines), dtype=np.uint32)
    # Nearly always one step: only a very long line makes a piece longer than that.
    step = 2 * _PIECE_BYTES
    for start in range(0, len(values), step):
        first, last = np.searchsorted(newlines, (start, start + step)).tolist()
        here = newlines[first:last] - start
        terms = values[start : start + step].astype(np.uint32)
        terms[here] = 0
        terms[here[here + 1 < len(terms)] + 1] = 0
        if first and newlines[first - 1] == start - 1:
            terms[0] = 0
        terms *= _powers(_BASE, step)[: len(terms)]
        if first:
            # The rest of the line that began before.
            rest = int(terms[: here[0] if len(here) else None].sum(dtype=np.uint32))
            rest *= pow(_BASE, start - int(newlines[first - 1]), 1 << 32)
            sums[first - 1] = (int(sums[first - 1]) + rest) % (1 << 32)
        if len(here):
            # As if each line stood at the beginning.
            inverse = _powers(pow(_BASE, -1, 1 << 32), step)[here]
            sums[first:last] += np.add.reduceat(terms, here, dtype=np.uint32) * inverse
    return sums
