"""What `shipworthy load`, shipworthy.toml and `shipworthy doctor` know about a vendor."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from shipworthy.errors import ShipworthyError
from shipworthy.identity import alias_key, person_key

if TYPE_CHECKING:
    from dlt.extract import DltSource

    from shipworthy.sources.http import Session
    from shipworthy.sources.noticed import Noticed

# Lets credentials travel over http:// to hosts other than this machine.
ALLOW_HTTP_VARIABLE = "SHIPWORTHY_ALLOW_HTTP"

# What an option holds: a text, several, a yes or no, files or directories, or a table of texts.
OptionKind = Literal["text", "texts", "flag", "paths", "map", "date"]

# What aliases beside e-mail addresses are unique in, and what they are there. These are also the
# columns of a user's own file of identities, so that nobody has to guess how a vendor's are called.
ALIAS_KINDS: dict[str, str] = {
    "github": "GitHub login",
    "github-account": "GitHub account number, as Copilot's reports have it",
    "github-id": "GitHub account number, as tables that other tools land have it",
    "gitlab": "GitLab username",
    "bitbucket": "Bitbucket account id",
    "cursor": "Cursor user id",
    "openai": "OpenAI user id",
    "openai-api-key": "id of an OpenAI API key",
    "claude": "Claude account id",
    "claude-api-key": "name of a Claude API key",
    "claude-code-installation": "Claude Code's id of an installation",
    "gemini-cli-installation": "Gemini CLI's id of an installation",
    "gemini-code-assist": "Gemini Code Assist's id of a user",
    "kiro": "Identity Center id, as Kiro's and Amazon Q's reports have it",
    "litellm": "LiteLLM user id",
    "litellm-key": "hash of a LiteLLM key",
    "otel-genai": "user id in GenAI spans",
    "id": "id of a person in your own files, such as a payroll number",
}


def _nothing_noticed() -> "Noticed":
    # Help does not wait for the lists of agents.
    from shipworthy.sources.noticed import Noticed

    return Noticed()


@dataclass(frozen=True)
class Option:
    """A setting of a vendor, on the command line and in shipworthy.toml.

    Parameters
    ----------
    name : str
        Key in shipworthy.toml (`repositories`) and parameter of the source.
    help : str
        One line for --help.
    kind : str
        `text`, `texts` (given several times), `flag`, `paths` (arguments of the command), `map`
        (`FROM=TO`, given several times), or `date`.
    flag : str
        The command line's spelling without dashes (`repository`); by default the name's.
    default : object
        Used where nothing is given.
    is_required : bool
        Whether the source makes no sense without it.
    """

    name: str
    help: str
    kind: OptionKind = "text"
    flag: str = ""
    default: Any = None
    is_required: bool = False

    @property
    def spelling(self) -> str:
        """The option as a user types it."""
        if self.kind == "paths":
            return "PATH..."
        return "--" + (self.flag or self.name).replace("_", "-")


@dataclass(frozen=True)
class Secret:
    """A credential, read from the environment and from nowhere else.

    Parameters
    ----------
    variable : str
        Environment variable that holds it.
    scopes : str
        What the credential must be allowed to do, in the vendor's words.
    is_required : bool
        False where the vendor also answers without.
    """

    variable: str
    scopes: str
    is_required: bool = True


@dataclass(frozen=True)
class Keys:
    """Makes the keys of people; the salt never leaves it.

    Parameters
    ----------
    salt : bytes
        From `shipworthy.identity.load_salt`.
    """

    salt: bytes = field(repr=False)

    def email(self, address: str | None) -> str | None:
        """Return the key of an e-mail address, the same as the git reader's."""
        return person_key(address, self.salt) if address else None

    def alias(self, kind: str, alias: str | int | None) -> str | None:
        """Return the key of a login, an account number or an API key's name.

        Parameters
        ----------
        kind : str
            What the alias is unique in, one of `ALIAS_KINDS`.
        alias : str, int or None
            The alias; None and blanks are nobody's.
        """
        if kind == "github-id":
            # SQL reads those tables and has no salt: the number stands for itself, being no name.
            return f"github-id:{str(alias).strip()}" if str(alias or "").strip() else None
        return alias_key(kind, str(alias), self.salt) if alias is not None else None


@dataclass
class Window:
    """The time that one load reads.

    Parameters
    ----------
    since : datetime or None
        From when on (aware, UTC, included); None: from the beginning.
    until : datetime
        Up to when (aware, UTC, excluded).
    through : datetime or None
        Up to when the vendor's answer turned out to be complete, as the source found it while it
        read: it lowers `until` (a report of yesterday that is not made yet), and None says that
        nothing is known beyond the rows themselves (files). Starts as `until`.
    passed_over : Counter of str
        What the source met and leaves out on purpose, counted by a word for it; the load says so.
    noticed : Noticed
        Accounts and tools that no list of agents has; `load_findings` gets them.
    """

    since: datetime | None
    until: datetime
    through: datetime | None = None
    passed_over: Counter[str] = field(default_factory=Counter)
    noticed: "Noticed" = field(default_factory=_nothing_noticed)

    def __post_init__(self) -> None:
        self.through = self.until

    def days(self) -> Iterator[date]:
        """Yield the days (UTC) that the window touches, for vendors that are asked day by day.

        Raises
        ------
        ShipworthyError
            If the window has no start.
        """
        if self.since is None:
            raise ShipworthyError("A source that is read day by day needs a window with a start.")
        day = self.since.date()
        while datetime(day.year, day.month, day.day, tzinfo=UTC) < self.until:
            yield day
            day += timedelta(days=1)

    def lower_through(self, moment: datetime) -> None:
        """Say that from this moment on the vendor's answer has gaps."""
        self.through = moment if self.through is None else min(self.through, moment)


@dataclass(frozen=True)
class Load:
    """What is read, checked and committed in one go.

    Parameters
    ----------
    label : str
        The `source` of its watermarks and the progress line's title: `github:acme/shop`.
    inputs : tuple of str
        Tables of the contract that it fills: each gets a watermark, with rows or without.
    source : callable
        Given the window, the dlt source. Its selected resources yield rows of the contract.
    ranks : mapping
        For sources whose payloads repeat a part of each other in no certain order (logs that were
        copied, counters that grow): table to SQL expressions on its columns, never null. Of the
        rows of one key, those in the warehouse among them, the one with the greatest values stays.
    """

    label: str
    inputs: tuple[str, ...]
    source: Callable[[Window], "DltSource"]
    ranks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# Asks the warehouse: SQL with ? for values, and the values; the rows as they are before the load.
Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


def nothing_stored(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Answer as an empty warehouse does."""
    return []


@dataclass(frozen=True)
class Settings:
    """What a vendor's loads are made from.

    Parameters
    ----------
    values : mapping
        Option name to value; every option of the vendor is there.
    secrets : mapping
        Environment variable to credential; an absent optional one is "".
    keys : Keys
        Makes the keys of people.
    session : callable
        Makes the HTTP session for a title (`"GitHub"`), see `shipworthy.sources.http`.
    stored : callable
        Asks the warehouse, for what a vendor tells only once and a later load must not lose.
    """

    values: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    keys: Keys
    session: Callable[..., "Session"]
    stored: Query = nothing_stored

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def paths(self, *suffixes: str) -> list[Path]:
        """Return the files that the option `paths` names; a directory stands for what it holds.

        Parameters
        ----------
        *suffixes : str
            Endings (`.csv`) of the files to take from directories, at any depth.

        Raises
        ------
        ShipworthyError
            If a path does not exist, or a directory holds no such file.
        """
        found: list[Path] = []
        for given in self.values["paths"]:
            path = home_path(given)
            if path.is_dir():
                inside = sorted(
                    file
                    for file in path.rglob("*")
                    if file.is_file() and file.name.endswith(suffixes)
                )
                if not inside:
                    raise ShipworthyError(f"{path} holds no file that ends in {suffixes[0]}.")
                found += inside
            elif path.is_file():
                found.append(path)
            else:
                raise ShipworthyError(f"{path} does not exist; name a file or a directory.")
        return found


@dataclass(frozen=True)
class Vendor:
    """One vendor.

    Parameters
    ----------
    name : str
        Name on the command line: `claude-code`.
    title : str
        The vendor's own spelling, for sentences: `Claude Code`.
    inputs : tuple of str
        Tables of the contract that it can fill.
    loads : callable
        Given the settings, the loads: one a repository, an organisation or a set of files.
    options : tuple of Option
        Beside `since`, which every vendor with an interface has.
    secrets : tuple of Secret
        Credentials.
    base_url : str
        Where the interface is, the user's to replace (option `base_url`); "" for files.
    needs_base_url : bool
        Whether there is an interface at an address that only the user knows.
    probe : str
        Path below base_url that answers cheaply with the credentials, for `shipworthy doctor`.
    revises : timedelta
        How far back the vendor still changes what it said: each load reads this much again.
    window : timedelta or None
        Longest time that one load reads; history is committed window by window. None: all at once.
    history : timedelta or None
        How far back the first load goes without --since; None: to the beginning.
    authenticate : callable or None
        Given the settings, the headers of a request, for `shipworthy doctor`.
    is_own_word : bool
        Whether the rows are what the user says, which replaces what vendors know of the same alias.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    loads: Callable[[Settings], Iterable[Load]]
    options: tuple[Option, ...] = ()
    secrets: tuple[Secret, ...] = ()
    base_url: str = ""
    needs_base_url: bool = False
    probe: str = ""
    revises: timedelta = timedelta(days=3)
    window: timedelta | None = None
    history: timedelta | None = None
    authenticate: Callable[[Settings], dict[str, str]] | None = None
    is_own_word: bool = False

    @property
    def has_interface(self) -> bool:
        """Whether it is asked over HTTP; files are read anew each time."""
        return bool(self.base_url) or self.needs_base_url

    def all_options(self) -> tuple[Option, ...]:
        """Return the vendor's options with those that every vendor has."""
        if not self.has_interface:
            return self.options
        if self.needs_base_url:
            base_url = Option(
                "base_url", f"Address of your {self.title} (https://...).", is_required=True
            )
        else:
            base_url = Option(
                "base_url",
                f"Where the interface is; by default {self.base_url}.",
                default=self.base_url,
            )
        return (*self.options, base_url)

    def settings(
        self,
        given: Mapping[str, Any],
        keys: Keys,
        session: Callable[..., "Session"],
        environment: Mapping[str, str] = os.environ,
    ) -> Settings:
        """Check what the user gave and fill in the defaults.

        Parameters
        ----------
        given : mapping
            Option name to value; None and empty collections count as not given.
        keys, session
            As in `Settings`.
        environment : mapping
            Where secrets are looked up.

        Raises
        ------
        ShipworthyError
            If a required option or credential is missing, or base_url is no address.
        """
        values: dict[str, Any] = {}
        for option in self.all_options():
            value = given.get(option.name)
            if value is None or value in ((), [], {}, ""):
                value = option.default
            if value is None and option.is_required:
                raise ShipworthyError(
                    f"{self.title} needs {option.spelling} (in shipworthy.toml: {option.name}): "
                    f"{option.help}"
                )
            values[option.name] = value
        secrets = {secret.variable: environment.get(secret.variable, "") for secret in self.secrets}
        for secret in self.secrets:
            if secret.is_required and not secrets[secret.variable]:
                raise ShipworthyError(
                    f"{self.title} needs a credential in the environment variable "
                    f"{secret.variable}; it must be allowed: {secret.scopes}."
                )
        if "base_url" in values:
            values["base_url"] = values["base_url"].rstrip("/")
            self.check_address(values["base_url"], environment)
            session = partial(session, origin=values["base_url"])
        return Settings(values, secrets, keys, session)

    def check_address(self, base_url: str, environment: Mapping[str, str] = os.environ) -> None:
        """Refuse an address that is none, or to which no credential should go.

        Parameters
        ----------
        base_url : str
            Where the interface is.
        environment : mapping
            May allow what is not encrypted.

        Raises
        ------
        ShipworthyError
            If it is not `https://...`, holds a password, or could be overheard.
        """
        from shipworthy.sources.http import is_loopback

        try:
            parts = urlsplit(base_url)
            # The port first: one that is none is an error, which a short cut would leave for later.
            is_address = (parts.port or 0) >= 0 and bool(parts.hostname)
            is_address = is_address and parts.scheme in ("https", "http")
        except ValueError:
            is_address = False
        if not is_address:
            raise ShipworthyError(
                f"{self.title}: base_url is {base_url!r}; it must start with https://."
            )
        if parts.username or parts.password:
            raise ShipworthyError(
                f"{self.title}: base_url holds a user or a password; leave them out, credentials "
                "come from the environment."
            )
        if (
            parts.scheme == "http"
            and not is_loopback(parts.hostname)
            and not environment.get(ALLOW_HTTP_VARIABLE)
        ):
            raise ShipworthyError(
                f"{self.title}: base_url is {base_url!r}, where anybody on the way reads what is "
                f"sent; use https://, or set {ALLOW_HTTP_VARIABLE}=1 for a network of your own."
            )


def home_path(given: str | os.PathLike[str]) -> Path:
    """Return a path as somebody wrote it, with `~` resolved.

    Raises
    ------
    ShipworthyError
        If nobody has that home directory, or it could be no path.
    """
    if "\0" in str(given):
        raise ShipworthyError(f"{given} holds a NUL byte and is no path.")
    try:
        return Path(given).expanduser()
    except RuntimeError:
        raise ShipworthyError(
            f"{given}: there is no such home directory; write the path in full."
        ) from None


def now() -> datetime:
    """Return the time in UTC, aware."""
    return datetime.now(UTC)
