"""How often each gaming signal fires on honest teams, and on the teams of the demo.

    python benchmarks/signal_rates.py [SEEDS]

Simulates the organisation without its stories (nobody cheats, nobody is careless) for a few seeds,
builds `gaming_signals` in throw-away warehouses and prints, for each signal, the share of judged
team-weeks in which it fires: mature, with a value. Then the weeks in which it fires by team of the
demo organisation.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

import duckdb

from shipworthy.simulate import HONEST, Parameters
from simulated_build import build

SEEDS = 8
JUDGED = """
select signal, team, is_firing from shipworthy.gaming_signals
where is_mature and is_firing is not null
"""


def judge(parameters: Parameters, directory: Path) -> list[tuple[str, str, bool]]:
    """Build the signals of an organisation; return signal, team and verdict of each judged row."""
    warehouse = build(parameters, directory, "--select", "+shipworthy__gaming_signals")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(JUDGED).fetchall()


def main() -> None:
    """Print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    judged, fired, told = Counter(), Counter(), Counter()
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as directory:
            rows = judge(Parameters(seed=seed, teams=HONEST), Path(directory))
        for signal, _, is_firing in rows:
            judged[signal] += 1
            fired[signal] += is_firing
    with tempfile.TemporaryDirectory() as directory:
        for signal, team, is_firing in judge(Parameters(), Path(directory)):
            told[signal, team] += is_firing
    print("| signal | honest team-weeks judged | fired | share | weeks fired in the demo |")
    print("| --- | ---: | ---: | ---: | --- |")
    for signal in sorted(judged):
        teams = [(team, told[one, team]) for one, team in told if one == signal]
        weeks = ", ".join(f"{team} {count}" for team, count in sorted(teams) if count)
        print(
            f"| `{signal}` | {judged[signal]} | {fired[signal]} |"
            f" {fired[signal] / judged[signal]:.1%} | {weeks or 'none'} |"
        )


if __name__ == "__main__":
    main()
