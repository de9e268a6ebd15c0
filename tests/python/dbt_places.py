"""Where tests find the project, and how it is parsed once for all of them."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The catalog that stands in what is parsed; each run puts in the name of its own file.
CATALOG = "warehouse"
# What dbt printed as it parsed, and what it keeps to parse no file twice.
PARSED, STATE = "parsed.txt", "partial_parse.msgpack"
# With unit tests, which a run leaves out that does not ask for them.
VARIABLES = json.dumps({"shipworthy__unit_tests": True})
