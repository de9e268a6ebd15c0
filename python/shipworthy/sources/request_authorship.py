"""Who wrote a request, and with which tool: one rule for every vendor that has requests."""

import json
from collections import Counter
from collections.abc import Iterable

from shipworthy.git.catalog import Catalog, CommitAttribution, attribute_commit

AUTOMATION = CommitAttribution("automation", "automation", None, "author")


def attribute_account(
    login: str | None, is_bot: bool, catalog: Catalog
) -> CommitAttribution | None:
    """Tell what something by an account is; None where the account is not known.

    Parameters
    ----------
    login : str or None
        The account's name at the vendor.
    is_bot : bool
        Whether the vendor calls it a bot, which counts where the catalogue does not know it.
    catalog : Catalog
        What is known about agents.
    """
    if not login:
        return None
    # The catalogue finds the tool of an account by its address.
    address = f"{login}@users.noreply.github.com"
    found = attribute_commit(login, address, "", "", "", catalog)
    return AUTOMATION if is_bot and found.author_kind == "human" else found


def attribute_request(
    by_account: CommitAttribution | None,
    commits: Iterable[CommitAttribution],
    text: str,
    labels: Iterable[str],
    branch: str,
    catalog: Catalog,
) -> tuple[str, str | None]:
    """Return the authorship and the tool of a request, by the best evidence that there is.

    Its author's account comes first; then the tool that most of its commits with evidence name, of
    as many the one that came first (one such commit makes the request AI's, as it does the squashed
    commit); then its text, its labels and its branch. Without any of these it is `untagged`.

    Parameters
    ----------
    by_account : CommitAttribution or None
        What something by its author is.
    commits : iterable of CommitAttribution
        What its commits are, oldest first.
    text : str
        Its description.
    labels : iterable of str
        Names of its labels.
    branch : str
        The branch that it brings in.
    catalog : Catalog
        What is known about agents.
    """
    if by_account and by_account.author_kind != "human":
        return by_account.authorship, by_account.ai_tool
    tools = Counter(made.ai_tool for made in commits if made.authorship == "ai")
    if tools:
        return "ai", tools.most_common(1)[0][0]
    tool = catalog.tool_of_request(text, labels, branch)
    return ("ai", tool) if tool else ("untagged", None)


def label_list(names: Iterable[str]) -> str:
    """Return the names of labels as the contract holds them: a JSON list, each name once."""
    return json.dumps(list(dict.fromkeys(names)), ensure_ascii=False)
