"""Run Superset once on published marts: connection, data set, chart and dashboard, by its API.

    python dashboards/try_superset.py ENVIRONMENT OUTCOMES.duckdb

ENVIRONMENT is a virtual environment with apache-superset and duckdb-engine. Superset listens on
loopback, keeps its own database in a temporary directory and is stopped at the end. What is printed
is what was found; a chart without an answer ends the run with exit code 1.
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from shipworthy.dashboards import write_dashboards

ADMIN = "admin"
START_SECONDS = 120
CONFIG = """
import os
SECRET_KEY = os.environ["TRY_SUPERSET_SECRET"]
SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.environ["TRY_SUPERSET_HOME"] + "/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
# Superset counts DuckDB's files among those that could read its own disk.
PREVENT_UNSAFE_DB_CONNECTIONS = False
"""


class Superset:
    """A running server, and a session that is logged in.

    Parameters
    ----------
    address : str
        Such as `http://127.0.0.1:8088`.
    password : str
        Of `admin`.
    """

    def __init__(self, address: str, password: str) -> None:
        self.address = address
        self.session = requests.Session()
        self.session.trust_env = False
        token = self.post(
            "security/login",
            json={"username": ADMIN, "password": password, "provider": "db", "refresh": False},
        )["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def post(self, path: str, **options) -> dict:
        """Send, and return the answer.

        Raises
        ------
        RuntimeError
            If it is an error; with Superset's words.
        """
        answer = self.session.post(f"{self.address}/api/v1/{path}", timeout=120, **options)
        if not answer.ok:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:2000]}")
        return answer.json()

    def get(self, path: str) -> dict:
        """Ask, and return the answer; raises as `post`."""
        answer = self.session.get(f"{self.address}/api/v1/{path}", timeout=120)
        if not answer.ok:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:2000]}")
        return answer.json()


def by_hand(superset: Superset, database: str) -> None:
    """What a user would click: a connection, a data set, a chart and its rows."""
    connection = superset.post(
        "database/", json={"database_name": "by hand", "sqlalchemy_uri": database}
    )["id"]
    dataset = superset.post(
        "dataset/",
        json={"database": connection, "schema": "shipworthy", "table_name": "team_scorecard"},
    )["id"]
    columns = superset.get(f"dataset/{dataset}")["result"]["columns"]
    print(f"data set team_scorecard: {len(columns)} columns")
    query = {"columns": ["team"], "metrics": ["count"], "row_limit": 100}
    chart = superset.post(
        "chart/",
        json={
            "slice_name": "weeks by team",
            "viz_type": "table",
            "datasource_id": dataset,
            "datasource_type": "table",
            "params": '{"viz_type": "table"}',
        },
    )["id"]
    rows = superset.post(
        "chart/data",
        json={
            "datasource": {"id": dataset, "type": "table"},
            "queries": [query],
            "form_data": {"slice_id": chart},
        },
    )["result"][0]["data"]
    print(f"chart weeks by team: {rows}")
    if not rows:
        raise RuntimeError("the chart is empty")


def imported(superset: Superset, bundle: Path) -> list[str]:
    """Import the bundle and ask every chart for its rows; return what went wrong."""
    with bundle.open("rb") as file:
        superset.post(
            "dashboard/import/",
            files={"formData": (bundle.name, file, "application/zip")},
            data={"overwrite": "true", "passwords": "{}"},
        )
    charts = superset.get("dashboard/shipworthy/charts")["result"]
    wrong = []
    for chart in charts:
        name, number = chart["slice_name"], chart["id"]
        try:
            result = superset.get(f"chart/{number}/data/")["result"][0]
        except RuntimeError as error:
            wrong.append(f"{name}: {error}")
            continue
        print(f"{name}: {result['rowcount']} rows")
        if result.get("error"):
            wrong.append(f"{name}: {result['error']}")
    print(f"{len(charts)} charts on the dashboard")
    return wrong if charts else ["the dashboard has no chart"]


def main() -> None:
    """Start Superset, do both, stop it."""
    environment, outcomes = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    database = f"duckdb:///{outcomes}?access_mode=read_only"
    password = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "superset_config.py").write_text(CONFIG)
        variables = os.environ | {
            "SUPERSET_CONFIG_PATH": f"{home}/superset_config.py",
            "SUPERSET_HOME": home,
            "TRY_SUPERSET_HOME": home,
            "TRY_SUPERSET_SECRET": secrets.token_urlsafe(42),
            "FLASK_APP": "superset.app:create_app()",
            "PYTHONWARNINGS": "ignore",
        }
        program = environment / "bin" / "superset"

        def run(*arguments: str) -> None:
            subprocess.run(
                [program, *arguments], env=variables, check=True, stdout=subprocess.DEVNULL
            )

        run("db", "upgrade")
        run(
            *("fab", "create-admin", "--username", ADMIN, "--firstname", "A", "--lastname", "B"),
            *("--email", "admin@example.com", "--password", password),
        )
        run("init")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with subprocess.Popen(
            [program, "run", "--host", "127.0.0.1", "--port", str(port)],
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server:
            try:
                address = f"http://127.0.0.1:{port}"
                _wait_for(address)
                superset = Superset(address, password)
                by_hand(superset, database)
                write_dashboards(Path(home), database=database)
                wrong = imported(superset, Path(home) / "superset.zip")
            finally:
                server.terminate()
    sys.exit("\n".join(wrong) or 0)


def _wait_for(address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if requests.get(f"{address}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(1)
    raise RuntimeError(f"Superset did not start within {START_SECONDS} seconds")


if __name__ == "__main__":
    main()
