"""Read what a commit's message refers to: requests, reverted changes, incidents, fixes."""

import re
from collections.abc import Iterator
from functools import lru_cache

# What is read of a subject: patterns may take the square of this in time.
_SUBJECT_CHARACTERS = 1_000
# More than any message says.
MESSAGE_CHARACTERS = 1 << 18

_NUMBER = r"([1-9]\d{0,17})"
# A squash on GitHub appends the number; the last one is the request's own: `Revert "x (#1)" (#2)`.
_TRAILING_NUMBER = re.compile(rf"\(#{_NUMBER}\)$")
_REQUEST_SUBJECTS = re.compile(
    rf"Merge pull request #{_NUMBER} (?:from|in) "  # GitHub, Bitbucket Data Center
    rf"|Merged in .*\(pull request #{_NUMBER}\)$"  # Bitbucket
    rf"|Pull request #{_NUMBER}: "  # Bitbucket Data Center
    rf"|Merged PR {_NUMBER}: "  # Azure
)
_GITLAB_REFERENCE = re.compile(rf"^See merge request \S*!{_NUMBER}\s*$", re.MULTILINE)

_NOUNS = r"commits?|changesets?|revisions?|pull requests?|merge requests?|prs?|mrs?"
# What follows `this reverts`, at the start of a line: commits, or requests. `Reverted` tells a
# story, unless it says of what (Azure: "Reverted commit `1a2b3c4d`.").
_REVERTS = re.compile(
    rf"^[ \t*(-]*(?:this[ \t]+(?:(?:change|patch|{_NOUNS})[ \t]+)?)?"
    rf"(?:reverts?|reverted(?=[ \t]+(?:{_NOUNS})\b)|back(?:s|ed)?[ \t-]?out)\b:?[ \t]*"
    rf"(?:(?P<noun>{_NOUNS})\b)?:?",
    re.IGNORECASE | re.MULTILINE,
)
# A commit as it is, in quotes, or behind its repository: an address, or `owner/name@`.
_SHA = re.compile(
    r"(?:https?://[\w.-]+(?::\d+)?/(?P<path>[^\s?#!]*?)/(?:-/)?commits?/|(?P<name>[\w.-]+/[\w.-]+)@)?"
    r"(?P<quote>[`\"'])?(?P<sha>[0-9a-f]{7,64})(?![0-9a-z])(?(quote)[`\"'])",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    rf"(?:https?://[\w.-]+(?::\d+)?/(?P<path>[^\s?#!]*?)/(?:-/)?"
    rf"(?:pull|pulls|merge_requests|pull-requests|pullrequest)/|(?P<name>[\w.-]+(?:/[\w.-]+)*)?[#!])"
    rf"{_NUMBER}(?!\w)"
)
# What stands between two references of a list.
_BETWEEN = re.compile(
    r"[ \t]*(?:(?:[,;&]|\band\b)\s*(?:\band\b\s*)?|\r?\n[ \t]*[*-][ \t]+|[ \t]+)", re.IGNORECASE
)
_BEFORE_LIST = re.compile(r"\s*(?:[*-][ \t]+)?")
# So many references of one message are kept; nobody reverts more in one go.
_MOST_REVERTS = 100
# The subject that hosts and git give a revert, with the quoted subject.
_REVERT_SUBJECT = re.compile(r"""(?:Revert|Back out|Backed out):? (["'])(?P<quoted>.*)\1$""", re.I)
_QUOTED_NUMBER = re.compile(rf"\((?:pull request )?[#!]{_NUMBER}\)$")
# Without quotes, a number before the request's own: `revert: subject (#12) (#14)`.
_UNQUOTED_REVERT = re.compile(r"revert(?:\([^()]*\))?!?:? ", re.IGNORECASE)
# Branches of reverts: GitHub's and Bitbucket's name the request, GitLab's the commit.
_REVERT_BRANCH = re.compile(
    rf"(?:Merge pull request #\d+ from [^\s/]+/|Merge branch '|Merged in )revert-"
    rf"(?:(?:pr-)?{_NUMBER}[- ]|(?P<sha>[0-9a-f]{{8,40}})(?![\w]))",
    re.IGNORECASE,
)

# An emoji or a `:shortcode:` may come first.
_FIX = re.compile(
    r"(?:[^\x00-\x7f]+|:\w+:)?\s*"
    r"(?:(?:fix|bugfix|hotfix)(?:\([^()]*\))?!?:|[\[(]?hotfix(?:[\])]|\b(?![\w-])))",
    re.IGNORECASE,
)
# The branch that is merged, not the one that it is merged into.
_HOTFIX_BRANCH = re.compile(r"Merged? (?:(?! into ).)*?(?<![\w-])hotfix[/_-]", re.IGNORECASE)
# As git, GitHub (behind the owner), Bitbucket Data Center, Bitbucket and Gitea name it.
_MERGED_BRANCH = re.compile(
    r"Merge branch(?:es)? '(?P<git>[^']+)'"
    r"|Merge remote-tracking branch(?:es)? '[^'/]+/(?P<remote>[^']+)'"
    r"|Merge pull request #\d+ from [^\s/]+/(?P<github>\S+)"
    r"|Merge pull request #\d+ in \S+ from (?P<center>\S+) to \S+"
    r"|Merged in (?P<bitbucket>\S+) \(pull request #\d+\)"
    r"|Merge pull request '.*' \(#\d+\) from (?P<gitea>\S+) into \S+"
)
# Git's own limit is that of a file's name.
_BRANCH_CHARACTERS = 255
# Conventional commits: `revert: subject`, with the commits in a footer.
_REVERT_TYPE = re.compile(r"revert(?:\([^()]*\))?!?:", re.IGNORECASE)
_REFS = re.compile(r"^refs?:[ \t]*", re.IGNORECASE | re.MULTILINE)
_HOST_PREFIX = re.compile(r"^(?:Merged PR |Pull request #)\d+: ")

_INCIDENT = re.compile(r"(?<![\w-])INC-?\d{1,10}(?![\w-])")
_QUOTED_SUBJECT = re.compile(r'^(?:Revert|Reapply) ".*"')


@lru_cache(maxsize=1)
def start_in_lower_case(message: str) -> str:
    """Return what is read of a message, in lower case; each message is asked for several times."""
    return message[:MESSAGE_CHARACTERS].lower()


def parse_pull_request_number(message: str, is_merge: bool) -> int | None:
    """Return the number of the pull or merge request that a mainline commit lands.

    Understands GitHub (`subject (#12)`, `Merge pull request #12 from`), GitLab (`See merge request
    group/project!12`), Bitbucket and Azure. A number that the subject only quotes, as in
    `Revert "subject (#12)"`, is another request's.

    Parameters
    ----------
    message : str
        The whole message.
    is_merge : bool
        Whether the commit has several parents. A merge's own words count before a trailing number,
        which may be part of a branch's or request's title; in a squash it is the other way round.
    """
    subject = _subject(message)
    trailing = _TRAILING_NUMBER.search(subject)
    named = _REQUEST_SUBJECTS.match(subject)
    first, second = (named, trailing) if is_merge else (trailing, named)
    match = first or second
    # A cheap look first, here and below: most messages hold nothing of the kind.
    if not match and "See merge request" in message:
        match = _GITLAB_REFERENCE.search(message, 0, MESSAGE_CHARACTERS)
    return int(next(group for group in match.groups() if group)) if match else None


def parse_reverts(message: str, repository: str) -> tuple[str, ...]:
    """Return what a message says it reverts: commits as written, requests as `#12`.

    Understands what git writes (`This reverts commit ...`, also of a merge, where `changes made to`
    names the mainline before it), GitHub (`Reverts owner/name#12`, the branch `revert-12-...`),
    GitLab (`This reverts merge request !12`, the branch `revert-1a2b3c4d`), Bitbucket (`This
    reverts pull request #12`) and Azure (`Reverts !12`), and lists of them. Where none is named so,
    the number in a quoted subject counts: `Revert "subject (#12)"`. Requests of other repositories
    are left out.

    Parameters
    ----------
    message : str
        The whole message.
    repository : str
        `owner/name` of the repository that the commit is in.

    Returns
    -------
    tuple of str
        Each reference once, in the order of the message.
    """
    lower = start_in_lower_case(message)
    if "revert" not in lower and "back" not in lower:
        return ()
    message = message[:MESSAGE_CHARACTERS]
    found: dict[str, None] = {}
    starts = [(match.end(), match["noun"] or "") for match in _REVERTS.finditer(message)]
    if _REVERT_TYPE.match(message.lstrip()):
        starts += [(match.end(), "commits") for match in _REFS.finditer(message)]
    for place, noun in starts[:_MOST_REVERTS]:
        for reference in _listed_references(message, place, noun.lower(), repository):
            found[reference] = None
    if not found:
        reference = _reverted_by_subject(message)
        return (reference,) if reference else ()
    return tuple(found)


def _listed_references(message: str, place: int, noun: str, repository: str) -> Iterator[str]:
    """Yield the references that follow each other from a place on.

    A bare word must not be taken for a commit (`reverts defaced pages`): without a noun before it,
    one has a digit.
    """
    place = _BEFORE_LIST.match(message, place).end()
    for _ in range(_MOST_REVERTS):
        end = place + _SUBJECT_CHARACTERS
        if not noun.startswith(("p", "m")) and (sha := _SHA.match(message, place, end)):
            if not noun and not any(map(str.isdigit, sha["sha"])):
                return
            path = sha["path"] or sha["name"]
            if path is None or _is_same_repository(path, repository):
                yield sha["sha"].lower()
            end = sha.end()
        elif request := _REQUEST.match(message, place, end):
            path = request["path"] or request["name"]
            if path is None or _is_same_repository(path, repository):
                yield f"#{request[request.lastindex]}"
            end = request.end()
        else:
            return
        between = _BETWEEN.match(message, end)
        if between is None:
            return
        place = between.end()


def _is_same_repository(path: str, repository: str) -> bool:
    """Tell whether a path names a repository.

    Its owner may have changed since, or it is a fork, whose history has the original's requests.
    """
    return path.lower().rsplit("/", 1)[-1] == repository.lower().rsplit("/", 1)[-1]


def _reverted_by_subject(message: str) -> str | None:
    """Return what a revert's subject quotes, or the branch that it was made on says."""
    subject = _subject(message)
    if branch := _REVERT_BRANCH.match(subject):
        return (branch["sha"] or f"#{branch[1]}").lower()
    if subject.startswith(("Merge ", "Merged in ")):
        # Hosts put the request's title below.
        subject = _title(message)
    subject = _HOST_PREFIX.sub("", subject, count=1)
    own = _TRAILING_NUMBER.search(subject)
    subject = subject[: own.start()].strip() if own else subject
    quoted = _REVERT_SUBJECT.match(subject)
    if quoted is None:
        match = _QUOTED_NUMBER.search(subject) if _UNQUOTED_REVERT.match(subject) else None
        return f"#{match[1]}" if match and own else None
    text = quoted["quoted"].strip()
    match = _QUOTED_NUMBER.search(text) or _REQUEST_SUBJECTS.match(text)
    return f"#{next(group for group in match.groups() if group)}" if match else None


def is_fix(message: str) -> bool:
    """Tell whether a commit calls itself a fix: `fix:`, `fix(scope)!:`, `bugfix:`, a hotfix.

    A merge is judged by its branch (`hotfix/...`) and by the title that hosts put below.
    """
    subject = _HOST_PREFIX.sub("", _subject(message), count=1)
    if _FIX.match(subject):
        return True
    if not subject.startswith(("Merge ", "Merged in ")):
        return False
    if _HOTFIX_BRANCH.match(subject):
        return True
    return bool(_FIX.match(_title(message)))


def parse_merged_branch(message: str) -> str | None:
    """Return the branch that a message says was merged: `hotfix/login`.

    Of a squash too, where the host names the branch (Bitbucket), and of several the first. What is
    no printable name is none.

    Parameters
    ----------
    message : str
        The whole message.
    """
    if not message.lstrip("\r\n").startswith("Merge"):
        return None
    match = _MERGED_BRANCH.match(_subject(message))
    branch = next((name for name in match.groups() if name), None) if match else None
    if branch is None or len(branch) > _BRANCH_CHARACTERS or not branch.isprintable():
        return None
    return branch


def parse_incident_id(message: str) -> str | None:
    """Return the first incident that a message names in capitals: `INC-101`, `INC0010023`.

    One that stands only in the quoted subject of a reverted commit is not this commit's.
    """
    if "INC" not in message:
        return None
    text = message[:MESSAGE_CHARACTERS].lstrip()
    match = _INCIDENT.search(_QUOTED_SUBJECT.sub("", text, count=1))
    return match[0] if match else None


def _subject(message: str) -> str:
    """Return the subject, without the middle of one that is longer than any."""
    subject = message[:MESSAGE_CHARACTERS].lstrip("\r\n").partition("\n")[0].strip()
    if len(subject) > _SUBJECT_CHARACTERS:
        half = _SUBJECT_CHARACTERS // 2
        subject = subject[:half] + subject[-half:]
    return subject


def _title(message: str) -> str:
    """Return the first line below the subject that holds anything."""
    body = message[:MESSAGE_CHARACTERS].lstrip("\r\n").splitlines()[1:]
    title = next((line for line in body if line.strip()), "")
    return title[:_SUBJECT_CHARACTERS].strip()
