"""People in the warehouse are salted hashes: this module makes them.

A hash without a salt is no protection, since anyone can hash a list of a company's addresses. The
salt therefore stays out of the warehouse, out of git and out of every message.
"""

import hmac
import logging
import os
import secrets
import tempfile
from pathlib import Path

from shipworthy.errors import ShipworthyError

SALT_VARIABLE = "SHIPWORTHY_SALT"
# A directory of its own, which tells git to ignore all of it: the salt then needs no line in
# anybody's .gitignore, and a repository that holds the warehouse stays as it is.
SALT_DIRECTORY = ".shipworthy"
SALT_FILE = "salt"

_SALT_BYTES = 32
# Below this a salt can be guessed, and with it every person.
_SHORTEST_SALT = 16
# 128 bits: no number of people makes two collide, and keys stay short in tables of many rows.
_KEY_CHARACTERS = 32

_logger = logging.getLogger(__name__)


def load_salt(warehouse_path: str | os.PathLike[str], *, may_create: bool = True) -> bytes | None:
    """Return the salt of this warehouse: `SHIPWORTHY_SALT`, else the file beside the warehouse.

    The file is made once, readable by its owner only. Whoever wants people to have the same keys in
    several warehouses gives them the same salt. Loaders ask `shipworthy.salt.salt_of` instead,
    which also knows whether the warehouse was loaded with it.

    Parameters
    ----------
    warehouse_path : path-like
        The warehouse; it need not exist yet.
    may_create : bool
        Whether a salt is made where there is none; else that is None.

    Raises
    ------
    ShipworthyError
        If the salt is short, others can read its file, it is damaged, or it cannot be written.
    """
    given = os.environ.get(SALT_VARIABLE)
    if given:
        salt = given.encode("utf-8", "surrogateescape")
        if len(salt) < _SHORTEST_SALT:
            raise ShipworthyError(
                f"{SALT_VARIABLE} is shorter than {_SHORTEST_SALT} bytes and could be guessed, and "
                "with it every person; make one with: "
                "python -c 'import secrets; print(secrets.token_hex())'"
            )
        return salt
    directory = Path(warehouse_path).absolute().parent
    if not directory.is_dir():
        raise ShipworthyError(f"The warehouse's directory {directory} does not exist; make it.")
    path = directory / SALT_DIRECTORY / SALT_FILE
    try:
        if not path.exists():
            if not may_create:
                return None
            _create(path)
        return _read(path)
    except OSError as error:
        raise ShipworthyError(
            f"The salt {path} cannot be used ({error.strerror}); "
            f"make its directory writable, or set {SALT_VARIABLE}."
        ) from error


def person_key(email: str, salt: bytes) -> str | None:
    """Return the key of a person: a keyed hash of the address in lower case without outer blanks.

    GitHub's `123+login@users.noreply.github.com` is an address like any other: a person's addresses
    meet in the table `identities`.

    Parameters
    ----------
    email : str
        The address as git or an API gives it.
    salt : bytes
        From `load_salt`.

    Returns
    -------
    str or None
        32 hexadecimal digits; None for an empty address, which is nobody's.
    """
    address = email.strip().lower()
    if not address:
        return None
    # Addresses in old commits need not be valid text; no two of them may fall together for that.
    return hmac.digest(salt, address.encode("utf-8", "surrogatepass"), "sha256").hex()[
        :_KEY_CHARACTERS
    ]


def alias_key(kind: str, alias: str, salt: bytes) -> str | None:
    """Return the key of a login, an account number or an API key's name, without outer blanks.

    The kind is a part of what is hashed, so that a login at one vendor is nobody at another. Case
    does not count. That the alias is a certain person says the table `identities`.

    Parameters
    ----------
    kind : str
        What the alias is unique in, such as `github`; `email` gives the same key as `person_key`.
    alias : str
        The alias as the vendor gives it.
    salt : bytes
        From `load_salt`.

    Returns
    -------
    str or None
        32 hexadecimal digits; None for an empty alias.
    """
    if kind == "email" or not alias.strip():
        return person_key(alias, salt)
    # No address holds a NUL, so that no alias is mistaken for one.
    return person_key(f"{kind}\0{alias.strip()}", salt)


def fingerprint(salt: bytes) -> str:
    """Return what tells a salt from every other and says nothing about people or the salt itself.

    Parameters
    ----------
    salt : bytes
        From `load_salt`.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    # No address and no alias looks like this, so that it is nobody's key.
    return hmac.digest(salt, b"\0fingerprint\0", "sha256").hex()[:_KEY_CHARACTERS]


def _create(path: Path) -> None:
    """Write a new salt in full before it gets its name, so that two processes end up with one."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    (path.parent / ".gitignore").write_text("*\n", encoding="ascii")
    descriptor, temporary = tempfile.mkstemp(prefix=f"{SALT_FILE}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_SALT_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return  # the other process was first: its salt counts
    finally:
        os.unlink(temporary)
    _logger.info("Made a new salt in %s; keep it: without it people get new keys.", path)


def _read(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ShipworthyError(
            f"The salt {path} can be read by others, who could tell who is who; "
            f"run: chmod 600 {path}"
        )
    salt = path.read_bytes().strip()
    if len(salt) < _SHORTEST_SALT:
        raise ShipworthyError(
            f"The salt {path} is damaged (fewer than {_SHORTEST_SALT} bytes); restore it, "
            "or remove it and load everything anew."
        )
    return salt
