"""Where each source lives, how often it may be asked, and how its key is shown. Knows settings; it must never know HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tipoff.config import Settings, SourceName
from tipoff.errors import ConfigError
from tipoff.scrape.request import Request

_BROWSER = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept": "application/json, text/plain, */*",
    "accept-language": "en-US,en;q=0.9",
    "origin": "https://www.nba.com",
    "referer": "https://www.nba.com/",
}
"""The league's statistics answer browsers only; others are kept waiting until they give up. Its reports say 403 for what is not there,
so nobody could tell whether they are as choosy: they are asked in the same way."""


@dataclass(frozen=True)
class Access:
    """How a source is reached. `per_second` is the most that it is asked; `key_in` says where its key is shown, if it has one."""

    base: str
    per_second: float
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str = field(default="", repr=False)
    key_in: Literal["", "apiKey", "authorization"] = ""
    key_setting: str = ""
    counts_credits: bool = False

    def key_or_error(self, request: Request) -> str:
        """The key, empty where the source has none. Raises ConfigError where it needs one that is not set, or that is none."""
        if self.key_in and not self.key:
            raise ConfigError(f"{request.source} needs a key, and none is set.", hint=f"Set {self.key_setting}.")
        if not all("!" <= character <= "~" for character in self.key):  # the HTTP library would refuse it, and show it
            raise ConfigError(
                f"The key of {request.source} holds a blank, the end of a line, or a letter that no key has.",
                hint=f"Look at {self.key_setting}: was more copied than the key?",
            )
        return self.key


def switched_on(settings: Settings) -> tuple[SourceName, ...]:
    """The sources that are asked, the preferred first. balldontlie is a spare: without its key it is off, and nobody waits for it."""
    return tuple(source for source in settings.sources if source != "balldontlie" or settings.balldontlie_key)


def access_of(settings: Settings) -> dict[str, Access]:
    """Every source by name. The Odds API allows 30 requests a second, balldontlie 30 a minute; the others do not say."""
    odds_key = settings.odds_api_key.get_secret_value() if settings.odds_api_key else ""
    ball_key = settings.balldontlie_key.get_secret_value() if settings.balldontlie_key else ""
    return {
        "odds_api": Access(
            settings.odds_api_url, 20.0, key=odds_key, key_in="apiKey", key_setting="TIPOFF_ODDS_API_KEY", counts_credits=True
        ),
        "nba_cdn": Access(settings.nba_cdn_url, 10.0),
        "nba_stats": Access(settings.nba_stats_url, 1.0, _BROWSER),
        "espn": Access(settings.espn_url, 5.0),
        "nba_injuries": Access(settings.nba_injuries_url, 2.0, {**_BROWSER, "accept": "application/pdf, */*"}),
        "balldontlie": Access(settings.balldontlie_url, 0.5, key=ball_key, key_in="authorization", key_setting="TIPOFF_BALLDONTLIE_KEY"),
    }
