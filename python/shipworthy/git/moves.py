"""Find the lines that one change moved: blocks that it removes in one place and adds in another."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from shipworthy.git.patches import MINUS, PLUS, PatchLines

# A block shorter than this is chance: closing brackets and blank lines recur everywhere.
_MOVE_LINES = 3
# Of the places a block may have come from, so many are compared before the longest is taken.
_MOVE_CANDIDATES = 16
# Blocks are first compared by so many bits, in a table of as many places.
_TABLE_BITS = 21
# Odd numbers that mix the bits of a block's lines and of its change's number.
_MIXERS = (0x9E3779B1, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1)


def find_moves(
    lines: PatchLines, changes: Sequence[int]
) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Find the blocks of lines that each of several changes moved.

    Blocks are matched in the order of the files; where several places match, the longest of the
    first sixteen wins. A removed line moves to one place at most.

    Parameters
    ----------
    lines : PatchLines
        Of the changes' patches.
    changes : sequence of int
        For each patch the number of its change, ascending.

    Returns
    -------
    dict
        For each patch with moved lines, by its index: which of its removed lines went elsewhere,
        and which of its added lines came from elsewhere, both counted over its hunks from 0.
    """
    patch_of_line = np.repeat(np.arange(len(changes), dtype=np.int32), np.diff(lines.first))
    change = np.array(changes, dtype=np.uint32)[patch_of_line]
    removed, added = _candidates(lines, change)
    away: list[int] = []
    come: list[int] = []
    for number in np.unique(change[added]).tolist():
        first, end = np.searchsorted(change, (number, number + 1), side="left").tolist()
        moved = _match(
            lines.signs[first:end].tobytes(),
            lines.checksums[first:end].tolist(),
            (removed[slice(*np.searchsorted(removed, (first, end)))] - first).tolist(),
            (added[slice(*np.searchsorted(added, (first, end)))] - first).tolist(),
        )
        away += [first + place for place, _ in moved]
        come += [first + place for _, place in moved]
    if not away:
        return {}
    found: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, (places, sign) in enumerate(((away, MINUS), (come, PLUS))):
        # Counted over the lines of the same sign in the same patch.
        before = np.concatenate(
            ([0], np.cumsum(lines.signs == sign, dtype=np.int32)), dtype=np.int32
        )
        ordered = np.sort(np.array(places))
        patches = patch_of_line[ordered]
        indexes = before[ordered] - before[lines.first[patches]]
        for patch, index in zip(patches.tolist(), indexes.tolist(), strict=True):
            found[patch][side].append(index)
    return {patch: (tuple(gone), tuple(here)) for patch, (gone, here) in found.items()}


def _candidates(lines: PatchLines, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where removed and added blocks begin that the same change seems to have on both sides.

    Nearly all that have no counterpart are left out, at little cost for each.
    """
    signs, checksums = lines.signs, lines.checksums
    count = max(len(signs) - _MOVE_LINES + 1, 0)
    is_block = np.ones(count, dtype=bool)
    keys = change[:count] * np.uint32(_MIXERS[_MOVE_LINES])
    for offset in range(_MOVE_LINES):
        # Lines in a row with one sign are of one hunk: between hunks stands a header.
        is_block &= signs[offset : offset + count] == signs[:count]
        keys += checksums[offset : offset + count] * np.uint32(_MIXERS[offset])
    keys >>= np.uint32(32 - _TABLE_BITS)
    removed, added = (np.flatnonzero(is_block & (signs[:count] == sign)) for sign in (MINUS, PLUS))
    is_there = np.zeros(1 << _TABLE_BITS, dtype=bool)
    is_there[keys[removed]] = True
    added = added[is_there[keys[added]]]
    is_there[keys[removed]] = False
    is_there[keys[added]] = True
    return removed[is_there[keys[removed]]], added


def _match(
    signs: bytes, checksums: Sequence[int], removed: Iterable[int], added: Iterable[int]
) -> list[tuple[int, int]]:
    """Return pairs of a removed line and the added line that it became, for one change.

    Parameters
    ----------
    signs, checksums
        As in `PatchLines`.
    removed, added : iterable of int
        Where blocks begin that may have a counterpart.
    """
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for start in removed:
        places[tuple(checksums[start : start + _MOVE_LINES])].append(start)
    is_taken = bytearray(len(signs))
    pairs: list[tuple[int, int]] = []
    done = 0
    for start in added:
        if start < done:
            continue
        block = tuple(checksums[start : start + _MOVE_LINES])
        best = longest = compared = 0
        for source in places.get(block, ()):
            if is_taken[source]:
                continue
            length = 0
            while (
                start + length < len(signs)
                and signs[start + length] == PLUS
                and signs[source + length] == MINUS
                and checksums[start + length] == checksums[source + length]
                and not is_taken[source + length]
            ):
                length += 1
                if source + length == len(signs):
                    break
            if length > longest:
                best, longest = source, length
            compared += 1
            if compared == _MOVE_CANDIDATES:
                break
        if longest >= _MOVE_LINES:
            is_taken[best : best + longest] = b"\1" * longest
            pairs += zip(range(best, best + longest), range(start, start + longest), strict=True)
            done = start + longest
    return pairs
