"""The command line. Whatever goes wrong for the user's sake is one sentence and exit code 2."""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from shipworthy import __version__
from shipworthy.errors import DISK_FULL, ShipworthyError, system_sentence
from shipworthy.sources import SUMMARIES

if TYPE_CHECKING:
    from shipworthy.sources.vendor import Option

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


_CONFIG = click.option(
    "--config",
    metavar="FILE",
    type=_DIRECTORY,
    default="shipworthy.toml",
    show_default=True,
    help="Which sources, what they read and since when.",
)


class _Sources(click.Group):
    """The loaders of this file, and one command a vendor, made when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *SUMMARIES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in SUMMARIES:
            return _vendor_command(cmd_name)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Not through get_command: that would import dlt for each line.
        own = [
            (name, command.get_short_help_str(limit=80))
            for name, command in sorted(self.commands.items())
        ]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *SUMMARIES.items()])


@cli.group(cls=_Sources, invoke_without_command=True, no_args_is_help=False)
@_CONFIG
@click.pass_context
def load(context: click.Context, config: Path) -> None:
    """Load inputs into the warehouse; loading the same again changes nothing.

    Without a source, all sources of the configuration file are loaded; one that fails keeps no
    other from it.
    """
    if context.invoked_subcommand is not None:
        return
    from shipworthy.sources.config import read_config
    from shipworthy.sources.run import run_steps
    from shipworthy.warehouse import warehouse_path

    failed = []
    for result in run_steps(read_config(config), warehouse_path()):
        for line in result.lines:
            click.echo(f"Loaded {line}.")
        if result.error:
            failed.append(result.name)
            click.echo(f"shipworthy: {result.name}: {result.error}", err=True)
    if failed:
        raise ShipworthyError(f"Not loaded: {', '.join(failed)}; the other sources are.")


@load.result_callback()
def _say_what_is_next(*_: object, **__: object) -> None:
    """Name the next command to somebody who types; a log has no need of it."""
    if _somebody_reads():
        click.echo("Next: shipworthy build. More can be loaded before or after it.")


def _somebody_reads() -> bool:
    return sys.stdout.isatty()


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
    multiple=True,
    help="Take tags like 'v*' as successful production deployments; '!*rc*' leaves some out.",
)
@click.option(
    "--release-service",
    metavar="RULE",
    multiple=True,
    help="Which service a tag names: '{service}@*', or 'cli/v*=cli'.",
)
@click.option("--strict", is_flag=True, help="Count whitespace-only edits as edits.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Git processes that compute diffs.",
)
@click.option("--verbose", is_flag=True, help="Name the merges that the closing line counts.")
def load_git(
    paths: tuple[Path, ...],
    repositories: tuple[str, ...],
    branch: str | None,
    releases: tuple[str, ...],
    release_service: tuple[str, ...],
    strict: bool,
    jobs: int,
    verbose: bool,
) -> None:
    """Read the histories of clones, bare clones or bundles; none of them is written to."""
    # numpy would start threads for matrices, which only wait here, and busily.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from shipworthy.git import reader
    from shipworthy.warehouse import warehouse_path

    def report(loaded: "reader.RepositoryLoad") -> None:
        click.echo(str(loaded))
        for line in loaded.details() if verbose else ():
            click.echo(f"  {line}")

    reader.load_git(
        paths,
        warehouse_path(),
        repositories=repositories,
        branch=branch,
        releases=releases,
        release_service=release_service,
        strict=strict,
        jobs=jobs,
        # At once: a later repository may be refused.
        report=report,
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
@click.option(
    "--through",
    metavar="DATE",
    help="The export is complete up to the end of this day, or to this moment (UTC).",
)
@click.option(
    "--map",
    "options",
    metavar="TABLE.COLUMN[:WORD]=NAME",
    multiple=True,
    help="Which column is which, or which word means what: deployments.Component=service, "
    "deployments.status:SUCCEEDED=success. Without a NAME a column is left out.",
)
def load_files(
    directory: Path, max_rejected: float, through: str | None, options: tuple[str, ...]
) -> None:
    """Read DIR/deployments.csv, DIR/incidents.parquet, DIR/ai_usage.ndjson and so on.

    Rows that break the contract go to shipworthy_raw.rejected_rows. Each table is committed on its
    own. Columns of people (they end in _key) take e-mail addresses, logins such as github:ada, and
    keys; stored are keys alone.
    """
    from shipworthy import files, reach
    from shipworthy.exports import read_map_options
    from shipworthy.warehouse import warehouse_path

    complete_through = reach.read_through(through, "--through") if through else None
    maps = read_map_options(options)
    loads = files.load_files(directory, warehouse_path(), max_rejected, complete_through, maps)
    hint = " (see shipworthy_raw.rejected_rows)" if any(load.rejected for load in loads) else ""
    said = reach.reach_in_words([load.table for load in loads], complete_through)
    click.echo(f"Loaded {'; '.join(map(str, loads))}{hint}.{' ' * bool(said)}{said}")
    unused = maps.keys() - {load.table for load in loads}
    if unused:
        names = ", ".join(sorted(unused))
        click.echo(f"--map names {names}: {directory} holds no file of that name.")


def _vendor_command(name: str) -> click.Command:
    """Make the command of a vendor from its options."""
    from shipworthy.sources import vendor as find_vendor

    vendor = find_vendor(name)
    parameters: list[click.Parameter] = [_vendor_parameter(item) for item in vendor.all_options()]
    if vendor.has_interface:
        parameters.append(
            click.Option(
                ["--since"],
                metavar="DATE",
                type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
                help="Read again from here (UTC); by default a load goes on where the last ended.",
            )
        )
    parameters.append(
        click.Option(
            ["--max-rejected"],
            metavar="SHARE",
            type=click.FloatRange(0, 1),
            default=0.01,
            show_default=True,
            help="Greatest share of a table's rows that may break the contract.",
        )
    )

    def run(max_rejected: float, since: datetime | None = None, **given: Any) -> None:
        from shipworthy.sources.landing import load_vendor
        from shipworthy.warehouse import warehouse_path

        loads = load_vendor(
            vendor,
            {option.name: _vendor_value(option, given) for option in vendor.all_options()},
            warehouse_path(),
            since=since.replace(tzinfo=UTC) if since else None,
            max_rejected=max_rejected,
        )
        hint = " (see shipworthy_raw.rejected_rows)" if any(load.rejected for load in loads) else ""
        for done in loads:
            click.echo(f"Loaded {done}{hint}.")

    secrets = "".join(
        f"\n\n{secret.variable} holds the credential; it must be allowed: {secret.scopes}."
        for secret in vendor.secrets
    )
    return click.Command(name, callback=run, params=parameters, help=SUMMARIES[name] + secrets)


def _vendor_parameter(option: "Option") -> click.Parameter:
    if option.kind == "paths":
        return click.Argument(
            [option.name], metavar="PATH...", nargs=-1, required=option.is_required, type=_DIRECTORY
        )
    return click.Option(
        [option.spelling, option.name],
        help=option.help,
        is_flag=option.kind == "flag",
        multiple=option.kind in ("texts", "map"),
        metavar={"texts": "TEXT", "map": "FROM=TO"}.get(option.kind),
        default=None if option.kind not in ("texts", "map") else (),
    )


def _vendor_value(option: "Option", given: dict[str, Any]) -> Any:
    value = given[option.name]
    if option.kind != "map":
        return list(value) if isinstance(value, tuple) else value
    for pair in value:
        if "=" not in pair:
            raise click.UsageError(f"{option.spelling} {pair}: write FROM=TO")
    return dict(pair.split("=", 1) for pair in value)


@cli.command("key")
@click.argument("people", metavar="PERSON...", nargs=-1, required=True)
def show_keys(people: tuple[str, ...]) -> None:
    """Print the key by which the warehouse knows a person.

    PERSON is an e-mail address, or a login with its kind such as github:ada.
    """
    from shipworthy.people import read_person
    from shipworthy.salt import salt_of
    from shipworthy.warehouse import connect, warehouse_path

    path = warehouse_path()
    connection = connect(path)
    try:
        salt = salt_of(connection, path)
    finally:
        connection.close()
    for person in people:
        try:
            key = read_person(person, lambda: salt)
        except ValueError as error:
            raise ShipworthyError(f"{person} {error}.") from error
        if key is None:
            raise ShipworthyError("An empty text is nobody.")
        click.echo(key)


@cli.command()
@click.option(
    "--out", "--to", required=True, metavar="DIR", type=_DIRECTORY, help="Where to write the files."
)
@click.option(
    "--scale",
    metavar="F",
    type=float,
    help="Instead a company of 85,000 people times F, a year, as Parquet files.",
)
@click.option("--seed", metavar="N", type=int, help="Another number, another organisation.")
@click.option(
    "--teams",
    metavar="N",
    type=click.IntRange(2, 200),
    help="A company of so many honest teams instead of the demo organisation.",
)
@click.option("--weeks", metavar="N", type=click.IntRange(8, 520), help="How long; 40 by default.")
@click.option("--move", metavar="NAME", help="What one team does to look better.")
@click.option("--team", metavar="NAME", help="Who does; the first team by default.")
@click.option(
    "--from", "from_week", metavar="WEEK", type=click.IntRange(min=0), help="Since when; half-way."
)
def simulate(
    out: Path,
    scale: float | None,
    seed: int | None,
    teams: int | None,
    weeks: int | None,
    move: str | None,
    team: str | None,
    from_week: int | None,
) -> None:
    """Write the data of an invented organisation, as files that `shipworthy load files` takes.

    By default the demo's. With --teams, --weeks or --move a company of honest teams, of which one
    plays a move of the gauntlet (`shipworthy gauntlet --list` names them). With --scale a company
    of any size, to see what a warehouse takes.
    """
    if scale is not None:
        if any(given is not None for given in (seed, teams, weeks, move, team, from_week)):
            raise click.UsageError("--scale goes with --to alone")
        from shipworthy.simulate.size import write_company

        rows = write_company(scale, out)
        click.echo(f"Wrote {sum(rows.values())} rows of {len(rows)} tables to {out}.")
        return
    from shipworthy.simulate import Parameters, company, write_tables
    from shipworthy.simulate import simulate as simulate_tables

    chosen = Parameters.seed if seed is None else seed
    if teams is None and weeks is None and move is None:
        tables = simulate_tables(Parameters(seed=chosen))
    else:
        parameters = company(teams or 6, weeks or 40, chosen)
        tables = simulate_tables(parameters)
        if move:
            from shipworthy.gauntlet.run import play

            tables = play(tables, parameters, move, team, from_week)
    if not move and (team or from_week is not None):
        raise click.UsageError("--team and --from go with --move")
    try:
        write_tables(tables, out)
    except OSError as error:
        raise ShipworthyError(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {sum(map(len, tables.values()))} rows of {len(tables)} tables to {out}.")


@cli.command("gauntlet")
@click.option("--list", "only_list", is_flag=True, help="Name the moves and do nothing.")
@click.option(
    "--moves", metavar="NAME,...", help="Moves, or families of moves; by default all of them."
)
@click.option(
    "--seeds",
    metavar="N",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="So many organisations.",
)
@click.option(
    "--out",
    metavar="FILE",
    type=_DIRECTORY,
    default=Path("docs/gauntlet.md"),
    show_default=True,
    help="Where to write the page.",
)
@click.option(
    "--project-dir",
    metavar="DIR",
    type=_DIRECTORY,
    help="A dbt project that overrides a definition; by default the one here, else shipworthy's.",
)
@click.option("--vars", "variables", metavar="YAML", default="", help="More of dbt's variables.")
@click.option("--check", is_flag=True, help="End with exit code 2 if a limit does not hold.")
def run_gauntlet(
    only_list: bool,
    moves: str | None,
    seeds: int,
    out: Path,
    project_dir: Path | None,
    variables: str,
    check: bool,
) -> None:
    """Play moves against the metrics through dbt build, and write down what they earn.

    No warehouse of yours is read or written.
    """
    from shipworthy.gauntlet import limits, page, run

    chosen = run.chosen([name.strip() for name in moves.split(",")] if moves else [])
    if only_list:
        for one in chosen:
            click.echo(f"{one.name} ({one.family}, {one.effort} effort): {one.summary}")
        return
    result = run.run(chosen, range(1, seeds + 1), project_dir or run.own_project(), click.echo,
                     variables)  # fmt: skip
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page.page(result), encoding="utf-8")
    except OSError as error:
        raise ShipworthyError(f"{out} cannot be written: {error.strerror}.") from error
    found = limits.kept(result)
    broken = [(limit, change) for limit, change, holds in found if not holds]
    for limit, change in broken:
        click.echo(
            f"{limit.move} moves {limit.measure} by {page.percent(change)}, "
            f"at most {limit.most:.0%} is allowed"
        )
    works = len(limits.still_works(result))
    click.echo(
        f"{len(found) - len(broken)} of {len(found)} limits hold; {works} of {len(chosen)} moves "
        f"improve a headline and no signal shows them. Wrote {out}."
    )
    if check and broken:
        raise ShipworthyError(f"{len(broken)} limits do not hold.")


@cli.command("build", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", metavar="[DBT OPTIONS]", nargs=-1, type=click.UNPROCESSED)
def run_build(arguments: tuple[str, ...]) -> None:
    """Run dbt build, say what it does and what the headline is then.

    Options go to `dbt build`: --select, --vars and so on.
    """
    from shipworthy.build import build
    from shipworthy.headline import headline
    from shipworthy.warehouse import warehouse_path

    path = warehouse_path()
    build(path, arguments, click.echo)
    # A part of the models need not have it.
    if not {"--select", "-s", "--exclude"} & set(arguments):
        click.echo(headline(path))
        click.echo(_page_beside(path))


def _page_beside(warehouse: Path) -> str:
    """Write the page beside a warehouse and say where, or say what it needs."""
    from shipworthy.report import missing_extra, write_page

    if missing_extra():
        return "For a page of it: pip install 'shipworthy[report]', then `shipworthy report`."
    out = warehouse.with_name("outcomes.html")
    try:
        write_page(warehouse, out)
    except ShipworthyError as error:
        # What was built stands all the same.
        return f"No page: {error}"
    return f"Open the page: {out}"


@cli.command("headline")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.option(
    "--schema",
    metavar="NAME",
    help="Schema of the marts; by default shipworthy, else the one that has them.",
)
def show_headline(as_json: bool, schema: str | None) -> None:
    """Say where the warehouse is, what its rows are, and what the three headline numbers are."""
    from shipworthy.headline import headline, headline_json
    from shipworthy.warehouse import warehouse_path

    tell = headline_json if as_json else headline
    click.echo(tell(warehouse_path(), schema))


@cli.command("report")
@click.option(
    "--out",
    metavar="FILE",
    type=_DIRECTORY,
    default="outcomes.html",
    show_default=True,
    help="The file to write.",
)
@click.option("--team", metavar="NAME", help="A page of one team, with rows of no other.")
@click.option(
    "--weeks",
    metavar="N",
    type=click.IntRange(min=1, max=1040),
    default=156,
    show_default=True,
    help="How many weeks back the page goes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what the page shows as JSON instead.")
@click.option(
    "--schema",
    metavar="NAME",
    help="Schema of the marts; by default shipworthy, else the one that has them.",
)
def write_report(
    out: Path, team: str | None, weeks: int, as_json: bool, schema: str | None
) -> None:
    """Write the marts as one page that needs no server and no network.

    It needs the extra `report`: pip install 'shipworthy[report]'.
    """
    from shipworthy.report import report_json, write_page
    from shipworthy.warehouse import warehouse_path

    if as_json:
        click.echo(report_json(warehouse_path(), team=team, weeks=weeks, schema=schema))
        return
    write_page(warehouse_path(), out, team=team, weeks=weeks, schema=schema)
    click.echo(f"Wrote {out}; open it in a browser.")


@cli.command("publish")
@click.option(
    "--to",
    "target",
    required=True,
    metavar="DIR|FILE|ADDRESS",
    help="A directory (Parquet), a file ending in .duckdb, or postgres://user@host/database.",
)
@click.option("--demo", "with_demo", is_flag=True, help="Publish even the invented organisation.")
@click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(min=1),
    help="Versions that a directory holds, the new one included; by default 3.",
)
@click.option(
    "--as",
    "name",
    metavar="NAME",
    default="shipworthy",
    show_default=True,
    help="Schema of the marts where they are published.",
)
@click.option(
    "--schema",
    metavar="NAME",
    help="Schema of the marts in the warehouse; by default shipworthy, else the one that has them.",
)
def run_publish(
    target: str, with_demo: bool, keep: int | None, name: str, schema: str | None
) -> None:
    """Copy the marts of the last good build to where BI tools read them, all at once.

    Nobody who reads there waits, or sees a half of it. A PostgreSQL password is read from
    PGPASSWORD or PostgreSQL's password file.
    """
    from shipworthy.publish import publish
    from shipworthy.warehouse import warehouse_path

    click.echo(
        publish(warehouse_path(), target, schema=schema, name=name, with_demo=with_demo, keep=keep)
    )


@cli.command("export")
@click.option(
    "--to",
    "target",
    required=True,
    metavar="DIR|ADDRESS",
    help="A directory, which gets current/<table>.parquet, or postgres://user@host/database, whose "
    "schema shipworthy_raw gets the tables.",
)
def run_export(target: str) -> None:
    """Copy what was loaded to where Spark or PostgreSQL builds from it, all at once.

    It is every table of the source contract. A PostgreSQL password is read from PGPASSWORD or
    PostgreSQL's password file.
    """
    from shipworthy.raw_tables import export
    from shipworthy.warehouse import warehouse_path

    click.echo(export(warehouse_path(), target))


@cli.command("dashboards")
@click.option(
    "--out", required=True, metavar="DIR", type=_DIRECTORY, help="Where to write the two files."
)
@click.option(
    "--schema",
    metavar="NAME",
    default="shipworthy",
    show_default=True,
    help="Schema of the marts where they are published.",
)
@click.option(
    "--database",
    metavar="ADDRESS",
    help="SQLAlchemy address of the published marts for Superset; it can be changed there.",
)
def make_dashboards(out: Path, schema: str, database: str | None) -> None:
    """Write dashboards of the report's panels: grafana.json and superset.zip.

    Both are made for marts that `shipworthy publish` wrote.
    """
    from shipworthy.dashboards import DATABASE, write_dashboards

    grafana, superset = write_dashboards(out, schema, database or DATABASE)
    click.echo(f"Wrote {grafana} and {superset}; import them as docs/publish.md says.")


@cli.command("forget")
@click.argument("repository", metavar="REPOSITORY")
def forget_repository(repository: str) -> None:
    """Drop all rows of a repository from the warehouse."""
    from shipworthy.repositories import forget
    from shipworthy.warehouse import warehouse_path

    rows = forget(warehouse_path(), repository)
    click.echo(f"Dropped {rows:,} rows of {repository}; build anew for the marts to follow.")


@cli.command("rename")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
def rename_repository(old: str, new: str) -> None:
    """Give all rows of a repository a new name (owner/name)."""
    from shipworthy.repositories import rename
    from shipworthy.warehouse import warehouse_path

    rows = rename(warehouse_path(), old, new)
    click.echo(f"{old} is {new} now, in {rows:,} rows; build anew for the marts to follow.")


@cli.command("contract")
@click.option(
    "--write", is_flag=True, help="Write the files anew; without it, name those that are old."
)
@click.option(
    "--root",
    metavar="DIR",
    type=_DIRECTORY,
    default=".",
    show_default=True,
    help="shipworthy's own repository.",
)
def keep_contract(write: bool, root: Path) -> None:
    """Keep the macro, the YAML and the page current that state the source contract.

    For those who change the contract: it is stated in python/shipworthy/contract.py.
    """
    from shipworthy.contract_files import stale_files

    stale = stale_files(root)
    for path, text in stale.items():
        if write:
            path.write_text(text, encoding="utf-8")
    names = ", ".join(str(path) for path in stale)
    if stale and not write:
        raise ShipworthyError(
            f"not what python/shipworthy/contract.py says: {names}; "
            "run `shipworthy contract --write`."
        )
    click.echo(f"written: {names}" if stale else "every file says what the contract says")


@cli.command("doctor")
@_CONFIG
def run_doctor(config: Path) -> None:
    """Check versions, warehouse, credentials, reachability and clock; exit 2 if one is missing."""
    from shipworthy.doctor import examine, table
    from shipworthy.warehouse import warehouse_path

    checks = list(examine(config, warehouse_path()))
    click.echo(table(checks))
    missing = sum(check.state == "missing" for check in checks)
    if missing:
        things = "thing is" if missing == 1 else "things are"
        raise ShipworthyError(f"{missing} {things} missing.")


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
    except OSError as error:
        if error.errno not in DISK_FULL:
            sentence = system_sentence(error)
            if sentence is None:
                raise
            _fail(sentence, 2)
        place = error.filename or tempfile.gettempdir()
        _fail(
            f"nothing more can be written to {place} ({os.strerror(error.errno).lower()}); free "
            "some space, or name another directory for temporary files in TMPDIR",
            2,
        )
    except RuntimeError as error:
        # DuckDB's word for Ctrl-C while a statement runs.
        if str(error) != "Query interrupted":
            raise
        _fail("interrupted", 130)


def _fail(sentence: str, code: int) -> NoReturn:
    click.echo(f"shipworthy: {sentence}", err=True)
    sys.exit(code)
