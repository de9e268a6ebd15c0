"""The parser of git's diffs, on texts."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.errors import ShipworthyError
from shipworthy.git import diffs, patches
from shipworthy.git.diffs import parse_raw, split_commits, unquote
from shipworthy.git.moves import find_moves
from shipworthy.git.patches import HUNK, Patch, Span, hunk_heads, parse_heads, parse_patches


class Blocks:
    """Output that arrives in blocks of a given size."""

    def __init__(self, text: bytes, size: int) -> None:
        self._text, self._size = text, size

    def read(self) -> bytes:
        block, self._text = self._text[: self._size], self._text[self._size :]
        return block


def one_patch(patch: bytes) -> Patch:
    """Parse a patch, with and without its lines: the hunks are the same."""
    patch = patch[patch.index(HUNK) :].removesuffix(b"\n")
    [parsed], _ = parse_patches([span(patch)])
    assert parse_heads([hunk_heads(span(patch))]) == [parsed.hunks]
    return parsed


def span(patch: bytes) -> Span:
    """Put a patch between others."""
    around = HUNK + b"8,8 +8,8 @@\n-8"
    return Span(bytearray(around + patch + around), len(around), len(around) + len(patch))


def checksums(*lines: bytes) -> array:
    """Return the checksums of lines, one by one."""
    return array("I", [polynomial(line) for line in lines])


def polynomial(text: bytes) -> int:
    """The checksum by its definition."""
    return sum(byte * pow(0x01000193, place, 1 << 32) for place, byte in enumerate(text, 2)) % 2**32


def test_hunks_with_and_without_counts():
    patch = b"a/x b/x\n--- a/x\n+++ b/x\n@@ -3 +3 @@ f()\n-old\n+new\n@@ -7,2 +6,0 @@\n-a\n-b\n"
    hunks, old_text, new_text = one_patch(patch)
    assert list(hunks) == [3, 1, 3, 1, 7, 2, 6, 0]
    assert old_text == checksums(b"old", b"a", b"b")
    assert new_text == checksums(b"new")


def test_many_patches_are_kept_apart():
    patches = [
        HUNK + b"1 +1 @@\n-a\n+b", b"", HUNK + b"0,0 +1,2 @@\n+c\n+d" + HUNK + b"5 +6,0 @@ x\n-e",
    ]  # fmt: skip
    parsed, lines = parse_patches([span(patch) for patch in patches])
    assert [list(patch.hunks) for patch in parsed] == [[1, 1, 1, 1], [], [0, 0, 1, 2, 5, 1, 6, 0]]
    assert [patch.old_text for patch in parsed] == [checksums(b"a"), array("I"), checksums(b"e")]
    assert [patch.new_text for patch in parsed] == [
        checksums(b"b"), array("I"), checksums(b"c", b"d"),
    ]  # fmt: skip
    assert lines.signs.tobytes() == b"@-+@++@-"
    assert lines.first.tolist() == [0, 3, 3, 8]
    assert parse_patches([])[0] == []
    assert parse_heads([hunk_heads(span(patch)) for patch in patches]) == [
        one.hunks for one in parsed
    ]


def test_content_that_looks_like_headers_is_content():
    patch = (
        b"a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@\n"
        b"--- a/y\n-@@ -1 +1 @@\n-diff --git a/y b/y\n"
        b"+++ b/y\n+@@ -9 +9 @@\n+diff --git a/z b/z\n+\\ No newline at end of file\n"
    )
    hunks, old_text, new_text = one_patch(patch)
    assert list(hunks) == [1, 3, 1, 4]
    assert old_text == checksums(b"--a/y", b"@@-1+1@@", b"diff--gita/yb/y")
    assert len(new_text) == 4


def test_missing_newlines_are_no_lines():
    patch = (
        b"a/x b/x\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n"
        b"+b\n+c\n\\ No newline at end of file\n"
    )
    hunks, old_text, new_text = one_patch(patch)
    assert list(hunks) == [1, 1, 1, 2]
    assert (len(old_text), len(new_text)) == (1, 2)


def test_whitespace_is_folded_but_lines_are_kept():
    patch = b"a/x b/x\n@@ -1,2 +1,3 @@\n-\ta = 1\r\n-\n+a=1\n+ \n+\x0b\x0c\n"
    _, old_text, new_text = one_patch(patch)
    assert old_text[0] == new_text[0]
    assert list(old_text[1:]) == [0]
    assert list(new_text[1:]) == [0, 0]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_big_patches_are_parsed_in_pieces(monkeypatch, size):
    patch = b"a/x b/x\n@@ -3 +3 @@ f()\n-old\n+new\n@@ -7,2 +6,0 @@\n-a\n-b\n"
    whole = one_patch(patch)
    monkeypatch.setattr(patches, "_PIECE_BYTES", size)
    assert one_patch(patch) == whole


@given(
    st.integers(2, 40),
    st.lists(st.lists(st.sampled_from(b"abc"), max_size=90).map(bytes), min_size=1, max_size=6),
)
def test_a_line_has_one_checksum_however_its_patch_is_cut(size, lines):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patches, "_PIECE_BYTES", size)
        text = HUNK + b"0,0 +1,%d @@" % len(lines) + b"".join(b"\n+" + line for line in lines)
        assert one_patch(text).new_text == checksums(*lines)


def test_a_long_line_has_a_checksum():
    line = b"x" * (1 << 20)
    assert one_patch(HUNK + b"0,0 +1 @@\n+" + line).new_text[0] == polynomial(line)


@pytest.mark.parametrize("lines", [b"\n-a\n+b", b"\n-a\n-b\n-c\n+d", b"\n-a\n-b"])
def test_a_patch_that_contradicts_its_header_is_refused(lines):
    with pytest.raises(ShipworthyError, match="other lines than its header says"):
        parse_patches([span(HUNK + b"1,2 +1 @@" + lines)])


@pytest.mark.parametrize("head", [b"1,2+x @@", b"1,2,3 +4 @@", b"1 @@", b" @@", b"1 +2 +3 @@"])
def test_a_header_without_sense_is_refused(head):
    for parse in (
        lambda: parse_patches([span(HUNK + head + b"\n-a")]),
        lambda: parse_heads([hunk_heads(span(HUNK + head + b"\n-a"))]),
    ):
        with pytest.raises(ShipworthyError, match="make no sense"):
            parse()


def test_paths_in_quotes():
    assert (
        unquote(rb'"tab\there \"and\" new\nline \\ \351"') == b'tab\there "and" new\nline \\ \xe9'
    )
    assert unquote(b"plain path") == b"plain path"
    entry = parse_raw(b":100644 100755 %s %s R087\told name\tnew name" % (b"1" * 40, b"2" * 40))
    assert (entry.status, entry.old_name, entry.new_name) == (b"R", b"old name", b"new name")
    assert (entry.old_mode, entry.new_mode) == (0o100644, 0o100755)


@pytest.mark.parametrize("parsed", [1, 60, 1000])
@pytest.mark.parametrize("size", [1, 7, 41, 42, 43, 1000])
def test_commits_are_split_wherever_the_output_is_cut(monkeypatch, size, parsed):
    first, second, third = ("a" * 40, "b" * 40, "c" * 40)
    # A line of a file that holds the next commit's id is no border: it has a sign before it.
    bodies = [b":raw\n\ndiff\n+" + second.encode() + b"\n", b"", b"last\n"]
    output = b"".join(
        sha.encode() + b"\n" + body
        for sha, body in zip((first, second, third), bodies, strict=True)
    )
    monkeypatch.setattr(diffs, "_PARSED_BYTES", parsed)
    for batches in ([[first, second, third]], [[first], [second, third]]):
        found = [
            text[start:end].strip(b"\n")
            for commits in split_commits(Blocks(output, size), batches)
            for text, start, end in commits
        ]
        assert found == [body.strip(b"\n") for body in bodies]


def test_what_is_parsed_together_is_of_one_batch():
    output = b"".join(b"%b\n" % (sha * 40) for sha in (b"a", b"b", b"c"))
    batches = [["a" * 40, "b" * 40], ["c" * 40]]
    assert [len(some) for some in split_commits(Blocks(output, 1000), batches)] == [2, 1]


def test_output_that_ends_early_is_refused():
    with pytest.raises(ShipworthyError, match="ended before commit b"):
        list(split_commits(Blocks(b"a" * 40 + b"\n", 100), [["a" * 40, "b" * 40]]))


def moves(*files: tuple[list[bytes], list[bytes]]) -> dict:
    """Find the moves of one change, from the removed and added lines of each file."""
    texts = [
        HUNK
        + b"1,%d +1,%d @@" % (len(old), len(new))
        + b"".join(b"\n-" + line for line in old)
        + b"".join(b"\n+" + line for line in new)
        for old, new in files
    ]
    return find_moves(parse_patches([span(text) for text in texts])[1], [0] * len(texts))


BLOCK = [b"one", b"two", b"three"]


def test_a_block_of_three_moves():
    found = moves(([b"x", *BLOCK], []), ([], [b"y", *BLOCK, b"z"]))
    assert found == {0: ((1, 2, 3), ()), 1: ((), (1, 2, 3))}


def test_two_lines_do_not_move():
    assert moves(([b"one", b"two", b"x"], []), ([], [b"one", b"two"])) == {}
    # Nor do three that stand in different hunks, or on different sides.
    assert moves((BLOCK, []), ([b"one"], [b"two", b"three"])) == {}
    assert moves((BLOCK[:2], []), (BLOCK[2:], []), ([], BLOCK)) == {}


def test_a_removed_line_moves_once():
    found = moves((BLOCK, []), ([], BLOCK), ([], BLOCK))
    assert found == {0: ((0, 1, 2), ()), 1: ((), (0, 1, 2))}


def test_the_longest_place_wins():
    longer = [*BLOCK, b"four"]
    found = moves((BLOCK, []), (longer, []), ([], longer))
    assert found == {1: ((0, 1, 2, 3), ()), 2: ((), (0, 1, 2, 3))}


def test_a_block_may_move_inside_a_file():
    assert moves(([*BLOCK, b"x"], [b"y", *BLOCK])) == {0: ((0, 1, 2), (1, 2, 3))}


def test_moves_stay_inside_a_change():
    texts = [
        HUNK + b"1,3 +0,0 @@\n-one\n-two\n-three",
        HUNK + b"0,0 +1,3 @@\n+one\n+two\n+three",
    ]
    _, lines = parse_patches([span(text) for text in texts])
    assert find_moves(lines, [0, 1]) == {}
    assert find_moves(lines, [4, 4]) == {0: ((0, 1, 2), ()), 1: ((), (0, 1, 2))}


@given(st.lists(st.tuples(*[st.lists(st.sampled_from(b"abcd"), max_size=9)] * 2), max_size=4))
def test_moves_are_what_a_plain_search_finds(files):
    lines = [tuple([bytes([one]) for one in side] for side in file) for file in files]
    assert moves(*lines) == plain_moves(lines)


def plain_moves(files: list[tuple[list[bytes], list[bytes]]]) -> dict:
    """Find moves by looking at every place for every block."""
    free = {(file, place) for file, (old, _) in enumerate(files) for place in range(len(old))}
    found: dict[int, tuple[list[int], list[int]]] = {}
    for file, (_, new) in enumerate(files):
        start = 0
        while start < len(new):
            lengths = []
            for source, (old, _) in enumerate(files):
                for place in range(len(old)):
                    length = 0
                    while (
                        start + length < len(new)
                        and (source, place + length) in free
                        and old[place + length] == new[start + length]
                    ):
                        length += 1
                    lengths.append((length, -source, -place))
            length, source, place = max(lengths, default=(0, 0, 0))
            if length < 3:
                start += 1
                continue
            for step in range(length):
                free.remove((-source, -place + step))
                found.setdefault(-source, ([], []))[0].append(-place + step)
                found.setdefault(file, ([], []))[1].append(start + step)
            start += length
    return {file: (tuple(sorted(gone)), tuple(here)) for file, (gone, here) in found.items()}
