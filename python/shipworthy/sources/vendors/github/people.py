"""Who is behind an account of GitHub's, and which addresses are its."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from shipworthy.git.catalog import Catalog, CommitAttribution, attribute_commit
from shipworthy.sources.noticed import Noticed
from shipworthy.sources.request_authorship import attribute_account
from shipworthy.sources.rows import get
from shipworthy.sources.vendor import Keys
from shipworthy.sources.vendors.github.api import Payload


@dataclass(frozen=True)
class People:
    """Who an account of GitHub's is, by its login and its type."""

    keys: Keys
    catalog: Catalog
    noticed: Noticed

    def key(self, account: Payload | None) -> str | None:
        return self.keys.alias("github", get(account, "login"))

    def kind(self, account: Payload | None) -> str | None:
        """Return human, agent or automation; None for an account that no longer exists."""
        found = self.attribute(account)
        return found.author_kind if found else None

    def attribute(self, account: Payload | None) -> CommitAttribution | None:
        """Return what something by this account is; None for one that no longer exists."""
        login = get(account, "login")
        return attribute_account(
            login if isinstance(login, str) else None,
            get(account, "type") == "Bot",
            self.catalog,
        )

    def notice(self, input_name: str, row: Any, account: Payload | None) -> None:
        """Let the load tell of a bot's account that no list has."""
        login = get(account, "login")
        if get(account, "type") == "Bot" and isinstance(login, str):
            self.noticed.account(input_name, row, login, self.catalog)

    def notice_commit(self, payload: Payload, found: CommitAttribution) -> None:
        """Let the load tell of a commit's machines that no list has."""
        author = get(payload, "commit", "author")
        self.noticed.commit(
            (get(payload, "number"), get(payload, "sha")),
            get(author, "name") or "",
            get(author, "email") or "",
            get(payload, "commit", "message") or "",
            found,
            self.catalog,
        )

    def attribute_commit(self, payload: Payload) -> CommitAttribution:
        """Return what wrote a commit, by its author's address and account and by its message."""
        git = get(payload, "commit")
        found = attribute_commit(
            get(git, "author", "name") or "",
            get(git, "author", "email") or "",
            get(git, "committer", "name") or "",
            get(git, "committer", "email") or "",
            get(git, "message") or "",
            self.catalog,
        )
        by_account = self.attribute(get(payload, "author"))
        if found.author_kind == "human" and by_account and by_account.author_kind != "human":
            return by_account
        return found


@dataclass
class Accounts:
    """Which addresses commits show to belong to which login.

    A login is the person of the smallest key among its addresses, whichever come first; its
    noreply addresses are that person too, or the login where no other address is known. Further
    addresses stay apart: what joins them is the users' file of identities.
    """

    people: People
    addresses: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    noreply: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def learn(self, payload: Payload) -> None:
        account, address = get(payload, "author"), get(payload, "commit", "author", "email")
        login = self.people.key(account)
        key = self.people.keys.email(address) if isinstance(address, str) else None
        if (
            login is None
            or key is None
            or self.people.kind(account) != "human"
            or self.people.attribute_commit(payload).author_kind != "human"
            or address.strip().lower() == "noreply@github.com"  # a web flow
        ):
            return
        (self.noreply if "@users.noreply." in address.lower() else self.addresses)[login].add(key)

    def rows(self) -> list[Payload]:
        rows = {login: min(known) for login, known in self.addresses.items()}
        for login, known in self.noreply.items():
            rows.update(dict.fromkeys(known, rows.get(login, login)))
        return [{"alias_key": alias, "person_key": rows[alias]} for alias in sorted(rows)]
