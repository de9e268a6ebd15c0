"""What is published is one whole, good build, and whoever reads it sees one version."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import time

import duckdb
import pytest

from dbt_runs import query, read_schemas, run_dbt
from published import MARTS, make_warehouse, read_file, read_folder, read_on, set_number
from shipworthy import cli
from shipworthy.errors import ShipworthyError
from shipworthy.publish import publish

WHOLE = [("succeeded", "all")]


@pytest.fixture
def warehouse(tmp_path):
    return make_warehouse(tmp_path / "warehouse.duckdb", WHOLE)


# ---------------------------------------------------------------------------- what may be published


@pytest.mark.parametrize(
    ("builds", "sentence"),
    [
        ([("failed", "all")], "the last build of .* failed .*: one, two, three and 2 more"),
        ([*WHOLE, ("failed", "all")], "failed"),
        ([*WHOLE, ("failed", "part")], "failed"),
        ([("running", "all")], "did not end"),
        ([*WHOLE, ("running", "all")], "did not end"),
        ([*WHOLE, ("succeeded", "part")], "covered a part of the models"),
        ([*WHOLE, ("failed", "tests")], r"failed \(`dbt test`"),
        ([*WHOLE, ("running", "tests")], "did not end"),
        ([*WHOLE, ("failed", "tests"), ("succeeded", "tests")], "failed"),
        ([("succeeded", "tests")], "tested and never built"),
        ([("failed", "all"), ("failed", "rest")], "failed"),
        ([("succeeded", "part"), ("succeeded", "rest")], "covered a part"),
    ],
)
def test_what_is_not_whole_and_good_is_refused(tmp_path, builds, sentence):
    path = make_warehouse(tmp_path / "warehouse.duckdb", builds)
    with pytest.raises(ShipworthyError, match=sentence):
        publish(path, str(tmp_path / "outcomes.duckdb"))
    assert [file.name for file in tmp_path.iterdir()] == ["warehouse.duckdb"]


@pytest.mark.parametrize(
    "builds",
    [
        WHOLE,
        [("failed", "all"), *WHOLE],
        [("succeeded", "part"), *WHOLE],
        [*WHOLE, ("succeeded", "tests")],
        [("failed", "all"), ("failed", "rest"), ("succeeded", "rest")],
        [("failed", "tests"), *WHOLE],
    ],
)
def test_what_is_whole_and_good_is_published(tmp_path, builds):
    path = make_warehouse(tmp_path / "warehouse.duckdb", builds)
    said = publish(path, str(tmp_path / "outcomes.duckdb"))
    assert said.startswith("Published 2 marts (as of 2026-10-11) to ")
    assert read_file(tmp_path / "outcomes.duckdb") == [(0, 0, 1), (0, 0, 500)]


def test_the_demo_is_published_only_where_asked_for(tmp_path):
    path = make_warehouse(tmp_path / "warehouse.duckdb", WHOLE, data_source="DEMO")
    with pytest.raises(ShipworthyError, match=r"an invented organisation.*--demo"):
        publish(path, str(tmp_path / "outcomes.duckdb"))
    said = publish(path, str(tmp_path / "outcomes.duckdb"), with_demo=True)
    assert "DEMO: an invented organisation" in said
    assert query(
        tmp_path / "outcomes.duckdb", "select data_source from shipworthy.publication"
    ) == [("DEMO",)]


def test_dbt_records_what_it_did(demo, tmp_path):
    record = "from shipworthy_staging.shipworthy_builds"
    said = f"select state, command, scope, failed {record} order by recorded_at"
    assert query(demo.warehouse, said) == [
        ("running", "dbt build", "all", None),
        ("succeeded", "dbt build", "all", None),
    ]
    copy = shutil.copy(demo.warehouse, tmp_path / "warehouse.duckdb")
    target = tmp_path / "outcomes.duckdb"
    assert "Published" in publish(copy, str(target), with_demo=True)
    marts = read_schemas(demo.warehouse, "shipworthy")
    published = read_schemas(target, "shipworthy")
    assert published.pop("shipworthy.publication")
    assert published == marts
    assert len(marts) > 20

    # A test that fails, then a model alone: neither may be shown.
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update shipworthy.turnover_signal set turnover_ratio_low = 1000")
    run_dbt("test --select shipworthy__turnover_signal,test_type:data", copy, succeeds=False)
    with pytest.raises(ShipworthyError, match=r"failed \(`dbt test`.*lies_in_its_interval"):
        publish(copy, str(target), with_demo=True)
    run_dbt("run --select shipworthy__ai_missing_prices", copy)
    with pytest.raises(ShipworthyError, match=r"a part of the models \(`dbt run`"):
        publish(copy, str(target), with_demo=True)
    # What touches no model of the package changes nothing.
    lines = query(copy, f"select count(*) {record}")
    run_dbt("seed --select shipworthy__dora_bands", copy)
    assert query(copy, f"select count(*) {record}") == lines


def test_a_build_that_runs_is_waited_for(warehouse, tmp_path):
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, warehouse], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        writer.stdout.readline()
        with pytest.raises(ShipworthyError, match=f"in use by process {writer.pid}"):
            publish(warehouse, str(tmp_path / "outcomes.duckdb"))
        writer.communicate(b"\n")


def test_a_warehouse_without_a_record_is_refused(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with pytest.raises(ShipworthyError, match="there is no warehouse at"):
        publish(path, str(tmp_path / "outcomes.duckdb"))
    duckdb.connect(str(path)).close()
    with pytest.raises(ShipworthyError, match="does not say how its last build ended"):
        publish(path, str(tmp_path / "outcomes.duckdb"))
    with pytest.raises(ShipworthyError, match="no build was recorded for schema analytics"):
        publish(path, str(tmp_path / "outcomes.duckdb"), schema="analytics")


# ---------------------------------------------------------------------------- a DuckDB file


def test_the_file_is_of_the_oldest_format_and_holds_marts_alone(warehouse, tmp_path):
    target = tmp_path / "outcomes.duckdb"
    publish(warehouse, str(target))
    # Bytes 12 to 20 of a DuckDB file are its format's number; 64 is that of 0.9 to 1.1.
    assert int.from_bytes(target.read_bytes()[12:20], "little") == 64
    assert query(target, "select schema_name, table_name from duckdb_tables() order by all") == [
        *(("shipworthy", name) for name in MARTS),
        ("shipworthy", "publication"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, warehouse.name]


def test_the_schema_may_have_another_name(warehouse, tmp_path):
    target = tmp_path / "outcomes.duckdb"
    publish(warehouse, str(target), name="engineering")
    assert query(target, "select count(*) from engineering.headline") == [(1,)]


def test_a_file_of_somebody_else_is_never_overwritten(warehouse, tmp_path):
    target = tmp_path / "outcomes.duckdb"
    target.write_text("my notes")
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    before = {path: path.read_bytes() for path in (target, other, warehouse)}
    for path in before:
        with pytest.raises(
            ShipworthyError, match=r"was not published by shipworthy|in this process"
        ):
            publish(warehouse, str(path))
    assert {path: path.read_bytes() for path in before} == before


def test_a_tool_that_holds_the_file_open_to_write_holds_nothing_up(warehouse, tmp_path):
    target = tmp_path / "outcomes.duckdb"
    publish(warehouse, str(target))
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); "
        "c.execute('create table scratch as select 1'); print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as tool:
        tool.stdout.readline()
        set_number(warehouse, 1)
        publish(warehouse, str(target))
        assert read_file(target) == [(1, 1, 1), (1, 1, 500)]
        tool.communicate(b"\n")
    assert read_file(target) == [(1, 1, 1), (1, 1, 500)]


def test_a_link_stays_a_link(warehouse, tmp_path):
    (tmp_path / "share").mkdir()
    link = tmp_path / "outcomes.duckdb"
    link.symlink_to(tmp_path / "share" / "marts.duckdb")
    publish(warehouse, str(link))
    assert link.is_symlink()
    assert read_file(link) == [(0, 0, 1), (0, 0, 500)]


def test_a_disk_that_takes_no_more_leaves_what_was_there(warehouse, tmp_path, monkeypatch):
    target = tmp_path / "outcomes.duckdb"
    publish(warehouse, str(target))
    before = target.read_bytes()

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ShipworthyError, match=r"could not be written \(No space left on device\)"):
        publish(warehouse, str(target))
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, warehouse.name]


# ---------------------------------------------------------------------------- a directory


def test_a_directory_holds_so_many_versions(warehouse, tmp_path):
    target = tmp_path / "marts"
    for number in range(5):
        set_number(warehouse, number)
        publish(warehouse, str(target), keep=2)
    versions = sorted(path.name for path in (target / "versions").iterdir())
    assert len(versions) == 2
    assert os.readlink(target / "current") == f"versions/{versions[-1]}"
    assert sorted(path.name for path in (target / "current").iterdir()) == [
        *(f"{name}.parquet" for name in MARTS),
        "publication.parquet",
    ]
    assert read_folder(target) == [(4, 4, 1), (4, 4, 500)]
    publish(warehouse, str(target))
    publish(warehouse, str(target))
    assert len(list((target / "versions").iterdir())) == 3


def test_what_is_not_ours_in_a_directory_stays(warehouse, tmp_path):
    target = tmp_path / "marts"
    (target / "versions" / "mine").mkdir(parents=True)
    publish(warehouse, str(target), keep=1)
    publish(warehouse, str(target), keep=1)
    assert {"mine"} < {path.name for path in (target / "versions").iterdir()}
    (target / "current").unlink()
    (target / "current").mkdir()
    with pytest.raises(ShipworthyError, match="not a link that shipworthy made"):
        publish(warehouse, str(target))


def test_what_a_killed_run_left_goes_after_a_day(warehouse, tmp_path):
    left = [tmp_path / f".outcomes.duckdb.{name}.unfinished" for name in ("old", "new")]
    for path in left:
        path.write_text("half")
    os.utime(left[0], (time.time() - 90_000,) * 2)
    publish(warehouse, str(tmp_path / "outcomes.duckdb"))
    assert [path.exists() for path in left] == [False, True]


# ---------------------------------------------------------------------------- readers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "read"), [("outcomes.duckdb", read_file), ("marts", read_folder)]
)
def test_readers_see_no_error_and_one_version_while_100_are_published(
    warehouse, tmp_path, target, read
):
    place = tmp_path / target
    publish(warehouse, str(place))
    context = multiprocessing.get_context("spawn")
    is_over, results = context.Event(), context.Queue()
    readers = [
        context.Process(target=read_on, args=((read, place), results, is_over)) for _ in range(2)
    ]
    for reader in readers:
        reader.start()
    for number in range(1, 101):
        set_number(warehouse, number)
        publish(warehouse, str(place))
    is_over.set()
    found = [results.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(60)
    assert [wrong for *_, wrong in found] == [[], []]
    assert all(count > 10 and versions > 5 for count, versions, _ in found)
    assert read(place) == [(100, 100, 1), (100, 100, 500)]


# ---------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("target", "options", "sentence"),
    [
        ("s3://bucket/marts", [], "--to s3://... is not known"),
        ("marts.xlsx", [], "ends in .xlsx"),
        ("shipworthy.duckdb", [], "could not tell the file from its schema"),
        ("missing/outcomes.duckdb", [], "does not exist; make it first"),
        ("missing/marts/all", [], "does not exist; make it first"),
        ("outcomes.duckdb", ["--keep", "2"], "--keep is for a directory"),
        ("outcomes.duckdb", ["--as", "a-b"], "--as a-b is no name of a schema"),
        ("marts", ["--keep", "0"], "0 is not in the range"),
        ("postgres://nobody:secret@127.0.0.1:1/none", [], "cannot be reached"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    warehouse, tmp_path, monkeypatch, capsys, target, options, sentence
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(warehouse))
    monkeypatch.setattr(sys, "argv", ["shipworthy", "publish", "--to", target, *options])
    with pytest.raises(SystemExit) as end:
        cli.main()
    output, error = capsys.readouterr()
    assert (end.value.code, output) == (2, "")
    assert sentence in error
    assert len(error.splitlines()) == 1
    assert "secret" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["warehouse.duckdb"]
