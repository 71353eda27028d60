"""The people of the practice league: 450 invented players with a role, a style and an ability.

Names are made of invented syllables and lists; none is meant to be anybody's. It knows names and starting abilities,
and must never know games.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.names import TEAMS, player_lookup, without_suffix
from tipoff.practice.rules import ROSTER, Rules
from tipoff.practice.streams import Stream, stream

_FIRST_HEADS = "Bre Cor Dar El Fen Gal Hol Ish Jor Kel Lo Mer Nax Or Pax Quin Rov Sel Tor Ul Vel Wyn Yar Zed Ama Bo Dju Éri Ønd Ži Tı Łu"
_FIRST_TAILS = "dan rick vo mis ton bel rin kai sard mond wen zo thas lor né vik"
_LAST_HEADS = (
    "Abra Bask Cald Drum Esk Farn Grel Harb Ilk Jast Krov Lund Marn Nerv Ostr Pell Quar Rusk Storv Tamb Ulv Varg Wend Yost Zorn "
    "Øster Čal Žab"
)
_LAST_TAILS = "ov by mere ington ač évic lund ford ansa ıoğ well stead ulis øy rand eski umba olde"
_SUFFIXES = (" Jr.", " III", " II")

_ROLE_MINUTES = (34.0, 33.0, 32.0, 31.0, 29.5, 22.0, 18.5, 15.5, 11.5, 6.0, 2.5, 1.8, 1.3, 0.9, 0.5)
_POSITIONS = ("PG", "SG", "SF", "PF", "C", "SG", "PF", "PG", "C", "SF", "SG", "PF", "PG", "C", "SF")


@dataclass(frozen=True)
class Player:
    """One invented player. Minutes are those of his role when the whole team is healthy; shares and chances are 0-1."""

    index: int
    person_id: int
    first_name: str
    family_name: str
    lookup: str
    position: str
    jersey: str
    first_team: str
    role_minutes: float
    usage: float
    """Ends used per minute, against a league mean near 1, on the first day."""
    two_share: float
    three_share: float
    foul_share: float
    """Shares of his ends that are two-point tries, three-point tries and pairs of free throws; they add up to 1."""
    two_made: float
    three_made: float
    free_made: float
    """Chances to make each, against an average defence."""

    @property
    def name(self) -> str:
        """As the sources write it, with accents and suffix."""
        return f"{self.first_name} {self.family_name}"

    @property
    def points_per_end(self) -> float:
        """Expected points of an end that he uses, against an average defence."""
        return 2 * self.two_share * self.two_made + 3 * self.three_share * self.three_made + 2 * self.foul_share * self.free_made


def people(seed: int, rules: Rules) -> tuple[Player, ...]:
    """The 450 players, fifteen a team in the order of `TEAMS`, starters first."""
    draw = stream(seed, Stream.PEOPLE)
    names = _names(draw, len(TEAMS) * ROSTER)
    made: list[Player] = []
    for number, tricode in enumerate(TEAMS):
        minutes = np.array(_ROLE_MINUTES) * np.exp(np.clip(draw.normal(0, 0.05, ROSTER), -0.1, 0.1))
        minutes = np.sort(minutes)[::-1] * (240.0 / minutes.sum())
        usage = np.exp(draw.normal(0, rules.usage_spread_sd, ROSTER)) * np.where(minutes > 26, 1.08, 0.92)
        usage[: int(draw.integers(1, 3))] *= draw.uniform(1.15, 1.4)
        usage = np.clip(usage, 0.5, 1.85)
        jerseys = draw.permutation(60)[:ROSTER]
        for slot in range(ROSTER):
            index = number * ROSTER + slot
            first, family = names[index]
            made.append(
                Player(
                    index=index,
                    person_id=9_900_001 + index,
                    first_name=first,
                    family_name=family,
                    lookup=player_lookup(f"{first} {family}"),
                    position=_POSITIONS[slot],
                    jersey=str(int(jerseys[slot])),
                    first_team=tricode,
                    role_minutes=float(minutes[slot]),
                    usage=float(usage[slot]),
                    **_style(draw, _POSITIONS[slot]),
                )
            )
    return tuple(made)


def _style(draw: np.random.Generator, position: str) -> dict[str, float]:
    big = position == "C"
    three = float(np.clip(draw.normal(0.16 if big else 0.38, 0.10), 0.0, 0.62))
    foul = float(np.clip(draw.normal(0.11, 0.03), 0.05, 0.2))
    return {
        "two_share": 1.0 - three - foul,
        "three_share": three,
        "foul_share": foul,
        "two_made": float(np.clip(draw.normal(0.60 if big else 0.53, 0.025), 0.45, 0.68)),
        "three_made": float(np.clip(draw.normal(0.362, 0.022), 0.29, 0.42)),
        "free_made": float(np.clip(draw.normal(0.70 if big else 0.80, 0.06), 0.5, 0.93)),
    }


def _names(draw: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """Distinct even when accents, case and suffix are taken off: nobody may be mistaken for another by accident."""
    parts = [text.split() for text in (_FIRST_HEADS, _FIRST_TAILS, _LAST_HEADS, _LAST_TAILS)]
    found: list[tuple[str, str]] = []
    taken: set[str] = set()
    while len(found) < count:
        chosen = [options[int(draw.integers(0, len(options)))] for options in parts]
        first, last = chosen[0] + chosen[1], chosen[2] + chosen[3]
        suffix = _SUFFIXES[int(draw.integers(0, 3))] if draw.random() < 0.06 else ""
        key = without_suffix(player_lookup(f"{first} {last}"))
        if key in taken:
            continue
        taken.add(key)
        found.append((first, last + suffix))
    return found
