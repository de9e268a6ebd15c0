"""Deployments from release tags, for teams whose deployments nobody records."""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase, translate
from typing import NamedTuple

from shipworthy.errors import ShipworthyError
from shipworthy.git.repository import Tag

_SERVICE = "{service}"


class Release(NamedTuple):
    """A row of `deployments` that stands for a release tag.

    Parameters
    ----------
    deployment_id : str
        `repository@tag`.
    tag : str
    service : str or None
        Whom the tag names; None if nobody.
    sha : str
        The tagged commit.
    finished_at : int
        Seconds since 1970 (UTC).
    is_ahead : bool
        Whether the tagger's clock was, so that the tag's own time does not count.
    """

    deployment_id: str
    tag: str
    service: str | None
    sha: str
    finished_at: int
    is_ahead: bool


class TaggedCommit(NamedTuple):
    """When a commit was there, in seconds since 1970 (UTC).

    Parameters
    ----------
    landed_at : int or None
        Its landing, or that of its newest mainline ancestor.
    committed_at : int or None
    is_mainline : bool
    """

    landed_at: int | None
    committed_at: int | None
    is_mainline: bool


class ReleaseRules:
    """Which tags are releases, and of what.

    Parameters
    ----------
    patterns : sequence of str
        Shell patterns of tags; `!` in front leaves tags out. Without any, the tags that name a
        service.
    services : sequence of (str, str)
        Pattern and service, the first that fits wins. `{service}` in a pattern stands for the
        service's name, and in a name for what it stood for.

    Raises
    ------
    ShipworthyError
        If a pattern or a service is empty, or a name wants a `{service}` that its pattern lacks.
    """

    def __init__(self, patterns: Sequence[str], services: Sequence[tuple[str, str]] = ()) -> None:
        wanted = [one for one in patterns if not one.startswith("!")]
        self._unwanted = [one[1:] for one in patterns if one.startswith("!")]
        if not wanted:
            wanted = [pattern.replace(_SERVICE, "*") for pattern, _ in services] or ["*"]
        self._wanted = wanted
        for one in [*wanted, *self._unwanted, *(pattern for pattern, _ in services)]:
            if not one:
                raise ShipworthyError(
                    "A pattern of release tags is empty; write one such as --releases 'v*'."
                )
        self._services = [_compile(*rule) for rule in services]

    @property
    def names_services(self) -> bool:
        """Whether tags are to name services."""
        return bool(self._services)

    def is_release(self, tag: str) -> bool:
        """Tell whether a tag is a release."""
        return any(fnmatchcase(tag, one) for one in self._wanted) and not any(
            fnmatchcase(tag, one) for one in self._unwanted
        )

    def service(self, tag: str) -> str | None:
        """Return the service that a tag names, None if it names none."""
        for regex, name in self._services:
            match = regex.fullmatch(tag)
            if match:
                return name.replace(_SERVICE, match.groupdict().get("service") or "")
        return None


def parse_service_rule(text: str) -> tuple[str, str]:
    """Read a template (`{service}@*`) or a pattern with its service (`cli/v*=cli`).

    Raises
    ------
    ShipworthyError
        If it is neither.
    """
    pattern, equals, name = text.rpartition("=")
    if equals and pattern.strip("=") and name and not re.search(r"[*?\[\]]", name):
        return pattern, name
    if _SERVICE in text:
        return text, _SERVICE
    raise ShipworthyError(
        f"The release service {text!r} says neither where a tag has its service's name nor which "
        "one it is; write it as '{service}@*' or as 'cli/v*=cli'."
    )


def _compile(pattern: str, name: str) -> tuple[re.Pattern[str], str]:
    before, has_service, after = pattern.partition(_SERVICE)
    if not name.strip() or (_SERVICE in name and not has_service) or _SERVICE in after:
        raise ShipworthyError(
            f"The release service {pattern!r} = {name!r} makes no sense: one {_SERVICE} in the "
            "pattern stands for the name, and only then can the service have it."
        )
    if not has_service:
        return re.compile(translate(pattern)), name
    # As much as fits: in `@acme/web@1.2`, all before the last sign.
    parts = [re.sub(r"\\[zZ]$", "", translate(part)) for part in (before, after)]
    return re.compile(f"{parts[0]}(?P<service>.+){parts[1]}", re.DOTALL), name


def find_releases(
    repository: str,
    tags: Iterable[Tag],
    rules: ReleaseRules,
    commits: Mapping[str, TaggedCommit],
    scanned_at: int,
) -> list[Release]:
    """Return the releases that tags mark, by time.

    An annotated tag was made when its tagger says so, but not before its commit was on the mainline
    (for one off the mainline: its newest mainline ancestor), and not after the scan. A lightweight
    tag has no time of its own: it counts from the landing of its commit, or from its commit time if
    that lies off the mainline.

    Parameters
    ----------
    repository : str
        Name of the repository.
    tags : iterable of Tag
    rules : ReleaseRules
    commits : mapping of str to TaggedCommit
        The tagged commits.
    scanned_at : int
        When the tags were read, in seconds since 1970 (UTC).
    """
    releases = []
    for tag in tags:
        if not rules.is_release(tag.name) or tag.sha not in commits:
            continue
        commit = commits[tag.sha]
        is_ahead = tag.tagged_at is not None and tag.tagged_at > scanned_at
        finished_at = None if is_ahead else tag.tagged_at
        if not finished_at:
            finished_at = commit.landed_at if commit.is_mainline else commit.committed_at
        if finished_at is None or finished_at > scanned_at:
            finished_at = commit.landed_at
        if finished_at is not None:
            finished_at = max(finished_at, commit.landed_at or finished_at)
            releases.append(
                Release(
                    f"{repository}@{tag.name}", tag.name, rules.service(tag.name), tag.sha,
                    min(finished_at, scanned_at), is_ahead,
                )
            )  # fmt: skip
    return sorted(releases, key=lambda release: (release.finished_at, release.deployment_id))
