"""Random requests, their pushes, reviews and threads, for the worlds to be judged by.

Added to finished worlds from a seed of its own, so that everything else stays as it was. Times lie
on whole hours, so that a review and a push, or a review and the merge, often fall together.
"""

import random
from datetime import timedelta

from reference.rows import row

STATES = ("approved", "approved", "approved", "changes_requested", "commented", "dismissed")
PATHS = ("src/app.py", "src/test_app.py", "apps/a/main.py")


def add_reviews(tables, seed):
    """Fill the requests that worlds have, and add some that were closed, open or shared.

    Parameters
    ----------
    tables : dict of str to list of dict
        Raw rows by contract table, changed in place.
    seed : int
    """
    dice = random.Random(seed)
    people = sorted({found["person_key"] for found in tables["people"]})
    people += sorted({found["alias_key"] for found in tables["identities"]})
    people += ["stranger", None]
    landed = {}
    for commit in tables["commits"]:
        if commit["mainline_position"] is not None:
            landed.setdefault(commit["repository"], []).append(commit)
    for request in tables["pull_requests"]:
        _fill(dice, request, people)
    taken = {(found["repository"], found["number"]) for found in tables["pull_requests"]}
    for repository, commits in sorted(landed.items()):
        _share(dice, tables, repository, commits)
        for number in range(900, 906):
            assert (repository, number) not in taken
            opened = dice.choice(commits)["landed_at"] + timedelta(hours=dice.randint(-30, 30))
            request = row("pull_requests", repository=repository, number=number, opened_at=opened)
            tables["pull_requests"].append(request)
            _fill(dice, request, people)
            if dice.random() < 0.7:
                request["closed_at"] = opened + timedelta(hours=dice.randint(1, 100))
                request["closed_by_kind"] = dice.choice(["human", "human", "automation", None])
                request["closed_by_key"] = dice.choice([request["author_key"], *people])
            if dice.random() < 0.2:
                request["merge_sha"] = dice.choice(commits)["sha"]
    for request in tables["pull_requests"]:
        _discuss(dice, tables, request, people)
    for repository, commits in sorted(landed.items()):
        _land(dice, tables, repository, commits)


def _fill(dice, request, people):
    """Who made it and when; about half of the requests are an agent's."""
    hours = lambda low, high: timedelta(hours=dice.randint(low, high))  # noqa: E731
    request["author_kind"] = dice.choice(["human", "human", "agent", "agent", "automation"])
    request["author_key"] = dice.choice(people)
    request["driver_key"] = dice.choice(people)
    request["opened_at"] -= hours(0, 40)
    request["ready_at"] = dice.choice([None, request["opened_at"] + hours(0, 6)])
    request["first_commit_at"] = dice.choice([None, request["opened_at"] + hours(-60, 2)])
    request["lines_added"] = dice.choice([None, 0, 40, 4000, 9000])
    request["lines_removed"] = dice.choice([0, 10])
    if request["merged_at"] is not None:
        request["closed_at"] = dice.choice([None, request["merged_at"]])
        if dice.random() < 0.15:
            request["merged_at"] = None


def _share(dice, tables, repository, commits):
    """Some changes name the request of the change before them."""
    numbers = [c["pull_request_number"] for c in commits]
    for before, commit in zip(numbers, commits[1:], strict=False):
        if before is not None and commit["pull_request_number"] is None and dice.random() < 0.3:
            commit["pull_request_number"] = before


def _discuss(dice, tables, request, people):
    """Pushes, reviews and threads from before the opening until after the merge."""
    key = {"repository": request["repository"], "number": request["number"]}
    spread = [request["opened_at"] + timedelta(hours=h) for h in (-4, 0, 1, 2, 3, 5, 20, 43, 60)]
    spread += [request["merged_at"]] * 2 if request["merged_at"] else []
    for n in range(dice.randint(0, 4)):
        sha = f"{request['repository']}.push{request['number']}.{n}"
        tables["pull_request_commits"].append(
            row(
                "pull_request_commits",
                **key,
                sha=sha,
                author_key=dice.choice([request["author_key"], *people]),
                author_kind=dice.choice(["human", "agent", "automation"]),
                authorship=dice.choice(["ai", "human", "untagged"]),
                committed_at=dice.choice(spread),
            )
        )
        for path in dice.sample(PATHS, dice.randint(0, 2)):
            tables["pull_request_commit_files"].append(
                row("pull_request_commit_files", **key, sha=sha, path=path)
            )
    reviewers = [*dice.sample(people, 2), request["author_key"]]
    for n in range(dice.choice([0, 0, 1, 2, 4])):
        tables["reviews"].append(
            row(
                "reviews",
                **key,
                review_id=f"{request['number']}.{n}",
                reviewer_key=dice.choice(reviewers),
                reviewer_kind=dice.choice(["human", "human", "human", "automation"]),
                state=dice.choice(STATES),
                submitted_at=dice.choice(spread),
                comment_threads=dice.choice([None, 0, 2]),
                lines_at_review=dice.choice([None, 30, 3600, 7200]),
            )
        )
    for n in range(dice.choice([0, 0, 1, 3])):
        tables["review_threads"].append(
            row(
                "review_threads",
                **key,
                thread_id=f"T{n}",
                author_key=dice.choice(reviewers),
                author_kind=dice.choice(["human", "human", "human", "agent"]),
                path=dice.choice(PATHS),
                opened_at=dice.choice(spread),
                replies=0,
            )
        )


def _land(dice, tables, repository, commits):
    """Rebases, fast-forwards, abbreviated and missing merge shas, subjects that name issues."""
    mine = [r for r in tables["pull_requests"] if r["repository"] == repository]
    numbers = [request["number"] for request in mine]
    by_sha = {commit["sha"]: n for n, commit in enumerate(commits)}
    for request in mine:
        end = by_sha.get(request["merge_sha"])
        if end is None:
            continue
        commit, way = commits[end], dice.choice(["rebase", "rebase", "forward", "brought", "as is"])
        if dice.random() < 0.3:
            commit["pull_request_number"] = dice.choice([7000 + end, *numbers])
        count = min(dice.choice([1, 2, 2, 3]), end + 1)
        run = commits[end + 1 - count : end + 1]
        if way == "rebase":
            _push(tables, request, [_branch_commit(dice, made) for made in run])
        elif way == "forward":
            _push(tables, request, [(made["sha"], *_who(made)) for made in run])
        elif way == "brought":
            sha = f"{repository}+{request['number']:04d}{dice.randrange(16**8):08x}"
            tables["commits"].append(
                commit
                | {"sha": sha, "mainline_position": None, "pull_request_number": None}
                | {"landed_at": None, "reverts_sha": None, "fixes_incident_id": None}
                | {"landed_with_sha": dice.choice([commit["sha"], commit["sha"], None])}
            )
            request["merge_sha"] = dice.choice([sha, sha[:-2], sha[:-4], None])
            if request["merge_sha"] is None:
                _push(tables, request, [(sha, *_who(commit))])


def _who(commit):
    return commit["author_key"], commit["committed_at"]


def _branch_commit(dice, made):
    """What a rebase made a change of; now and then something that it cannot be."""
    authored = made["landed_at"] - timedelta(hours=dice.choice([1, 1, 2, 30]))
    made["authored_at"] = authored
    committed = authored + timedelta(hours=dice.choice([0, 0, 0, 1]))
    author = made["author_key"] if dice.random() < 0.95 else "stranger"
    return f"{made['sha']}.rebased{dice.randrange(10**6)}", author, committed


def _push(tables, request, commits):
    """Make these the request's only commits."""
    key = {"repository": request["repository"], "number": request["number"]}
    for name in ("pull_request_commits", "pull_request_commit_files"):
        tables[name] = [found for found in tables[name] if not all(found[c] == key[c] for c in key)]
    for sha, author, committed in commits:
        tables["pull_request_commits"].append(
            row(
                "pull_request_commits",
                **key,
                sha=sha,
                author_key=author,
                author_kind="human",
                authorship="human",
                committed_at=committed,
            )
        )
