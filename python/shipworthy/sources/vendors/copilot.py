"""GitHub Copilot: usage by person and day, from the usage reports.

Token: GITHUB_TOKEN. For an organisation it needs `read:org` or `manage_billing:copilot` (classic),
or "Organization Copilot metrics: read" (fine-grained); for an enterprise `read:enterprise` or
`manage_billing:copilot`. The policy "Copilot usage metrics" must be on. Requested is
`GET /orgs/{organization}/copilot/metrics/reports/users-1-day` (or `/enterprises/{enterprise}/...`)
once a day of the window, and the files that its answers link to; where no day has a report, also
`users-28-day/latest`, to tell silence from a wrong name. The links are signed and expire: they are
fetched without the token, asked for again when they have expired, and stored nowhere.

Readings
- One row a person and day, from the report's own totals. The breakdowns by editor, language, model
  and feature describe the same work again and hold fillers ("others"): none is read, `model` is
  null.
- `accepted_lines` is `loc_added_sum`, `suggested_lines` is `loc_suggested_to_add_sum`. Agents add
  lines that were never suggested: added lines can exceed suggested ones, and where lines were added
  and none was suggested, how many were suggested is null.
- `requests` are the prompts of a person (`user_initiated_interaction_count`).
- Sessions and tokens are known of the command line and the app alone. Their prompt tokens are not
  split into cached and uncached ones: `uncached_input_tokens` and both cache columns are null, and
  `output_tokens` is what is known. Without a model they have no price: such a row's cost is
  unknown, not none.
- `credits` are `ai_credits_used` (reported since 2026-06-19). A credit's list price is 0.01 USD,
  which is no bill: `billed_usd` is null.
- A person in several organisations has the same row in each one's report: it counts once.
- A day without a report ends what counts as read, if no later day has one: reports are made a day
  or two late. The last four days are read again.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session
from shipworthy.sources.rows import (
    BadRowError,
    Row,
    contract_resource,
    day_of,
    decimal,
    get,
    need,
    one_of_each,
    row_id,
    total,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Secret, Settings, Vendor, Window

_ATTEMPTS = 4


@dlt.source(name="copilot")
def copilot(
    window: Window,
    session: Session,
    downloads: Session,
    token: str,
    keys: Keys,
    organization: str | None = None,
    enterprise: str | None = None,
    base_url: str = "https://api.github.com",
) -> DltResource:
    """Copilot's usage by person and day.

    Parameters
    ----------
    window : Window
        Its days are asked one by one; GitHub keeps a year, from 2025-10-10 on.
    session : Session
        Retries and waits.
    downloads : Session
        Fetches the reports; `raise_refusals=False`, since an expired link answers 403.
    token : str
        GitHub token.
    keys : Keys
        Makes the keys of people.
    organization, enterprise : str, optional
        Whose reports: one of the two.
    base_url : str
        https://api.SUBDOMAIN.ghe.com for GitHub Enterprise Cloud with data residency.

    Raises
    ------
    ShipworthyError
        If neither or both of organisation and enterprise are given, the token is refused, GitHub
        knows no report at all, or one cannot be fetched.
    """
    path = f"{_place(organization, enterprise)}/copilot/metrics/reports"
    client = RESTClient(base_url, headers=_headers(token), session=session)

    def reports() -> Iterator[list[Any]]:
        silent_from: date | None = None
        is_silent = True
        for day in window.days():
            lines = _report(client, downloads, f"{path}/users-1-day", day)
            if lines is None:
                silent_from = silent_from or day
                continue
            silent_from = None
            is_silent = False
            yield one_of_each(lines, _identity)
        if is_silent:
            _check_that_reports_exist(client, f"{path}/users-28-day/latest")
        if silent_from is not None:
            window.lower_through(
                datetime(silent_from.year, silent_from.month, silent_from.day, tzinfo=UTC)
            )

    return contract_resource("ai_usage", reports(), lambda line: _row(line, keys))


def _place(organization: str | None, enterprise: str | None) -> str:
    if bool(organization) == bool(enterprise):
        raise ShipworthyError(
            "GitHub Copilot needs --organization NAME or --enterprise NAME, one of them."
        )
    if organization:
        return f"orgs/{quote(organization, safe='')}"
    return f"enterprises/{quote(enterprise or '', safe='')}"


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}


def _check_that_reports_exist(client: RESTClient, path: str) -> None:
    """Refuse a name that GitHub does not know: it answers like a day without a report.

    Raises
    ------
    ShipworthyError
        If the last 28 days have no report either.
    """
    answer = client.get(path)
    if answer.status_code in (204, 404):
        raise ShipworthyError(
            "GitHub has no usage report of Copilot for the last 28 days; check the name, and that "
            'the policy "Copilot usage metrics" is on.'
        )
    answer.raise_for_status()


def _report(client: RESTClient, downloads: Session, path: str, day: date) -> list[Any] | None:
    """Return the lines of a day's report, None if there is no report.

    Raises
    ------
    ShipworthyError
        If its links expire faster than they can be followed, or their files stay incomplete.
    """
    for _ in range(_ATTEMPTS):
        answer = client.get(path, params={"day": day.isoformat()})
        if answer.status_code in (204, 404):
            return None
        answer.raise_for_status()
        links = get(answer.json(), "download_links")
        if not isinstance(links, list):
            raise ShipworthyError(
                f"GitHub's usage report of {day} has no download_links; nothing of it was kept."
            )
        files = [_lines(downloads, link, day) for link in links]
        if None not in files:
            return [line for file in files for line in file or []]
    raise ShipworthyError(
        f"The links of GitHub's usage report of {day} expired {_ATTEMPTS} times before they could "
        "be followed; try again later."
    )


def _lines(downloads: Session, link: str, day: date) -> list[Any] | None:
    """Return the lines of a file, read as JSON or, where they are none, as text; None: expired."""
    host = urlsplit(link).hostname
    for _ in range(_ATTEMPTS):
        answer = downloads.get(link)
        if answer.status_code in (401, 403, 404, 410):
            return None
        if answer.status_code >= 400:
            raise ShipworthyError(
                f"{host} answered {answer.status_code} for GitHub's usage report of {day}; nothing "
                "of it was kept."
            )
        texts = [text for text in answer.content.split(b"\n") if text.strip()]
        lines = [_json(text) for text in texts]
        # A file that ends within a line was cut off on its way.
        if not lines or not isinstance(lines[-1], str):
            return lines
    raise ShipworthyError(
        f"GitHub's usage report of {day} ended within a line {_ATTEMPTS} times; try again later."
    )


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace")


def _identity(line: Any) -> tuple[Any, Any] | None:
    person, day = get(line, "user_id"), get(line, "day")
    return None if person is None or day is None else (person, day)


def _row(line: Any, keys: Keys) -> Row:
    if isinstance(line, str):
        raise BadRowError("is not a line of JSON")
    login = need(line, "user_login")
    day = day_of(utc(need(line, "day"), "day"))
    surfaces = [*_each(line.get("totals_by_cli")), *_each(line.get("totals_by_copilot_app"))]
    suggested = whole(line.get("loc_suggested_to_add_sum"), "suggested_lines")
    accepted = whole(line.get("loc_added_sum"), "accepted_lines")
    # The account's number outlives a change of its login.
    account = keys.alias("github-account", need(line, "user_id"))
    return {
        "usage_id": f"copilot:{row_id(account, day)}",
        "source": "copilot",
        "person_key": keys.alias("github", login),
        "tool": "copilot",
        "bucket_started_at": day,
        "bucket_hours": 24,
        "sessions": total(*(whole(get(surface, "session_count")) for surface in surfaces)),
        "requests": whole(line.get("user_initiated_interaction_count"), "requests"),
        "output_tokens": total(
            *(whole(get(surface, "token_usage", "output_tokens_sum")) for surface in surfaces)
        ),
        "credits": decimal(line.get("ai_credits_used"), "credits"),
        "suggested_lines": None if accepted and not suggested else suggested,
        "accepted_lines": accepted,
        "is_automated": login.endswith("[bot]"),
    }


def _each(surface: Any) -> list[Any]:
    """Return the totals of a surface, which come as one object or as a list of several."""
    if surface is None:
        return []
    return surface if isinstance(surface, list) else [surface]


def _loads(settings: Settings) -> Iterable[Load]:
    organization, enterprise = settings["organization"], settings["enterprise"]
    _place(organization, enterprise)
    yield Load(
        f"copilot:{organization}" if organization else f"copilot:enterprise:{enterprise}",
        ("ai_usage",),
        lambda window: copilot(
            window,
            settings.session("GitHub"),
            settings.session("GitHub's download of a report", raise_refusals=False),
            settings.secrets["GITHUB_TOKEN"],
            settings.keys,
            organization,
            enterprise,
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="copilot",
    title="GitHub Copilot",
    inputs=("ai_usage",),
    loads=_loads,
    options=(
        Option("organization", "The organisation whose usage reports are read."),
        Option("enterprise", "The enterprise whose usage reports are read, instead."),
    ),
    secrets=(
        Secret(
            "GITHUB_TOKEN",
            "read:org or manage_billing:copilot for an organisation (fine-grained: Organization "
            "Copilot metrics, read), read:enterprise or manage_billing:copilot for an enterprise",
        ),
    ),
    base_url="https://api.github.com",
    probe="/rate_limit",
    revises=timedelta(days=4),
    window=timedelta(days=30),
    history=timedelta(days=90),
    authenticate=lambda settings: _headers(settings.secrets["GITHUB_TOKEN"]),
)
