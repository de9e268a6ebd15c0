"""What the sources of incidents have in common: services, severities and commits of a payload."""

import re
from collections.abc import Iterable, Mapping

from shipworthy.contract import text_of_names
from shipworthy.sources.vendor import Option

_SHA = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")

_REQUEST_ADDRESS = re.compile(
    r"https?://[^\s<>\"|]+/(?:pull|pulls|merge_requests|pull-requests|pullrequest)/\d+"
)
_REQUEST = re.compile(r"(?<![\w/#!])(?:[\w.-]+(?:/[\w.-]+)+)?[#!]\d{1,18}\b")
_SHORT_SHA = re.compile(
    r"(?i)(?<![\w-])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?![\w-])"
)

_REPEAT = re.compile(
    r"(?:merged|duplicate)(?:[-_ ]?(?:into|of))?(?:\s*[:#= ]\s*#?(\S+))?", re.IGNORECASE
)


def services_of(names: Iterable[str | None], renamed: Mapping[str, str]) -> str | None:
    """Return the contract's `service` of an incident, its names replaced where the user says so.

    Parameters
    ----------
    names : iterable of str or None
        As the vendor gives them; None and blanks are left out.
    renamed : mapping
        The vendor's name (or identifier) to the warehouse's.
    """
    known = [renamed.get(name.strip(), name.strip()) for name in names if name and name.strip()]
    return text_of_names(known)


def severity_of(label: str | None, renamed: Mapping[str, str]) -> str | None:
    """Return the severity's label, renamed where the user says so (case does not count)."""
    if not label or not label.strip():
        return None
    by_lower = {name.strip().lower(): to for name, to in renamed.items()}
    return by_lower.get(label.strip().lower(), label.strip())


def sha_in(text: str | None) -> str | None:
    """Return the commit that a text or an address names by its whole hash, else None."""
    found = _SHA.search(text.lower()) if text else None
    return found.group() if found else None


def repeat_in(tags: Iterable[str]) -> tuple[str | None, bool]:
    """Return what tags say of an incident that repeats another one.

    For vendors that merge no incidents, where people close the second one and say so.

    Parameters
    ----------
    tags : iterable of str
        Read are `merged-into:ID`, `merged:ID`, `duplicate-of:ID` and `duplicate:ID`, and both words
        alone.

    Returns
    -------
    tuple of str or None, bool
        What the first tag with an ID calls the other incident, and whether any tag says "repeat".
    """
    found = [match for tag in tags if (match := _REPEAT.fullmatch(tag.strip()))]
    return next((match[1] for match in found if match[1]), None), bool(found)


def change_in(text: str | None) -> str | None:
    """Return what a field says of a change, as the contract refers to one, else None.

    Parameters
    ----------
    text : str or None
        What somebody typed or pasted. Taken is, in this order: a whole hash; the address of a
        request; a request as `owner/name#12`, `#12` or `!12`; an abbreviated hash (7 characters or
        more, one of them a digit and one of them a letter, so that no number and no word is one).
    """
    if not text:
        return None
    whole = sha_in(text)
    if whole:
        return whole
    for pattern in (_REQUEST_ADDRESS, _REQUEST, _SHORT_SHA):
        found = pattern.search(text)
        if found:
            return found.group().lower() if pattern is _SHORT_SHA else found.group()
    return None


def services_option(what: str) -> Option:
    """Return the option that renames services; `what` says by what the vendor knows them."""
    return Option(
        "services",
        f"{what} and the warehouse's service, as FROM=TO; others keep theirs.",
        kind="map",
        flag="service",
    )


SEVERITIES = Option(
    "severities",
    "A severity's name and what it means (sev1 to sev5), as FROM=TO; others keep theirs.",
    kind="map",
    flag="severity",
)
