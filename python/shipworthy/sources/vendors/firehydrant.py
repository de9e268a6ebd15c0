"""FireHydrant: incidents.

Token: a bot's token (which may see private incidents or not), in FIREHYDRANT_API_KEY. Requested are
`GET /v1/incidents`, in pages of 200, and of each of them
`GET /v1/incidents/ID/related_change_events` (https://docs.firehydrant.com/reference/list_incidents
and list_incident_change_events). FireHydrant answers at least 50 requests in 10 seconds, and then
says when to go on.

Readings
- The severity is `severity` ("SEV1"), and where that is UNSET the `priority` ("P2").
- Severity MAINTENANCE is planned work. GAMEDAY is an exercise: it is left out, and counted.
- Times are those of the milestones: `opened_at` is "started", else `started_at`, else `created_at`;
  `acknowledged_at` is "acknowledged"; `resolved_at` is "resolved", else "closed".
- Services are the impacted services, else the impacted functionalities.
- A related change event of the type `caused` names the cause and one of the type `fixed` the fix:
  the label `sha`, `git_sha`, `commit` or `commit_sha`, else the external identifier or summary,
  where it holds a commit or a request; the label `deployment_id` names the deployment. `suspect`
  ones count for nothing.
- FireHydrant merges no incidents: a tag `merged-into:ID` or `duplicate-of:ID` names the other one.
- Archived incidents are not listed, and stay as they were loaded.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

from shipworthy.sources.http import Session, read_pages
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    change_in,
    repeat_in,
    services_of,
    services_option,
    severity_of,
)
from shipworthy.sources.rows import Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Secret, Settings, Vendor, Window

_PAGE = 200
_SHA_LABELS = ("sha", "git_sha", "commit", "commit_sha")


@dlt.source(name="firehydrant")
def firehydrant(
    window: Window,
    session: Session,
    key: str,
    services: dict[str, str] | None = None,
    severities: dict[str, str] | None = None,
    base_url: str = "https://api.firehydrant.io",
) -> DltResource:
    """Incidents that were updated since the window's start.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    key : str
        A bot's token.
    services : dict of str to str, optional
        Name of a service or functionality to the warehouse's service; others keep their name.
    severities : dict of str to str, optional
        A severity or priority to `sev1` to `sev5`; others stay.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the token is refused, no attempt was answered, or an answer holds no list.
    """
    client = RESTClient(base_url, {"Authorization": f"Bearer {key}"}, session=session)

    def pages(path: str, **params: Any) -> Iterator[list[Any]]:
        paginator = PageNumberPaginator(base_page=1, total_path="pagination.pages")
        request = {"params": {"per_page": _PAGE, **params}, "paginator": paginator}
        for page, _ in read_pages(client, path, "data", **request):
            yield page

    def incidents() -> Iterator[list[dict[str, Any]]]:
        since = {"updated_after": window.since.isoformat()} if window.since else {}
        for page in pages("v1/incidents", **since):
            yield [
                {**incident, "changes": changes(incident)} if get(incident, "id") else incident
                for incident in page
            ]

    def changes(incident: Mapping[str, Any]) -> list[Any]:
        if incident.get("severity") == "GAMEDAY":
            return []
        path = f"v1/incidents/{incident['id']}/related_change_events"
        return [change for page in pages(path) for change in page]

    def incident(payload: dict[str, Any]) -> Row | None:
        if payload.get("severity") == "GAMEDAY":
            window.passed_over["exercises"] += 1
            return None
        moments = _moments(payload)
        severity = payload.get("severity")
        if severity in (None, "", "UNSET"):
            severity = payload.get("priority")
        names = _names(payload, "services") or _names(payload, "functionalities")
        into, is_repeat = repeat_in(map(str, payload.get("tag_list") or []))
        opened = moments.get("started") or payload.get("started_at") or need(payload, "created_at")
        resolved = moments.get("resolved") or moments.get("closed")
        identifier = need(payload, "id")
        deployment, cause = _named(payload["changes"], "caused")
        return {
            "incident_id": identifier,
            "service": services_of(names, services or {}),
            "severity_label": severity_of(severity, severities or {}),
            "opened_at": utc(opened, "opened_at"),
            "acknowledged_at": utc(moments.get("acknowledged"), "acknowledged_at"),
            "resolved_at": utc(resolved, "resolved_at"),
            "caused_by_deployment_id": deployment,
            "caused_by_sha": cause,
            "fixed_by_sha": _named(payload["changes"], "fixed")[1],
            "is_false_alarm": is_repeat and into is None,
            "is_maintenance": payload.get("severity") == "MAINTENANCE",
            "source": "firehydrant",
            "merged_into_id": into,
        }

    return contract_resource(
        "incidents", dlt.resource(incidents, name="incident_pages", selected=False), incident
    )


def _names(payload: Mapping[str, Any], kind: str) -> list[str]:
    return [name for one in payload.get(kind) or [] if (name := get(one, "name"))]


def _moments(payload: Mapping[str, Any]) -> dict[str, str]:
    """Return when each milestone was reached, the first time; milestones stand in two places."""
    phases = payload.get("lifecycle_phases") or []
    milestones = [
        *(payload.get("milestones") or []),
        *(one for phase in phases for one in get(phase, "milestones") or []),
    ]
    reached: dict[str, str] = {}
    for milestone in milestones:
        name = str(get(milestone, "type") or get(milestone, "slug") or "").lower()
        moment = get(milestone, "occurred_at")
        if name and moment:
            reached[name] = min(reached.get(name, moment), moment)
    return reached


def _named(changes: list[Any], kind: str) -> tuple[str | None, str | None]:
    """Return the deployment and the change that the related events of a type name."""
    deployment = change = None
    for related in changes:
        if get(related, "type") != kind:
            continue
        event = get(related, "change_event") or {}
        labels = {
            str(key).lower(): str(value) for key, value in (event.get("labels") or {}).items()
        }
        texts = [labels.get(name) for name in _SHA_LABELS]
        texts += [event.get("external_id"), event.get("summary")]
        change = change or next((found for text in texts if (found := change_in(text))), None)
        deployment = deployment or labels.get("deployment_id")
    return deployment, change


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "firehydrant",
        ("incidents",),
        lambda window: firehydrant(
            window,
            settings.session("FireHydrant"),
            settings.secrets["FIREHYDRANT_API_KEY"],
            settings["services"],
            settings["severities"],
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="firehydrant",
    title="FireHydrant",
    inputs=("incidents",),
    loads=_loads,
    options=(services_option("Name of a service or functionality"), SEVERITIES),
    secrets=(Secret("FIREHYDRANT_API_KEY", "read incidents (a bot's token)"),),
    base_url="https://api.firehydrant.io",
    probe="/v1/incidents?per_page=1",
    revises=timedelta(days=1),
    authenticate=lambda settings: {
        "Authorization": f"Bearer {settings.secrets['FIREHYDRANT_API_KEY']}"
    },
)
