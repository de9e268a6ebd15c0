"""Whole loads: what lands in the warehouse, resuming, hostile surroundings, refusals."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from histories import FIRST_TIME, HOUR, Builder, Entry, blame, git, text_tree

from shipworthy.errors import ShipworthyError
from shipworthy.git import diffs, ledger, progress_bar
from shipworthy.git.reader import load_git

DATA = Path(__file__).parents[1] / "data"
BUNDLE = DATA / "acme_shop.bundle"
DAY = 86_400


@pytest.fixture(autouse=True)
def _salt(monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", "a salt for tests only")


@pytest.fixture
def warehouse(tmp_path):
    (tmp_path / "db").mkdir()
    return tmp_path / "db" / "warehouse.duckdb"


def rows(warehouse, table, columns="*", where="true"):
    """Return the rows of a raw table, sorted, each as a tuple."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        query = f"select {columns} from shipworthy_raw.{table} where {where} order by all"
        return connection.execute(query).fetchall()


def all_rows(warehouse):
    """Return what must not depend on how a history was loaded."""
    tables = {
        name: rows(warehouse, name)
        for name in ("line_births", "line_deaths", "commits", "deployments")
    }
    tables["repositories"] = rows(warehouse, "repositories", "* exclude scanned_at")
    unlike = "* exclude (loaded_at, loaded_through)"
    tables["load_watermarks"] = rows(warehouse, "load_watermarks", unlike)
    tables["load_findings"] = rows(warehouse, "load_findings", "* exclude found_at")
    return tables


def contents(directory):
    """Return every file below a directory with its bytes and its time of change."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns) if path.is_file() else None
        for path in sorted(directory.rglob("*"))
    }


def story(directory, commits=8):
    """Write a history with edits, a move to another file and a merge."""
    builder = Builder(directory)
    text = "".join(f"line {number}\n" for number in range(30))
    builder.commit(text_tree(a_py=text, lib__b_py="x = 1\n"), message="Start (#1)")
    for number in range(1, commits):
        text = text.replace(f"line {2 * number}\n", f"edited {number}\n")
        tree = text_tree(a_py=text, lib__b_py="x = 1\n" * (number % 3 + 1))
        if number == 4:
            branch = builder.commit(tree, author="Bo B <bo@example.com>", is_mainline=False)
            builder.commit(tree, [builder.tip, branch], message="Merge pull request #4 from x/y")
        else:
            builder.commit(tree, message=f"fix: step (#{number})")
    builder.write()
    return builder


# ------------------------------------------------------------------------------- the known truth


def test_the_sample_repository_has_the_lifetimes_that_were_built_into_it(warehouse):
    [load] = load_git([BUNDLE], warehouse, repositories=["acme/shop"], releases="v*")
    births, deaths = Counter(), Counter()
    with (DATA / "acme_shop_line_lifetimes.csv").open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    sha_of = {line["birth_key"]: line["birth_commit_sha"] for line in truth}
    key = "'c' || lpad(mainline_position::varchar, 2, '0')"
    sha_of |= dict(rows(warehouse, "commits", f"{key}, sha"))
    for line in truth:
        # The truth says human where a person wrote without any evidence of it.
        key = line["birth_commit_sha"], line["path_at_birth"], line["authorship"]
        births[key] += 1
        if line["death_key"]:
            deaths[(*key, sha_of[line["death_key"]])] += 1
    authorship = "if(authorship = 'untagged', 'human', authorship)"
    found = rows(warehouse, "line_births", f"added_sha, path, {authorship}, lines")
    assert births == {tuple(row[:3]): row[3] for row in found}
    found = rows(warehouse, "line_deaths", f"added_sha, path, {authorship}, removed_sha, lines")
    assert deaths == {tuple(row[:4]): row[4] for row in found}
    assert (load.commits, load.births, load.deaths, load.living) == (13, 133, 19, 114)
    assert rows(warehouse, "deployments", "deployment_id, sha, environment, status, source") == [
        ("acme/shop@v1.0.0", sha_of["c04"], "production", "success", "git_tag"),
        ("acme/shop@v1.1.0", sha_of["c13"], "production", "success", "git_tag"),
    ]
    evidence = rows(
        warehouse, "line_births", "path, ai_tool, lines", "attribution_method = 'line_ranges'"
    )
    assert sum(lines for *_, lines in evidence) == 40


def test_commits_carry_counts_requests_reverts_and_fixes(warehouse):
    load_git([BUNDLE], warehouse, repositories=["acme/shop"])
    columns = (
        "lines_added, lines_removed, ai_lines_added, files_changed, pull_request_number, is_fix"
    )
    by_position = {
        row[0]: row[1:]
        for row in rows(warehouse, "commits", f"mainline_position, {columns}, fixes_incident_id")
    }
    assert by_position[3] == (10, 0, 6, 1, 3, False, None)
    assert by_position[5] == (5, 5, 0, 1, 5, True, "INC-101")
    assert by_position[11] == (0, 0, 0, 1, 8, False, None)  # a lock file
    [(reverted,)] = rows(warehouse, "commits", "reverts_sha", "mainline_position = 8")
    assert reverted == rows(warehouse, "commits", "sha", "mainline_position = 7")[0][0]


def through(warehouse):
    """Return up to when each input is complete, in seconds since 1970."""
    columns = "input, epoch(loaded_through)::bigint"
    return dict(rows(warehouse, "load_watermarks", columns))


def test_its_own_origin_is_complete_up_to_the_scan(warehouse, tmp_path):
    story(tmp_path / "r")
    before = int(time.time())
    load_git([tmp_path / "r"], warehouse, releases="v*")
    found = through(warehouse)
    assert set(found) == {"commits", "deployments"}
    assert all(before <= time_ <= time.time() for time_ in found.values())


def test_a_clone_is_complete_up_to_its_last_fetch_or_push(warehouse, tmp_path):
    story(tmp_path / "origin")
    git(tmp_path, "clone", "--quiet", str(tmp_path / "origin"), "clone")
    clone = tmp_path / "clone"
    long_ago = int(time.time()) - 60 * DAY

    def loaded():
        load_git([clone], warehouse, repositories=["acme/shop"])
        return through(warehouse)["commits"]

    assert loaded() >= time.time() - DAY
    # Nothing but its making is known, 60 days ago.
    for log in (clone / ".git" / "logs").rglob("*"):
        if log.is_file():
            log.write_text(re.sub(r"> \d+ ", f"> {long_ago} ", log.read_text()))
    assert abs(loaded() - long_ago) < DAY
    git(clone, "fetch", "--quiet")
    assert loaded() >= time.time() - DAY
    os.utime(clone / ".git" / "FETCH_HEAD", (time.time() - 30 * DAY,) * 2)
    assert abs(loaded() - (time.time() - 30 * DAY)) < DAY
    # A fetch that failed leaves an empty file, and one of another branch brings no mainline.
    for content in ("", "0123\t\tbranch 'topic' of example.com:acme/shop\n"):
        (clone / ".git" / "FETCH_HEAD").write_text(content)
        assert loaded() < time.time() - DAY
    # A commit of one's own says nothing of others'; a push of the mainline does.
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "own")
    assert loaded() < time.time() - DAY
    git(clone, "push", "--quiet", "origin", "main")
    assert loaded() >= time.time() - DAY


def test_a_work_tree_is_complete_up_to_the_last_fetch_in_any(warehouse, tmp_path):
    story(tmp_path / "origin")
    git(tmp_path, "clone", "--quiet", str(tmp_path / "origin"), "clone")
    clone, linked = tmp_path / "clone", tmp_path / "linked"
    git(clone, "worktree", "add", "--quiet", "--detach", str(linked))
    long_ago = int(time.time()) - 60 * DAY
    for log in (clone / ".git" / "logs").rglob("*"):
        if log.is_file():
            log.write_text(re.sub(r"> \d+ ", f"> {long_ago} ", log.read_text()))
    for place in (clone, linked):
        git(place, "fetch", "--quiet")
    days_ago = {clone / ".git": 20, clone / ".git" / "worktrees" / "linked": 40}
    for place, days in days_ago.items():
        os.utime(place / "FETCH_HEAD", (time.time() - days * DAY,) * 2)
    load_git([linked], warehouse, repositories=["acme/shop"])
    assert abs(through(warehouse)["commits"] - (time.time() - 20 * DAY)) < DAY


def test_a_bundle_is_complete_up_to_its_writing(warehouse, tmp_path):
    shutil.copy(BUNDLE, tmp_path / "b.bundle")
    os.utime(tmp_path / "b.bundle", (1_790_000_000,) * 2)
    load_git([tmp_path / "b.bundle"], warehouse)
    assert through(warehouse)["commits"] == 1_790_000_000


def test_landing_never_goes_back(warehouse, tmp_path):
    builder = Builder(tmp_path / "r")
    for number, hours in enumerate([0, 5, 2, 7]):
        builder.commit(text_tree(a_py="x\n" * (number + 1)), time=FIRST_TIME + HOUR * hours)
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    landed = rows(warehouse, "commits", "mainline_position, epoch(landed_at)::bigint")
    assert [seconds - FIRST_TIME for _, seconds in landed] == [0, 5 * HOUR, 5 * HOUR, 7 * HOUR]


# ------------------------------------------------------------------------------ single rules


def births_of(tmp_path, warehouse, *trees, gaps=(), **options):
    """Load a history of plain trees; return births as (position, path, moved, refilled, lines)."""
    builder = Builder(tmp_path / "r")
    time = FIRST_TIME
    for number, tree in enumerate(trees):
        builder.commit(tree, time=time)
        time += gaps[number] if number < len(gaps) else HOUR
    builder.write()
    load_git([tmp_path / "r"], warehouse, **options)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "select mainline_position, path, is_moved, is_refilled, lines "
            "from shipworthy_raw.line_births join shipworthy_raw.commits on sha = added_sha "
            "order by all"
        ).fetchall()


def test_a_block_that_moves_dies_and_is_born_moved(tmp_path, warehouse):
    block = "def one():\n    two()\n    three()\n"
    found = births_of(
        tmp_path, warehouse,
        text_tree(a_py="top\n" + block + "".join(f"rest {n}\n" for n in range(9)), b_py="b\n"),
        text_tree(a_py="top\n" + "".join(f"rest {n}\n" for n in range(9)),
                  b_py="b\n" + block.replace("    ", "\t") + "new\n"),
    )  # fmt: skip
    assert found[2:] == [(2, "b.py", False, False, 1), (2, "b.py", True, False, 3)]
    assert rows(warehouse, "line_deaths", "path, birth_is_moved, is_moved, lines") == [
        ("a.py", False, True, 3)
    ]
    assert rows(warehouse, "commits", "lines_added, lines_removed", "mainline_position = 2") == [
        (4, 3)
    ]


@pytest.mark.parametrize(("days", "is_refilled"), [(84, True), (85, False)])
def test_a_line_that_comes_back_within_84_days_is_refilled(tmp_path, warehouse, days, is_refilled):
    found = births_of(
        tmp_path, warehouse,
        text_tree(a_py="keep\nalpha = 1\nbeta = 2\n"),
        text_tree(a_py="keep\n"),
        text_tree(a_py="keep\n", b_py="alpha  = 1\n\nbeta = 2\n"),
        gaps=(HOUR, days * DAY),
    )  # fmt: skip
    assert found[-1] == (3, "b.py", False, is_refilled, 3)


def test_text_and_binary(tmp_path, warehouse):
    found = births_of(
        tmp_path, warehouse,
        text_tree(a_dat="one\ntwo\n"),
        {b"a.dat": Entry("100644", b"one\0two\n")},
        {b"a.dat": Entry("100644", b"three\0\n")},
        {b"a.dat": Entry("100644", b"one\ntwo\nthree")},
    )  # fmt: skip
    assert [(position, lines) for position, _, _, _, lines in found] == [(1, 2), (4, 3)]
    assert [row[-1] for row in rows(warehouse, "line_deaths")] == [2]


def test_links_submodules_and_modes(tmp_path, warehouse):
    found = births_of(
        tmp_path, warehouse,
        {b"link": Entry("120000", b"target"), b"sub": Entry("160000", b"1" * 40)},
        {b"link": Entry("120000", b"target"), b"sub": Entry("160000", b"2" * 40)},
        {b"link": Entry("100644", b"target"), b"sub": Entry("100644", b"now a file\n")},
        {b"link": Entry("100755", b"target"), b"sub": Entry("160000", b"2" * 40)},
    )  # fmt: skip
    assert [(position, path, lines) for position, path, _, _, lines in found] == [
        (1, "link", 1), (3, "link", 1), (3, "sub", 1)
    ]  # fmt: skip
    assert rows(warehouse, "line_deaths", "path, lines") == [("link", 1), ("sub", 1)]


def test_whitespace_counts_only_when_strict(tmp_path, warehouse):
    trees = text_tree(a_py="if x:\n  y\n"), text_tree(a_py="if x:\n    y\n")
    assert [row[-1] for row in births_of(tmp_path, warehouse, *trees)] == [2]
    [load] = load_git([tmp_path / "r"], warehouse, strict=True)
    assert load.mode == "anew"
    assert [row[-1] for row in rows(warehouse, "line_births", "lines")] == [1, 2]


def test_classes_follow_the_attributes_of_each_change(tmp_path, warehouse):
    attributes = {b".gitattributes": Entry("100644", b"*.py linguist-generated\n")}
    births_of(
        tmp_path, warehouse,
        text_tree(a_py="a\n"),
        text_tree(a_py="a\nb\n") | attributes,
        text_tree(a_py="a\nb\nc\n"),
    )  # fmt: skip
    found = rows(warehouse, "line_births", "path_class, is_refilled, lines", "path = 'a.py'")
    assert sorted(found, key=str) == [
        ("code", False, 1), ("code", False, 1), ("generated", None, 1)
    ]  # fmt: skip


def test_paths_are_text_and_stay_apart(tmp_path, warehouse):
    paths = [b"plain", "ümlaut".encode(), b"new\nline", b'"\\351"', b"\xe9", b"a b"]
    births_of(tmp_path, warehouse, {path: Entry("100644", b"x\n") for path in paths})
    found = {path for (path,) in rows(warehouse, "line_births", "path")}
    assert found == {"plain", "ümlaut", "new\nline", '"\\042\\134351\\042"', '"\\351"', "a b"}


def test_lines_of_a_merge_belong_to_the_branch_commits(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    base = "".join(f"line {n}\n" for n in range(9))
    builder.commit(text_tree(a_py=base))
    first = builder.commit(
        text_tree(a_py="by a tool\n" + base),
        author="Ada A <ada@example.com>",
        message="x\n\nCo-authored-by: Claude <noreply@anthropic.com>\n",
        is_mainline=False,
    )
    second = builder.commit(
        text_tree(a_py="by a tool\n" + base + "by hand\n"), [first], is_mainline=False
    )
    builder.commit(
        text_tree(a_py="by a tool\nby the merge\n" + base + "by hand\n"), [builder.tip, second]
    )
    builder.write()
    shas = git(tmp_path / "r", "rev-list", "--reverse", "--topo-order", "main").decode().split()
    load_git([tmp_path / "r"], warehouse)
    found = rows(
        warehouse, "line_births", "author_sha, authorship, lines", f"added_sha = '{shas[3]}'"
    )
    assert sorted(found) == sorted(
        [(shas[1], "ai", 1), (shas[2], "untagged", 1), (shas[3], "untagged", 1)]
    )
    assert len(rows(warehouse, "commits", "sha", "mainline_position is null")) == 2


def test_in_long_histories_commits_of_one_person_are_not_told_apart(
    tmp_path, warehouse, monkeypatch
):
    monkeypatch.setattr("shipworthy.git.ledger.EXACT_BRANCH_COMMITS", 0)
    builder = Builder(tmp_path / "r")
    base = "".join(f"line {n}\n" for n in range(9))
    builder.commit(text_tree(a_py=base))

    def branch(*steps):
        """Add a branch of (tree, author) with a merge that brings in what its tip has."""
        tips = [builder.tip]
        for tree, author in steps:
            tips.append(
                builder.commit(
                    tree, tips[-1:], author=f"{author} <{author}@example.com>", is_mainline=False
                )
            )
        builder.commit(steps[-1][0], [builder.tip, tips[-1]])

    branch((text_tree(a_py="1\n" + base), "bo"), (text_tree(a_py="1\n" + base + "2\n"), "bo"))
    base = "1\n" + base + "2\n"
    branch((text_tree(a_py="3\n" + base), "bo"), (text_tree(a_py="3\n" + base + "4\n"), "cy"))
    # A project of its own, which the merge puts into a directory and adds a line to.
    inner = "def one():\n    two()\n    three()\n"
    root = builder.commit(
        text_tree(lib__x_py=inner), [], author="dee <dee@example.com>", is_mainline=False
    )
    tip = builder.commit(
        text_tree(lib__x_py=inner + "four\nfive\n"),
        [root],
        author="eve <eve@example.com>",
        is_mainline=False,
    )
    builder.commit(
        text_tree(a_py="3\n" + base + "4\n", sub__lib__x_py=inner + "four\nfive\nsix\n"),
        [builder.tip, tip],
        author="ada <ada@example.com>",
    )
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            "select path, epoch(authored_at)::bigint, lines from shipworthy_raw.line_births "
            "join shipworthy_raw.commits on author_sha = sha order by all"
        ).fetchall()
    assert [(path, (time - FIRST_TIME) // HOUR, lines) for path, time, lines in found] == [
        ("a.py", 0, 9),
        ("a.py", 2, 2),
        ("a.py", 4, 1),
        ("a.py", 5, 1),
        ("sub/lib/x.py", 7, 3),
        ("sub/lib/x.py", 8, 2),
        ("sub/lib/x.py", 9, 1),
    ]


def test_overlapping_attestations_count_once(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    builder.commit(text_tree(a_py="1\n2\n3\n4\n5\n6\n"))
    builder.write()
    note = (
        "a.py\n  s_11111111111111::t_11111111111111 1-3\n  s_22222222222222::t_22222222222222 2-4\n"
        "  h_33333333333333 4-5\n---\n"
        '{"schema_version": "authorship/3.0.0", "sessions": {'
        '"s_11111111111111": {"agent_id": {"tool": "cursor"}},'
        '"s_22222222222222": {"agent_id": {"tool": "claude"}}},'
        '"humans": {"h_33333333333333": {"author": "Ada <ada@example.com>"}}}'
    )
    git(tmp_path / "r", "notes", "--ref=ai", "add", "-m", note, "main")
    load_git([tmp_path / "r"], warehouse)
    assert rows(warehouse, "line_births", "authorship, attribution_method, lines") == [
        ("ai", "line_ranges", 4), ("human", "line_ranges", 1), ("untagged", None, 1)
    ]  # fmt: skip


def test_notes_that_come_later_have_their_commits_read_again(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    builder.commit(text_tree(a_py="1\n"))
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    note = "a.py\n  0123456789abcdef 1\n---\n{}"
    git(tmp_path / "r", "notes", "--ref=ai", "add", "-m", note, "main")
    assert load_git([tmp_path / "r"], warehouse)[0].mode == "anew"
    assert rows(warehouse, "line_births", "authorship") == [("ai",)]
    assert load_git([tmp_path / "r"], warehouse)[0].mode == "current"


def test_traces_name_the_parent(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    builder.commit(text_tree(a_py="1\n"))
    builder.write()
    parent = git(tmp_path / "r", "rev-parse", "main").decode().strip()
    conversation = {"contributor": {"type": "ai"}, "ranges": [{"start_line": 1, "end_line": 2}]}
    record = {
        "version": "1.0",
        "vcs": {"type": "git", "revision": parent},
        "tool": {"name": "cursor"},
        "files": [{"path": "a.py", "conversations": [conversation]}],
    }
    trace = json.dumps(record) + "\n"
    tree = text_tree(a_py="1\n2\n3\n") | {
        b".agent-trace/traces.jsonl": Entry("100644", trace.encode())
    }
    builder.commit(tree)
    shutil.rmtree(tmp_path / "r")
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    found = rows(warehouse, "line_births", "authorship, lines", "path = 'a.py'")
    assert sorted(found) == [("ai", 1), ("untagged", 1), ("untagged", 1)]


def test_release_tags(tmp_path, warehouse):
    builder = story(tmp_path / "r")
    git(tmp_path / "r", "tag", "v1", "main~2")
    git(tmp_path / "r", "-c", "user.name=x", "tag", "-a", "-m", "x", "v2", "main~1")
    git(tmp_path / "r", "tag", "nightly", "main")
    [load] = load_git([tmp_path / "r"], warehouse, releases="v*")
    assert load.deployments == 2
    found = dict(rows(warehouse, "deployments", "deployment_id, epoch(finished_at)::bigint"))
    tagged = git(tmp_path / "r", "for-each-ref", "--format=%(taggerdate:unix)", "refs/tags/v2")
    assert found == {
        "r@v1": FIRST_TIME + HOUR * (len(builder.trees) - 3), "r@v2": int(tagged)
    }  # fmt: skip
    git(tmp_path / "r", "tag", "-d", "v1")
    load_git([tmp_path / "r"], warehouse, releases="v*")
    assert [row[0] for row in rows(warehouse, "deployments", "deployment_id")] == ["r@v2"]


def test_a_tag_of_a_tag_is_a_release(tmp_path, warehouse):
    story(tmp_path / "r")
    tag = ("-c", "user.name=x", "-c", "advice.nestedTag=false", "tag", "-a", "-m", "x")
    git(tmp_path / "r", *tag, "inner", "main~1")
    git(tmp_path / "r", *tag, "v1", "inner")
    git(tmp_path / "r", *tag, "v2", "v1")
    git(tmp_path / "r", *tag, "v3", "main^{tree}")
    load_git([tmp_path / "r"], warehouse, releases="v*")
    sha = git(tmp_path / "r", "rev-parse", "main~1").decode().strip()
    found = rows(warehouse, "deployments", "deployment_id, sha")
    assert sorted(found) == [("r@v1", sha), ("r@v2", sha)]


@pytest.mark.parametrize(("strict", "lines"), [(False, 0), (True, 1)])
def test_files_whose_blanks_alone_changed_are_changed_files(tmp_path, warehouse, strict, lines):
    builder = Builder(tmp_path / "r")
    builder.commit(text_tree(a_py="one\ntwo\n", b_py="x\n"))
    builder.commit(text_tree(a_py="  one\ntwo\n", b_py="x\n"))
    builder.write()
    load_git([tmp_path / "r"], warehouse, strict=strict)
    found = rows(warehouse, "commits", "mainline_position, files_changed, lines_added")
    assert sorted(found) == [(1, 2, 3), (2, 1, lines)]


def ignoring_story(directory, *, base_moves_on):
    """A branch reformats a file and lists that commit; return the reformatting commit."""
    builder = Builder(directory)
    lines = [f"call({number}, {number})\n" for number in range(12)]
    tree = text_tree(a_py="".join(lines))
    builder.commit(tree)
    formatted = "".join(line.replace("(", "( ").replace(", ", ",").upper() for line in lines[:6])
    base = builder.tip
    branch_tree = text_tree(a_py=formatted + "".join(lines[6:]))
    first = builder.commit(branch_tree, is_mainline=False)
    builder.write()
    sha = git(directory, "rev-parse", "work").decode().strip()
    shutil.rmtree(directory)
    listed = {b".git-blame-ignore-revs": Entry("100644", f"# format\n{sha}\n".encode())}
    second = builder.commit(branch_tree | listed, [first], is_mainline=False)
    top = ""
    if base_moves_on:
        top = "a new first line\n"
        builder.commit(text_tree(a_py=top + "".join(lines)), [base])
    merged = text_tree(a_py=top + formatted + "".join(lines[6:-1]) + "new\n")
    builder.commit(merged | listed, [builder.tip, second], message="Merge")
    builder.write()
    return sha


@pytest.mark.parametrize("base_moves_on", [False, True])
def test_lines_outlive_an_ignored_revision(tmp_path, warehouse, base_moves_on):
    sha = ignoring_story(tmp_path / "r", base_moves_on=base_moves_on)
    [load] = load_git([tmp_path / "r"], warehouse)
    merge = git(tmp_path / "r", "rev-parse", "main").decode().strip()
    where = f"path = 'a.py' and added_sha = '{merge}'"
    assert rows(warehouse, "line_births", "author_sha, lines", where) == [(merge, 1)]
    assert rows(warehouse, "line_deaths", "lines", "path = 'a.py'") == [(1,)]
    assert load.births == load.deaths + load.living
    assert sha != merge


def formatting_story(directory, days_ago):
    """A squash-only history: a formatting change, and a later one that lists it."""
    builder = Builder(directory)
    start = int(time.time()) - days_ago * DAY
    lines = [f"call_{number}(first, second_{number})\n" for number in range(12)]
    builder.commit(text_tree(a_py="".join(lines)), time=start - 5 * DAY)
    formatted = [line.replace("(", "( ").replace(", ", " ,").upper() for line in lines]
    builder.commit(text_tree(a_py="".join(formatted)), time=start, author="Bo <bo@example.com>")
    builder.write()
    return builder, git(directory, "rev-parse", "main").decode().strip()


def list_revision(builder, sha, time):
    tree = builder.trees[builder.tip]
    listed = {b".git-blame-ignore-revs": Entry("100644", f"# format\n{sha}\n".encode())}
    builder.commit(tree | listed, time=time)
    builder.write()


def test_a_revision_that_is_listed_later_is_ignored(tmp_path, warehouse):
    builder, sha = formatting_story(tmp_path / "r", 400)
    list_revision(builder, sha, int(time.time()) - 399 * DAY)
    load_git([tmp_path / "r"], warehouse)
    where = "path = 'a.py'"
    [(origin, lines)] = rows(warehouse, "line_births", "added_sha, lines", where)
    blamed = blame(tmp_path / "r", b"a.py", "-w", "--first-parent", f"--ignore-rev={sha}", "main")
    assert {line.sha for line in blamed} == {origin}
    assert lines == len(blamed) == 12
    assert rows(warehouse, "line_deaths", "*", where) == []
    assert rows(warehouse, "load_findings", "reason, subject, row_count") == [
        ("kept_by_ignored_revision", sha, 12)
    ]


def test_a_listed_revision_that_is_too_big_is_said(tmp_path, warehouse, monkeypatch):
    builder, sha = formatting_story(tmp_path / "r", 400)
    list_revision(builder, sha, int(time.time()) - 399 * DAY)
    monkeypatch.setattr(ledger, "MOST_FILES", 0)
    [load] = load_git([tmp_path / "r"], warehouse)
    assert load.deaths == 12
    assert rows(warehouse, "load_findings", "reason, subject, row_count") == [
        ("ignored_revision_too_big", sha, 1)
    ]


def test_rows_that_are_not_mature_follow_the_list(tmp_path):
    for name in ("two", "one"):
        (tmp_path / name).mkdir()
    two, one = tmp_path / "two" / "w.duckdb", tmp_path / "one" / "w.duckdb"
    builder, sha = formatting_story(tmp_path / "r", 20)
    load_git([tmp_path / "r"], two)
    assert len(rows(two, "line_deaths")) == 1
    list_revision(builder, sha, int(time.time()) - DAY)
    [load] = load_git([tmp_path / "r"], two)
    assert load.mode == "anew"
    assert rows(two, "line_deaths") == []
    load_git([tmp_path / "r"], one)
    for table in ("line_births", "line_deaths", "commits"):
        assert rows(two, table) == rows(one, table)
    builder.commit(builder.trees[builder.tip] | text_tree(b_py="x\n"), time=int(time.time()))
    builder.write()
    [load] = load_git([tmp_path / "r"], two)
    assert load.mode == "resumed"


def test_rows_that_are_mature_stay_and_the_list_is_said_to_be_late(tmp_path, warehouse):
    builder, sha = formatting_story(tmp_path / "r", 60)
    load_git([tmp_path / "r"], warehouse)
    before = rows(warehouse, "line_births"), rows(warehouse, "line_deaths")
    list_revision(builder, sha, int(time.time()) - DAY)
    for _ in range(2):
        [load] = load_git([tmp_path / "r"], warehouse)
        assert load.mode in ("resumed", "current")
        where = "path = 'a.py'"
        assert before == (
            rows(warehouse, "line_births", where=where),
            rows(warehouse, "line_deaths", where=where),
        )
        assert rows(warehouse, "load_findings", "reason, subject") == [("ignored_too_late", sha)]


def renaming_story(directory, files):
    """Every file gets another name and a few other lines, so that only comparing finds it."""
    builder = Builder(directory)
    lines = [f"value_{number} = {number * 31}\n" for number in range(6)]
    for suffix in ("js", "ts"):
        tree = {}
        for number in range(files):
            text = "".join(f"module_{number}_{line}" for line in lines) + f"{suffix}\n"
            tree[f"m{number}.{suffix}".encode()] = Entry("100644", text.encode())
        builder.commit(tree)
    return builder.write()


def test_more_renames_than_git_compares_by_default_are_found(tmp_path, warehouse):
    renaming_story(tmp_path / "r", 1_050)
    [load] = load_git([tmp_path / "r"], warehouse)
    assert (load.births, load.deaths) == (1_050 * 8, 1_050)
    assert "renames" not in str(load)
    blamed = blame(tmp_path / "r", b"m7.ts", "-w", "--first-parent", "main")
    assert [line.path for line in blamed] == [b"m7.js"] * 6 + [b"m7.ts"]


def test_renames_that_are_not_searched_for_are_said(tmp_path, warehouse, monkeypatch):
    renaming_story(tmp_path / "r", 5)
    limited = tuple("-l4" if one.startswith("-l") else one for one in diffs._DIFF_TREE)
    monkeypatch.setattr(diffs, "_DIFF_TREE", limited)
    monkeypatch.setattr(ledger, "RENAME_LIMIT", 4)
    [load] = load_git([tmp_path / "r"], warehouse)
    assert (load.births, load.deaths) == (5 * 14, 5 * 7)
    tip = git(tmp_path / "r", "rev-parse", "main").decode().strip()
    assert rows(warehouse, "load_findings", "reason, subject, row_count") == [
        ("renames_not_searched", tip, 5)
    ]
    assert "; 1 change with too many files to search for renames (data_quality and" in str(load)
    [detail] = load.details()
    assert detail.endswith("their lines count as new: 1 here.")


# ------------------------------------------------------------------------- people and messages


def people_story(directory, mailmap=None):
    """Two addresses of one person, joined by a mailmap or not."""
    builder = Builder(directory)
    tree = text_tree(a_py="x\n")
    if mailmap is not None:
        tree[b".mailmap"] = Entry("100644", mailmap)
    for number, author in enumerate(["Ada <ada@example.com>", "Ada <ada@laptop.example.com>"]):
        builder.commit(tree | text_tree(b_py="y\n" * number), author=author)
    return builder


MAILMAP = b"Ada <ada@example.com> <ada@laptop.example.com>\n"


def test_a_mailmap_joins_the_addresses_of_a_person(tmp_path, warehouse):
    people_story(tmp_path / "r").write()
    people_story(tmp_path / "joined", MAILMAP).write()
    load_git([tmp_path / "r", tmp_path / "joined"], warehouse)
    counted = "repository, count(distinct author_key)"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            f"select {counted} from shipworthy_raw.commits group by all order by all"
        ).fetchall()
    assert found == [("joined", 1), ("r", 2)]
    assert rows(warehouse, "load_findings", "source, reason, subject, row_count") == [
        ("git:joined", "joined_by_mailmap", ".mailmap", 1)
    ]


def test_a_mailmap_never_makes_an_agent_a_person(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    tree = text_tree(a_py="x\n")
    tree[b".mailmap"] = Entry("100644", b"<ada@example.com> <noreply@anthropic.com>\n")
    builder.commit(tree, author="Claude <noreply@anthropic.com>")
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    assert rows(warehouse, "commits", "author_kind, authorship, ai_tool") == [
        ("agent", "ai", "claude")
    ]


def test_a_mailmap_that_changes_has_all_keys_written_anew(tmp_path):
    for name in ("two", "one"):
        (tmp_path / name).mkdir()
    builder = people_story(tmp_path / "r")
    builder.write()
    load_git([tmp_path / "r"], tmp_path / "two" / "w.duckdb")
    tree = builder.trees[builder.tip] | {b".mailmap": Entry("100644", MAILMAP)}
    builder.commit(tree, author="Ada <ada@example.com>")
    builder.write()
    [load] = load_git([tmp_path / "r"], tmp_path / "two" / "w.duckdb")
    assert load.mode == "anew"
    load_git([tmp_path / "r"], tmp_path / "one" / "w.duckdb")
    assert all_rows(tmp_path / "two" / "w.duckdb") == all_rows(tmp_path / "one" / "w.duckdb")


def test_what_the_catalogue_does_not_know_is_counted_over_all_runs(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    for number in range(2):
        builder.commit(
            text_tree(a_py=f"{number}\n"),
            author="sync <1+acme-sync[bot]@users.noreply.github.com>",
            message="x\n\nCo-authored-by: Dana Roe <dana@example.com>",
        )
        builder.commit(
            text_tree(a_py=f"{number} a\n"),
            message="x\n\nCo-authored-by: Nimbus <noreply@nimbus.example>",
        )
        builder.write()
        load_git([tmp_path / "r"], warehouse)
        assert rows(warehouse, "load_findings", "input, reason, subject, row_count") == [
            ("commits", "unlisted_bot", "acme-sync[bot]", number + 1),
            ("commits", "unlisted_tool", "Co-authored-by: <noreply@nimbus.example>", number + 1),
        ]
    load_git([tmp_path / "r"], warehouse)
    assert {row[0] for row in rows(warehouse, "load_findings", "row_count")} == {2}


def test_reverts_are_references_as_the_contract_has_them(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    shas = []
    for number in range(2):
        builder.commit(text_tree(a_py=f"{number}\n"))
        builder.write()
        shas.append(git(tmp_path / "r", "rev-parse", "main").decode().strip())
    messages = [
        f"x\n\nThis reverts commit {shas[0][:10]}.",
        f"x\n\nThis reverts commit {shas[0]}.\n\nThis reverts commit {shas[1][:8]}.",
        'Revert "x (#12)" (#13)\n\nReverts acme/r#12',
        f"x\n\nThis reverts commit {'0' * 10}.",
    ]
    for number, message in enumerate(messages, 2):
        builder.commit(text_tree(a_py=f"{number}\n"), message=message)
    builder.write()
    load_git([tmp_path / "r"], warehouse, repositories=["acme/r"])
    assert rows(warehouse, "commits", "mainline_position, reverts_sha", "reverts_sha <> ''") == [
        (3, shas[0]),
        (4, json.dumps(shas)),
        (5, "#12"),
        (6, "0" * 10),
    ]


def test_a_merge_keeps_the_name_of_its_branch(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    for number, message in enumerate(["x", "Merge branch 'hotfix/rounding'", "y"]):
        builder.commit(text_tree(a_py=f"{number}\n"), message=message)
    builder.write()
    load_git([tmp_path / "r"], warehouse, repositories=["acme/r"])
    assert rows(warehouse, "commits", "mainline_position, merged_branch") == [
        (1, None),
        (2, "hotfix/rounding"),
        (3, None),
    ]


def test_bytes_that_are_no_text_stop_nothing(tmp_path, warehouse):
    (tmp_path / "r").mkdir()
    git(tmp_path / "r", "init", "--quiet", "--bare", "--initial-branch=main", ".")
    tree = git(tmp_path / "r", "mktree", stdin=b"").decode().strip()
    parent = b""
    for encoding in (b"", b"encoding \0latin\n", b"encoding hex\n", b"encoding utf-16\n"):
        commit = b"tree %s\n%sauthor \xff <\xfe@\xfd> 1700000000 +0000\n" % (tree.encode(), parent)
        commit += b"committer \xff <\xfe> 1700000000 +0000\n" + encoding
        commit += b"\n\xff\xfe\n\nAI-tool: \xff\nAssisted-by: \xfe-3\nReverts #\xff\n"
        sha = git(
            tmp_path / "r", "hash-object", "-t", "commit", "-w", "--stdin", "--literally",
            stdin=commit,
        ).decode().strip()  # fmt: skip
        parent = b"parent %s\n" % sha.encode()
    git(tmp_path / "r", "update-ref", "refs/heads/main", sha)
    [load] = load_git([tmp_path / "r"], warehouse)
    assert load.commits == 4


# ----------------------------------------------------------------------------------- resuming


@pytest.mark.parametrize("jobs", [1, 2])
def test_two_runs_give_what_one_gives(tmp_path, jobs):
    (tmp_path / "two").mkdir()
    (tmp_path / "one").mkdir()
    two, one = tmp_path / "two" / "w.duckdb", tmp_path / "one" / "w.duckdb"
    story(tmp_path / "r")
    everything = git(tmp_path / "r", "rev-parse", "main").decode().strip()
    modes = []
    for revision in ("main~5", "main~1", "main", "main"):
        sha = (
            git(tmp_path / "r", "rev-parse", revision.replace("main", everything)).decode().strip()
        )
        git(tmp_path / "r", "update-ref", "refs/heads/main", sha)
        modes.append(load_git([tmp_path / "r"], two, releases="v*", jobs=jobs)[0].mode)
    assert modes == ["fresh", "resumed", "resumed", "current"]
    load_git([tmp_path / "r"], one, releases="v*")
    assert all_rows(two) == all_rows(one)


@pytest.mark.parametrize("limit", ["_BOOKED_LINES", "_BOOKED_BIRTHS", "_BOOKED_COMMITS"])
def test_rows_do_not_depend_on_how_many_are_written_at_a_time(tmp_path, monkeypatch, limit):
    for name in ("once", "often", "two"):
        (tmp_path / name).mkdir()
    once, often, two = (tmp_path / name / "w.duckdb" for name in ("once", "often", "two"))
    story(tmp_path / "r", commits=12)
    tip = git(tmp_path / "r", "rev-parse", "main").decode().strip()
    [whole] = load_git([tmp_path / "r"], once, releases="v*")
    monkeypatch.setattr("shipworthy.git.ledger." + limit, 3)
    monkeypatch.setattr("shipworthy.git.storing._MOST_PAGES", -1)
    [parts] = load_git([tmp_path / "r"], often, releases="v*")
    assert all_rows(often) == all_rows(once)
    assert str(parts).split(",")[:-1] == str(whole).split(",")[:-1]
    # What the next run goes on from is the same, too.
    git(tmp_path / "r", "update-ref", "refs/heads/main", "main~3")
    load_git([tmp_path / "r"], two, releases="v*")
    git(tmp_path / "r", "update-ref", "refs/heads/main", tip)
    load_git([tmp_path / "r"], two, releases="v*")
    assert all_rows(two) == all_rows(once)


def test_what_was_written_is_held_only_as_far_as_it_lives(tmp_path, warehouse, monkeypatch):
    parts = []

    class Watched(ledger.Ledger):
        def forget_written(self):
            super().forget_written()
            parts.append(self.living_count)
            living = {row for rows in self.living().values() for row in rows.tolist()}
            assert living == set(range(len(self.births)))
            assert self._tracker.next_line == self.living_count
            assert len(self.mainline) == len(self.branch_commits) == len(self._tracker.dead) == 0

    monkeypatch.setattr(ledger, "Ledger", Watched)
    monkeypatch.setattr(ledger, "_BOOKED_LINES", 3)
    story(tmp_path / "r", commits=12)
    load_git([tmp_path / "r"], warehouse)
    assert len(parts) > 2


def test_a_rewritten_mainline_is_loaded_anew(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    base = builder.commit(text_tree(a_py="first\n"))
    builder.commit(text_tree(a_py="first\nsecond\n"))
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    builder.commit(text_tree(a_py="first\n", b_py="all\nnew\n"), [base])
    builder.write()
    [load] = load_git([tmp_path / "r"], warehouse)
    assert (load.mode, load.births) == ("anew", 3)
    assert rows(warehouse, "line_births", "path, lines") == [("a.py", 1), ("b.py", 2)]


def test_what_was_the_mainline_before_stays_it_whatever_a_merge_says(tmp_path, warehouse):
    builder = story(tmp_path / "r")
    load_git([tmp_path / "r"], warehouse)
    before = rows(warehouse, "line_births")
    # A foxtrot merge: the old mainline is now the second parent.
    old_tip = builder.tip
    builder.tip = None
    base = builder.commit(text_tree(b_py="other root\n"))
    builder.commit(builder.trees[old_tip], [base, old_tip], message="Merge")
    shutil.rmtree(tmp_path / "r")
    builder.write()
    [load] = load_git([tmp_path / "r"], warehouse)
    assert (load.mode, load.commits) == ("resumed", 1)
    assert rows(warehouse, "line_births") == before


def test_a_killed_run_leaves_the_last_good_state(tmp_path, warehouse):
    story(tmp_path / "r", commits=5)
    load_git([tmp_path / "r"], warehouse)
    before = all_rows(warehouse)
    shutil.rmtree(tmp_path / "r")
    story(tmp_path / "r")
    program = (
        "import os, signal, sys\n"
        "from shipworthy.git import storing, reader\n"
        "finish = storing.RowWriter.finish\n"
        "def killed(*args):\n"
        "    finish(*args)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "storing.RowWriter.finish = killed\n"
        "reader.load_git(sys.argv[1:2], sys.argv[2])\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", program, str(tmp_path / "r"), str(warehouse)]
    assert subprocess.run(command, env=environment, check=False).returncode == -9
    assert all_rows(warehouse) == before
    [load] = load_git([tmp_path / "r"], warehouse)
    assert load.mode == "resumed"


# ------------------------------------------------------------------------ hostile surroundings


def test_nothing_around_the_objects_changes_the_rows(tmp_path, monkeypatch):
    story(tmp_path / "plain")
    directories = {name: tmp_path / name for name in ("db1", "db2")}
    for directory in directories.values():
        directory.mkdir()
    plain, hostile = (directory / "w.duckdb" for directory in directories.values())
    load_git([tmp_path / "plain"], plain, repositories=["x/y"])
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", str(tmp_path / "plain"), "work")
    (work / ".gitattributes").write_text("* -diff -text binary\n")
    (work / ".git" / "info" / "attributes").write_text("* -diff binary\n")
    (work / "a.py").write_text("never committed\n")
    first = git(work, "rev-list", "--max-parents=0", "main").decode().strip()
    git(work, "replace", "main~1", first)
    (work / ".git" / "info" / "grafts").write_text(
        git(work, "rev-parse", "main").decode().strip() + "\n"
    )
    config = (
        "[diff]\n\tnoprefix = true\n\trenames = false\n\talgorithm = histogram\n"
        "\tindentHeuristic = false\n\texternal = /bin/false\n\tcontext = 9\n\trenameLimit = 1\n"
        "\torderFile = /dev/null\n\tsuppressBlankEmpty = true\n"
        "[core]\n\tquotePath = true\n\tabbrev = 5\n\tpager = false\n\tfsmonitor = /bin/false\n"
        "\tattributesFile = %s\n\tbigFileThreshold = 1\n\tignoreCase = true\n"
        "[color]\n\tui = always\n[log]\n\tshowSignature = true\n"
        "[i18n]\n\tlogOutputEncoding = latin1\n"
    ) % (work / ".gitattributes")
    (tmp_path / "gitconfig").write_text(config)
    with (work / ".git" / "config").open("a") as file:
        file.write(config)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name, value in {
        "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_INDEX_FILE": "/nowhere",
        "GIT_EXTERNAL_DIFF": "/bin/false", "GIT_DIFF_OPTS": "-u9", "GIT_TRACE": "1",
        "GIT_OBJECT_DIRECTORY": "/nowhere", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    before = contents(work)
    load_git([work], hostile, repositories=["x/y"])
    assert contents(work) == before
    assert all_rows(hostile) == all_rows(plain)


def test_two_jobs_give_what_one_gives(tmp_path, monkeypatch):
    monkeypatch.setattr("shipworthy.git.diffs._COMMITS_PER_JOB", 1)
    monkeypatch.setattr("shipworthy.git.diffs._BATCH_COMMITS", 2)
    story(tmp_path / "r")
    found = []
    for jobs in (1, 2):
        (tmp_path / str(jobs)).mkdir()
        load_git([tmp_path / "r"], tmp_path / str(jobs) / "w.duckdb", jobs=jobs)
        found.append(all_rows(tmp_path / str(jobs) / "w.duckdb"))
    assert found[0] == found[1]


def test_reports_each_load_and_draws_no_progress_bar_in_a_pipe(tmp_path, warehouse, capfd):
    story(tmp_path / "r")
    reported = []
    loads = load_git([tmp_path / "r"], warehouse, report=reported.append)
    assert reported == loads
    assert capfd.readouterr() == ("", "")


def test_a_progress_bar_on_a_terminal(tmp_path, warehouse, monkeypatch):
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    story(tmp_path / "r")
    monkeypatch.setattr(progress_bar, "_REDRAW_SECONDS", 0)
    reading_end, terminal = pty.openpty()
    with open(terminal, "w") as errors:
        monkeypatch.setattr(sys, "stderr", errors)
        [load] = load_git([tmp_path / "r"], warehouse)
        errors.flush()
        text = os.read(reading_end, 1 << 16).decode()
    os.close(reading_end)
    *bars, end = text.split("\r\x1b[K")
    assert f"{load.commits:,}/{load.commits:,} commits" in bars[-1]
    assert f"[{'#' * 30}]" in bars[-1]
    assert end == ""  # the bar is wiped away


def test_names_come_from_origin_then_from_the_directory(tmp_path, warehouse):
    story(tmp_path / "some.git")
    assert load_git([tmp_path / "some.git"], warehouse)[0].repository == "some"
    git(tmp_path / "some.git", "config", "remote.origin.url", "git@example.com:owner/name.git")
    assert "rename some owner/name" in refused(warehouse, tmp_path / "some.git")
    other = tmp_path / "db" / "other.duckdb"
    assert load_git([tmp_path / "some.git"], other)[0].repository == "owner/name"


# ----------------------------------------------------------------------------------- refusals


def refused(warehouse, *paths, **options):
    with pytest.raises(ShipworthyError) as caught:
        load_git(paths, warehouse, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_refuses_what_is_no_repository(tmp_path, warehouse):
    (tmp_path / "plain").mkdir()
    (tmp_path / "file").write_text("x")
    assert "not a git repository" in refused(warehouse, tmp_path / "plain")
    assert "not a git bundle" in refused(warehouse, tmp_path / "file")
    assert "nothing at" in refused(warehouse, tmp_path / "missing")
    assert not warehouse.exists()


def test_refuses_a_directory_inside_a_repository(tmp_path, warehouse):
    git(tmp_path, "init", "--quiet", "outer")
    (tmp_path / "outer" / "inner").mkdir()
    assert "not a git repository" in refused(warehouse, tmp_path / "outer" / "inner")


def test_refuses_a_shallow_clone(tmp_path, warehouse):
    story(tmp_path / "r")
    git(tmp_path, "clone", "--quiet", "--depth=2", (tmp_path / "r").as_uri(), "shallow")
    assert "git fetch --unshallow" in refused(warehouse, tmp_path / "shallow")


@pytest.mark.parametrize("left_out", ["blob:none", "tree:0"])
def test_refuses_a_partial_clone_and_lists_what_is_missing(tmp_path, warehouse, left_out):
    story(tmp_path / "r")
    git(tmp_path / "r", "config", "uploadpack.allowFilter", "true")
    git(
        tmp_path,
        "clone",
        "--quiet",
        "--bare",
        f"--filter={left_out}",
        (tmp_path / "r").as_uri(),
        "part",
    )
    before = contents(tmp_path / "part")
    message = refused(warehouse, tmp_path / "part")
    assert "lacks" in message
    assert "partial clone" in message
    assert contents(tmp_path / "part") == before
    assert rows(warehouse, "line_births") == []


@pytest.mark.parametrize("name", ["  ", "acme/shop\n", "acme/a\x00b"])
def test_refuses_what_is_no_name(tmp_path, warehouse, name):
    story(tmp_path / "r")
    with pytest.raises(ShipworthyError, match="named owner/name"):
        load_git([tmp_path / "r"], warehouse, repositories=[name])
    assert not warehouse.exists()


def test_refuses_an_empty_repository(tmp_path, warehouse):
    git(tmp_path, "init", "--quiet", "--bare", "empty")
    assert "no commits" in refused(warehouse, tmp_path / "empty")


@pytest.mark.parametrize("kind", ["blob", "commit", "tree"])
def test_refuses_corrupt_objects_and_keeps_the_last_good_rows(tmp_path, warehouse, kind):
    story(tmp_path / "r", commits=5)
    load_git([tmp_path / "r"], warehouse)
    before = all_rows(warehouse)
    shutil.rmtree(tmp_path / "r")
    story(tmp_path / "r")
    name = {"blob": "main~1:a.py", "commit": "main~1", "tree": "main~1^{tree}"}[kind]
    sha = git(tmp_path / "r", "rev-parse", name).decode().strip()
    # So small an import leaves loose objects, which are easy to break.
    victim = tmp_path / "r" / "objects" / sha[:2] / sha[2:]
    victim.chmod(0o644)
    victim.write_bytes(b"garbage")
    message = refused(warehouse, tmp_path / "r")
    assert "corrupt" in message or "lacks" in message
    assert all_rows(warehouse) == before


def test_refuses_a_missing_branch(tmp_path, warehouse):
    story(tmp_path / "r")
    assert "has no branch release" in refused(warehouse, tmp_path / "r", branch="release")
    git(tmp_path / "r", "symbolic-ref", "HEAD", "refs/heads/gone")
    assert "has no branch gone" in refused(warehouse, tmp_path / "r")


# On a machine that checks submissions it must not go missing: there it fails without root.
@pytest.mark.skipif(
    os.geteuid() != 0 and not (os.environ.get("CI") or os.environ.get("SHIPWORTHY_CHECKS")),
    reason="only root can give files away",
)
def test_refuses_what_belongs_to_somebody_else_unless_declared_safe(
    tmp_path, warehouse, monkeypatch
):
    story(tmp_path / "r")
    for path in [tmp_path / "r", *(tmp_path / "r").rglob("*")]:
        os.chown(path, 4242, 4242)
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert "dubious ownership" in refused(warehouse, tmp_path / "r")
    (tmp_path / "gitconfig").write_text(f"[safe]\n\tdirectory = {tmp_path / 'r'}\n")
    assert load_git([tmp_path / "r"], warehouse)[0].commits


def test_refuses_an_incomplete_bundle(tmp_path, warehouse):
    story(tmp_path / "r")
    git(tmp_path / "r", "bundle", "create", "-q", str(tmp_path / "part.bundle"), "main~3..main")
    assert "builds on commits" in refused(warehouse, tmp_path / "part.bundle")
    (tmp_path / "cut.bundle").write_bytes(BUNDLE.read_bytes()[:3000])
    assert "cannot be read" in refused(warehouse, tmp_path / "cut.bundle")


def test_refuses_two_inputs_of_one_name(tmp_path, warehouse):
    story(tmp_path / "r")
    assert "both" in refused(warehouse, tmp_path / "r", tmp_path / "r")
    assert "2 paths and 1 names" in refused(
        warehouse, tmp_path / "r", tmp_path / "r", repositories=["a/b"]
    )


def test_refuses_without_git(tmp_path, warehouse, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not on the PATH" in refused(warehouse, BUNDLE)
