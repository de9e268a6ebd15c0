"""GitHub: pull requests, reviews, deployments, releases and issues that are incidents.

Token: a fine-grained personal access token or an app's token with read access to Metadata,
Contents, Pull requests, Issues and Deployments (Actions too where workflows are named); of a
classic token the scope `repo`, or none for public repositories. In GITHUB_TOKEN.

What is requested of a repository, and how it is read, stands with each kind of row:
`pull_requests`, `deployments` and `incidents`; who an account is in `people`, the service that
something belongs to in `services`. What is deleted at GitHub stays as it was loaded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

import dlt
from dlt.extract import DltResource

from shipworthy.errors import ShipworthyError
from shipworthy.git.catalog import Catalog
from shipworthy.sources.http import Session
from shipworthy.sources.rows import contract_resource
from shipworthy.sources.vendor import Keys, Load, Option, Secret, Settings, Vendor, Window
from shipworthy.sources.vendors.github.api import Api, Payload, headers_of
from shipworthy.sources.vendors.github.deployments import (
    DeploymentRows,
    find_deployments,
    find_releases,
    find_runs,
)
from shipworthy.sources.vendors.github.incidents import IncidentRows, find_incidents
from shipworthy.sources.vendors.github.people import People
from shipworthy.sources.vendors.github.pull_requests import PullRequestRows, find_pull_requests
from shipworthy.sources.vendors.github.services import Services

_INPUTS = (
    "pull_requests",
    "pull_request_commits",
    "pull_request_commit_files",
    "reviews",
    "review_threads",
    "deployments",
    "incidents",
    "identities",
)
# What `without` may name: inputs that a team can keep elsewhere.
_OPTIONAL = ("deployments", "incidents")


@dlt.source(name="github")
def github(
    window: Window,
    session: Session,
    token: str,
    keys: Keys,
    repository: str,
    services: Mapping[str, str] | None = None,
    workflows: Mapping[str, str] | None = None,
    environments: Iterable[str] = (),
    incident_label: str = "incident",
    releases: bool = False,
    without: Iterable[str] = (),
    base_url: str = "https://api.github.com",
) -> list[DltResource]:
    """What happened to one repository in a window of time.

    Parameters
    ----------
    window : Window
        Requests and issues by their last update, deployments, runs and releases by creation;
        deployments also of the 14 days before, workflow runs of the 30 days before.
    session : Session
        Retries and waits.
    token : str
        Read access, see the module.
    keys : Keys
        Makes the keys of people.
    repository : str
        `owner/name`, as the git reader calls it.
    services : mapping of str to str, optional
        Environment, workflow, label of an issue, or repository, to the warehouse's service; by
        default everything belongs to the service of the repository's name.
    workflows : mapping of str to str, optional
        Name or path of a workflow whose runs are deployments, to the environment it deploys to.
    environments : iterable of str, optional
        GitHub's environments whose deployments are read; by default all.
    incident_label : str
        Label of the issues that are incidents.
    releases : bool
        Whether published releases stand in for deployments.
    without : iterable of str, optional
        `deployments` (with workflows and releases) or `incidents`, to leave them out.
    base_url : str
        `https://HOST/api/v3` for GitHub Enterprise Server.

    Raises
    ------
    ShipworthyError
        If the credential is refused, or GitHub does not answer.
    """
    api = Api(session, token, base_url, repository)
    people = People(keys, Catalog.load(), window.noticed)
    owners = Services(repository, services or {})
    requests = PullRequestRows(repository, people)
    rollouts = DeploymentRows(repository, people, owners)
    incidents = IncidentRows(repository, owners)
    workflows = workflows or {}

    bundles = dlt.resource(find_pull_requests(api, people, window), name="requests", selected=False)

    def part(name: str) -> DltResource:
        """The payloads of one kind, since a broken one must not take others with it."""

        def payloads(bundle: dict[str, list[Payload]]) -> Iterator[list[Payload]]:
            if bundle.get(name):
                yield bundle[name]

        return dlt.transformer(payloads, data_from=bundles, name=f"request_{name}", selected=False)

    resources = [
        contract_resource("pull_requests", part("request"), requests.request),
        contract_resource("pull_request_commits", part("commits"), requests.commit),
        contract_resource("pull_request_commit_files", part("files"), requests.file),
        contract_resource("reviews", part("reviews"), requests.review),
        contract_resource("review_threads", part("threads"), requests.thread),
        contract_resource("identities", part("identities"), dict),
    ]
    left_out = set(without)
    if "deployments" not in left_out:
        found = find_deployments(api, window, tuple(environments) or (None,))
        resources.append(contract_resource("deployments", found, rollouts.deployment))
        if workflows:
            runs = find_runs(api, window, workflows)
            resources.append(contract_resource("deployments", runs, rollouts.run, "workflow_runs"))
        if releases:
            tags = find_releases(api, window)
            resources.append(contract_resource("deployments", tags, rollouts.release, "releases"))
    if "incidents" not in left_out:
        issues = find_incidents(api, window, incident_label)
        resources.append(contract_resource("incidents", issues, incidents.incident))
    return resources


def _loads(settings: Settings) -> Iterable[Load]:
    without = settings["without"]
    for name in without:
        if name not in _OPTIONAL:
            raise ShipworthyError(
                f"--without {name} names no input that can be left out; "
                f"those are {' and '.join(_OPTIONAL)}."
            )
    for repository in settings["repositories"]:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise ShipworthyError(f"{repository!r} is no repository; write owner/name.")
        yield Load(
            f"github:{repository}",
            tuple(name for name in _INPUTS if name not in without),
            lambda window, repository=repository: github(  # type: ignore[misc]  # binds the loop's value
                window,
                settings.session("GitHub"),
                settings.secrets["GITHUB_TOKEN"],
                settings.keys,
                repository,
                services=settings["services"],
                workflows=settings["workflows"],
                environments=settings["environments"],
                incident_label=settings["incident_label"],
                releases=settings["releases"],
                without=without,
                base_url=settings["base_url"],
            ),
        )


VENDOR = Vendor(
    name="github",
    title="GitHub",
    inputs=_INPUTS,
    loads=_loads,
    options=(
        Option(
            "repositories",
            "A repository, as owner/name; may be given several times.",
            kind="texts",
            flag="repository",
            is_required=True,
        ),
        Option(
            "services",
            "Service of an environment, workflow, issue's label or repository, as NAME=SERVICE.",
            kind="map",
            flag="service",
            default={},
        ),
        Option(
            "workflows",
            "A workflow whose runs are deployments, as NAME_OR_PATH=ENVIRONMENT.",
            kind="map",
            flag="workflow",
            default={},
        ),
        Option(
            "environments",
            "An environment whose deployments are read; by default all are.",
            kind="texts",
            flag="environment",
            default=(),
        ),
        Option(
            "incident_label",
            "Label of the issues that are incidents; by default incident.",
            default="incident",
        ),
        Option(
            "releases",
            "Take published releases for deployments to production.",
            kind="flag",
            default=False,
        ),
        Option(
            "without",
            "Leave out deployments or incidents, where they are kept elsewhere.",
            kind="texts",
            default=(),
        ),
    ),
    secrets=(
        Secret(
            "GITHUB_TOKEN",
            "read metadata, contents, pull requests, issues and deployments of the repositories, "
            "with --workflow actions too (classic tokens: scope repo)",
        ),
    ),
    base_url="https://api.github.com",
    probe="/meta",
    # Lists by last update need no more than what its index lags behind.
    revises=timedelta(days=1),
    window=timedelta(days=90),
    history=timedelta(days=365),
    authenticate=lambda settings: headers_of(settings.secrets["GITHUB_TOKEN"]),
)
