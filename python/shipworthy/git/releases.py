"""Deployments from release tags, for teams whose deployments nobody records."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from shipworthy.git.repository import Tag


class Release(NamedTuple):
    """A row of `deployments` that stands for a release tag.

    Parameters
    ----------
    deployment_id : str
        `repository@tag`.
    sha : str
        The tagged commit.
    finished_at : int
        Seconds since 1970 (UTC).
    """

    deployment_id: str
    sha: str
    finished_at: int


def find_releases(
    repository: str, tags: Iterable[Tag], pattern: str, landed_at: Mapping[str, int]
) -> list[Release]:
    """Return the releases that tags mark, by time.

    An annotated tag was made when its tagger says so. A lightweight tag has no time of its own: it
    counts from the landing of its commit, or from its commit time if that lies off the mainline.

    Parameters
    ----------
    repository : str
        Name of the repository.
    tags : iterable of Tag
    pattern : str
        Shell pattern of the tags that are releases.
    landed_at : mapping of str to int
        Landing of each mainline commit, in seconds since 1970 (UTC).
    """
    releases = []
    for tag in tags:
        if not fnmatchcase(tag.name, pattern):
            continue
        finished_at = tag.tagged_at
        if finished_at is None:
            finished_at = landed_at.get(tag.sha, tag.committed_at)
        if finished_at is not None:
            releases.append(Release(f"{repository}@{tag.name}", tag.sha, finished_at))
    return sorted(releases, key=lambda release: (release.finished_at, release.deployment_id))
