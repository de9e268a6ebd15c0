"""Bitbucket Cloud: pull requests with their commits, reviews and threads, and deployments.

Token: a repository, project or workspace access token with the scopes `repository`, `pullrequest`
and `pipeline`, in BITBUCKET_TOKEN; or a user's API token with `read:repository:bitbucket`,
`read:pullrequest:bitbucket` and `read:pipeline:bitbucket`, and that user's address in
BITBUCKET_EMAIL. Requested of each repository (`GET /2.0/repositories/WORKSPACE/NAME/...`,
https://developer.atlassian.com/cloud/bitbucket/rest/): `pullrequests` by last update, of each of
them `activity`, `commits`, `diffstat`, and where it has any `comments`; `diffstat/SHA` of commits
that came after the first thread; `environments` and `deployments`. Bitbucket answers 1,000 requests
an hour, and then says when to go on.

Readings
- `merge_sha` is the merge commit's hash as Bitbucket tells it: its first 12 characters. The models
  find the commit.
- When a request was merged or declined is told by its activity; else it is its last update.
- `ready_at` is when it stopped being a draft for the first time, of one that never was its opening;
  null while it is a draft.
- An approval or a request for changes is a review, at its time in the activity; withdrawn ones are
  no longer told. `comment_threads` are the threads that the reviewer opened before it and after
  their review before. Comments alone are no review: they are threads.
- A thread is a comment on a line or a file that answers none, replies to replies included. General
  comments are none.
- A request's tool is its author's account, else that of most of its commits with evidence, else
  what its text or branch says.
- `head_branch` has `author` for its author's nickname. Bitbucket has no assignees: the driver of an
  agent's request is a person who merged it. It has no labels either.
- Accounts of apps are automation. People are known by their account's number, in commits by their
  address.
- Merges among a request's commits are left out. Files are read of commits after the first thread.
- Deployment: COMPLETED is success, failure or (STOPPED) cancelled; the environment is its name, and
  of the type Production it is `production` where no other name says so.
- Lists by last update shift when a request changes meanwhile: pages that repeat one change nothing,
  and one that slipped is read by the next load, which reads a day again.
"""

import base64
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient

from shipworthy.errors import ShipworthyError
from shipworthy.git.catalog import Catalog, CommitAttribution, attribute_commit
from shipworthy.sources.http import Session
from shipworthy.sources.noticed import Noticed
from shipworthy.sources.request_authorship import attribute_account, attribute_request
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
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Secret, Settings, Vendor, Window

Payload = dict[str, Any]

_REQUEST_INPUTS = (
    "pull_requests",
    "pull_request_commits",
    "pull_request_commit_files",
    "reviews",
    "review_threads",
)
_INPUTS = (*_REQUEST_INPUTS, "deployments")
_OPTIONAL = ("deployments",)
_PAGE = 50
_STATES = ("OPEN", "MERGED", "DECLINED", "SUPERSEDED")
_ADDRESS = re.compile(r"^(.*?)\s*<([^<>]*)>\s*$")
_OUTCOMES = {"SUCCESSFUL": "success", "FAILED": "failure", "STOPPED": "cancelled"}
# Listed by their start, and changed later: a step can wait for somebody who starts it by hand.
_DEPLOYMENTS_CHANGE = timedelta(days=14)


@dlt.source(name="bitbucket")
def bitbucket(
    window: Window,
    session: Session,
    keys: Keys,
    token: str,
    repository: str,
    email: str = "",
    services: Mapping[str, str] | None = None,
    without: Collection[str] = (),
    base_url: str = "https://api.bitbucket.org",
) -> list[DltResource]:
    """What happened to one repository in a window of time.

    Parameters
    ----------
    window : Window
        Requests by their last update; deployments by their start, and those of 14 days before.
    session : Session
        Retries and waits.
    keys : Keys
        Makes the keys of people.
    token : str
        Access token, or a user's API token.
    repository : str
        `workspace/name`, as the git reader calls it.
    email : str
        The address of an API token's user; "" for access tokens.
    services : mapping of str to str, optional
        Environment to the warehouse's service; by default that of the repository's name.
    without : collection of str, optional
        `deployments`, to leave them out.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        While it is read: if the credential is refused or Bitbucket answers something else than
        lists.
    """
    client = RESTClient(
        f"{base_url}/2.0/repositories/{repository}", _headers(token, email), session=session
    )
    people = _People(keys, window.noticed)

    def pages(path: str, **params: Any) -> Iterator[list[Any]]:
        """Yield the pages of a list, by number: the next page's address may name another host."""
        page = 1
        while True:
            response = client.get(path, params={"pagelen": _PAGE, **params, "page": page})
            if response.status_code == 404 and page > 1:
                return  # the list became shorter meanwhile
            response.raise_for_status()
            body = response.json()
            if not isinstance(get(body, "values"), list):
                raise ShipworthyError(
                    "Bitbucket answered without a list 'values'; nothing of this load was kept."
                )
            yield body["values"]
            if not body.get("next"):
                return
            page += 1

    def everything(path: str, **params: Any) -> list[Any]:
        return [item for page in pages(path, **params) for item in page]

    def optional(path: str) -> list[Any]:
        """Return a list; none of a commit that was pushed over meanwhile."""
        response = client.get(path, params={"pagelen": 1})
        return [] if response.status_code == 404 else everything(path)

    def bundles() -> Iterator[Payload]:
        params: dict[str, Any] = {"state": list(_STATES), "sort": "updated_on"}
        bounds = [f'updated_on < "{window.until.isoformat()}"']
        if window.since:
            bounds.insert(0, f'updated_on >= "{window.since.isoformat()}"')
        for page in pages("pullrequests", **params, q=" AND ".join(bounds)):
            for request in page:
                number = get(request, "id")
                if number is None:
                    yield _bundle(request if isinstance(request, dict) else {}, [], [], [], [])
                    continue
                yield _bundle(
                    request,
                    everything(f"pullrequests/{number}/activity"),
                    [
                        one
                        for one in everything(f"pullrequests/{number}/commits")
                        if not _merge(one)
                    ],
                    everything(f"pullrequests/{number}/comments")
                    if request.get("comment_count") != 0
                    else [],
                    everything(f"pullrequests/{number}/diffstat"),
                )

    def files(bundle: Payload) -> Iterator[list[Payload]]:
        first = min(
            (moment for one in bundle["threads"] if (moment := utc_or_none(one.get("created_on")))),
            default=None,
        )
        for commit in bundle["commits"]:
            moment = utc_or_none(_committed(commit))
            if first is None or moment is None or moment <= first or not get(commit, "hash"):
                continue
            for file in optional(f"diffstat/{commit['hash']}"):
                # A file that was renamed is touched under both names.
                paths = {get(file, side, "path") for side in ("old", "new")} - {None}
                yield [
                    {"request": bundle["request"], "sha": commit["hash"], "path": path}
                    for path in sorted(paths)
                ]

    def belonging(request: Payload) -> Row:
        return {
            "repository": repository,
            "number": need(request, "id"),
            VERSION: utc(request.get("updated_on"), "updated_at"),
        }

    def pull_request(bundle: Payload) -> Row:
        request = bundle["request"]
        kind, authorship, tool = people.wrote_request(request, bundle["commits"])
        people.notice_request(request, tool)
        state = need(request, "state")
        ended_at = bundle["ended_at"] or utc(request.get("updated_on"), "closed_at")
        closer = request.get("closed_by") if state != "OPEN" else None
        merger = closer if state == "MERGED" else None
        authored = [utc_or_none(commit.get("date")) for commit in bundle["commits"]]
        return {
            **belonging(request),
            "author_key": people.key(request.get("author")),
            "author_kind": kind,
            "authorship": authorship,
            "ai_tool": tool,
            "opened_at": utc(need(request, "created_on"), "opened_at"),
            "ready_at": bundle["ready_at"],
            "merged_at": ended_at if state == "MERGED" else None,
            "closed_at": None if state == "OPEN" else ended_at,
            "merge_sha": get(request, "merge_commit", "hash") if state == "MERGED" else None,
            "head_branch": _without_name(
                get(request, "source", "branch", "name"), get(request, "author", "nickname")
            ),
            "first_commit_at": min((moment for moment in authored if moment), default=None),
            "lines_added": bundle["lines_added"],
            "lines_removed": bundle["lines_removed"],
            "merged_by_key": people.key(merger),
            "closed_by_key": people.key(closer),
            "closed_by_kind": people.kind(closer),
            "driver_key": people.key(merger)
            if kind == "agent" and people.kind(merger) == "human"
            else None,
        }

    def commit(payload: Payload) -> Row:
        made = people.wrote_commit(payload)
        people.notice_commit(payload, made)
        _, address = _author(payload)
        return {
            **belonging(payload["request"]),
            "sha": need(payload, "hash"),
            "author_key": keys.email(address) or people.key(get(payload, "author", "user")),
            "author_kind": made.author_kind,
            "authorship": made.authorship,
            "ai_tool": made.ai_tool,
            "committed_at": utc(_committed(payload) or need(payload, "date"), "committed_at"),
        }

    def commit_file(file: Payload) -> Row:
        return {**belonging(file["request"]), "sha": file["sha"], "path": file["path"]}

    def review(payload: Payload) -> Row:
        reviewer = people.key(payload["user"])
        at = utc(need(payload, "date"), "submitted_at")
        row = get(payload, "request", "id"), payload["state"], reviewer, at
        people.notice("reviews", row, payload["user"])
        return {
            **belonging(payload["request"]),
            "review_id": row_id(payload["request"]["id"], payload["state"], reviewer, at),
            "reviewer_key": reviewer,
            "reviewer_kind": people.kind(payload["user"]),
            "state": payload["state"],
            "submitted_at": at,
            "comment_threads": payload["comment_threads"],
        }

    def thread(comment: Payload) -> Row:
        is_gone = bool(comment.get("deleted"))
        return {
            **belonging(comment["request"]),
            "thread_id": str(need(comment, "id")),
            "author_key": None if is_gone else people.key(comment.get("user")),
            "author_kind": None if is_gone else people.kind(comment.get("user")),
            "path": get(comment, "inline", "path"),
            "opened_at": utc(need(comment, "created_on"), "opened_at"),
            "replies": comment["replies"],
        }

    def deployments() -> Iterator[list[Payload]]:
        environments = {
            get(one, "uuid"): one for one in everything("environments/") if get(one, "uuid")
        }
        since = window.since - _DEPLOYMENTS_CHANGE if window.since else None
        for page in pages("deployments/", sort="-state.started_on"):
            times = [utc_or_none(get(one, "state", "started_on")) for one in page]
            yield [
                {**one, "place": environments.get(get(one, "environment", "uuid"))}
                for one, moment in zip(page, times, strict=True)
                if not moment or ((since is None or moment >= since) and moment < window.until)
            ]
            known = [moment for moment in times if moment]
            # Only where the list is sorted as it was asked for.
            if (
                since
                and len(known) == len(times) > 0
                and known == sorted(known, reverse=True)
                and known[0] < since
            ):
                return

    def deployment(payload: Payload) -> Row | None:
        state = get(payload, "state", "name")
        if state == "UNDEPLOYED":
            window.passed_over["deployments that were never started"] += 1
            return None
        outcome = "in_progress"
        if state == "COMPLETED":
            outcome = _OUTCOMES.get(str(get(payload, "state", "status", "name")), "")
            if not outcome:
                raise BadRowError(f"state.status.name is not one of {', '.join(_OUTCOMES)}")
        elif state != "IN_PROGRESS":
            raise BadRowError("state.name is not one of UNDEPLOYED, IN_PROGRESS, COMPLETED")
        environment = _environment(payload["place"])
        started_at = utc(get(payload, "state", "started_on"), "started_at")
        created = get(payload, "release", "created_on") or payload.get("created_on")
        finished = get(payload, "state", "completed_on") if outcome != "in_progress" else None
        return {
            "deployment_id": f"bitbucket:{repository}:{need(payload, 'uuid').strip('{}')}",
            "repository": repository,
            "service": (services or {}).get(environment or "", repository),
            "environment": environment,
            "sha": get(payload, "release", "commit", "hash")
            or get(payload, "deployable", "commit", "hash"),
            "status": outcome,
            "created_at": utc(created, "created_at") or started_at,
            "started_at": started_at,
            "finished_at": utc(finished, "finished_at"),
            "kind": "deploy",
            "source": "bitbucket",
            VERSION: utc(payload.get("last_update_time"), "last_update_time"),
        }

    requests = dlt.resource(bundles, name="requests", selected=False)

    def part(name: str, take: Any) -> DltResource:
        return dlt.transformer(take, data_from=requests, name=name, selected=False)

    resources = [
        contract_resource("pull_requests", requests, pull_request),
        contract_resource("pull_request_commits", part("commits", _of("commits")), commit),
        contract_resource("pull_request_commit_files", part("files", files), commit_file),
        contract_resource("reviews", part("decisions", _of("reviews")), review),
        contract_resource("review_threads", part("threads", _of("threads")), thread),
    ]
    if "deployments" not in without:
        found = dlt.resource(deployments, name="deployment_pages", selected=False)
        resources.append(contract_resource("deployments", found, deployment))
    return resources


# ------------------------------------------------------------------------- parts of a request


def _of(name: str) -> Any:
    def take(bundle: Payload) -> list[Payload]:
        return [{**one, "request": bundle["request"]} for one in bundle[name]]

    return take


def _bundle(
    request: Payload,
    activity: list[Any],
    commits: list[Payload],
    comments: list[Any],
    sizes: list[Any],
) -> Payload:
    threads = _threads(comments)
    updates = sorted(
        (one for entry in activity if (one := get(entry, "update")) and get(one, "date")),
        key=lambda update: update["date"],
    )
    ended = [
        utc_or_none(one["date"]) for one in updates if one.get("state") == request.get("state")
    ]
    added = [whole(get(one, "lines_added"), "lines_added") for one in sizes]
    removed = [whole(get(one, "lines_removed"), "lines_removed") for one in sizes]
    return {
        "request": request,
        "commits": commits,
        "threads": threads,
        "reviews": _decisions(activity, threads),
        # The first update of an open request is no end.
        "ended_at": None if request.get("state") == "OPEN" else next(iter(ended), None),
        "ready_at": _ready_at(request, updates),
        "lines_added": None if None in added else sum(added),
        "lines_removed": None if None in removed else sum(removed),
    }


def _ready_at(request: Payload, updates: list[Payload]) -> datetime | None:
    turns = [
        (utc_or_none(update["date"]), get(update, "changes", "draft", "new"))
        for update in updates
        if get(update, "changes", "draft")
    ]
    if not turns:
        return None if request.get("draft") else utc_or_none(request.get("created_on"))
    moment, is_draft = turns[0]
    # It was none before it became one.
    return utc_or_none(request.get("created_on")) if is_draft in (True, "true") else moment


def _threads(comments: list[Any]) -> list[Payload]:
    """Return the comments on code that answer none, each with the number of its replies."""
    by_id = {get(comment, "id"): comment for comment in comments}

    def root(comment: Payload) -> Any:
        seen = set()
        while (above := get(comment, "parent", "id")) in by_id and above not in seen:
            seen.add(above)
            comment = by_id[above]
        return get(comment, "id")

    replies = Counter(
        root(comment)
        for comment in comments
        if get(comment, "parent", "id") and not comment.get("deleted")
    )
    return [
        {**comment, "replies": replies[get(comment, "id")]}
        for comment in comments
        if get(comment, "inline") and not get(comment, "parent", "id")
    ]


def _decisions(activity: list[Any], threads: list[Payload]) -> list[Payload]:
    """Return approvals and requests for changes, oldest first, each once."""
    found: dict[Any, Payload] = {}
    for entry in activity:
        for name, state in (("approval", "approved"), ("changes_requested", "changes_requested")):
            said = get(entry, name)
            if said:
                key = (get(said, "user", "uuid"), state, said.get("date"))
                found[key] = {"user": said.get("user"), "state": state, "date": said.get("date")}
    opened: dict[Any, list[str]] = defaultdict(list)
    for thread in threads:
        opened[get(thread, "user", "uuid")].append(str(thread.get("created_on")))
    decisions = sorted(found.values(), key=lambda one: str(one["date"]))
    for decision in decisions:
        theirs = opened[get(decision["user"], "uuid")]
        before = [at for at in theirs if at <= str(decision["date"])]
        decision["comment_threads"] = len(before)
        opened[get(decision["user"], "uuid")] = [at for at in theirs if at not in before]
    return decisions


def _merge(commit: Any) -> bool:
    return len(get(commit, "parents") or ()) > 1


def _committed(commit: Payload) -> Any:
    return get(commit, "committer", "date") or commit.get("date")


def _author(commit: Payload, who: str = "author") -> tuple[str, str]:
    """Return name and address of `Ada <ada@example.com>`."""
    raw = str(get(commit, who, "raw") or "")
    found = _ADDRESS.match(raw)
    return (found[1], found[2]) if found else (raw, "")


def _environment(place: Payload | None) -> str | None:
    name, kind = get(place, "name"), get(place, "environment_type", "name")
    return name or (str(kind).lower() if kind else None)


def _without_name(branch: str | None, nickname: str | None) -> str | None:
    if not branch or not nickname:
        return branch
    own = rf"(?<![^\W_]){re.escape(nickname)}(?![^\W_])"
    return re.sub(own, "author", branch, flags=re.IGNORECASE)


# --------------------------------------------------------------------------------- who did it


class _People:
    """Keys and kinds of accounts."""

    def __init__(self, keys: Keys, noticed: Noticed) -> None:
        self._keys = keys
        self._noticed = noticed
        self._catalog = Catalog.load()

    def key(self, user: Any) -> str | None:
        return self._keys.alias("bitbucket", get(user, "account_id") or get(user, "uuid"))

    def kind(self, user: Any) -> str | None:
        found = self._attribute(user)
        return found.author_kind if found else None

    def _attribute(self, user: Any) -> CommitAttribution | None:
        """Return what something by an account is; a person's where its name is not told."""
        if not user:
            return None
        return attribute_account(_name(user) or "unnamed", _is_app(user), self._catalog)

    def notice(self, input_name: str, row: Any, user: Any) -> None:
        """Let the load tell of an app's account that no list has."""
        name = _name(user)
        if name and _is_app(user):
            self._noticed.account(input_name, row, name, self._catalog)

    def notice_request(self, request: Payload, tool: str | None) -> None:
        """Let the load tell of a request's machines that no list has."""
        self.notice("pull_requests", request.get("id"), request.get("author"))
        text = request.get("description") or ""
        self._noticed.text(request.get("id"), text, tool, self._catalog)

    def notice_commit(self, commit: Payload, made: CommitAttribution) -> None:
        """Let the load tell of a commit's machines that no list has."""
        row = get(commit, "request", "id"), commit.get("hash")
        message = commit.get("message") or ""
        self._noticed.commit(row, *_author(commit), message, made, self._catalog)

    def wrote_request(
        self, request: Payload, commits: list[Payload]
    ) -> tuple[str | None, str, str | None]:
        """Return kind of the author, authorship and tool of a request."""
        by_account = self._attribute(request.get("author"))
        authorship, tool = attribute_request(
            by_account,
            [self.wrote_commit(one) for one in sorted(commits, key=lambda c: str(c.get("date")))],
            f"{request.get('title') or ''}\n\n{request.get('description') or ''}",
            [],
            get(request, "source", "branch", "name") or "",
            self._catalog,
        )
        return by_account.author_kind if by_account else None, authorship, tool

    def wrote_commit(self, commit: Payload) -> CommitAttribution:
        """Tell what wrote a commit, as the git reader does."""
        return attribute_commit(
            *_author(commit),
            *_author(commit, "committer"),
            commit.get("message") or "",
            self._catalog,
        )


def _name(user: Any) -> str:
    name = get(user, "nickname") or get(user, "username") or get(user, "display_name")
    return str(name or "")


def _is_app(user: Any) -> bool:
    return str(get(user, "type") or "").lower() in ("app_user", "appuser", "team")


def _headers(token: str, email: str) -> dict[str, str]:
    if not email:
        return {"Authorization": f"Bearer {token}"}
    return {"Authorization": "Basic " + base64.b64encode(f"{email}:{token}".encode()).decode()}


def _loads(settings: Settings) -> Iterable[Load]:
    without = settings["without"]
    for name in without:
        if name not in _OPTIONAL:
            raise ShipworthyError(
                f"--without {name} names no input that can be left out; that is deployments."
            )
    for repository in settings["repositories"]:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise ShipworthyError(f"{repository!r} is no repository; write workspace/name.")
        yield Load(
            f"bitbucket:{repository}",
            tuple(name for name in _INPUTS if name not in without),
            lambda window, repository=repository: bitbucket(  # type: ignore[misc]  # binds the loop's value
                window,
                settings.session("Bitbucket"),
                settings.keys,
                settings.secrets["BITBUCKET_TOKEN"],
                repository,
                settings.secrets["BITBUCKET_EMAIL"],
                settings["services"],
                without,
                settings["base_url"],
            ),
        )


VENDOR = Vendor(
    name="bitbucket",
    title="Bitbucket",
    inputs=_INPUTS,
    loads=_loads,
    options=(
        Option(
            "repositories",
            "A repository, as workspace/name; may be given several times.",
            kind="texts",
            flag="repository",
            is_required=True,
        ),
        Option(
            "services",
            "Environment and the warehouse's service, as ENVIRONMENT=SERVICE.",
            kind="map",
            flag="service",
        ),
        Option(
            "without",
            "Leave out deployments, where they are kept elsewhere.",
            kind="texts",
            default=(),
        ),
    ),
    secrets=(
        Secret("BITBUCKET_TOKEN", "repository, pullrequest and pipeline (all of them to read)"),
        Secret("BITBUCKET_EMAIL", "the address of an API token's user", is_required=False),
    ),
    base_url="https://api.bitbucket.org",
    probe="/2.0/user",
    revises=timedelta(days=1),
    window=timedelta(days=90),
    history=timedelta(days=365),
    authenticate=lambda settings: _headers(
        settings.secrets["BITBUCKET_TOKEN"], settings.secrets["BITBUCKET_EMAIL"]
    ),
)
