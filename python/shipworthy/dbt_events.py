"""dbt for `shipworthy build`: prints what dbt says as JSON, a line an event.

dbt's own JSON log is not asked for: dbt writes each of its events as a line, 20 a node, and only
then leaves out those that are below the log's level. Here nothing is written but what is passed on.
The file logs/dbt.log stays as dbt makes it.

`python -m shipworthy.dbt_events build --select x` ends with dbt's exit codes: 0, 1 where a node
failed, 2 where dbt could not do what it was told.
"""

import json
import sys
from collections.abc import Sequence

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

_UNTOLD = "debug"


def run(arguments: Sequence[str]) -> int:
    """Run dbt, print its events, and return its exit code.

    Parameters
    ----------
    arguments : sequence of str
        What dbt is told: `build`, `--select`.

    Returns
    -------
    int
        dbt's exit code.
    """
    told = []

    def tell(event: EventMsg) -> None:
        if event.info.level != _UNTOLD:
            told.append(event.info.name)
            print(json.dumps(msg_to_dict(event), default=str), flush=True)

    levels = ("--log-level", "none", "--log-level-file", "debug")
    result = dbtRunner(callbacks=[tell]).invoke([*levels, *arguments])
    if result.exception is None:
        return 0 if result.success else 1
    # A wrong option ends dbt before it says anything.
    if "MainEncounteredError" not in told:
        error = {"name": "MainEncounteredError", "msg": str(result.exception)}
        print(json.dumps({"info": error, "data": {}}), flush=True)
    return 2


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
