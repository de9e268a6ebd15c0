"""Say what the catalogue of agents does not know, so that silence never reads as human.

Only machines are named here: accounts that call themselves bots, addresses that nobody reads, keys
of trailers, names of products in brackets. A person's name or address never leaves this module.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from shipworthy.git.catalog import UNKNOWN_TOOL, Catalog, CommitAttribution, find_address
from shipworthy.git.messages import MESSAGE_CHARACTERS, start_in_lower_case

UNLISTED_BOT = "unlisted_bot"
UNLISTED_TOOL = "unlisted_tool"

# Words that a machine's account is called by. Joined by dots they may be a person's name.
_MACHINE = re.compile(
    r"(?:[\w.+-]*[-_+])?(?:bot|robot|agent|assistant|copilot|automation|jenkins"
    r"|no-?reply|do-?not-?reply)\d*(?:[-_+][\w.+-]*)?|[\w.+-]*\[bot\]",
    re.ASCII | re.IGNORECASE,
)
_PERSONAL_DOMAINS = ("users.noreply.github.com", "users.noreply.gitlab.com")
# The account of one of GitLab's access tokens, each of which has its own.
_TOKEN = re.compile(r"^(project|group)_\d+_bot(?:_\w+)?")
# Trailers by which tools say what they did, known or not, and markers with a product's name.
_TRAILER = re.compile(
    r"^[ \t]*(?:(?P<key>co-authored-by|co-developed-by|assisted-by|generated-by|made-with"
    r"|generated-with|ai-[a-z-]{1,30}|[a-z][a-z-]{1,30}-(?:session|thread|conversation)(?:-id)?)"
    r"[ \t]*:[ \t]*(?P<value>[^\n]{0,400})"
    r"|(?:[^\x00-\x7f]+[ \t]*)?(?P<marker>generated (?:with|by|using) \[[^\[\]\n]{1,40}\]))",
    re.IGNORECASE | re.MULTILINE,
)
_HINTS = ("-by", "made-with", "generated", "ai-", "-session", "-thread", "-conversation")
_NOTHING = frozenset({"", "no", "none", "false", "n/a", "0", "human"})


class Unlisted(NamedTuple):
    """Something that looks like a machine's and is not in the catalogue.

    Parameters
    ----------
    reason : str
        `unlisted_bot` (an account that wrote commits) or `unlisted_tool` (named by a message).
    subject : str
        The account, or the trailer or marker.
    """

    reason: str
    subject: str


def find_unlisted(
    name: str, email: str, message: str, attribution: CommitAttribution, catalog: Catalog
) -> tuple[Unlisted, ...]:
    """Return what in a commit looks like a machine's and is not in the catalogue, each once.

    Parameters
    ----------
    name, email : str
        The author.
    message : str
        The whole message.
    attribution : CommitAttribution
        What the catalogue says of the commit: where it knows the tool, nothing is missing.
    catalog : Catalog
    """
    account = _unlisted_account(name, email, catalog)
    tools = []
    if attribution.ai_tool is None or attribution.ai_tool == UNKNOWN_TOOL:
        tools = find_unlisted_tools(message, catalog)
    if account is None and not tools:
        return ()
    found = [Unlisted(UNLISTED_BOT, account)] if account else []
    return (*found, *(Unlisted(UNLISTED_TOOL, tool) for tool in tools))


def find_unlisted_account(login: str, catalog: Catalog) -> str | None:
    """Return a bot's account at a vendor as it may be shown, None where the catalogue lists it.

    Parameters
    ----------
    login : str
        The name of an account that the vendor calls a bot, or an address that it signs in by.
    catalog : Catalog
    """
    address = login if "@" in login else f"{login}@{_PERSONAL_DOMAINS[0]}"
    if catalog.is_listed(address):
        return None
    return _shown(login) if "@" in login else _TOKEN.sub(r"\1_*_bot", _clean(login)) or None


def find_unlisted_tools(text: str, catalog: Catalog) -> list[str]:
    """Return the trailers and markers of unknown tools in a text that names no known one."""
    return list(dict.fromkeys(_unlisted_tools(text, catalog)))


def is_unlisted(found: Unlisted, catalog: Catalog) -> bool:
    """Tell whether what was found once is in no list today either."""
    if found.reason == UNLISTED_BOT:
        return find_unlisted_account(found.subject, catalog) is not None
    # As a trailer with a value, or as a line of its own.
    text = f"x\n\n{found.subject}: 1\n{found.subject}"
    return catalog.tool_of_request(text, (), "") is None


@lru_cache(maxsize=4_096)
def _unlisted_account(name: str, email: str, catalog: Catalog) -> str | None:
    """Return a machine's account that the catalogue does not list, None for all others."""
    if catalog.is_listed(email):
        return None
    if _is_machine(email):
        return _shown(email)
    return _clean(name) if name.endswith("[bot]") and " " not in name else None


def _is_machine(email: str) -> bool:
    local, _, domain = email.strip().strip("<>").partition("@")
    if domain.lower() in _PERSONAL_DOMAINS:
        # A person's login may be anything; only apps' end like this.
        return local.endswith("[bot]")
    return len(local) <= 128 and bool(_MACHINE.fullmatch(local))


def _shown(email: str) -> str:
    """Return a machine's account as it may be shown: without what could be its owner's name."""
    local, _, domain = _clean(email).strip("<>").partition("@")
    local = re.sub(r"^\d+\+", "", local)
    if local.endswith("[bot]"):
        return local
    if _TOKEN.match(local):
        return _TOKEN.sub(r"\1_*_bot", local) + f"@{domain}"
    # `first.last+bot@` has its owner's name; a hyphen joins the words of one name.
    return f"*@{domain}" if "." in local or "+" in local else f"{local}@{domain}"


def _unlisted_tools(message: str, catalog: Catalog) -> list[str]:
    found: list[str] = []
    lower = start_in_lower_case(message)
    for hint in _HINTS:
        if hint in lower:
            break
    else:
        return found
    for match in _TRAILER.finditer(message, 0, MESSAGE_CHARACTERS):
        if match["marker"]:
            found.append(_clean(match["marker"]))
            continue
        subject = _unlisted_trailer(match["key"], match["value"].strip(), catalog)
        if subject:
            found.append(subject)
    return found


def _unlisted_trailer(key: str, value: str, catalog: Catalog) -> str | None:
    """Return a trailer as it may be shown: without what could be a person's name or address."""
    lower_key = key.lower()
    key = key[:1].upper() + lower_key[1:]
    if value.lower() in _NOTHING:
        return None
    address = find_address(value)
    if address:
        if catalog.is_listed(address):
            return None
        if _is_machine(address):
            return f"{key}: <{_shown(address)}>"
        # The name of a tool before an address that is not the tool's.
        name = value.partition("<")[0].strip().lower()
        return f"{key}: {name}" if catalog.names_tool(name) else None
    if catalog.names_tool(value):
        return f"{key}: {value.lower()}"
    if lower_key in ("co-authored-by", "co-developed-by"):
        return None
    # A value with a number is a model's or a program's; without one it may be a person's name.
    has_version = any(map(str.isdigit, value)) and "://" not in value
    if has_version and lower_key in ("assisted-by", "generated-by", "made-with", "generated-with"):
        return f"{key}: {_clean(value[:60])}"
    return key


def _clean(text: str) -> str:
    """Return what can be shown and stored: no control characters, no broken ones."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(character for character in text if character.isprintable()).strip().lower()[:128]
