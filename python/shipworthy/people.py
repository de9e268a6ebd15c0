"""Who a value of somebody's export names: an address, a login or a key becomes a key.

Exports of spreadsheets and help desks know people by their addresses. What is stored is the same
keyed hash that the git reader and the vendors' sources make, so that a person is one person.
"""

import re
from collections.abc import Callable

from shipworthy.identity import alias_key, person_key
from shipworthy.sources.vendor import ALIAS_KINDS

# Account numbers in tables of other tools stand for themselves: SQL reads them, and has no salt.
KEY_PATTERN = "[0-9a-f]{32}|github-id:[0-9]+"
NOBODY = (
    "is neither an e-mail address, nor a login with its kind such as github:ada, nor a key (32 "
    "hexadecimal digits, as `shipworthy key` prints it), nor an id of your own with a digit in it "
    "(E1234)"
)

_KEY = re.compile(KEY_PATTERN)
# What stands around an address in lists and quotes is none of it: it would be another person.
_ADDRESS = re.compile(
    r"""[^\s@<>"',;:()\[\]{}\\\x00-\x1f][^\s@<>",;:()\[\]{}\\\x00-\x1f]*"""
    r"""@[^\s@<>"',;:()\[\]{}\\\x00-\x1f]+"""
)
_ALIAS = re.compile(r"([A-Za-z][A-Za-z_-]*): ?([^\s\x00-\x1f]([^\x00-\x1f]*[^\s\x00-\x1f])?)")
# An id of the export's own, such as a number of the payroll. Bare words are names or logins whose
# kind is missing, and what nearly is a key is a broken one.
_ID = re.compile(r"(?=[^0-9]*[0-9])(?![0-9A-Fa-f]{24,}$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Where a text that was refused is kept, nobody is named in it.
_CLEAR = re.compile(
    r"[^\s@<>\"',;:=(){}\[\]\\]+@[^\s@<>\"',;:=(){}\[\]\\]+"
    rf"|\b(?:email|{'|'.join(ALIAS_KINDS)}):(?! )[^\s\"',;(){{}}\[\]\\]+",
    re.IGNORECASE,
)
_HIDDEN = "(somebody)"


def read_person(text: str, salt: Callable[[], bytes]) -> str | None:
    """Return the key of whoever a value names.

    Parameters
    ----------
    text : str
        An e-mail address, a login with its kind (`github:ada`, see `ALIAS_KINDS`), a key, or an id
        of the export's own, which is an alias of the kind `id`.
    salt : callable
        Returns the salt; called only for what is no key yet.

    Returns
    -------
    str or None
        None for an empty text.

    Raises
    ------
    ValueError
        If it is neither; the message does not repeat it.
    """
    text = text.strip()
    if not text or _KEY.fullmatch(text):
        return text or None
    if _ADDRESS.fullmatch(text):
        return person_key(text, salt())
    alias = _ALIAS.fullmatch(text)
    kind = alias[1].lower().replace("_", "-") if alias else ""
    if kind == "email" or (kind in ALIAS_KINDS and kind != "github-id"):
        return alias_key(kind, alias[2], salt())
    if _ID.fullmatch(text):
        return alias_key("id", text, salt())
    raise ValueError(NOBODY)


def hide_people(text: str) -> str:
    """Return a text with addresses, and logins with their kind, blotted out."""
    return _CLEAR.sub(lambda found: found[0] if _KEY.fullmatch(found[0]) else _HIDDEN, text)
