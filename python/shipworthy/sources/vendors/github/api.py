"""What one repository at GitHub answers, a hundred rows at a time."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import requests
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator

from shipworthy.sources.http import Session, must_hold
from shipworthy.sources.rows import get, utc_or_none

Payload = dict[str, Any]

# What GitHub answers of a thing that is not there, or was deleted while it was read, such as a
# commit pushed over.
GONE = (404, 410, 422)


class Api:
    """What one repository answers."""

    def __init__(self, session: Session, token: str, base_url: str, repository: str) -> None:
        self.repository = repository
        self._client = RESTClient(
            f"{base_url}/repos/{repository}",
            headers=headers_of(token),
            session=session,
            paginator=HeaderLinkPaginator(),
        )

    def pages(
        self, path: str, selector: str = "$", absent: tuple[int, ...] = (410,), **params: Any
    ) -> Iterator[list[Any]]:
        """Yield the pages of a list; none where it answers that the feature is switched off."""
        params = {"per_page": 100, **params}
        hooks: dict[str, Any] = {
            "response": [must_hold("GitHub", selector.strip("$")), _raise_for_status]
        }
        try:
            for page in self._client.paginate(
                path, params=params, data_selector=selector, hooks=hooks
            ):
                yield list(page)
        except requests.HTTPError as error:
            if error.response is None or error.response.status_code not in absent:
                raise

    def all(self, path: str, selector: str = "$", **options: Any) -> list[Any]:
        """Return a list whole; options as for `pages`."""
        return [item for page in self.pages(path, selector, **options) for item in page]

    def one(self, path: str) -> Payload | None:
        """Return an object; None if there is none of that name."""
        response = self._client.get(path)
        if response.status_code in GONE:
            return None
        response.raise_for_status()
        return response.json()


def _raise_for_status(response: requests.Response, *_: Any, **__: Any) -> None:
    response.raise_for_status()


def headers_of(token: str) -> dict[str, str]:
    """Return the headers of a request with a token's credential."""
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def newest_first(
    pages: Iterable[list[Any]], name: str, since: datetime | None, until: datetime
) -> Iterator[Any]:
    """Yield what of a list, sorted by the time `name` from the newest on, lies in a window.

    Ends after a page that is older as a whole. An entry without a readable time is yielded, for the
    row's own check to refuse it. One that comes twice, as the list grows while it is read, is
    yielded once.
    """
    seen: set[tuple[Any, Any]] = set()
    for page in pages:
        times = [utc_or_none(get(item, name)) for item in page]
        for item, moment in zip(page, times, strict=True):
            if moment and (moment >= until or (since and moment < since)):
                continue
            key = (get(item, "id"), get(item, "run_attempt"))
            if key[0] is None or key not in seen:
                seen.add(key)
                yield item
        if since and page and all(moment and moment < since for moment in times):
            return


def before(since: datetime | None, span: timedelta) -> datetime | None:
    """Return the time so long before; None, the beginning, stays what it is."""
    return since - span if since else None


def labels_of(payload: Payload) -> list[str]:
    """Return the names of a request's or an issue's labels, which may be plain texts."""
    labels = payload.get("labels") or []
    names = [label if isinstance(label, str) else get(label, "name") for label in labels]
    return [name for name in names if isinstance(name, str)]
