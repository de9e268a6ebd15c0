"""Pull requests: their branches, reviews and threads."""

from datetime import datetime, timedelta
from typing import Any

from shipworthy.simulate.dice import Dice, hashed
from shipworthy.simulate.model import BranchCommit, Change
from shipworthy.simulate.organisation import AGENT_KEY, BOT_KEY, Organisation, Person
from shipworthy.simulate.parameters import Parameters


def plan_requests(
    parameters: Parameters, organisation: Organisation, mainlines: dict[str, list[Change]]
) -> None:
    """Give the changes that came with a request their branch, and decide how they were reviewed.

    Parameters
    ----------
    parameters : Parameters
        Stories and period.
    organisation : Organisation
        Who there is.
    mainlines : dict of str to list of Change
        The changes of each repository, oldest first.
    """
    for change in (change for mainline in mainlines.values() for change in mainline):
        if not change.has_request:
            continue
        dice = Dice(parameters.seed, "request", change.sha)
        team = organisation.teams[_team(change, organisation)]
        others = [
            person
            for person in organisation.members(team.name, change.landed_at.date())
            if person is not change.person
        ]
        change.merged_by = dice.pick(others)
        style = team.reviewing
        change.reviewing = dice.weighted(
            {
                "none": style.unreviewed,
                "stamp": style.rubber_stamped,
                "careful": style.careful,
                "ordinary": 1 - style.unreviewed - style.rubber_stamped - style.careful,
            }
        )
        if change.kind == "bump" or change.incident:
            change.reviewing = dice.weighted({"stamp": 2, "none": 1})
        _plan_branch(parameters, change, dice)


def _team(change: Change, organisation: Organisation) -> str:
    """Return the team that handles a request."""
    day = change.landed_at.date()
    owner = change.service.owner(day)
    if change.person is None:
        return owner
    teams = change.person.teams(day)
    return owner if owner in teams or not teams else teams[0]


def _plan_branch(parameters: Parameters, change: Change, dice: Dice) -> None:
    """Plan the commits of the branch and the opening of the request."""
    span = change.committed_at - change.authored_at
    change.opened_at = _second(change.authored_at + span * dice.between(0.05, 0.5))
    commits = dice.weighted({1: 78, 2: 17, 3: 5})
    if change.reviewing == "careful":
        commits = max(2, commits)
    for index in range(commits):
        author_key, kind = change.author_key, change.author_kind
        authorship, tool, method = change.authorship, change.tool, change.method
        if index and change.author_kind == "agent" and dice.chance(0.4):
            # The driver takes over from the agent.
            author_key, kind, authorship, tool, method = (
                change.person.key, "human", "untagged", None, None,
            )  # fmt: skip
        elif index and authorship == "ai" and dice.chance(0.4):
            authorship, tool, method = "untagged", None, None
        if index == 0:
            committed_at = change.authored_at
        elif change.reviewing in ("careful", "ordinary"):
            # Later commits answer the review.
            left = change.committed_at - change.opened_at
            committed_at = change.opened_at + left * (0.55 + 0.15 * index)
        else:
            committed_at = change.authored_at + (change.opened_at - change.authored_at) * (
                index / commits
            )
        change.branch.append(
            BranchCommit(
                hashed(40, parameters.seed, change.sha, "branch", index),
                author_key,
                kind,
                authorship,
                tool,
                method,
                _second(committed_at),
            )
        )


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def number_requests(
    parameters: Parameters, organisation: Organisation, mainlines: dict[str, list[Change]]
) -> list[dict]:
    """Number the requests of each repository by their opening.

    Parameters
    ----------
    parameters : Parameters
        Seed and period.
    organisation : Organisation
        Who there is.
    mainlines : dict of str to list of Change
        The changes of each repository; get the numbers of their requests.

    Returns
    -------
    list of dict
        Rows of `pull_requests` that were never merged: closed, or still open at the end.
    """
    unmerged: list[Any] = []
    for name, mainline in mainlines.items():
        dice = Dice(parameters.seed, "unmerged", name)
        requests: list[tuple[Any, str, Any]] = [
            (change.opened_at, change.sha, change) for change in mainline if change.branch
        ]
        requests += [
            (row["opened_at"], "", row)
            for change in mainline
            if change.branch and change.kind == "feature"
            if (row := _unmerged(parameters, organisation, change, dice))
        ]
        requests.sort(key=lambda request: request[:2])
        for number, (_, _, request) in enumerate(requests, start=1):
            if isinstance(request, Change):
                request.number = number
            else:
                request["number"] = number
                unmerged.append(request)
    return unmerged


def _unmerged(
    parameters: Parameters, organisation: Organisation, like: Change, dice: Dice
) -> dict | None:
    """Return, now and then, a request much like that of a change, but never merged."""
    opened_at = like.opened_at + timedelta(minutes=dice.integer(30, 3000))
    is_last = parameters.end - opened_at < timedelta(days=4)
    if opened_at >= parameters.end or not dice.chance(0.25 if is_last else 0.04):
        return None
    closed_at = opened_at + timedelta(hours=dice.integer(3, 140))
    if closed_at > parameters.end:
        closed_at = None
    closer = like.merged_by
    by_agent = like.authorship == "ai" and dice.chance(0.4)
    return {
        "repository": like.repository.name,
        "author_key": AGENT_KEY if by_agent else like.person.key,
        "author_kind": "agent" if by_agent else "human",
        "authorship": "ai" if by_agent else like.authorship,
        "ai_tool": "copilot" if by_agent else like.tool,
        "opened_at": opened_at,
        "ready_at": opened_at,
        "closed_at": closed_at,
        "head_branch": f"{'agent' if by_agent else 'feature'}/{like.sha[:7]}-try",
        "first_commit_at": opened_at - timedelta(minutes=dice.integer(5, 600)),
        "lines_added": like.lines_added or like.lines,
        "lines_removed": like.lines_removed,
        "closed_by_key": closer.key if closed_at else None,
        "closed_by_kind": "human" if closed_at else None,
        "driver_key": like.person.key if by_agent else None,
    }


class Requests:
    """The rows of the five tables about requests, gathered change by change."""

    def __init__(self, parameters: Parameters, organisation: Organisation) -> None:
        self.parameters = parameters
        self.organisation = organisation
        self.pull_requests: list[dict] = []
        self.commits: list[dict] = []
        self.files: list[dict] = []
        self.reviews: list[dict] = []
        self.threads: list[dict] = []

    def write(self, change: Change) -> None:
        """Write the request of a change."""
        dice = Dice(self.parameters.seed, "reviews", change.sha)
        is_draft_first = dice.chance(0.12)
        left = change.committed_at - change.opened_at
        ready_at = _second(change.opened_at + left * 0.2) if is_draft_first else change.opened_at
        by_agent = change.author_kind == "agent"
        prefix = {"fix": "fix", "revert": "revert", "docs": "docs", "bump": "bump"}.get(
            change.kind, "agent" if by_agent else "feature"
        )
        if change.is_fix and change.incident:
            prefix = "hotfix"
        key = {"repository": change.repository.name, "number": change.number}
        self.pull_requests.append(
            {
                **key,
                "author_key": change.author_key,
                "author_kind": change.author_kind,
                "authorship": change.authorship,
                "ai_tool": change.tool,
                "opened_at": change.opened_at,
                "ready_at": ready_at,
                "merged_at": change.committed_at,
                "closed_at": change.committed_at,
                "merge_sha": change.sha,
                "head_branch": f"{prefix}/{change.sha[:7]}",
                "first_commit_at": change.authored_at,
                "lines_added": change.lines_added,
                "lines_removed": change.lines_removed,
                "merged_by_key": change.merged_by.key,
                "closed_by_key": change.merged_by.key,
                "closed_by_kind": "human",
                "driver_key": change.person.key if by_agent else None,
            }
        )
        for commit in change.branch:
            self.commits.append(
                {
                    **key,
                    "sha": commit.sha,
                    "author_key": commit.author_key,
                    "author_kind": commit.author_kind,
                    "authorship": commit.authorship,
                    "ai_tool": commit.tool,
                    "committed_at": commit.committed_at,
                }
            )
            self.files += [{**key, "sha": commit.sha, "path": path} for path in commit.paths]
        self._reviews(change, ready_at, dice)

    def _reviews(self, change: Change, ready_at: datetime, dice: Dice) -> None:
        """Write the reviews of a request."""
        team = _team(change, self.organisation)
        reviewers = [
            person
            for person in self.organisation.members(team, change.landed_at.date())
            if person is not change.person
        ]
        reviewer = dice.pick(reviewers)
        left = change.committed_at - ready_at
        lines = change.lines_added + change.lines_removed
        if dice.chance(0.05):
            # A bot's remarks; they count for nothing.
            self._review(
                change, BOT_KEY, "automation", "commented", ready_at + left * 0.02, 0, lines
            )
        if change.reviewing == "stamp":
            # Faster than anybody can read.
            pause = min(left * 0.9, timedelta(seconds=dice.integer(4, 20)))
            self._review(change, reviewer.key, "human", "approved", ready_at + pause, 0, lines)
        elif change.reviewing == "ordinary":
            threads = dice.weighted({0: 11, 1: 7, 2: 2})
            at = ready_at + left * dice.between(0.3, 0.5)
            self._threads(change, reviewer, at, threads, dice)
            self._review(change, reviewer.key, "human", "approved", at, threads, lines)
        elif change.reviewing == "careful":
            threads = dice.integer(1, 2)
            at = ready_at + left * dice.between(0.15, 0.4)
            state = dice.weighted({"changes_requested": 12, "commented": 7, "dismissed": 1})
            self._threads(change, reviewer, at, threads, dice)
            self._review(change, reviewer.key, "human", state, at, threads, lines)
            self._review(
                change, reviewer.key, "human", "approved", ready_at + left * 0.95, 0, lines
            )
            if dice.chance(0.15):
                second = dice.pick(reviewers)
                self._review(
                    change, second.key, "human", "approved", ready_at + left * 0.97, 0, lines
                )
        if change.author_kind == "human" and dice.chance(0.02):
            # The author's own remark; it counts for nothing either.
            self._review(
                change, change.author_key, "human", "commented", ready_at + left * 0.6, 0, lines
            )

    def _review(
        self,
        change: Change,
        reviewer_key: str,
        kind: str,
        state: str,
        at: datetime,
        threads: int,
        lines: int,
    ) -> None:
        self.reviews.append(
            {
                "repository": change.repository.name,
                "number": change.number,
                "review_id": f"R{len(self.reviews) + 1}",
                "reviewer_key": reviewer_key,
                "reviewer_kind": kind,
                "state": state,
                "submitted_at": _second(at),
                "comment_threads": threads,
                "lines_at_review": lines,
            }
        )

    def _threads(
        self, change: Change, reviewer: Person, at: datetime, threads: int, dice: Dice
    ) -> None:
        """Write threads, most of them on a file that the last commit of the branch touches."""
        paths = change.branch[-1].paths or change.paths
        for ordinal in range(threads):
            path = dice.pick(paths if dice.chance(0.8) else change.paths)
            self.threads.append(
                {
                    "repository": change.repository.name,
                    "number": change.number,
                    "thread_id": f"T{ordinal + 1}",
                    "author_key": reviewer.key,
                    "author_kind": "human",
                    "path": path,
                    "opened_at": _second(at - timedelta(seconds=30 * (threads - ordinal))),
                    "replies": dice.integer(0, 3),
                }
            )
