"""The command line. Whatever goes wrong for the user's sake is one sentence and exit code 2."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from shipworthy import __version__
from shipworthy.errors import ShipworthyError

# The parts that do the work are imported by the command that needs them: numpy and DuckDB would
# make `--help` ten times slower.

_DIRECTORY = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name="shipworthy")
def cli() -> None:
    """Load what a dbt warehouse needs to tell whether AI-written code ships and stays shipped.

    The warehouse is the DuckDB file that SHIPWORTHY_WAREHOUSE names, by default warehouse.duckdb in
    the current directory.
    """


@cli.group(no_args_is_help=False)
def load() -> None:
    """Load inputs into the warehouse; loading the same again changes nothing."""


@load.command("git")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=_DIRECTORY)
@click.option(
    "--repository",
    "repositories",
    metavar="NAME",
    multiple=True,
    help="Name (owner/name) of each repository, in the order of the paths; default: its origin's.",
)
@click.option("--branch", metavar="NAME", help="The mainline; by default the default branch.")
@click.option(
    "--releases",
    metavar="PATTERN",
    help="Take tags like 'v*' as successful production deployments.",
)
@click.option("--strict", is_flag=True, help="Count whitespace-only edits as edits.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that read diffs.",
)
def load_git(
    paths: tuple[Path, ...],
    repositories: tuple[str, ...],
    branch: str | None,
    releases: str | None,
    strict: bool,
    jobs: int,
) -> None:
    """Read the histories of clones, bare clones or bundles; none of them is written to."""
    from shipworthy.git import reader
    from shipworthy.warehouse import warehouse_path

    reader.load_git(
        paths,
        warehouse_path(),
        repositories=repositories,
        branch=branch,
        releases=releases,
        strict=strict,
        jobs=jobs,
        # At once: a later repository may be refused.
        report=click.echo,
    )


@load.command("files")
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.option(
    "--max-rejected",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Greatest share of a table's rows that may break the contract.",
)
def load_files(directory: Path, max_rejected: float) -> None:
    """Read DIR/deployments.csv, DIR/incidents.parquet, DIR/ai_usage.ndjson and so on.

    Rows that break the contract go to shipworthy_raw.rejected_rows. Each table is committed on its
    own.
    """
    from shipworthy import files
    from shipworthy.warehouse import warehouse_path

    loads = files.load_files(directory, warehouse_path(), max_rejected)
    hint = " (see shipworthy_raw.rejected_rows)" if any(load.rejected for load in loads) else ""
    click.echo(f"Loaded {'; '.join(map(str, loads))}{hint}.")


@cli.command()
@click.option(
    "--out", required=True, metavar="DIR", type=_DIRECTORY, help="Where to write the CSV files."
)
@click.option("--seed", metavar="N", type=int, help="Another number, another organisation.")
def simulate(out: Path, seed: int | None) -> None:
    """Write the data of a small invented organisation."""
    from shipworthy.simulate import Parameters, write_tables
    from shipworthy.simulate import simulate as simulate_tables

    parameters = Parameters() if seed is None else Parameters(seed=seed)
    tables = simulate_tables(parameters)
    try:
        write_tables(tables, out)
    except OSError as error:
        raise ShipworthyError(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {sum(map(len, tables.values()))} rows of {len(tables)} tables to {out}.")


@cli.command("headline")
def show_headline() -> None:
    """Say where the warehouse is and what the three headline numbers are."""
    from shipworthy.headline import headline
    from shipworthy.warehouse import warehouse_path

    click.echo(headline(warehouse_path()))


def main() -> None:
    """Run the command line and exit: 0, 2 after an error of the user's, 130 after Ctrl-C."""
    try:
        sys.exit(cli.main(prog_name="shipworthy", standalone_mode=False))
    except ShipworthyError as error:
        _fail(str(error), 2)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "shipworthy"
        _fail(f"{error.format_message().rstrip('.')}; see {command} --help", 2)
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted", 130)
    except RuntimeError as error:
        # DuckDB's word for Ctrl-C while a statement runs.
        if str(error) != "Query interrupted":
            raise
        _fail("interrupted", 130)


def _fail(sentence: str, code: int) -> NoReturn:
    click.echo(f"shipworthy: {sentence}", err=True)
    sys.exit(code)
