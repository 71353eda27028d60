"""The league's own CDN (cdn.nba.com): schedule, box scores, plays. `transform` reads its documents, the other names ask for them."""

from tipoff.scrape.sources.nba_cdn.document import recognise, transform
from tipoff.scrape.sources.nba_cdn.games import SOURCE
from tipoff.scrape.sources.nba_cdn.requests import box_score, play_by_play, schedule

__all__ = ["SOURCE", "box_score", "play_by_play", "recognise", "schedule", "transform"]
