"""What every source that reads files must stand, written once. A test class inherits these checks.

class TestKiro(FileChecks):
    case = FileCase("kiro", files={"ide.csv": ..., "cli.csv": ...}, ...)

    def test_credits_are_the_days(self, load): ...
"""

import csv
import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from source_checks import NOW, SALT, KilledError, _with_unknown_fields, _without, read_rows

from commands import run_command
from shipworthy.contract import TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.sources import landing
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.landing import SourceLoad, load_vendor
from shipworthy.sources.progress import Progress
from shipworthy.sources.vendor import Keys, Window


@dataclass(frozen=True)
class FileCase:
    """A vendor whose files are read.

    Parameters
    ----------
    vendor : str
        Its name on the command line.
    files : dict of str to str
        File name to contents, at least two; in the names' endings the vendor's own.
    broken : str
        A line, with its end, that cannot be read.
    required : dict of str to str
        Column or field without which nothing can be loaded, to what the sentence then says.
    given : dict
        Options beside the paths.
    people : tuple of str
        Names, logins and addresses in the files and options; they must appear nowhere.
    copies_differ_in : tuple of str
        Columns in which the files hold copies of a row that differ. Of those, dlt's own merge keeps
        the newest: the ranks are shipworthy's.
    table : str
        The table that the files fill.
    """

    vendor: str
    files: dict[str, str]
    broken: str
    required: dict[str, str]
    given: dict[str, Any] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    copies_differ_in: tuple[str, ...] = ()
    table: str = "ai_usage"


@dataclass
class FileLoader:
    """Loads files into one warehouse."""

    case: FileCase
    directory: Path

    def __post_init__(self) -> None:
        self.directory.mkdir()
        self.warehouse = self.directory / "warehouse.duckdb"
        self.files = self.directory / "files"

    def write(self, files: dict[str, str] | None = None, below: str = "") -> list[Path]:
        """Write files, by default the case's, and return their paths."""
        paths = []
        for name, text in (files or self.case.files).items():
            path = self.files / below / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
            paths.append(path)
        return paths

    def __call__(
        self, *paths: Path | str, max_rejected: float = 0.01, **given: Any
    ) -> list[SourceLoad]:
        """Load files, by default the case's; options beside the case's may be given."""
        return load_vendor(
            find_vendor(self.case.vendor),
            {**self.case.given, "paths": [str(path) for path in paths or self.write()], **given},
            self.warehouse,
            max_rejected=max_rejected,
        )

    def load_texts(self, *texts: str, max_rejected: float = 0.01, **given: Any) -> list[SourceLoad]:
        """Load contents, each as a file of its own."""
        suffix = Path(next(iter(self.case.files))).suffix
        paths = self.write({f"part_{i}{suffix}": text for i, text in enumerate(texts)})
        return self(*paths, max_rejected=max_rejected, **given)

    def rows(self, table: str = "") -> list[dict[str, Any]]:
        """Return the rows of a raw table, by default the case's, in the order of its key."""
        return read_rows(self.warehouse, table or self.case.table)

    def another(self, name: str) -> "FileLoader":
        """Return a loader into a new warehouse, with the same salt."""
        return FileLoader(self.case, self.directory.parent / name)


class FileChecks:
    """The checks; `case` is the vendor's."""

    case: FileCase

    @pytest.fixture
    def load(self, tmp_path: Path) -> FileLoader:
        """A loader into an empty warehouse."""
        return FileLoader(self.case, tmp_path / "first")

    @pytest.fixture(scope="class")
    @classmethod
    def kept(cls) -> list[bytes]:
        """The warehouse of all the case's files, which the first test of a class loads."""
        return []

    @pytest.fixture
    def expected(self, load: FileLoader, kept: list[bytes]) -> list[dict[str, Any]]:
        """The rows of all the case's files, which stand in the first warehouse."""
        if kept:
            load.warehouse.write_bytes(kept[0])
        else:
            load()
            kept.append(load.warehouse.read_bytes())
        rows = load.rows()
        assert rows
        assert not load.rows("rejected_rows")
        return rows

    def test_a_second_load_changes_nothing(self, load: FileLoader, expected: Any) -> None:
        for table in (table for done in load() for table in done.tables.values()):
            assert (table.inserted, table.updated) == (0, 0), str(table)
        assert load.rows() == expected

    def test_neither_order_nor_pieces_matter(self, load: FileLoader, expected: Any) -> None:
        assert len(self.case.files) > 1
        backwards = load.another("backwards")
        backwards(*reversed(backwards.write()))
        assert backwards.rows() == expected
        for name, turn in (("one by one", list), ("last first", lambda paths: paths[::-1])):
            other = load.another(name)
            for path in turn(other.write()):
                other(path)
            assert other.rows() == expected, name

    def test_a_copied_file_changes_nothing(self, load: FileLoader, expected: Any) -> None:
        other = load.another("other")
        other.write()
        other.write(below="copies")
        other(other.files)
        assert other.rows() == expected

    def test_unknown_columns_change_nothing(self, load: FileLoader, expected: Any) -> None:
        other = load.another("other")
        widened = {name: _widened(name, text) for name, text in self.case.files.items()}
        other(*other.write(widened))
        assert other.rows() == expected

    def test_a_removed_column_is_a_sentence(self, load: FileLoader) -> None:
        for name, sentence in self.case.required.items():
            files = {file: _narrowed(file, text, name) for file, text in self.case.files.items()}
            with pytest.raises(ShipworthyError, match=sentence) as caught:
                load(*load.write(files))
            assert "\n" not in str(caught.value)
            assert not load.rows()

    def test_a_broken_line_is_kept_and_counted(self, load: FileLoader, expected: Any) -> None:
        other = load.another("other")
        (done,) = other(*other.write(self._with_broken(1)), max_rejected=0.5)
        assert done.rejected == 1
        assert other.rows() == expected
        (kept,) = other.rows("rejected_rows")
        assert kept["table_name"] == self.case.table
        assert "line" in json.loads(kept["payload"])
        other(max_rejected=0.5)
        assert len(other.rows("rejected_rows")) == 1

    def test_too_many_broken_lines_end_the_load(self, load: FileLoader) -> None:
        paths = load.write(self._with_broken(200))
        with pytest.raises(ShipworthyError, match=r"200 of .* break the contract"):
            load(*paths)
        for table in (self.case.table, "rejected_rows", "load_watermarks"):
            assert not load.rows(table)

    def test_dying_half_way_leaves_nothing(
        self, load: FileLoader, expected: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(*_: Any) -> None:
            raise KilledError

        for owner, name in (
            (Progress, "count_rows"),
            (landing, "_commit"),
            (landing, "_move_watermarks"),
        ):
            other = load.another(name)
            with monkeypatch.context() as patched:
                patched.setattr(owner, name, die)
                with pytest.raises(KilledError):
                    other()
            for table in (self.case.table, "rejected_rows", "load_watermarks"):
                assert not other.rows(table), name
        other()
        assert other.rows() == expected

    def test_people_stay_out(self, load: FileLoader) -> None:
        """In a process of its own: of what it prints, of its sentences and of the warehouse."""
        directory = load.files / "of" / "this machine"
        load.write(below="of/this machine")
        outcomes = [self._run_command(load, directory)]
        load.write(self._with_broken(200), below="of/this machine")
        outcomes.append(self._run_command(load, directory))
        assert [outcome.returncode for outcome in outcomes] == [0, 2], outcomes
        assert outcomes[1].stderr.count("\n") == 1, outcomes[1].stderr
        stored = load.warehouse.read_bytes().decode("latin-1")
        everything = stored + "".join(outcome.stdout + outcome.stderr for outcome in outcomes)
        for value in self.case.people:
            assert value.lower() not in everything.lower(), value

    def test_nothing_to_read_is_a_sentence(self, load: FileLoader) -> None:
        suffix = Path(next(iter(self.case.files))).suffix
        (empty,) = load.write({f"empty{suffix}": "\n" * 0})
        bare = load.directory / "bare"
        bare.mkdir()
        for path, sentence in (
            (load.directory / "missing", "missing does not exist; name a file or a directory"),
            (bare, "bare holds no file that ends in"),
            (empty, f"empty{suffix} is empty"),
        ):
            with pytest.raises(ShipworthyError, match=sentence) as caught:
                load(path)
            assert "\n" not in str(caught.value)
        assert not load.rows("load_watermarks")

    def test_foreign_files_are_a_sentence(self, load: FileLoader) -> None:
        suffix = Path(next(iter(self.case.files))).suffix
        foreign = "day,weather\n2026-05-05,rain\n" if suffix == ".csv" else '{"weather": "rain"}\n'
        with pytest.raises(ShipworthyError, match=r"is not|holds no") as caught:
            load.load_texts(foreign)
        assert "\n" not in str(caught.value)

    def test_any_dlt_pipeline_gives_the_same_rows(
        self, load: FileLoader, expected: Any, tmp_path: Path
    ) -> None:
        vendor = find_vendor(self.case.vendor)
        given = {**self.case.given, "paths": [str(path) for path in load.write()]}
        settings = vendor.settings(given, Keys(SALT.encode()), _no_session)
        pipeline = dlt.pipeline(
            "alone",
            destination=dlt.destinations.duckdb(str(tmp_path / "alone.duckdb")),
            dataset_name="landed",
            pipelines_dir=str(tmp_path / "pipelines"),
        )
        for one in vendor.loads(settings):
            pipeline.run(one.source(Window(None, NOW)))
        with duckdb.connect(str(tmp_path / "alone.duckdb"), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            compared = {
                name: f"{name}::timestamp" if kind == "TIMESTAMP" else name
                for name, kind in TABLES[self.case.table].columns.items()
                if name not in self.case.copies_differ_in
            }
            columns = ", ".join(compared.values())
            landed = connection.execute(
                f"select {columns} from landed.{self.case.table} "
                f"order by {', '.join(TABLES[self.case.table].key)}"
            ).fetchall()
        assert landed == [tuple(row[name] for name in compared) for row in expected]

    def _with_broken(self, times: int) -> dict[str, str]:
        name, text = list(self.case.files.items())[-1]
        if text.lstrip().startswith("{\n"):  # a document over several lines
            text = json.dumps(json.loads(text)) + "\n"
        head, _, tail = text.partition("\n")
        return {**self.case.files, name: f"{head}\n{self.case.broken * times}{tail}"}

    def _run_command(self, load: FileLoader, path: Path) -> subprocess.CompletedProcess[str]:
        arguments = [
            word
            for option in find_vendor(self.case.vendor).all_options()
            if (value := self.case.given.get(option.name))
            for word in _words(option.spelling, value)
        ]
        return run_command(
            *("load", self.case.vendor, path, *arguments),
            environment={"SHIPWORTHY_WAREHOUSE": str(load.warehouse)},
        )


def _words(spelling: str, value: Any) -> list[str]:
    if value is True:
        return [spelling]
    if isinstance(value, dict):
        return [word for pair in value.items() for word in (spelling, "=".join(pair))]
    return [spelling, str(value)]


def _no_session(title: str, **options: Any) -> Any:
    raise AssertionError("files need no session")


def json_text(*objects: Any) -> str:
    """Return objects as JSON lines."""
    return "".join(json.dumps(item) + "\n" for item in objects)


def csv_text(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV with a header."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def csv_dicts(text: str) -> list[dict[str, Any]]:
    """Return the rows of CSV with a header."""
    return list(csv.DictReader(io.StringIO(text)))


def _changed(name: str, text: str, change: Callable[[Any], Any]) -> str:
    if name.endswith(".csv"):
        return csv_text([change(row) for row in csv_dicts(text)])
    try:
        return json.dumps(change(json.loads(text)), indent=1)
    except ValueError:
        return json_text(*(change(json.loads(line)) for line in text.splitlines()))


def _widened(name: str, text: str) -> str:
    if name.endswith(".csv"):
        return _changed(name, text, lambda row: {"brand new": "x", **row, "zz": ""})
    return _changed(name, text, _with_unknown_fields)


def _narrowed(name: str, text: str, column: str) -> str:
    return _changed(name, text, lambda row: _without(row, column))
