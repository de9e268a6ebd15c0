"""What a build costs as a company grows, against two yardsticks that are measured in the same run.

    python benchmarks/scale.py [SCALE ...] [--threads N] [--scratch DIR] [--write]

For each scale (default 0.01 and 0.1; `shipworthy simulate --scale` says what 1 is) this makes the
inputs, lets a new warehouse read them in place, and runs `dbt run` once with all models. Each step
is a process of its own. Beside it stand, each measured on the same files:

- one scan and aggregation of every column of every input;
- of `code_turnover`, the best single query by hand that counts the same lines from staged tables:
  its sums must equal the mart's.

dbt's own time is that of the same run over the smallest company there is. Processor seconds hardly
depend on what else the machine does, so ratios are of them. `--write` writes the table and the plot
of several scales into docs/scale.md and docs/scale.svg; what is made is removed in the end.
"""

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import duckdb

from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.simulate.size import read_in_place, write_company

ROOT = Path(__file__).parents[1]
PAGE, PLOT = ROOT / "docs" / "scale.md", ROOT / "docs" / "scale.svg"
SMALLEST = 0.0003
# What DuckDB may use up to a scale, unless SHIPWORTHY_MEMORY_LIMIT says another.
MEMORY = {0.1: "5GB", 1: "14GB"}
BEGINS, ENDS = "<!-- measured: begins -->", "<!-- measured: ends -->"
FACTS = ("commits", "line_births", "line_deaths", "deployments", "pull_requests", "ai_usage")

# Births with what of them was removed within 30 days, by week, service, repository and authorship.
BY_HAND = """
with landed as (
    select repository, sha, landed_at from shipworthy_staging.stg_shipworthy__commits
    where mainline_position is not null
),
gone as (
    select deaths.repository, added_sha, path, author_sha, authorship, birth_is_moved,
        sum(lines) as lines
    from shipworthy_staging.stg_shipworthy__line_deaths as deaths
    join landed as adding
        on deaths.repository = adding.repository and deaths.added_sha = adding.sha
    join landed as removing
        on deaths.repository = removing.repository and deaths.removed_sha = removing.sha
    where not is_moved and removing.landed_at < adding.landed_at + interval 30 day
    group by all
),
born as (
    select births.*, landed_at, coalesce(gone.lines, 0) as lines_removed
    from shipworthy_staging.stg_shipworthy__line_births as births
    join landed on births.repository = landed.repository and births.added_sha = landed.sha
    left join gone
        on births.repository = gone.repository and births.added_sha = gone.added_sha
        and births.path = gone.path and births.author_sha = gone.author_sha
        and births.authorship = gone.authorship and births.is_moved = gone.birth_is_moved
    where not births.is_moved and path_class not in ('generated', 'vendored')
        and landed_at <= timestamp '{end}' - interval 30 day
)
select date_trunc('week', landed_at) as week_start_on, services.team, services.service,
    born.repository, authorship, count(distinct added_sha) as changes,
    sum(born.lines) as lines_added, sum(lines_removed) as lines_removed
from born
left join shipworthy_staging.stg_shipworthy__services as services
    on born.repository = services.repository
    and starts_with(born.path, services.path_prefix || '/')
group by all
"""


def make(scale: float, place: Path) -> dict:
    """Write the inputs; return the rows of each."""
    return write_company(scale, place / "company")


def attach(place: Path) -> None:
    """Make a warehouse that reads the inputs where they are."""
    config = {"storage_compatibility_version": "v1.4.0"}
    with duckdb.connect(str(place / "scale.duckdb"), config=config) as connection:
        read_in_place(connection, place / "company")


def memory_limit(scale: float) -> str:
    """Return what DuckDB may use at a scale."""
    given = os.environ.get("SHIPWORTHY_MEMORY_LIMIT")
    return given or next((limit for most, limit in MEMORY.items() if scale <= most), "80%")


def run_dbt(place: Path, limit: str, threads: int, *command: str) -> dict:
    """Run dbt in this process; return processor seconds by model where there is one thread."""
    from dbt.cli.main import dbtRunner

    os.environ["SHIPWORTHY_WAREHOUSE"] = str(place / "scale.duckdb")
    os.environ["SHIPWORTHY_MEMORY_LIMIT"] = limit
    started: dict[str, float] = {}
    seconds: dict[str, float] = {}

    def note(event: object) -> None:
        if event.info.name == "NodeStart":
            started[event.data.node_info.node_name] = time.process_time()
        elif event.info.name == "NodeFinished":
            name = event.data.node_info.node_name
            seconds[name] = time.process_time() - started[name]

    target = place.parent / "target"
    places = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
    places += ["--target-path", str(target), "--log-path", str(place)]
    options = ["--threads", str(threads), "--vars", "{shipworthy__demo: false}"]
    if not dbtRunner(callbacks=[note]).invoke(["--quiet", *command, *options, *places]).success:
        sys.exit(1)
    return seconds


def turnover(place: Path) -> list[str]:
    """Return the models between the staged tables and `code_turnover`, itself included."""
    manifest = json.loads((place.parent / "target" / "manifest.json").read_text())
    found, left = set(), ["model.shipworthy.shipworthy__code_turnover"]
    while left:
        name = left.pop()
        if name not in found and name.split(".")[-1].startswith(("int_", "shipworthy__code")):
            found.add(name)
            left += manifest["parent_map"][name]
    return sorted(name.split(".")[-1] for name in found)


def scan(place: Path) -> None:
    """Read every column of every input once, and aggregate it."""
    with duckdb.connect(str(place / "scale.duckdb"), read_only=True) as connection:
        for name, table in TABLES.items():
            parts = [
                f'sum("{column}")' if kind in ("BIGINT", "DOUBLE") else f'max("{column}")'
                for column, kind in table.columns.items()
            ]
            connection.execute(f"select count(*), {', '.join(parts)} from {RAW_SCHEMA}.{name}")


def by_hand(place: Path) -> dict:
    """Count the cohorts of `code_turnover` by one query, and compare its sums with the mart's."""
    with duckdb.connect(str(place / "scale.duckdb"), read_only=True) as connection:
        [[end]] = connection.execute(
            "select max(loaded_through) from shipworthy_raw.load_watermarks"
        ).fetchall()
        started = time.process_time()
        query = BY_HAND.format(end=end)
        mine = connection.execute(
            f"select sum(lines_added), sum(lines_removed) from ({query})"
        ).fetchone()
        seconds = time.process_time() - started
        marts = connection.execute(
            "select sum(lines_added), sum(lines_removed) from shipworthy.code_turnover"
        ).fetchone()
    return {"seconds": seconds, "by_hand": mine, "mart": marts}


STEPS = {"make": make, "attach": attach, "dbt": run_dbt, "scan": scan, "by_hand": by_hand}


def step(name: str, *arguments: object) -> dict:
    """Run a step in a process of its own; return what it returns and what it cost."""
    given = json.dumps([str(one) if isinstance(one, Path) else one for one in arguments])
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--step", name, given],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout[-3000:] or f"{name} failed")
    return json.loads(done.stdout.splitlines()[-1]) | {"wall": time.perf_counter() - started}


def run_step(name: str, arguments: list) -> None:
    """Run a step here and print what it returns and what it cost."""
    arguments = [
        Path(one) if isinstance(one, str) and one.startswith("/") else one for one in arguments
    ]
    result = STEPS[name](*arguments)
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    cost = {"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * unit}
    print("\n" + json.dumps({"result": result, **cost}, default=str))


def measure(scale: float, scratch: Path, threads: int) -> dict:
    """Measure one scale."""
    place = scratch / f"f{scale}"
    place.mkdir()
    made = step("make", scale, place)
    step("attach", place)
    limit = memory_limit(scale)
    step("dbt", place, limit, 1, "seed", "--select", "path:seeds/reference")
    built = step("dbt", place, limit, threads, "run")
    found = {"scale": scale, "made": made, "run": built, "scan": step("scan", place)}
    found["by_hand"] = step("by_hand", place)
    seconds = built["result"]
    found["turnover"] = sum(seconds.get(name, 0.0) for name in turnover(place))
    for path in sorted(place.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return found


def machine() -> str:
    """Return what it was measured on."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("duckdb", "dbt-core", "dbt-duckdb", "shipworthy")
    )
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {pages * size / 2**30:.0f} GiB; "
        f"Python {platform.python_version()}, {versions}"
    )


def table(own: dict, found: list[dict], threads: int) -> str:
    """Return the measurements as a page's tables."""
    limits = dict.fromkeys(memory_limit(one["scale"]) for one in found)
    least = sum(own["made"]["result"].values())
    lines = [
        f"Measured by `benchmarks/scale.py` on {machine()}; dbt with {threads} "
        f"thread{'s' if threads > 1 else ''} and {', '.join(limits)} for DuckDB. dbt's own part, "
        f"the same run over {least:,} rows, took {own['run']['cpu']:.0f} s of processor time. Load "
        f"of the machine before and after: {own['load']:.1f}, {os.getloadavg()[0]:.1f} (wall time "
        "grows with it, processor time hardly).",
        "",
        "| scale | rows | of them usage | make, cpu s | run, wall s | run, cpu s "
        "| beyond dbt, cpu s | peak memory, GiB | scan, cpu s | beyond dbt / scan "
        "| `code_turnover`, cpu s "
        "| by hand, cpu s | ratio |",
        "|" + " ---: |" * 13,
    ]
    for one in found:
        rows = one["made"]["result"]
        beyond = one["run"]["cpu"] - own["run"]["cpu"]
        hand = one["by_hand"]["result"]["seconds"]
        cells = (
            f"{one['scale']:g}", f"{sum(rows.values()):,}", f"{rows['ai_usage']:,}",
            f"{one['made']['cpu']:.1f}", f"{one['run']['wall']:.0f}", f"{one['run']['cpu']:.0f}",
            f"{beyond:.0f}", f"{one['run']['memory'] / 2**30:.1f}", f"{one['scan']['cpu']:.1f}",
            f"{beyond / one['scan']['cpu']:.1f}", f"{one['turnover']:.1f}", f"{hand:.1f}",
            f"{one['turnover'] / hand:.1f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    small, large = found[0], found[-1]
    if small is not large:
        growth = sum(large["made"]["result"].values()) / sum(small["made"]["result"].values())
        cost = (large["run"]["cpu"] - own["run"]["cpu"]) / (small["run"]["cpu"] - own["run"]["cpu"])
        lines += ["", f"{growth:.1f} times the rows take {cost:.1f} times the processor time."]
    lines += ["", f"The models that take most at {large['scale']:g}:", ""]
    lines += ["| model | cpu s |", "| --- | ---: |"]
    seconds = sorted(large["run"]["result"].items(), key=lambda item: -item[1])
    lines += [f"| `{name}` | {cost:.1f} |" for name, cost in seconds[:12]]
    return "\n".join(lines)


def draw(own: dict, found: list[dict]) -> str:
    """Return the plot of cost against size."""
    import altair as alt
    import vl_convert

    points = []
    for one in found:
        rows = sum(one["made"]["result"].values())
        points += [
            {"rows": rows, "seconds": max(one["run"]["cpu"] - own["run"]["cpu"], 0.1), "of": "run"},
            {"rows": rows, "seconds": one["scan"]["cpu"], "of": "one scan of all inputs"},
        ]
    chart = (
        alt.Chart(alt.Data(values=points), width=420, height=260)
        .mark_line(point=True)
        .encode(
            x=alt.X("rows:Q", scale=alt.Scale(type="log"), title="rows of all inputs"),
            y=alt.Y(
                "seconds:Q", scale=alt.Scale(type="log"), title="processor seconds, beyond dbt"
            ),
            color=alt.Color("of:N", title=None),
        )
    )
    return vl_convert.vegalite_to_svg(chart.to_dict())


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scales", type=float, nargs="*", default=[0.01, 0.1])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        run_step(arguments.step[0], json.loads(arguments.step[1]))
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        own = measure(SMALLEST, Path(scratch), arguments.threads) | {"load": load}
        found = [
            measure(scale, Path(scratch), arguments.threads) for scale in sorted(arguments.scales)
        ]
    told = table(own, found, arguments.threads)
    print(told)
    for one in found:
        sums = one["by_hand"]["result"]
        if sums["by_hand"] != sums["mart"]:
            sys.exit(f"By hand {sums['by_hand']}, the mart {sums['mart']}: not the same lines.")
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        # One size is no line.
        plot = "\n\n![Cost against size](scale.svg)" if found[1:] else ""
        part = f"{BEGINS}\n\n{told}{plot}\n\n{ENDS}"
        page = re.sub(f"{BEGINS}.*{ENDS}", lambda _: part, page, flags=re.DOTALL)
        PAGE.write_text(page, encoding="utf-8")
        if plot:
            PLOT.write_text(draw(own, found), encoding="utf-8")


if __name__ == "__main__":
    main()
