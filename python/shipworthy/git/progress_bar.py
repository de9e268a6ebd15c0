"""A progress bar for terminals: commits, rate and time left."""

import sys
import time

from shipworthy.errors import printable

_WIDTH = 30
_REDRAW_SECONDS = 0.1


class Progress:
    """A bar on standard error; nothing at all if that is no terminal. Use as a context manager.

    Parameters
    ----------
    title : str
        What is being read.
    total : int
        Commits to come.
    """

    def __init__(self, title: str, total: int) -> None:
        self._title = printable(title)
        self._total = total
        self._done = 0
        self._started = self._drawn = time.monotonic()
        self._is_shown = total > 0 and sys.stderr.isatty()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def advance(self) -> None:
        """Count one commit."""
        self._done += 1
        if not self._is_shown:
            return
        now = time.monotonic()
        if now - self._drawn < _REDRAW_SECONDS:
            return
        self._drawn = now
        rate = self._done / (now - self._started)
        left = round((self._total - self._done) / rate)
        filled = _WIDTH * self._done // self._total
        sys.stderr.write(
            f"\r{self._title} [{'#' * filled}{'.' * (_WIDTH - filled)}] "
            f"{self._done:,}/{self._total:,} commits, {rate:,.0f}/s, "
            f"{left // 60}:{left % 60:02d} left\x1b[K"
        )
        sys.stderr.flush()
