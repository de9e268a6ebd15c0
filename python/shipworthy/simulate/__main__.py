"""Write the demo data: `python -m shipworthy.simulate --out seeds/demo --seed 20260105`."""

from pathlib import Path

import click

from shipworthy.simulate import Parameters, simulate, write_tables


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option("--seed", type=int, default=Parameters.seed, show_default=True)
def main(out: Path, seed: int) -> None:
    """Simulate a small organisation and write its data as CSV files."""
    tables = simulate(Parameters(seed=seed))
    write_tables(tables, out)
    click.echo(f"{sum(map(len, tables.values()))} rows of {len(tables)} tables in {out}")


if __name__ == "__main__":
    main()
