"""Identity: thirty teams by every name that the sources use, one player normaliser, one game id.

It knows spellings and ids. It must never know tables: who *is* meant by a player's name in a given game is decided
in `load.identity`, from the rosters that the warehouse holds.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from tipoff.errors import BadInput

_EAST, _CENTRAL = "America/New_York", "America/Chicago"
_MOUNTAIN, _ARIZONA, _PACIFIC = "America/Denver", "America/Phoenix", "America/Los_Angeles"


@dataclass(frozen=True)
class Team:
    """A club: `tricode` is its name everywhere in Tipoff; `league_id` the league's number for it."""

    tricode: str
    league_id: int
    city: str
    nickname: str
    time_zone: str
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """City and nickname, as The Odds API writes it."""
        return f"{self.city} {self.nickname}"

    @property
    def zone(self) -> ZoneInfo:
        """The home arena's time zone."""
        return ZoneInfo(self.time_zone)


TEAMS: dict[str, Team] = {
    team.tricode: team
    for team in (
        Team("ATL", 1610612737, "Atlanta", "Hawks", _EAST),
        Team("BOS", 1610612738, "Boston", "Celtics", _EAST),
        Team("BKN", 1610612751, "Brooklyn", "Nets", _EAST, ("BRK", "NJN", "New Jersey Nets")),
        Team("CHA", 1610612766, "Charlotte", "Hornets", _EAST, ("CHO", "CHH")),
        Team("CHI", 1610612741, "Chicago", "Bulls", _CENTRAL),
        Team("CLE", 1610612739, "Cleveland", "Cavaliers", _EAST, ("Cavs",)),
        Team("DAL", 1610612742, "Dallas", "Mavericks", _CENTRAL, ("Mavs",)),
        Team("DEN", 1610612743, "Denver", "Nuggets", _MOUNTAIN),
        Team("DET", 1610612765, "Detroit", "Pistons", _EAST),
        Team("GSW", 1610612744, "Golden State", "Warriors", _PACIFIC, ("GS", "GOL")),
        Team("HOU", 1610612745, "Houston", "Rockets", _CENTRAL),
        Team("IND", 1610612754, "Indiana", "Pacers", _EAST),
        Team("LAC", 1610612746, "Los Angeles", "Clippers", _PACIFIC, ("LA Clippers", "L.A. Clippers")),
        Team("LAL", 1610612747, "Los Angeles", "Lakers", _PACIFIC, ("LA Lakers", "L.A. Lakers")),
        Team("MEM", 1610612763, "Memphis", "Grizzlies", _CENTRAL),
        Team("MIA", 1610612748, "Miami", "Heat", _EAST),
        Team("MIL", 1610612749, "Milwaukee", "Bucks", _CENTRAL),
        Team("MIN", 1610612750, "Minnesota", "Timberwolves", _CENTRAL, ("Wolves",)),
        Team("NOP", 1610612740, "New Orleans", "Pelicans", _CENTRAL, ("NO", "NOH", "NOR")),
        Team("NYK", 1610612752, "New York", "Knicks", _EAST, ("NY",)),
        Team("OKC", 1610612760, "Oklahoma City", "Thunder", _CENTRAL),
        Team("ORL", 1610612753, "Orlando", "Magic", _EAST),
        Team("PHI", 1610612755, "Philadelphia", "76ers", _EAST, ("PHL", "Sixers")),
        Team("PHX", 1610612756, "Phoenix", "Suns", _ARIZONA, ("PHO",)),
        Team("POR", 1610612757, "Portland", "Trail Blazers", _PACIFIC, ("Blazers",)),
        Team("SAC", 1610612758, "Sacramento", "Kings", _PACIFIC),
        Team("SAS", 1610612759, "San Antonio", "Spurs", _CENTRAL, ("SA",)),
        Team("TOR", 1610612761, "Toronto", "Raptors", _EAST),
        Team("UTA", 1610612762, "Utah", "Jazz", _MOUNTAIN, ("UTAH", "UTH")),
        Team("WAS", 1610612764, "Washington", "Wizards", _EAST, ("WSH",)),
    )
}

_BY_ESPN_NUMBER = (
    *("ATL", "BOS", "NOP", "CHI", "CLE", "DAL", "DEN", "DET", "GSW", "HOU"),
    *("IND", "LAC", "LAL", "MIA", "MIL", "MIN", "BKN", "NYK", "ORL", "PHI"),
    *("PHX", "POR", "SAC", "SAS", "OKC", "UTA", "WAS", "TOR", "MEM", "CHA"),
)
ESPN_IDS = {tricode: number for number, tricode in enumerate(_BY_ESPN_NUMBER, 1)}
"""ESPN's numbers of the thirty teams, by tricode."""

_SPECIAL_LETTERS = str.maketrans({"ı": "i", "ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})

_SUFFIXES = ("iii", "iv", "ii", "jr", "sr")


def _letters(text: str) -> str:
    """[a-z0-9] of a text. Marks and capitals go first, so that the special letters are met bare and small (`Ǿ` is `ø`)."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]", "", bare.casefold().translate(_SPECIAL_LETTERS))


def _spellings() -> dict[str, str]:
    found: dict[str, str] = {}
    for team in TEAMS.values():
        for name in (team.tricode, team.name, team.nickname, str(team.league_id), *team.also):
            found[_letters(name)] = team.tricode
    return found


_TEAM_BY_SPELLING = _spellings()


@lru_cache(maxsize=4096)
def find_team(name: str) -> Team | None:
    """The team meant by a tricode, a full name, a nickname or a league id; None where it is none of the thirty."""
    tricode = _TEAM_BY_SPELLING.get(_letters(name))
    return TEAMS[tricode] if tricode else None


def team_named(name: str) -> Team:
    """As `find_team`, but raises BadInput where the name is none of the thirty (an All-Star side, say)."""
    team = find_team(name)
    if team is None:
        raise BadInput(f"{name!r} is not one of the thirty teams.", hint="Exhibition and All-Star sides are refused.")
    return team


@lru_cache(maxsize=65536)
def player_lookup(name: str) -> str:
    """The one normalised form of a player's name: `Luka Dončić` is `lukadoncic`, `Jaren Jackson Jr.` is `jarenjacksonjr`.

    NFKD, combining marks stripped, special letters mapped, casefold, only [a-z0-9] kept; suffixes stay.
    A name written as `Jackson Jr., Jaren` is turned round first; `Xavier Tillman, Sr.` is not. Empty where nothing is left.
    """
    parts: list[str] = []
    for part in map(_letters, name.split(",")):
        if parts and part in _SUFFIXES:
            parts[-1] += part
        else:
            parts.append(part)
    return "".join((*parts[1:], parts[0]))


@lru_cache(maxsize=65536)
def without_suffix(lookup: str) -> str:
    """A player lookup less its generational suffix: what two spellings of one man may differ in."""
    for suffix in _SUFFIXES:
        if lookup.endswith(suffix) and len(lookup) > len(suffix) + 4:
            return lookup[: -len(suffix)]
    return lookup


def game_id(game_date: date, away: str, home: str) -> str:
    """`YYYYMMDD_AWY_HOM`, from the New York date of the tip-off and the two tricodes."""
    return f"{game_date:%Y%m%d}_{away}_{home}"


def day_named(game_id: str) -> date | None:
    """The date that a game's id names, on which it was to be at first; None where it names none.

    >>> day_named("20251105_NYK_BOS")
    datetime.date(2025, 11, 5)
    """
    written, mark, _ = game_id.partition("_")
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:])) if mark and len(written) == 8 else None
    except ValueError:
        return None
