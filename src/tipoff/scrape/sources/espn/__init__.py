"""ESPN (site.api.espn.com): injuries, rosters, the games of a day, box scores. `transform` reads them, the others ask for them."""

from tipoff.scrape.sources.espn.document import recognise, transform
from tipoff.scrape.sources.espn.requests import SOURCE, box_score, injuries, roster, scoreboard, scores

__all__ = ["SOURCE", "box_score", "injuries", "recognise", "roster", "scoreboard", "scores", "transform"]
