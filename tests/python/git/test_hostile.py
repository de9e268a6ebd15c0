"""Repositories that want to run something, never end, or hold what is no text."""

import os
import subprocess
import time

import duckdb
import pytest
from histories import FIRST_TIME, Builder, Entry, git, text_tree

from shipworthy import leftovers
from shipworthy.errors import ShipworthyError
from shipworthy.git import opening
from shipworthy.git.paths import GitAttributes
from shipworthy.git.reader import load_git


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


def findings(warehouse):
    return rows(warehouse, "load_findings", "reason, subject, row_count")


def story(directory):
    builder = Builder(directory)
    builder.commit(text_tree(a_py="one\n"))
    builder.commit(text_tree(a_py="one\ntwo\n"))
    builder.write()
    return builder


def drop(directory, name):
    """Remove a loose object from a repository."""
    sha = git(directory, "rev-parse", name).decode().strip()
    (directory / "objects" / sha[:2] / sha[2:]).unlink()
    return sha


# ----------------------------------------------------------------------------- running programs


@pytest.mark.parametrize(
    ("lost", "transport"),
    [
        (lost, transport)
        for lost in ("tag", "commit", "blob", "head")
        for transport in ("ssh", "uploadpack", "ext")
    ],
)
def test_a_repository_that_lost_objects_runs_nothing(
    tmp_path, warehouse, monkeypatch, lost, transport
):
    """Git fetches what is lost from where the repository's own settings say, by programs."""
    story(tmp_path / "r")
    git(tmp_path / "r", "-c", "user.name=x", "tag", "-a", "-m", "x", "v1", "main")
    git(tmp_path / "r", "branch", "side", "main~1")
    git(tmp_path / "r", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    git(tmp_path / "r", "update-ref", "refs/remotes/origin/main", "main")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    trap.chmod(0o755)
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": {
            "ssh": "ssh://example.com/x", "uploadpack": str(tmp_path / "r"), "ext": f"ext::{trap}",
        }[transport],
        "remote.origin.uploadpack": str(trap),
        "core.sshCommand": str(trap),
        "core.gitProxy": str(trap),
        "core.fsmonitor": str(trap),
        "core.alternateRefsCommand": str(trap),
        "diff.external": str(trap),
        "protocol.ext.allow": "always",
        "protocol.file.allow": "always",
        "core.hooksPath": str(tmp_path),
    }.items():  # fmt: skip
        git(tmp_path / "r", "config", name, value)
    drop(
        tmp_path / "r",
        {"tag": "v1", "commit": "main~1", "blob": "main:a.py", "head": "main"}[lost],
    )
    # As a git does that knows nothing of it.
    environment = opening._environment
    monkeypatch.setattr(
        opening,
        "_environment",
        lambda home: {k: v for k, v in environment(home).items() if k != "GIT_NO_LAZY_FETCH"},
    )
    if lost == "tag":
        load_git([tmp_path / "r"], warehouse, repositories=["acme/shop"], releases="v*")
        assert ("unreadable_ref", "refs/tags/v1", 1) in findings(warehouse)
        assert len(rows(warehouse, "commits")) == 2
    else:
        with pytest.raises(ShipworthyError):
            load_git([tmp_path / "r"], warehouse, repositories=["acme/shop"])
    assert not (tmp_path / "ran").exists()


def test_the_trap_works_where_transports_are_allowed(tmp_path):
    story(tmp_path / "r")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    trap.chmod(0o755)
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": "ssh://example.com/x",
        "core.sshCommand": str(trap),
    }.items():
        git(tmp_path / "r", "config", name, value)
    drop(tmp_path / "r", "main:a.py")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", "cat-file", "blob", "main:a.py"]
    subprocess.run(command, cwd=tmp_path / "r", env=environment, capture_output=True, check=False)
    assert (tmp_path / "ran").exists()


def test_a_git_that_runs_transports_all_the_same_is_refused_by_name(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ "$1" = version ] && echo "git version 2.40.9"\nexit 0\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    with pytest.raises(ShipworthyError, match=r"git version 2\.40\.9.*transports"):
        load_git([tmp_path], tmp_path / "w.duckdb")


# ---------------------------------------------------------------------------------- never ending


@pytest.mark.parametrize(
    "place", ["HEAD", "config", "packed-refs", "refs/heads/pipe", "objects/info/alternates"]
)
def test_a_pipe_in_the_repository_is_refused(tmp_path, warehouse, place):
    story(tmp_path / "r")
    (tmp_path / "r" / place).unlink(missing_ok=True)
    os.mkfifo(tmp_path / "r" / place)
    started = time.monotonic()
    with pytest.raises(ShipworthyError, match="is a pipe or a device"):
        load_git([tmp_path / "r"], warehouse)
    assert time.monotonic() - started < 30


def test_a_link_to_a_device_is_refused(tmp_path, warehouse):
    story(tmp_path / "r")
    (tmp_path / "r" / "packed-refs").symlink_to("/dev/zero")
    with pytest.raises(ShipworthyError, match="is a pipe or a device"):
        load_git([tmp_path / "r"], warehouse)


def test_a_repository_that_does_not_answer_is_refused(tmp_path, warehouse, monkeypatch):
    story(tmp_path / "r")
    os.mkfifo(tmp_path / "settings")
    git(tmp_path / "r", "config", "include.path", str(tmp_path / "settings"))
    monkeypatch.setattr(opening, "_PATIENCE_SECONDS", 2)
    with pytest.raises(ShipworthyError, match="gives git no answer for 2 seconds"):
        load_git([tmp_path / "r"], warehouse)


@pytest.mark.parametrize(
    "text",
    [
        b"**/a/" * 100 + b"x linguist-generated\n",
        b"**/a*b/" * 60 + b"x linguist-generated\n",
        b"".join(b"*x%d*y*z linguist-generated\n" % n for n in range(20_000)),
        b"".join(b"[attr]m%d m%d\n" % (n, n + 1) for n in range(3_000))
        + b"[attr]m3000 linguist-vendored\n*.py m0\n",
    ],
    ids=["spans", "spans and stars", "patterns", "macros"],
)
def test_attributes_of_any_kind_take_little_time(text):
    started = time.monotonic()
    attributes = GitAttributes({b"": text})
    for number in range(200):
        attributes.attributes(b"a/" * number + b"a%d.py" % number)
    assert time.monotonic() - started < 20


def test_lines_of_attributes_that_are_too_many_are_counted_and_the_last_ones_hold(
    tmp_path, warehouse
):
    lines = [f"*{n}.none linguist-generated\n" for n in range(1_500)] + ["*.py linguist-vendored\n"]
    builder = Builder(tmp_path / "r")
    builder.commit(
        text_tree(a_py="one\n") | {b".gitattributes": Entry("100644", "".join(lines).encode())}
    )
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    assert rows(warehouse, "line_births", "path_class", "path = 'a.py'") == [("vendored",)]
    assert findings(warehouse) == [("attributes_passed_over", ".gitattributes", 501)]


# ---------------------------------------------------------------------------------- what is no text


def test_names_that_are_no_text_are_kept_apart(tmp_path, warehouse):
    story(tmp_path / "r")
    head = git(tmp_path / "r", "rev-parse", "main").decode().strip()
    refs = b"".join(
        b"%b refs/%b\n" % (head.encode(), name)
        for name in (b"tags/v\xe9", b"tags/v\xff", b"tags/v1", b"heads/br\xe9")
    )
    (tmp_path / "r" / "packed-refs").write_bytes(b"# pack-refs with: \n" + refs)
    load_git([tmp_path / "r"], warehouse, releases="*")
    found = [name for (name,) in rows(warehouse, "deployments", "deployment_id")]
    assert found == ['r@"v\\351"', 'r@"v\\377"', "r@v1"]
    git(tmp_path / "r", "bundle", "create", "-q", str(tmp_path / "b.bundle"), "--all")
    load_git([tmp_path / "b.bundle"], tmp_path / "b.duckdb", repositories=["r"], releases="*")
    again = [name for (name,) in rows(tmp_path / "b.duckdb", "deployments", "deployment_id")]
    assert again == found


def test_a_mainline_whose_name_is_no_text_is_read(tmp_path, warehouse):
    story(tmp_path / "r")
    head = git(tmp_path / "r", "rev-parse", "main")
    (tmp_path / "r" / "packed-refs").write_bytes(head.strip() + b" refs/heads/br\xe9\n")
    (tmp_path / "r" / "HEAD").write_bytes(b"ref: refs/heads/br\xe9\n")
    load_git([tmp_path / "r"], warehouse)
    assert rows(warehouse, "repositories", "default_branch") == [('"br\\351"',)]


def raw_commit(directory, content):
    """Write a commit object as it is, and make it the mainline's tip."""
    sha = git(
        directory, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=content
    )
    git(directory, "update-ref", "refs/heads/main", sha.decode().strip())
    return sha.decode().strip()


@pytest.mark.parametrize(
    "encoding", [b"utf-8\0x", b"\0", b"\xff\xfe", b"zlib", b"no-such", b"idna", b"undefined"]
)
def test_an_encoding_that_is_none_is_passed_over(tmp_path, warehouse, encoding):
    story(tmp_path / "r")
    tree = git(tmp_path / "r", "rev-parse", "main^{tree}").strip()
    parent = git(tmp_path / "r", "rev-parse", "main").strip()
    sha = raw_commit(
        tmp_path / "r",
        b"tree %b\nparent %b\nauthor A\xff <a@example.com> %d +0000\n"
        b"committer A <a@example.com> %d +0000\nencoding %b\n\n\xffmessage\xc3 (#7)\n"
        % (tree, parent, FIRST_TIME + 9_999, FIRST_TIME + 9_999, encoding),
    )
    load_git([tmp_path / "r"], warehouse)
    assert rows(warehouse, "commits", "pull_request_number", f"sha = '{sha}'") == [(7,)]


@pytest.mark.parametrize(
    "seconds",
    [b"-5", b"0", b"4294967296", b"253402300800", b"9" * 30, b"x", b"", b"99999999999999999"],
)
def test_times_that_are_none_break_nothing(tmp_path, warehouse, seconds):
    story(tmp_path / "r")
    tree = git(tmp_path / "r", "rev-parse", "main^{tree}").strip()
    parent = git(tmp_path / "r", "rev-parse", "main").strip()
    sha = raw_commit(
        tmp_path / "r",
        b"tree %b\nparent %b\nauthor A <a@example.com> %b +9999\n"
        b"committer A <a@example.com> %b -9999\n\nmessage\n" % (tree, parent, seconds, seconds),
    )
    before = int(time.time())
    load_git([tmp_path / "r"], warehouse)
    [(authored, committed, landed)] = rows(
        warehouse, "commits", "authored_at, committed_at, epoch(landed_at)::bigint",
        f"sha = '{sha}'",
    )  # fmt: skip
    assert authored is None
    assert committed is None
    assert FIRST_TIME <= landed <= time.time()
    assert landed < FIRST_TIME + 9_999 or landed >= before
    assert [(subject, count) for _, subject, count in findings(warehouse)] == [(sha, 1)]


def test_notes_and_traces_that_are_no_text_are_passed_over(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    trace = {b".agent-trace/traces.jsonl": Entry("100644", b'\xff\xfe{"vcs": 1}\n[[]]\nnull\n')}
    builder.commit(text_tree(a_py="one\n") | trace)
    builder.commit(text_tree(a_py="one\ntwo\n") | trace)
    builder.write()
    note = git(
        tmp_path / "r", "hash-object", "-w", "--stdin", stdin=b"a\xff.py\n  x\xff 1-2\n---\n\xff{["
    )
    git(tmp_path / "r", "notes", "--ref=ai", "add", "-C", note.decode().strip(), "main")
    load_git([tmp_path / "r"], warehouse)
    assert {row[0] for row in rows(warehouse, "line_births", "authorship")} == {"untagged"}


def test_nothing_of_a_name_acts_on_the_terminal(tmp_path, warehouse):
    story(tmp_path / "r")
    git(
        tmp_path / "r", "config", "remote.origin.url", "https://example.com/x/\x1b[31mred\x9b\u202e"
    )
    [load] = load_git([tmp_path / "r"], warehouse)
    assert str(load).isprintable()
    assert load.repository == "x/\\x1b[31mred\\x9b\\u202e"
    with pytest.raises(ShipworthyError) as caught:
        load_git([tmp_path / "r"], warehouse, branch="\x1b]0;title\x07")
    assert str(caught.value).isprintable()


# ------------------------------------------------------------------------------------- lost files


@pytest.mark.parametrize("damage", ["missing", "corrupt"])
def test_lost_films_and_vendored_files_keep_nothing_from_being_read(tmp_path, warehouse, damage):
    builder = Builder(tmp_path / "r")
    film = {b"film.mp4": Entry("100644", b"\0film")}
    vendored = {b"vendor/lib.js": Entry("100644", b"var a\nvar b\n")}
    builder.commit(text_tree(a_py="one\n") | film | vendored)
    moved = {b"media/film.mp4": film[b"film.mp4"]}
    changed = {b"vendor/lib.js": Entry("100644", b"var a\nvar c\n")}
    builder.commit(text_tree(a_py="one\ntwo\n") | moved | changed)
    builder.commit(text_tree(a_py="two\n"))
    builder.write()
    for name in ("main~2:film.mp4", "main~1:vendor/lib.js"):
        if damage == "missing":
            drop(tmp_path / "r", name)
        else:
            sha = git(tmp_path / "r", "rev-parse", name).decode().strip()
            victim = tmp_path / "r" / "objects" / sha[:2] / sha[2:]
            victim.chmod(0o644)
            victim.write_bytes(b"garbage")
    load_git([tmp_path / "r"], warehouse)
    counted = "path_class not in ('vendored', 'generated')"
    assert rows(warehouse, "line_births", "path, lines", counted) == [("a.py", 1), ("a.py", 1)]
    assert rows(warehouse, "line_deaths", "path, lines", counted) == [("a.py", 1)]
    assert findings(warehouse) == [("lost_file", "media", 1), ("lost_file", "vendored", 1)]
    builder.commit(text_tree(a_py="two\nthree\n"))
    builder.write()
    load_git([tmp_path / "r"], warehouse)
    assert ("lost_file", "media", 1) in findings(warehouse)


def test_a_lost_text_that_counts_is_refused(tmp_path, warehouse):
    builder = Builder(tmp_path / "r")
    builder.commit(text_tree(a_py="one\n") | {b"vendor/a.py": Entry("100644", b"one\n")})
    builder.write()
    drop(tmp_path / "r", "main:a.py")
    with pytest.raises(ShipworthyError, match="lacks 1 objects"):
        load_git([tmp_path / "r"], warehouse)
    assert rows(warehouse, "commits") == []


def test_branches_that_lost_commits_are_left_out_and_listed(tmp_path, warehouse):
    builder = story(tmp_path / "r")
    for name, parents in (("good", None), ("bad", None)):
        first = builder.commit(text_tree(a_py=f"{name}\n"), parents, is_mainline=False)
        second = builder.commit(text_tree(a_py=f"{name}2\n"), [first], is_mainline=False)
        builder.write()
        git(tmp_path / "r", "update-ref", f"refs/heads/{name}", "refs/heads/work")
        assert second
    drop(tmp_path / "r", "bad~1")
    git(tmp_path / "r", "branch", "-D", "work")
    load_git([tmp_path / "r"], warehouse)
    assert len(rows(warehouse, "commits", where="landed_with_sha is null")) == 2
    assert findings(warehouse) == [("unreadable_branches", "r", 1)]


# -------------------------------------------------------------------------------------- leftovers


def test_what_a_killed_run_left_is_removed_and_what_is_in_use_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path))
    with leftovers.temporary_directory() as used:
        killed = tmp_path / "shipworthy-git-killed"
        (killed / "shadow").mkdir(parents=True)
        (killed / "in-use").touch()
        young = tmp_path / "shipworthy-git-young"
        young.mkdir()
        (young / "in-use").touch()
        old = time.time() - 3600
        for path in (killed, used):
            os.utime(path, (old, old))
        program = (
            "from shipworthy import leftovers\nwith leftovers.temporary_directory():\n    pass\n"
        )
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        subprocess.run([_python(), "-c", program], env=environment, check=True)
        assert not killed.exists()
        assert used.exists()
        assert young.exists()
    assert not used.exists()


def _python():
    import sys

    return sys.executable
