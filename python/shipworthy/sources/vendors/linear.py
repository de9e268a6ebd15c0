"""Linear: incidents kept as issues.

Key: a personal API key with the permission "Read", or an OAuth token with the scope `read`, in
LINEAR_API_KEY. Requested is one GraphQL query, `issues`, with the fields below and no others, in
pages of 50 (https://linear.app/developers/graphql, https://linear.app/developers/filtering).

Readings
- The issues with the label that the user names (by default Incident) are incidents; archived ones
  too, since Linear archives what is done.
- `incident_id` is the identifier (OPS-42), which people write into commits. An issue that moves to
  another team gets another one, and is then a second incident.
- The severity is the label that reads like one ("sev-1", "P2"), else the priority's label
  ("Urgent"); "No priority" is none.
- `opened_at` is the creation; `acknowledged_at` is when work started; `resolved_at` is when the
  issue was completed, or cancelled.
- An issue that duplicates another one (relation `duplicate`) has that one's identifier in
  `merged_into_id`. One that was cancelled, or marked as a duplicate of nothing that is known, is a
  false alarm.
- Services are the labels that the user maps, else the project's name.
- "Caused by" and "fixed by" in the description name a change or a deployment.
- A deleted issue stays as it was loaded.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    services_of,
    severity_in_labels,
    severity_of,
    stated_in,
)
from shipworthy.sources.rows import VERSION, Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Option, Secret, Settings, Vendor, Window

# Linear counts a query's complexity: fields times nodes, relations and labels included.
_PAGE = 50
_QUERY = """
query Incidents($filter: IssueFilter!, $first: Int!, $after: String) {
  issues(
    filter: $filter, first: $first, after: $after, orderBy: createdAt, includeArchived: true
  ) {
    pageInfo { hasNextPage endCursor }
    nodes {
      identifier createdAt updatedAt startedAt completedAt canceledAt priorityLabel description
      state { type }
      project { name }
      labels(first: 30) { nodes { name } }
      relations(first: 30) { nodes { type relatedIssue { identifier } } }
    }
  }
}
"""


@dlt.source(name="linear")
def linear(
    window: Window,
    session: Session,
    key: str,
    label: str = "Incident",
    teams: Sequence[str] = (),
    services: Mapping[str, str] | None = None,
    severities: Mapping[str, str] | None = None,
    base_url: str = "https://api.linear.app",
) -> DltResource:
    """Issues with a label that were updated since the window's start.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    key : str
        API key, or OAuth token.
    label : str
        Label of the issues that are incidents, whatever its case.
    teams : sequence of str
        Keys of the teams (OPS) whose issues are read; empty: all.
    services : mapping of str to str, optional
        A label, or a project's name, to the warehouse's service.
    severities : mapping of str to str, optional
        A severity or priority to `sev1` to `sev5`; others stay.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the key is refused, no attempt was answered, or Linear does not take the query.
    """
    client = RESTClient(base_url, _headers(key), session=session)
    chosen: dict[str, Any] = {"labels": {"some": {"name": {"eqIgnoreCase": label}}}}
    if window.since:
        chosen["updatedAt"] = {"gte": window.since.isoformat()}
    if teams:
        chosen["team"] = {"key": {"in": list(teams)}}

    def issues() -> Iterator[list[Any]]:
        after: str | None = None
        while True:
            variables = {"filter": chosen, "first": _PAGE, "after": after}
            response = client.post("graphql", json={"query": _QUERY, "variables": variables})
            found = _answer(response)
            yield found["nodes"]
            following = get(found, "pageInfo", "endCursor")
            if not get(found, "pageInfo", "hasNextPage") or following in (None, after):
                return
            after = following

    def incident(payload: dict[str, Any]) -> Row:
        labels = _names(payload, "labels")
        mapped = [name for name in labels if name in (services or {})]
        duplicated = [
            get(relation, "relatedIssue", "identifier")
            for relation in get(payload, "relations", "nodes") or []
            if get(relation, "type") == "duplicate"
        ]
        into = next(filter(None, duplicated), None)
        is_over = get(payload, "state", "type") in ("canceled", "duplicate")
        priority = payload.get("priorityLabel")
        severity = severity_in_labels(labels) or (None if priority == "No priority" else priority)
        resolved = payload.get("completedAt") or payload.get("canceledAt")
        return {
            "incident_id": need(payload, "identifier"),
            "service": services_of(mapped or [get(payload, "project", "name")], services or {}),
            "severity_label": severity_of(severity, severities or {}),
            "opened_at": utc(need(payload, "createdAt"), "opened_at"),
            "acknowledged_at": utc(payload.get("startedAt"), "acknowledged_at"),
            "resolved_at": utc(resolved, "resolved_at"),
            **stated_in(payload.get("description")),
            "is_false_alarm": is_over and into is None,
            "is_maintenance": "maintenance" in {name.lower() for name in labels},
            "source": "linear",
            "merged_into_id": into,
            VERSION: utc(payload.get("updatedAt"), "updated_at"),
        }

    return contract_resource(
        "incidents", dlt.resource(issues, name="issue_pages", selected=False), incident
    )


def _answer(response: Any) -> dict[str, Any]:
    """Return the connection that Linear answered; errors come with status 200 and 400."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    codes = {get(error, "extensions", "code") for error in get(body, "errors") or []}
    if "RATELIMITED" in codes:
        raise ShipworthyError(
            "Linear's limit of requests is used up; nothing of this load was kept, try again later."
        )
    if "AUTHENTICATION_ERROR" in codes:
        raise ShipworthyError("Linear refused the credential; check LINEAR_API_KEY.")
    if response.status_code >= 400 and not codes:
        response.raise_for_status()
    found = get(body, "data", "issues")
    if codes or not isinstance(get(found, "nodes"), list):
        said = f" ({', '.join(sorted(str(code) for code in codes))})" if codes else ""
        raise ShipworthyError(
            f"Linear answered without a list of issues{said}; nothing of this load was kept."
        )
    return found


def _headers(key: str) -> dict[str, str]:
    # Personal keys stand alone; OAuth tokens do not.
    return {"Authorization": key if key.startswith("lin_api_") else f"Bearer {key}"}


def _names(payload: Mapping[str, Any], kind: str) -> list[str]:
    nodes = get(payload, kind, "nodes") or []
    return [name for node in nodes if isinstance(name := get(node, "name"), str)]


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "linear",
        ("incidents",),
        lambda window: linear(
            window,
            settings.session("Linear"),
            settings.secrets["LINEAR_API_KEY"],
            settings["incident_label"],
            settings["teams"],
            settings["services"],
            settings["severities"],
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="linear",
    title="Linear",
    inputs=("incidents",),
    loads=_loads,
    options=(
        Option(
            "incident_label",
            "Label of the issues that are incidents; by default Incident.",
            default="Incident",
        ),
        Option(
            "teams",
            "Key of a team (OPS) whose issues are read; by default all are.",
            kind="texts",
            flag="team",
            default=(),
        ),
        Option(
            "services",
            "A label, or a project's name, and the warehouse's service, as FROM=TO.",
            kind="map",
            flag="service",
        ),
        SEVERITIES,
    ),
    secrets=(Secret("LINEAR_API_KEY", "Read (a personal API key, or an OAuth token: read)"),),
    base_url="https://api.linear.app",
    probe="/graphql?query=%7Bviewer%7Bid%7D%7D",
    revises=timedelta(days=1),
    authenticate=lambda settings: _headers(settings.secrets["LINEAR_API_KEY"]),
)
