"""Jira: incidents kept as issues.

Token: an API token of a user who may browse the projects (scope `read:jira-work` of a scoped one),
in JIRA_API_TOKEN, and the user's address in JIRA_EMAIL. Requested is
`GET /rest/api/3/search/jql` alone (Jira Cloud), with the fields named below and no others.

Readings
- Which issues are incidents says a query in JQL, by default `issuetype = Incident`. Added to it is
  `updated >=` the day before the load's start, since JQL reads times in the zone of the user.
- `incident_id` is the key (OPS-42), which people write into commits. An issue that moves to another
  project gets another key, and is then a second incident.
- The severity is the field that the user names, else the priority.
- `opened_at` is when the issue was created, unless the user names a field for the start of the
  impact. `resolved_at` is the resolution date; where a project sets no resolutions, it is when a
  done issue changed its status category. Jira knows no acknowledgement.
- Issues resolved as Won't Do, Duplicate, Cannot Reproduce or Declined are false alarms.
- An issue with a link "duplicates" to another one has that one's key in `merged_into_id`, and is no
  false alarm by its resolution then. The link's type says so in its outward name
  (https://support.atlassian.com/jira-cloud-administration/docs/configure-issue-linking/); of
  several the first counts. An issue that was cloned is a second incident.
- Services are the components, unless the user names a field. Other links between issues ("is caused
  by") name no deployment and no commit, and are not read.
- A deleted issue stays in the warehouse.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.rest_api import rest_api_resources

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session, must_hold
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    change_in,
    services_of,
    services_option,
    severity_of,
)
from shipworthy.sources.rows import VERSION, Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Option, Secret, Settings, Vendor, Window

_DUPLICATES = re.compile(r"(?:duplicates?|is a duplicate of|repeats|(?:is |was )?merged into)\b")
_JQL = "issuetype = Incident"
_FALSE_ALARMS = ("Won't Do", "Duplicate", "Cannot Reproduce", "Declined")
_FIELDS = (
    "created",
    "updated",
    "resolutiondate",
    "resolution",
    "status",
    "statuscategorychangedate",
    "priority",
    "components",
    "issuelinks",
)


@dlt.source(name="jira")
def jira(
    window: Window,
    session: Session,
    email: str,
    token: str,
    base_url: str,
    jql: str = _JQL,
    services: dict[str, str] | None = None,
    severities: dict[str, str] | None = None,
    false_alarms: Sequence[str] = _FALSE_ALARMS,
    severity_field: str | None = None,
    service_field: str | None = None,
    started_field: str | None = None,
    deployment_field: str | None = None,
    sha_field: str | None = None,
) -> DltResource:
    """Issues of a query that were updated since the window's start.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    email, token : str
        Address of the token's user, and the token.
    base_url : str
        The site: https://acme.atlassian.net.
    jql : str
        Which issues are incidents; without ORDER BY.
    services : dict of str to str, optional
        Name of a component (or value of the service field) to the warehouse's service; others keep
        their name.
    severities : dict of str to str, optional
        A severity or priority to `sev1` to `sev5`; others stay.
    false_alarms : sequence of str
        Names of resolutions.
    severity_field, service_field, started_field, deployment_field, sha_field : str, optional
        Identifiers of fields (`customfield_10060`) that hold the severity, the affected services,
        when the impact started, the identifier of the causing deployment and the causing change: a
        commit's hash, or its request (`acme/shop#12`, or an address).

    Raises
    ------
    ShipworthyError
        If the query has an ORDER BY, the credential is refused, no attempt was answered, or an
        answer holds no issues.
    """
    if re.search(r"\border\s+by\b", jql, re.IGNORECASE):
        raise ShipworthyError(f"Jira: leave the ORDER BY out of the query {jql!r}.")
    no_incidents = {name.strip().lower() for name in false_alarms}
    asked = [severity_field, service_field, started_field, deployment_field, sha_field]

    def incident(payload: dict[str, Any]) -> Row:
        fields = need(payload, "fields")
        severities_given = _texts(fields, severity_field) or _texts(fields, "priority")
        deployments = _texts(fields, deployment_field)
        started = _texts(fields, started_field) or [need(fields, "created")]
        resolved = fields.get("resolutiondate")
        if resolved is None and get(fields, "status", "statusCategory", "key") == "done":
            resolved = fields.get("statuscategorychangedate")
        resolution = get(fields, "resolution", "name") or ""
        merged_into = _duplicated(fields)
        return {
            "incident_id": need(payload, "key"),
            "service": services_of(_texts(fields, service_field or "components"), services or {}),
            "severity_label": severity_of(
                severities_given[0] if severities_given else None, severities or {}
            ),
            "opened_at": utc(started[0], "opened_at"),
            "resolved_at": utc(resolved, "resolved_at"),
            "caused_by_deployment_id": deployments[0] if deployments else None,
            "caused_by_sha": change_in(" ".join(_texts(fields, sha_field))),
            "is_false_alarm": merged_into is None and resolution.strip().lower() in no_incidents,
            "is_maintenance": False,
            "source": "jira",
            "merged_into_id": merged_into,
            VERSION: utc(fields.get("updated"), "updated"),
        }

    query = f"({jql})"
    if window.since:
        query += f' AND updated >= "{window.since - timedelta(days=1):%Y-%m-%d}"'
    credential = {"Authorization": _basic(email, token)}
    (pages,) = rest_api_resources(
        {
            "client": {
                "base_url": base_url,
                "session": session,
                "headers": credential,
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "nextPageToken",
                    "cursor_param": "nextPageToken",
                },
            },
            "resources": [
                {
                    "name": "issue_pages",
                    "selected": False,
                    "endpoint": {
                        "path": "rest/api/3/search/jql",
                        "data_selector": "issues",
                        "response_actions": [must_hold("Jira", "issues")],
                        "params": {
                            # By creation, so that an update during the load moves nothing.
                            "jql": f"{query} ORDER BY created ASC",
                            "fields": ",".join([*_FIELDS, *(name for name in asked if name)]),
                            "maxResults": 100,
                        },
                    },
                }
            ],
        }
    )
    return contract_resource("incidents", pages, incident)


def _basic(email: str, token: str) -> str:
    return "Basic " + base64.b64encode(f"{email}:{token}".encode()).decode("ascii")


def _duplicated(fields: dict[str, Any]) -> str | None:
    """Return the key of the issue that this one says it duplicates."""
    for link in fields.get("issuelinks") or []:
        # Either end of a link may be the one that says "duplicates".
        for says, other in (("outward", "outwardIssue"), ("inward", "inwardIssue")):
            name = str(get(link, "type", says) or "").strip().lower()
            key = get(link, other, "key")
            if key and _DUPLICATES.match(name):
                return key
    return None


def _texts(fields: dict[str, Any], name: str | None) -> list[str]:
    """Return the texts of a field, whatever its kind: text, number, option, or several of them."""
    value = fields.get(name) if name else None
    texts = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            item = item.get("value") or item.get("name")
        if isinstance(item, float) and item.is_integer():
            item = int(item)  # Jira's number fields say 502.0
        if item is not None and str(item).strip():
            texts.append(str(item).strip())
    return texts


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "jira",
        ("incidents",),
        lambda window: jira(
            window,
            settings.session("Jira"),
            settings.secrets["JIRA_EMAIL"],
            settings.secrets["JIRA_API_TOKEN"],
            settings["base_url"],
            settings["jql"],
            settings["services"],
            settings["severities"],
            settings["false_alarms"],
            settings["severity_field"],
            settings["service_field"],
            settings["started_field"],
            settings["deployment_field"],
            settings["sha_field"],
        ),
    )


VENDOR = Vendor(
    name="jira",
    title="Jira",
    inputs=("incidents",),
    loads=_loads,
    options=(
        Option("jql", f"Which issues are incidents; by default {_JQL}.", default=_JQL),
        services_option("A component"),
        SEVERITIES,
        Option(
            "false_alarms",
            f"A resolution that makes it no incident; by default {', '.join(_FALSE_ALARMS)}.",
            kind="texts",
            flag="false_alarm",
            default=list(_FALSE_ALARMS),
        ),
        Option("severity_field", "Field of the severity, as customfield_10060; else priority."),
        Option("service_field", "Field of the affected services; else components."),
        Option("started_field", "Field of the impact's start; else created."),
        Option("deployment_field", "Field of the causing deployment's identifier."),
        Option("sha_field", "Field of the causing commit's whole hash."),
    ),
    secrets=(
        Secret("JIRA_EMAIL", "log in with JIRA_API_TOKEN (the address of its user)"),
        Secret("JIRA_API_TOKEN", "browse the incidents' projects (read:jira-work)"),
    ),
    needs_base_url=True,
    probe="/rest/api/3/myself",
    revises=timedelta(days=1),
    authenticate=lambda settings: {
        "Authorization": _basic(settings.secrets["JIRA_EMAIL"], settings.secrets["JIRA_API_TOKEN"])
    },
)
