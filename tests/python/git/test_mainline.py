"""Which commits are read, which are the mainline, when they landed, and what tags release."""

import random
import time

import duckdb
import pytest
from histories import FIRST_TIME, HOUR, Builder, blame, counted, git, text_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.errors import ShipworthyError
from shipworthy.git.mainline import land
from shipworthy.git.reader import load_git
from shipworthy.git.releases import ReleaseRules, parse_service_rule

DAY = 24 * HOUR


@pytest.fixture(autouse=True)
def _salt(monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", "a salt for tests only")


@pytest.fixture
def warehouse(tmp_path):
    (tmp_path / "db").mkdir()
    return tmp_path / "db" / "warehouse.duckdb"


def rows(warehouse, table, columns="*", where="true"):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        query = f"select {columns} from shipworthy_raw.{table} where {where} order by all"
        return connection.execute(query).fetchall()


def all_commits(warehouse):
    columns = "sha, mainline_position, landed_at, mainline_ancestor_sha, landed_with_sha"
    return rows(warehouse, "commits", columns)


# -------------------------------------------------------------------------------------- landings


SCAN = 1_000 * DAY


@pytest.mark.parametrize(
    ("times", "landings", "ahead", "unset"),
    [
        ([10, 11, 12], [10, 11, 12], [], []),
        # Small differences of clocks: the running maximum.
        ([10, 11.5, 11, 12], [10, 11.5, 11.5, 12], [], []),
        # Ahead of what followed, of the scan, several, the first, the last.
        ([10, 900, 11, 12], [10, 11, 11, 12], [1], []),
        ([10, 2_000, 11, 12], [10, 11, 11, 12], [1], []),
        ([10, 2_000, 900, 11, 12, 13], [10, 11, 11, 11, 12, 13], [1, 2], []),
        ([900, 10, 11], [10, 10, 11], [0], []),
        ([10, 11, 2_000], [10, 11, 1_000], [2], []),
        # Nobody can know which of the two is wrong: the one that moves nothing else.
        ([10, 900, 11], [10, 11, 11], [1], []),
        # Behind: lifted.
        ([10, 20, 5, 30], [10, 20, 20, 30], [], []),
        # Without a time: with the one before it, the first with the next.
        ([10, 0, 12], [10, 10, 12], [], [1]),
        ([0, 0, 12, 13], [12, 12, 12, 13], [], [0, 1]),
        ([0, 2_000], [1_000, 1_000], [1], [0]),
    ],
)
def test_one_wild_clock_moves_only_itself(times, landings, ahead, unset):
    found = land([int(time * DAY) for time in times], None, SCAN)
    assert found == ([int(one * DAY) for one in landings], ahead, unset)


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=40),
    st.data(),
)
@settings(deadline=None, max_examples=200)
def test_whatever_one_clock_says_the_others_landings_stay(steps, data):
    times, now = [], 100 * DAY
    for step in steps:
        now += step * HOUR
        times.append(now)
    place = data.draw(st.integers(0, len(times) - 1))
    wild = data.draw(st.sampled_from([0, 1, DAY - 1, SCAN + 1, 10 * SCAN, SCAN - 1, 50 * DAY]))
    changed = [*times[:place], wild, *times[place + 1 :]]
    landings, _, _ = land(changed, None, SCAN)
    assert landings == sorted(landings)
    assert all(landing <= SCAN for landing in landings)
    # Two are not enough to tell who is wrong, the first against an older second neither (there the
    # earliest times are taken), nor is the last one's word against none.
    is_tie = place == 1 and DAY <= wild < times[0]
    if len(times) > 3 and 0 < place < len(times) - 1 and not is_tie:
        others = [index for index in range(len(times)) if index != place]
        assert [landings[index] for index in others] == [times[index] for index in others]


def test_of_two_first_commits_that_disagree_the_older_time_is_taken():
    times = [100 * DAY, 50 * DAY, 101 * DAY, 102 * DAY]
    assert land(times, None, SCAN) == ([50 * DAY, *times[1:]], [0], [])


def test_landings_of_a_later_run_follow_those_that_are_written():
    assert land([5 * DAY, 30 * DAY], 20 * DAY, SCAN) == ([20 * DAY, 30 * DAY], [], [])
    assert land([2_000 * DAY], 20 * DAY, SCAN) == ([SCAN], [0], [])


def test_a_clock_that_is_ahead_is_listed_and_hides_nothing(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    future = int(time.time()) + 700 * DAY
    for number, at in enumerate([0, future - FIRST_TIME, 2 * HOUR, 3 * HOUR]):
        builder.commit(text_tree(a_py="x\n" * (number + 1)), time=FIRST_TIME + at)
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    landed = rows(warehouse, "commits", "mainline_position, epoch(landed_at)::bigint")
    assert [(at - FIRST_TIME) // HOUR for _, at in landed] == [0, 2, 2, 3]
    [(sha,)] = rows(warehouse, "commits", "sha", "mainline_position = 2")
    listed = rows(warehouse, "load_findings", "input, source, reason, subject, row_count")
    assert listed == [("commits", "git:r", "clock_ahead", sha, 1)]
    builder.commit(text_tree(a_py="y\n"), time=FIRST_TIME + 4 * HOUR)
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    assert rows(warehouse, "load_findings", "subject") == [(sha,)]


# ----------------------------------------------------------------------------------- all commits


def random_history(directory, seed):
    """Write a history of branches and merges; return numbers of commits that refs may name."""
    dice = random.Random(seed)
    builder = Builder(directory)
    builder.commit(text_tree(a_py="0\n"))
    tips = [0]
    for number in range(1, 40):
        tree = text_tree(a_py="".join(f"{n}\n" for n in range(number % 7)), b_py=f"{number}\n")
        kind = dice.random()
        if kind < 0.35:
            builder.commit(tree)
        elif kind < 0.75:
            base = dice.choice([builder.tip, *tips])
            tips.append(builder.commit(tree, [base], is_mainline=False))
        elif kind < 0.8:
            tips.append(builder.commit(tree, [], is_mainline=False))
        elif kind < 0.9:
            other = dice.choice(tips)
            if other != builder.tip:
                builder.commit(tree, [builder.tip, other])
        else:
            one, other = dice.choice(tips), dice.choice(tips)
            if one != other:
                tips.append(builder.commit(tree, [one, other], is_mainline=False))
    builder.write()
    return tips


def expected(directory, refs):
    """Return mainline, ancestor and bringer of each commit, from the sets of what each reaches."""
    listing = git(directory, "rev-list", "--parents", *refs, "main").decode().splitlines()
    parents = {line.split()[0]: line.split()[1:] for line in listing}
    reaches = {}

    def reach(sha):
        if sha not in reaches:
            reaches[sha] = {sha}.union(*map(reach, parents[sha]))
        return reaches[sha]

    mainline, sha = [], git(directory, "rev-parse", "main").decode().strip()
    while sha:
        mainline.insert(0, sha)
        sha = next(iter(parents[sha]), None)
    found = set()
    for sha in parents:
        on = [position for position, one in enumerate(mainline) if one in reach(sha)]
        brought = [one for one in mainline if sha in reach(one)]
        position = mainline.index(sha) + 1 if sha in mainline else None
        found.add((sha, position, mainline[on[-1]] if on else None, next(iter(brought), None)))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_every_commit_has_its_ancestor_and_what_brought_it(tmp_path, warehouse, seed):
    directory = tmp_path / "r"
    tips = random_history(directory, seed)
    marks = {}
    # fast-import keeps no marks: numbers are found again by their times.
    for line in (
        git(directory, "cat-file", "--batch-all-objects", "--batch-check").decode().split("\n")
    ):
        if " commit " in line:
            sha = line.split()[0]
            at = int(git(directory, "log", "-1", "--format=%ct", sha))
            marks[(at - FIRST_TIME) // HOUR] = sha
    chain = git(directory, "rev-list", "--first-parent", "--reverse", "main").decode().split()
    names = []
    git(directory, "update-ref", "-d", "refs/heads/work")
    steps = sorted({len(chain) // 3, 2 * len(chain) // 3, len(chain)} - {0})
    for step, length in enumerate(steps):
        git(directory, "update-ref", "refs/heads/main", chain[length - 1])
        for number, tip in enumerate(tips):
            if number % len(steps) <= step and number:
                name = f"refs/{'tags' if number % 2 else 'heads'}/n{number}"
                git(directory, "update-ref", name, marks[tip])
                names.append(name)
        load_git([directory], warehouse)
        columns = "sha, mainline_position, mainline_ancestor_sha, landed_with_sha"
        found = rows(warehouse, "commits", columns)
        assert len(found) == len(set(found))
        assert set(found) == expected(directory, names)
    resumed = all_commits(warehouse)
    warehouse.unlink()
    load_git([directory], warehouse)
    assert all_commits(warehouse) == resumed


def test_rows_of_a_deleted_branch_stay_even_when_all_is_read_anew(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    builder.commit(text_tree(a_py="one\n"))
    builder.write()
    builder.commit(text_tree(a_py="side\n"), is_mainline=False)
    builder.write()
    git(tmp_path / "r", "update-ref", "refs/heads/side", "refs/heads/work")
    load_git([tmp_path / "r"], warehouse)
    before = all_commits(warehouse)
    assert [landed_at for _, _, landed_at, _, landed in before if landed is None] == [None]
    for name in ("side", "work"):
        git(tmp_path / "r", "update-ref", "-d", f"refs/heads/{name}")
    for strict in (False, True):
        load_git([tmp_path / "r"], warehouse, strict=strict)
        assert all_commits(warehouse) == before


# -------------------------------------------------------------------------------- foxtrot merges

PULLS = [
    "Merge branch 'main' of example.com:acme/shop",
    "Merge branch 'main' of https://example.com/acme/shop.git",
    "Merge branch 'main' of https://example.com/acme/shop into topic",
    "Merge branch 'main' of https://example.com/acme/shop-internal",
    "Merge branch 'main' of /srv/git/shop",
    "Merge branch 'main' of ../origin",
    "Merge branch 'main' into topic",
    "Merge branch 'main' into 'topic'",
    "Merge branch 'master' into topic",
    "Merge remote-tracking branch 'origin/main'",
    "Merge remote-tracking branch 'refs/remotes/origin/main' into topic",
    "Merged main into topic",
]
NO_PULLS = [
    "Merge branch 'topic'",
    "Merge branch 'topic' into main",
    "Merge branch 'main'",
    "Merge branch 'main' of https://example.com/contributor/shop",
    "Merge remote-tracking branch 'contributor/main'",
    "Merge pull request #7 from contributor/main",
    "Merge branch 'domain' into topic",
    "Merged topic into main (pull request #7)",
    "words of my own",
]


def foxtrot(directory, message, *, own=2, others=6):
    """Write work of one's own, into which the mainline is merged, and which then is it."""
    builder = Builder(directory)
    base = [f"line {number}\n" for number in range(30)]
    builder.commit(text_tree(a_py="".join(base)))
    start = builder.tip
    for number in range(own):
        base[number] = f"own {number}\n"
        builder.commit(text_tree(a_py="".join(base)))
    mine = builder.tip
    theirs = [f"line {number}\n" for number in range(30)]
    tip = start
    for number in range(others):
        theirs[10 + number % 20] = f"other {number}\n"
        tip = builder.commit(text_tree(a_py="".join(theirs)), [tip], is_mainline=False)
    merged = base[:10] + theirs[10:]
    builder.commit(text_tree(a_py="".join(merged)), [mine, tip], message=message)
    builder.commit(text_tree(a_py="".join([*merged, "after\n"])))
    builder.write()
    git(directory, "update-ref", "-d", "refs/heads/work")
    return builder


@pytest.mark.parametrize("message", PULLS)
def test_the_mainline_goes_round_a_pull(tmp_path, warehouse, message):
    foxtrot(tmp_path / "r", message)
    [load] = load_git([tmp_path / "r"], warehouse, repositories=["acme/shop"])
    assert load.commits == 1 + 6 + 2
    assert "; 1 merge that the mainline goes round (data_quality and" in str(load)
    assert "brings 6 and keeps 2" in "".join(load.details())
    merge = git(tmp_path / "r", "rev-parse", "main~1").decode().strip()
    brought = rows(warehouse, "commits", "sha", f"landed_with_sha = '{merge}'")
    assert len(brought) == 3
    # As blame sees the history whose merge has its parents in the mainline's order.
    mine, theirs = git(tmp_path / "r", "rev-parse", f"{merge}^1", f"{merge}^2").decode().split()
    git(tmp_path / "r", "replace", "--graft", merge, theirs, mine)
    blamed = blame(tmp_path / "r", b"a.py", "--first-parent", "-w", "main")
    lines = {sha: number for (sha, _), number in counted(blamed).items()}
    born = "select added_sha, lines from shipworthy_raw.line_births"
    died = "select added_sha, -lines from shipworthy_raw.line_deaths"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        query = f"select added_sha, sum(lines)::int from ({born} union all {died}) group by 1"
        living = {sha: number for sha, number in connection.execute(query).fetchall() if number}
    assert living == lines


@pytest.mark.parametrize("message", NO_PULLS)
def test_the_mainline_keeps_its_first_parent_elsewhere(tmp_path, warehouse, message):
    foxtrot(tmp_path / "r", message)
    [load] = load_git([tmp_path / "r"], warehouse, repositories=["acme/shop"])
    assert load.commits == 1 + 2 + 2


def test_a_sister_project_that_is_merged_is_not_the_mainline(tmp_path, warehouse):
    foxtrot(tmp_path / "r", "Merge branch 'main' of https://example.com/acme/gui", own=7, others=3)
    [load] = load_git([tmp_path / "r"], warehouse, repositories=["acme/shop"])
    assert load.commits == 1 + 7 + 2


def test_another_name_of_the_mainline_is_no_name_of_it_while_that_branch_exists(
    tmp_path, warehouse
):
    foxtrot(tmp_path / "r", "Merge branch 'master' into topic")
    git(tmp_path / "r", "branch", "master", "main~2")
    [load] = load_git([tmp_path / "r"], warehouse)
    assert load.commits == 1 + 2 + 2


def test_what_was_loaded_stays_when_a_merge_says_nothing(tmp_path, warehouse):
    builder = foxtrot(tmp_path / "r", "words of my own")
    whole = git(tmp_path / "r", "rev-parse", "main").decode().strip()
    git(tmp_path / "r", "update-ref", "refs/heads/main", "main~1^2~1")
    load_git([tmp_path / "r"], warehouse)
    before = rows(warehouse, "line_births")
    git(tmp_path / "r", "update-ref", "refs/heads/main", whole)
    [load] = load_git([tmp_path / "r"], warehouse)
    assert (load.mode, load.commits) == ("resumed", 3)
    assert set(before) <= set(rows(warehouse, "line_births"))
    assert builder.tip is not None


@pytest.mark.parametrize(
    ("message", "own", "others"),
    [
        ("words of my own", 3, 60),
        ("sync", 1, 2),
        ("Merge branch 'main' of https://example.com/somebody/shop", 2, 4),
    ],
)
def test_merges_that_nobody_can_judge_are_said_and_listed(
    tmp_path, warehouse, message, own, others
):
    foxtrot(tmp_path / "r", message, own=own, others=others)
    [load] = load_git([tmp_path / "r"], warehouse, repositories=["acme/shop"])
    merge = git(tmp_path / "r", "rev-parse", "main~1").decode().strip()
    assert f"{merge[:10]} brings {others} and keeps {own}" in "".join(load.details())
    listed = rows(warehouse, "load_findings", "reason, subject, row_count")
    assert listed == [("unclear_mainline", merge, others)]


@pytest.mark.parametrize(
    ("message", "own", "others"),
    [
        ("Merge branch 'develop'", 3, 60),
        ("Merge pull request #12 from acme/main", 3, 60),
        ("Auto merge of #12 - ada:topic, r=bo", 1, 4),
        ("Merge branch 'main' into 'main'\n\nSee merge request acme/shop!12", 1, 4),
        ('Merge "words of my own"', 1, 4),
        ("words of my own", 3, 3),
        ("words of my own", 4, 3),
    ],
)
def test_merges_that_say_what_they_bring_or_keep_more_are_clear(
    tmp_path, warehouse, message, own, others
):
    foxtrot(tmp_path / "r", message, own=own, others=others)
    [load] = load_git([tmp_path / "r"], warehouse)
    assert load.unclear == ()
    assert ("unclear_mainline",) not in rows(warehouse, "load_findings", "reason")


def test_a_merge_after_a_load_is_clear(tmp_path, warehouse):
    foxtrot(tmp_path / "r", "sync", own=2, others=5)
    whole = git(tmp_path / "r", "rev-parse", "main").decode().strip()
    git(tmp_path / "r", "update-ref", "refs/heads/main", "main~2")
    load_git([tmp_path / "r"], warehouse)
    git(tmp_path / "r", "update-ref", "refs/heads/main", whole)
    [load] = load_git([tmp_path / "r"], warehouse)
    assert (load.mode, load.commits, load.unclear) == ("resumed", 2, ())


# -------------------------------------------------------------------------------------- releases


def test_patterns_of_releases_are_several_and_may_exclude():
    rules = ReleaseRules(["v*", "release-*", "!*.dev*", "!*rc?"])
    tags = ["v1", "v1.dev2", "v2rc1", "release-3", "nightly"]
    assert [tag for tag in tags if rules.is_release(tag)] == ["v1", "release-3"]
    assert ReleaseRules(["!*rc*"]).is_release("1.0")
    assert not ReleaseRules(["!*rc*"]).is_release("1.0rc1")


@pytest.mark.parametrize(
    ("rule", "services"),
    [
        ("{service}@*", {"@acme/web@1.2.3": "@acme/web", "cli@1": "cli", "v1": None}),
        ("{service}==*", {"langchain-core==0.3.1": "langchain-core", "v1": None}),
        ("{service}/v*", {"sdk/azcore/v1.2": "sdk/azcore", "cli/1.2": None}),
        ("{service}-v[0-9]*", {"api-v2": "api", "api-v": None}),
        ("cli/v*=command-line", {"cli/v1": "command-line", "cli/1": None}),
        ("apps/{service}@*=acme-{service}", {"apps/web@1": "acme-web", "web@1": None}),
    ],
)
def test_tags_name_services(rule, services):
    rules = ReleaseRules([], [parse_service_rule(rule)])
    assert {tag: rules.service(tag) for tag in services} == services
    assert [tag for tag in services if rules.is_release(tag)] == [
        tag for tag, service in services.items() if service
    ]


@pytest.mark.parametrize("rule", ["v*", "=x", "{service}@{service}", "cli/*={service}", ""])
def test_rules_that_name_no_service_are_refused(tmp_path, rule):
    with pytest.raises(ShipworthyError, match="service"):
        load_git([tmp_path], tmp_path / "w.duckdb", release_service=[rule])


def test_tags_off_the_mainline_are_deployments_at_a_sensible_time(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    for number in range(4):
        builder.commit(text_tree(a_py="x\n" * (number + 1)))
    side = builder.commit(text_tree(a_py="fix\n"), [1], is_mainline=False)
    builder.write()
    at = {number: FIRST_TIME + HOUR * number for number in (*range(4), side)}
    off, third = (
        git(tmp_path / "r", "rev-parse", name).decode().strip() for name in ("work", "main~1")
    )

    def tag(name, sha, seconds):
        text = f"object {sha}\ntype commit\ntag {name}\n"
        text += f"tagger A <a@example.com> {seconds} +0000\n\nx\n"
        made = git(tmp_path / "r", "mktag", stdin=text.encode()).decode().strip()
        git(tmp_path / "r", "update-ref", f"refs/tags/{name}", made)

    git(tmp_path / "r", "tag", "web@1", off)
    tag("web@2", off, at[side] + 99)
    tag("api@1", third, 5)  # before its commit
    tag("api@2", third, int(time.time()) + 9_999_999)  # after the scan
    git(tmp_path / "r", "tag", "loose", third)
    load_git(
        [tmp_path / "r"],
        warehouse,
        releases=["*"],
        release_services={"web@*": "storefront"},
        release_service=["{service}@*"],
    )
    columns = "deployment_id, service, sha, epoch(finished_at)::bigint"
    assert rows(warehouse, "deployments", columns) == [
        ("r@api@1", "api", third, at[2]),
        ("r@api@2", "api", third, at[2]),
        ("r@loose", "r", third, at[2]),
        ("r@web@1", "storefront", off, at[side]),
        ("r@web@2", "storefront", off, at[side] + 99),
    ]
    assert rows(warehouse, "load_findings", "input, reason, subject") == [
        ("deployments", "clock_ahead", "api@2"),
        ("deployments", "tag_without_service", "loose"),
    ]
