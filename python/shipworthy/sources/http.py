"""Requests to vendors: retried, patient with limits, and silent about secrets.

One session a source, for dlt's `RESTClient` and `rest_api` (`client: {"session": ...}`).
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import tenacity

from shipworthy import __version__
from shipworthy.errors import ShipworthyError

if TYPE_CHECKING:
    from dlt.sources.helpers.rest_client import RESTClient

# Statuses that pass: timeouts, limits, and a server or a proxy that is down for a moment.
_PASSING = frozenset({408, 420, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_ATTEMPTS = 6
_LONGEST_BACKOFF_SECONDS = 60.0
# GitHub's and others' limits are by the hour; beyond this somebody should look.
_LONGEST_WAIT_SECONDS = 3900.0
_TIMEOUT_SECONDS = (10.0, 120.0)


class _TryAgainError(Exception):
    """An answer that is worth another try.

    Parameters
    ----------
    reason : str
        For the sentence, if no further attempt helps.
    wait_seconds : float or None
        What the server asked for; None: it did not.
    """

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_seconds = wait_seconds


class Session(requests.Session):
    """A session that gives an answer or raises a sentence.

    Passing failures (connection, timeout, truncated body, 429 and 5xx, GitHub's 403 of a used-up
    limit) are tried again: after `Retry-After` or at `X-RateLimit-Reset` where the server names a
    time, else with exponential backoff. Other answers of 400 and above are returned, but for 401
    and 403, which a credential must mend.

    Parameters
    ----------
    title : str
        The vendor, for sentences.
    hint : str
        What a refused credential needs ("GITHUB_TOKEN must be allowed: ...").
    sleep : callable
        Takes seconds; tests replace it.
    on_request : callable
        Called after every answered request, for a progress line.
    raise_refusals : bool
        False: 401 and 403 are returned like other answers (signed addresses expire with 403).
    """

    def __init__(
        self,
        title: str,
        hint: str = "",
        sleep: Callable[[float], None] = time.sleep,
        on_request: Callable[[], None] = lambda: None,
        raise_refusals: bool = True,
    ) -> None:
        super().__init__()
        self._title = title
        self._hint = hint
        self._sleep = sleep
        self._on_request = on_request
        self._raise_refusals = raise_refusals
        self.headers["User-Agent"] = f"shipworthy/{__version__}"

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request until it is answered.

        Raises
        ------
        ShipworthyError
            If the credential is refused, or no attempt was answered. Names the address without
            its query, in which signatures and keys travel.
        """
        kwargs["timeout"] = kwargs.get("timeout") or _TIMEOUT_SECONDS
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgainError),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )
        where = address(request.url)
        # What dlt hangs on a request (raising for a status, say) is for the last answer only.
        hooks, request.hooks = request.hooks, requests.hooks.default_hooks()
        try:
            response = attempts(self._send_once, request, **kwargs)
        except _TryAgainError as error:
            raise ShipworthyError(
                f"{self._title} did not answer {request.method} {where} in {_ATTEMPTS} attempts: "
                f"{error.reason}; nothing of this load was kept, try again later."
            ) from None
        self._on_request()
        if self._raise_refusals and response.status_code in (401, 403):
            raise ShipworthyError(
                f"{self._title} refused the credential ({response.status_code}) at {where}"
                + (f"; {self._hint}." if self._hint else ".")
            )
        return requests.hooks.dispatch_hook("response", hooks, response)

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        try:
            response = super().send(request, **kwargs)
            if not kwargs.get("stream"):
                _refuse_truncated(response)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ) as error:
            raise _TryAgainError(_failure(error)) from None
        limited = response.status_code == 403 and (
            "Retry-After" in response.headers
            or response.headers.get("X-RateLimit-Remaining") == "0"
            # GitHub's limit of requests at a time may name no time at all.
            or "secondary rate limit" in response.text.lower()
        )
        if response.status_code in _PASSING or limited:
            raise _TryAgainError(f"status {response.status_code}", _asked_wait(response))
        return response


def must_hold(title: str, name: str) -> Callable[..., None]:
    """Return a response action for `rest_api` that refuses an answer without its list.

    dlt takes a missing list for an empty one: the load would end well and its rows be missing.

    Parameters
    ----------
    title : str
        The vendor, for the sentence.
    name : str
        Field of the answer that holds the list; "" where the answer itself is the list.
    """

    def check(response: requests.Response, *_: Any, **__: Any) -> None:
        if response.status_code >= 400:
            return
        body = response.json()
        held = body.get(name) if name and isinstance(body, dict) else body
        if not isinstance(held, list):
            raise ShipworthyError(
                f"{title} answered {address(response.url)} without a list"
                + (f" {name!r}" if name else "")
                + "; nothing of this load was kept."
            )

    return check


def address(url: str | None) -> str:
    """Return a URL without user, query and fragment, which can hold secrets."""
    parts = urlsplit(url or "")
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def read_pages(
    client: "RESTClient", path: str, name: str, **request: Any
) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Yield what each page lists under a name, and the page's whole answer.

    Parameters
    ----------
    client : RESTClient
        dlt's, with this module's session.
    path : str
        Below the client's address.
    name : str
        Key of the answer that holds the list.
    **request
        What `RESTClient.paginate` takes: `params`, `json`, `method`, `paginator`.

    Raises
    ------
    ShipworthyError
        If an answer has no such list. dlt takes that for an empty page, and a changed interface
        would look like a vendor without data.
    """
    for page in client.paginate(path, data_selector=name, **request):
        answer = page.response.json()
        items = answer.get(name) if isinstance(answer, dict) else None
        if not isinstance(items, list):
            raise ShipworthyError(
                f"{address(page.response.url)} answered without the list {name!r}; "
                "nothing of this load was kept."
            )
        yield items, answer


def _refuse_truncated(response: requests.Response) -> None:
    """Ask again if a body of JSON ends early: a proxy can cut one without any other sign."""
    if response.status_code >= 400 or not response.content:
        return
    if "json" in response.headers.get("Content-Type", "") and "ndjson" not in response.headers.get(
        "Content-Type", ""
    ):
        try:
            json.loads(response.content)
        except ValueError:
            raise _TryAgainError("its answer is not whole JSON") from None


def _asked_wait(response: requests.Response) -> float | None:
    """Return how long the server asks to wait (seconds), None if it does not say."""
    after = response.headers.get("Retry-After", "").strip()
    if after:
        try:
            return max(0.0, float(after))
        except ValueError:
            try:
                moment = parsedate_to_datetime(after)
            except ValueError:
                return None
            return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    reset = response.headers.get("X-RateLimit-Reset", "")
    if response.headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
        seconds = float(reset)
        # Seconds since 1970 at GitHub, seconds to go elsewhere.
        return max(0.0, seconds - time.time() if seconds > 1e9 else seconds) + 1.0
    return None


_backoff = tenacity.wait_random_exponential(multiplier=1, max=_LONGEST_BACKOFF_SECONDS)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_seconds if isinstance(error, _TryAgainError) else None
    return _backoff(state) if asked is None else min(asked, _LONGEST_WAIT_SECONDS)


def _failure(error: Exception) -> str:
    # Not its text: that holds the whole URL.
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "its answer was cut off"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    return "the connection failed"
