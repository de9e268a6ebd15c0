"""What is installed from the package index works there too: `make test-installs`, which needs it.

Every environment is made anew, so that nothing of this one helps.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import sqlglot
import yaml

from dbt_runs import ROOT
from published import make_warehouse
from shipworthy import __version__
from shipworthy.publish import publish

pytestmark = pytest.mark.installs

CONSUMER = ROOT / "tests" / "consumer"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
# The newest parser of dbt v2 that the index has as a wheel; later ones are downloaded from a code
# host while they are installed.
V2_PARSER = "dbt-core-experimental-parser==2.0.0a4"
DATABASES = {
    "snowflake": {"account": "nowhere", "user": "nobody", "password": "none", "warehouse": "none"},
    "bigquery": {"method": "oauth-secrets", "token": "none", "project": "nowhere"},
    "databricks": {"host": "nowhere.example", "http_path": "/none", "token": "none"},
    "redshift": {"host": "nowhere.example", "user": "nobody", "password": "none", "port": 5439},
}


def run(*command, cwd=None, **variables):
    """Run to the end; return what was printed. The variables of this shell are not the user's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "SHIPWORTHY_", "PYTHON"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=kept | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Make a virtual environment of some packages; return its directory of programs."""
    home = tmp_path_factory.mktemp("environments")
    run(sys.executable, "-m", "venv", home / "tools")
    run(home / "tools" / "bin" / "pip", "install", "--quiet", "uv")
    uv = home / "tools" / "bin" / "uv"
    # uv reads none of pip's settings; an index of one's own is in them.
    listed = run(home / "tools" / "bin" / "pip", "config", "list")
    named = re.findall(r"^\S*[.]index-url='(.+)'$", listed, re.MULTILINE)
    index = {"UV_DEFAULT_INDEX": named[-1]} if named else {}
    overrides = home / "overrides.txt"
    overrides.write_text("\n".join(SETTINGS["tool"]["uv"]["override-dependencies"]))

    def make(name, *packages):
        place = home / name
        run(uv, "venv", "--quiet", "--python", sys.executable, place)
        run(
            *(uv, "pip", "install", "--quiet", "--python", place / "bin" / "python"),
            *("--override", overrides, *packages),
            **index,
        )
        return place / "bin"

    make.uv, make.index = uv, index
    return make


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A git repository of what this tree would commit, without what was built in it."""
    copy = tmp_path_factory.mktemp("release") / "shipworthy"
    built = shutil.ignore_patterns(".git", ".venv*", "target", "logs", "*.duckdb*", "*.egg-info")
    shutil.copytree(ROOT, copy, ignore=built)
    git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-C", copy)
    run(*git, "init", "--quiet")
    run(*git, "add", "--all")
    run(*git, "commit", "--quiet", "--message", "Everything")
    return copy


@pytest.fixture(scope="module")
def built(environment, repository, tmp_path_factory):
    """The wheel and the source archive, made from a clone."""
    copy = tmp_path_factory.mktemp("built") / "shipworthy"
    run("git", "clone", "--quiet", repository, copy)
    run(environment.uv, "build", "--quiet", copy, "--out-dir", copy / "dist", **environment.index)
    return copy / "dist"


def consumer(place, package, profile=None):
    """A copy of the consumer that installs `package`, a row of packages.yml."""
    shutil.copytree(CONSUMER, place, ignore=shutil.ignore_patterns("target", "logs"))
    (place / "packages.yml").write_text(yaml.safe_dump({"packages": [package]}))
    if profile:
        (place / "profiles.yml").write_text(yaml.safe_dump({"consumer": profile}))
    return place


# ---------------------------------------------------------------------------- Python


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_an_empty_environment_gets_the_command(environment, built, tmp_path, kind):
    (archive,) = built.glob(kind)
    programs = environment(f"plain-{archive.suffix[1:]}", archive)
    assert run(programs / "shipworthy", "--help", cwd=tmp_path).startswith("Usage: shipworthy")
    said = run(programs / "shipworthy", "--version", cwd=tmp_path)
    assert said == f"shipworthy {__version__}\n"
    # What Python, dbt and the page share is in it.
    listed = (
        "import pathlib, shipworthy; home = pathlib.Path(shipworthy.__file__).parent; "
        "print(*[path.relative_to(home) for path in home.rglob('*')])"
    )
    files = run(programs / "python", "-c", listed, cwd=tmp_path).split()
    assert {
        "py.typed",
        "reference/shipworthy__known_agents.csv",
        "pages/headline.md",
    } <= set(files)


@pytest.mark.parametrize("extra", ["dbt", "postgres", "report"])
def test_each_extra_can_be_installed(environment, built, extra):
    (wheel,) = built.glob("*.whl")
    programs = environment(f"extra-{extra}", f"{wheel}[{extra}]")
    module = {"dbt": "dbt.adapters.duckdb", "postgres": "psycopg2", "report": "altair"}[extra]
    run(programs / "python", "-c", f"import shipworthy.cli, {module}")


# ---------------------------------------------------------------------------- dbt


@pytest.mark.parametrize("version", ["1.11", "1.12"])
def test_a_project_builds_on(environment, tmp_path, version):
    programs = environment(f"dbt-{version}", f"dbt-core=={version}.*", "dbt-duckdb", "duckdb>=2")
    project = consumer(tmp_path / "project", {"local": str(ROOT)})
    dbt = programs / "dbt"
    run(dbt, "deps", cwd=project)
    run(dbt, "seed", "--select", "path:seeds/landing", cwd=project)
    said = run(dbt, "build", "--exclude", "path:seeds/landing", cwd=project)
    assert "WARN=0 ERROR=0 SKIP=0" in said
    assert f"Running with dbt={version}." in said


def test_deps_from_git(environment, repository, tmp_path):
    programs = environment("dbt-git", "dbt-core==1.12.*", "dbt-duckdb", "duckdb>=2")
    head = run("git", "rev-parse", "HEAD", cwd=repository).strip()
    project = consumer(tmp_path / "project", {"git": f"file://{repository}", "revision": head})
    run(programs / "dbt", "deps", cwd=project)
    run(programs / "dbt", "parse", cwd=project)
    manifest = json.loads((project / "target" / "manifest.json").read_text())
    assert "model.shipworthy.shipworthy__headline" in manifest["nodes"]


def test_the_parser_of_dbt_v2_accepts_the_project(environment, tmp_path):
    programs = environment("dbt-v2", "dbt-core==1.12.*", "dbt-duckdb", "duckdb>=2")
    python = programs / "python"
    # Without the overrides of this project, which leave the parser out.
    install = (environment.uv, "--no-config", "pip", "install", "--quiet", "--no-deps")
    run(*install, "--python", python, V2_PARSER, **environment.index)
    project = consumer(tmp_path / "project", {"local": str(ROOT)})
    run(programs / "dbt", "deps", cwd=project)
    for place in (project, ROOT):
        said = run(
            *(programs / "dbt", "--use-v2-parser", "parse", "--target-path", tmp_path / "target"),
            cwd=place,
            SHIPWORTHY_WAREHOUSE=str(tmp_path / "warehouse.duckdb"),
            # dbt looks for the parser there.
            PATH=f"{programs}:{os.environ['PATH']}",
        )
        assert "v2 parser completed" in said
        # The semantic layer is in dbt's older form, which v2 leaves out.
        warnings = re.findall(r"\[WARNING\]: \[(\w+)", said)
        assert set(warnings) <= {"SemanticModelDeprecated"}


@pytest.fixture(scope="module")
def adapters(environment):
    return environment("adapters", "dbt-core==1.12.*", *(f"dbt-{name}" for name in DATABASES))


@pytest.mark.parametrize("database", DATABASES)
def test_models_compile_and_parse_for(adapters, tmp_path, database):
    """Compiled with the adapter's macros, not run: there is no such server here."""
    name = "dataset" if database == "bigquery" else "schema"
    target = {"type": database, name: "analytics", "threads": 2, **DATABASES[database]}
    if database in ("snowflake", "redshift"):
        target["database" if database == "snowflake" else "dbname"] = "analytics"
    profile = {"target": "there", "outputs": {"there": target}}
    project = consumer(tmp_path / "project", {"local": str(ROOT)}, profile)
    run(adapters / "dbt", "deps", cwd=project)
    run(
        *(adapters / "dbt", "compile", "--no-populate-cache", "--no-introspect"),
        *("--select", "package:shipworthy,resource_type:model"),
        cwd=project,
    )
    compiled = list((project / "target" / "compiled" / "shipworthy" / "models").rglob("*.sql"))
    assert len(compiled) > 100
    wrong = []
    for path in compiled:
        try:
            (statement,) = sqlglot.parse(path.read_text(), dialect=database)
            assert statement is not None
        except sqlglot.errors.SqlglotError as error:
            wrong.append(f"{path.stem}: {str(error).splitlines()[0]}")
    assert not wrong


# ---------------------------------------------------------------------------- readers


@pytest.mark.parametrize("version", ["1.0", "1.2", "1.4"])
def test_an_older_duckdb_reads_what_is_published(environment, tmp_path, version):
    programs = environment(f"duckdb-{version}", f"duckdb=={version}.*")
    warehouse = make_warehouse(tmp_path / "warehouse.duckdb", [("succeeded", "all")])
    publish(warehouse, str(tmp_path / "outcomes.duckdb"))
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); "
        "print(duckdb.__version__, c.execute('select count(*), min(data_source) from "
        "shipworthy.normalized_deployments, shipworthy.publication').fetchall())"
    )
    said = run(programs / "python", "-c", script, tmp_path / "outcomes.duckdb")
    assert said.startswith(f"{version}.")
    assert "[(500, 'loaded')]" in said
