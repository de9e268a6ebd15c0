"""The parser of git's diffs, on texts."""

from array import array
from zlib import crc32

import pytest

from shipworthy.errors import ShipworthyError
from shipworthy.git import diffs
from shipworthy.git.diffs import (
    FileChange,
    _mark_moves,
    parse_patch,
    parse_raw,
    split_commits,
    unquote,
)

OLD, NEW = "1" * 40, "2" * 40


class Blocks:
    """Output that arrives in blocks of a given size."""

    def __init__(self, text: bytes, size: int) -> None:
        self._text, self._size = text, size

    def read(self) -> bytes:
        block, self._text = self._text[: self._size], self._text[self._size :]
        return block


def checksums(*lines: bytes) -> array:
    return array("I", map(crc32, lines))


def change(old: list[bytes], new: list[bytes], path: bytes = b"a") -> FileChange:
    """A change of one file in one hunk."""
    hunks = array("I", (1, len(old), 1, len(new)))
    return FileChange(
        path, path, "code", hunks, False, False, checksums(*old), checksums(*new), (), (), OLD, NEW
    )


def test_hunks_with_and_without_counts():
    patch = b"a/x b/x\n--- a/x\n+++ b/x\n@@ -3 +3 @@ f()\n-old\n+new\n@@ -7,2 +6,0 @@\n-a\n-b\n"
    hunks, old_text, new_text = parse_patch(patch, with_text=True)
    assert list(hunks) == [3, 1, 3, 1, 7, 2, 6, 0]
    assert old_text == checksums(b"old", b"a", b"b")
    assert new_text == checksums(b"new")
    assert parse_patch(patch, with_text=False)[0] == hunks


def test_content_that_looks_like_headers_is_content():
    patch = (
        b"a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@\n"
        b"--- a/y\n-@@ -1 +1 @@\n-diff --git a/y b/y\n"
        b"+++ b/y\n+@@ -9 +9 @@\n+diff --git a/z b/z\n+\\ No newline at end of file\n"
    )
    hunks, old_text, new_text = parse_patch(patch, with_text=True)
    assert list(hunks) == [1, 3, 1, 4]
    assert old_text == checksums(b"--a/y", b"@@-1+1@@", b"diff--gita/yb/y")
    assert len(new_text) == 4


def test_missing_newlines_are_no_lines():
    patch = (
        b"a/x b/x\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n"
        b"+b\n+c\n\\ No newline at end of file\n"
    )
    hunks, old_text, new_text = parse_patch(patch, with_text=True)
    assert list(hunks) == [1, 1, 1, 2]
    assert (len(old_text), len(new_text)) == (1, 2)


def test_whitespace_is_folded_but_lines_are_kept():
    patch = b"a/x b/x\n@@ -1,2 +1,3 @@\n-\ta = 1\r\n-\n+a=1\n+ \n+\x0b\x0c\n"
    _, old_text, new_text = parse_patch(patch, with_text=True)
    assert old_text[0] == new_text[0]
    assert list(old_text[1:]) == [0]
    assert list(new_text[1:]) == [0, 0]


@pytest.mark.parametrize("size", [1, 7, 20])
def test_big_patches_are_parsed_in_pieces(monkeypatch, size):
    patch = b"a/x b/x\n@@ -3 +3 @@ f()\n-old\n+new\n@@ -7,2 +6,0 @@\n-a\n-b\n"
    whole = parse_patch(patch, with_text=True)
    monkeypatch.setattr(diffs, "_PARSED_BYTES", size)
    assert parse_patch(patch, with_text=True) == whole


def test_a_patch_that_contradicts_its_header_is_refused():
    with pytest.raises(ShipworthyError, match="headers say 2"):
        parse_patch(b"a/x b/x\n@@ -1,2 +1 @@\n-a\n+b\n", with_text=True)


def test_paths_in_quotes():
    assert (
        unquote(rb'"tab\there \"and\" new\nline \\ \351"') == b'tab\there "and" new\nline \\ \xe9'
    )
    assert unquote(b"plain path") == b"plain path"
    entry = parse_raw(b":100644 100755 %s %s R087\told name\tnew name" % (b"1" * 40, b"2" * 40))
    assert (entry.status, entry.old_name, entry.new_name) == (b"R", b"old name", b"new name")
    assert (entry.old_mode, entry.new_mode) == (0o100644, 0o100755)


@pytest.mark.parametrize("size", [1, 7, 41, 42, 43, 1000])
def test_commits_are_split_wherever_the_output_is_cut(size):
    first, second, third = ("a" * 40, "b" * 40, "c" * 40)
    # A line of a file that holds the next commit's id is no border: it has a sign before it.
    bodies = [b":raw\n\ndiff\n+" + second.encode() + b"\n", b"", b"last\n"]
    output = b"".join(
        sha.encode() + b"\n" + body
        for sha, body in zip((first, second, third), bodies, strict=True)
    )
    found = list(split_commits(Blocks(output, size), [first, second, third]))
    assert [part.strip(b"\n") for part in found] == [body.strip(b"\n") for body in bodies]


def test_output_that_ends_early_is_refused():
    with pytest.raises(ShipworthyError, match="ended before commit b"):
        list(split_commits(Blocks(b"a" * 40 + b"\n", 100), ["a" * 40, "b" * 40]))


def test_a_block_of_three_moves():
    block = [b"one", b"two", b"three"]
    away, come = _mark_moves([change([b"x", *block], []), change([], [b"y", *block, b"z"], b"b")])
    assert away.moved_away == (1, 2, 3)
    assert come.moved_in == (1, 2, 3)


def test_two_lines_do_not_move():
    changes = _mark_moves([change([b"one", b"two", b"x"], []), change([], [b"one", b"two"], b"b")])
    assert not any(one.moved_away or one.moved_in for one in changes)


def test_a_removed_line_moves_once():
    block = [b"one", b"two", b"three"]
    away, first, second = _mark_moves(
        [change(block, []), change([], block, b"b"), change([], block, b"c")]
    )
    assert away.moved_away == (0, 1, 2)
    assert first.moved_in == (0, 1, 2)
    assert second.moved_in == ()
