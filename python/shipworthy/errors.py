"""The one exception a user meets: a sentence, and exit code 2."""


class ShipworthyError(Exception):
    """Bad input or a broken environment, told in one sentence.

    The message says what is wrong, where (variable, file, row, repository) and what to do.
    The command line prints it without a traceback and exits with code 2.
    """
