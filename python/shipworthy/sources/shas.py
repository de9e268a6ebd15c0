"""Commits as deployments name them: in full, abbreviated, or in the tag of an image."""

import re
from collections.abc import Iterable

from shipworthy.contract import RAW_SCHEMA
from shipworthy.sources.vendor import Query

_FULL = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# `a71e2c4`, `sha-a71e2c4`, `main-a71e2c4`, `1.2.0-14-ga71e2c4`.
_TAG = re.compile(r"(?:.*[-_.])?g?([0-9a-f]{7,64})")


def full_sha(text: str | None) -> str | None:
    """Return a text that is the whole name of a commit; None if it is not."""
    text = (text or "").lower()
    return text if _FULL.fullmatch(text) else None


def sha_in_tag(tag: str | None, repository: str | None, stored: Query) -> str | None:
    """Return the commit that a tag names, in full where the warehouse knows it.

    An abbreviation stays one until the repository's commits are loaded. One that consists of digits
    alone can be a date or a build's number, and counts only if there is such a commit.

    Parameters
    ----------
    tag : str or None
        Tag of an image, or version of an artifact; `sha256:...` is a digest and no commit.
    repository : str or None
        The commits' repository; None: nobody said.
    stored : callable
        Asks the warehouse.
    """
    match = _TAG.fullmatch((tag or "").lower())
    if match is None:
        return None
    sha = match[1]
    if _FULL.fullmatch(sha):
        return sha
    found = stored(
        f"select sha from {RAW_SCHEMA}.commits "
        "where repository = ? and starts_with(sha, ?) limit 2",
        [repository, sha],
    )
    if len(found) == 1:
        return found[0][0]
    return None if sha.isdecimal() else sha


def sha_of_images(images: Iterable[str], repository: str | None, stored: Query) -> str | None:
    """Return the commit that the tags of images name, if all that look like one name the same.

    Parameters
    ----------
    images : iterable of str
        References of images (`registry.example.com/acme/shop:main-a71e2c4`).
    repository, stored
        As for `sha_in_tag`.
    """
    named = {sha_in_tag(_tag(image), repository, stored) for image in images} - {None}
    return named.pop() if len(named) == 1 else None


def _tag(image: str) -> str | None:
    """Return the tag of `host:5000/acme/shop:tag@sha256:...`; a digest alone is none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2] or None
