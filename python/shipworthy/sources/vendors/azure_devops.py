"""Azure DevOps: pull requests, deployments of pipelines, and work items that are incidents.

Token: a personal access token (or one of a service principal's user) with the scopes Code (read),
Build (read), Environment (read) and Work items (read), in AZURE_DEVOPS_TOKEN. Requested are, below
`https://dev.azure.com/ORGANIZATION/PROJECT/_apis`
(https://learn.microsoft.com/rest/api/azure/devops/, version 7.1):
- `git/repositories/NAME/pullrequests`: those that are active, and those that closed since; of each
  `threads` and `commits`; `git/repositories/NAME/commits/SHA/changes` of the commits that came
  after the first thread;
- `pipelines/environments`, of each `environmentdeploymentrecords`, and `build/builds/ID` of the
  runs that they name;
- `wit/wiql` and `wit/workitemsbatch`: work items with the tag of incidents that changed since.

Readings
- The interface cannot be asked for requests that changed: a closed one is read by the load after
  it closed, and what somebody says on it later is not.
- `merge_sha` is the last merge commit of a completed request. Azure DevOps tells no sizes, so that
  lines are unknown. `ready_at` is the opening, and null of a draft: when one became ready is not
  told.
- A vote is a review, at its time in the threads: 10 and 5 (with suggestions) approve, -5 and -10
  ask for changes, 0 takes the vote before back, which is `dismissed` then. `comment_threads` are
  those that the reviewer opened before it and after their review before.
- A thread is one that a person began on a file. Notes of the system and general comments are none.
- A request's tool is its author's account, else that of most of its commits with evidence, else
  what its text, labels or branch say. An agent's driver is a person who closed it.
- People are known by their sign-in name, which is an address, so that they are the same as in
  commits; build services and groups are automation.
- Merges among a request's commits cannot be told from others, and stay.
- Deployment: a record of an environment's job; succeededWithIssues is a success, skipped and
  abandoned are cancelled. Its commit is the run's, where the run's source is the repository that
  deploys. A record without a result is in progress.
- Incident: the severity is a tag that reads like one, since the field has a default, else the field
  Severity ("1 - Critical"), else the priority as `P2`. A link "Duplicate Of" names the incident
  that goes on; a reason "Duplicate" without one, or a tag `false-alarm`, makes it a false alarm.
  `fixed_by_sha` is a link "Fixed in Commit", else what the description says; so is the cause.
  Services are the tags that the user maps, else the area's last part.
"""

import base64
import html
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient

from shipworthy.errors import ShipworthyError
from shipworthy.git.catalog import Catalog, CommitAttribution, attribute_commit
from shipworthy.sources.http import Session
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    services_of,
    severity_in_labels,
    severity_of,
    stated_in,
)
from shipworthy.sources.noticed import Noticed
from shipworthy.sources.request_authorship import AUTOMATION, attribute_request, label_list
from shipworthy.sources.rows import (
    VERSION,
    BadRowError,
    Row,
    contract_resource,
    get,
    need,
    row_id,
    utc,
    utc_or_none,
)
from shipworthy.sources.shas import full_sha
from shipworthy.sources.vendor import Keys, Load, Option, Secret, Settings, Vendor, Window

Payload = dict[str, Any]

_REQUEST_INPUTS = (
    "pull_requests",
    "pull_request_commits",
    "pull_request_commit_files",
    "reviews",
    "review_threads",
)
_PROJECT_INPUTS = ("deployments", "incidents")
_API = "7.1"
_PAGE = 100
# Work items of one question, and of one batch.
_BATCH = 200
_VOTES = {
    "10": "approved",
    "5": "approved",
    "-5": "changes_requested",
    "-10": "changes_requested",
    "0": "",
}
_RESULTS = {
    "succeeded": "success",
    "succeededWithIssues": "success",
    "failed": "failure",
    "canceled": "cancelled",
    "skipped": "cancelled",
    "abandoned": "cancelled",
}
# What a token that is no longer good gets, with status 200 or 203.
_SIGN_IN = (
    "Azure DevOps refused the credential and answered with a page to sign in; check "
    "AZURE_DEVOPS_TOKEN."
)
_DUPLICATE_OF = "System.LinkTypes.Duplicate-Reverse"
_LINE_TAGS = re.compile(r"</?(?:p|div|br|li|ul|ol|tr|h\d)\b[^>]{0,1000}>", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]{0,1000}>")


class _Api:
    """What one project answers."""

    def __init__(self, session: Session, token: str, base_url: str, project: str) -> None:
        headers = {"Authorization": _basic(token)}
        self._client = RESTClient(
            f"{base_url}/{quote(project)}/_apis", headers=headers, session=session
        )

    def answer(self, path: str, body: Any = None, **params: Any) -> tuple[Any, str]:
        """Return an answer and the token of the page after it ("": none); None where it is gone."""
        params = {"api-version": _API, **params}
        if body is None:
            response = self._client.get(path, params=params)
        else:
            response = self._client.post(path, json=body, params=params)
        if response.status_code == 404:
            return None, ""
        if response.status_code == 203:
            raise ShipworthyError(_SIGN_IN)
        response.raise_for_status()
        if "html" in response.headers.get("Content-Type", ""):
            raise ShipworthyError(_SIGN_IN)
        return response.json(), response.headers.get("x-ms-continuationtoken", "")

    def listed(self, path: str, **params: Any) -> Iterator[list[Any]]:
        """Yield the pages of a list that goes on by a token."""
        token = ""
        while True:
            more = {"continuationToken": token} if token else {}
            body, following = self.answer(path, **params, **more)
            yield _values(body)
            if not following or following == token:
                return
            token = following


def _values(body: Any) -> list[Any]:
    found = get(body, "value")
    if body is None:
        raise ShipworthyError(
            "Azure DevOps answered 404; check the names that you gave. Nothing of this load was "
            "kept."
        )
    if not isinstance(found, list):
        raise ShipworthyError(
            "Azure DevOps answered without a list 'value'; nothing of this load was kept."
        )
    return found


def _basic(token: str) -> str:
    return "Basic " + base64.b64encode(f":{token}".encode()).decode("ascii")


@dlt.source(name="azure_devops_requests")
def azure_devops_requests(
    window: Window,
    session: Session,
    keys: Keys,
    token: str,
    project: str,
    name: str,
    repository: str,
    base_url: str,
) -> list[DltResource]:
    """Pull requests of one repository that are active, or closed in a window of time.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    keys : Keys
        Makes the keys of people.
    token : str
        Personal access token.
    project, name : str
        Of the repository, as Azure DevOps calls them.
    repository : str
        What the warehouse calls it.
    base_url : str
        `https://dev.azure.com/ORGANIZATION`, or a collection of one's own server.

    Raises
    ------
    ShipworthyError
        While it is read: if the credential is refused or an answer holds no list.
    """
    api = _Api(session, token, base_url, project)
    people = _People(keys, window.noticed)
    path = f"git/repositories/{quote(name)}"

    def numbered(**params: Any) -> Iterator[list[Any]]:
        skip = 0
        while True:
            body, _ = api.answer(f"{path}/pullrequests", **params, **{"$top": _PAGE, "$skip": skip})
            found = _values(body)
            yield found
            if len(found) < _PAGE:
                return
            skip += _PAGE

    def changed() -> Iterator[list[Any]]:
        yield from numbered(**{"searchCriteria.status": "active"})
        bounds = {
            "searchCriteria.queryTimeRangeType": "closed",
            "searchCriteria.maxTime": window.until.isoformat(),
        }
        if window.since:
            bounds["searchCriteria.minTime"] = window.since.isoformat()
        for status in ("completed", "abandoned"):
            yield from numbered(**{"searchCriteria.status": status, **bounds})

    def bundles() -> Iterator[Payload]:
        for page in changed():
            for request in page:
                number = get(request, "pullRequestId")
                if number is None:
                    yield {"request": request, "threads": [], "commits": []}
                    continue
                of_it = f"{path}/pullRequests/{number}"
                commits = [
                    one
                    for page in api.listed(f"{of_it}/commits", **{"$top": _PAGE})
                    for one in page
                ]
                threads = _values(api.answer(f"{of_it}/threads")[0])
                yield {"request": request, "threads": threads, "commits": commits}

    def files(bundle: Payload) -> Iterator[list[Payload]]:
        begun = [
            utc_or_none(one.get("publishedDate")) for one in bundle["threads"] if _is_thread(one)
        ]
        first = min((moment for moment in begun if moment), default=None)
        for commit in bundle["commits"]:
            moment = utc_or_none(get(commit, "committer", "date"))
            if first is None or moment is None or moment <= first or not get(commit, "commitId"):
                continue
            body, _ = api.answer(f"{path}/commits/{commit['commitId']}/changes")
            paths = set()
            for change in get(body, "changes") or []:
                if get(change, "item", "isFolder"):
                    continue
                # A file that was renamed is touched under both names.
                paths |= {get(change, "item", "path"), get(change, "sourceServerItem")} - {None}
            yield [
                {"request": bundle["request"], "sha": commit["commitId"], "path": one.lstrip("/")}
                for one in sorted(paths)
            ]

    def belonging(request: Payload) -> Row:
        return {"repository": repository, "number": need(request, "pullRequestId")}

    def pull_request(bundle: Payload) -> Row:
        request = bundle["request"]
        kind, authorship, tool = people.wrote_request(request, bundle["commits"])
        people.notice_request(request, tool)
        status = need(request, "status")
        opened_at = utc(need(request, "creationDate"), "opened_at")
        closed_at = utc(request.get("closedDate"), "closed_at") if status != "active" else None
        closer = request.get("closedBy") if closed_at else None
        is_merged = status == "completed"
        authored = [utc_or_none(get(one, "author", "date")) for one in bundle["commits"]]
        by_person = kind == "agent" and people.kind(closer) == "human"
        return {
            **belonging(request),
            "author_key": people.key(request.get("createdBy")),
            "author_kind": kind,
            "authorship": authorship,
            "ai_tool": tool,
            "opened_at": opened_at,
            "ready_at": None if request.get("isDraft") else opened_at,
            "merged_at": closed_at if is_merged else None,
            "closed_at": closed_at,
            "merge_sha": get(request, "lastMergeCommit", "commitId") if is_merged else None,
            "head_branch": _branch(request),
            "first_commit_at": min((moment for moment in authored if moment), default=None),
            "merged_by_key": people.key(closer) if is_merged else None,
            "closed_by_key": people.key(closer),
            "closed_by_kind": people.kind(closer),
            "driver_key": people.key(closer) if by_person else None,
            "labels": label_list(_labels(request)),
        }

    def commit(payload: Payload) -> Row:
        made = people.wrote_commit(payload)
        people.notice_commit(payload, made)
        return {
            **belonging(payload["request"]),
            "sha": need(payload, "commitId"),
            "author_key": keys.email(get(payload, "author", "email")),
            "author_kind": made.author_kind,
            "authorship": made.authorship,
            "ai_tool": made.ai_tool,
            "committed_at": utc(need(payload, "committer", "date"), "committed_at"),
        }

    def commit_file(file: Payload) -> Row:
        return {**belonging(file["request"]), "sha": file["sha"], "path": file["path"]}

    def review(payload: Payload) -> Row:
        reviewer = people.key(payload["user"])
        at = utc(need(payload, "date"), "submitted_at")
        row = get(payload, "request", "pullRequestId"), payload["id"]
        people.notice("reviews", row, payload["user"])
        return {
            **belonging(payload["request"]),
            "review_id": row_id(payload["request"]["pullRequestId"], payload["id"]),
            "reviewer_key": reviewer,
            "reviewer_kind": people.kind(payload["user"]),
            "state": payload["state"],
            "submitted_at": at,
            "comment_threads": payload["comment_threads"],
        }

    def thread(payload: Payload) -> Row:
        first, *others = _comments(payload)
        return {
            **belonging(payload["request"]),
            "thread_id": f"{need(payload['request'], 'pullRequestId')}-{need(payload, 'id')}",
            "author_key": people.key(first.get("author")),
            "author_kind": people.kind(first.get("author")),
            "path": str(get(payload, "threadContext", "filePath")).lstrip("/"),
            "opened_at": utc(need(payload, "publishedDate"), "opened_at"),
            "replies": len(others),
        }

    requests = dlt.resource(bundles, name="requests", selected=False)

    def part(kind: str, take: Any) -> DltResource:
        return dlt.transformer(take, data_from=requests, name=kind, selected=False)

    def of(bundle: Payload, found: Iterable[Payload]) -> list[Payload]:
        return [{**one, "request": bundle["request"]} for one in found]

    return [
        contract_resource("pull_requests", requests, pull_request),
        contract_resource(
            "pull_request_commits", part("commits", lambda one: of(one, one["commits"])), commit
        ),
        contract_resource("pull_request_commit_files", part("files", files), commit_file),
        contract_resource(
            "reviews", part("votes", lambda one: of(one, _decisions(one["threads"]))), review
        ),
        contract_resource(
            "review_threads",
            part("threads", lambda one: of(one, filter(_is_thread, one["threads"]))),
            thread,
        ),
    ]


@dlt.source(name="azure_devops_project")
def azure_devops_project(
    window: Window,
    session: Session,
    token: str,
    organization: str,
    project: str,
    base_url: str,
    names: Mapping[str, str] | None = None,
    services: Mapping[str, str] | None = None,
    severities: Mapping[str, str] | None = None,
    incident_tag: str = "incident",
    without: Collection[str] = (),
) -> list[DltResource]:
    """Deployments and incidents of one project.

    Parameters
    ----------
    window : Window
        Deployments by when they were queued, incidents by their last change.
    session, token, base_url
        As for the requests.
    organization, project : str
        As Azure DevOps calls them.
    names : mapping of str to str, optional
        `PROJECT/NAME` of a repository to what the warehouse calls it.
    services : mapping of str to str, optional
        Environment, pipeline, tag or area to the warehouse's service.
    severities : mapping of str to str, optional
        A severity to `sev1` to `sev5`; others stay.
    incident_tag : str
        Tag of the work items that are incidents.
    without : collection of str, optional
        `deployments` or `incidents`, to leave them out.

    Raises
    ------
    ShipworthyError
        While it is read: if the credential is refused or an answer holds no list.
    """
    api = _Api(session, token, base_url, project)
    mapped = services or {}

    @cache
    def run(number: Any) -> Payload:
        return api.answer(f"build/builds/{number}")[0] or {}

    def records() -> Iterator[list[Payload]]:
        for page in api.listed("pipelines/environments", **{"$top": _PAGE}):
            for environment in page:
                number = get(environment, "id")
                path = f"pipelines/environments/{number}/environmentdeploymentrecords"
                for found in api.listed(path, top=_PAGE):
                    times = [utc_or_none(get(one, "queueTime")) for one in found]
                    yield [
                        {**one, "environment": environment, "run": run(get(one, "owner", "id"))}
                        for one, moment in zip(found, times, strict=True)
                        if not moment
                        or (moment < window.until and not (window.since and moment < window.since))
                    ]
                    # The newest first.
                    if window.since and times and all(one and one < window.since for one in times):
                        break

    def deployment(payload: Payload) -> Row:
        result = payload.get("result")
        if result is not None and result not in _RESULTS:
            raise BadRowError(f"result is not one of {', '.join(_RESULTS)}")
        environment = get(payload, "environment", "name")
        source = get(payload, "run", "repository") or {}
        repository = _repository(source, organization, project, names or {})
        known = (environment, get(payload, "definition", "name"), repository)
        return {
            "deployment_id": f"azure-devops:{organization}/{project}:{need(payload, 'id')}",
            "repository": repository,
            "service": next((mapped[name] for name in known if name in mapped), None),
            "environment": environment,
            "sha": full_sha(get(payload, "run", "sourceVersion")),
            "status": _RESULTS[result] if result else "in_progress",
            "created_at": utc(need(payload, "queueTime"), "created_at"),
            "started_at": utc(payload.get("startTime"), "started_at"),
            "finished_at": utc(payload.get("finishTime"), "finished_at") if result else None,
            "deployed_by_kind": None,
            "kind": "deploy",
            "source": "azure-devops",
        }

    def work_items() -> Iterator[list[Payload]]:
        tag = incident_tag.replace("'", "''")
        query = (
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project "
            f"AND [System.Tags] CONTAINS '{tag}'"
        )
        if window.since:
            # Without a time the day counts, in the zone of the account.
            query += f" AND [System.ChangedDate] >= '{window.since - timedelta(days=1):%Y-%m-%d}'"
        body, _ = api.answer("wit/wiql", {"query": f"{query} ORDER BY [System.Id]"})
        found = get(body, "workItems")
        if not isinstance(found, list):
            raise ShipworthyError(
                "Azure DevOps answered without a list 'workItems'; nothing of this load was kept."
            )
        numbers = [get(one, "id") for one in found]
        for start in range(0, len(numbers), _BATCH):
            asked = {"ids": numbers[start : start + _BATCH], "$expand": "relations"}
            yield _values(api.answer("wit/workitemsbatch", asked)[0])

    def incident(item: Payload) -> Row:
        fields = need(item, "fields")
        tags = [tag.strip() for tag in str(fields.get("System.Tags") or "").split(";")]
        words = {re.sub(r"[\s_-]+", "-", tag.lower()) for tag in tags}
        relations = item.get("relations") or []
        into = _linked(relations, _DUPLICATE_OF)
        is_repeat = fields.get("System.Reason") == "Duplicate" or "duplicate" in words
        severity = severity_in_labels(tags) or fields.get("Microsoft.VSTS.Common.Severity")
        priority = fields.get("Microsoft.VSTS.Common.Priority")
        area = str(fields.get("System.AreaPath") or "").rpartition("\\")[2]
        named = [tag for tag in tags if tag in mapped] or [area]
        said = stated_in(_text(str(fields.get("System.Description") or "")))
        resolved = fields.get("Microsoft.VSTS.Common.ResolvedDate") or fields.get(
            "Microsoft.VSTS.Common.ClosedDate"
        )
        return {
            "incident_id": f"{project}#{need(item, 'id')}",
            "service": services_of(named, mapped),
            "severity_label": severity_of(
                severity or (f"P{priority}" if priority else None), severities or {}
            ),
            "opened_at": utc(need(fields, "System.CreatedDate"), "opened_at"),
            "acknowledged_at": utc(
                fields.get("Microsoft.VSTS.Common.ActivatedDate"), "acknowledged_at"
            ),
            "resolved_at": utc(resolved, "resolved_at"),
            **said,
            "fixed_by_sha": _fix(relations) or said["fixed_by_sha"],
            "is_false_alarm": "false-alarm" in words or (is_repeat and into is None),
            "is_maintenance": "maintenance" in words,
            "source": "azure-devops",
            "merged_into_id": f"{project}#{into}" if into else None,
            VERSION: utc(fields.get("System.ChangedDate"), "updated_at"),
        }

    resources = []
    if "deployments" not in without:
        found = dlt.resource(records, name="deployment_records", selected=False)
        resources.append(contract_resource("deployments", found, deployment))
    if "incidents" not in without:
        found = dlt.resource(work_items, name="work_items", selected=False)
        resources.append(contract_resource("incidents", found, incident))
    return resources


# ----------------------------------------------------------------------- parts of what is told


def _comments(thread: Any) -> list[Payload]:
    """Return what people said in a thread, the first of them first."""
    comments = get(thread, "comments") or []
    return [one for one in comments if get(one, "commentType") in ("text", 1) or _is_gone(one)]


def _is_gone(comment: Any) -> bool:
    return bool(get(comment, "isDeleted")) and get(comment, "commentType") is None


def _is_thread(thread: Any) -> bool:
    return bool(not get(thread, "isDeleted") and get(thread, "threadContext", "filePath")) and bool(
        _comments(thread)
    )


def _decisions(threads: list[Any]) -> list[Payload]:
    """Return votes, oldest first; one that was taken back is dismissed."""
    votes = sorted(
        (one for one in threads if _property(one, "CodeReviewThreadType") == "VoteUpdate"),
        key=lambda one: (str(one.get("publishedDate")), one.get("id") or 0),
    )
    opened: dict[Any, list[str]] = defaultdict(list)
    for thread in filter(_is_thread, threads):
        who = get(_comments(thread)[0], "author", "id")
        opened[who].append(str(thread.get("publishedDate")))
    found: list[Payload] = []
    standing: dict[Any, Payload] = {}
    for vote in votes:
        user = get((vote.get("comments") or [{}])[0], "author")
        who, at = get(user, "id"), vote.get("publishedDate")
        state = _VOTES.get(str(_property(vote, "CodeReviewVoteResult")))
        if state is None:
            continue
        if not state:
            withdrawn = standing.pop(who, None)
            if withdrawn:
                withdrawn["state"] = "dismissed"
            continue
        before = [one for one in opened[who] if one <= str(at)]
        opened[who] = [one for one in opened[who] if one not in before]
        decision = {
            "id": vote.get("id"),
            "user": user,
            "state": state,
            "date": at,
            "comment_threads": len(before),
        }
        standing[who] = decision
        found.append(decision)
    return found


def _property(thread: Any, name: str) -> Any:
    value = get(thread, "properties", name)
    return get(value, "$value") if isinstance(value, Mapping) else value


def _labels(request: Payload) -> list[str]:
    return [name for one in request.get("labels") or [] if (name := get(one, "name"))]


def _branch(request: Payload) -> str | None:
    """Return the branch's name without its author's, which is often put there."""
    branch = str(request.get("sourceRefName") or "").removeprefix("refs/heads/")
    alias = str(get(request, "createdBy", "uniqueName") or "").partition("@")[0]
    if not branch or not alias:
        return branch or None
    own = rf"(?<![^\W_]){re.escape(alias)}(?![^\W_])"
    return re.sub(own, "author", branch, flags=re.IGNORECASE)


def _repository(
    source: Mapping[str, Any], organization: str, project: str, names: Mapping[str, str]
) -> str | None:
    """Return what the warehouse calls the repository of a run."""
    if source.get("type") == "TfsGit":
        name = source.get("name")
        return repository_name(organization, f"{project}/{name}", names) if name else None
    # Of GitHub and others the identifier is owner/name.
    identifier = source.get("id")
    return identifier if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", str(identifier)) else None


def repository_name(organization: str, named: str, names: Mapping[str, str]) -> str:
    """Return the repository's name in the warehouse: by default as a clone over https has it."""
    project, _, name = named.rpartition("/")
    return names.get(named, f"{organization}/{project}/_git/{name}")


def _linked(relations: list[Any], kind: str) -> str | None:
    """Return the number of the first work item that a relation of a kind names."""
    for relation in relations:
        found = re.search(r"/workItems/(\d+)$", str(get(relation, "url")), re.IGNORECASE)
        if get(relation, "rel") == kind and found:
            return found[1]
    return None


def _fix(relations: list[Any]) -> str | None:
    """Return the commit that an item says it was fixed in."""
    for relation in relations:
        if get(relation, "attributes", "name") == "Fixed in Commit":
            return full_sha(unquote(str(get(relation, "url"))).rpartition("/")[2])
    return None


def _text(description: str) -> str:
    """Return the text of a description in HTML."""
    text = _TAGS.sub("", _LINE_TAGS.sub("\n", description))
    return html.unescape(text).replace("\xa0", " ")


# --------------------------------------------------------------------------------- who did it


class _People:
    """Keys and kinds of accounts, which sign in by an address."""

    def __init__(self, keys: Keys, noticed: Noticed) -> None:
        self._keys = keys
        self._noticed = noticed
        self._catalog = Catalog.load()

    def key(self, user: Any) -> str | None:
        name = get(user, "uniqueName")
        return self._keys.email(name) if isinstance(name, str) and "@" in name else None

    def kind(self, user: Any) -> str | None:
        name = str(get(user, "uniqueName") or "")
        if not user or not name:
            return None
        kind = self._catalog.author_kind(name)
        return "automation" if kind == "human" and _is_service(user) else kind

    def notice(self, input_name: str, row: Any, user: Any) -> None:
        """Let the load tell of a service's account that no list has."""
        if get(user, "uniqueName") and _is_service(user):
            # `Build\\<guid>`: the number says nothing, and elsewhere a person may stand there.
            domain = re.split(r"[\\:@]", str(user["uniqueName"]))[0]
            self._noticed.account(input_name, row, f"{domain}\\*", self._catalog)

    def notice_request(self, request: Payload, tool: str | None) -> None:
        """Let the load tell of a request's machines that no list has."""
        row = request.get("pullRequestId")
        self.notice("pull_requests", row, request.get("createdBy"))
        self._noticed.text(row, request.get("description") or "", tool, self._catalog)

    def notice_commit(self, commit: Payload, made: CommitAttribution) -> None:
        """Let the load tell of a commit's machines that no list has."""
        name, address = (str(get(commit, "author", one) or "") for one in ("name", "email"))
        row = get(commit, "request", "pullRequestId"), commit.get("commitId")
        message = commit.get("comment") or ""
        self._noticed.commit(row, name, address, message, made, self._catalog)

    def wrote_request(
        self, request: Payload, commits: list[Payload]
    ) -> tuple[str | None, str, str | None]:
        """Return kind of the author, authorship and tool of a request."""
        kind = self.kind(request.get("createdBy"))
        address = get(request, "createdBy", "uniqueName") or ""
        by_account = attribute_commit("", address, "", "", "", self._catalog)
        ordered = sorted(commits, key=lambda one: str(get(one, "committer", "date")))
        authorship, tool = attribute_request(
            AUTOMATION if kind == "automation" else by_account,
            [self.wrote_commit(one) for one in ordered],
            f"{request.get('title') or ''}\n\n{request.get('description') or ''}",
            _labels(request),
            str(request.get("sourceRefName") or "").removeprefix("refs/heads/"),
            self._catalog,
        )
        return kind, authorship, tool

    def wrote_commit(self, commit: Payload) -> CommitAttribution:
        """Tell what wrote a commit, as the git reader does."""

        def said(role: str, name: str) -> str:
            return str(get(commit, role, name) or "")

        return attribute_commit(
            said("author", "name"),
            said("author", "email"),
            said("committer", "name"),
            said("committer", "email"),
            commit.get("comment") or "",
            self._catalog,
        )


def _is_service(user: Any) -> bool:
    # Build services sign in as Build\\<guid>, groups as vstfs:///...
    return "@" not in str(get(user, "uniqueName") or "") or bool(get(user, "isContainer"))


def _loads(settings: Settings) -> Iterable[Load]:
    organization, without = settings["organization"], settings["without"]
    names = settings["names"] or {}
    for name in without:
        if name not in _PROJECT_INPUTS:
            raise ShipworthyError(
                f"--without {name} names no input that can be left out; "
                f"those are {' and '.join(_PROJECT_INPUTS)}."
            )
    base_url = f"{settings['base_url']}/{quote(organization)}"
    projects: dict[str, None] = dict.fromkeys(settings["projects"])
    if not projects and not settings["repositories"]:
        raise ShipworthyError("Azure DevOps needs --repository PROJECT/NAME or --project NAME.")
    for named in settings["repositories"]:
        project, _, name = named.partition("/")
        if not project or not name or "/" in name:
            raise ShipworthyError(f"{named!r} is no repository; write PROJECT/NAME.")
        projects.setdefault(project)
        repository = repository_name(organization, named, names)
        yield Load(
            f"azure-devops:{repository}",
            _REQUEST_INPUTS,
            lambda window, project=project, name=name, repository=repository: azure_devops_requests(  # type: ignore[misc]  # binds the loop's value
                window,
                settings.session("Azure DevOps"),
                settings.keys,
                settings.secrets["AZURE_DEVOPS_TOKEN"],
                project,
                name,
                repository,
                base_url,
            ),
        )
    inputs = tuple(name for name in _PROJECT_INPUTS if name not in without)
    for project in projects if inputs else ():
        yield Load(
            f"azure-devops:{organization}/{project}",
            inputs,
            lambda window, project=project: azure_devops_project(  # type: ignore[misc]  # binds the loop's value
                window,
                settings.session("Azure DevOps"),
                settings.secrets["AZURE_DEVOPS_TOKEN"],
                organization,
                project,
                base_url,
                names,
                settings["services"],
                settings["severities"],
                settings["incident_tag"],
                without,
            ),
        )


VENDOR = Vendor(
    name="azure-devops",
    title="Azure DevOps",
    inputs=(*_REQUEST_INPUTS, *_PROJECT_INPUTS),
    loads=_loads,
    options=(
        Option("organization", "Name of the organisation.", is_required=True),
        Option(
            "repositories",
            "A repository, as PROJECT/NAME; may be given several times.",
            kind="texts",
            flag="repository",
            default=(),
        ),
        Option(
            "projects",
            "A project whose deployments and incidents are read, beside those of repositories.",
            kind="texts",
            flag="project",
            default=(),
        ),
        Option(
            "names",
            "A repository and its name in the warehouse, as PROJECT/NAME=owner/name.",
            kind="map",
            flag="name",
        ),
        Option(
            "services",
            "Environment, pipeline, tag or area and the warehouse's service, as FROM=TO.",
            kind="map",
            flag="service",
        ),
        SEVERITIES,
        Option(
            "incident_tag",
            "Tag of the work items that are incidents; by default incident.",
            default="incident",
        ),
        Option(
            "without",
            "Leave out deployments or incidents, where they are kept elsewhere.",
            kind="texts",
            default=(),
        ),
    ),
    secrets=(Secret("AZURE_DEVOPS_TOKEN", "Code, Build, Environment and Work items, to read"),),
    base_url="https://dev.azure.com",
    probe="/_apis/connectionData",
    revises=timedelta(days=3),
    history=timedelta(days=365),
    authenticate=lambda settings: {"Authorization": _basic(settings.secrets["AZURE_DEVOPS_TOKEN"])},
)
