"""A company of any size keeps the contract, hangs together, and grows in every table alike."""

import duckdb
import pytest

from shipworthy.contract import TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.files import load_files
from shipworthy.simulate.size import read_in_place, write_company

SMALL = 0.0003


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    directory = tmp_path_factory.mktemp("company")
    return directory, write_company(SMALL, directory)


@pytest.fixture
def tables(company):
    with duckdb.connect() as connection:
        read_in_place(connection, company[0])
        connection.execute("use shipworthy_raw")
        yield connection


def test_every_table_is_written_and_nothing_else(company):
    directory, rows = company
    assert sorted(path.name for path in directory.iterdir()) == sorted(
        f"{name}.parquet" for name in TABLES
    )
    assert rows.keys() == TABLES.keys()
    assert {name for name, count in rows.items() if not count} == {"load_findings"}


def test_it_is_loaded_without_a_rejected_row(company, tmp_path):
    directory, rows = company
    loads = load_files(directory, tmp_path / "warehouse.duckdb")
    assert {load.table: (load.inserted, load.rejected) for load in loads} == {
        name: (count, 0) for name, count in rows.items()
    }


@pytest.mark.parametrize("name", TABLES)
def test_columns_types_and_keys_are_those_of_the_contract(tables, name):
    table = TABLES[name]
    found = tables.execute(f"describe {name}").fetchall()
    assert {column: kind for column, kind, *_ in found} == dict(table.columns)
    keys = ", ".join(f'"{column}"' for column in table.key)
    assert not tables.execute(
        f"select {keys} from {name} group by {keys} having count(*) > 1"
    ).fetchall()


@pytest.mark.parametrize(
    "orphans",
    [
        "line_births anti join commits on line_births.repository = commits.repository"
        " and added_sha = sha and mainline_position is not null",
        "line_births anti join commits on line_births.repository = commits.repository"
        " and author_sha = sha",
        "line_deaths anti join line_births using"
        " (repository, added_sha, path, author_sha, authorship)",
        "pull_requests anti join commits on pull_requests.repository = commits.repository"
        " and merge_sha = sha",
        "reviews anti join pull_requests using (repository, number)",
        "pull_request_commit_files anti join pull_request_commits using (repository, number, sha)",
        "deployments anti join commits using (repository, sha)",
        "deployments anti join services using (service, repository)",
        "incidents anti join services using (service)",
        "ai_usage anti join people using (person_key)",
    ],
)
def test_rows_hang_together(tables, orphans):
    assert tables.execute(f"select count(*) from {orphans}").fetchall() == [(0,)]


def test_no_line_dies_that_was_not_born_before(tables):
    assert not tables.execute(
        "select * from line_deaths join line_births"
        " using (repository, added_sha, path, author_sha, authorship)"
        " join commits as adding on line_births.repository = adding.repository"
        " and line_births.added_sha = adding.sha"
        " join commits as removing on line_deaths.repository = removing.repository"
        " and line_deaths.removed_sha = removing.sha"
        " where line_deaths.lines > line_births.lines"
        " or removing.mainline_position <= adding.mainline_position"
    ).fetchall()


def test_equal_scales_write_equal_rows_and_twice_the_scale_about_twice(company, tables, tmp_path):
    assert write_company(SMALL, tmp_path / "again") == company[1]
    twice = write_company(2 * SMALL, tmp_path / "twice")
    for name in TABLES:
        again = tables.execute(
            f"select count(*) from (from {name} except all"
            f" from read_parquet('{tmp_path / 'again' / name}.parquet'))"
        ).fetchall()
        assert again == [(0,)], name
    for name in ("commits", "line_births", "deployments", "pull_requests", "ai_usage", "reviews"):
        assert 1.6 < twice[name] / company[1][name] < 2.6, name


@pytest.mark.parametrize("scale", [0, -1, 11, float("nan")])
def test_a_scale_that_is_none_is_one_sentence(scale, tmp_path):
    with pytest.raises(ShipworthyError, match=r"A scale of .* cannot be written"):
        write_company(scale, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_directory_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ShipworthyError, match="cannot be written"):
        write_company(SMALL, tmp_path / "file")
