"""The league's statistics (stats.nba.com): box scores and the games of a day. `transform` reads its documents, the others ask for them."""

from tipoff.scrape.sources.nba_stats.document import recognise, transform
from tipoff.scrape.sources.nba_stats.requests import SOURCE, box_score, scoreboard

__all__ = ["SOURCE", "box_score", "recognise", "scoreboard", "transform"]
