"""Which changes a request landed as: the page's rule, one request at a time, slow and plain."""

from collections import defaultdict
from operator import itemgetter

SHORTEST = 7  # characters of an abbreviated sha


class Landings:
    """Requests and the changes that they landed as.

    Parameters
    ----------
    facts : Facts
        Cleaned inputs.

    Attributes
    ----------
    requests : dict
        Rows of pull_requests opened by as_of, by (repository, number).
    changes_of : dict
        (repository, number) to the set of changes (repository, sha).
    requests_of : dict
        Change to its requests, the one that it names first, then by number.
    """

    def __init__(self, facts):
        self.facts = facts
        self.requests = {
            (row["repository"], row["number"]): row
            for row in facts._input("pull_requests")
            if row["opened_at"] is None or row["opened_at"] <= facts.as_of
        }
        self.shas = defaultdict(dict)
        for row in facts._input("commits"):
            self.shas[row["repository"]][row["sha"]] = row
        self.positions = {
            (key[0], change["mainline_position"]): key for key, change in facts.changes.items()
        }
        self.commits_of = defaultdict(list)
        for row in facts._input("pull_request_commits"):
            self.commits_of[row["repository"], row["number"]].append(row)
        self.landing = {key: self._landing(key) for key in self.requests}
        self._belong()

    def _position(self, change):
        return self.facts.changes[change]["mainline_position"]

    def _brought_by(self, repository, sha):
        """The change that a commit is, or that brought it; None where there is none yet."""
        commit = self.shas[repository].get(sha)
        if commit is None:
            return None
        on_mainline = commit["mainline_position"] is not None
        change = (repository, sha if on_mainline else commit["landed_with_sha"])
        return change if change in self.facts.changes else None

    def _landing(self, key):
        """The change that the merge sha names."""
        repository, merge_sha = key[0], self.requests[key]["merge_sha"]
        if merge_sha is None:
            return None
        if merge_sha not in self.shas[repository] and len(merge_sha) >= SHORTEST:
            found = [sha for sha in self.shas[repository] if sha.startswith(merge_sha)]
            merge_sha = found[0] if len(found) == 1 else None
        return self._brought_by(repository, merge_sha)

    def _by_commits(self, key):
        """Changes that the request's own commits are or became."""
        repository, landing = key[0], self.landing[key]
        pushed = self.commits_of[key]
        if landing is not None:
            here = {(repository, row["sha"]) for row in pushed} & self.facts.changes.keys()
            last = self._position(landing)
            return {c for c in here if self._position(c) <= last} | self._rebased(key)
        request = self.requests[key]
        is_merged = request["merged_at"] is not None and request["merged_at"] <= self.facts.as_of
        if not is_merged or request["merge_sha"] is not None:
            return set()
        return {self._brought_by(repository, row["sha"]) for row in pushed} - {None}

    def _rebased(self, key):
        repository, landing = key[0], self.landing[key]
        pushed = [
            (self.facts.person(r["author_key"]), r["committed_at"]) for r in self.commits_of[key]
        ]
        if not pushed:
            return set()
        end = self._position(landing)
        run = [self.positions.get((repository, end - n)) for n in range(len(pushed))]
        if None not in run and self._are_copies(run, pushed):
            return set(run)
        kept = set()
        while (change := self.positions.get((repository, end))) is not None:
            row = self.facts.changes[change]
            if (row["author_key"], row["authored_at"]) not in pushed:
                break
            kept.add(change)
            end -= 1
        return kept

    def _are_copies(self, run, pushed):
        """Has the run the authors of the commits, and times that a rebase leaves?"""
        newest = max(committed for _, committed in pushed)
        rows = [self.facts.changes[change] for change in run]
        if any(row["landed_at"] < newest for row in rows):
            return False
        for author in {row["author_key"] for row in rows} | {who for who, _ in pushed}:
            authored = sorted(r["authored_at"] for r in rows if r["author_key"] == author)
            committed = sorted(at for who, at in pushed if who == author)
            if len(authored) != len(committed):
                return False
            if any(a > c for a, c in zip(authored, committed, strict=True)):
                return False
        return True

    def _belong(self):
        claims = defaultdict(dict)  # change -> request -> position where the request landed
        for key, landing in self.landing.items():
            by_commits = self._by_commits(key)
            if landing is not None:
                end = self._position(landing)
            else:
                end = max(map(self._position, by_commits), default=None)
            for change in by_commits | ({landing} - {None}):
                claims[change][key] = end
        belonging = {
            (key, change)
            for change, found in claims.items()
            for key, end in found.items()
            if end == min(found.values())
        }
        for change, row in self.facts.changes.items():
            key = (change[0], row["pull_request_number"])
            request = self.requests.get(key)
            if request is None or change in claims:
                continue
            if request["opened_at"] is not None and row["landed_at"] < request["opened_at"]:
                continue
            landing = self.landing[key]
            if landing is None or row["mainline_position"] < self._position(landing):
                belonging.add((key, change))
        self.changes_of = defaultdict(set)
        ordered = defaultdict(list)
        for key, change in belonging:
            self.changes_of[key].add(change)
            is_named = self.facts.changes[change]["pull_request_number"] == key[1]
            ordered[change].append((not is_named, key[1], key))
        self.requests_of = {
            change: [key for *_, key in sorted(found, key=itemgetter(0, 1))]
            for change, found in ordered.items()
        }

    def last_change(self, key):
        """The request's last change to land; None where it has not landed."""
        return max(self.changes_of[key], key=self._position, default=None)
