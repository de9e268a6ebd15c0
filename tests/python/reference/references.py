"""What a text that names a change means: commits, whole or abbreviated, and requests."""

import re
from urllib.parse import urlsplit

from shipworthy.contract import names_of_text

REQUEST_WORDS = ("pull", "pulls", "merge_requests", "pull-requests", "pullrequest")


def find_commit(facts, repository, name):
    """The commit of a repository that a name means, None where there is none or several.

    Parameters
    ----------
    facts : Facts
    repository : str
    name : str or None
        A whole hash, or at least seven characters of one.

    Returns
    -------
    dict or None
        A row of commits as of as_of; for a commit that only a request names, its row there.
    """
    if name is None:
        return None
    known = facts.known_commits.get(repository, {})
    name = name.strip().lower()
    if name in known:
        return known[name]
    if not re.fullmatch("[0-9a-f]{7,63}", name):
        return None
    found = [row for sha, row in known.items() if sha.startswith(name)]
    return found[0] if len(found) == 1 else None


def landing(facts, repository, commit):
    """The changes that brought a commit: one, or those of the request that names it."""
    if "number" in commit:
        return request_changes(facts, repository, commit["number"])
    change = (repository, commit.get("landed_with_sha") or commit["sha"])
    return {change} & facts.changes.keys()


def position(facts, repository, commit):
    """Mainline position of a commit's newest ancestor there, None where nobody knows it."""
    change = (repository, commit.get("mainline_ancestor_sha") or commit["sha"])
    return facts.changes.get(change, {}).get("mainline_position")


def request_changes(facts, repository, number):
    """What a request landed as; changes that name it where nobody loaded it."""
    found = facts.landings.changes_of.get((repository, number))
    if found:
        return set(found)
    return {
        key
        for key, change in facts.changes.items()
        if key[0] == repository and change["pull_request_number"] == number
    }


def _take_apart(text):
    """(repository or None, request number or None, commit name or None)."""
    text = text.strip()
    if found := re.fullmatch(r"([^ #!:]*)[#!]([0-9]{1,18})", text):
        return found[1].lower() or None, int(found[2]), None
    if found := re.fullmatch(r"([^ @:]+)@([0-9a-f]{7,64})", text.lower()):
        return found[1], None, found[2]
    address = urlsplit(text.lower())
    parts = [part for part in address.path.split("/") if part and part != "-"]
    for n, part in enumerate(parts):
        where = "/".join(parts[:n])
        if part in REQUEST_WORDS and address.scheme:
            return where, int(parts[n + 1]), None
        if part in ("commit", "commits") and address.scheme:
            return where, None, parts[n + 1]
    return None, None, text


def resolve(facts, text, repository=None, service_repositories=()):
    """Changes (repository, sha) that a reference names.

    Parameters
    ----------
    facts : Facts
    text : str or None
        One reference or a JSON list of them.
    repository : str, optional
        Where it was written; an incident stands in none.
    service_repositories : iterable of str
        Repositories of an incident's services.

    Returns
    -------
    set of (str, str)
    """
    everywhere = facts.known_commits.keys()
    changes = set()
    for reference in names_of_text(text):
        named, number, name = _take_apart(reference)
        where = {r for r in everywhere if r.lower() == named} if named else {repository} - {None}
        if number is not None:
            searched = where or (set() if named else set(service_repositories))
            if searched:
                found = [request_changes(facts, r, number) for r in sorted(searched)]
                changes |= set().union(*found)
            elif not named:
                found = [c for r in everywhere if (c := request_changes(facts, r, number))]
                changes |= found[0] if len(found) == 1 else set()
            continue
        searched = where if named or repository else everywhere
        commits = [(r, c) for r in sorted(searched) if (c := find_commit(facts, r, name))]
        if len({commit["sha"] for _, commit in commits}) == 1:
            for r, commit in commits:
                changes |= landing(facts, r, commit)
    return changes


class Reverts:
    """Which change takes back which.

    Attributes
    ----------
    of : dict
        Change to the changes that it reverts, those that it only puts back left out.
    """

    def __init__(self, facts):
        self.facts = facts
        self.all = {}
        for (repository, sha), commit in facts.commits.items():
            own = landing(facts, repository, commit)
            if commit["reverts_sha"] is None or not own or self._undone(repository, sha, own):
                continue
            (change,) = own
            earlier = {
                found
                for found in resolve(facts, commit["reverts_sha"], repository)
                if found[0] == repository and self._at(found) < self._at(change)
            }
            if earlier:
                self.all.setdefault(change, set()).update(earlier)
        self.of = {
            change: {found for found in reverted if self._depth(found) % 2 == 0}
            for change, reverted in self.all.items()
        }

    def _at(self, change):
        return self.facts.changes[change]["mainline_position"]

    def _depth(self, change):
        return max((1 + self._depth(found) for found in self.all.get(change, ())), default=0)

    def _undone(self, repository, sha, own):
        """Did the same landing put back what this commit took?"""
        for (where, _), other in self.facts.commits.items():
            if where != repository or landing(self.facts, where, other) != own:
                continue
            for reference in names_of_text(other["reverts_sha"]):
                named, number, name = _take_apart(reference)
                if number is None and (not named or named == repository.lower()):
                    found = find_commit(self.facts, repository, name)
                    if found is not None and found["sha"] == sha:
                        return True
        return False
