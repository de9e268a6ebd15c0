"""The command line: one sentence and exit code 2 for what users can mend, 130 for Ctrl-C."""

import subprocess
import sys
from pathlib import Path

import pytest

from shipworthy import __version__, cli, files
from shipworthy.contract import TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.git import reader


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the command line; return exit code, standard output and standard error."""
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["shipworthy", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, *capsys.readouterr()

    return run


def test_version_and_help(run):
    assert run("--version") == (0, f"shipworthy {__version__}\n", "")
    for arguments in (
        ["--help"],
        ["load", "-h"],
        ["load", "git", "--help"],
        ["load", "files", "-h"],
    ):
        code, out, error = run(*arguments)
        assert (code, error) == (0, "")
        assert out.startswith("Usage: shipworthy")


def test_help_does_not_wait_for_numpy_pyarrow_or_duckdb():
    script = "import sys, shipworthy.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"duckdb", "numpy", "pyarrow", "shipworthy.files", "shipworthy.git"} & {*loaded}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Missing command; see shipworthy --help"),
        (["load"], "or name a source: shipworthy load --help"),
        (["lod"], "No such command 'lod'"),
        (["load", "git"], "Missing argument 'PATH...'"),
        (["load", "files"], "Missing argument 'DIR'"),
        (["load", "files", "x", "y"], "unexpected extra argument"),
        (["load", "files", "x", "--max-rejected", "2"], "2.0 is not in the range"),
        (["load", "files", "x", "--nonsense"], "No such option '--nonsense'"),
        (["load", "git", "x", "--jobs", "0"], "0 is not in the range"),
        (["simulate"], "Missing option '--out'"),
    ],
)
def test_wrong_usage_is_one_sentence(run, arguments, sentence):
    code, out, error = run(*arguments)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert error.startswith("shipworthy: ")
    assert sentence in error


def test_load_files_closes_with_one_line(run, tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "identities.csv").write_text("alias_key,person_key\ngithub:a,p@example.com\n")
    (folder / "deployments.csv").write_text("deployment_id,status\n1,success\n2,failed\n")
    arguments = ("load", "files", folder, "--max-rejected", "0.5")
    assert run(*arguments) == (
        0,
        "Loaded deployments: 2 new, 0 changed, 0 as before, 1 rejected, 1 of them kept without "
        "the value; "
        "identities: 1 new, 0 changed, 0 as before (see shipworthy_raw.rejected_rows). "
        "Nothing says up to when the export is complete, so for deployments the newest row "
        "stands in; say it with --through DATE (in shipworthy.toml: through in [files]).\n",
        "",
    )
    code, out, error = run("load", "files", folder)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"shipworthy: {folder}/deployments.csv: 1 of 2 rows break the contract")


def test_who_types_is_told_what_is_next(run, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "_somebody_reads", lambda: True)
    (tmp_path / "costs.csv").write_text("team,month_start_on,category,amount_usd\n")
    code, out, _ = run("load", "files", tmp_path)
    assert code == 0
    assert out.splitlines()[-1].startswith("Next: shipworthy build.")
    code, out, _ = run("load", "files", tmp_path / "nowhere")
    assert code == 2
    assert "Next" not in out


def test_the_warehouse_is_told_about_too(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "main.duckdb"))
    code, _, error = run("load", "files", tmp_path)
    assert (code, error.count("\n")) == (2, 1)
    assert "a schema in it has that name" in error


def test_load_git_passes_everything_on(run, tmp_path, monkeypatch):
    calls = []
    loaded = reader.RepositoryLoad("acme/shop", "full", 9, 40, 4, 36, 0, 0.1, unsearched=2)

    def load_git(*arguments, report, **options):
        calls.append((arguments, options))
        report(loaded)

    monkeypatch.setattr(reader, "load_git", load_git)
    assert run("load", "git", "a", "b.bundle") == (0, f"{loaded}\n", "")
    code, out, _ = run("load", "git", "a", "b.bundle", "--verbose")
    assert code == 0
    assert out.splitlines() == [str(loaded), *(f"  {line}" for line in loaded.details())]
    assert "; 2 changes with too many files to search for renames (data_quality" in out
    assert "their lines count as new: 2 here" in out
    calls.pop()
    assert run(
        *("load", "git", "a", "--repository", "o/a", "--repository", "o/b", "--branch", "trunk"),
        *("--releases", "v*", "--releases", "!*rc*", "--release-service", "{service}@*"),
        *("--strict", "--jobs", "2"),
    )[0] == 0  # fmt: skip
    warehouse = tmp_path / "warehouse.duckdb"
    first, second = calls
    assert first == (
        ((Path("a"), Path("b.bundle")), warehouse),
        {
            "repositories": (),
            "branch": None,
            "releases": (),
            "release_service": (),
            "strict": False,
            "jobs": 1,
        },
    )
    assert second[1] == {
        "repositories": ("o/a", "o/b"),
        "branch": "trunk",
        "releases": ("v*", "!*rc*"),
        "release_service": ("{service}@*",),
        "strict": True,
        "jobs": 2,
    }


def test_simulate_writes_every_input(run, tmp_path):
    code, out, error = run("simulate", "--out", tmp_path / "demo", "--seed", "7")
    assert (code, error) == (0, "")
    assert "rows of" in out
    assert {path.stem for path in (tmp_path / "demo").iterdir()} == set(TABLES)
    (tmp_path / "file").touch()
    code, _, error = run("simulate", "--out", tmp_path / "file")
    assert (code, error.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("raised", "code", "sentence"),
    [
        (ShipworthyError("Nothing works."), 2, "shipworthy: Nothing works.\n"),
        (KeyboardInterrupt(), 130, "shipworthy: interrupted\n"),
        (RuntimeError("Query interrupted"), 130, "shipworthy: interrupted\n"),
    ],
)
def test_errors_and_ctrl_c_have_no_traceback(run, monkeypatch, raised, code, sentence):
    def fail(*_):
        raise raised

    monkeypatch.setattr(files, "load_files", fail)
    found, out, error = run("load", "files", "x")
    # After Ctrl-C the terminal shows `^C`, so click begins a new line first.
    assert (found, out, error.lstrip("\n")) == (code, "", sentence)


def test_our_own_mistakes_keep_their_traceback(monkeypatch):
    def fail(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(files, "load_files", fail)
    monkeypatch.setattr(sys, "argv", ["shipworthy", "load", "files", "x"])
    with pytest.raises(RuntimeError, match="a bug"):
        cli.main()
