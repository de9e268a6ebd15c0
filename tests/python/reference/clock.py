"""Until when each source is known, from the section "Known until" of docs/metrics.md."""

from collections import defaultdict
from datetime import datetime, timedelta

from reference.formulas import midnight

PLAUSIBLE = (datetime(1970, 1, 1), datetime(2100, 1, 1))
FEEDING = timedelta(days=91)
REQUEST_INPUTS = ("pull_requests", "reviews", "review_threads")


def _deployed(row):
    return row.get("finished_at") or row.get("started_at") or row.get("created_at")


def _requested(row):
    moments = [row.get(name) for name in ("opened_at", "merged_at", "closed_at")]
    return max((moment for moment in moments if moment is not None), default=None)


def _used(row):
    return row["bucket_started_at"] + timedelta(hours=row.get("bucket_hours") or 24)


# Input -> (does a row name its source, its repository; when it happened).
INPUTS = {
    "commits": (False, True, lambda row: row.get("landed_at")),
    "deployments": (True, True, _deployed),
    "incidents": (True, False, lambda row: row.get("opened_at")),
    "pull_requests": (False, True, _requested),
    "reviews": (False, True, lambda row: row.get("submitted_at")),
    "review_threads": (False, True, lambda row: row.get("opened_at")),
    "ai_usage": (True, False, _used),
    "product_metrics": (False, False, lambda row: midnight(row["measured_on"] + timedelta(days=1))),
}


class Clock:
    """Watermarks and newest rows.

    Parameters
    ----------
    facts : Facts
        Of which the inputs and the variables are read, nothing else.
    """

    def __init__(self, facts):
        self.facts = facts
        self.marks = defaultdict(dict)
        for row in facts._input("load_watermarks"):
            if row.get("loaded_through") is not None:
                self.marks[row["input"]][row["source"]] = row["loaded_through"]
        self.ended = facts.variables.get("shipworthy__ended_sources") or []
        self.given = facts.given_as_of()
        self.read = {name: self._read(name) for name in INPUTS if facts.is_on(name)}
        self.as_of = None
        self._of_repository = {}

    def newest(self):
        """The newest moment up to which any commits were read."""
        moments = [moment for moment in self._moments("commits") if moment is not None]
        return max(moments)

    def _moments(self, name):
        moments = [moment for moment, _ in self.read.get(name, {}).values()]
        return moments + list(self.marks[name].values()) if self.facts.is_on(name) else []

    def _rows(self, name):
        rows = self.facts._input(name)
        if name == "commits":
            rows = [row for row in rows if row.get("mainline_position") is not None]
        return rows

    def _read(self, name):
        """{(source, repository): (moment, source that says so)} of the rows of an input."""
        has_source, has_repository, moment_of = INPUTS[name]
        groups = defaultdict(list)
        for row in self._rows(name):
            key = (
                row.get("source") if has_source else None,
                row.get("repository") if has_repository else None,
            )
            moment = moment_of(row)
            is_plausible = moment is not None and PLAUSIBLE[0] <= moment < PLAUSIBLE[1]
            groups[key].append(moment if is_plausible else None)
        sources = {source for source, _ in groups}
        read, unread = {}, defaultdict(list)
        for (source, repository), moments in groups.items():
            said = self._mark(name, source, repository, sources)
            if said:
                read[source, repository] = said
            else:
                unread[source] += moments
        said_at_all = list(read.values())
        rows = sum(map(len, groups.values()))
        for source, repository in groups:
            if (source, repository) in read:
                continue
            count = len(unread[source])
            if said_at_all and (100 * count < rows or (source is not None and count == 1)):
                # A slip of a name, and no source of its own.
                read[source, repository] = min(said_at_all)
            else:
                newest = max((m for m in unread[source] if m is not None), default=None)
                read[source, repository] = (self.given or newest, source or name)
        return read

    def _mark(self, name, source, repository, sources):
        """The watermark that fits rows best, and its source."""
        marks = self.marks[name]

        def oldest(fits):
            return min(((marks[one], one) for one in marks if fits(one)), default=None)

        def names_repository(one):
            return ":" in one and one.split(":")[1] == repository

        return (
            oldest(lambda one: None not in (source, repository) and one == f"{source}:{repository}")
            or oldest(lambda one: one == source)
            or oldest(lambda one: source in (None, "git_tag") and names_repository(one))
            or oldest(lambda one: source is not None and one.startswith(f"{source}:"))
            or oldest(lambda one: ":" not in one and one not in sources)
        )

    def _known(self, moment, source):
        """Never later than as_of; a source that has ended is known until then."""
        if source in self.ended or moment is None:
            return self.as_of
        return min(moment, self.as_of)

    def everybody(self, *names):
        """Up to when all sources of some inputs are known; as_of where there are none."""
        known = [self.as_of]
        for name in names:
            if not self.facts.is_on(name):
                continue
            known += [self._known(*said) for said in self.read[name].values()]
            known += [self._known(moment, source) for source, moment in self.marks[name].items()]
        return min(known)

    def incidents(self):
        """Up to when failures are known."""
        return self.everybody("incidents")

    def repository(self, repository, *names):
        """Up to when some inputs are known of a repository; None where it has none of them."""
        key = (self.as_of, repository, names)
        if key not in self._of_repository:
            self._of_repository[key] = self._repository(repository, names)
        return self._of_repository[key]

    def _repository(self, repository, names):
        known = []
        for name in names:
            if not self.facts.is_on(name):
                continue
            said = [s for (_, r), s in self.read[name].items() if r == repository]
            fed = {source for _, source in self.read[name].values()}
            # A feed of the repository without rows.
            said += [
                (moment, source)
                for source, moment in self.marks[name].items()
                if source not in fed and ":" in source and source.split(":")[1] == repository
            ]
            known += [self._known(*one) for one in said]
        return min(known, default=None)

    def code(self, repository):
        """Up to when the lines of a repository are known."""
        known = self.repository(repository, "commits")
        return self.as_of if known is None else known

    def watch(self, streams):
        """Take in what was deployed: {stream: deployments}.

        Who waits for which service is only known then.
        """
        rows = {row["deployment_id"]: row for row in self.facts._input("deployments")}
        self.services, self.teams = {}, defaultdict(set)
        by_service = defaultdict(list)
        for found in streams.values():
            for deployment in found:
                # A release tag that another source tells of too.
                if deployment.basis == "superseded_by_source":
                    continue
                by_service[deployment.service, deployment.repository].append(deployment)
        for key, found in by_service.items():
            newest = max(d.finished_at for d in found)
            recent = [d for d in found if d.finished_at >= newest - FEEDING]
            known = [self.code(key[1])]
            for deployment in recent:
                row = rows.get(deployment.recorded_id)
                if row is not None:
                    said = self.read["deployments"][row.get("source"), row.get("repository")]
                    known.append(self._known(*said))
            self.services[key] = min(known)
            for deployment in recent:
                self.teams[deployment.release.team].add(key)

    def service(self, service, repository):
        """Up to when deployments of a service and what they ship are known."""
        return self.services.get((service, repository), self.as_of)

    def team(self, team):
        """Up to when it is known what a team ships; of `None`, what anybody does."""
        keys = self.services if team is None else self.teams.get(team, ())
        return min((self.services[key] for key in keys), default=self.as_of)

    def requests(self, team):
        """Up to when decisions in the repositories that a team ships from are known.

        Of `None`, in those that anybody ships from; of a team that ships nothing, in all.
        """
        keys = self.services if team is None else self.teams.get(team, ())
        if not keys:
            return self.everybody(*REQUEST_INPUTS)
        known = [self.repository(repository, *REQUEST_INPUTS) for _, repository in keys]
        return min([self.team(team), *(moment for moment in known if moment is not None)])


def immature_reason(matures_at, as_of, known):
    """Why a row that is over at a moment is not final; None where it is."""
    if matures_at > as_of:
        return "window_open"
    return "source_lags" if matures_at > known else None


def last_reason(*reasons):
    """Of several reasons, the last by name."""
    return max((reason for reason in reasons if reason), default=None)
