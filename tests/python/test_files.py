"""Loading files: what is right is loaded; the rest is kept aside, or refused in one sentence."""

import csv
import datetime
import io
import json

import duckdb
import pytest

from shipworthy.contract import RAW_SCHEMA, TABLES, VOCABULARY
from shipworthy.errors import ShipworthyError
from shipworthy.files import TableLoad, load_files

KEY = "f" * 32
HEADER = b"service,repository\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "inputs=1 [x]*?"  # neither a pattern nor a partition
    folder.mkdir()
    return folder


@pytest.fixture
def load(tmp_path, folder):
    """Load the given files (name to bytes) and nothing else; any share may be rejected."""

    def load(files, max_rejected=1.0):
        for path in folder.iterdir():
            path.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return load_files(folder, tmp_path / "warehouse.duckdb", max_rejected)

    return load


@pytest.fixture
def query(tmp_path):
    def query(sql):
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            return connection.execute(sql.format(raw=RAW_SCHEMA)).fetchall()

    return query


@pytest.fixture
def refused(load):
    """Return the one sentence by which the given files are refused."""

    def refused(files, max_rejected=0.01):
        with pytest.raises(ShipworthyError) as error:
            load(files, max_rejected)
        assert "\n" not in str(error.value)
        return str(error.value)

    return refused


def rejected(query):
    return query("select reason, payload from {raw}.rejected_rows order by all")


# ---------------------------------------------------------------------- all three formats


def as_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_ndjson(rows):
    return "\n".join(map(json.dumps, rows)).encode()


def as_parquet(rows, tmp_path):
    (tmp_path / "rows.ndjson").write_bytes(as_ndjson(rows))
    target = tmp_path / "rows.parquet"
    duckdb.sql(f"copy (from read_json('{tmp_path}/rows.ndjson')) to '{target}'")
    return target.read_bytes()


DEPLOYMENTS = [
    {
        "deployment_id": "1",
        "status": "success",
        "finished_at": "2026-01-05 10:00:00",
        "is_rollback": None,
        "service": 'a "quoted", one\non two lines',
    },
    {
        "deployment_id": "2",
        "status": "failure",
        "finished_at": "2026-01-05T10:00:00.5+02:00",
        "is_rollback": True,
        "service": None,
    },
]


@pytest.mark.parametrize("suffix", ["csv", "CSV", "ndjson", "jsonl", "parquet"])
def test_the_formats_give_the_same_rows(load, query, tmp_path, suffix):
    write = {"csv": as_csv, "parquet": lambda rows: as_parquet(rows, tmp_path)}
    content = write.get(suffix.lower(), as_ndjson)(DEPLOYMENTS)
    assert load({f"deployments.{suffix}": content}) == [TableLoad("deployments", 2, 0, 0, 0, 0)]
    assert query(
        "select deployment_id, status, finished_at, is_rollback, service, kind "
        "from {raw}.deployments order by all"
    ) == [
        (
            "1",
            "success",
            datetime.datetime(2026, 1, 5, 10),
            None,
            'a "quoted", one\non two lines',
            None,
        ),
        ("2", "failure", datetime.datetime(2026, 1, 5, 8, 0, 0, 500000), True, None, None),
    ]


def test_parquet_keeps_its_types(load, query, tmp_path):
    target = tmp_path / "typed.parquet"
    duckdb.sql(
        "copy (select 1 as usage_id, 24::double as bucket_hours, 'nan'::double as billed_usd, "
        "0.1::double as credits, timestamptz '2026-01-05 10:00:00+02' as bucket_started_at, "
        f"false as is_automated) to '{target}'"
    )
    load({"ai_usage.parquet": target.read_bytes()})
    assert query(
        "select usage_id, bucket_hours, billed_usd, credits, bucket_started_at, is_automated "
        "from {raw}.ai_usage"
    ) == [("1", 24, None, 0.1, datetime.datetime(2026, 1, 5, 8), False)]
    duckdb.sql(
        f"copy (select '{KEY}' as person_key, 't' as team, "
        "timestamp '2026-01-05' as valid_from_on) "
        f"to '{target}'"
    )
    load({"people.parquet": target.read_bytes()})
    assert query("select valid_from_on from {raw}.people") == [(datetime.date(2026, 1, 5),)]


def test_loading_again_changes_nothing(load, query):
    files = {"services.csv": HEADER + b"a,p\n,q\nb,r\n"}
    assert load(files) == [TableLoad("services", 2, 0, 0, 0, 1)]
    before = query("from {raw}.rejected_rows")
    assert load(files) == [TableLoad("services", 0, 0, 2, 0, 1)]
    assert query("from {raw}.rejected_rows") == before
    assert load({"services.csv": HEADER + b"b,s\nc,t\n"}) == [TableLoad("services", 1, 1, 0, 0, 0)]
    assert query("select service, repository from {raw}.services order by all") == [
        ("a", "p"),
        ("b", "s"),
        ("c", "t"),
    ]


def test_within_a_file_the_last_row_of_a_key_wins(load, query):
    [found] = load({"services.csv": HEADER + b"a,p\na,q\nb,r\nb,r\na,s\n"})
    assert found == TableLoad("services", 2, 0, 0, 2, 0)
    assert "2 replaced by a later row of their key" in str(found)
    assert query("select service, repository from {raw}.services order by all") == [
        ("a", "s"),
        ("b", "r"),
    ]


def test_tables_are_loaded_in_the_contracts_order_and_watermarks_only_if_given(load, query):
    found = load(
        {
            "services.csv": HEADER + b"a,p\n",
            "deployments.csv": b"deployment_id\n1\n",
            "README.md": b"not an input",
            ".hidden.csv": b"neither",
        }
    )
    assert [table.table for table in found] == ["deployments", "services"]
    assert query("from {raw}.load_watermarks") == []
    load({"load_watermarks.csv": b"input,source,rows\ngit,x,5\n"})
    assert query("select input, rows from {raw}.load_watermarks") == [("git", 5)]


# -------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-05 10:00:00", 10),
        ("2026-01-05T10:00:00", 10),
        ("2026-01-05T10:00", 10),
        ("2026-01-05T10:00:00Z", 10),
        ("2026-01-05 10:00:00.000000000Z", 10),
        ("2026-01-05T10:00:00+02:00", 8),
        ("2026-01-05T10:00:00+0200", 8),
        ("2026-01-05 10:00:00 -03", 13),
        (" 2026-01-05 10:00:00 ", 10),
    ],
)
def test_times_are_read_as_utc(load, query, monkeypatch, text, hour):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    load({"incidents.csv": f"incident_id,opened_at\n1,{text}\n".encode()})
    assert query("select opened_at from {raw}.incidents") == [
        (datetime.datetime(2026, 1, 5, hour),)
    ]


@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("deployments", {"deployment_id": ""}, "has no deployment_id"),
        ("deployments", {"status": "succes"}, "status is not one of success, failure, cancelled"),
        ("deployments", {"status": "Success"}, "status is not one of"),
        ("deployments", {"is_rollback": "yes"}, "is_rollback is not true or false"),
        ("deployments", {"finished_at": "2026-02-30 00:00:00"}, "finished_at is not a time"),
        ("deployments", {"finished_at": "2026-01-05"}, "finished_at is not a time"),
        ("deployments", {"finished_at": "05/01/2026 10:00"}, "finished_at is not a time"),
        ("deployments", {"finished_at": "2026-01-05 24:00:00"}, "finished_at is not a time"),
        ("deployments", {"finished_at": "1767607200"}, "finished_at is not a time"),
        ("deployments", {"finished_at": "infinity"}, "finished_at is not a time"),
        ("deployments", {"finished_at": "2999-01-01 00:00:00"}, "finished_at is after this load"),
        ("deployments", {"finished_at": "2026-01-05 10:00:00+99:99"}, "finished_at is not a time"),
        ("deployments", {"finished_at": "2026-01-05 10:00:00-15:00"}, "finished_at is not a time"),
        ("deployments", {"finished_at": "0001-01-01 00:00:00"}, "finished_at is before 1970"),
        ("deployments", {"service": "a\0b"}, "service holds a NUL byte"),
        ("ai_usage", {"output_tokens": str(2**63 - 1)}, "output_tokens is above 1,000,000,000,000"),
        (
            "pull_requests",
            {"lines_added": "1000000000001"},
            "lines_added is above 1,000,000,000,000",
        ),
        ("ai_usage", {"billed_usd": "1e308"}, "billed_usd is above 1,000,000,000,000,000"),
        ("ai_usage", {"billed_usd": "-2e15"}, "billed_usd is above 1,000,000,000,000,000"),
        ("ai_usage", {"bucket_hours": "12"}, "bucket_hours is not one of 1, 24"),
        ("ai_usage", {"requests": "-1"}, "requests is negative"),
        ("ai_usage", {"requests": "1.5"}, "requests is not a whole number"),
        ("ai_usage", {"requests": "1e3"}, "requests is not a whole number"),
        ("ai_usage", {"requests": "9" * 20}, "requests is not a whole number"),
        ("ai_usage", {"billed_usd": "inf"}, "billed_usd is not a number"),
        ("ai_usage", {"billed_usd": "1,5"}, "billed_usd is not a number"),
        ("people", {"valid_from_on": "2026-13-01"}, "valid_from_on is not a date"),
        ("people", {"valid_from_on": "2026-01-01 10:00:00"}, "valid_from_on is not a date"),
        ("people", {"team": ""}, "has no team"),
    ],
)
def test_rows_that_break_the_contract_are_kept_aside(load, query, table, row, reason):
    good = {
        name: KEY if name.endswith("_key") else "1"
        for name in TABLES[table].key
        if name not in TABLES[table].nullable_key
    }
    rows = [good, good | row]
    names = list(rows[1])
    content = "\n".join(
        [",".join(names), *(",".join(f'"{row.get(name, "")}"' for name in names) for row in rows)]
    )
    [found] = load({f"{table}.csv": content.encode()})
    assert (found.inserted, found.rejected) == (1, 1)
    [(kept_reason, payload)] = rejected(query)
    assert kept_reason.startswith(reason)
    assert json.loads(payload) == {name: rows[1].get(name) or None for name in names}


def test_every_word_of_a_vocabulary_is_accepted(load):
    sample = {"BOOLEAN": "true", "DATE": "2026-01-01"}
    files, expected = {}, {}
    for name, table in TABLES.items():
        words = {column: words for (of, column), words in VOCABULARY.items() if of == name}
        if not words:
            continue
        rows = []
        for number in range(max(map(len, words.values()))):
            row = {column: sample.get(table.columns[column], str(number)) for column in table.key}
            row |= {column: of[number % len(of)] for column, of in words.items()}
            rows.append(row)
        files[f"{name}.csv"] = as_csv(rows)
        expected[name] = len(rows)
    found = load(files, 0)
    assert {table.table: table.inserted for table in found} == expected


def test_null_is_allowed_wherever_the_key_allows_it(load, query):
    load({"people.csv": f"person_key,team,valid_from_on\n{KEY},t,\n".encode()}, 0)
    assert query("select role, valid_from_on from {raw}.people") == [(None, None)]


def test_empty_text_is_null_in_every_format(load, query):
    load({"services.ndjson": b'{"service": "a", "repository": ""}\n{"service": "b"}'})
    assert query("select repository from {raw}.services") == [(None,), (None,)]


# -------------------------------------------------------------------------- rejected rows


BROKEN = HEADER + b'a,p\n"m\nn",q\n\n,r\nx\ny,z,1\n\xe9,1\nb,s\n'


def test_a_value_that_cannot_be_meant_costs_its_row_nothing_else(load, query):
    content = b"repository,sha,lines_added,author_kind\nr,a,-1,human\nr,b,9,cyborg\n,c,1,human\n"
    [found] = load({"commits.csv": content})
    assert (found.inserted, found.rejected, found.incomplete) == (2, 3, 2)
    assert str(found).endswith("3 rejected, 2 of them kept without the value")
    rows = "select sha, lines_added, author_kind from {raw}.commits order by sha"
    assert query(rows) == [("a", None, "human"), ("b", 9, None)]
    findings = "select input, source, reason, subject, row_count from {raw}.load_findings"
    assert sorted(query(findings)) == [
        (
            "commits",
            "files",
            "rejected_row",
            "author_kind is not one of human, agent, automation",
            1,
        ),
        ("commits", "files", "rejected_row", "has no repository", 1),
        ("commits", "files", "rejected_row", "lines_added is negative", 1),
    ]
    # What is mended counts, whatever stands around it; what breaks later takes nothing away.
    load({"commits.csv": b"repository,sha,lines_added\nr,a,5\nr,b,x\nr,a,-5\n"})
    assert query(rows) == [("a", 5, None), ("b", 9, None)]
    [(count,)] = query("select count(*) from {raw}.load_findings")
    assert count == 2


def test_a_period_that_cannot_be_read_is_none(load, query):
    """Without its end a membership would go on for ever."""
    key = KEY.encode()
    [found] = load({"people.csv": b"person_key,team,valid_to_on\n" + key + b",blue,soon\n"})
    assert (found.inserted, found.rejected, found.incomplete) == (0, 1, 0)


def test_lines_that_cannot_be_split_are_kept_aside(load, query):
    assert load({"services.csv": BROKEN}) == [TableLoad("services", 3, 0, 0, 0, 4)]
    assert [reason for reason, _ in rejected(query)] == [
        "has fewer values than the header",
        "has more values than the header",
        "has no service",
        "is not text in UTF-8",
    ]


def test_too_many_rejected_rows_end_the_load(refused, query):
    sentence = refused({"services.csv": BROKEN})
    assert "4 of 7 rows break the contract" in sentence
    assert "the first is line 6: has no service" in sentence
    assert query("select service, repository from {raw}.services") == rejected(query) == []


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("services.csv", HEADER + b"a,p\nx\n", "line 3"),
        ("services.csv", b"\xef\xbb\xbf" + HEADER + b'"a\n\nb",p\nx,y\n,z\n', "line 6"),
        ("services.csv", HEADER + b"x\na,p\n,z\n", "line 2"),
        ("services.ndjson", b'{"service": "a"}\n\nnope\n', "line 3: is not a JSON object"),
        ("services.ndjson", b'{"service": "a"}\n[1]\n{}\n', "line 2: is not a JSON object"),
        ("services.ndjson", b'{"service": "\xe9"}\n', "line 1: is not text in UTF-8"),
    ],
)
def test_the_first_bad_line_is_named(refused, name, content, place):
    assert place in refused({name: content})


def test_a_parquet_row_is_named_by_its_number(refused, tmp_path):
    target = tmp_path / "rows.parquet"
    duckdb.sql(f"copy (from (values ('a'), (null)) t(service)) to '{target}'")
    assert "the first is row 2" in refused({"services.parquet": target.read_bytes()})


def test_who_has_other_words_is_told_how_to_map_them(refused):
    sentence = refused({"deployments.csv": b"deployment_id,status\n1,SUCCEEDED\n"})
    assert "status is not one of success, failure, cancelled, in_progress" in sentence
    assert "--map 'deployments.status:WORD=success' says what a word means. Nothing" in sentence
    assert "--map" not in refused({"deployments.csv": b'deployment_id\n""\n'})


def test_the_share_of_rejected_rows_is_the_users(load, refused, query):
    content = HEADER + b"".join(b"%d,p\n" % number for number in range(99)) + b",q\n"
    load({"services.csv": content}, 0.01)
    assert "1 of 100 rows" in refused({"services.csv": content}, 0.009)
    with pytest.raises(ShipworthyError, match="not a share between 0 and 1"):
        load({"services.csv": content}, 1.5)


def test_tables_before_the_bad_one_stay_loaded(refused, query):
    sentence = refused({"deployments.csv": b"deployment_id\n1\n", "services.csv": HEADER + b",p\n"})
    assert sentence.endswith("Nothing of services was loaded. Already loaded: deployments.")
    assert query("select deployment_id from {raw}.deployments") == [("1",)]


# ------------------------------------------------------------------------- files as such


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b"a,p\nb,q\n",
        HEADER + b"a,p\nb,q",
        b"\xef\xbb\xbf" + HEADER + b"a,p\nb,q\n",
        (HEADER + b"a,p\nb,q\n").replace(b"\n", b"\r\n"),
        (HEADER + b"a,p\nb,q\n").replace(b"\n", b"\r"),
        b' repository ,"service"\np,a\nq,b\n',
        HEADER + b"\na,p\n\n\nb,q\n\n",
    ],
)
def test_dialects_of_csv(load, query, content):
    load({"services.csv": content}, 0)
    assert query("select service, repository from {raw}.services order by all") == [
        ("a", "p"),
        ("b", "q"),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [("services.csv", HEADER), ("services.csv", HEADER[:-1]), ("services.ndjson", b"")],
)
def test_no_rows_are_no_error(load, name, content):
    assert load({name: content}, 0) == [TableLoad("services", 0, 0, 0, 0, 0)]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "holds no file named after a table"),
        ({"README.md": b"x"}, "holds no file named after a table"),
        ({"deployment.csv": b""}, "not named after a table (did you mean deployments?)"),
        ({"nonsense.csv": b""}, "the tables are repositories, commits"),
        ({"services.json": b"[]"}, "is of a kind that is not loaded"),
        ({"services.csv.gz": b""}, "is of a kind that is not loaded"),
        ({"services.csv": HEADER, "services.ndjson": b""}, "services.csv and services.ndjson"),
        ({"services.csv": b""}, "is empty: its first line must name the columns"),
        ({"services.csv": b"\n"}, "is empty: its first line must name the columns"),
        ({"services.csv": b"service,name\n"}, "a column that services does not know: 'name'"),
        ({"services.csv": b"service,repositry\n"}, "(did you mean repository?)"),
        (
            {"services.ndjson": b'{"service":"a","x":1}'},
            "a column that services does not know: 'x'",
        ),
        ({"services.csv": b"service,service\n"}, "'service' is named twice"),
        ({"services.csv": b"service;repository\n"}, "separate the columns with commas"),
        ({"services.csv": b'"service\na,p\n'}, "line 1: the header is not a line of CSV"),
        ({"services.csv": b"servic\xe9\n"}, "line 1: the header is not a line of CSV in UTF-8"),
        ({"services.csv": HEADER.decode().encode("utf-16")}, "is in UTF-16"),
        ({"services.csv": HEADER + b"a,p\r\nb,q\n"}, "mixes line endings"),
        ({"services.csv": HEADER + b'a,p\n\n"b,q\nc,r\n'}, "line 4: a quote is not closed"),
        ({"services.csv": HEADER + b'a,"p"x\nb,q\n'}, "line 2: a quote is not closed, or text"),
        ({"services.parquet": b"PAR1"}, "services.parquet cannot be read"),
    ],
)
def test_files_that_are_refused(refused, files, sentence):
    assert sentence in refused(files)


def test_a_quote_that_is_not_closed_loads_nothing_whatever_the_share(refused, query):
    rows = b"".join(b"%d,p\n" % number for number in range(1000))
    refused({"services.csv": HEADER + rows + b'"open,q\n' + rows}, max_rejected=1)
    assert query("select service, repository from {raw}.services") == []


def test_nothing_is_loaded_before_every_header_is_known_to_be_right(refused, query):
    refused({"deployments.csv": b"deployment_id\n1\n", "services.csv": b"x\n"})
    assert query("from {raw}.deployments") == []


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(ShipworthyError, match="cannot be read: No such file"):
        load_files(tmp_path / "missing", tmp_path / "warehouse.duckdb")
    (tmp_path / "file").touch()
    with pytest.raises(ShipworthyError, match="cannot be read: Not a directory"):
        load_files(tmp_path / "file", tmp_path / "warehouse.duckdb")


def test_a_directory_that_is_named_like_a_file(folder, tmp_path):
    (folder / "services.csv").mkdir()
    with pytest.raises(ShipworthyError, match="is not a file"):
        load_files(folder, tmp_path / "warehouse.duckdb")
