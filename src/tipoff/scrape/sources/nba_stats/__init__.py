"""The league's statistics (stats.nba.com): box scores, games of a day, play-by-play. `transform` reads them, the others ask for them."""

from tipoff.scrape.sources.nba_stats.document import recognise, transform
from tipoff.scrape.sources.nba_stats.requests import SOURCE, box_score, play_by_play, scoreboard, scores

__all__ = ["SOURCE", "box_score", "play_by_play", "recognise", "scoreboard", "scores", "transform"]
