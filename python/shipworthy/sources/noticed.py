"""Count what looks like a machine's in requests and is in no list of agents, as git's reader does.

A vendor's module says what it reads while it makes rows; landing writes the counts to
`load_findings` in the transaction of the rows.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from shipworthy.git.catalog import UNKNOWN_TOOL, Catalog, CommitAttribution
from shipworthy.git.unlisted import (
    UNLISTED_BOT,
    UNLISTED_TOOL,
    Unlisted,
    find_unlisted,
    find_unlisted_account,
    find_unlisted_tools,
    is_unlisted,
)

if TYPE_CHECKING:
    from shipworthy.warehouse import Finding

_REASONS = (UNLISTED_BOT, UNLISTED_TOOL)


class Noticed:
    """The unlisted accounts and tools of one load, and the rows that showed each."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], set[Any]] = defaultdict(set)
        self._catalog: Catalog | None = None

    def account(self, input_name: str, row: Any, login: str, catalog: Catalog) -> None:
        """Note a bot's account, if no list has it.

        Parameters
        ----------
        input_name : str
            `pull_requests` or `reviews`: what the account wrote.
        row : hashable
            The row's key within the load, so that it counts once.
        login : str
            As the vendor calls the account; it calls it a bot, too.
        catalog : Catalog
            What is known about agents.
        """
        shown = find_unlisted_account(login, catalog)
        if shown:
            self._note(input_name, row, [Unlisted(UNLISTED_BOT, shown)], catalog)

    def text(self, row: Any, text: str, tool: str | None, catalog: Catalog) -> None:
        """Note what tools a request's text names, unless one is known (`tool`)."""
        if tool is None or tool == UNKNOWN_TOOL:
            found = find_unlisted_tools(text, catalog)
            named = [Unlisted(UNLISTED_TOOL, one) for one in found]
            self._note("pull_requests", row, named, catalog)

    def commit(
        self,
        row: Any,
        name: str,
        address: str,
        message: str,
        attribution: CommitAttribution,
        catalog: Catalog,
    ) -> None:
        """Note the author and the trailers of a request's commit; see `find_unlisted`."""
        found = find_unlisted(name, address, message, attribution, catalog)
        self._note("pull_request_commits", row, found, catalog)

    def _note(self, input_name: str, row: Any, found: Iterable[Unlisted], catalog: Catalog) -> None:
        self._catalog = catalog
        for one in found:
            self._rows[input_name, one.reason, one.subject].add(row)

    def findings(self, earlier: "Iterable[Finding]") -> "list[Finding] | None":
        """Return what to keep of an earlier load's findings and of this one's.

        A load reads what changed, some of it anew, so that counts cannot be added up: each is that
        of the load that saw most. What a list has by now is left out.

        Parameters
        ----------
        earlier : iterable of Finding
            What the warehouse holds of this source.

        Returns
        -------
        list of Finding or None
            None where this load was told nothing.
        """
        from shipworthy.warehouse import Finding

        if self._catalog is None:
            return None
        counts = {key: len(rows) for key, rows in self._rows.items()}
        kept = []
        for one in earlier:
            key = one.input, one.reason, one.subject
            if one.reason not in _REASONS:
                kept.append(one)
            elif is_unlisted(Unlisted(one.reason, one.subject), self._catalog):
                counts[key] = max(counts.get(key, 0), one.row_count)
        return [*kept, *(Finding(*key, count) for key, count in counts.items())]
