"""The one exception a user meets: a sentence, and exit code 2."""

import unicodedata

# Control characters, characters that turn the writing round, halves of characters.
_UNSAFE = frozenset({"Cc", "Cf", "Cs"})


class ShipworthyError(Exception):
    """Bad input or a broken environment, told in one sentence.

    The message says what is wrong, where (variable, file, row, repository) and what to do.
    The command line prints it without a traceback and exits with code 2.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


def printable(text: str) -> str:
    """Return a text as a terminal may show it: names from outside can hold commands to it.

    Parameters
    ----------
    text : str
        Of any origin. Line breaks stay; other control characters become U+FFFD.
    """
    return "".join(
        "\ufffd" if unicodedata.category(character) in _UNSAFE and character != "\n" else character
        for character in text
    )
