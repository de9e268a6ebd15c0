"""What somebody waits for who uses shipworthy for the first time, command by command.

    python benchmarks/first_use.py [--walk demo|repository|exports ...] [--repository PATH]

Each walk begins in an empty directory with commands as the README gives them, and prints of each
the seconds waited, the processor seconds, and the last line that it said. `demo` clones this
project and builds the demo, with the packages of requirements.lock downloaded before and not
counted. `repository` goes from a repository that shipworthy has never seen to its page;
`exports` adds three CSV files that name people by their e-mail addresses, and ends with the
headline. The repository is this project's own unless another is named; its authors, deployments of
each tenth commit and two incidents are the exports. Ends with exit code 1 where a walk leaves no
page or takes longer than it may.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Seconds of waiting that each walk may take after downloads, on two cores.
ALLOWED = {"demo": 180, "repository": 180, "exports": 300}


def step(command: str, directory: Path, **environment: str) -> tuple[float, float, str]:
    """Run a command as a shell does.

    Returns
    -------
    tuple of float, float and str
        Seconds waited, processor seconds, and the last line that was printed.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails; what it printed is on standard error.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    done = subprocess.run(
        command,
        shell=True,
        cwd=directory,
        env={name: value for name, value in os.environ.items() if not name.startswith("SHIPWORTHY")}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    waited = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    done.check_returncode()
    busy = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return waited, busy, (done.stdout.strip().splitlines() or [""])[-1]


def git(repository: Path, *arguments: str) -> list[str]:
    """Return the lines that git prints."""
    command = ["git", "-C", repository, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def write_exports(repository: Path, directory: Path) -> datetime:
    """Write deployments.csv, incidents.csv and people.csv; return up to when they are complete."""
    name = repository.resolve().name.replace("+", "/")
    commits = [
        (sha, datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None))
        for sha, seconds in (
            line.split() for line in git(repository, "log", "--first-parent", "--format=%H %ct")
        )
    ][::-1]
    live = commits[9::10]
    directory.mkdir()

    def write(table: str, *rows: dict[str, object]) -> None:
        with (directory / f"{table}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    write(
        "deployments",
        *(
            {
                "deployment_id": f"deploy-{number}",
                "repository": name,
                "service": name,
                "environment": "production",
                "sha": sha,
                "status": "success",
                "finished_at": at,
            }
            for number, (sha, at) in enumerate(live)
        ),
    )
    write(
        "incidents",
        *(
            {
                "incident_id": f"INC-{number}",
                "service": name,
                "severity_label": label,
                "opened_at": at + timedelta(hours=2),
                "resolved_at": at + timedelta(hours=5),
            }
            for number, (label, (_, at)) in enumerate(
                zip(("SEV2", "SEV3"), live[::7], strict=False)
            )
        ),
    )
    people = sorted(set(git(repository, "log", "--format=%ae")))
    write("people", *({"person_key": who, "team": "builders", "kind": "human"} for who in people))
    return commits[-1][1]


def demo(directory: Path) -> Iterator[tuple[str, float, float, str]]:
    """From `git clone` to the page of the demo."""
    wheels = directory / "downloads"
    step(
        f"{sys.executable} -m pip --quiet download --require-hashes --no-deps"
        f" --dest {wheels} --requirement {ROOT}/requirements.lock",
        directory,
    )
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    for command, where in (
        (f"git clone --quiet {ROOT} shipworthy", directory),
        ("make build", directory / "shipworthy"),
    ):
        yield command, *step(command, where, **offline)
    assert (directory / "shipworthy" / "outcomes.html").is_file()


def commands(directory: Path, *given: str) -> Iterator[tuple[str, float, float, str]]:
    """Run shipworthy's commands of this environment in an empty directory."""
    program = Path(sys.executable).parent / "shipworthy"
    for arguments in given:
        yield (
            f"shipworthy {arguments}",
            *step(f"{program} {arguments}", directory, SHIPWORTHY_WAREHOUSE="mine.duckdb"),
        )
    assert (directory / "outcomes.html").is_file()


def main() -> None:
    """Print a table a walk."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--walk", action="append", choices=ALLOWED)
    parser.add_argument("--repository", type=Path, default=ROOT)
    given = parser.parse_args()
    repository = given.repository.resolve()
    late = []
    for walk in given.walk or ALLOWED:
        with tempfile.TemporaryDirectory() as scratch:
            directory = Path(scratch) / walk
            directory.mkdir()
            load = f"load git {repository} --releases 'v*'"
            if walk == "demo":
                steps = demo(directory)
            elif walk == "repository":
                steps = commands(directory, load, "build")
            else:
                through = write_exports(repository, directory / "exports")
                files = f"load files exports --through {through:%Y-%m-%dT%H:%M:%S}"
                steps = commands(directory, load, files, "build", "headline")
            print(f"| {walk} | waited, s | processor, s | last line |")
            print("| --- | ---: | ---: | --- |")
            whole = [0.0, 0.0]
            for command, waited, busy, said in steps:
                whole = [whole[0] + waited, whole[1] + busy]
                print(f"| `{command}` | {waited:.1f} | {busy:.1f} | {said} |", flush=True)
            print(f"| all | {whole[0]:.1f} | {whole[1]:.1f} | |\n", flush=True)
            if whole[0] > ALLOWED[walk]:
                late.append(f"{walk} took {whole[0]:.0f} s; it may take {ALLOWED[walk]} s")
    if late:
        sys.exit("\n".join(late))


if __name__ == "__main__":
    main()
