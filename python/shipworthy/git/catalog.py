"""Tell what wrote a commit from what its author and its message say.

The rule behind everything here: match e-mail addresses and trailer keys, never display names, since
people are called Claude, Cline and Devin. (One exception comes from a vendor: aider marks the
author's name.) No evidence is `untagged`, never `human`. What is known about agents is data, not
code: the seed `shipworthy__known_agents`.

Decisions that the formats leave open:

- Several kinds of evidence: the author's account, then the first trailer or marker in the message,
  then how its subject begins.
- Bots for dependencies, formatting and releases are `automation` whatever their message says: they
  quote what others wrote. Agents commit under the account of workflows and of apps that nobody
  listed, so there a trailer counts; the account stays a machine's.
- A trailer may be indented: `git merge --squash` quotes whole messages that way.
- A review bot that appears as co-author is no evidence. GitHub adds it once a person takes a single
  suggestion, and a squash then carries it for the whole request. As author it wrote the commit.
- A committer is no evidence: web flows, rebases and aider commit what others wrote.
- Aider's subject prefix `aider: ` is evidence, as it is to aider's own statistics, although one of
  its two settings writes it on people's work too.

Whatever comes from outside is read up to a limit, by patterns that take no longer than its length.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from shipworthy.errors import ShipworthyError
from shipworthy.git.messages import MESSAGE_CHARACTERS, start_in_lower_case
from shipworthy.git.reference import read_seed, seed_path

CATALOG_SEED = "shipworthy__known_agents"
CATALOG_VARIABLE = "SHIPWORTHY_KNOWN_AGENTS"

# What wrote a line when the evidence says AI but not which.
UNKNOWN_TOOL = "unknown-ai"

_COLUMNS = ("match_on", "value", "author_kind", "ai_tool", "counts_as_coauthor", "note")
# Lists of users' own may lack these.
_NEWER_COLUMNS = ("trailers_count", "source")
_MATCHES = frozenset(
    {
        "agent_trailer_key",
        "author_name_suffix",
        "body_line",
        "branch",
        "email",
        "email_pattern",
        "login",
        "login_suffix",
        "request_label",
        "request_text",
        "subject_prefix",
        "tool_name",
        "trailer_key",
        "trailer_line",
    }
)
_GITHUB_NOREPLY = "@users.noreply.github.com"
_COAUTHOR_KEY = "co-authored-by"

# More than any name and address are long.
_VALUE_CHARACTERS = 1_000
# What parts an address in a trailer from the rest.
_AROUND_ADDRESS = re.compile(r"[<>()\s,;:]+")
# What a model ran in: `GLM-5 via Crush`. A name has one word or two.
_VIA = re.compile(r"\bvia ((?=([\w-]+))[\w-]+(?: [\w-]+)?)")
_WORDS = re.compile(r"[\w.-]+")
_LISTED_NAMES = re.compile(r"[,;/&+(]| and ")


@dataclass(frozen=True, slots=True)
class CommitAttribution:
    """What wrote a commit.

    Parameters
    ----------
    author_kind : str
        What the author's account is: `human`, `agent` or `automation`.
    authorship : str
        `ai`, `automation` or `untagged` (no evidence): a commit alone never proves `human`.
    ai_tool : str or None
        The tool, where authorship is `ai`.
    attribution_method : str or None
        `author`, `trailer`, or None without evidence.
    """

    author_kind: str
    authorship: str
    ai_tool: str | None
    attribution_method: str | None


_UNTAGGED = CommitAttribution("human", "untagged", None, None)
_AUTOMATION = CommitAttribution("automation", "automation", None, "author")


@dataclass(frozen=True, slots=True)
class _Account:
    kind: str
    tool: str | None
    counts_as_coauthor: bool
    trailers_count: bool
    # Known by more than how its name ends.
    is_listed: bool


class Catalog:
    """What is known about agents and bots, made ready for looking up. Get one from `load`."""

    def __init__(self, rows: list[tuple[int, dict[str, str]]], path: Path) -> None:
        self._emails: dict[str, _Account] = {}
        self._logins: dict[str, _Account] = {}
        self._login_suffixes: list[tuple[str, _Account]] = []
        self._email_patterns: list[tuple[str, _Account]] = []
        self._name_suffixes: list[tuple[str, CommitAttribution]] = []
        self._tools: dict[str, str] = {}
        # Lower-case key of a trailer -> its tool, whatever the value.
        self._keys: dict[str, str] = {}
        # Lower-case key of a trailer -> lower-case value -> tool.
        self._lines: dict[str, dict[str, str]] = {}
        # Lower-case key of a trailer that names an agent -> tool of an unlisted agent, if any.
        self._agent_keys: dict[str, str | None] = {}
        self._markers: dict[str, str] = {}
        self._subject_prefixes: dict[str, str] = {}
        # What only pull and merge requests have: texts of their description, labels and branches
        # (shell patterns), all in lower case, each to its tool.
        self._request_texts: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._branches: dict[str, str] = {}
        self._known: dict[str, _Account | None] = {}
        for line, row in rows:
            self._add(row, f"{path}, line {line}")
        keys = {_COAUTHOR_KEY, *self._keys, *self._lines, *self._agent_keys}
        # Looked for before any pattern runs: most messages hold none of them.
        starts = {" ".join(marker.split(" ")[:2]) for marker in self._markers}
        ends = {"-by" if key.endswith("-by") else key for key in keys}
        self._hints = tuple(sorted(ends | starts))
        # A trailer stands at the start of a line, anywhere in the body (a squash joins messages),
        # and may be folded: the next line begins further right, and not with a key of its own. A
        # marker may follow an emoji, and ends its line but for a link.
        key_pattern = "|".join(re.escape(key) for key in sorted(keys))
        marker_pattern = "|".join(re.escape(marker) for marker in sorted(self._markers)) or r"(?!)"
        self._evidence = re.compile(
            rf"^(?P<indent>[ \t]*)(?:(?P<key>{key_pattern})[ \t]*:[ \t]*"
            rf"(?P<value>[^\n]*(?:\n(?P=indent)[ \t]+(?!(?:{key_pattern})[ \t]*:)[^\n]+)*)"
            rf"|(?:[^\x00-\x7f]+[ \t]*)?(?P<marker>{marker_pattern})(?=\(|[ \t.]*\r?$))",
            re.IGNORECASE | re.MULTILINE,
        )

    @staticmethod
    def load(path: Path | None = None) -> "Catalog":
        """Load the catalogue.

        Parameters
        ----------
        path : Path, optional
            A CSV file with the seed's columns; by default what the environment variable
            `SHIPWORTHY_KNOWN_AGENTS` names, else the seed itself.

        Raises
        ------
        ShipworthyError
            If the file cannot be read or a row makes no sense.
        """
        return _load_catalog(path or seed_path(CATALOG_SEED, CATALOG_VARIABLE))

    def author_kind(self, email: str) -> str:
        """Return what an account is, by its address: `human`, `agent` or `automation`."""
        account = self._account(email)
        return account.kind if account else "human"

    def login_kind(self, login: str) -> str:
        """Return what an account is, by its login: `human`, `agent` or `automation`."""
        account = self._account_of_login(login.strip().lower())
        return account.kind if account else "human"

    def is_listed(self, email: str) -> bool:
        """Tell whether an address is known by more than how it ends."""
        account = self._account(email)
        return account is not None and account.is_listed

    def names_tool(self, name: str) -> bool:
        """Tell whether a tool calls itself so."""
        return name.strip().lower() in self._tools

    def tool(self, name: str | None) -> str:
        """Return our name of a tool that calls itself `name`; unknown names are kept."""
        name = (name or "").strip().lower()
        return self._tools.get(name, name) or UNKNOWN_TOOL

    def tool_of_request(self, text: str, labels: Iterable[str], branch: str) -> str | None:
        """Return the tool that a pull or merge request itself names, None without evidence.

        What its author's account and its commits say comes before any of this.

        Parameters
        ----------
        text : str
            The description: trailers and markers count as in a commit, before all else.
        labels : iterable of str
            Names of its labels.
        branch : str
            The branch that it brings in, the weakest evidence.
        """
        if tool := self._tool_from_message(text):
            return tool
        lower_text = text.lower()
        for value, tool in self._request_texts.items():
            if value in lower_text:
                return tool
        for label in labels:
            if tool := self._labels.get(label.lower()):
                return tool
        lower_branch = branch.lower()
        for pattern, tool in self._branches.items():
            if fnmatchcase(lower_branch, pattern):
                return tool
        return None

    def _add(self, row: dict[str, str], where: str) -> None:
        match_on, value = row["match_on"], row["value"].lower()
        if match_on not in _MATCHES:
            raise ShipworthyError(
                f"{where}: match_on is {match_on!r}, not one of {', '.join(sorted(_MATCHES))}."
            )
        if not value.strip():
            raise ShipworthyError(f"{where}: value is empty and would match everything.")
        tool = row["ai_tool"] or None
        if match_on in ("email", "email_pattern", "login", "login_suffix"):
            if row["author_kind"] not in ("human", "agent", "automation"):
                raise ShipworthyError(
                    f"{where}: author_kind is {row['author_kind']!r}, "
                    "not one of human, agent, automation."
                )
            account = _Account(
                row["author_kind"],
                tool,
                row["counts_as_coauthor"].lower() == "true",
                row["trailers_count"].lower() == "true",
                match_on in ("email", "login"),
            )
            if match_on == "email":
                self._emails[value] = account
            elif match_on == "email_pattern":
                self._email_patterns.append((value, account))
            elif match_on == "login":
                self._logins[value] = account
            else:
                self._login_suffixes.append((value, account))
        elif match_on == "agent_trailer_key":
            self._agent_keys[value] = tool
        elif tool is None:
            raise ShipworthyError(f"{where}: ai_tool is empty.")
        elif match_on == "author_name_suffix":
            made = CommitAttribution(row["author_kind"] or "human", "ai", tool, "author")
            self._name_suffixes.append((value, made))
        elif match_on == "trailer_key":
            self._keys[value] = tool
        elif match_on == "trailer_line":
            key, _, text = value.partition(":")
            self._lines.setdefault(key.strip(), {})[text.strip()] = tool
        elif match_on == "body_line":
            self._markers[value] = tool
        elif match_on == "subject_prefix":
            self._subject_prefixes[value] = tool
        elif match_on == "request_text":
            self._request_texts[value] = tool
        elif match_on == "request_label":
            self._labels[value] = tool
        elif match_on == "branch":
            self._branches[value] = tool
        else:
            self._tools[value] = tool

    def _account(self, email: str) -> _Account | None:
        """Find an account by its address; each is sought once, since commits have few."""
        try:
            return self._known[email]
        except KeyError:
            pass
        address = email.strip().strip("<>").lower()
        account = self._emails.get(address)
        if account is None and address.endswith(_GITHUB_NOREPLY):
            # `id+login@`, or `login@` in old commits. The id proves nothing: claude[bot] can carry
            # the one of github-actions[bot].
            login = re.sub(r"^\d+\+", "", address.removesuffix(_GITHUB_NOREPLY))
            account = self._account_of_login(login)
        elif account is None:
            for pattern, of_pattern in self._email_patterns:
                if fnmatchcase(address, pattern):
                    account = of_pattern
                    break
        self._known[email] = account
        return account

    def _account_of_login(self, login: str) -> _Account | None:
        account = self._logins.get(login)
        if account is None:
            for suffix, of_suffix in self._login_suffixes:
                if login.endswith(suffix):
                    return of_suffix
        return account

    def _from_author(self, name: str, email: str) -> CommitAttribution | None:
        account = self._account(email)
        if account is not None and account.kind != "human":
            if account.kind == "automation":
                return _AUTOMATION
            return CommitAttribution("agent", "ai", account.tool or UNKNOWN_TOOL, "author")
        # A cheap look first: all suffixes that vendors use end like this.
        if name.endswith(")"):
            lower_name = name.lower()
            for suffix, attribution in self._name_suffixes:
                if lower_name.endswith(suffix):
                    return attribution
        return None

    def _carries_agents(self, email: str) -> bool:
        """Tell whether agents commit under an account of a machine."""
        account = self._account(email)
        return account is not None and account.trailers_count

    def _tool_from_message(self, message: str) -> str | None:
        """Return the tool that the first trailer or marker in a message names."""
        lower_message = start_in_lower_case(message)
        for hint in self._hints:
            if hint in lower_message:
                break
        else:
            return None
        for match in self._evidence.finditer(message, 0, MESSAGE_CHARACTERS):
            if marker := match["marker"]:
                return self._markers[marker.lower()]
            value = match["value"][:_VALUE_CHARACTERS].strip()
            if tool := self._tool_from_trailer(match["key"].lower(), value):
                return tool
        return None

    def _tool_from_subject(self, message: str) -> str | None:
        """Return the tool that writes subjects which begin like this one."""
        start = message[:_VALUE_CHARACTERS].lstrip().lower()
        for prefix, tool in self._subject_prefixes.items():
            if start.startswith(prefix):
                return tool
        return None

    def _tool_from_trailer(self, key: str, value: str) -> str | None:
        if key in self._keys:
            return self._keys[key] if value else None
        if key in self._lines:
            return self._lines[key].get(value.lower())
        address = find_address(value)
        if address:
            account = self._account(address)
            if account is not None and account.kind == "agent" and account.counts_as_coauthor:
                return account.tool or UNKNOWN_TOOL
            return None
        if key not in self._agent_keys:
            return None
        return self._tool_by_name(value.lower(), self._agent_keys[key])

    def _tool_by_name(self, text: str, unlisted: str | None) -> str | None:
        """Return the tool that a trailer without an address names: `Crush:glm-5`, `X 4 via Crush`.

        People come with an address; a model comes with a version number, listed or not.
        """
        via = _VIA.search(text)
        names = _LISTED_NAMES.split(text)
        candidates = [text, text.partition(":")[0], *(via.groups() if via else ()), *names]
        for name in candidates:
            if name.strip() in self._tools:
                return self._tools[name.strip()]
        if "://" in text or not any(map(str.isdigit, text)):
            return None
        first, *others = _WORDS.findall(text)
        two = f"{first} {others[0]}" if others else first
        return self._tools.get(two) or self._tools.get(first) or unlisted


@lru_cache(maxsize=8)
def _load_catalog(path: Path) -> Catalog:
    return Catalog(read_seed(path, _COLUMNS, _NEWER_COLUMNS), path)


def find_address(value: str) -> str | None:
    """Return the first e-mail address in a trailer's value; it need not be in angle brackets."""
    before, *others = value[:_VALUE_CHARACTERS].split("@")
    for after in others:
        local = _AROUND_ADDRESS.split(before)[-1]
        domain = _AROUND_ADDRESS.split(after)[0]
        if local and domain:
            return f"{local}@{domain}"
        before = after
    return None


def attribute_commit(
    author_name: str,
    author_email: str,
    committer_name: str,
    committer_email: str,
    message: str,
    catalog: Catalog,
) -> CommitAttribution:
    """Tell what wrote a commit.

    Parameters
    ----------
    author_name, author_email : str
        The author. The name counts only by the suffix that vendors document.
    committer_name, committer_email : str
        The committer, who is no evidence of what wrote the content; stated so that no caller mixes
        the two up.
    message : str
        The whole message: subject, body and trailers.
    catalog : Catalog
        What is known about agents.
    """
    by_author = catalog._from_author(author_name, author_email)
    if by_author is not None and not catalog._carries_agents(author_email):
        return by_author
    tool = catalog._tool_from_message(message)
    if by_author is not None:
        return (
            CommitAttribution(by_author.author_kind, "ai", tool, "trailer") if tool else by_author
        )
    tool = tool or catalog._tool_from_subject(message)
    if tool is None:
        return _UNTAGGED
    return CommitAttribution("human", "ai", tool, "trailer")
