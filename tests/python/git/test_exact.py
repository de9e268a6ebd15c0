"""The reader against `git blame`, on histories that hypothesis makes up."""

from collections import Counter
from typing import NamedTuple

import pytest
from histories import Builder, Entry, Tree, blame, git
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shipworthy.git.catalog import Catalog
from shipworthy.git.diffs import read_changes
from shipworthy.git.history import CommitParser, read_history
from shipworthy.git.ledger import Ledger
from shipworthy.git.mailmap import Mailmap
from shipworthy.git.mainline import plan_history
from shipworthy.git.opening import open_repository
from shipworthy.git.processes import ObjectReader
from shipworthy.git.repository import path_text

PATHS = [
    b"a.py", b"src/b c.py", b'quo"te.py', b"new\nline.py", b"tab\there.py", b"latin-\xe9.py",
    "ümlaut.py".encode(), b"back\\slash.py", b"deep/er/file.py", b"-dash.py",
]  # fmt: skip
WORDS = [
    b"alpha", b"beta", b"gamma", b"@@ -1 +1 @@", b"--- a/x", b"+++ b/x", b"diff --git a/x b/x",
    b"", b"}", b"    return x", b"\treturn x", b":100644", b"\\ No newline", b"\xff\xfe",
]  # fmt: skip
BINARY_PATH = b"picture.bin"

_lines = st.lists(st.sampled_from(WORDS), min_size=0, max_size=12)


@st.composite
def _contents(draw) -> bytes:
    ending = draw(st.sampled_from([b"\n", b"\n", b"\n", b"\r\n"]))
    # A running number keeps most lines apart, as in real files.
    lines = [b"%s %d" % (word, draw(st.integers(0, 40))) for word in draw(_lines)]
    text = b"".join(line + ending for line in lines)
    return text.removesuffix(b"\n") if draw(st.booleans()) else text


def _edit(draw, content: bytes) -> bytes:
    """Insert, remove, change, blank or move some lines."""
    lines = content.split(b"\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(lines) - 1)))
        action = draw(st.sampled_from(["insert", "remove", "change", "indent", "move", "double"]))
        if action == "insert":
            lines[at:at] = [b"new %d" % draw(st.integers(0, 99))] * draw(st.integers(1, 3))
        elif action == "remove":
            del lines[at : at + draw(st.integers(1, 4))]
        elif action == "change" and lines:
            lines[at] += b" changed"
        elif action == "indent" and lines:
            lines[at] = b"  " + lines[at] + b" "
        elif action == "move":
            block = lines[at : at + 4]
            del lines[at : at + 4]
            lines += block
        elif action == "double":
            lines += lines[at : at + 2]
    return b"\n".join(lines)


def _next_tree(draw, tree: Tree, earlier: list[Tree]) -> Tree:
    """Do one thing to a tree. At most one path is new: of two, blame may take one for another."""
    new = dict(tree)
    texts = [path for path, entry in tree.items() if entry.mode == "100644" and path != BINARY_PATH]
    action = draw(
        st.sampled_from(
            ["edit", "edit", "edit", "edit", "add", "rename", "delete", "mode", "binary",
             "link", "submodule", "crlf", "revert", "nothing"]
        )
    )  # fmt: skip
    free = [path for path in PATHS if path not in tree]
    if action == "edit" and texts:
        for path in draw(st.lists(st.sampled_from(texts), min_size=1, max_size=3, unique=True)):
            new[path] = Entry("100644", _edit(draw, new[path].content))
    elif action == "add" and free:
        new[draw(st.sampled_from(free))] = Entry("100644", draw(_contents()))
    elif action == "rename" and texts and free:
        entry = new.pop(draw(st.sampled_from(texts)))
        content = _edit(draw, entry.content) if draw(st.booleans()) else entry.content
        new[draw(st.sampled_from(free))] = Entry("100644", content)
    elif action == "delete" and texts:
        del new[draw(st.sampled_from(texts))]
    elif action == "mode" and texts:
        path = draw(st.sampled_from(texts))
        new[path] = Entry("100755", new[path].content)
    elif action == "binary":
        new[BINARY_PATH] = Entry("100644", b"\0" + draw(st.binary(max_size=40)))
    elif action == "link":
        new[b"link"] = Entry("120000", draw(st.sampled_from([b"a.py", b"src", b"else where"])))
    elif action == "submodule":
        new[b"module"] = Entry("160000", draw(st.sampled_from([b"1" * 40, b"2" * 40])))
    elif action == "crlf" and texts:
        path = draw(st.sampled_from(texts))
        new[path] = Entry("100644", new[path].content.replace(b"\n", b"\r\n"))
    elif action == "revert" and earlier:
        new = dict(draw(st.sampled_from(earlier)))
    is_ambiguous = len(new.keys() - tree.keys()) > 1 and tree.keys() - new.keys()
    return dict(tree) if is_ambiguous else new


@st.composite
def histories(draw, builder: Builder) -> Builder:
    """Make a history with branches, octopus merges and a second root."""
    tree: Tree = {b"a.py": Entry("100644", draw(_contents()))}
    builder.commit(tree)
    for _ in range(draw(st.integers(2, 9))):
        mainline = [builder.trees[0], builder.trees[builder.tip]]
        tree = builder.trees[builder.tip]
        if draw(st.integers(0, 3)):
            builder.commit(_next_tree(draw, tree, mainline))
            continue
        tips = []
        merged = dict(tree)
        for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
            is_root = not draw(st.integers(0, 9))
            base = draw(st.sampled_from([builder.tip, *builder.parents[builder.tip][:1]]))
            branch_tree = {} if is_root else builder.trees[base]
            parents = [] if is_root else [base]
            for _ in range(draw(st.integers(1, 3))):
                before = branch_tree
                branch_tree = _next_tree(draw, branch_tree, [])
                author = draw(st.sampled_from(["Ada A <ada@example.com>", "Bo B <bo@example.com>"]))
                number = builder.commit(branch_tree, parents, author=author, is_mainline=False)
                parents = [number]
                for path in branch_tree.keys() | before.keys():
                    if branch_tree.get(path) != before.get(path):
                        if path in branch_tree:
                            merged[path] = branch_tree[path]
                        else:
                            merged.pop(path, None)
            tips += parents
        if draw(st.integers(0, 3)) == 0:
            merged = _next_tree(draw, merged, [])
        if len(merged.keys() - tree.keys()) > 1 and tree.keys() - merged.keys():
            merged = dict(tree)
        builder.commit(merged, [builder.tip, *tips], message="Merge")
    return builder


def read(directory, *, strict=False):
    """Return a settled ledger of the whole history, and the merges in it."""
    merges = []
    with open_repository(directory) as repository, ObjectReader(repository) as objects:
        plan = plan_history(repository, None, 0, None, lambda shas: {})
        history = read_history(repository, CommitParser(Catalog.load(), Mailmap(), "r"), plan)
        ledger = Ledger(repository, objects, None, "", strict=strict)
        with read_changes(repository, plan.mainline, strict=strict, jobs=1) as diffs:
            for (commit, branch), changes, landed_at in zip(
                history, diffs, plan.landings, strict=True
            ):
                ledger.add(commit, branch, changes, landed_at)
                if branch:
                    merges.append(commit)
        ledger.settle()
        ledger.stop()
        return ledger, merges


class BirthRow(NamedTuple):
    added_sha: str
    path: str
    author_sha: str
    lines: int


def births_of(ledger):
    """Return the ledger's births as rows."""
    births = ledger.births
    paths = list(births.paths)
    changes, path_codes, authors, _ = births.codes().T
    return [
        BirthRow(change, paths[path], author, lines)
        for change, path, author, lines in zip(
            births.changes.ids(changes),
            path_codes.tolist(),
            births.authors.ids(authors),
            births.lines().tolist(),
            strict=True,
        )
    ]


def assert_blame_agrees(directory, ledger, builder, *options):
    """Compare the living lines at the tip with blame: change and path at birth of each."""
    tree = builder.trees[builder.tip]
    living = ledger.living()
    rows_of_births = births_of(ledger)
    for path, entry in tree.items():
        if entry.mode == "160000":
            assert path not in living
            continue
        rows = living[path]
        if path == BINARY_PATH:
            assert len(rows) == 0
            continue
        births = [rows_of_births[row] for row in rows]
        blamed = blame(directory, path, "--first-parent", *options, "main")
        assert [(one.added_sha, one.path) for one in births] == [
            (line.sha, path_text(line.path)) for line in blamed
        ], path
    assert {path for path, rows in living.items() if len(rows)} <= tree.keys()


def assert_conserved(ledger):
    """Births are deaths and living lines, row by row."""
    balance = Counter({number: birth.lines for number, birth in enumerate(births_of(ledger))})
    births, _, _, lines = ledger.deaths()
    for birth, count in zip(births.tolist(), lines.tolist(), strict=True):
        balance[birth] -= count
    living = Counter(row for rows in ledger.living().values() for row in rows.tolist())
    assert {birth: count for birth, count in balance.items() if count} == living
    assert ledger.births_count == ledger.deaths_count + ledger.living_count


def assert_authors_agree(directory, ledger, merges, options):
    """Compare the authors of lines born in merges with `git blame P1..M`."""
    births = births_of(ledger)
    for merge in merges:
        expected: Counter[tuple[str, str]] = Counter()
        paths = {birth.path for birth in births if birth.added_sha == merge.sha}
        listed = git(directory, "ls-tree", "-r", "-z", "--name-only", merge.sha).split(b"\0")
        for path in listed:
            if path_text(path) not in paths:
                continue
            landed = blame(directory, path, "--first-parent", *options, merge.sha)
            written = blame(directory, path, "--root", *options, merge.sha, f"^{merge.parents[0]}")
            for by_landing, by_author in zip(landed, written, strict=True):
                if by_landing.sha == merge.sha:
                    author = merge.sha if by_author.is_boundary else by_author.sha
                    expected[author, path_text(path)] += 1
        found: Counter[tuple[str, str]] = Counter()
        for birth in births:
            if birth.added_sha == merge.sha:
                found[birth.author_sha, birth.path] += birth.lines
        assert found == expected, (merge.sha, merge.parents)


def agree(examples):
    """Return a test of so many made up histories."""

    @settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def check(tmp_path_factory, strict, data):
        directory = tmp_path_factory.mktemp("history")
        builder = data.draw(histories(Builder(directory)))
        builder.write()
        options = () if strict else ("-w",)
        ledger, merges = read(directory, strict=strict)
        assert_conserved(ledger)
        assert_blame_agrees(directory, ledger, builder, *options)
        assert_authors_agree(directory, ledger, merges, options)

    return pytest.mark.parametrize("strict", [False, True])(check)


test_the_reader_agrees_with_blame = agree(20)
test_the_reader_agrees_with_blame_on_many = pytest.mark.slow(agree(60))
