"""What the page shows, as JSON; it needs none of what draws."""

import json

from shipworthy.report.panels import PANELS
from shipworthy.report.story import Story, plain


def page_json(story: Story) -> str:
    """Return what the page shows as one JSON object.

    Sentences come with their figures: mart, row, column, value and how it is written. The rows of
    the charts and tables stand under `panels`, unrounded.
    """
    content = {
        "as_of_at": story.as_of,
        "is_demo": story.is_demo,
        "weeks": story.weeks,
        "views": story.views,
        "doubts": [{"about": about, "text": text} for about, text in story.doubts],
        "scorecard": story.scorecard,
        "panels": [
            {
                "key": item.key,
                "title": item.title,
                "question": item.question,
                "mart": item.mart,
                "rows": story.rows.get(item.key, []),
            }
            for item in PANELS
        ],
        "failed_releases": story.releases,
    }
    return json.dumps(plain(content), ensure_ascii=False, indent=2)
