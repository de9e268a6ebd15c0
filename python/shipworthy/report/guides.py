"""How a mart is read and how not, from its page in docs/marts; a wheel carries the pages."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shipworthy.errors import ShipworthyError

_PACKAGE = Path(__file__).parents[1]
# In a wheel, and in a checkout of the project.
_PLACES = (_PACKAGE / "pages", _PACKAGE.parents[1] / "docs" / "marts")


@dataclass(frozen=True)
class Guide:
    """What a mart's page says.

    Parameters
    ----------
    how, how_not, gamed : str
        Paragraphs of text; what stood in backticks still does.
    """

    how: str
    how_not: str
    gamed: str


@cache
def guide(mart: str) -> Guide:
    """Return what the page of a mart says.

    Raises
    ------
    ShipworthyError
        If there is no such page: the installation is not whole.
    """
    path = next(
        (place / f"{mart}.md" for place in _PLACES if (place / f"{mart}.md").exists()), None
    )
    if path is None:
        raise ShipworthyError(f"The page of {mart} is missing; install shipworthy anew.")
    sections = {
        title.strip(): " ".join(body.split())
        for title, body in re.findall(
            r"^## (.+?)\n(.*?)(?=^## |^{% enddocs)", path.read_text(encoding="utf-8"), re.M | re.S
        )
    }
    return Guide(
        how=f"{sections['The question']} {sections['The grain']}",
        how_not=f"{sections['How not to use it']} {sections['How to aggregate']}",
        gamed=sections["How it can be gamed"],
    )
