# Two commands: `make build` sets everything up and builds the demo, `make test` checks it.
# Nothing is needed but git and Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# Spark is 400 MB, and an environment of its own.
SPARK := .venv-spark
# `make test-spark SPARK_TESTS="spark and not cluster"` leaves the cluster out, which is half of the time.
SPARK_TESTS ?= spark
# A file of tests is one worker's, because its tests share what was built; those that build come first.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# One file for the loader and for dbt; a relative path is seen from here.
export SHIPWORTHY_WAREHOUSE ?= warehouse.duckdb
# Without byte code each dbt starts several seconds later.
unexport PYTHONDONTWRITEBYTECODE
# Nothing that runs here reports to anybody.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.DEFAULT_GOAL := build
.PHONY: build setup test test-all test-postgres test-spark test-browser test-installs release-check docs-site sample-report dashboards lint lint-sql check-dbt check-python demo-data contract lock clean

## build: set up, then build and test every model: of what is loaded, else of the demo
build: setup
	@$(BIN)/shipworthy build

## setup: the virtual environment, from the hashed lock
setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "make: $(PYTHON) is not Python 3.11 or newer; install one, or name one: make PYTHON=python3.12" >&2; exit 2; }
	@echo "0:00 making the environment $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "make: $(PYTHON) cannot make virtual environments; install its venv package (Debian: python3-venv)" >&2; exit 2; }
	@date +%s > $(VENV)/started
	@echo "0:00 installing $$(grep -c '^[a-z].*==' requirements.lock) packages from requirements.lock"
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps --requirement requirements.lock
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@seconds=$$(($$(date +%s) - $$(cat $(VENV)/started))); \
		printf '%d:%02d the environment is ready\n' $$((seconds / 60)) $$((seconds % 60))
	@touch $@

## test: lint and pytest, which builds the demo with all of dbt's unit and data tests
test: lint check-python

## test-all: what `make test` leaves out: all of the SQL's lint, builds that differ in a setting, and PostgreSQL
test-all: lint-sql
	$(PYTEST) -m "slow or postgres"

## lint: Python, its types, and the SQL that differs from the origin's branch
lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@since=$$(git merge-base HEAD origin/HEAD 2>/dev/null || echo HEAD); \
		changed=$$(git diff --name-only --diff-filter=d $$since -- 'models/*.sql' 'tests/singular/*.sql'; \
			git ls-files --others --exclude-standard -- 'models/*.sql' 'tests/singular/*.sql'); \
		[ -z "$$changed" ] || $(BIN)/sqlfluff lint --disable-progress-bar $$changed

## lint-sql: all of the SQL, which takes minutes; `make test-all` does it
lint-sql: setup
	$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 models tests/singular

# A warehouse and artifacts of its own, so that a test never touches yours.
check-dbt: setup
	@rm -rf target/test && mkdir -p target/test
	SHIPWORTHY_WAREHOUSE=target/test/demo.duckdb $(BIN)/dbt --warn-error build --target-path target/test \
		--vars 'shipworthy__unit_tests: true'

# Tests make hundreds of small databases and wait for the disk that keeps them: in memory, where 2 GB are free for them.
check-python: setup
	@if [ "$$(df -k /dev/shm 2>/dev/null | awk 'NR == 2 { print $$4 }')" -gt 2097152 ] 2>/dev/null; then \
		TMPDIR=$$(mktemp -d /dev/shm/shipworthy.XXXXXX) && export TMPDIR && trap 'rm -rf "$$TMPDIR"' EXIT; \
	fi; \
	$(PYTEST)

## test-postgres: build on a PostgreSQL server of its own, gone afterwards, and compare every row with DuckDB's
test-postgres: setup
	$(BIN)/pytest -m postgres

## test-spark: build with Spark, in one process and on a cluster of its own, and compare every row with DuckDB's (needs Java 17)
test-spark: $(SPARK)/ready
	$(SPARK)/bin/pytest -m "$(SPARK_TESTS)" tests/python/test_spark.py

$(SPARK)/ready: requirements-spark.lock pyproject.toml
	$(PYTHON) -m venv --clear $(SPARK)
	$(SPARK)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps --requirement requirements-spark.lock
	$(SPARK)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

## test-browser: the sample page in chromium (Debian: apt-get install chromium chromium-driver)
test-browser: setup
	$(BIN)/pytest -m browser

## sample-report: make docs/sample-report.html and its pictures anew, from a build of the demo
sample-report: setup
	@rm -rf target/sample && mkdir -p target/sample
	SHIPWORTHY_WAREHOUSE=target/sample/demo.duckdb $(BIN)/dbt --quiet build \
		--exclude-resource-type test --exclude-resource-type unit_test --target-path target/sample \
		--vars 'shipworthy__demo: true'
	SHIPWORTHY_WAREHOUSE=target/sample/demo.duckdb $(BIN)/python benchmarks/sample_report.py

## test-installs: in environments of their own, from the package index: both dbt versions, other databases' adapters, the wheel
test-installs: setup
	$(BIN)/pytest --numprocesses 2 --dist load -m installs

## release-check: what must hold before a version is tagged; see CONTRIBUTING.md
release-check: setup
	@test -z "$$(git status --porcelain)" || { echo "make: commit or remove what git status lists" >&2; exit 2; }
	@version=$$($(BIN)/python -c 'import shipworthy; print(shipworthy.__version__)'); \
		! git rev-parse --quiet --verify "refs/tags/v$$version" >/dev/null || \
			{ echo "make: v$$version is tagged already; raise __version__, dbt_project.yml and CHANGELOG.md" >&2; exit 2; }; \
		! grep -q "^## $$version (unreleased)" CHANGELOG.md || \
			{ echo "make: CHANGELOG.md calls $$version unreleased; write the day there" >&2; exit 2; }
	$(MAKE) test test-all test-browser test-installs

## docs-site: dbt's documentation of what was built as one page, target/docs/static_index.html
docs-site: setup
	$(BIN)/dbt docs generate --static --target-path target/docs

## dashboards: make the dashboards anew from the panels of the page
dashboards: setup
	$(BIN)/shipworthy dashboards --out dashboards

## demo-data: make the demo seeds anew
demo-data: setup
	$(BIN)/shipworthy simulate --out seeds/demo

## contract: write what dbt and the pages say of the source contract, from python/shipworthy/contract.py
contract: setup
	$(BIN)/shipworthy contract --write

## lock: resolve the dependencies anew (needs uv)
lock:
	uv pip compile pyproject.toml --universal --generate-hashes --extra dbt --extra dev --extra postgres --extra report \
		--no-emit-index-url --no-header --no-annotate --output-file requirements.lock
	uv pip compile pyproject.toml --universal --generate-hashes --extra dbt --extra dev --extra spark \
		--constraint requirements.lock --no-emit-index-url --no-header --no-annotate --output-file requirements-spark.lock

## clean: remove what was built, but never a warehouse
clean:
	rm -rf target logs $(VENV) $(SPARK)
