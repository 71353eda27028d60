"""ESPN (site.api.espn.com): injuries, the games of a day, box scores. `transform` reads its documents, the other names ask for them."""

from tipoff.scrape.sources.espn.document import recognise, transform
from tipoff.scrape.sources.espn.requests import SOURCE, box_score, injuries, scoreboard

__all__ = ["SOURCE", "box_score", "injuries", "recognise", "scoreboard", "transform"]
