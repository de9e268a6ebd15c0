"""Which commits there are, which of them are the mainline, and when each of those landed.

The mainline is the chain of first parents, but for merges that bring the mainline into a branch
which then became the mainline (`git pull` with work of one's own, pushed: a foxtrot merge). There
the mainline goes on along the parent that it was before.
"""

import heapq
import io
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

from shipworthy.errors import ShipworthyError
from shipworthy.git.commit_ids import Ancestors, Chain, CommitIds
from shipworthy.git.repository import Repository

# What is earlier (the first day of 1970) is a clock that was never set.
_EARLIEST = 86_400
# Clocks differ, and so do zones that somebody mixed up: up to a day is no clock that is ahead.
_TOLERANCE_SECONDS = 86_400
# Of several names of the mainline over time.
_USUAL_BRANCHES = ("main", "master", "trunk")

# A pull that brought in so many is worth a line of its own.
MANY_COMMITS = 50
# Turns marks round.
_OPPOSITE = bytes([1, 0, *range(2, 256)])
# Newest mainline commit among the ancestors of a commit, and its position.
Known = Mapping[str, tuple[str, int]]


@dataclass
class Plan:
    """What is to be read.

    Parameters
    ----------
    mainline : Chain
        Each new commit of the mainline with its parent in it, oldest first.
    landings : array of int
        When each landed, in seconds since 1970 (UTC).
    continues : bool
        Whether the mainline leads to the tip of the last run. If not, it was rewritten.
    merged : CommitIds
        All new commits that the mainline's tip reaches, parents first.
    unmerged : CommitIds
        Those that only other branches and tags reach, parents first.
    merged_ancestors, unmerged_ancestors : Ancestors
        The newest mainline commit among the ancestors of each of these that is not on the mainline.
    clocks_ahead, clocks_unset : list of str
        Commits whose time is later than the scan or than what landed after them; that have none.
    pulls : dict of str to MergeSides
        Merges where the mainline leaves the first parent, by commit.
    unclear : list of MergeSides
        Merges that bring in more than they keep and do not say what: they may have turned the
        mainline's parents round, and nobody can know.
    unreadable : int
        Branches and tags whose history is incomplete.
    """

    mainline: Chain = field(default_factory=Chain)
    landings: array = field(default_factory=lambda: array("q"))
    continues: bool = False
    merged: CommitIds = field(default_factory=CommitIds)
    unmerged: CommitIds = field(default_factory=CommitIds)
    merged_ancestors: Ancestors = field(default_factory=Ancestors)
    unmerged_ancestors: Ancestors = field(default_factory=Ancestors)
    clocks_ahead: list[str] = field(default_factory=list)
    clocks_unset: list[str] = field(default_factory=list)
    pulls: dict[str, "MergeSides"] = field(default_factory=dict)
    unclear: list["MergeSides"] = field(default_factory=list)
    unreadable: int = 0


class MergeSides(NamedTuple):
    """A merge with the commits on both its sides.

    Parameters
    ----------
    sha : str
    brought, kept : int
        Commits that only its second parent reaches, and only its first.
    """

    sha: str
    brought: int
    kept: int


class _Graph:
    """Commits by number, parents first. A parent outside has a negative number.

    Parameters
    ----------
    text : bytes
        A line for each: time, id, and ids of its parents.
    head : str
        The commit whose number is to be known, -1 if it is not among them.
    """

    def __init__(self, text: bytes, head: str) -> None:
        self.times = array("q")
        numbers: dict[str, int] = {}
        self.outside: list[str] = []
        self._first = array("I", [0])
        self._parents = array("i")
        outside: dict[str, int] = {}
        for line in io.BytesIO(text):
            time, sha, *parents = line.decode().split()
            numbers[sha] = len(numbers)
            seconds = int(time)
            self.times.append(seconds if 0 < seconds < 1 << 32 else 0)
            for parent in parents:
                number = numbers.get(parent)
                if number is None:
                    number = outside.get(parent)
                    if number is None:
                        number = outside[parent] = -1 - len(self.outside)
                        self.outside.append(parent)
                self._parents.append(number)
            self._first.append(len(self._parents))
        self.head = numbers.get(head, -1)
        self.shas = CommitIds(numbers)

    def __len__(self) -> int:
        return len(self.shas)

    def parents(self, number: int) -> Sequence[int]:
        return self._parents[self._first[number] : self._first[number + 1]]

    def sha(self, number: int) -> str:
        return self.shas[number] if number >= 0 else self.outside[-1 - number]

    def reached_from(self, number: int) -> bytearray:
        """Mark what a commit reaches, itself included."""
        marks = bytearray(len(self))
        if number >= 0:
            marks[number] = 1
        for child in range(number, -1, -1):
            if marks[child]:
                for parent in self.parents(child):
                    if parent >= 0:
                        marks[parent] = 1
        return marks

    def is_ancestor(self, older: int, newer: int) -> bool:
        """Tell whether one commit reaches another, as far as that can be seen here."""
        waiting, seen = [newer], set()
        while waiting:
            one = waiting.pop()
            if one == older:
                return True
            # Parents come first, so nothing below can reach it.
            if one > older and one not in seen:
                seen.add(one)
                waiting += self.parents(one)
        return False


def plan_history(
    repository: Repository,
    tip: str | None,
    position: int,
    landed_at: int | None,
    find_known: Callable[[Sequence[str]], Known],
) -> Plan:
    """List the commits that a run has to read.

    Parameters
    ----------
    repository : Repository
    tip : str or None
        The mainline's last commit that was read before; None for a first run.
    position, landed_at
        Its mainline position and its landing; 0 and None for a first run.
    find_known : callable
        Returns for commits of earlier runs the newest mainline commit among the ancestors of each,
        and its position.

    Raises
    ------
    ShipworthyError
        If the mainline's history is not complete.
    """
    text, unreadable = _list_commits(repository, tip)
    graph = _Graph(text, repository.head)
    del text
    plan = Plan(unreadable=unreadable)
    chain, last = _find_chain(repository, graph, tip, plan)
    plan.continues = tip is None or (last if chain else repository.head) == tip
    if not plan.continues:
        return plan
    plan.mainline = Chain(CommitIds(graph.shas[number] for number in chain), last)
    landings, ahead, unset = land(
        [graph.times[number] for number in chain], landed_at, repository.scanned_at
    )
    plan.landings = array("q", landings)
    is_merged = graph.reached_from(graph.head)
    is_unmerged = is_merged.translate(_OPPOSITE)
    plan.merged, plan.unmerged = (
        CommitIds(compress(graph.shas, is_in)) for is_in in (is_merged, is_unmerged)
    )
    names, ancestors = _find_ancestors(plan, graph, chain, position, find_known)
    plan.merged_ancestors, plan.unmerged_ancestors = (
        Ancestors(names, compress(ancestors, is_in)) for is_in in (is_merged, is_unmerged)
    )
    on_mainline = set(chain)
    late = {chain[index] for index in ahead}
    none = {chain[index] for index in unset}
    for number, time in enumerate(graph.times):
        if number in late or (number not in on_mainline and time > repository.scanned_at):
            plan.clocks_ahead.append(graph.shas[number])
        elif number in none or (number not in on_mainline and time < _EARLIEST):
            plan.clocks_unset.append(graph.shas[number])
    return plan


def _list_commits(repository: Repository, tip: str | None) -> tuple[bytes, int]:
    """List new commits with time and parents, parents first; count branches that cannot be read."""

    def listed(tips: Iterable[str], *options: str) -> bytes:
        names = [repository.head, *tips, *([f"^{tip}"] if tip else [])]
        feed = "".join(f"{name}\n" for name in names).encode()
        return repository.run("rev-list", *options, "--stdin", stdin=feed)

    def readable(tips: Sequence[str]) -> list[str]:
        try:
            listed(tips, "--count")
        except ShipworthyError:
            if len(tips) < 2:
                return []
            half = len(tips) // 2
            return readable(tips[:half]) + readable(tips[half:])
        return list(tips)

    options = "--topo-order", "--reverse", "--parents", "--timestamp"
    tips = repository.tips
    try:
        text = listed(tips, *options)
    except ShipworthyError:
        listed((), "--count")  # the mainline itself must be whole
        tips = tuple(readable(tips))
        text = listed(tips, *options)
    return text, len(repository.tips) - len(tips)


def _find_chain(
    repository: Repository,
    graph: _Graph,
    tip: str | None,
    plan: Plan,
) -> tuple[list[int], str | None]:
    """Return the new commits of the mainline, oldest first, and the commit before them.

    Merges where it leaves the first parent, and those where it may have to, go into the plan.
    """
    pulls, unsaid = _read_merges(repository, tip)
    # What has the last run's tip among its ancestors.
    leads = bytearray(len(graph))
    outside = [sha == tip for sha in graph.outside]
    if tip is not None:
        for number in range(len(graph)):
            leads[number] = any(
                leads[parent] if parent >= 0 else outside[-1 - parent]
                for parent in graph.parents(number)
            )
    chain: list[int] = []
    number = graph.head
    while number >= 0:
        chain.append(number)
        parents = list(graph.parents(number))
        if not parents:
            return chain[::-1], None
        if (
            len(parents) == 2
            and graph.shas[number] in pulls
            # Else there was nothing to merge: git would have moved the branch forward.
            and not graph.is_ancestor(parents[0], parents[1])
            and _is_own(repository, pulls[graph.shas[number]], graph, parents)
        ):
            parents.reverse()
        first = graph.parents(number)[0]
        sha = graph.shas[number]
        leading = [one for one in parents if (leads[one] if one >= 0 else outside[-1 - one])]
        number = leading[0] if leading else parents[0]
        if number != first:
            kept, brought = count_sides(graph.parents, first, number)
            plan.pulls[sha] = MergeSides(sha, brought, kept)
        # Where one parent alone leads to what was loaded before, it is known.
        elif len(parents) == 2 and sha in unsaid and len(leading) != 1:
            kept, brought = count_sides(graph.parents, *parents)
            if 0 < kept < brought:
                plan.unclear.append(MergeSides(sha, brought, kept))
    return chain[::-1], graph.sha(number) if chain else None


_NETWORK = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://(?:[^/@]*@)?([^/:]+)(?::\d+)?/|(?:[^/@:]+@)?([^/:]{2,}):/*)(.+)",
    re.IGNORECASE,
)
_NAMED_BRANCH = re.compile(r"Merge (?:remote-tracking )?branch(?:es)? '([^']+)'")
# Hosts', Bitbucket's, Gerrit's ("Merge "subject"") and merge queues' words for a request or a tag.
_NAMED_OTHERWISE = re.compile(
    r"Merge (?:tag|pull request|commit|topic|changes?) |Merge \"|Merged (?:in|PR) |Pull request #"
    r"|(?:auto(?:matic)? |rollup )?merge (?:of )?#\d|Automatic merge from submit-queue",
    re.IGNORECASE,
)
# So many commits of one's own are more than anybody has when they pull.
_MOST_KEPT = 100


def _read_merges(repository: Repository, tip: str | None) -> tuple[dict[str, str], set[str]]:
    """Return where from merges took the mainline into a branch, by commit, as messages say it.

    The address or the directory that was pulled; "" where it was a branch of the own repository.
    Merges of somebody else's branch of the same name are left out. And the merges that name
    neither another branch nor a request or a tag.
    """
    branches = [repository.branch]
    if repository.branch in _USUAL_BRANCHES:
        branches += [name for name in _USUAL_BRANCHES if name not in repository.branches]
    feed = f"{repository.head}\n" + (f"^{tip}\n" if tip else "")
    listed = repository.run(
        "rev-list", "--merges", "--no-commit-header", "--format=%H %s", "--stdin",
        stdin=feed.encode(),
    )  # fmt: skip
    names = "|".join(map(re.escape, branches))
    pattern = re.compile(
        rf"Merge branch '(?:{names})'(?: of (?P<source>\S+))?(?: into '?(?P<into>[^\s']+)'?)?"
        rf"|Merge remote-tracking branch '(?:refs/remotes/)?origin/(?:{names})'"
        rf"|Merged (?:{names}) into \S+"
    )
    mainlines = {repository.branch, *_USUAL_BRANCHES}
    pulls: dict[str, str] = {}
    unsaid = set()
    for line in listed.decode(errors="replace").split("\n"):
        sha, _, subject = line.partition(" ")
        named = _NAMED_BRANCH.match(subject)
        names_a_branch = named and named[1].rpartition("/")[2] not in mainlines
        if not names_a_branch and not _NAMED_OTHERWISE.match(subject):
            unsaid.add(sha)
        match = pattern.match(subject)
        if not match:
            continue
        if subject.startswith("Merge branch ") and not match["source"] and not match["into"]:
            continue  # of another name once, perhaps
        if _is_elsewhere(repository, match["source"]):
            continue
        pulls[sha] = match["source"] or ""
    return pulls, unsaid


def _is_elsewhere(repository: Repository, source: str | None) -> bool:
    """Tell whether an address is plainly somebody else's repository."""
    match = _NETWORK.fullmatch(source or "")
    if not match:
        return False
    owners = {
        name.lower().removesuffix(".git").rpartition("/")[0].strip("/")
        for name in (repository.name, _path_of(repository.origin))
        if "/" in name.strip("/")
    }
    owner, _, name = _path_of(source).lower().removesuffix(".git").rpartition("/")
    if owners and owner.strip("/") not in owners:
        return True
    # Another project's name on another host.
    origin = _NETWORK.fullmatch(repository.origin or "")
    hosts = [(one[1] or one[2]).lower() for one in (match, origin) if one]
    return name != _last_name(repository) and len(set(hosts)) > 1


def _path_of(address: str | None) -> str:
    match = _NETWORK.fullmatch(address or "")
    return match[3].strip("/") if match else ""


def _is_own(repository: Repository, source: str, graph: _Graph, parents: Sequence[int]) -> bool:
    """Tell whether what was pulled is the same project, perhaps under an older name."""
    name = _path_of(source).lower().removesuffix(".git").rpartition("/")[2]
    if not source or (name and ("/" not in repository.name or name == _last_name(repository))):
        return True
    # Another project's history brings little and keeps much. Nobody names directories with care.
    kept, brought = count_sides(graph.parents, *parents)
    return kept <= brought or (not name and kept < _MOST_KEPT)


def _last_name(repository: Repository) -> str:
    return repository.name.lower().removesuffix(".git").rpartition("/")[2]


def count_sides(parents: Callable[[int], Sequence[int]], one: int, other: int) -> tuple[int, int]:
    """Count the commits that only the first, and only the second of two commits reaches."""
    sides = {one: 1, other: 2} if one != other else {one: 3}
    heap = [-number for number in sides]
    heapq.heapify(heap)
    counts = [0, 0, 0, 0]
    undecided = sum(side != 3 for side in sides.values())
    while heap and undecided:
        number = -heapq.heappop(heap)
        side = sides.pop(number)
        undecided -= side != 3
        counts[side] += 1
        for parent in parents(number) if number >= 0 else ():
            before = sides.get(parent)
            if before is None:
                heapq.heappush(heap, -parent)
                sides[parent] = side
                undecided += side != 3
            elif before != 3 and before | side == 3:
                sides[parent] = 3
                undecided -= 1
    return counts[1], counts[2]


def _find_ancestors(
    plan: Plan,
    graph: _Graph,
    chain: Sequence[int],
    position: int,
    find_known: Callable[[Sequence[str]], Known],
) -> tuple[CommitIds, array]:
    """Find the newest mainline commit among the ancestors of each commit off the mainline.

    Return those mainline commits, and for each commit the index of its own, -1 where it has none.
    """
    known = find_known(graph.outside) if graph.outside else {}
    outside = [known.get(sha, ("", 0)) for sha in graph.outside]
    # Position of the newest mainline ancestor of each; 0 where there is none.
    newest = array("q", bytes(8 * len(graph)))
    for place, number in enumerate(chain, position + 1):
        newest[number] = place
    older = {place: sha for sha, place in outside if place}
    code_of_older = {place: code for code, place in enumerate(older)}
    names = CommitIds(older.values()) + plan.mainline.ids
    codes = array("i", bytes(4 * len(graph)))
    for number in range(len(graph)):
        codes[number] = -1
        if not newest[number]:
            newest[number] = place = max(
                (
                    newest[one] if one >= 0 else outside[-1 - one][1]
                    for one in graph.parents(number)
                ),
                default=0,
            )
            if place > position:
                codes[number] = len(older) + place - position - 1
            elif place:
                codes[number] = code_of_older[place]
    return names, codes


def land(
    times: Sequence[int], landed_at: int | None, scanned_at: int
) -> tuple[list[int], list[int], list[int]]:
    """Tell when each commit of the mainline landed, from the times that committers' clocks gave.

    A landing is the commit's time, lifted to what landed before it. A commit whose clock is ahead
    moves nothing but itself: it landed no later than what came after it, and than the scan.

    Parameters
    ----------
    times : sequence of int
        In seconds since 1970 (UTC), oldest commit first; 0 or less where there is none.
    landed_at : int or None
        The landing before the first one.
    scanned_at : int
        When the repository was read.

    Returns
    -------
    landings : list of int
    ahead, unset : lists of int
        Indexes of the commits whose clock is ahead, and of those without a time.
    """
    known = [index for index, time in enumerate(times) if _EARLIEST <= time <= scanned_at]
    base = landed_at or 0
    kept = set(_longest_rising([max(times[index], base) for index in known]))
    ahead, good = [], []
    later: int | None = None  # time of the next commit whose clock agrees with most others
    for place in range(len(known) - 1, -1, -1):
        index = known[place]
        if place in kept:
            later = max(times[index], base)
        elif later is not None and times[index] > later + _TOLERANCE_SECONDS:
            ahead.append(index)
            continue
        good.append(index)
    is_good = set(good)
    ahead += [index for index, time in enumerate(times) if time > scanned_at]
    unset = [index for index, time in enumerate(times) if time < _EARLIEST]
    # The time of the next good commit, from behind.
    following: list[int] = []
    after = scanned_at
    for index in range(len(times) - 1, -1, -1):
        following.append(after)
        if index in is_good:
            after = times[index]
    following.reverse()
    landings = []
    last = landed_at
    for index, time in enumerate(times):
        if index not in is_good:
            bounds = [following[index], scanned_at, *([time] if time >= _EARLIEST else [])]
            if time < _EARLIEST and last is not None:
                bounds = [last]
            time = min(bounds)
        last = time if last is None else max(last, time)
        landings.append(last)
    return landings, sorted(ahead), unset


def _longest_rising(times: Sequence[int]) -> list[int]:
    """Return indexes of as many times as possible that never go back; of several, the earliest."""
    ends: list[int] = []  # the smallest last time of a sequence of each length
    places: list[int] = []  # and its index
    before: list[int] = []
    for index, time in enumerate(times):
        length = bisect_right(ends, time)
        before.append(places[length - 1] if length else -1)
        if length == len(ends):
            ends.append(time)
            places.append(index)
        else:
            ends[length] = time
            places[length] = index
    found = []
    index = places[-1] if places else -1
    while index >= 0:
        found.append(index)
        index = before[index]
    return found
