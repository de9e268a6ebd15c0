"""Ask a built project for its metrics, as `mf query` does but without its search for updates."""

import json
import os
import shutil
import subprocess
import sys

from dbt_runs import ROOT

_ASK = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

project, questions, answers = map(Path, sys.argv[1:])
configuration = CLIConfiguration()
configuration.setup(project, project, configure_file_logging=False)
rows = []
for question in json.loads(questions.read_text()):
    request = MetricFlowQueryRequest.create(
        metric_names=question["metrics"], group_by_names=question["group_by"] or None
    )
    table = configuration.mf.query(request).result_df
    at = [table.column_names.index(name) for name in question["group_by"] + question["metrics"]]
    rows.append([[row[index] for index in at] for row in table.rows])
answers.write_text(json.dumps(rows, default=lambda value: value.isoformat()))
"""


def query_metrics(run, questions, directory, project=ROOT):
    """Answers to questions about metrics.

    Parameters
    ----------
    run : Run
        A build of the project.
    questions : list of (list, list)
        Names of metrics, and what to group them by.
    directory : Path
        An empty one, for a project of nothing but its settings and its semantic manifest.
    project : Path
        Where dbt_project.yml and profiles.yml are.

    Returns
    -------
    list of list of tuple
        For each question its rows: groups, then metrics. Moments are days.
    """
    (directory / "target").mkdir(parents=True)
    for settings in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(project / settings, directory)
    shutil.copy(run.target / "semantic_manifest.json", directory / "target")
    # MetricFlow opens its warehouse to write; others read this build meanwhile.
    warehouse = shutil.copy(run.warehouse, directory / run.warehouse.name)
    asked, answered = directory / "questions.json", directory / "answers.json"
    asked.write_text(
        json.dumps([{"metrics": metrics, "group_by": group_by} for metrics, group_by in questions])
    )
    done = subprocess.run(
        [sys.executable, "-c", _ASK, str(directory), str(asked), str(answered)],
        cwd=directory,
        env=os.environ
        | {"SHIPWORTHY_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return [
        [tuple(_day(value) for value in row) for row in rows]
        for rows in json.loads(answered.read_text())
    ]


def _day(value):
    return value.removesuffix("T00:00:00") if isinstance(value, str) else value
