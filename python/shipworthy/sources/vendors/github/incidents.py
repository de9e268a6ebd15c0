"""Incidents: issues with the incident label.

Requested (`GET /repos/OWNER/NAME/...`): `issues` with that label, `pulls/N` of the requests that
they name, of closed ones the `comments` that they have, and the issue that they repeat.

Readings
- Severity is the label that reads like one (`sev-1`, `P2`, `priority: high`); a label `false-alarm`
  makes it a false alarm, `maintenance` planned work.
- An issue closed as a duplicate (state_reason, label, or comment "Duplicate of #12" of somebody who
  may write: GitHub's docs, "Marking issues or pull requests as a duplicate",
  https://docs.github.com/issues) has the other one in `merged_into_id`, or is a false alarm where
  nothing says which.
- Causes and fixes count where the text says "caused by" or "fixed by" and a request of the same
  repository, a full sha or (cause only) `deploy:ID`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipworthy.sources.incident_fields import INCIDENT_REFERENCE, severity_in_labels
from shipworthy.sources.rows import VERSION, Row, get, need, utc
from shipworthy.sources.vendor import Window
from shipworthy.sources.vendors.github.api import (
    GONE,
    Api,
    Payload,
    labels_of,
    newest_first,
)
from shipworthy.sources.vendors.github.services import Services

_REFERENCE = (
    r"\b[\s:*_`-]*(?:(?:pr|pull request|commit)[\s:]*)?"
    r"(?:(?P<repository>[\w.-]+/[\w.-]+)?#(?P<number>\d{1,18})\b"
    r"|https?://\S+?/(?P<repository_of_url>[\w.-]+/[\w.-]+)/pull/(?P<number_of_url>\d{1,18})\b"
    r"|(?P<sha>[0-9a-f]{40})\b"
    r"|deploy(?:ment)?[\s:#]+(?P<deployment>(?=[\w./-]*\d)[\w./-]*\w))"
)
_CAUSED = re.compile(r"\b(?:caused|introduced) by" + _REFERENCE, re.IGNORECASE)
_FIXED = re.compile(r"\b(?:fixed|resolved) (?:by|in|with)" + _REFERENCE, re.IGNORECASE)
_DEPLOYMENT_LABEL = re.compile(r"deploy(?:ment)?:\s*(\S+)", re.IGNORECASE)

# Who may write, or may be able to; GitHub marks nothing by the comment of others.
_WRITERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_DUPLICATE = re.compile(
    r"\bduplicate of\s+(?:(?P<repository>[\w.-]+/[\w.-]+)?#(?P<number>\d{1,18})\b"
    r"|https?://\S+?/(?P<repository_of_url>[\w.-]+/[\w.-]+)/issues/(?P<number_of_url>\d{1,18})\b)",
    re.IGNORECASE,
)


def find_incidents(api: Api, window: Window, label: str) -> Iterator[Payload]:
    """Yield the issues with a label, each with what caused and fixed it and what it repeats."""
    since = window.since.strftime("%Y-%m-%dT%H:%M:%SZ") if window.since else None
    pages = api.pages(
        "issues", state="all", labels=label, since=since, sort="updated", direction="desc"
    )
    merges: dict[int, str | None] = {}

    def merge_of(number: int) -> str | None:
        if number not in merges:
            request = api.one(f"pulls/{number}")
            merges[number] = get(request, "merge_commit_sha") if get(request, "merged_at") else None
        return merges[number]

    for issue in newest_first(pages, "updated_at", window.since, window.until):
        if isinstance(issue, Mapping) and "pull_request" in issue:
            continue
        yield {
            **issue,
            **_links(api.repository, str(get(issue, "body") or ""), merge_of),
            "merged_into": _merged_into(api, issue),
        }


def _merged_into(api: Api, issue: Payload) -> str | None:
    """Return the incident that a closed issue repeats, as its last word on that says.

    GitHub marks an issue by a comment of somebody who may write ("Duplicate of #12"); where it was
    closed or labelled as a duplicate, the word of others and of the description counts too.
    """
    own = get(issue, "number")
    if not isinstance(own, int):
        return None
    labels = {label.strip().lower() for label in labels_of(issue)}
    is_repeat = issue.get("state_reason") == "duplicate" or "duplicate" in labels
    if not is_repeat and issue.get("state") != "closed":
        return None
    # The author's own word in the description comes before all comments.
    said = [str(issue.get("body") or "")] if is_repeat else []
    if issue.get("comments"):
        said += [
            str(comment.get("body") or "")
            for comment in api.all(f"issues/{own}/comments", absent=GONE)
            if is_repeat or comment.get("author_association") in _WRITERS
        ]
    found = [match for text in said for match in _DUPLICATE.finditer(text)]
    if not found:
        return None
    match = found[-1]
    number = int(match["number"] or match["number_of_url"])
    repository = match["repository"] or match["repository_of_url"] or api.repository
    if repository.lower() != api.repository.lower():
        return f"{repository}#{number}"
    if number == own:
        return None
    return _incident_id(api.repository, {"number": number, **(api.one(f"issues/{number}") or {})})


def _incident_id(repository: str, issue: Payload) -> str:
    """Return the identifier in an issue's title ([INC-101]), else the issue's own."""
    reference = INCIDENT_REFERENCE.search(str(issue.get("title") or ""))
    return reference[1] if reference else f"{repository}#{need(issue, 'number')}"


def _links(repository: str, text: str, merge_of: Any) -> Payload:
    """Return what a text says caused and fixed an incident: the first of each that resolves."""

    def resolve(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
        for match in pattern.finditer(text):
            number = match["number"] or match["number_of_url"]
            named = match["repository"] or match["repository_of_url"] or repository
            if match["sha"]:
                yield "sha", match["sha"].lower()
            elif match["deployment"]:
                yield "deployment", match["deployment"]
            elif named.lower() == repository.lower() and (sha := merge_of(int(number))):
                yield "sha", sha

    causes, fixes = dict(reversed([*resolve(_CAUSED)])), dict(reversed([*resolve(_FIXED)]))
    return {
        "caused_by_sha": causes.get("sha"),
        "caused_by_deployment": causes.get("deployment"),
        "fixed_by_sha": fixes.get("sha"),
    }


@dataclass(frozen=True)
class IncidentRows:
    """Makes rows of the contract from what was found of incidents."""

    repository: str
    services: Services

    def incident(self, issue: Payload) -> Row:
        labels = labels_of(issue)
        words = {re.sub(r"[\s_-]+", "-", label.strip().lower()) for label in labels}
        merged_into = issue["merged_into"]
        is_repeat = issue.get("state_reason") == "duplicate" or "duplicate" in words
        deployments = [match[1] for label in labels if (match := _DEPLOYMENT_LABEL.match(label))]
        return {
            "incident_id": _incident_id(self.repository, issue),
            "service": self.services.of_labels(labels),
            "severity_label": severity_in_labels(labels),
            "opened_at": utc(need(issue, "created_at"), "opened_at"),
            "resolved_at": utc(issue.get("closed_at"), "resolved_at"),
            "caused_by_deployment_id": issue["caused_by_deployment"]
            or min(deployments, default=None),
            "caused_by_sha": issue["caused_by_sha"],
            "fixed_by_sha": issue["fixed_by_sha"],
            "is_false_alarm": "false-alarm" in words or (is_repeat and merged_into is None),
            "is_maintenance": "maintenance" in words,
            "source": "github",
            "merged_into_id": merged_into,
            VERSION: utc(issue.get("updated_at"), "updated_at"),
        }
