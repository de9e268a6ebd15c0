"""One line on a terminal that says that something happens; nothing in a pipe."""

import sys
import time
from types import TracebackType

_REDRAW_SECONDS = 0.2


class Progress:
    """Counts the requests and rows of one load. Use as a context manager.

    Parameters
    ----------
    title : str
        What is being read.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._requests = 0
        self._rows = 0
        self._started = time.monotonic()
        self._drawn = 0.0
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def count_request(self) -> None:
        """Count one answered request."""
        self._requests += 1
        self._draw()

    def count_rows(self, rows: int) -> None:
        """Count rows that came out of them."""
        self._rows += rows
        self._draw()

    def say(self, sentence: str) -> None:
        """Show why nothing moves."""
        if self._is_shown:
            sys.stderr.write(f"\r{self._title}: {sentence}\x1b[K")
            sys.stderr.flush()

    def _draw(self) -> None:
        now = time.monotonic()
        if not self._is_shown or now - self._drawn < _REDRAW_SECONDS:
            return
        self._drawn = now
        seconds = max(now - self._started, 1e-9)
        sys.stderr.write(
            f"\r{self._title}: {self._requests:,} requests, {self._rows:,} rows, "
            f"{self._rows / seconds:,.0f}/s, {int(seconds) // 60}:{int(seconds) % 60:02d}\x1b[K"
        )
        sys.stderr.flush()
