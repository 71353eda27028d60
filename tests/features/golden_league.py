"""A league so small that every feature that draws on shots, births, several books and many games is worked out by hand (`test_golden`).

LAL and GSW meet five times in November 2025, and on the night of 2 December. Ten men a side play every time, 24 minutes each but for lalc
with 8 and lald with 40. A side's ten men take 80 shots by the box score, 8 each; but lalb takes 16, 8, 8, 12, 12 in order of time, and lale
0, 8, 8, 4, 4. The first five of a side score 14, 18, 20, 22, 26 (mean 20, sample variance 20), the others 6, 8, 10, 12, 14 (mean 10, sample
variance 10).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from features.raw_rows import (
    Raw,
    Row,
    birth_row,
    box_row,
    empty,
    game_id,
    group_row,
    quote_row,
    schedule_row,
    shot_row,
    source_row,
    status_row,
)

DAYS = (date(2025, 11, 1), date(2025, 11, 8), date(2025, 11, 15), date(2025, 11, 22), date(2025, 11, 26))
NIGHT = date(2025, 12, 2)
TEAMS = ("LAL", "GSW")
GAME, LAST_GAME = game_id(NIGHT, *TEAMS), game_id(DAYS[-1], *TEAMS)
BOX_AFTER = timedelta(hours=3)

_MINUTES = {"lalc": 8.0, "lald": 40.0}
_TRIES = {"lalb": (16, 8, 8, 12, 12), "lale": (0, 8, 8, 4, 4)}
_POINTS = ((14, 18, 20, 22, 26), (6, 8, 10, 12, 14))
_SHOTS: dict[str, dict[str, tuple[int, int]]] = {
    "lala": {"paint": (12, 20), "mid": (4, 10), "three": (7, 20)},
    "lalb": {"paint": (12, 20), "mid": (4, 10), "three": (7, 20)},
    "gswa": {"paint": (15, 30), "mid": (2, 5), "three": (4, 15)},
    "gswb": {"paint": (5, 10), "mid": (7, 15), "three": (8, 25)},
}
"""Made and tried over the five games; the play-by-play tells of these four alone."""
_CLOSES: dict[str, tuple[dict[str, float], ...]] = {
    "lala": (
        {"draftkings": 14.5, "fanduel": 14.5},
        {"draftkings": 18.0, "fanduel": 18.0},
        {"draftkings": 18.5, "fanduel": 18.5},
        {"draftkings": 20.5, "fanduel": 20.5},
        {"draftkings": 12.5, "fanduel": 13.5, "bovada": 13.0},
    ),
    "lalb": ({}, {"fanduel": 15.5}, {"fanduel": 15.5}, {"fanduel": 15.5}, {}),
    "lalf": ({"draftkings": 14.5}, {"draftkings": 14.5}, {"draftkings": 14.5}, {"draftkings": 14.5}, {"draftkings": 14.0}),
    "lalg": ({"draftkings": 9.5}, {"draftkings": 9.5}, {}, {}, {}),
    "lali": tuple({"bettingpros_consensus": 9.5} for _ in DAYS),
    "gswa": (*({"draftkings": 15.5, "fanduel": 15.5} for _ in DAYS[:-1]), {"draftkings": 15.0, "fanduel": 16.0}),
}
"""Each book's last line before the tip of each of the five games."""
_TONIGHT: dict[str, dict[str, tuple[float, float]]] = {
    "lala": {"draftkings": (14.5, 15.5), "fanduel": (16.0, 16.0), "betmgm": (17.0, 17.5)},
    "gswa": {"draftkings": (15.5, 15.5), "fanduel": (15.5, 15.5)},
}
"""Each book's lines seven hours and half an hour before tonight's tip, at 1.9 on both sides."""


def golden_league() -> Raw:
    """All rows of the league."""
    raw = empty()
    games = [schedule_row(day, *TEAMS, tip_of(day), tip_of(day) - timedelta(days=30)) for day in (*DAYS, NIGHT)]
    raw["raw.schedule"] = games
    for place, game in enumerate(games[:-1]):
        raw["raw.player_box"] += [line for team in TEAMS for line in _box(game, team, place)]
        raw["raw.odds_player_points"] += [
            _quote(game, player, book, point, 0.5) for player, closes in _CLOSES.items() for book, point in closes[place].items()
        ]
    raw["raw.shots"] = _shots(games[:-1])
    for player, books in _TONIGHT.items():
        for book, (early, late) in books.items():
            raw["raw.odds_player_points"] += [_quote(games[-1], player, book, early, 7.0), _quote(games[-1], player, book, late, 0.5)]
    report = tip_of(NIGHT) - timedelta(hours=2)
    raw["raw.injuries"] = [status_row(NIGHT, "lalb", "LAL", "out", report), status_row(NIGHT, "lalc", "LAL", "doubtful", report)]
    raw["ref.players"] = [
        birth_row("lala", date(1990, 12, 2)),
        birth_row("lalb", date(1990, 12, 3)),
        birth_row("lalc", None),
        birth_row("gswa", date(1996, 2, 29)),
    ]
    measured = datetime(2025, 12, 1, 5, tzinfo=UTC)
    groups = {"draftkings": "sharp", "fanduel": "soft", "betmgm": "soft"}
    raw["ref.book_groups"] = [group_row(book, measured, group) for book, group in groups.items()]
    raw["ref.sources"] = [source_row(kind, kind, date(2025, 10, 1)) for kind in ("box", "injuries", "shots", "births")]
    return raw


def tip_of(day: date) -> datetime:
    """Half past midnight UTC."""
    return datetime.combine(day, time(0, 30), tzinfo=UTC) + timedelta(days=1)


def _box(game: Row, team: str, place: int) -> list[Row]:
    known_at = game["commence_time"] + BOX_AFTER
    lines = []
    for seat, letter in enumerate("abcdefghij"):
        player = f"{team.lower()}{letter}"
        tries = _TRIES[player][place] if player in _TRIES else 8
        lines.append(box_row(game, player, team, known_at, minutes=_MINUTES.get(player, 24.0), points=_POINTS[seat // 5][place], fga=tries))
    return lines


def _shots(games: list[Row]) -> list[Row]:
    """A player's tries from a zone go round the five games, those that go in first."""
    found: list[Row] = []
    for player, zones in _SHOTS.items():
        for zone, (made, tried) in zones.items():
            for number in range(tried):
                game = games[number % len(games)]
                known_at = game["commence_time"] + BOX_AFTER
                found.append(shot_row(game, len(found), player, player[:3].upper(), zone, number < made, known_at))
    return found


def _quote(game: Row, player: str, book: str, point: float, hours: float) -> Row:
    return quote_row(game, player, book, point, game["commence_time"] - timedelta(hours=hours))
