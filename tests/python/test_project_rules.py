"""Rules of a dbt project over its manifest, those of dbt-project-evaluator that matter here.

What may break one stands in data/rule_exceptions.yml with its reason.
"""

import re
from collections import defaultdict

import pytest
import yaml

from dbt_runs import ROOT, read_parsed
from shipworthy.report.panels import PANELS

EXCEPTIONS = yaml.safe_load(
    (ROOT / "tests" / "python" / "data" / "rule_exceptions.yml").read_text()
)
LAYERS = ("staging", "intermediate", "semantic", "marts")
PREFIXES = {
    "staging": r"stg_shipworthy__",
    "intermediate": r"int_shipworthy__",
    "semantic": r"shipworthy__\w+|int_shipworthy__",
    "marts/core": r"(fct|dim)_shipworthy__",
    "marts/metrics": r"shipworthy__",
}
MANY = 7

pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return read_parsed(tmp_path_factory.mktemp("rules") / "target")


class Project:
    """Models of a manifest, and who reads whom."""

    def __init__(self, manifest):
        self.models = {
            key: node
            for key, node in manifest.nodes.items()
            if node.resource_type == "model"
            and node.package_name == "shipworthy"
            # A place of rows while a run lasts, and no thought of its own.
            and not node.name.endswith("_in_run")
        }
        self.parents = {
            key: [parent for parent in node.depends_on.nodes if parent in self.models]
            for key, node in self.models.items()
        }
        self.children = defaultdict(list)
        for key, parents in self.parents.items():
            for parent in parents:
                self.children[parent].append(key)

    def name(self, key):
        return self.models[key].name

    def layer(self, key):
        return LAYERS.index(self.models[key].fqn[1])

    def of_layer(self, layer):
        return [key for key in self.models if self.models[key].fqn[1] == layer]


@pytest.fixture(scope="module")
def project(manifest):
    return Project(manifest)


def assert_only_exceptions(rule, found):
    """Compare what was found with the committed list, both ways."""
    listed = EXCEPTIONS[rule]
    assert set(found) == set(listed)
    assert all(len(reason) > 9 and reason.endswith(".") for reason in listed.values())


def test_no_model_reads_a_later_layer(project):
    wrong = [
        f"{project.name(key)} reads {project.name(parent)}"
        for key, parents in project.parents.items()
        for parent in parents
        if project.layer(parent) > project.layer(key)
    ]
    assert not wrong


def test_only_staging_reads_what_was_loaded(project):
    wrong = [
        project.name(key)
        for key, node in project.models.items()
        if node.fqn[1] != "staging"
        and any(
            parent.startswith(("source.", "seed."))
            and not parent.startswith("seed.shipworthy.shipworthy__")
            for parent in node.depends_on.nodes
        )
    ]
    assert not wrong


def test_staging_stands_on_its_input_alone(project):
    assert_only_exceptions(
        "staging_reads_staging",
        [project.name(key) for key in project.of_layer("staging") if project.parents[key]],
    )


def test_marts_stand_on_intermediate_models(project):
    assert_only_exceptions(
        "marts_read_staging",
        [
            project.name(key)
            for key in project.of_layer("marts")
            if any(project.layer(parent) == 0 for parent in project.parents[key])
        ],
    )


def test_no_model_has_many_parents(project):
    """Checks of data quality do: that is what they are."""
    assert_only_exceptions(
        "many_parents",
        [
            project.name(key)
            for key, node in project.models.items()
            if sum(not parent.endswith("_in_run") for parent in node.depends_on.nodes) >= MANY
            and node.fqn[2] != "quality"
        ],
    )


def test_a_model_reads_like_a_short_story(project):
    """One thought a model; what is longer than 250 lines says why in its head as well."""
    lines = {
        node.name: (ROOT / node.original_file_path).read_text().splitlines()
        for node in project.models.values()
    }
    long = [name for name, text in lines.items() if len(text) > 250]
    assert_only_exceptions("long_models", long)
    assert [
        name for name in long if "Longer than other models" not in "".join(lines[name][:4])
    ] == []


def test_nothing_is_read_again_beside_what_was_made_from_it(project):
    again = {
        project.name(ancestor)
        for key, parents in project.parents.items()
        for parent in parents
        if project.children[parent] == [key]
        for ancestor in project.parents[parent]
        if ancestor in parents
    }
    assert_only_exceptions("parents_read_again", again)


def test_every_model_is_read(project, manifest):
    exposed = {key for one in manifest.exposures.values() for key in one.depends_on.nodes}
    assert_only_exceptions(
        "read_by_nobody",
        [
            project.name(key)
            for key, node in project.models.items()
            if not project.children[key] and key not in exposed and node.fqn[1] != "marts"
        ],
    )


def test_every_source_is_read(project, manifest):
    read = {parent for node in project.models.values() for parent in node.depends_on.nodes}
    sources = {
        key for key, source in manifest.sources.items() if source.source_name == "shipworthy_raw"
    }
    assert sources
    assert sources <= read


def test_loads_are_watched_for_their_age(manifest):
    """Every load of every source leaves a watermark, so that one table says how old all are."""
    watched = [
        source.name
        for source in manifest.sources.values()
        if source.freshness and source.freshness.warn_after and source.freshness.warn_after.count
    ]
    assert watched == ["load_watermarks"]


def test_names_say_the_layer(project):
    wrong = []
    for node in project.models.values():
        folder = "/".join(node.fqn[1:3]) if node.fqn[1] == "marts" else node.fqn[1]
        if not re.match(PREFIXES[folder], node.name):
            wrong.append(f"{folder}/{node.name}")
    assert not wrong


def test_every_unit_test_runs_on_postgresql(manifest):
    """A relation of its name is made, and PostgreSQL takes 63 characters."""
    names = [test.name for test in manifest.unit_tests.values()]
    assert len(names) > 100
    assert not [name for name in names if len(name) > 63]


def test_no_relation_is_named_by_hand(project):
    """What a model reads it refers to, or dbt does not know of it."""
    literal = re.compile(r"\b(?:from|join)\s+(?!\{)\w+\.\w+", re.I)
    wrong = [node.name for node in project.models.values() if literal.search(node.raw_code)]
    assert not wrong


def test_every_mart_tests_its_grain(project, manifest):
    """Beside the key of its contract: Spark and others keep none."""
    tested = {
        node.attached_node
        for node in manifest.nodes.values()
        if node.resource_type == "test"
        and getattr(getattr(node, "test_metadata", None), "name", None) == "unique_grain"
    }
    assert [project.name(key) for key in project.of_layer("marts") if key not in tested] == []


def test_exposures_name_the_marts_that_they_show(project, manifest):
    relations = {
        name: {project.models[key].alias for key in one.depends_on.nodes}
        for name, one in ((one.name, one) for one in manifest.exposures.values())
    }
    marts = {project.models[key].alias for key in project.of_layer("marts")}
    assert all(shown <= marts for shown in relations.values())
    panels = {panel.mart for panel in PANELS}
    charts = {
        chart.mart
        for panel in PANELS
        for chart in getattr(panel, "charts", ())
        if getattr(chart, "mart", None)
    }
    assert relations["shipworthy_panels"] >= panels | charts


# What one database has and another has not, or calls otherwise.
OF_AN_ENGINE = re.compile(
    r"""(?<!\.)\b(?:
        percentile_(?:cont|disc) | stddev\w* | string_agg | array_agg | listagg | date_trunc
        | unnest
        | generate_series | extract\(epoch\b.* | epoch | strftime | to_char | regexp_\w+ | json_\w+
        | bool_(?:or|and) | date_diff | datediff | try_cast | make_interval
    )\s*\( | \btrim\([^()]*,\s*'/'\) | \bboth\s+'/' | ::\w+ | \bqualify\b | \bdistinct\s+on\b
    | \binterval\s+' | \)\s*filter\s*\(""",
    re.VERBOSE | re.IGNORECASE,
)


def test_what_differs_between_databases_stands_in_the_engines_alone():
    found = []
    for folder in ("models", "macros"):
        for path in (ROOT / folder).rglob("*.sql"):
            if path.is_relative_to(ROOT / "macros" / "engines"):
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if match := OF_AN_ENGINE.search(re.sub(r"--.*", "", line)):
                    found.append(f"{path.relative_to(ROOT)}:{number} {match[0]}")
    assert not found


def test_what_contributing_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    text += (ROOT / "tests" / "python" / "data" / "rule_exceptions.yml").read_text()
    paths = set(
        re.findall(
            r"\b(?:models|macros|seeds|tests|docs|python|benchmarks)/[\w./-]+\w(?![\w<])", text
        )
    )
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_variable_is_explained():
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    rows = re.findall(r"^\| (`shipworthy__.*?) \|", (ROOT / "docs/variables.md").read_text(), re.M)
    explained = set()
    for row in rows:
        first, *others = re.findall(r"`(\w+)`", row)
        stem = "shipworthy__using" if first.startswith("shipworthy__using_") else "shipworthy_"
        explained |= {first, *(n if n[0] != "_" else stem + n for n in others)}
    assert explained == settings.keys()
