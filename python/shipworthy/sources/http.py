"""Requests to vendors: retried, patient with limits, and silent about secrets.

Credentials go to the origin (scheme, host and port) that the user configured and nowhere else:
redirects to another one are followed without them, and a next page elsewhere is refused. What an
answer may take is bounded: its size, its time, the wait that it asks for, and how often a
conversation may go in circles.

One session a source, for dlt's `RESTClient` and `rest_api` (`client: {"session": ...}`).
"""

import ipaddress
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter

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

# What one answer may take, unpacked: the largest pages of vendors have some 10 MB.
_LARGEST_ANSWER_BYTES = 256 * 1024 * 1024
_LONGEST_ANSWER_SECONDS = 900.0
_PIECE_BYTES = 16 * 1024

# A conversation goes in circles when one request comes so often among the last ones, or one path
# answers with the same rows so often in a row.
_MOST_REPEATS = 20
_REQUESTS_REMEMBERED = 10_000
# Pages without a row, one after another, each naming another next one. A vendor that is asked day
# by day has some thousand days.
_MOST_EMPTY_PAGES = 5_000
# One session's: days of asking, at any vendor's limits.
_MOST_REQUESTS = 1_000_000

# Headers that say nothing about who asks; all others are taken for credentials.
_PLAIN_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "anthropic-version",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
        "x-github-api-version",
    }
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


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


class _BoundedAdapter(HTTPAdapter):
    """Reads an answer's body within bounds of size and time, redirects' too.

    Parameters
    ----------
    title : str
        The vendor, for sentences.
    """

    # requests copies adapters by these names.
    __attrs__ = [*HTTPAdapter.__attrs__, "_title"]  # noqa: RUF012

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def send(  # type: ignore[override]  # requests names what it passes
        self, request: requests.PreparedRequest, stream: bool = False, **kwargs: Any
    ) -> requests.Response:
        """Send a request and read its answer whole.

        Raises
        ------
        ShipworthyError
            If the body is larger than 256 MB, or still coming after a quarter of an hour.
        """
        response = super().send(request, stream=True, **kwargs)
        if not stream:
            response._content = self._body(response)
            response._content_consumed = True
        return response

    def _body(self, response: requests.Response) -> bytes:
        ends_at = time.monotonic() + _LONGEST_ANSWER_SECONDS
        body = bytearray()
        where = address(response.url)
        try:
            # read1: what has come, so that a body that drips does not outwait its end here.
            while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
                body += piece
                if len(body) > _LARGEST_ANSWER_BYTES:
                    raise ShipworthyError(
                        f"{self._title} answered {where} with more than "
                        f"{_LARGEST_ANSWER_BYTES // 2**20} MB; nothing of this load was kept."
                    )
                if time.monotonic() > ends_at:
                    raise ShipworthyError(
                        f"{self._title} was still answering {where} after "
                        f"{_LONGEST_ANSWER_SECONDS:.0f} s; nothing of this load was kept, try "
                        "again later."
                    )
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.ReadTimeout(error, response=response) from error
        except urllib3.exceptions.DecodeError as error:
            raise requests.exceptions.ContentDecodingError(error, response=response) from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ChunkedEncodingError(error, response=response) from error
        finally:
            response.raw.release_conn()
        return bytes(body)


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand where requests would else look a password up in ~/.netrc."""
    return request


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
    origin : str or None
        Address whose scheme, host and port may see credentials; None: that of the first request.
    attempts : int
        How often a request is tried; with 1 every answer is returned as it is.
    """

    def __init__(
        self,
        title: str,
        hint: str = "",
        sleep: Callable[[float], None] = time.sleep,
        on_request: Callable[[], None] = lambda: None,
        raise_refusals: bool = True,
        origin: str | None = None,
        attempts: int = _ATTEMPTS,
    ) -> None:
        super().__init__()
        self.auth = _no_credentials
        self._origin = _origin(origin) if origin else None
        self._attempts = attempts
        self._asked: OrderedDict[int, int] = OrderedDict()
        self._rows: dict[str, tuple[int | None, int]] = {}
        self._requests = 0
        self._empty_pages = 0
        for scheme in ("https://", "http://"):
            self.mount(scheme, _BoundedAdapter(title))
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
            If the credential is refused or would go to another origin, no attempt was answered, or
            the answers go in circles. Names the address without its query, in which signatures and
            keys travel.
        """
        self._keep_at_home(request)
        kwargs["timeout"] = kwargs.get("timeout") or _TIMEOUT_SECONDS
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgainError),
            stop=tenacity.stop_after_attempt(self._attempts),
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
                f"{self._title} did not answer {request.method} {where} in {self._attempts} "
                f"attempts: {error.reason}; nothing of this load was kept, try again later."
            ) from None
        self._on_request()
        self._refuse_circles(request, response)
        if self._raise_refusals and response.status_code in (401, 403):
            raise ShipworthyError(
                f"{self._title} refused the credential ({response.status_code}) at {where}"
                + (f"; {self._hint}." if self._hint else ".")
            )
        return requests.hooks.dispatch_hook("response", hooks, response)

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Take credentials off a redirect that leaves the origin; refuse one that takes a body.

        Some vendors have their key in the body, which 307 and 308 send again.

        Raises
        ------
        ShipworthyError
            If the request has a body.
        """
        if self._is_at_home(prepared_request.url):
            return
        if prepared_request.body:
            raise self._leaves_home(prepared_request)
        for name in _credentials(prepared_request):
            del prepared_request.headers[name]

    def _is_at_home(self, url: str | None) -> bool:
        there = _origin(url or "")
        if self._origin is None:
            self._origin = there
        # The same host behind TLS sees no more than it would have.
        return there in (self._origin, ("https", self._origin[1], 443))

    def _keep_at_home(self, request: requests.PreparedRequest) -> None:
        if self._is_at_home(request.url) or not (_credentials(request) or request.body):
            return
        raise self._leaves_home(request)

    def _leaves_home(self, request: requests.PreparedRequest) -> ShipworthyError:
        home = self._origin or ("", "", None)
        return ShipworthyError(
            f"{self._title} names {address(request.url)} as where to go on; credentials go to "
            f"{home[0]}://{home[1]} alone. Nothing of this load was kept; if that "
            "is where the interface is now, set base_url to it."
        )

    def _refuse_circles(
        self, request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        asked = hash((request.method, request.url, request.body))
        self._asked[asked] = self._asked.pop(asked, 0) + 1
        if len(self._asked) > _REQUESTS_REMEMBERED:
            self._asked.popitem(last=False)
        path = urlsplit(request.url or "").path
        rows = _rows_in(response)
        is_same_path = path in self._rows
        before, repeats = self._rows.get(path, (0, 0))
        self._rows = {path: (rows, repeats + 1 if rows and rows == before else 0)}
        if max(self._asked[asked], self._rows[path][1]) > _MOST_REPEATS:
            raise ShipworthyError(
                f"{self._title} answers {address(request.url)} with the same page again and again; "
                "nothing of this load was kept."
            )
        self._requests += 1
        self._empty_pages = (self._empty_pages if is_same_path else 0) + 1 if rows == 0 else 0
        if self._requests > _MOST_REQUESTS or self._empty_pages > _MOST_EMPTY_PAGES:
            many = f"{_MOST_REQUESTS:,} requests"
            if self._empty_pages > _MOST_EMPTY_PAGES:
                many = f"{_MOST_EMPTY_PAGES:,} pages without a row"
            raise ShipworthyError(
                f"{self._title} names a next page after {many}, the last at "
                f"{address(request.url)}; nothing of this load was kept."
            )

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
        if self._attempts > 1 and (response.status_code in _PASSING or limited):
            asked = _asked_wait(response)
            if asked is not None and asked > _LONGEST_WAIT_SECONDS:
                raise ShipworthyError(
                    f"{self._title} asks to wait {asked / 3600:,.0f} hours before "
                    f"{address(request.url)} is asked again (status {response.status_code}); "
                    "nothing of this load was kept, load again then."
                )
            raise _TryAgainError(f"status {response.status_code}", asked)
        return response


def is_loopback(host: str | None) -> bool:
    """Tell whether a host is this machine, so that nothing sent there can be overheard."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return (host or "").lower() == "localhost"


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme)


def _credentials(request: requests.PreparedRequest) -> list[str]:
    return [name for name in request.headers if name.lower() not in _PLAIN_HEADERS]


def _rows_in(response: requests.Response) -> int | None:
    """Return what tells the rows of a page from those of another.

    0 where it lists none, None where it is no list at all.
    """
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    lists = [value for value in (body.values() if isinstance(body, dict) else [body])
             if isinstance(value, list)]  # fmt: skip
    filled = [(len(rows), repr(rows[0]), repr(rows[-1])) for rows in lists if rows]
    return hash(tuple(filled)) if filled else 0 if lists else None


def must_hold(title: str, name: str, may_be_null: bool = False) -> Callable[..., None]:
    """Return a response action for `rest_api` that refuses an answer without its list.

    dlt takes a missing list for an empty one: the load would end well and its rows be missing.

    Parameters
    ----------
    title : str
        The vendor, for the sentence.
    name : str
        Field of the answer that holds the list; "" where the answer itself is the list.
    may_be_null : bool
        Whether null, but not a missing field, is an empty list there.
    """

    def check(response: requests.Response, *_: Any, **__: Any) -> None:
        if response.status_code >= 400:
            return
        body = response.json()
        fields = {"": body} if not name else body if isinstance(body, dict) else {}
        held = fields.get(name, "missing")
        if not isinstance(held, list) and not (may_be_null and held is None):
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
        except RecursionError:
            return  # is refused by whoever reads it
        except ValueError:
            raise _TryAgainError("its answer is not whole JSON") from None


def _asked_wait(response: requests.Response) -> float | None:
    """Return how long the server asks to wait (seconds), None if it does not say."""
    after = response.headers.get("Retry-After", "").strip()
    if after:
        seconds = _seconds(after)
        return _seconds_until(after) if seconds is None else seconds
    if response.headers.get("X-RateLimit-Remaining") == "0":
        seconds = _seconds(response.headers.get("X-RateLimit-Reset", ""))
        if seconds is not None:
            # Seconds since 1970 at GitHub, seconds to go elsewhere.
            return max(0.0, seconds - time.time() if seconds > 1e9 else seconds) + 1.0
    return None


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


_backoff = tenacity.wait_random_exponential(multiplier=1, max=_LONGEST_BACKOFF_SECONDS)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_seconds if isinstance(error, _TryAgainError) else None
    return _backoff(state) if asked is None else asked


def _failure(error: Exception) -> str:
    # Not its text: that holds the whole URL.
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "its answer was cut off"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    return "the connection failed"
