"""What cheap moves earn: the demo organisation builds its marts honestly, then with each move made.

    python benchmarks/gaming.py

Prints one row a move: how far it moves each headline, as a ratio to the honest run of the same
data. Everything is computed by the models, in throw-away warehouses.
"""

import tempfile
from pathlib import Path

import duckdb

from shipworthy.simulate import Gaming, Parameters
from simulated_build import build

MOVES = {
    "honest": Gaming(),
    "each deployment split in 5": Gaming(split_deployments=5),
    "each deployment split in 30": Gaming(split_deployments=30),
    "each service split in 4": Gaming(split_services=4),
    "30 % dead lines added": Gaming(padded_share=0.3),
    "100 % dead lines added": Gaming(padded_share=1.0),
}
QUERY = """
with shipping as (
    select sum(normalized_deployments) as normalized_deployments
    from shipworthy.normalized_deployments where is_mature
), failing as (
    select
        sum(failure_weight) / sum(closed_releases) as severity_weighted_failure_rate,
        sum(failure_weight) as failure_weight
    from shipworthy.severity_weighted_failure_rate where is_mature
)
select
    shipping.normalized_deployments,
    failing.severity_weighted_failure_rate,
    failing.failure_weight / shipping.normalized_deployments,
    headline.turnover_ratio
from shipping cross join failing cross join shipworthy.headline as headline
"""
MEASURES = (
    "normalized deployments",
    "severity-weighted failure rate",
    "failure weight per normalized deployment",
    "turnover ratio",
)


def measure(gaming: Gaming, directory: Path) -> tuple[float, ...]:
    """Build the marts of the gamed organisation; return the measures in the order of MEASURES."""
    warehouse = build(Parameters(gaming=gaming), directory)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(QUERY).fetchall()[0]


def main() -> None:
    """Print the table."""
    print(f"| move | {' | '.join(MEASURES)} |")
    print(f"| --- |{' ---: |' * len(MEASURES)}")
    honest = None
    for name, gaming in MOVES.items():
        with tempfile.TemporaryDirectory() as directory:
            values = measure(gaming, Path(directory))
        if honest is None:
            honest = values
            print(f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |")
        else:
            changes = (
                f"{value / base - 1:+.1%}" for value, base in zip(values, honest, strict=True)
            )
            print(f"| {name} | {' | '.join(changes)} |")


if __name__ == "__main__":
    main()
