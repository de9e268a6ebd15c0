"""GitLab: merge requests with their commits, reviews and threads, deployments and incidents.

Token: a personal, group or project access token with scope `read_api`, as at least Reporter of each
project, in GITLAB_TOKEN. Requested are `GET /projects/:id`, the project's `merge_requests`,
`deployments` and `issues` of the type incident, of each merge request that changed its
`discussions`, `approvals`, `commits` and `diffs`, of the commits that came after a thread was
opened their `diff`, and of incidents that were closed as duplicates the other issue.

Readings
- `merge_sha` is the merge commit, else the squash commit, else (a fast-forward) the branch's head.
- The list knows no sizes: `lines_added` and `lines_removed` are counted in `diffs`. Where GitLab
  leaves a file out (too large, collapsed, or 1,000 files and more) they are unknown.
- `ready_at` is the last time that the request was marked as ready; null if it never was a draft.
- `first_commit_at` is left null: the models take it from the request's commits.
- A request is `ai` if an agent's account opened it, or one of its commits, its text, its labels or
  its branch says so; its tool is then the account's, else that of most such commits, else that of
  the first of the others.
- `project_1_bot`, `group_1_bot` and service accounts are automation; so are the catalogue's bots.
  The account `ghost` stands for everybody whose account was deleted: nobody is known there.
- Approvals and requested changes come from system notes, the only place that dates them, and from
  `approvals` where no note stands for one; each is one review. A withdrawn approval is `dismissed`.
  Comments alone are no review: they are threads. GitLab ties no thread to a review: a thread counts
  for the next one by its opener, else for the last (`comment_threads`).
- A thread is a discussion of a line or a file. System notes and general comments are none.
- The files of a commit are asked only where a thread stands open before it; merges are left out,
  since they hold the mainline's work. A force push adds commits and takes none away.
- `created`, `running` and `blocked` deployments are in progress, `skipped` ones are cancelled. A
  deployment that was made by the API has no job: it finished when its final status was set.
- Incidents are the issues of the type incident (https://docs.gitlab.com/api/issues/), or those with
  the label that the user names. The severity is the issue's ("CRITICAL"; UNKNOWN is none), else the
  label that reads like one. The label `false-alarm` makes it a false alarm, `maintenance` planned
  work. One that was closed as a duplicate has the other one in `merged_into_id`. "Caused by" and
  "fixed by" in the description name a change (`!12`, a commit) or a deployment.
- Requests, deployments and incidents are listed by their last change, so that no late change is
  missed.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from shipworthy.contract import text_of_names
from shipworthy.errors import ShipworthyError
from shipworthy.git.catalog import Catalog, CommitAttribution, attribute_commit
from shipworthy.sources.http import Session
from shipworthy.sources.incident_fields import (
    INCIDENT_REFERENCE,
    severity_in_labels,
    stated_in,
)
from shipworthy.sources.noticed import Noticed
from shipworthy.sources.request_authorship import (
    AUTOMATION,
    attribute_account,
    attribute_request,
    label_list,
)
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
from shipworthy.sources.vendor import Keys, Load, Option, Secret, Settings, Vendor, Window

_INPUTS = (
    "pull_requests",
    "pull_request_commits",
    "pull_request_commit_files",
    "reviews",
    "review_threads",
    "deployments",
    "incidents",
)
# What `without` may name: inputs that a team can keep elsewhere.
_OPTIONAL = ("deployments", "incidents")
_PAGE = 100
# GitLab shows no more files of a request, and does not say that it left some out.
_MOST_FILES = 1000

# Accounts of access tokens and services; their addresses start the same.
_BOT = re.compile(r"(?:(?:project|group)_\d+_bot|service_account_)", re.IGNORECASE)
_NOBODY = "ghost"

_ISSUE = re.compile(r"/projects/([^/]+)/issues/(\d+)$")
_DECISION = re.compile(r"(approved|unapproved) this merge request|(requested changes)\b")
_READY = re.compile(
    r"marked this merge request as \*\*ready\*\*"
    r"|unmarked (?:this merge request )?as a \*\*(?:draft|work in progress)\*\*",
    re.IGNORECASE,
)

_STATUSES = {
    "created": "in_progress",
    "running": "in_progress",
    "blocked": "in_progress",
    "success": "success",
    "failed": "failure",
    "canceled": "cancelled",
    "skipped": "cancelled",
}


class _NextPage(BasePaginator):
    """Follows `X-Next-Page`, which is empty on the last page.

    Not the `Link` header: behind a proxy it names hosts that the token is not meant for.
    """

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        self._page = response.headers.get("X-Next-Page", "")
        self._has_next_page = bool(self._page)

    def update_request(self, request: Request) -> None:
        given: dict[str, Any] = dict(request.params or {})  # type: ignore[arg-type]  # of ours
        request.params = given | {"page": self._page}


@dlt.source(name="gitlab")
def gitlab(
    window: Window,
    session: Session,
    keys: Keys,
    token: str,
    project: str,
    services: Mapping[str, str] | None = None,
    incident_label: str | None = None,
    without: Collection[str] = (),
    base_url: str = "https://gitlab.com",
) -> list[DltResource]:
    """Merge requests and deployments of a project that changed in a window of time.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    keys : Keys
        Makes the keys of people: of `gitlab` user names, and of the addresses of commits' authors.
    token : str
        Access token with scope `read_api`.
    project : str
        `group/name`, subgroups included. It is the repository's name in the warehouse.
    services : mapping of str to str, optional
        Label of an incident to the warehouse's service; by default the project's name.
    incident_label : str, optional
        Label of the issues that are incidents, in place of the issues of that type.
    without : collection of str, optional
        `deployments` or `incidents`, to leave them out.
    base_url : str
        Of the instance, without /api.

    Raises
    ------
    ShipworthyError
        While it is read: if the credential is refused or GitLab answers something else than lists.
    """
    client = RESTClient(f"{base_url}/api/v4", {"PRIVATE-TOKEN": token}, session=session)
    people = _People(keys, window.noticed)

    @cache
    def about() -> dict[str, Any]:
        response = client.get(f"projects/{quote(project, safe='')}")
        response.raise_for_status()
        return response.json()

    def address() -> Any:
        # The number stays when a project is renamed meanwhile.
        return about().get("id") or quote(project, safe="")

    def changed(what: str) -> Iterator[list[Any]]:
        """Yield everything that changed in the window, each item once.

        Pages by number would skip an item whenever one before it changes meanwhile and thereby
        leaves its place. Here each request starts where the last change was seen.
        """
        params: dict[str, Any] = {"order_by": "updated_at", "sort": "asc", "per_page": _PAGE}
        if what == "merge_requests":
            params |= {"state": "all", "scope": "all"}
        if what == "issues":
            chosen = {"labels": incident_label} if incident_label else {"issue_type": "incident"}
            params |= {"state": "all", "scope": "all", **chosen}
        after = window.since.isoformat() if window.since else None
        page = 1
        seen: set[Any] = set()
        while True:
            bounds = {"updated_before": window.until.isoformat(), "page": page}
            if after:
                bounds["updated_after"] = after
            items = _list(client.get(f"projects/{address()}/{what}", {**params, **bounds}))
            fresh = [item for item in items if get(item, "id") not in seen]
            seen |= {item["id"] for item in fresh if get(item, "id") is not None}
            if fresh:
                yield fresh
            if len(items) < _PAGE:
                return
            last = get(items[-1], "updated_at")
            # More than a page of the same moment: then by number after all.
            after, page = (last, 1) if last and last != after else (after, page + 1)

    def pages(path: str) -> list[Any]:
        found: list[Any] = []
        for page in client.paginate(
            f"projects/{address()}/{path}",
            params={"per_page": _PAGE},
            paginator=_NextPage(),
            data_selector="$",
        ):
            found += page
        return found

    def changed_requests() -> Iterator[list[Any]]:
        if about().get("merge_requests_access_level") != "disabled":
            yield from changed("merge_requests")

    def changed_deployments() -> Iterator[list[Any]]:
        # A project without the feature refuses the question, as it would a bad credential.
        if about().get("environments_access_level") != "disabled":
            yield from changed("deployments")

    def changed_incidents() -> Iterator[list[Any]]:
        if about().get("issues_access_level") != "disabled":
            yield from changed("issues")

    @cache
    def incident_of(link: str) -> str | None:
        """Return what the issue at an address of the interface is called; None: out of sight."""
        found = _ISSUE.search(link)
        response = client.get(f"projects/{found[1]}/issues/{found[2]}") if found else None
        if response is None or response.status_code == 404:
            return None
        response.raise_for_status()
        issue = response.json()
        full = get(issue, "references", "full") or f"{project}#{found[2]}"
        return _reference(issue) or full

    def with_details(requests: list[Any]) -> Iterator[dict[str, Any]]:
        for request in requests:
            path = f"merge_requests/{get(request, 'iid')}"
            if get(request, "iid") is None:
                yield {**request, "discussions": [], "commits": [], "approvals": {}, "files": None}
                continue
            yield {
                **request,
                "discussions": pages(f"{path}/discussions"),
                "commits": pages(f"{path}/commits"),
                "approvals": optional(f"{path}/approvals") or {},
                "files": pages(f"{path}/diffs"),
            }

    def optional(path: str) -> Any:
        response = client.get(f"projects/{address()}/{path}")
        if response.status_code == 404:  # an edition without approvals
            return None
        response.raise_for_status()
        return response.json()

    def commit_files(request: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        opened = [
            utc_or_none(get(_said(thread)[0], "created_at"))
            for thread in request["discussions"]
            if _is_thread(thread)
        ]
        first = min((moment for moment in opened if moment), default=None)
        for commit in request["commits"]:
            moment = utc_or_none(get(commit, "committed_date"))
            is_merge = len(get(commit, "parent_ids") or []) > 1
            if first is None or moment is None or moment <= first or is_merge:
                continue
            sha = get(commit, "id")
            files = pages(f"repository/commits/{sha}/diff") if sha else []
            # Both names of a renamed file: a thread may stand under either.
            paths = {get(file, name) for file in files for name in ("old_path", "new_path")}
            yield [{"request": request, "sha": sha, "path": path} for path in paths]

    def pull_request_commit_file(file: dict[str, Any]) -> Row:
        return {**belonging(file["request"]), "sha": file["sha"], "path": need(file, "path")}

    def pull_request(request: dict[str, Any]) -> Row:
        kind, authorship, tool = people.wrote_request(request)
        people.notice_request(request, tool)
        merged_at = utc(request.get("merged_at"), "merged_at")
        merger = request.get("merge_user") or request.get("merged_by")
        merge_sha = None
        if merged_at:
            commits = ("merge_commit_sha", "squash_commit_sha", "sha")
            merge_sha = next((request[name] for name in commits if request.get(name)), None)
        added, removed = _size(request["files"])
        assignees = request.get("assignees") or [request.get("assignee")]
        drivers = [user for user in (*assignees, merger) if people.kind(user) == "human"]
        return {
            **belonging(request),
            "author_key": people.key(request.get("author")),
            "author_kind": kind,
            "authorship": authorship,
            "ai_tool": tool,
            "opened_at": utc(need(request, "created_at"), "opened_at"),
            "ready_at": _ready_at(request),
            "merged_at": merged_at,
            "closed_at": utc(request.get("closed_at"), "closed_at"),
            "merge_sha": merge_sha,
            "head_branch": request.get("source_branch"),
            "lines_added": added,
            "lines_removed": removed,
            "merged_by_key": people.key(merger) if merged_at else None,
            "closed_by_key": people.key(request.get("closed_by")),
            "closed_by_kind": people.kind(request.get("closed_by")),
            "driver_key": people.key(drivers[0]) if kind == "agent" and drivers else None,
            "labels": label_list(_labels(request)),
        }

    def pull_request_commit(commit: dict[str, Any]) -> Row:
        made = people.wrote_commit(commit)
        people.notice_commit(commit, made)
        return {
            **belonging(commit["request"]),
            "sha": need(commit, "id"),
            "author_key": keys.email(commit.get("author_email")),
            "author_kind": made.author_kind,
            "authorship": made.authorship,
            "ai_tool": made.ai_tool,
            "committed_at": utc(need(commit, "committed_date"), "committed_at"),
        }

    def review(decision: dict[str, Any]) -> Row:
        reviewer = people.key(decision["user"])
        row = get(decision, "request", "iid"), decision["said"], decision["turn"], reviewer
        people.notice("reviews", row, decision["user"])
        return {
            **belonging(decision["request"]),
            "review_id": row_id(
                decision["request"]["iid"], decision["said"], reviewer, decision["turn"]
            ),
            "reviewer_key": reviewer,
            "reviewer_kind": people.kind(decision["user"]),
            "state": decision["state"],
            "submitted_at": utc(decision["at"], "submitted_at"),
            "comment_threads": decision["threads"],
        }

    def review_thread(thread: dict[str, Any]) -> Row:
        first, *others = _said(thread)
        return {
            **belonging(thread["request"]),
            "thread_id": need(thread, "id"),
            "author_key": people.key(first.get("author")),
            "author_kind": people.kind(first.get("author")),
            "path": get(first, "position", "new_path") or get(first, "position", "old_path"),
            "opened_at": utc(need(first, "created_at"), "opened_at"),
            "replies": len(others),
        }

    def deployment(payload: dict[str, Any]) -> Row:
        status = _STATUSES.get(need(payload, "status"))
        if status is None:
            raise BadRowError(f"status is not one of {', '.join(_STATUSES)}")
        finished = get(payload, "deployable", "finished_at")
        if status != "in_progress":
            finished = finished or payload.get("updated_at")
        return {
            "deployment_id": f"gitlab:{project}:{need(payload, 'id')}",
            "repository": project,
            "environment": get(payload, "environment", "name"),
            "sha": payload.get("sha"),
            "status": status,
            "created_at": utc(need(payload, "created_at"), "created_at"),
            "started_at": utc(get(payload, "deployable", "started_at"), "started_at"),
            "finished_at": utc(finished, "finished_at") if status != "in_progress" else None,
            "deployed_by_kind": people.kind(payload.get("user")),
            "kind": "deploy",
            "source": "gitlab",
            VERSION: utc(payload.get("updated_at"), "updated_at"),
        }

    def incident(issue: dict[str, Any]) -> Row:
        labels = [str(label) for label in issue.get("labels") or []]
        words = {re.sub(r"[\s_-]+", "-", label.strip().lower()) for label in labels}
        severity = issue.get("severity")
        if severity in (None, "", "UNKNOWN"):
            severity = severity_in_labels(labels)
        link = get(issue, "_links", "closed_as_duplicate_of")
        into = incident_of(link) if isinstance(link, str) and link else None
        mapped = [services[label] for label in labels if label in services] if services else []
        return {
            "incident_id": _reference(issue) or f"{project}#{need(issue, 'iid')}",
            "service": text_of_names(mapped or [project]),
            "severity_label": severity,
            "opened_at": utc(need(issue, "created_at"), "opened_at"),
            "resolved_at": utc(issue.get("closed_at"), "resolved_at"),
            **stated_in(issue.get("description")),
            "is_false_alarm": "false-alarm" in words
            or (into is None and (bool(link) or "duplicate" in words)),
            "is_maintenance": "maintenance" in words,
            "source": "gitlab",
            "merged_into_id": into,
            VERSION: utc(issue.get("updated_at"), "updated_at"),
        }

    def belonging(request: dict[str, Any]) -> Row:
        return {
            "repository": project,
            "number": need(request, "iid"),
            VERSION: utc(request.get("updated_at"), "updated_at"),
        }

    listed = dlt.resource(changed_requests, name="changed_requests", selected=False)
    requests = dlt.transformer(
        with_details, data_from=listed, name="merge_requests", selected=False
    )

    def parts(name: str, take: Any) -> Any:
        return dlt.transformer(take, data_from=requests, name=name, selected=False)

    resources = [
        contract_resource("pull_requests", requests, pull_request),
        contract_resource(
            "pull_request_commits", parts("request_commits", _commits), pull_request_commit
        ),
        contract_resource(
            "pull_request_commit_files",
            parts("request_commit_files", commit_files),
            pull_request_commit_file,
        ),
        contract_resource("reviews", parts("request_decisions", _decisions), review),
        contract_resource("review_threads", parts("request_threads", _threads), review_thread),
    ]
    if "deployments" not in without:
        listed = dlt.resource(changed_deployments, name="changed_deployments", selected=False)
        resources.append(contract_resource("deployments", listed, deployment))
    if "incidents" not in without:
        listed = dlt.resource(changed_incidents, name="changed_incidents", selected=False)
        resources.append(contract_resource("incidents", listed, incident))
    return resources


# --------------------------------------------------------------------- parts of a merge request


def _commits(request: dict[str, Any]) -> list[Any]:
    return [{**commit, "request": request} for commit in request["commits"]]


def _said(discussion: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the notes of a discussion that GitLab did not write itself."""
    return [note for note in get(discussion, "notes") or [] if not note.get("system")]


def _is_thread(discussion: dict[str, Any]) -> bool:
    notes = _said(discussion)
    return bool(notes) and notes[0].get("type") == "DiffNote"


def _threads(request: dict[str, Any]) -> list[Any]:
    return [{**item, "request": request} for item in request["discussions"] if _is_thread(item)]


def _system_notes(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what GitLab noted on a request, oldest first."""
    notes = [
        note
        for discussion in request["discussions"]
        for note in get(discussion, "notes") or []
        if note.get("system")
    ]
    return sorted(notes, key=lambda note: (note.get("created_at") or "", note.get("id") or 0))


def _decisions(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return who approved or asked for changes and when, each once.

    A decision is known by who took it and in which turn: an approval is listed before its note is
    written, and must then stay the same review.
    """
    found: list[dict[str, Any]] = []
    turns: dict[tuple[Any, str], int] = {}
    standing: dict[Any, dict[str, Any]] = {}

    def add(user: Any, said: str, at: Any) -> None:
        who = get(user, "username")
        turns[who, said] = turns.get((who, said), 0) + 1
        decision = {
            "request": request,
            "user": user,
            "said": said,
            "turn": turns[who, said],
            "state": said,
            "at": at,
        }
        found.append(decision)
        if said == "approved":
            standing[who] = decision

    for note in _system_notes(request):
        match = _DECISION.match(str(note.get("body") or "").strip())
        if match is None:
            continue
        author = note.get("author")
        if match[1] == "unapproved":
            withdrawn = standing.pop(get(author, "username"), None)
            if withdrawn:
                withdrawn["state"] = "dismissed"
        else:
            said = "approved" if match[1] else "changes_requested"
            add(author, said, note.get("created_at"))
    for approval in get(request["approvals"], "approved_by") or []:
        if get(approval, "user", "username") not in standing:
            add(get(approval, "user"), "approved", get(approval, "approved_at"))
    _count_threads(request, found)
    return found


def _count_threads(request: dict[str, Any], decisions: list[dict[str, Any]]) -> None:
    """Give each thread to its opener's first decision from then on, else to the last before it."""
    for decision in decisions:
        decision["threads"] = 0
    for thread in request["discussions"]:
        if not _is_thread(thread):
            continue
        opener = get(_said(thread)[0], "author", "username")
        own = [one for one in decisions if opener and get(one["user"], "username") == opener]
        own.sort(key=lambda one: str(one["at"] or "~"))  # a time that GitLab does not tell is last
        opened = str(_said(thread)[0].get("created_at") or "")
        later = [one for one in own if str(one["at"] or "~") >= opened]
        for one in (later or own[-1:])[:1]:
            one["threads"] += 1


def _labels(request: dict[str, Any]) -> list[str]:
    """Return the names of a request's labels, which may come with their details."""
    labels = request.get("labels") or []
    names = [label if isinstance(label, str) else get(label, "name") for label in labels]
    return [name for name in names if isinstance(name, str)]


def _ready_at(request: dict[str, Any]) -> datetime | None:
    marked = [
        note.get("created_at")
        for note in _system_notes(request)
        if _READY.match(str(note.get("body") or ""))
    ]
    is_draft = request.get("draft") or request.get("work_in_progress")
    return utc(marked[-1], "ready_at") if marked and not is_draft else None


def _size(files: list[dict[str, Any]] | None) -> tuple[int | None, int | None]:
    """Count the lines that diffs add and remove; None where a part of them is not shown."""
    if files is None or len(files) >= _MOST_FILES:
        return None, None
    added = removed = 0
    for file in files:
        if file.get("too_large") or file.get("collapsed") or file.get("diff") is None:
            return None, None
        # What stands before the first hunk are the names of the file.
        _, hunk, lines = f"\n{file['diff']}".partition("\n@@")
        for line in f"{hunk}{lines}".split("\n"):
            added += line.startswith("+")
            removed += line.startswith("-")
    return added, removed


def _list(response: Response) -> list[Any]:
    response.raise_for_status()
    items = response.json()
    if not isinstance(items, list):
        raise ShipworthyError("GitLab answered with something else than a list; is it a proxy?")
    return items


# --------------------------------------------------------------------------------- who did it


class _People:
    """Keys and kinds of accounts."""

    def __init__(self, keys: Keys, noticed: Noticed) -> None:
        self._keys = keys
        self._noticed = noticed
        self._catalog = Catalog.load()

    def key(self, user: Any) -> str | None:
        name = get(user, "username")
        return None if name == _NOBODY else self._keys.alias("gitlab", name)

    def kind(self, user: Any) -> str | None:
        found = self._attribute(user)
        return found.author_kind if found else None

    def _attribute(self, user: Any) -> CommitAttribution | None:
        name = get(user, "username")
        if not isinstance(name, str) or name == _NOBODY:
            return None
        return attribute_account(name, _BOT.match(name) is not None, self._catalog)

    def notice(self, input_name: str, row: Any, user: Any) -> None:
        """Let the load tell of a bot's account that no list has."""
        name = get(user, "username")
        if isinstance(name, str) and _BOT.match(name):
            self._noticed.account(input_name, row, name, self._catalog)

    def notice_request(self, request: dict[str, Any], tool: str | None) -> None:
        """Let the load tell of a request's machines that no list has."""
        self.notice("pull_requests", request.get("iid"), request.get("author"))
        text = request.get("description") or ""
        self._noticed.text(request.get("iid"), text, tool, self._catalog)

    def notice_commit(self, commit: dict[str, Any], made: CommitAttribution) -> None:
        """Let the load tell of a commit's machines that no list has."""
        self._noticed.commit(
            (get(commit, "request", "iid"), commit.get("id")),
            commit.get("author_name") or "",
            commit.get("author_email") or "",
            commit.get("message") or commit.get("title") or "",
            made,
            self._catalog,
        )

    def wrote_request(self, request: dict[str, Any]) -> tuple[str | None, str, str | None]:
        """Return kind of the author, authorship and tool of a request."""
        by_account = self._attribute(request.get("author"))
        commits = sorted(request["commits"], key=lambda one: str(one.get("committed_date")))
        authorship, tool = attribute_request(
            by_account,
            [self.wrote_commit(commit) for commit in commits],
            f"{request.get('title') or ''}\n\n{request.get('description') or ''}",
            _labels(request),
            request.get("source_branch") or "",
            self._catalog,
        )
        return by_account.author_kind if by_account else None, authorship, tool

    def wrote_commit(self, commit: dict[str, Any]) -> CommitAttribution:
        """Tell what wrote a commit, as the git reader does."""
        address = commit.get("author_email") or ""
        if _BOT.match(address):
            return AUTOMATION
        return attribute_commit(
            commit.get("author_name") or "",
            address,
            commit.get("committer_name") or "",
            commit.get("committer_email") or "",
            commit.get("message") or commit.get("title") or "",
            self._catalog,
        )


def _reference(issue: Any) -> str | None:
    """Return the identifier in an issue's title ([INC-101])."""
    found = INCIDENT_REFERENCE.search(str(get(issue, "title") or ""))
    return found[1] if found else None


def _loads(settings: Settings) -> Iterable[Load]:
    without = settings["without"]
    for name in without:
        if name not in _OPTIONAL:
            raise ShipworthyError(
                f"--without {name} names no input that can be left out; "
                f"those are {' and '.join(_OPTIONAL)}."
            )
    for project in settings["projects"]:
        yield Load(
            f"gitlab:{project}",
            tuple(name for name in _INPUTS if name not in without),
            lambda window, project=project: gitlab(  # type: ignore[misc]  # binds the loop's value
                window,
                settings.session("GitLab"),
                settings.keys,
                settings.secrets["GITLAB_TOKEN"],
                project,
                settings["services"],
                settings["incident_label"],
                without,
                settings["base_url"],
            ),
        )


VENDOR = Vendor(
    name="gitlab",
    title="GitLab",
    inputs=_INPUTS,
    loads=_loads,
    options=(
        Option(
            "projects",
            "Project, as group/name.",
            kind="texts",
            flag="project",
            is_required=True,
        ),
        Option(
            "services",
            "Label of an incident and the warehouse's service, as LABEL=SERVICE.",
            kind="map",
            flag="service",
        ),
        Option(
            "incident_label",
            "Label of the issues that are incidents, in place of those of the type incident.",
        ),
        Option(
            "without",
            "Leave out deployments or incidents, where they are kept elsewhere.",
            kind="texts",
            default=(),
        ),
    ),
    secrets=(
        Secret("GITLAB_TOKEN", "read_api (an access token of at least a Reporter of each project)"),
    ),
    base_url="https://gitlab.com",
    probe="/api/v4/user",
    window=timedelta(days=60),
    history=timedelta(days=365),
    authenticate=lambda settings: {"PRIVATE-TOKEN": settings.secrets["GITLAB_TOKEN"]},
)
