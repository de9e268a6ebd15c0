"""GitHub: pull requests, reviews, deployments, releases and issues that are incidents.

Token: a fine-grained personal access token or an app's token with read access to Metadata,
Contents, Pull requests, Issues and Deployments (Actions too where workflows are named); of a
classic token the scope `repo`, or none for public repositories. In GITHUB_TOKEN.

Requested of each repository (`GET /repos/OWNER/NAME/...`), a hundred rows at a time:
- `pulls`, by last update; of each request `pulls/N`, `pulls/N/commits`, `pulls/N/reviews` and
  `issues/N/events`, and where it has any `pulls/N/comments`; `commits/SHA` of commits that came
  after the first thread;
- `deployments`, and of each `deployments/ID/statuses`;
- `issues` with the incident label, `pulls/N` of the requests that they name, of closed ones the
  `comments` that they have, and the issue that they repeat;
- where workflows are named, `actions/workflows`, their `runs`, and `attempts` before the last;
- where asked for, `releases`, and the tag of each.

Readings
- A request's tool: what its author's account is; else the tool that most of its commits with
  evidence name; else its description, labels and branch, in this order. One commit with evidence
  makes it AI's, as it does the squashed commit. None of these is `untagged`.
- `ready_at`: when a request was ready for review for the first time, which for one that was not
  opened as a draft is its opening; null while it is a draft.
- `first_commit_at`: the earliest author's time among its commits, since rebasing changes the other.
  GitHub lists 250 commits of a request at most.
- `head_branch` has `author` for its author's login (`alice-patch-1` is GitHub's own proposal).
- `merge_sha` only of merged requests: others have a trial merge there.
- `driver_key`, of an agent's request only: the first assignee who is a person, else the merger.
- Merges among a request's commits ("Update branch") are left out: what they bring is others' work.
- Files are read of commits after the first thread that somebody else than the author, and no
  machine, opened: only there can they tell whether a thread was answered.
- Left out are PENDING reviews (not submitted), and those that GitHub makes to hold a reply: no
  thread of their own, no text, state COMMENTED.
- A thread is a comment that answers none. Where that one was deleted, its replies still make a
  thread, of nobody known.
- Deployment: its last success, failure or error is its outcome; `inactive` only says that a newer
  one took over. Without an outcome it is in progress. The task `rollback` is a rollback, other
  deployments may be (null).
- Workflow run: every attempt is a deployment; timed_out and startup_failure are failures, skipped,
  neutral and stale are cancelled. It ended with its last change, GitHub knows no other time.
- Release: a successful deployment of its tag when it was published, to production, or to the
  environment `prerelease`; drafts are left out.
- Incident: severity is the label that reads like one (`sev-1`, `P2`, `priority: high`); a label
  `false-alarm` makes it a false alarm, `maintenance` planned work. An issue closed as a duplicate
  (state_reason, label, or comment "Duplicate of #12" of somebody who may write: GitHub's docs,
  "Marking issues or pull requests as a duplicate", https://docs.github.com/issues)
  has the other one in `merged_into_id`, or is a false alarm where nothing says which. Causes and
  fixes count where the text says "caused by" or "fixed by" and a request of the same repository, a
  full sha or (cause only) `deploy:ID`.
- What is deleted at GitHub stays as it was loaded.
"""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import dlt
import requests
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator

from shipworthy.contract import text_of_names
from shipworthy.errors import ShipworthyError
from shipworthy.git.catalog import Catalog, CommitAttribution, attribute_commit
from shipworthy.sources.http import Session, must_hold
from shipworthy.sources.incident_fields import INCIDENT_REFERENCE, severity_in_labels
from shipworthy.sources.noticed import Noticed
from shipworthy.sources.request_authorship import attribute_account, attribute_request, label_list
from shipworthy.sources.rows import (
    VERSION,
    BadRowError,
    Row,
    contract_resource,
    get,
    need,
    utc,
    whole,
)
from shipworthy.sources.vendor import Keys, Load, Option, Secret, Settings, Vendor, Window

Payload = dict[str, Any]

_INPUTS = (
    "pull_requests",
    "pull_request_commits",
    "pull_request_commit_files",
    "reviews",
    "review_threads",
    "deployments",
    "incidents",
    "identities",
)
# What `without` may name: inputs that a team can keep elsewhere.
_OPTIONAL = ("deployments", "incidents")

# Listed by creation, and changed later: an approval can hold a deployment, and a workflow can run
# again for 30 days.
_DEPLOYMENTS_CHANGE = timedelta(days=14)
_RUNS_CHANGE = timedelta(days=30)

_logger = logging.getLogger(__name__)


@dlt.source(name="github")
def github(
    window: Window,
    session: Session,
    token: str,
    keys: Keys,
    repository: str,
    services: Mapping[str, str] | None = None,
    workflows: Mapping[str, str] | None = None,
    environments: Iterable[str] = (),
    incident_label: str = "incident",
    releases: bool = False,
    without: Iterable[str] = (),
    base_url: str = "https://api.github.com",
) -> list[DltResource]:
    """What happened to one repository in a window of time.

    Parameters
    ----------
    window : Window
        Requests and issues by their last update, deployments, runs and releases by creation;
        deployments also of the 14 days before, workflow runs of the 30 days before.
    session : Session
        Retries and waits.
    token : str
        Read access, see the module.
    keys : Keys
        Makes the keys of people.
    repository : str
        `owner/name`, as the git reader calls it.
    services : mapping of str to str, optional
        Environment, workflow, label of an issue, or repository, to the warehouse's service; by
        default everything belongs to the service of the repository's name.
    workflows : mapping of str to str, optional
        Name or path of a workflow whose runs are deployments, to the environment it deploys to.
    environments : iterable of str, optional
        GitHub's environments whose deployments are read; by default all.
    incident_label : str
        Label of the issues that are incidents.
    releases : bool
        Whether published releases stand in for deployments.
    without : iterable of str, optional
        `deployments` (with workflows and releases) or `incidents`, to leave them out.
    base_url : str
        `https://HOST/api/v3` for GitHub Enterprise Server.

    Raises
    ------
    ShipworthyError
        If the credential is refused, or GitHub does not answer.
    """
    api = _Api(session, token, base_url, repository)
    people = _People(keys, Catalog.load(), window.noticed)
    make = _Rows(repository, people, _Services(repository, services or {}))
    workflows = workflows or {}

    bundles = dlt.resource(_requests(api, people, window), name="requests", selected=False)

    def part(name: str) -> DltResource:
        """The payloads of one kind, since a broken one must not take others with it."""

        def payloads(bundle: dict[str, list[Payload]]) -> Iterator[list[Payload]]:
            if bundle.get(name):
                yield bundle[name]

        return dlt.transformer(payloads, data_from=bundles, name=f"request_{name}", selected=False)

    resources = [
        contract_resource("pull_requests", part("request"), make.request),
        contract_resource("pull_request_commits", part("commits"), make.commit),
        contract_resource("pull_request_commit_files", part("files"), make.file),
        contract_resource("reviews", part("reviews"), make.review),
        contract_resource("review_threads", part("threads"), make.thread),
        contract_resource("identities", part("identities"), dict),
    ]
    left_out = set(without)
    if "deployments" not in left_out:
        found = _deployments(api, window, tuple(environments) or (None,))
        resources.append(contract_resource("deployments", found, make.deployment))
        if workflows:
            runs = _runs(api, window, workflows)
            resources.append(contract_resource("deployments", runs, make.run, "workflow_runs"))
        if releases:
            tags = _releases(api, window)
            resources.append(contract_resource("deployments", tags, make.release, "releases"))
    if "incidents" not in left_out:
        issues = _incidents(api, window, incident_label)
        resources.append(contract_resource("incidents", issues, make.incident))
    return resources


# ------------------------------------------------------------------------------ requesting


# What GitHub answers of a thing that was deleted while it was read, such as a commit pushed over.
_GONE = (404, 410, 422)


class _Api:
    """What one repository answers."""

    def __init__(self, session: Session, token: str, base_url: str, repository: str) -> None:
        self.repository = repository
        self._client = RESTClient(
            f"{base_url}/repos/{repository}",
            headers=_headers(token),
            session=session,
            paginator=HeaderLinkPaginator(),
        )

    def pages(
        self, path: str, selector: str = "$", absent: tuple[int, ...] = (410,), **params: Any
    ) -> Iterator[list[Any]]:
        """Yield the pages of a list; none where it answers that the feature is switched off."""
        params = {"per_page": 100, **params}
        hooks: dict[str, Any] = {
            "response": [must_hold("GitHub", selector.strip("$")), _raise_for_status]
        }
        try:
            for page in self._client.paginate(
                path, params=params, data_selector=selector, hooks=hooks
            ):
                yield list(page)
        except requests.HTTPError as error:
            if error.response is None or error.response.status_code not in absent:
                raise

    def all(self, path: str, selector: str = "$", **options: Any) -> list[Any]:
        """Return a list whole; options as for `pages`."""
        return [item for page in self.pages(path, selector, **options) for item in page]

    def one(self, path: str) -> Payload | None:
        """Return an object; None if there is none of that name."""
        response = self._client.get(path)
        if response.status_code in (404, 410, 422):
            return None
        response.raise_for_status()
        return response.json()


def _raise_for_status(response: requests.Response, *_: Any, **__: Any) -> None:
    response.raise_for_status()


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def _newest_first(
    pages: Iterable[list[Any]], name: str, since: datetime | None, until: datetime
) -> Iterator[Any]:
    """Yield what of a list, sorted by the time `name` from the newest on, lies in a window.

    Ends after a page that is older as a whole. An entry without a readable time is yielded, for the
    row's own check to refuse it. One that comes twice, as the list grows while it is read, is
    yielded once.
    """
    seen: set[tuple[Any, Any]] = set()
    for page in pages:
        times = [_time(get(item, name)) for item in page]
        for item, moment in zip(page, times, strict=True):
            if moment and (moment >= until or (since and moment < since)):
                continue
            key = (get(item, "id"), get(item, "run_attempt"))
            if key[0] is None or key not in seen:
                seen.add(key)
                yield item
        if since and page and all(moment and moment < since for moment in times):
            return


def _time(value: Any) -> datetime | None:
    """Return a time, None where it is missing or no time."""
    try:
        return utc(value)
    except BadRowError:
        return None


def _before(since: datetime | None, span: timedelta) -> datetime | None:
    return since - span if since else None


def _requests(api: _Api, people: "_People", window: Window) -> Iterator[dict[str, list[Payload]]]:
    """Yield one request after another with all that belongs to it, and in the end who is who."""
    accounts = _Accounts(people)
    pages = api.pages("pulls", state="all", sort="updated", direction="desc")
    for listed in _newest_first(pages, "updated_at", window.since, window.until):
        if not isinstance(get(listed, "number"), int):
            yield {"request": [listed]}
            continue
        bundle = _request(api, people, listed)
        for commit in bundle["commits"]:
            accounts.learn(commit)
        yield bundle
    yield {"identities": accounts.rows()}


def _request(api: _Api, people: "_People", listed: Payload) -> dict[str, list[Payload]]:
    number = listed["number"]
    request = {**listed, **(api.one(f"pulls/{number}") or {})}
    about = {"number": number, "request_updated_at": request.get("updated_at")}
    commits = [
        {**commit, **about}
        for commit in api.all(f"pulls/{number}/commits")
        if len(get(commit, "parents") or ()) < 2
    ]
    comments = api.all(f"pulls/{number}/comments") if request.get("review_comments") != 0 else []
    threads = [{**thread, **about} for thread in _threads(comments)]
    replied = {
        get(comment, "pull_request_review_id")
        for comment in comments
        if get(comment, "in_reply_to_id")
    }
    opened = Counter(get(thread, "pull_request_review_id") for thread in threads)
    reviews = [
        {**review, **about, "comment_threads": opened[get(review, "id")]}
        for review in api.all(f"pulls/{number}/reviews")
        if get(review, "state") != "PENDING"
        and not (
            get(review, "state") == "COMMENTED"
            and not get(review, "body")
            and not opened[get(review, "id")]
            and get(review, "id") in replied
        )
    ]
    # Not there where issues are out of the token's sight.
    request["events"] = api.all(f"issues/{number}/events", absent=_GONE)
    request["commits"] = commits
    return {
        "request": [request],
        "commits": commits,
        "threads": threads,
        "reviews": reviews,
        "files": [
            {**file, **about, "sha": commit["sha"]}
            for commit in _answering(people, request, commits, threads)
            # Without per_page: GitHub's own page of files is larger than a hundred.
            for file in api.all(f"commits/{commit['sha']}", "files", absent=_GONE, per_page=None)
        ],
    }


def _threads(comments: list[Payload]) -> list[Payload]:
    """Return the comments that open threads, each with the number of its replies."""
    replies: dict[Any, list[Payload]] = defaultdict(list)
    for comment in comments:
        if get(comment, "in_reply_to_id"):
            replies[comment["in_reply_to_id"]].append(comment)
    threads = [
        {**comment, "replies": len(replies.pop(get(comment, "id"), ()))}
        for comment in comments
        if not get(comment, "in_reply_to_id")
    ]
    for deleted, answers in replies.items():
        first = min(answers, key=lambda answer: str(get(answer, "created_at")))
        threads.append(
            {
                "id": deleted,
                "path": first.get("path"),
                "created_at": first.get("created_at"),
                "replies": len(answers),
            }
        )
    return threads


def _answering(
    people: "_People", request: Payload, commits: list[Payload], threads: list[Payload]
) -> list[Payload]:
    """Return the commits that can answer a thread of a person other than the author."""
    by_others = [
        _time(thread.get("created_at"))
        for thread in threads
        if people.kind(thread.get("user")) == "human"
        and get(thread, "user", "login") != get(request, "user", "login")
    ]
    first = min((moment for moment in by_others if moment), default=None)
    if first is None:
        return []
    committed = [(commit, _time(get(commit, "commit", "committer", "date"))) for commit in commits]
    return [
        commit for commit, moment in committed if get(commit, "sha") and moment and moment > first
    ]


def _deployments(
    api: _Api, window: Window, environments: tuple[str | None, ...]
) -> Iterator[Payload]:
    since = _before(window.since, _DEPLOYMENTS_CHANGE)
    for environment in environments:
        pages = api.pages("deployments", environment=environment)
        for deployment in _newest_first(pages, "created_at", since, window.until):
            number = get(deployment, "id")
            path = f"deployments/{number}/statuses"
            statuses = api.all(path, absent=_GONE) if number is not None else []
            yield {**deployment, "statuses": statuses}


def _runs(api: _Api, window: Window, workflows: Mapping[str, str]) -> Iterator[Payload]:
    """Yield every attempt of the runs of the named workflows."""
    since = _before(window.since, _RUNS_CHANGE)
    missing = set(workflows)
    for workflow in api.all("actions/workflows", "workflows"):
        path = str(get(workflow, "path") or "")
        names = (get(workflow, "name"), path, path.rpartition("/")[2])
        name = next((name for name in names if name in workflows), None)
        if name is None:
            continue
        missing.discard(name)
        about = {"workflow": name, "environment": workflows[name]}
        # GitHub answers no more than a thousand runs where `created` is asked for, hence without.
        pages = api.pages(f"actions/workflows/{get(workflow, 'id')}/runs", "workflow_runs")
        for run in _newest_first(pages, "created_at", since, window.until):
            yield {**run, **about}
            for attempt in range(1, get(run, "run_attempt") or 1):
                earlier = api.one(f"actions/runs/{get(run, 'id')}/attempts/{attempt}")
                if earlier is not None:
                    yield {**earlier, **about}
    for name in sorted(missing):
        _logger.warning("%s has no workflow of the name or path %s.", api.repository, name)


def _releases(api: _Api, window: Window) -> Iterator[Payload]:
    for page in api.pages("releases"):
        for release in page:
            # GitHub sorts them by the time of their commits: all pages are looked at.
            published_at = _time(get(release, "published_at"))
            if get(release, "draft") or (
                published_at
                and (published_at >= window.until or (window.since and published_at < window.since))
            ):
                continue
            yield {**release, "sha": _tagged(api, get(release, "tag_name"))}


def _tagged(api: _Api, tag: Any) -> str | None:
    """Return the commit that a tag marks, through annotated tags."""
    found = api.one(f"git/ref/tags/{quote(tag)}") if tag else None
    while get(found, "object", "type") == "tag":
        found = api.one(f"git/tags/{get(found, 'object', 'sha')}")
    return get(found, "object", "sha") if get(found, "object", "type") == "commit" else None


def _incidents(api: _Api, window: Window, label: str) -> Iterator[Payload]:
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

    for issue in _newest_first(pages, "updated_at", window.since, window.until):
        if isinstance(issue, Mapping) and "pull_request" in issue:
            continue
        yield {
            **issue,
            **_links(api.repository, str(get(issue, "body") or ""), merge_of),
            "merged_into": _merged_into(api, issue),
        }


def _merged_into(api: _Api, issue: Payload) -> str | None:
    """Return the incident that a closed issue repeats, as its last word on that says.

    GitHub marks an issue by a comment of somebody who may write ("Duplicate of #12"); where it was
    closed or labelled as a duplicate, the word of others and of the description counts too.
    """
    own = get(issue, "number")
    if not isinstance(own, int):
        return None
    labels = {label.strip().lower() for label in _labels(issue)}
    is_repeat = issue.get("state_reason") == "duplicate" or "duplicate" in labels
    if not is_repeat and issue.get("state") != "closed":
        return None
    # The author's own word in the description comes before all comments.
    said = [str(issue.get("body") or "")] if is_repeat else []
    if issue.get("comments"):
        said += [
            str(comment.get("body") or "")
            for comment in api.all(f"issues/{own}/comments", absent=_GONE)
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


# ---------------------------------------------------------------------- what issues refer to

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


# Who may write, or may be able to; GitHub marks nothing by the comment of others.
_WRITERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_DUPLICATE = re.compile(
    r"\bduplicate of\s+(?:(?P<repository>[\w.-]+/[\w.-]+)?#(?P<number>\d{1,18})\b"
    r"|https?://\S+?/(?P<repository_of_url>[\w.-]+/[\w.-]+)/issues/(?P<number_of_url>\d{1,18})\b)",
    re.IGNORECASE,
)


# ------------------------------------------------------------------------------------ people


@dataclass(frozen=True)
class _People:
    """Who an account of GitHub's is, by its login and its type."""

    keys: Keys
    catalog: Catalog
    noticed: Noticed

    def key(self, account: Payload | None) -> str | None:
        return self.keys.alias("github", get(account, "login"))

    def kind(self, account: Payload | None) -> str | None:
        """Return human, agent or automation; None for an account that no longer exists."""
        found = self.attribute(account)
        return found.author_kind if found else None

    def attribute(self, account: Payload | None) -> CommitAttribution | None:
        """Return what something by this account is; None for one that no longer exists."""
        login = get(account, "login")
        return attribute_account(
            login if isinstance(login, str) else None,
            get(account, "type") == "Bot",
            self.catalog,
        )

    def notice(self, input_name: str, row: Any, account: Payload | None) -> None:
        """Let the load tell of a bot's account that no list has."""
        login = get(account, "login")
        if get(account, "type") == "Bot" and isinstance(login, str):
            self.noticed.account(input_name, row, login, self.catalog)

    def notice_commit(self, payload: Payload, found: CommitAttribution) -> None:
        """Let the load tell of a commit's machines that no list has."""
        author = get(payload, "commit", "author")
        self.noticed.commit(
            (get(payload, "number"), get(payload, "sha")),
            get(author, "name") or "",
            get(author, "email") or "",
            get(payload, "commit", "message") or "",
            found,
            self.catalog,
        )

    def attribute_commit(self, payload: Payload) -> CommitAttribution:
        """Return what wrote a commit, by its author's address and account and by its message."""
        git = get(payload, "commit")
        found = attribute_commit(
            get(git, "author", "name") or "",
            get(git, "author", "email") or "",
            get(git, "committer", "name") or "",
            get(git, "committer", "email") or "",
            get(git, "message") or "",
            self.catalog,
        )
        by_account = self.attribute(get(payload, "author"))
        if found.author_kind == "human" and by_account and by_account.author_kind != "human":
            return by_account
        return found


@dataclass
class _Accounts:
    """Which addresses commits show to belong to which login.

    A login is the person of the smallest key among its addresses, whichever come first; its
    noreply addresses are that person too, or the login where no other address is known. Further
    addresses stay apart: what joins them is the users' file of identities.
    """

    people: _People
    addresses: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    noreply: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def learn(self, payload: Payload) -> None:
        account, address = get(payload, "author"), get(payload, "commit", "author", "email")
        login = self.people.key(account)
        key = self.people.keys.email(address) if isinstance(address, str) else None
        if (
            login is None
            or key is None
            or self.people.kind(account) != "human"
            or self.people.attribute_commit(payload).author_kind != "human"
            or address.strip().lower() == "noreply@github.com"  # a web flow
        ):
            return
        (self.noreply if "@users.noreply." in address.lower() else self.addresses)[login].add(key)

    def rows(self) -> list[Payload]:
        rows = {login: min(known) for login, known in self.addresses.items()}
        for login, known in self.noreply.items():
            rows.update(dict.fromkeys(known, rows.get(login, login)))
        return [{"alias_key": alias, "person_key": rows[alias]} for alias in sorted(rows)]


@dataclass(frozen=True)
class _Services:
    """The service that something belongs to."""

    repository: str
    names: Mapping[str, str]

    def of(self, *names: Any) -> str:
        own = (*names, self.repository, self.repository.partition("/")[2])
        return next((self.names[name] for name in own if name in self.names), self.repository)

    def of_labels(self, labels: list[str]) -> str:
        found = sorted({self.names[label] for label in labels if label in self.names})
        return text_of_names(found) or self.of()


# -------------------------------------------------------------------------------------- rows

_CONCLUSIONS = {
    "success": "success",
    "failure": "failure",
    "timed_out": "failure",
    "startup_failure": "failure",
    "cancelled": "cancelled",
    "skipped": "cancelled",
    "neutral": "cancelled",
    "stale": "cancelled",
    "action_required": "in_progress",
}
_OUTCOMES = {"success": "success", "failure": "failure", "error": "failure"}


@dataclass(frozen=True)
class _Rows:
    """Makes rows of the contract from payloads."""

    repository: str
    people: _People
    services: _Services

    def request(self, request: Payload) -> Row:
        opened_at = utc(need(request, "created_at"), "opened_at")
        merged_at = utc(request.get("merged_at"), "merged_at")
        closed_at = utc(request.get("closed_at"), "closed_at")
        updated_at = utc(request.get("updated_at"), "updated_at")
        events, commits = request.get("events") or [], request.get("commits") or []
        merger = request.get("merged_by") if merged_at else None
        closer = merger
        if closed_at and not merged_at:
            closer = _last(events, "closed").get("actor")
        kind = self.people.kind(request.get("user"))
        branch, labels = get(request, "head", "ref") or "", _labels(request)
        authorship, tool = attribute_request(
            self.people.attribute(request.get("user")),
            [self.people.attribute_commit(commit) for commit in commits],
            request.get("body") or "",
            labels,
            branch,
            self.people.catalog,
        )
        self.people.notice("pull_requests", request.get("number"), request.get("user"))
        self.people.noticed.text(
            request.get("number"), request.get("body") or "", tool, self.people.catalog
        )
        driver = None
        if kind == "agent":
            assigned = [*(request.get("assignees") or []), request.get("assignee"), merger]
            driver = next((one for one in assigned if self.people.kind(one) == "human"), None)
        authored = [_time(get(commit, "commit", "author", "date")) for commit in commits]
        return {
            "repository": self.repository,
            "number": need(request, "number"),
            "author_key": self.people.key(request.get("user")),
            "author_kind": kind,
            "authorship": authorship,
            "ai_tool": tool,
            "opened_at": opened_at,
            "ready_at": _ready_at(request, events, opened_at),
            "merged_at": merged_at,
            "closed_at": closed_at,
            "merge_sha": request.get("merge_commit_sha") if merged_at else None,
            "head_branch": _without_login(
                get(request, "head", "ref"), get(request, "user", "login")
            ),
            # A clock ahead of the request's own says nothing.
            "first_commit_at": min(
                (moment for moment in authored if moment and updated_at and moment <= updated_at),
                default=None,
            ),
            "lines_added": whole(request.get("additions"), "lines_added"),
            "lines_removed": whole(request.get("deletions"), "lines_removed"),
            "merged_by_key": self.people.key(merger),
            "closed_by_key": self.people.key(closer),
            "closed_by_kind": self.people.kind(closer),
            "driver_key": self.people.key(driver),
            "labels": label_list(labels),
            VERSION: updated_at,
        }

    def commit(self, commit: Payload) -> Row:
        found = self.people.attribute_commit(commit)
        self.people.notice_commit(commit, found)
        address = get(commit, "commit", "author", "email")
        return {
            "repository": self.repository,
            "number": commit["number"],
            "sha": need(commit, "sha"),
            "author_key": self.people.keys.email(address) or self.people.key(commit.get("author")),
            "author_kind": found.author_kind,
            "authorship": found.authorship,
            "ai_tool": found.ai_tool,
            "committed_at": utc(get(commit, "commit", "committer", "date"), "committed_at"),
            VERSION: utc(commit["request_updated_at"]),
        }

    def file(self, file: Payload) -> list[Row]:
        # A file that was renamed is touched under both names.
        paths = [need(file, "filename"), file.get("previous_filename")]
        return [
            {
                "repository": self.repository,
                "number": file["number"],
                "sha": file["sha"],
                "path": path,
                VERSION: utc(file["request_updated_at"]),
            }
            for path in paths
            if path
        ]

    def review(self, review: Payload) -> Row:
        self.people.notice("reviews", review.get("id"), review.get("user"))
        return {
            "repository": self.repository,
            "number": review["number"],
            "review_id": str(need(review, "id")),
            "reviewer_key": self.people.key(review.get("user")),
            "reviewer_kind": self.people.kind(review.get("user")),
            "state": need(review, "state").lower(),
            "submitted_at": utc(need(review, "submitted_at"), "submitted_at"),
            "comment_threads": review["comment_threads"],
            VERSION: utc(review["request_updated_at"]),
        }

    def thread(self, comment: Payload) -> Row:
        return {
            "repository": self.repository,
            "number": comment["number"],
            "thread_id": str(need(comment, "id")),
            "author_key": self.people.key(comment.get("user")),
            "author_kind": self.people.kind(comment.get("user")),
            "path": comment.get("path"),
            "opened_at": utc(need(comment, "created_at"), "opened_at"),
            "replies": comment["replies"],
            VERSION: utc(comment["request_updated_at"]),
        }

    def deployment(self, deployment: Payload) -> Row:
        statuses = sorted(
            (utc(need(status, "created_at"), "finished_at"), status.get("id") or 0, status["state"])
            for status in deployment["statuses"]
        )
        ends = [(moment, _OUTCOMES[state]) for moment, _, state in statuses if state in _OUTCOMES]
        finished_at, outcome = ends[-1] if ends else (None, "in_progress")
        environment = deployment.get("environment")
        return {
            "deployment_id": str(need(deployment, "id")),
            "repository": self.repository,
            "service": self.services.of(environment),
            "environment": environment,
            "sha": deployment.get("sha"),
            "status": outcome,
            "created_at": utc(need(deployment, "created_at"), "created_at"),
            "started_at": next(
                (moment for moment, _, state in statuses if state == "in_progress"), None
            ),
            "finished_at": finished_at,
            "deployed_by_kind": self.people.kind(deployment.get("creator")),
            "is_rollback": True if deployment.get("task") == "rollback" else None,
            "kind": "deploy",
            "source": "github",
            VERSION: statuses[-1][0] if statuses else None,
        }

    def run(self, run: Payload) -> Row:
        attempt = whole(run.get("run_attempt"), "run_attempt") or 1
        created_at = utc(need(run, "created_at"), "created_at")
        started_at = utc(run.get("run_started_at"), "started_at") or created_at
        updated_at = utc(run.get("updated_at"), "finished_at")
        is_over = run.get("status") == "completed"
        conclusion = run.get("conclusion")
        if is_over and conclusion not in _CONCLUSIONS:
            raise BadRowError("conclusion is not one of " + ", ".join(_CONCLUSIONS))
        status = _CONCLUSIONS[conclusion] if is_over else "in_progress"
        actor = run.get("triggering_actor") or run.get("actor")
        return {
            "deployment_id": f"run-{need(run, 'id')}-{attempt}",
            "repository": self.repository,
            "service": self.services.of(run["workflow"], run["environment"]),
            "environment": run["environment"],
            "sha": run.get("head_sha"),
            "status": status,
            # A later attempt keeps the first one's creation.
            "created_at": created_at if attempt == 1 else started_at,
            "started_at": started_at,
            "finished_at": updated_at if status != "in_progress" else None,
            "deployed_by_kind": self.people.kind(actor),
            "kind": "deploy",
            "source": "github",
            VERSION: updated_at,
        }

    def release(self, release: Payload) -> Row:
        published_at = utc(need(release, "published_at"), "finished_at")
        environment = "prerelease" if release.get("prerelease") else "production"
        return {
            # The git reader calls the same release so.
            "deployment_id": f"{self.repository}@{need(release, 'tag_name')}",
            "repository": self.repository,
            "service": self.services.of(environment),
            "environment": environment,
            "sha": release["sha"],
            "status": "success",
            "created_at": published_at,
            "finished_at": published_at,
            "deployed_by_kind": self.people.kind(release.get("author")),
            "kind": "deploy",
            "source": "git_tag",
            VERSION: published_at,
        }

    def incident(self, issue: Payload) -> Row:
        labels = _labels(issue)
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


def _labels(payload: Payload) -> list[str]:
    """Return the names of a request's or an issue's labels, which may be plain texts."""
    labels = payload.get("labels") or []
    names = [label if isinstance(label, str) else get(label, "name") for label in labels]
    return [name for name in names if isinstance(name, str)]


def _without_login(branch: str | None, login: str | None) -> str | None:
    """Return a branch's name without its author's, which GitHub itself puts there."""
    if not branch or not login:
        return branch
    own = rf"(?<![^\W_]){re.escape(login)}(?![^\W_])"
    return re.sub(own, "author", branch, flags=re.IGNORECASE)


def _last(events: list[Payload], name: str) -> Payload:
    chosen = [event for event in events if get(event, "event") == name]
    return max(chosen, key=lambda event: str(event.get("created_at")), default={})


def _ready_at(
    request: Payload, events: list[Payload], opened_at: datetime | None
) -> datetime | None:
    turns = sorted(
        (moment, event["event"] == "ready_for_review")
        for event in events
        if get(event, "event") in ("ready_for_review", "convert_to_draft", "converted_to_draft")
        and (moment := _time(event.get("created_at")))
    )
    if not turns:
        return None if request.get("draft") else opened_at
    moment, was_draft = turns[0]
    return moment if was_draft else opened_at


# ------------------------------------------------------------------------------------- vendor


def _loads(settings: Settings) -> Iterable[Load]:
    without = settings["without"]
    for name in without:
        if name not in _OPTIONAL:
            raise ShipworthyError(
                f"--without {name} names no input that can be left out; "
                f"those are {' and '.join(_OPTIONAL)}."
            )
    for repository in settings["repositories"]:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise ShipworthyError(f"{repository!r} is no repository; write owner/name.")
        yield Load(
            f"github:{repository}",
            tuple(name for name in _INPUTS if name not in without),
            lambda window, repository=repository: github(  # type: ignore[misc]  # binds the loop's value
                window,
                settings.session("GitHub"),
                settings.secrets["GITHUB_TOKEN"],
                settings.keys,
                repository,
                services=settings["services"],
                workflows=settings["workflows"],
                environments=settings["environments"],
                incident_label=settings["incident_label"],
                releases=settings["releases"],
                without=without,
                base_url=settings["base_url"],
            ),
        )


VENDOR = Vendor(
    name="github",
    title="GitHub",
    inputs=_INPUTS,
    loads=_loads,
    options=(
        Option(
            "repositories",
            "A repository, as owner/name; may be given several times.",
            kind="texts",
            flag="repository",
            is_required=True,
        ),
        Option(
            "services",
            "Service of an environment, workflow, issue's label or repository, as NAME=SERVICE.",
            kind="map",
            flag="service",
            default={},
        ),
        Option(
            "workflows",
            "A workflow whose runs are deployments, as NAME_OR_PATH=ENVIRONMENT.",
            kind="map",
            flag="workflow",
            default={},
        ),
        Option(
            "environments",
            "An environment whose deployments are read; by default all are.",
            kind="texts",
            flag="environment",
            default=(),
        ),
        Option(
            "incident_label",
            "Label of the issues that are incidents; by default incident.",
            default="incident",
        ),
        Option(
            "releases",
            "Take published releases for deployments to production.",
            kind="flag",
            default=False,
        ),
        Option(
            "without",
            "Leave out deployments or incidents, where they are kept elsewhere.",
            kind="texts",
            default=(),
        ),
    ),
    secrets=(
        Secret(
            "GITHUB_TOKEN",
            "read metadata, contents, pull requests, issues and deployments of the repositories, "
            "with --workflow actions too (classic tokens: scope repo)",
        ),
    ),
    base_url="https://api.github.com",
    probe="/meta",
    # Lists by last update need no more than what its index lags behind.
    revises=timedelta(days=1),
    window=timedelta(days=90),
    history=timedelta(days=365),
    authenticate=lambda settings: _headers(settings.secrets["GITHUB_TOKEN"]),
)
