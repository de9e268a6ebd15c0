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

# In an issue's title, [INC-101], but not [SEV-1].
INCIDENT_REFERENCE = re.compile(
    r"\[(?!(?:SEV|S|P|PRIO|PRIORITY)-?\d+\])([A-Z][A-Z0-9]*-\d+|INC\d+)\]"
)
_REPEAT = re.compile(
    r"(?:merged|duplicate)(?:[-_ ]?(?:into|of))?(?:\s*[:#= ]\s*#?(\S+))?", re.IGNORECASE
)

_SEVERITY = re.compile(
    r"(?P<prefix>severity|sev|priority)?[\s:/_=-]*"
    r"(?:(?P<letter>[sp])?(?P<digit>\d)|(?P<word>critical|highest|blocker|urgent|major|high|minor"
    r"|medium|moderate|low|lowest|none|trivial|cosmetic))"
    # `P1 - Critical`
    r"(?P<comment>\s+[-\u2013\u2014(:].*)?",
    re.IGNORECASE,
)
_CAUSED = re.compile(r"\b(?:caused|introduced) by\b([^\n]{1,300})", re.IGNORECASE)
_FIXED = re.compile(r"\b(?:fixed|resolved) (?:by|in|with)\b([^\n]{1,300})", re.IGNORECASE)
# What may stand between those words and what they name: `**Caused by:** PR #12`.
_FILLER = re.compile(r"[\s:*_`<(-]*(?:(?:pr|mr|pull request|merge request|commit)\b[\s:]*)?", re.I)
_DEPLOYMENT = re.compile(r"deploy(?:ment)?[\s:#]+((?=[\w./-]*\d)[\w./-]*\w)", re.IGNORECASE)


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


def severity_in_labels(labels: Iterable[str]) -> str | None:
    """Return what a label says that reads like a severity.

    A severity comes before a priority, and that before a bare word.
    """
    found = []
    for label in map(str.strip, labels):
        match = _SEVERITY.fullmatch(label)
        if match is None or not (match["prefix"] or match["letter"] or match["word"]):
            continue
        named = (match["prefix"] or match["letter"] or "").lower()
        if match["letter"]:
            text = match["letter"] + match["digit"]
        else:
            # `severity: 1` as the seed of severities has it.
            said = label.removesuffix(match["comment"] or "")
            text = match["word"] or re.sub(r"\s*[:/=]+\s*", "-", said)
        found.append((0 if named.startswith("s") else 1 if named else 2, text))
    return min(found)[1] if found else None


def stated_in(text: str | None) -> dict[str, str | None]:
    """Return what a description says after "caused by" and "fixed by", as columns of `incidents`.

    The first of each that names a change or (cause only) a deployment counts; it must follow at
    once, so that a sentence that goes on about something else names nothing.
    """
    said: dict[str, str | None] = dict.fromkeys(
        ("caused_by_sha", "caused_by_deployment_id", "fixed_by_sha")
    )
    for pattern, column in ((_CAUSED, "caused_by_sha"), (_FIXED, "fixed_by_sha")):
        for match in pattern.finditer(text or ""):
            rest = match[1][_FILLER.match(match[1]).end() :]
            deployment = _DEPLOYMENT.match(rest)
            if deployment and column == "caused_by_sha":
                said["caused_by_deployment_id"] = said["caused_by_deployment_id"] or deployment[1]
            elif rest and not said[column]:
                said[column] = change_in(rest.split()[0].rstrip(".,;)>*_`"))
    return said


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
