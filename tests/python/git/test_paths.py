"""Path classes, and gitattributes(5) as git itself reads it."""

import random
import subprocess
import time

import pytest

from shipworthy.contract import VOCABULARY
from shipworthy.errors import ShipworthyError
from shipworthy.git.paths import GitAttributes, PathClassifier


@pytest.fixture(scope="module")
def classifier():
    return PathClassifier.load()


@pytest.mark.parametrize(
    ("path_class", "paths"),
    [
        ("vendored", "vendor/x/y.go a/node_modules/b/index.js third_party/z.c .yarn/releases/y.js"),
        ("generated", "yarn.lock package-lock.json a/b/go.sum poetry.lock Cargo.lock uv.lock"),
        (
            "generated",
            "x.min.js x.min.css web/app.js.map api/x.pb.go x_pb2.py zz_generated.deep.go",
        ),
        (
            "generated",
            "a/__snapshots__/b.ts a/b.snap tests/golden/a.txt testdata/a.golden dist/x.js",
        ),
        ("test", "tests/a.py src/test_a.py a_test.go x.spec.ts FooTest.java conftest.py spec/a.rb"),
        ("docs", "README.md docs/conf.py docs/x.yml LICENSE notes.txt doc/a.html CHANGELOG"),
        ("data", "a.csv data/x.parquet locale/de.po x.ipynb icon.svg"),
        ("config", ".github/workflows/x.yml Makefile pyproject.toml package.json .env .eslintrc"),
        ("config", "requirements-dev.txt CMakeLists.txt Dockerfile.dev k8s/app.yaml go.mod"),
        (
            "code",
            "src/a.py main.tf Audit.java Latest.java src/vendor.py src/fixture.py a models/x.sql",
        ),
        (
            "code",
            "src/generated.py contest.py protest/a.py vendorize/a.py x/mytests/a.py a.lockfile.py",
        ),
    ],
)
def test_classes(classifier, path_class, paths):
    found = {path: classifier.classify(path.encode()) for path in paths.split()}
    assert set(found.values()) == {path_class}, found


def test_paths_that_are_not_text(classifier):
    assert classifier.classify(b"vendor/\xff\n.py") == "vendored"
    assert classifier.classify(b"src/\xff\n.py") == "code"


@pytest.mark.parametrize(
    ("path", "attributes", "path_class"),
    [
        (b"src/a.py", {"linguist-generated": True}, "generated"),
        (b"src/a.py", {"linguist-generated": "true"}, "generated"),
        (b"src/a.py", {"linguist-vendored": True, "linguist-generated": True}, "vendored"),
        (b"src/a.py", {"linguist-documentation": True}, "docs"),
        (b"src/a.py", {"linguist-language": "Java"}, "code"),
        (b"src/a.py", {}, "code"),
        (b"yarn.lock", {"linguist-generated": False}, "code"),
        (b"package-lock.json", {"linguist-generated": "false"}, "config"),
        (b"vendor/tests/a.py", {"linguist-vendored": False}, "test"),
        (b"docs/conf.py", {"linguist-documentation": False}, "code"),
    ],
)
def test_a_repositorys_own_attributes_come_first(classifier, path, attributes, path_class):
    assert classifier.classify(path, attributes) == path_class
    assert classifier.classify(path) == classifier.classify(path, None)


def test_users_can_bring_their_own_patterns(tmp_path, monkeypatch):
    own = tmp_path / "patterns.csv"
    own.write_text(
        "pattern,path_class,note\n"
        "keep.lock,code,ours\n"
        "*.lock,generated,\n"
        "/gen/,generated,at the root only\n"
        "api/gen/,generated,\n"
        "*.app/,vendored,\n"
        "assets/**/*.js,vendored,\n"
        "[Mm]ake?,config,\n"
    )
    monkeypatch.setenv("SHIPWORTHY_PATH_PATTERNS", str(own))
    classify = PathClassifier.load().classify
    for path_class, paths in {
        "code": b"keep.lock a/keep.lock x/gen/a x/api/gen/a gen assets.js make x.app yarn",
        "generated": b"a.lock b/a.lock gen/a gen/b/c api/gen/a",
        "vendored": b"x.app/a y/x.app/b/c assets/a.js assets/b/c/a.js",
        "config": b"maker Maker a/maker",
    }.items():
        assert {classify(path) for path in paths.split()} == {path_class}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("*.x,nonsense,", "line 2: path_class is 'nonsense'"),
        (",code,", "line 2: the pattern '' matches no path"),
        ("!a,code,", "line 2: the pattern '!a' matches no path"),
        ("[a,code,", "line 2: the pattern '\\[a' is not closed"),
    ],
)
def test_broken_patterns_are_told_in_one_sentence(tmp_path, row, sentence):
    path = tmp_path / "patterns.csv"
    path.write_text(f"pattern,path_class,note\n{row}\n")
    with pytest.raises(ShipworthyError, match=sentence):
        PathClassifier.load(path)


def test_classifying_is_fast(classifier):
    paths = [f"src/pkg{number % 97}/mod_{number}.py".encode() for number in range(5000)]
    start = time.process_time()
    for path in paths:
        classifier.classify(path)
    assert (time.process_time() - start) / len(paths) < 100e-6


# ------------------------------------------------------------------------ .gitattributes


def git_attributes(repository, files, names, paths):
    """Ask git itself."""
    for directory, text in files.items():
        folder = repository / directory.decode()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitattributes").write_bytes(text)
    answer = subprocess.run(
        ["git", "-C", str(repository), "check-attr", "-z", "--stdin", *names],
        input=b"\0".join(paths) + b"\0",
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    found = {path: {} for path in paths}
    for path, name, value in zip(answer[0::3], answer[1::3], answer[2::3], strict=False):
        if value != b"unspecified":
            text = value.decode()
            found[path][name.decode()] = {"set": True, "unset": False}.get(text, text)
    return found


@pytest.fixture
def repository(tmp_path, monkeypatch):
    # The user's own attributes must not be part of git's answer.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_ATTR_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    subprocess.run(["git", "init", "-q", str(tmp_path / "r")], check=True)
    return tmp_path / "r"


NAMES = ("linguist-generated", "linguist-vendored", "text", "diff", "merge", "binary", "mine")
PATHS = [
    b"a", b"b.js", b"src/a", b"src/b.js", b"src/lib/c.js", b"src/lib/deep/d.js", b"lib/c.js",
    b"gen/x/y/z", b"gen/x", b"a b", b"src/a b.js", b"caf\xc3\xa9.js", b"src/lib/[x].js", b"A",
    b"genuine", b"src/libx/c.js", b"#x", b"!x", b"src/gen1/x/y.js", b"tab\tname",
]  # fmt: skip


@pytest.mark.parametrize(
    "files",
    [
        {b"": b"*.js linguist-generated\nsrc/*.js -linguist-generated\n"},
        {b"": b"src/** linguist-vendored\n**/lib/** linguist-generated=false\nlib/*.js text=auto"},
        {b"": b"/a text\n/*.js text\nsrc/lib/ text\nlib/*.js text\n"},
        {b"": b"* binary\n*.js -binary\nsrc/*.js !binary\nsrc/lib/c.js diff\n"},
        {b"": b"[attr]mine linguist-generated -text\n*.js mine\nsrc/lib/c.js mine !text\n"},
        {b"": b"[attr]binary mine\n*.js binary\n", b"src": b"[attr]mine text\na mine\n"},
        {b"": b"*.js text\n", b"src": b"*.js -text\n/b.js text=x\n", b"src/lib": b"*.js !text\n"},
        {b"": b'"a b" text\n"src/a\\040b.js" diff\n"tab\\tname" merge\n"\\303\\251" text\n'},
        {b"": b'"unclosed text\n"bad\\q" text\na diff\n'},
        {b"": b"\xef\xbb\xbf*.js text\r\n  a diff\r\n\t# not a comment\r\n#x merge\n\\#x text\n"},
        {b"": b"!x text\n\\!x text\na b@d text\na text text=x -text\n*.js text= -diff=q\n"},
        {b"": b"*.js " + b"mine " * 500 + b"\na text\n"},
        {b"": b"[!a] text\n[a-z].js diff\nsrc/lib/[[]x].js merge\n[[:upper:]] mine\n[a text\n"},
        {b"": b"[attr] text\n*\n\n   \n*.js\n[attr]bad@name text\n"},
        {b"": b"?.js text\ns?c/* diff\nsrc/?/c.js merge\n\\a mine\na\\ text\n"},
    ],
)
def test_attributes_equal_gits(repository, files):
    attributes = GitAttributes(files, NAMES)
    found = {path: attributes.attributes(path) for path in PATHS}
    assert found == git_attributes(repository, files, NAMES, PATHS)


def test_stars_behind_a_literal_beginning_span_directories():
    """As git 2.39 matches them and 2.55 does not: the reader does not depend on the version."""
    files = {b"": b"gen** text\nsrc/gen** diff\nsrc/gen**/y.js merge\ngen**/z mine\n"}
    attributes = GitAttributes(files, NAMES)
    assert {path: found for path in PATHS if (found := attributes.attributes(path))} == {
        b"genuine": {"text": True},
        b"gen/x/y/z": {"mine": True},
        b"src/gen1/x/y.js": {"diff": True, "merge": True},
    }


def test_random_attributes_equal_gits(repository):
    dice = random.Random(20260105)
    parts = ["a", "b", "ab", "a.b", "x-y", "A", "[a]", "a b", "]", "é", "-", "^"]
    atoms = [
        "a", "b", "*", "**", "?", "/", "**/", "/**", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]",
        "[[:alpha:]]", "[[:no:]]", "[a", "\\a", "\\*", "\\", "[\\]]", "[a-]", "[--a]", ".", "-",
        "A", "]", "[[:x]", "[]-a]", "[a-\\c]", "[[]", "[[:alpha:]-z]",
    ]  # fmt: skip

    def state():
        form = dice.choice(["%s", "-%s", "!%s", "%s=value", "%s=", "-%s=x", "%s=false"])
        return form % dice.choice(NAMES)

    def line():
        pattern = "".join(dice.choice(atoms) for _ in range(dice.randint(1, 5)))
        if dice.random() < 0.1:
            pattern = "[attr]mine"
        return f"{pattern} {' '.join(state() for _ in range(dice.randint(0, 3)))}"

    for _ in range(60):
        files = {
            directory: "\n".join(line() for _ in range(dice.randint(1, 8))).encode()
            for directory in (b"", b"a", b"a/b", b"ab")
        }
        paths = {
            "/".join(dice.choice(parts) for _ in range(dice.randint(1, 4))).encode()
            for _ in range(40)
        }
        attributes = GitAttributes(files, NAMES)
        expected = git_attributes(repository, files, NAMES, sorted(paths))
        for path in paths:
            assert attributes.attributes(path) == expected[path], (path, files)


def test_only_linguist_attributes_by_default():
    attributes = GitAttributes({b"": b"*.js linguist-generated text\n*.py text\n"})
    assert attributes.attributes(b"a.js") == {"linguist-generated": True}
    assert attributes.attributes(b"a.py") == {}
    assert GitAttributes({}).attributes(b"a.py") == {}


def test_hostile_patterns_take_no_time():
    pattern = b"*a" * 30 + b"b"
    attributes = GitAttributes(
        {b"": b"x/" + pattern + b" text\n" + b"**/a/" * 8 + b"b text\n"}, NAMES
    )
    start = time.process_time()
    assert attributes.attributes(b"x/" + b"a" * 200) == {}
    assert attributes.attributes(b"a/" * 30 + b"c") == {}
    assert time.process_time() - start < 1


def test_every_class_of_the_contract_can_be_reached(classifier):
    paths = [b"a.py", b"a_test.go", b"a.toml", b"a.md", b"a.csv", b"a.lock", b"vendor/a"]
    assert {classifier.classify(path) for path in paths} == set(
        VOCABULARY["line_births", "path_class"]
    )
