"""Read what a commit's message refers to: requests, reverted changes, incidents, fixes."""

import re

_NUMBER = r"([1-9]\d{0,17})"
# A squash on GitHub appends the number; the last one is the request's own: `Revert "x (#1)" (#2)`.
_TRAILING_NUMBER = re.compile(rf"\(#{_NUMBER}\)\s*$")
_REQUEST_SUBJECTS = re.compile(
    rf"Merge pull request #{_NUMBER} from "  # GitHub
    rf"|Merged in .*\(pull request #{_NUMBER}\)\s*$"  # Bitbucket
    rf"|Pull request #{_NUMBER}: "  # Bitbucket Data Center
    rf"|Merged PR {_NUMBER}: "  # Azure
)
_GITLAB_REFERENCE = re.compile(rf"^See merge request \S*!{_NUMBER}\s*$", re.MULTILINE)

_REVERTED = re.compile(
    r"^[ \t*-]*this reverts commit\s+([0-9a-f]{7,64})(?![0-9a-z])", re.IGNORECASE | re.MULTILINE
)

# An emoji or a `:shortcode:` may come first.
_FIX = re.compile(
    r"(?:[^\x00-\x7f]+|:\w+:)?\s*"
    r"(?:(?:fix|bugfix|hotfix)(?:\([^()]*\))?!?:|[\[(]?hotfix(?:[\])]|\b(?![\w-])))",
    re.IGNORECASE,
)
# The branch that is merged, not the one that it is merged into.
_HOTFIX_BRANCH = re.compile(r"Merged? (?:(?! into ).)*?(?<![\w-])hotfix[/_-]", re.IGNORECASE)
_HOST_PREFIX = re.compile(r"^(?:Merged PR |Pull request #)\d+: ")

_INCIDENT = re.compile(r"(?<![\w-])INC-?\d{1,10}(?![\w-])")
_QUOTED_SUBJECT = re.compile(r'^(?:Revert|Reapply) ".*"')


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
        match = _GITLAB_REFERENCE.search(message)
    return int(next(group for group in match.groups() if group)) if match else None


def parse_reverts_sha(message: str) -> str | None:
    """Return the commit that a message says it reverts, as written: it may be abbreviated.

    The first `This reverts commit ...` at the start of a line counts, should a squash hold several.
    `Reverts owner/repository#12` names a request, not a commit.
    """
    if "this reverts commit" not in message.casefold():
        return None
    match = _REVERTED.search(message)
    return match[1].lower() if match else None


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
    title = next((line for line in message.splitlines()[1:] if line.strip()), "")
    return bool(_FIX.match(title))


def parse_incident_id(message: str) -> str | None:
    """Return the first incident that a message names in capitals: `INC-101`, `INC0010023`.

    One that stands only in the quoted subject of a reverted commit is not this commit's.
    """
    if "INC" not in message:
        return None
    match = _INCIDENT.search(_QUOTED_SUBJECT.sub("", message.lstrip(), count=1))
    return match[0] if match else None


def _subject(message: str) -> str:
    return message.lstrip("\r\n").partition("\n")[0].strip()
