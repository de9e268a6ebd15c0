"""Search for the authors of merged lines beside the reading of diffs."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from shipworthy.git.authors import BranchAuthors, Merge, Written

# So many run beside each other.
_SEARCHES = 2


class AuthorSearches:
    """Searches in threads, since they spend their time waiting for git.

    Parameters
    ----------
    make : callable
        Makes one search; each thread has its own.
    """

    def __init__(self, make: Callable[[], BranchAuthors]) -> None:
        self._helper = ThreadPoolExecutor(max_workers=_SEARCHES)
        self._searches = [make() for _ in range(_SEARCHES)]
        self._idle: SimpleQueue[BranchAuthors] = SimpleQueue()
        for search in self._searches:
            self._idle.put(search)

    def begin(self, merges: Sequence[Merge]) -> Future[list[list[Written]]]:
        """Begin to find out who wrote what merges brought in, a list of files for each."""
        return self._helper.submit(self._search, merges)

    def _search(self, merges: Sequence[Merge]) -> list[list[Written]]:
        search = self._idle.get()
        try:
            return list(search.resolve(merges))
        finally:
            self._idle.put(search)

    def stop(self) -> None:
        """End all searches, those that wait too."""
        self._helper.shutdown(cancel_futures=True)
        for search in self._searches:
            search.__exit__(None, None, None)
