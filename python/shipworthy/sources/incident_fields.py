"""What the sources of incidents have in common: services, severities and commits of a payload."""

import re
from collections.abc import Iterable, Mapping

from shipworthy.contract import text_of_names
from shipworthy.sources.vendor import Option

_SHA = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")


def services_of(names: Iterable[str | None], renamed: Mapping[str, str]) -> str | None:
    """Return the contract's `service`: one name as it is, several as a JSON list of names.

    Parameters
    ----------
    names : iterable of str or None
        As the vendor gives them; None and blanks are left out.
    renamed : mapping
        The vendor's name (or identifier) to the warehouse's; others keep theirs.
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
    """Return the commit that a text or an address names by its whole hash, else None.

    An abbreviated hash names no commit for sure, and would match none in the warehouse.
    """
    found = _SHA.search(text.lower()) if text else None
    return found.group() if found else None


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
