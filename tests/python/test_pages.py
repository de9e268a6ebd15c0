"""The commands of every page: those of one's own repository are run, all others are understood.

A command that no rule here knows fails, so that none is passed over.
"""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from dbt_runs import ROOT, query
from shipworthy.cli import cli
from shipworthy.identity import person_key
from shipworthy.sources.config import read_config

PAGES = sorted(
    path.relative_to(ROOT)
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name not in ("CHANGELOG.md", "DECISIONS.md")
)
PROGRAMS = ("shipworthy", "dbt", "mf", "make", "python")
# Stand for something of the reader's in a sentence: `shipworthy load NAME`.
PLACEHOLDERS = {"NAME": "github"}


def blocks(page, language):
    """Texts of a page's blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


def typed(page):
    """Commands of a page's console blocks: what stands behind a `$`, continued lines joined."""
    for text in blocks(page, "console"):
        joined = text.replace("\\\n", " ")
        yield from re.findall(r"^\$ (.*)$", joined, re.M)


def mentioned(page):
    """Commands in a page's sentences."""
    prose = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.M | re.S)
    for text in re.findall(r"`((?:\.venv/bin/)?[a-z]+ [^`\n]+)`", prose):
        if text.removeprefix(".venv/bin/").split()[0] in PROGRAMS:
            yield text


TYPED = [(str(page), command) for page in PAGES for command in typed(page)]
MENTIONED = [(str(page), command) for page in PAGES for command in mentioned(page)]


def words(command):
    """Words of a command without its comment, and the program without its directory."""
    program, *rest = shlex.split(command, comments=True)
    return [program.removeprefix(".venv/bin/"), *rest]


# ---------------------------------------------------------------------------- understood


def understand_shipworthy(arguments, is_whole):
    """Walk to the command and let it read its arguments; nothing is run."""
    command, context = cli, click.Context(cli, info_name="shipworthy")
    rest = [PLACEHOLDERS.get(word, word) for word in arguments]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name, *rest = rest
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name!r}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    if "--help" in rest:
        return
    try:
        command.make_context(command.name, list(rest), parent=context.parent)
    except click.MissingParameter:
        assert not is_whole, "a parameter is missing"


def understand_dbt(arguments, is_whole):
    from dbt.cli.main import cli as dbt

    name, *rest = arguments
    command = dbt.get_command(click.Context(dbt), name)
    assert command is not None
    context = command.make_context(name, list(rest), parent=click.Context(dbt))
    target = context.params.get("target")
    profile = yaml.safe_load((ROOT / "profiles.yml").read_text())["shipworthy"]
    assert target is None or target in profile["outputs"]


def understand_mf(arguments, is_whole):
    """`mf` is never started (it asks the package index): names must be those of the metrics."""
    text = (ROOT / "models" / "semantic" / "_semantic.yml").read_text()
    names = set(re.findall(r"^ +- name: (\w+)$", text, re.M))
    assert arguments[0] in ("query", "list")
    if arguments[0] == "query" and is_whole:
        options = dict(zip(arguments[1::2], arguments[2::2], strict=True))
        assert options.keys() <= {"--metrics", "--group-by"}
        assert set(options["--metrics"].split(",")) <= names
        for group in options.get("--group-by", "metric_time").split(","):
            *_, name = group.split("__")
            assert "metric_time" in group or name in names, group


def understand_make(arguments, is_whole):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(arguments) <= targets


def understand_python(arguments, is_whole):
    assert (ROOT / arguments[0]).is_file() or arguments[0] == "-m"


def understand_export(arguments, is_whole):
    """A variable that is set is one that something reads."""
    read = "".join(
        path.read_text(errors="replace")
        for path in (*(ROOT / "python").rglob("*.py"), ROOT / "profiles.yml")
    )
    for assignment in arguments:
        name, equals, _ = assignment.partition("=")
        assert equals
        assert name in read, f"nothing reads {name}"


def understand_pip(arguments, is_whole):
    """The package and its extras; nothing is installed."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert arguments[0] == "install"
    for named in re.findall(r"^shipworthy\[(.+)\]$", arguments[1]):
        assert set(named.split(",")) <= extras["optional-dependencies"].keys()


UNDERSTAND = {
    "pip": understand_pip,
    "shipworthy": understand_shipworthy,
    "dbt": understand_dbt,
    "mf": understand_mf,
    "make": understand_make,
    "python": understand_python,
    "export": understand_export,
    "cat": lambda arguments, is_whole: None,  # its text is read below
}


def test_there_are_commands():
    assert len(TYPED) > 20
    assert len(MENTIONED) > 30


@pytest.mark.parametrize(("page", "command"), TYPED)
def test_a_command_to_type_is_understood(page, command):
    program, *arguments = words(command)
    UNDERSTAND[program](arguments, is_whole=True)


@pytest.mark.parametrize(("page", "command"), MENTIONED)
def test_a_command_in_a_sentence_is_understood(page, command):
    program, *arguments = words(command)
    UNDERSTAND[program](arguments, is_whole=False)


def configurations():
    for page in PAGES:
        for text in blocks(page, "toml"):
            yield str(page), text
        for text in blocks(page, "console"):
            for shown in re.findall(
                r"^\$ cat shipworthy\.toml\n(.*?)(?=^\$ |\Z)", text, re.M | re.S
            ):
                yield str(page), shown


@pytest.mark.parametrize(("page", "text"), list(configurations()))
def test_a_configuration_is_one(tmp_path, page, text):
    tables = tomllib.loads(text)
    assert tables
    (tmp_path / "shipworthy.toml").write_text(text)
    steps = read_config(tmp_path / "shipworthy.toml")
    assert {step.name for step in steps} == {
        name for name, value in tables.items() if isinstance(value, dict)
    }


# ---------------------------------------------------------------------------- run

SALT = "a salt of a stranger's, long enough"
ADA, BO = "ada@shop.example.com", "bo@shop.example.com"


def git(directory, *arguments, who=ADA, at=""):
    subprocess.run(
        ["git", "-C", str(directory), *arguments],
        check=True,
        capture_output=True,
        env=os.environ
        | {f"GIT_{role}_NAME": who.split("@")[0].title() for role in ("AUTHOR", "COMMITTER")}
        | {f"GIT_{role}_EMAIL": who for role in ("AUTHOR", "COMMITTER")}
        | {f"GIT_{role}_DATE": at for role in ("AUTHOR", "COMMITTER") if at},
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A stranger's home: a clone, a bundle, three exports, and this repository beside them."""
    home = tmp_path_factory.mktemp("home")
    for name in ("shop", "api"):
        clone = home / "src" / name
        clone.mkdir(parents=True)
        git(clone, "init", "--quiet", "--initial-branch", "main")
        for day in range(1, 15):
            (clone / f"{name}{day}.py").write_text("".join(f"x = {n * day}\n" for n in range(9)))
            git(clone, "add", ".")
            said = "Add a part" + ("\n\nCo-authored-by: Claude <noreply@anthropic.com>" * (day % 2))
            who = (ADA, BO)[day % 2]
            at = f"2026-04-{day:02d}T10:00:00Z"
            git(clone, "commit", "--quiet", "-m", said, who=who, at=at)
            git(clone, "tag", f"v{day}")
    git(home / "src" / "api", "bundle", "create", "--quiet", "../api.bundle", "main", "--tags")
    shutil.rmtree(home / "src" / "api")

    project = home / "shipworthy"
    shutil.copytree(
        ROOT,
        project,
        ignore=shutil.ignore_patterns(
            ".venv", ".git", "target", "logs", "tests", "*.duckdb*", ".shipworthy", "__pycache__"
        ),
    )
    (project / "tests").mkdir()
    for name in ("generic", "singular"):
        shutil.copytree(ROOT / "tests" / name, project / "tests" / name)
    (project / ".venv").symlink_to(ROOT / ".venv")
    exports = project / "exports"
    exports.mkdir()
    (exports / "people.csv").write_text(
        f"person_key,team,valid_from_on\n{ADA.title()},red,\n{BO},red,2026-01-01\n"
    )
    (exports / "incidents.csv").write_text(
        "incident_id,service,severity_label,opened_at,resolved_at\n"
        "INC-1,shop,SEV2,2026-04-10 12:00:00,2026-04-10 15:00:00\n"
    )
    (exports / "identities.csv").write_text(f"alias_key,person_key\ngithub:ada,{ADA}\n")
    return home


def run(command, home, settings):
    return subprocess.run(
        ["bash", "-c", command],
        cwd=home / "shipworthy",
        env={name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
        | {"HOME": str(home), "SHIPWORTHY_SALT": SALT, "DO_NOT_TRACK": "1"}
        | settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_stranger_gets_a_headline_by_the_readmes_commands(home):
    """What README says under "Your own repository", in its order, with exports before the build."""
    own, files = (
        [command for command in typed_block if command]
        for typed_block in (
            re.findall(r"^\$ (.*)$", text, re.M)
            for text in blocks("README.md", "console")
            if "load git" in text or "load files" in text
        )
    )
    export, *loads, build = own
    assert [words(command)[:2] for command in (*loads, build)] == [
        ["shipworthy", "load"],
        ["shipworthy", "build"],
    ]
    settings = dict(part.split("=") for part in words(export)[1:])
    warehouse = home / "shipworthy" / settings["SHIPWORTHY_WAREHOUSE"]
    shown = ""
    for command in (*loads, *files, build, ".venv/bin/shipworthy headline"):
        done = run(command, home, settings)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        assert "Traceback" not in done.stdout + done.stderr
        shown = done.stdout
    assert shown.startswith(f"{warehouse.name} (as of 2026-")
    assert "DEMO" not in shown
    page = (home / "shipworthy" / "outcomes.html").read_text(encoding="utf-8")
    assert "Does the code that AI writes ship" in page
    assert "DEMO" not in page.split("<script", 1)[0]
    assert query(warehouse, "select data_source from shipworthy.headline") == [("loaded",)]
    schemas = {name for (name,) in query(warehouse, "select schema_name from duckdb_tables()")}
    assert "shipworthy_demo" not in schemas

    # Who is in the export by address is who is in the history.
    keys = {person_key(who, SALT.encode()) for who in (ADA, BO)}
    for column, table in (("author_key", "commits"), ("person_key", "people")):
        rows = query(warehouse, f"select distinct {column} from shipworthy_raw.{table}")
        assert {key for (key,) in rows} == keys
    assert query(warehouse, "select distinct author_team from shipworthy.fct_changes") == [("red",)]
    stored = b"".join(
        path.read_bytes()
        for path in [warehouse, *Path(home / "shipworthy" / "target").rglob("*")]
        if path.is_file()
    ).lower()
    assert b"shop.example.com" not in stored
