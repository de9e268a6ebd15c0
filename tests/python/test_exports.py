"""Exports as they are: people by their addresses, columns and words of somebody else's."""

import json

import duckdb
import pytest
from click.testing import CliRunner

from shipworthy.cli import cli
from shipworthy.errors import ShipworthyError
from shipworthy.exports import merge_maps, read_map_options, read_maps
from shipworthy.files import load_files
from shipworthy.identity import alias_key, person_key
from shipworthy.people import hide_people
from shipworthy.sources.config import read_config

SALT = "a salt that is long enough"
ADA = person_key("ada@example.com", SALT.encode())
BO = alias_key("github", "bo", SALT.encode())


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write files and load them."""
    monkeypatch.setenv("SHIPWORTHY_SALT", SALT)
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "some.duckdb"))

    def run(files, max_rejected=1, **options):
        directory = tmp_path / "export"
        directory.mkdir(exist_ok=True)
        for old in directory.iterdir():
            old.unlink()
        for name, content in files.items():
            if isinstance(content, str):
                (directory / name).write_text(content)
            else:
                duckdb.sql(content(directory / name))
        return load_files(directory, tmp_path / "some.duckdb", max_rejected, **options)

    return run


@pytest.fixture
def query(tmp_path):
    def run(sql):
        with duckdb.connect(str(tmp_path / "some.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return run


def everything_stored(tmp_path):
    """The bytes of every file that a load left behind but for the export itself."""
    paths = [path for path in tmp_path.rglob("*") if path.is_file() and "export" not in path.parts]
    return b"".join(path.read_bytes() for path in paths).lower()


# ---------------------------------------------------------------------------- people


def people_csv(names):
    lines = ["person_key,team", *(f'"{name}",blue' for name in names)]
    return {"people.csv": "\n".join(lines) + "\n"}


def people_ndjson(names):
    rows = [json.dumps({"person_key": name, "team": "blue"}) for name in names]
    return {"people.ndjson": "\n".join(rows)}


def people_parquet(names):
    values = ", ".join(f"('{name}', 'blue')" for name in names)
    return {
        "people.parquet": lambda path: (
            f"copy (from (values {values}) as t (person_key, team)) to '{path}'"
        )
    }


@pytest.mark.parametrize("write", [people_csv, people_ndjson, people_parquet])
def test_people_are_taken_by_address_login_or_key(load, query, tmp_path, write):
    names = [" Ada@Example.com ", "github:bo", "GitHub: Bo ", ADA, "github-id:17", "f" * 32]
    (loaded,) = load(write(names))
    assert loaded.rejected == 0
    found = {key for (key,) in query("select person_key from shipworthy_raw.people")}
    assert found == {ADA, BO, "github-id:17", "f" * 32}
    assert b"ada@example" not in everything_stored(tmp_path)
    assert b"github:bo" not in everything_stored(tmp_path)


def test_every_column_of_people_is_read_so(load, query):
    load(
        {
            "pull_requests.csv": "repository,number,author_key,merged_by_key,closed_by_key,"
            "driver_key\n"
            "acme/shop,1,ada@example.com,github:bo,ADA@example.com,\n",
            "reviews.csv": "repository,review_id,reviewer_key\nacme/shop,r,github:bo\n",
            "identities.csv": "alias_key,person_key\ngithub:bo,ada@example.com\n",
        }
    )
    assert query(
        "select author_key, merged_by_key, closed_by_key, driver_key "
        "from shipworthy_raw.pull_requests"
    ) == [(ADA, BO, ADA, None)]
    assert query("select reviewer_key from shipworthy_raw.reviews") == [(BO,)]
    assert query("from shipworthy_raw.identities") == [(BO, ADA)]


@pytest.mark.parametrize(
    "name",
    ["Ada Lovelace", "slack:ada", "ada@", "@example.com", "f" * 31, "F" * 33, "a b@example.com",
     "Ada <ada@example.com>", "ada@example.com;", "'ada@example.com'", "(ada@example.com)",
     "[ada@example.com]", "github:", "github-id:ada", "?", "ada", "9" + "f" * 30, "a 1"],
)  # fmt: skip
def test_what_names_nobody_is_refused_and_not_kept(load, query, tmp_path, name):
    (loaded,) = load({"people.csv": f"person_key,team\n{name},blue\n{ADA},blue\n"})
    assert (loaded.inserted, loaded.rejected) == (1, 1)
    ((reason, payload),) = query("select reason, payload from shipworthy_raw.rejected_rows")
    assert reason.startswith(
        "person_key is neither an e-mail address, nor a login with its kind such as github:ada"
    )
    assert json.loads(payload) == {"person_key": "?", "team": "blue"}
    with pytest.raises(ShipworthyError, match="is neither an e-mail") as refusal:
        load({"people.csv": f"person_key,team\n{name},blue\n"}, 0)
    if len(name) > len("github:"):
        assert name not in str(refusal.value)


def test_ids_of_an_export_are_hashed_and_join_with_identities(load, query, tmp_path):
    load(
        {
            "people.csv": "person_key,team\nE12345,blue\nid:E12345,red\nk1,blue\n",
            "identities.csv": "alias_key,person_key\nE12345,ada@example.com\n",
        }
    )
    people = query("select person_key, team from shipworthy_raw.people order by team, person_key")
    key = alias_key("id", "E12345", SALT.encode())
    assert {(key, "blue"), (key, "red")} < set(people)
    assert len(people) == 3
    assert query("from shipworthy_raw.identities") == [(key, ADA)]
    assert b"E12345" not in everything_stored(tmp_path)


def test_a_row_that_is_refused_for_another_reason_names_nobody(load, query, tmp_path):
    # The last two lines cannot be split, and are kept as they are but for who is in them.
    load(
        {
            "people.csv": "person_key,team,valid_from_on\nada@example.com,,2026-01-01\n"
            'github:bo,red,soon\nada@example.com,red\n"github:bo",a,b,c\n',
            "ai_usage.ndjson": '{"person_key": "ada@example.com"}\n["ada@example.com"]\n',
        }
    )
    payloads = [text for (text,) in query("select payload from shipworthy_raw.rejected_rows")]
    assert len(payloads) == 6
    assert sum(ADA in text for text in payloads) == 2
    assert sum("(somebody)" in text for text in payloads) == 3
    assert b"ada@example" not in everything_stored(tmp_path)
    assert b"github:bo" not in everything_stored(tmp_path)


def test_hiding_leaves_what_is_nobody():
    text = '{"sha": "a:b", "at": "2026-01-01 10:00:00", "of": "github-id:17"}'
    assert hide_people(text) == text


def test_one_key_is_printed(load, monkeypatch):
    result = CliRunner().invoke(cli, ["key", "Ada@example.com", "github:bo"])
    assert (result.exit_code, result.output.split()) == (0, [ADA, BO])
    result = CliRunner().invoke(cli, ["key", "Ada"])
    assert isinstance(result.exception, ShipworthyError)
    assert "Ada is neither an e-mail address" in str(result.exception)


# ---------------------------------------------------------------------------- columns and words

EXPORT = (
    "id,Component,Env,Outcome,Hash,Finished,Notes\n"
    "d1,shop,production,SUCCEEDED,abc,2026-01-01 10:00:00,by ada@example.com\n"
    "d2,shop,production, FAILED ,def,2026-01-02 10:00:00,\n"
)
RENAME = {
    "id": "deployment_id", "Component": "service", "Env": "environment", "Outcome": "status",
    "Hash": "sha", "Finished": "finished_at", "Notes": "",
}  # fmt: skip
WORDS = {"status": {"SUCCEEDED": "success", "FAILED": "failure"}}


def test_columns_and_words_are_mapped_without_editing_the_export(load, query):
    maps = read_maps({"deployments": {"rename": RENAME, "words": WORDS}}, "shipworthy.toml")
    (loaded,) = load({"deployments.csv": EXPORT}, 0, maps=maps)
    assert loaded.inserted == 2
    assert query(
        "select deployment_id, service, status, sha, day(finished_at) "
        "from shipworthy_raw.deployments order by all"
    ) == [("d1", "shop", "success", "abc", 1), ("d2", "shop", "failure", "def", 2)]


def test_a_map_of_a_table_without_a_file_is_told(load, tmp_path):
    load({"people.csv": "person_key,team\nada@example.com,blue\n"})
    command = ["load", "files", str(tmp_path / "export"), "--map=incidents.Opened=opened_at"]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0
    assert "--map names incidents: " in result.output


def test_the_command_line_says_the_same(load, query, tmp_path):
    with pytest.raises(
        ShipworthyError,
        match=r"that deployments does not know: 'id'.*'Notes'.*--map 'deployments.id=NAME'",
    ):
        load({"deployments.csv": EXPORT})
    options = [f"deployments.{name}={to}" for name, to in RENAME.items()]
    options += [f"deployments.status:{word}={to}" for word, to in WORDS["status"].items()]
    result = CliRunner().invoke(
        cli,
        ["load", "files", str(tmp_path / "export"), *(f"--map={option}" for option in options)],
    )
    assert result.exit_code == 0, result.output
    assert query("select status from shipworthy_raw.deployments order by all") == [
        ("failure",),
        ("success",),
    ]


def test_a_configuration_file_says_it_too(load, tmp_path):
    config = tmp_path / "shipworthy.toml"
    rename = ", ".join(f'"{name}" = "{to}"' for name, to in RENAME.items())
    config.write_text(
        '[files]\ndirectory = "export"\n'
        f"[files.deployments]\nrename = {{ {rename} }}\n"
        'words = { status = { SUCCEEDED = "success", FAILED = "failure" } }\n'
    )
    (step,) = read_config(config)
    maps = step.options["maps"]
    assert (maps["deployments"].rename, maps["deployments"].words) == (RENAME, WORDS)
    (loaded,) = load({"deployments.csv": EXPORT}, 0, maps=maps)
    assert loaded.inserted == 2


def test_both_are_merged():
    merged = merge_maps(
        read_maps({"deployments": {"rename": {"a": "service"}, "words": WORDS}}, "file"),
        read_map_options(["deployments.a=sha", "deployments.status:OK=success"]),
    )
    assert merged["deployments"].rename == {"a": "sha"}
    assert merged["deployments"].words == {"status": WORDS["status"] | {"OK": "success"}}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["deployments=service"], "write TABLE.COLUMN=NAME"),
        (["deployments.Component"], "write TABLE.COLUMN=NAME"),
        (["deploys.a=service"], "there is no input 'deploys'"),
        (["deployments.a=servce"], "deployments has no column 'servce'"),
        (["deployments.stat:A=success"], "deployments has no column 'stat'"),
        (["deployments.status:A=done"], "'A' cannot mean 'done'; status is one of success"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused(options, sentence):
    with pytest.raises(ShipworthyError, match=sentence):
        read_map_options(options)


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"deploys": {}}, "there is no input 'deploys'"),
        ({"deployments": {"renames": {}}}, "takes rename and words"),
        ({"deployments": {"rename": ["a"]}}, "rename must be a table of texts"),
        ({"deployments": {"words": {"status": "ok"}}}, "words must be a table of tables"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(tables, sentence):
    with pytest.raises(ShipworthyError, match=sentence):
        read_maps(tables, "shipworthy.toml")


@pytest.mark.parametrize(
    ("rename", "sentence"),
    [
        ({"nothing": "sha"}, "has no column 'nothing' to rename; it has id, Component"),
        ({**RENAME, "Notes": "service"}, "'Component' and 'Notes' are both service"),
    ],
)
def test_a_map_that_does_not_fit_the_file_is_refused(load, rename, sentence):
    maps = read_maps({"deployments": {"rename": rename}}, "shipworthy.toml")
    with pytest.raises(ShipworthyError, match=sentence):
        load({"deployments.csv": EXPORT}, maps=maps)


def test_names_of_columns_may_be_anything(load, query):
    rename = {'a"b': "deployment_id", "c''d": "service", "1": ""}
    maps = read_maps({"deployments": {"rename": rename}}, "shipworthy.toml")
    load({"deployments.csv": '"a""b",c\'\'d,1\nx,y,z\n'}, 0, maps=maps)
    assert query("select deployment_id, service from shipworthy_raw.deployments") == [("x", "y")]
