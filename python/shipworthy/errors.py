"""The one exception a user meets: a sentence, and exit code 2."""

import errno
import os

# What the system says where a disk takes no more.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})

# Longer names of files are cut in sentences; the system may refuse them for nothing else.
_LONGEST_NAME = 200


def printable(text: str) -> str:
    """Return a text in which nothing acts on a terminal: such characters as `\\x1b`.

    Names of remotes, branches and files are other people's, and go into messages.
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def system_sentence(error: OSError) -> str | None:
    """Return what the system would not do with a file, as a sentence; None if it names no file."""
    if not (error.filename and error.strerror):
        return None
    name = os.fsdecode(error.filename) if not isinstance(error.filename, int) else "a file"
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
    return f"{printable(shown)} cannot be used: {error.strerror.lower()}."


def _escaped(char: str) -> str:
    # Bytes that are no text stand in a text as surrogates.
    code = ord(char) - 0xDC00 if 0xDC80 <= ord(char) <= 0xDCFF else ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class ShipworthyError(Exception):
    """Bad input or a broken environment, told in one sentence.

    The message says what is wrong, where (variable, file, row, repository) and what to do.
    The command line prints it without a traceback and exits with code 2.
    """

    def __str__(self) -> str:
        """Return the sentence, fit for a terminal."""
        return "\n".join(map(printable, super().__str__().split("\n")))
