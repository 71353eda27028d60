"""The Odds API v4 (the-odds-api.com): points lines and game lines. `transform` reads its documents, `Asking` asks for them."""

from tipoff.scrape.sources.odds_api.document import SOURCE, recognise, transform
from tipoff.scrape.sources.odds_api.markets import GAME_MARKETS, PLAYER_MARKETS
from tipoff.scrape.sources.odds_api.requests import Asking, sports

__all__ = ["GAME_MARKETS", "PLAYER_MARKETS", "SOURCE", "Asking", "recognise", "sports", "transform"]
