"""How far headlines move when 5 % of all rows are broken, against the same rows being absent.

    python benchmarks/broken_rows.py [--seeds 8] [--table NAME ...] [--small 50]

Loads the demo, breaks one row in twenty of each table in one of the ways of
tests/python/broken_rows.py (other rows and ways for every seed), runs the models, and compares the
headlines with those of the sound rows; then takes the same rows away instead and does so again.
Nothing that must do without a row can do better than when the row was never there: what `broken`
moves beyond `absent` is the package's, the rest is what the rows said. `--table` breaks these
tables alone. Tables of fewer than `--small` rows keep all of theirs. Half a minute a build.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "python"))

HEADLINES = (
    "normalized_deployments_per_week",
    "severity_weighted_failure_rate",
    "harm_per_builder_week",
    "turnover_ratio",
)


def headlines(warehouse: Path) -> dict[str, float | None]:
    """Build what the headline needs, and return it."""
    from dbt_runs import query, run_dbt

    selected = ("--select", "+shipworthy__headline", "--exclude-resource-type", "test")
    run_dbt("build", warehouse, *selected, variables={"demo": False})
    (row,) = query(warehouse, f"select {', '.join(HEADLINES)} from shipworthy.headline")
    return dict(zip(HEADLINES, row, strict=True))


def main() -> None:
    """Print by headline the median and worst move over the seeds, in percent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--table", action="append")
    parser.add_argument("--small", type=int, default=50)
    arguments = parser.parse_args()

    from broken_rows import break_tables
    from dbt_runs import two_at_a_time
    from shipworthy.contract import TABLES
    from shipworthy.files import load_files

    tables = arguments.table or list(TABLES)
    with tempfile.TemporaryDirectory() as scratch:
        sound = Path(scratch) / "sound" / "warehouse.duckdb"
        sound.parent.mkdir()
        load_files(ROOT / "seeds" / "demo", sound)

        def build(job: tuple[int, bool]) -> dict[str, float | None]:
            seed, absent = job
            warehouse = Path(scratch) / f"{seed}-{absent}" / "warehouse.duckdb"
            warehouse.parent.mkdir()
            shutil.copy(sound, warehouse)
            break_tables(warehouse, tables, absent, seed=seed, small=arguments.small)
            found = headlines(warehouse)
            shutil.rmtree(warehouse.parent)
            return found

        seeds = range(arguments.first, arguments.first + arguments.seeds)
        found = two_at_a_time(build, [(seed, absent) for seed in seeds for absent in (False, True)])
        before = headlines(sound)

    print(f"| headline | sound | rows | {' | '.join(map(str, seeds))} | median | worst |")
    print(f"| --- | ---: | --- |{' ---: |' * (len(seeds) + 2)}")
    for name in HEADLINES:
        for absent in (False, True):
            values = [found[seed, absent][name] for seed in seeds]
            moves = [100 * (value / before[name] - 1) for value in values if value is not None]
            sizes = sorted(map(abs, moves))
            shown = [
                "none" if value is None else f"{100 * (value / before[name] - 1):+.1f}"
                for value in values
            ]
            print(
                f"| {name} | {before[name]:.4f} | {'absent' if absent else 'broken'} |"
                f" {' | '.join(shown)} | {statistics.median(sizes):.1f} % | {sizes[-1]:.1f} % |"
            )


if __name__ == "__main__":
    main()
