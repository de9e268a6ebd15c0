"""Mailmaps mean what they mean to git."""

import pytest
from histories import git
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.git.mailmap import Mailmap

NAMES = st.sampled_from([b"", b"Ada A", b"ada a", b"Bo  B", b"C\xc3\xa9", b" x ", b"#x"])
ADDRESSES = st.sampled_from(
    [b"", b"ada@example.com", b"ADA@example.com", b"bo@example.com", b"c d@x", b"e"]
)


@st.composite
def _lines(draw):
    parts = [draw(st.sampled_from([b"", b"", b"", b"#", b" ", b"x"]))]
    for _ in range(draw(st.integers(0, 3))):
        parts += [
            draw(NAMES),
            b" <",
            draw(ADDRESSES),
            draw(st.sampled_from([b">", b">", b">", b""])),
        ]
    parts.append(draw(st.sampled_from([b"", b"\r", b" # note", b" y"])))
    return b"".join(parts)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    directory = tmp_path_factory.mktemp("mailmap")
    git(directory, "init", "--quiet", "--bare", ".")
    return directory


@settings(max_examples=150, deadline=None, derandomize=True)
@given(lines=st.lists(_lines(), max_size=6))
def test_addresses_are_mapped_as_git_maps_them(repository, lines):
    text = b"\n".join(lines)
    blob = git(repository, "hash-object", "-w", "--stdin", stdin=text).decode().strip()
    contacts = [
        (name, address)
        for name in (b"Ada A", b"ADA A", b"Bo  B", b"C\xc3\xa9", b"x", b"other")
        for address in (b"ada@example.com", b"Ada@Example.com", b"bo@example.com", b"c d@x", b"e")
    ]
    asked = b"".join(b"%s <%s>\n" % contact for contact in contacts)
    answers = git(repository, "-c", f"mailmap.blob={blob}", "check-mailmap", "--stdin", stdin=asked)
    expected = [answer[answer.index(b"<") + 1 : -1] for answer in answers.splitlines()]
    mailmap = Mailmap(text)
    assert [mailmap.address(*contact) for contact in contacts] == expected
