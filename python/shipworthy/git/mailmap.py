"""Honour `.mailmap`: which addresses and names a project says are one person's.

The rules are git's (gitmailmap(5), mailmap.c): a line maps an address, or a name with an address,
to a proper address. The file counts as it stands on the mainline's tip, for all commits. It names
people; what an account is, and what wrote a commit, is judged by what the commit says.
"""

from typing import NamedTuple

from shipworthy.git.repository import Repository

MAILMAP_PATH = ".mailmap"


class _Entry(NamedTuple):
    """What one address is mapped to: by itself, and under certain names (in lower case)."""

    proper: bytes | None
    by_name: dict[bytes, bytes | None]


class Mailmap:
    """A parsed `.mailmap`.

    Parameters
    ----------
    text : bytes
        Its content; nothing maps nothing.
    """

    def __init__(self, text: bytes = b"") -> None:
        self._entries: dict[bytes, _Entry] = {}
        for line in text.split(b"\n"):
            self._add(line)

    def address(self, name: bytes, address: bytes) -> bytes:
        """Return the proper address of whoever signs with a name and an address."""
        entry = self._entries.get(address.lower())
        if entry is None:
            return address
        proper = entry.by_name.get(name.lower(), entry.proper) if entry.by_name else entry.proper
        return proper or address

    def __bool__(self) -> bool:
        return bool(self._entries)

    def _add(self, line: bytes) -> None:
        if line.startswith(b"#"):
            return
        first = _parse_identity(line, may_be_empty=False)
        if first is None:
            return
        _, proper, rest = first
        second = _parse_identity(rest, may_be_empty=True) if rest else None
        old_name, old = second[:2] if second else (b"", None)
        if old is None:
            # One address alone gives its owner a proper name, which nobody needs here.
            proper, old = None, proper
        key = old.lower()
        entry = self._entries.get(key, _Entry(None, {}))
        if old_name:
            entry.by_name[old_name.lower()] = proper
        elif proper is not None:
            entry = entry._replace(proper=proper)
        self._entries[key] = entry


def _parse_identity(text: bytes, *, may_be_empty: bool) -> tuple[bytes, bytes, bytes] | None:
    """Split `Name <address> rest`; None where there is no address."""
    name, opening, rest = text.partition(b"<")
    address, closing, rest = rest.partition(b">")
    if not opening or not closing or not (address or may_be_empty):
        return None
    return name.strip(b" \t\n\v\f\r"), address, rest


def read_mailmap(repository: Repository, object_id: str | None) -> Mailmap:
    """Return the mailmap that an object holds; an empty one for None."""
    if object_id is None:
        return Mailmap()
    return Mailmap(repository.run("cat-file", "blob", object_id))
