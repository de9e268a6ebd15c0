"""Moves on requests and reviews: words and clicks instead of reading."""

from datetime import timedelta

from shipworthy.gauntlet.moves import move
from shipworthy.gauntlet.world import Row, World
from shipworthy.simulate.dice import hashed


def _requests(world: World) -> list[Row]:
    """Return the team's merged requests since the start."""
    own = set(world.repositories)
    return [
        row
        for row in world.tables["pull_requests"]
        if row["repository"] in own
        and row.get("merged_at") is not None
        and row["opened_at"] >= world.since
        and row["merged_at"] - row["opened_at"] > timedelta(minutes=30)
    ]


def _push(row: Row, number: int) -> tuple[Row, Row]:
    """Return a commit of the request just before the merge, and the file that it touches."""
    key = {"repository": row["repository"], "number": row["number"]}
    sha = hashed(40, row["repository"], row["number"], "answer", number)
    commit = {
        **key,
        "sha": sha,
        "author_key": row["author_key"],
        "author_kind": row["author_kind"],
        "authorship": row["authorship"],
        "ai_tool": row.get("ai_tool"),
        "committed_at": row["merged_at"] - timedelta(minutes=5),
    }
    return commit, {**key, "sha": sha, "path": "src/core/rules.py"}


def _reviewers(world: World, row: Row) -> list[str]:
    return [key for key in world.members if key != row["author_key"]][:2]


def _answered(world: World, threads: bool, state: str, people: int) -> None:
    """Let people open threads or ask for changes on each request, and a commit answer them."""
    reviews, opened, commits, files = [], [], [], []
    for number, row in enumerate(_requests(world)):
        at = row["opened_at"] + (row["merged_at"] - row["opened_at"]) / 2
        for turn, key in enumerate(_reviewers(world, row)[:people]):
            reviews.append(
                {
                    "repository": row["repository"],
                    "number": row["number"],
                    "review_id": f"G{number}-{turn}",
                    "reviewer_key": key,
                    "reviewer_kind": "human",
                    "state": state,
                    "submitted_at": at + timedelta(minutes=turn),
                    "comment_threads": int(threads),
                    "lines_at_review": row["lines_added"],
                }
            )
            if threads:
                opened.append(
                    {
                        "repository": row["repository"],
                        "number": row["number"],
                        "thread_id": f"G{number}-{turn}",
                        "author_key": key,
                        "author_kind": "human",
                        "path": "src/core/rules.py",
                        "opened_at": at + timedelta(minutes=turn),
                        "replies": 1,
                    }
                )
        commit, file = _push(row, number)
        commits.append(commit)
        files.append(file)
    world.add("reviews", reviews)
    world.add("review_threads", opened)
    world.add("pull_request_commits", commits)
    world.add("pull_request_commit_files", files)


@move("Two people open a thread on each request, and a commit answers them.")
def comment_spam_and_push(world: World) -> None:
    _answered(world, threads=True, state="commented", people=2)


@move("Two people ask for changes on each request, and a commit answers them.")
def change_request_clicks(world: World) -> None:
    _answered(world, threads=False, state="changes_requested", people=2)


@move("Nobody reads: two human accounts' tokens open a generated thread each, the agent answers "
      "with a commit, both approve.", "medium")  # fmt: skip
def agents_review_through_human_accounts(world: World) -> None:
    own = {(row["repository"], row["number"]) for row in _requests(world)}
    world.change("reviews", lambda row: None, lambda row: (row["repository"], row["number"]) in own)
    world.change(
        "review_threads", lambda row: None, lambda row: (row["repository"], row["number"]) in own
    )
    _answered(world, threads=True, state="changes_requested", people=2)
    world.add("reviews", [
        {
            "repository": row["repository"],
            "number": row["number"],
            "review_id": f"A{number}-{turn}",
            "reviewer_key": key,
            "reviewer_kind": "human",
            "state": "approved",
            "submitted_at": row["merged_at"] - timedelta(minutes=3 - turn),
            "comment_threads": 0,
            "lines_at_review": row["lines_added"],
        }
        for number, row in enumerate(_requests(world))
        for turn, key in enumerate(_reviewers(world, row))
    ])  # fmt: skip


def _approve(world: World, delay: timedelta, one_account: bool = False) -> None:
    """Replace all reviews by one approval without a word."""
    own = {(row["repository"], row["number"]) for row in _requests(world)}
    for table in ("reviews", "review_threads"):
        world.change(table, lambda row: None, lambda row: (row["repository"], row["number"]) in own)
    reviewer = world.others[0]
    world.add("reviews", [
        {
            "repository": row["repository"],
            "number": row["number"],
            "review_id": f"A{number}",
            "reviewer_key": reviewer if one_account else _reviewers(world, row)[0],
            "reviewer_kind": "human",
            "state": "approved",
            "submitted_at": min(
                (row["ready_at"] or row["opened_at"]) + delay,
                row["merged_at"] - timedelta(minutes=1),
            ),
            "comment_threads": 0,
            "lines_at_review": row["lines_added"],
        }
        for number, row in enumerate(_requests(world))
    ])  # fmt: skip


@move("Nobody reads: one approval without a thread, an hour after the request was ready.")
def approvals_by_timer(world: World) -> None:
    _approve(world, timedelta(hours=1))


@move("Nobody reads: one account approves every request at any hour, minutes after it was ready.")
def one_account_approves_all(world: World) -> None:
    _approve(world, timedelta(minutes=9), one_account=True)


@move("200 agent requests a week are opened and closed by a human.")
def junk_agent_requests_closed(world: World) -> None:
    rows = []
    repository = world.repositories[0]
    for week, monday in enumerate(world.weeks()):
        for number in range(200):
            at = monday + timedelta(days=number % 5, hours=9, minutes=number)
            if at + timedelta(hours=1) < world.end:
                rows.append(
                    {
                        "repository": repository,
                        "number": 100_000 + 1000 * week + number,
                        "author_key": hashed(32, world.team, "agent"),
                        "author_kind": "agent",
                        "authorship": "ai",
                        "ai_tool": "copilot",
                        "opened_at": at,
                        "ready_at": at,
                        "closed_at": at + timedelta(hours=1),
                        "head_branch": f"agent/try-{number}",
                        "first_commit_at": at,
                        "lines_added": 20,
                        "lines_removed": 0,
                        "closed_by_key": world.members[number % len(world.members)],
                        "closed_by_kind": "human",
                        "driver_key": world.members[(number + 1) % len(world.members)],
                    }
                )
    world.add("pull_requests", rows)
