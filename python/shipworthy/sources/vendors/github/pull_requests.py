"""Pull requests with their commits, reviews and threads, and who their people are.

Requested (`GET /repos/OWNER/NAME/...`): `pulls`, by last update; of each request `pulls/N`,
`pulls/N/commits`, `pulls/N/reviews` and `issues/N/events`, and where it has any
`pulls/N/comments`; `commits/SHA` of commits that came after the first thread.

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
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shipworthy.sources.request_authorship import attribute_request, label_list
from shipworthy.sources.rows import VERSION, Row, get, need, utc, utc_or_none, whole
from shipworthy.sources.vendor import Window
from shipworthy.sources.vendors.github.api import (
    GONE,
    Api,
    Payload,
    labels_of,
    newest_first,
)
from shipworthy.sources.vendors.github.people import Accounts, People


def find_pull_requests(
    api: Api, people: People, window: Window
) -> Iterator[dict[str, list[Payload]]]:
    """Yield one request after another with all that belongs to it, and in the end who is who."""
    accounts = Accounts(people)
    pages = api.pages("pulls", state="all", sort="updated", direction="desc")
    for listed in newest_first(pages, "updated_at", window.since, window.until):
        if not isinstance(get(listed, "number"), int):
            yield {"request": [listed]}
            continue
        bundle = _request(api, people, listed)
        for commit in bundle["commits"]:
            accounts.learn(commit)
        yield bundle
    yield {"identities": accounts.rows()}


def _request(api: Api, people: People, listed: Payload) -> dict[str, list[Payload]]:
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
    request["events"] = api.all(f"issues/{number}/events", absent=GONE)
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
            for file in api.all(f"commits/{commit['sha']}", "files", absent=GONE, per_page=None)
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
    people: People, request: Payload, commits: list[Payload], threads: list[Payload]
) -> list[Payload]:
    """Return the commits that can answer a thread of a person other than the author."""
    by_others = [
        utc_or_none(thread.get("created_at"))
        for thread in threads
        if people.kind(thread.get("user")) == "human"
        and get(thread, "user", "login") != get(request, "user", "login")
    ]
    first = min((moment for moment in by_others if moment), default=None)
    if first is None:
        return []
    committed = [
        (commit, utc_or_none(get(commit, "commit", "committer", "date"))) for commit in commits
    ]
    return [
        commit for commit, moment in committed if get(commit, "sha") and moment and moment > first
    ]


@dataclass(frozen=True)
class PullRequestRows:
    """Makes rows of the contract from what was found of requests."""

    repository: str
    people: People

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
        branch, labels = get(request, "head", "ref") or "", labels_of(request)
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
        authored = [utc_or_none(get(commit, "commit", "author", "date")) for commit in commits]
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
        and (moment := utc_or_none(event.get("created_at")))
    )
    if not turns:
        return None if request.get("draft") else opened_at
    moment, was_draft = turns[0]
    return moment if was_draft else opened_at
