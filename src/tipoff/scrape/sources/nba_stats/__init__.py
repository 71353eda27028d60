"""The league's statistics (stats.nba.com). `transform` reads its documents, the other names ask for them."""

from tipoff.scrape.sources.nba_stats.document import SOURCE, recognise, transform
from tipoff.scrape.sources.nba_stats.plays import play_by_play

__all__ = ["SOURCE", "play_by_play", "recognise", "transform"]
