"""A hand-made league of four teams, 36 players and two half seasons, full of awkward cases; everything follows from the text below.

Last season has eight rounds, this one sixteen; the night of the tests is 6 December 2025, the fifteenth. What is awkward about it stands
beside each case. Statistics that no test spells out are drawn from a seed that is the game and the team.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from features.raw_rows import (
    Raw,
    Row,
    birth_row,
    box_row,
    empty,
    game_line_rows,
    group_row,
    quote_row,
    schedule_row,
    source_row,
    status_row,
    submission_row,
)
from features.small_shots import SHOTS_FROM, shots_of_season

NIGHT = date(2025, 12, 6)
LAST_SEASON = tuple(date(2025, month, day) for month, day in ((3, 20), (3, 22), (3, 25), (3, 28), (4, 1), (4, 3), (4, 6), (4, 10)))
THIS_SEASON = tuple(
    date(2025, month, day)
    for month, day in (
        *((10, 22), (10, 24), (10, 25), (10, 28), (10, 31), (11, 1), (11, 5), (11, 7), (11, 8), (11, 12), (11, 14)),
        *((12, 1), (12, 3), (12, 4), (12, 6), (12, 8)),
    )
)
TEAMS = ("BOS", "NYK", "MIA", "CHI")
_PAIRS = (
    (("BOS", "NYK"), ("MIA", "CHI")),
    (("NYK", "MIA"), ("CHI", "BOS")),
    (("BOS", "MIA"), ("CHI", "NYK")),
)
BOX_AFTER = timedelta(hours=2, minutes=30)
HERO = "bosa"
"""A starter of BOS whose every line is written down, by round of this season: (minutes, points), None where he sat."""
HERO_LINES: dict[date, tuple[float, int] | None] = {
    date(2025, 10, 22): (30.0, 20),
    date(2025, 10, 24): (32.0, 24),
    date(2025, 10, 25): (28.0, 10),
    date(2025, 10, 28): (34.0, 30),
    date(2025, 10, 31): None,
    date(2025, 11, 1): (36.0, 22),
    date(2025, 11, 5): (33.0, 18),
    date(2025, 11, 7): (31.0, 26),
    date(2025, 11, 8): (35.0, 16),
    date(2025, 11, 12): (30.0, 28),
    date(2025, 11, 14): (32.0, 20),
    date(2025, 12, 1): (38.0, 24),
    date(2025, 12, 3): (36.0, 32),
    date(2025, 12, 4): (24.0, 12),
    date(2025, 12, 6): (40.0, 41),
    date(2025, 12, 8): (20.0, 3),
}
HERO_SHOTS = {"fga": 16, "fg3a": 5, "fg3m": 1, "ftm": 4, "fta": 5, "oreb": 1, "tov": 2}
TRADED = "miab"
"""Of MIA until 14 November, of BOS from 1 December: listed there on the first evening without playing, and on court from the third."""
TRADED_ON = date(2025, 12, 1)
CORRECTED = date(2025, 12, 1)
CORRECTION_KNOWN = datetime(2025, 12, 4, 15, tzinfo=UTC)
"""HERO's 24 points of 1 December turn into 34 on the fourth."""
AFTER_THE_FIRST = datetime(2025, 12, 2, 15, tzinfo=UTC)
LATE = date(2025, 12, 3)
LATE_KNOWN = datetime(2025, 12, 5, 12, tzinfo=UTC)
"""The box score of CHI's game of 3 December arrives only now, after the games of the fourth."""
HALF_LATE = date(2025, 11, 7)
"""Of NYK's game of this day the home side's half arrives 40 hours after the other."""
LINES_FROM = date(2025, 12, 1)
"""From this day on books are seen three times before each tip; from CLOSES_FROM on twice, three of them, and with gaps."""
CLOSES_FROM = date(2025, 11, 1)
ONE_SIDED = date(2025, 11, 5)
"""On BOS's game of this day there is one book, and it gives no price of under."""
BY_CONSENSUS = date(2025, 11, 14)
"""On CHI's game of this day there is no book's line, only somebody's consensus."""
HERO_CLOSES: dict[date, dict[str, float]] = {
    date(2025, 11, 1): {},
    date(2025, 11, 5): {"draftkings": 18.5},
    date(2025, 11, 7): {"draftkings": 20.5, "fanduel": 20.5, "betmgm": 21.0},
    date(2025, 11, 8): {"draftkings": 21.5, "fanduel": 22.0, "betmgm": 21.0},
    date(2025, 11, 12): {"draftkings": 21.5, "fanduel": 21.5, "betmgm": 20.5},
    date(2025, 11, 14): {"draftkings": 20.0, "fanduel": 20.0},
    date(2025, 12, 1): {"draftkings": 24.0, "fanduel": 24.0, "betmgm": 24.0, "bovada": 25.0},
    date(2025, 12, 3): {"draftkings": 23.0, "fanduel": 22.5, "betmgm": 23.0, "bovada": 23.5},
    date(2025, 12, 4): {"draftkings": 24.5, "fanduel": 24.5, "betmgm": 25.5, "bovada": 24.5},
}
"""HERO's last lines before the tips of past games, book by book. On 1 December he is at his line as first told, over it as corrected."""
BIRTHS: dict[str, date | None] = {
    HERO: date(1995, 12, 7),
    "bosb": date(1990, 12, 6),
    "bosc": date(1996, 2, 29),
    "bosd": date(1995, 12, 6),
    "bose": None,
}
"""HERO turns thirty on the morrow of the night, bosb thirty-five and bosd thirty on its very day. Of the others one in four is not told."""
REPORTS_FROM = date(2025, 11, 1)
UNREPORTED = date(2025, 12, 4)
"""No report is out before the tips of this day; one comes after them."""
LAPSED, IMPORTED = "chih", "miah"
"""Tonight a report of another source lists the one out, and its next is silent about him; an archive, never silent, lists the other."""
THIN_TEAMS = ("DEN", "UTA")
"""Two teams that play each other alone, and only since 20 November: tonight is their fourth game."""
BOOKS = ("draftkings", "fanduel", "betmgm", "bovada")


def small_league() -> Raw:
    """All rows of the league."""
    raw = empty()
    for number, day in enumerate((*LAST_SEASON, *THIS_SEASON)):
        for place, (away, home) in enumerate(_PAIRS[number % 3]):
            if (number // 3) % 2:
                away, home = home, away
            _play(raw, day, away, home, tip_of(day, place))
    for day in (date(2025, 11, 20), date(2025, 11, 22), date(2025, 11, 24), NIGHT):
        _play(raw, day, *THIN_TEAMS, tip_of(day, 1))
    raw["raw.shots"] = shots_of_season(raw, "2025-26", HERO)
    _odd_schedule(raw)
    _odd_boxes(raw)
    _odd_quotes(raw)
    _hero_closes(raw)
    _reports(raw)
    _births(raw)
    _groups(raw)
    raw["ref.sources"] = [
        source_row("plays", "shots", SHOTS_FROM - timedelta(days=28), date(2026, 8, 1)),
        source_row("rosters", "births", date(2025, 1, 1), date(2026, 8, 1)),
        source_row("reports", "injuries", REPORTS_FROM, date(2026, 8, 1)),
        source_row("boxes", "box", date(2025, 1, 1), date(2026, 8, 1)),
    ]
    return raw


def tip_of(day: date, place: int = 0) -> datetime:
    """The first game of a day tips at midnight UTC, the second two hours later."""
    return datetime.combine(day, time(0), tzinfo=UTC) + timedelta(days=1, hours=2 * place)


def game_of(raw: Raw, day: date, team: str) -> Row:
    """The newest schedule row of a team's game of a day."""
    found = [row for row in raw["raw.schedule"] if row["game_date"] == day and team in (row["home"], row["away"])]
    return max((row for row in found if row["league_game_id"]), key=lambda row: row["known_at"])


def lookups(team: str) -> list[str]:
    """The nine players with whom a team begins, starters first."""
    return [f"{team.lower()}{letter}" for letter in "abcdefghi"]


def roster(team: str, day: date) -> list[str]:
    """Whom a team lists on a day; TRADED changes sides."""
    names = lookups(team)
    if day >= TRADED_ON and team == "MIA":
        names.remove(TRADED)
    if day >= TRADED_ON and team == "BOS":
        names.append(TRADED)
    return names


def _play(raw: Raw, day: date, away: str, home: str, tip: datetime) -> None:
    scheduled = schedule_row(day, away, home, tip, tip - timedelta(days=30))
    raw["raw.schedule"] += [scheduled, {**scheduled, "status": "final", "known_at": tip + BOX_AFTER, "fetched_at": tip + BOX_AFTER}]
    for team in (away, home):
        raw["raw.player_box"] += _box(scheduled, team, tip + BOX_AFTER)
    if day >= LINES_FROM:
        _quote(raw, scheduled)
        _quote_early(raw, scheduled)
    elif day >= CLOSES_FROM and home not in THIN_TEAMS:
        _quote_twice(raw, scheduled)


def _box(game: Row, team: str, known_at: datetime) -> list[Row]:
    """Five starters at 34 minutes or so, the rest shares what is left of 240; every seventh man or so sits."""
    day = game["game_date"]
    draw = random.Random(f"{game['game_id']} {team}")
    names = roster(team, day)
    sitting = {name for name in names if draw.random() < 0.12}
    if team == "BOS":
        sitting.discard(HERO)
        sitting |= {HERO} if day in HERO_LINES and HERO_LINES[day] is None else set()
        sitting |= {TRADED} if day == TRADED_ON else set()
    playing = [name for name in names if name not in sitting]
    shares = {name: draw.uniform(0.9, 1.1) * (34 if place < 5 else 15) for place, name in enumerate(playing)}
    hero = HERO_LINES.get(day) if team == "BOS" else None
    rest = 240.0 - (hero[0] if hero else 0.0)
    whole = sum(share for name, share in shares.items() if not (hero and name == HERO))
    rows = [box_row(game, name, team, known_at, reason="rest") if name in sitting else None for name in names]
    lines: list[Row] = [line for line in rows if line]
    for place, name in enumerate(playing):
        stats = _stats(draw, shares[name], starter=place < 5)
        stats["minutes"] = rest * shares[name] / whole
        if hero and name == HERO:
            fgm = (hero[1] - HERO_SHOTS["fg3m"] - HERO_SHOTS["ftm"]) // 2
            stats |= {**HERO_SHOTS, "minutes": hero[0], "points": hero[1], "fgm": fgm}
        lines.append(box_row(game, name, team, known_at, **stats))
    return lines


def _stats(draw: random.Random, minutes: float, *, starter: bool) -> dict[str, Any]:
    fga = round(minutes * draw.uniform(0.25, 0.5))
    fg3a = draw.randint(0, fga // 2)
    fgm, fta = draw.randint(0, fga), draw.randint(0, round(minutes / 6))
    fg3m, ftm = min(fgm, draw.randint(0, fg3a)), draw.randint(0, fta)
    return {
        "started": starter,
        "points": 2 * fgm + fg3m + ftm,
        "fgm": fgm,
        "fga": fga,
        "fg3m": fg3m,
        "fg3a": fg3a,
        "ftm": ftm,
        "fta": fta,
        "oreb": draw.randint(0, 2),
        "dreb": draw.randint(0, 6),
        "ast": draw.randint(0, 6),
        "tov": draw.randint(0, 3),
    }


def _quote(raw: Raw, game: Row) -> None:
    """Books' documents six hours, two hours and half an hour before the tip; starters of both sides stand in them."""
    draw = random.Random(f"lines {game['game_id']}")
    tip = game["commence_time"]
    middles = {name: draw.randint(8, 26) + 0.5 for team in (game["away"], game["home"]) for name in roster(team, game["game_date"])[:5]}
    spread, total = draw.randint(-9, 9) + 0.5, draw.randint(215, 235) + 0.5
    for hours in (6.0, 2.0, 0.5):
        at = tip - timedelta(hours=hours)
        middles = {name: middle + draw.choice((-1.0, -0.5, 0.0, 0.0, 0.5, 1.0)) for name, middle in middles.items()}
        for book in BOOKS:
            raw["raw.odds_player_points"] += [
                quote_row(game, name, book, middle + draw.choice((-0.5, 0.0, 0.0, 0.5)), at, **_prices(draw))
                for name, middle in middles.items()
            ]
            if book != "bovada":
                raw["raw.odds_game_lines"] += game_line_rows(
                    game, book, spread + draw.choice((-0.5, 0.0, 0.5)), total + draw.randint(-2, 2), at
                )


def _quote_early(raw: Raw, game: Row) -> None:
    """Two books nine hours before the tip, but on BOS's game of the night; now and then without somebody."""
    if game["game_date"] == NIGHT and "BOS" in (game["away"], game["home"]):
        return
    draw = random.Random(f"early {game['game_id']}")
    for team in (game["away"], game["home"]):
        for name in roster(team, game["game_date"])[:5]:
            point, at = draw.randint(16, 52) / 2, game["commence_time"] - timedelta(hours=9)
            raw["raw.odds_player_points"] += [
                quote_row(game, name, book, point + draw.choice((0.0, 0.5)), at, **_prices(draw))
                for book in BOOKS[:2]
                if draw.random() < 0.8
            ]


def _quote_twice(raw: Raw, game: Row) -> None:
    """Three books seven hours and half an hour before the tip; of ten starters one or two have no line, or one of early on alone."""
    draw = random.Random(f"closes {game['game_id']}")
    tip, day = game["commence_time"], game["game_date"]
    sides = (game["away"], game["home"])
    names = [name for team in sides for name in roster(team, day)[:5]]
    middles = {name: draw.randint(16, 52) / 2 for name in names}
    unquoted = {name for name in names if name not in ("bosc", "bosd") and draw.random() < 0.15}
    books: tuple[str, ...] = BOOKS[:3]
    more: dict[str, Any] = {}
    if day == ONE_SIDED and "BOS" in sides:
        books, more = BOOKS[:1], {"under_price": None}
    if day == BY_CONSENSUS and "CHI" in sides:
        books, more = ("bettingpros_consensus",), {"source": "bettingpros"}
    for hours in (7.0, 0.5):
        for name, middle in middles.items():
            if name not in unquoted or (hours == 7.0 and draw.random() < 0.5):
                raw["raw.odds_player_points"] += [
                    quote_row(
                        game,
                        name,
                        book,
                        middle + draw.choice((-0.5, 0.0, 0.0, 0.5)),
                        tip - timedelta(hours=hours),
                        **{**_prices(draw), **more},
                    )
                    for book in books
                ]


def _prices(draw: random.Random) -> dict[str, float]:
    over = round(draw.uniform(1.75, 2.05), 2)
    return {"over_price": over, "under_price": round(1 / (1.06 - 1 / over), 2)}


def _odd_schedule(raw: Raw) -> None:
    """A game called off long ago, one that moved away without ever being called off, one called off tonight; an odds source's own idea
    of tonight's tip; the kind of game unsaid."""
    called_off = schedule_row(date(2025, 11, 10), "NYK", "BOS", tip_of(date(2025, 11, 10)), tip_of(date(2025, 11, 10)) - timedelta(days=30))
    raw["raw.schedule"] += [called_off, {**called_off, "status": "postponed", "known_at": tip_of(date(2025, 11, 9))}]
    still_listed = {
        **called_off,
        "league_game_id": None,
        "event_id": f"event-{called_off['game_id']}",
        "origin_rank": 1,
        "source": "odds_api",
    }
    raw["raw.schedule"].append({**still_listed, "known_at": tip_of(date(2025, 11, 9)) + timedelta(hours=9)})
    moved = schedule_row(date(2025, 12, 5), "MIA", "CHI", tip_of(date(2025, 12, 5)), tip_of(date(2025, 11, 5)))
    later = date(2026, 1, 15)
    raw["raw.schedule"] += [moved, {**moved, "game_date": later, "commence_time": tip_of(later), "known_at": tip_of(date(2025, 12, 3))}]
    tonight = schedule_row(NIGHT, "PHI", "TOR", tip_of(NIGHT, 0), tip_of(NIGHT) - timedelta(days=20))
    raw["raw.schedule"] += [tonight, {**tonight, "status": "cancelled", "known_at": tip_of(NIGHT) - timedelta(hours=3)}]
    game = game_of(raw, NIGHT, "BOS")
    guess = {
        **game,
        "league_game_id": None,
        "event_id": f"event-{game['game_id']}",
        "commence_time": game["commence_time"] + timedelta(minutes=40),
        "status": "scheduled",
        "known_at": game["commence_time"] - timedelta(hours=2),
        "origin_rank": 1,
        "source": "odds_api",
    }
    raw["raw.schedule"].append(guess)
    for row in raw["raw.schedule"]:
        if row["game_date"] == date(2025, 11, 12) and row["home"] == "CHI":
            row["game_type"] = None
        if row["game_date"] == date(2025, 4, 10):
            row["game_type"] = "playoff"


def _odd_boxes(raw: Raw) -> None:
    corrected = game_of(raw, CORRECTED, "BOS")["game_id"]
    late, half = game_of(raw, LATE, "CHI"), game_of(raw, HALF_LATE, "NYK")
    more: list[Row] = []
    for line in raw["raw.player_box"]:
        if line["game_id"] == late["game_id"]:
            line["known_at"] = line["fetched_at"] = LATE_KNOWN
        if line["game_id"] == half["game_id"] and line["team"] == half["home"]:
            line["known_at"] = line["fetched_at"] = line["known_at"] + timedelta(hours=40)
        if line["game_id"] == corrected and line["player_lookup"] == HERO:
            more.append({**line, "points": 34, "fgm": line["fgm"] + 5, "known_at": CORRECTION_KNOWN, "fetched_at": CORRECTION_KNOWN})
        if line["game_date"] == date(2025, 11, 14) and line["player_lookup"] == "nykf":
            # listed as having played, and without a second of court time
            line.update({"minutes": 0.0, "did_not_play": False, "points": 0, "fga": 0, "fta": 0, "oreb": 0, "tov": 0})
        if line["game_date"] == date(2025, 11, 14) and line["player_lookup"] == "miaa":
            # corrected in December, and not by what was known on its first
            more.append({**line, "points": line["points"] + 20, "known_at": AFTER_THE_FIRST, "fetched_at": AFTER_THE_FIRST})
    raw["raw.player_box"] += more


def _odd_quotes(raw: Raw) -> None:
    """Of BOS's game of tonight. What each player stands for is told beside him."""
    game = game_of(raw, NIGHT, "BOS")
    tip, day = game["commence_time"], game["game_date"]
    other = game["away"] if game["home"] == "BOS" else game["home"]
    early, late, last = (tip - timedelta(hours=hours) for hours in (6.0, 2.0, 0.5))
    quotes = [row for row in raw["raw.odds_player_points"] if row["game_id"] == game["game_id"]]
    stay = [row for row in raw["raw.odds_player_points"] if row["game_id"] != game["game_id"]]

    def without(name: str, book: str | None = None, since: datetime = early) -> None:
        quotes[:] = [
            row for row in quotes if not (row["player_lookup"] == name and book in (None, row["bookmaker"]) and row["snapshot_at"] >= since)
        ]

    without("bosb", "draftkings", last)  # pulled by one book: its newer document is without him
    for row in quotes:
        if row["player_lookup"] == "bosb" and row["snapshot_at"] == last:
            # P(over) is 0.5 at betmgm, and 0.6 at fanduel, whose margin is a power of 1.1
            even = row["bookmaker"] == "betmgm"
            row.update(over_price=1.9 if even else 0.6 ** (-1 / 1.1), under_price=1.9 if even else 0.4 ** (-1 / 1.1))
    without("bosc", None, late)  # pulled by all
    quotes[:] = [
        row for row in quotes if not (row["bookmaker"] == "bovada" and row["snapshot_at"] >= late)
    ]  # silent for five and a half hours
    without("bosd")  # only consensus sources quote him, of two ranks
    quotes += [
        quote_row(game, "bosd", "consensus_mean_line", 15.2, early, source="propedge"),
        quote_row(game, "bosd", "bettingpros_consensus", 14.5, early, source="bettingpros"),
        quote_row(game, "bosd", "bettingpros_consensus", 15.5, last, source="bettingpros"),
        quote_row(game, "bosd", "prizepicks", 40.5, last),
        quote_row(game, "bosd", "somebook", 41.5, last),
    ]
    without("bose")  # alternates besides the main line, and one book with alternates only
    for at in (early, last):
        quotes += [quote_row(game, "bose", "draftkings", 17.5 if at == early else 18.5, at)]
        quotes += [
            quote_row(game, "bose", "draftkings", point, at, market="player_points_alternate", is_main=False) for point in (9.5, 24.5, 34.5)
        ]
        quotes += [
            quote_row(game, "bose", "fanduel", point, at, market="player_points_alternate", is_main=point == 19.5, under_price=None)
            for point in (14.5, 19.5, 29.5)
        ]
    quotes += [quote_row(game, "prospect", "draftkings", 6.5, last)]  # quoted, and in no box score ever
    # a consensus beside sportsbooks; an assumed snapshot; a quote known only later than it stood; a second event of the same game
    quotes += [
        quote_row(game, HERO, "bettingpros_consensus", 60.5, last, source="bettingpros"),
        quote_row(
            game,
            HERO,
            "espnbet",
            22.5,
            tip - timedelta(minutes=5),
            source="archive",
            known_at_assumed=True,
            event_id=f"made-{game['game_id']}",
        ),
        quote_row(game, HERO, "fliff", 33.5, last, known_at=tip + timedelta(hours=1)),
        quote_row(game, HERO, "ballybet", 21.0, late, event_id=f"second-{game['game_id']}"),
        quote_row(game, HERO, "ballybet", 23.0, last, event_id=f"second-{game['game_id']}", commence_time=last),
    ]
    for minutes in (0, 5, 45):  # at the tip and in play
        quotes += [
            quote_row(game, name, "draftkings", 35.5, tip + timedelta(minutes=minutes)) for name in (HERO, "bosb", f"{other.lower()}a")
        ]
    raw["raw.odds_player_points"] = stay + quotes
    raw["raw.odds_game_lines"] += game_line_rows(game, "draftkings", -30.5, 180.5, tip + timedelta(minutes=30))
    raw["raw.odds_game_lines"] += game_line_rows(game, "sportsbookreview_archive", -20.5, 190.5, last)
    second = next(
        row
        for row in raw["raw.schedule"]
        if row["game_date"] == day and row["home"] in TEAMS and row["home"] not in (game["home"], game["away"])
    )
    raw["raw.odds_game_lines"] = [row for row in raw["raw.odds_game_lines"] if row["game_id"] != second["game_id"]]
    raw["raw.odds_game_lines"] += game_line_rows(second, "sportsbookreview_archive", 3.5, 221.0, last)  # only a consensus has its lines
    raw["raw.odds_game_lines"] += game_line_rows(second, "kaggle_closing", 4.5, 222.0, last)


def _hero_closes(raw: Raw) -> None:
    """HERO_CLOSES in the place of what was drawn for him half an hour before the tip; where it is empty, of all that was drawn."""
    for day, points in HERO_CLOSES.items():
        game = game_of(raw, day, "BOS")
        since = game["commence_time"] - (timedelta(minutes=30) if points else timedelta(days=1))
        raw["raw.odds_player_points"] = [
            row
            for row in raw["raw.odds_player_points"]
            if not (row["game_id"] == game["game_id"] and row["player_lookup"] == HERO and row["snapshot_at"] >= since)
        ]
        raw["raw.odds_player_points"] += [quote_row(game, HERO, book, point, since) for book, point in points.items()]


def _births(raw: Raw) -> None:
    """Dates of birth; of whoever has none written here they are drawn, and one in eight is on no roster."""
    draw = random.Random("births")
    for team in (*TEAMS, *THIN_TEAMS):
        for name in lookups(team):
            drawn = date(draw.randint(1987, 2005), draw.randint(1, 12), draw.randint(1, 28))
            luck = draw.random()
            if name in BIRTHS or luck > 1 / 8:
                raw["ref.players"].append(birth_row(name, BIRTHS.get(name, drawn if luck > 1 / 4 else None)))


def _groups(raw: Raw) -> None:
    """Books' groups as measured on 8 November, on 5 December, and once the night has tipped; betmgm's was never measured but once."""
    for at, groups in (
        (datetime(2025, 11, 8, 5, tzinfo=UTC), {"draftkings": "sharp", "fanduel": "soft", "betmgm": "sharp", "bovada": "neither"}),
        (datetime(2025, 12, 5, 5, tzinfo=UTC), {"draftkings": "soft", "fanduel": "sharp", "bovada": "soft", "ballybet": "soft"}),
        (tip_of(NIGHT, 1) + timedelta(hours=3), {"draftkings": "sharp", "fanduel": "soft", "betmgm": "neither", "bovada": "sharp"}),
    ):
        raw["ref.book_groups"] += [group_row(book, at, group) for book, group in groups.items()]


def _reports(raw: Raw) -> None:
    """A report at 17:30 New York of every day from REPORTS_FROM on but UNREPORTED; tonight several, of three sources."""
    for day in (*THIS_SEASON, date(2025, 12, 5)):
        if day < REPORTS_FROM:
            continue
        at = tip_of(day) + (timedelta(hours=5) if day == UNREPORTED else -timedelta(hours=1, minutes=30))
        listed = _drawn_statuses(day)
        if day == NIGHT:
            raw["raw.injuries"] += _reports_of_the_night(raw, listed)
            continue
        if day == date(2025, 12, 3):
            listed[TRADED] = ("BOS", "doubtful")  # on the evening on which BOS meets his former team, whose star he was
        raw["raw.injuries"] += [status_row(day, name, *told, at) for name, told in listed.items()]
    tip = game_of(raw, NIGHT, "BOS")["commence_time"]
    first = game_of(raw, NIGHT, "NYK")["commence_time"]
    raw["raw.injury_submissions"] = [
        # of NYK's nobody knows more on 1 December than what is told; tonight it has submitted, whatever is said of it later
        submission_row(date(2025, 12, 1), "NYK", False, tip_of(date(2025, 12, 1)) - timedelta(hours=2)),
        submission_row(NIGHT, "NYK", True, first - timedelta(hours=2)),
        submission_row(NIGHT, "NYK", False, tip + timedelta(hours=1)),
        submission_row(date(2025, 12, 8), "MIA", False, tip_of(date(2025, 12, 8)) - timedelta(hours=2)),
    ]


def _drawn_statuses(day: date) -> dict[str, tuple[str, str]]:
    """By player team and status, of up to three of each team."""
    draw = random.Random(f"report {day}")
    found: dict[str, tuple[str, str]] = {}
    for team in TEAMS:
        names = draw.sample(roster(team, day), 3)
        statuses = ("out", "questionable", draw.choice(("probable", "doubtful", "available")))
        found |= {name: (team, status) for name, status in zip(names, statuses, strict=True) if name != TRADED}
    return found


def _reports_of_the_night(raw: Raw, drawn: dict[str, tuple[str, str]]) -> list[Row]:
    """Each report of "hand" names everybody who is to be named, bosd only the first: he is available again. What "other" said of CHI's
    eighth man lapses with its own next report; what an archive has of MIA's does not, though its next row is of somebody else."""
    tip = game_of(raw, NIGHT, "BOS")["commence_time"]
    of_others = {name: told for name, told in drawn.items() if told[0] != "BOS"}
    listed: dict[str, tuple[str, str]] = {}
    found: list[Row] = []
    for before, news in (
        (timedelta(hours=13), {"bosb": ("BOS", "out"), "bosc": ("BOS", "questionable"), "bosd": ("BOS", "doubtful")}),
        (timedelta(hours=4), {TRADED: ("BOS", "out")}),
        (timedelta(hours=3, minutes=30), of_others),
        (timedelta(hours=2), {"bosb": ("BOS", "available")}),
        (timedelta(hours=1), {"bose": ("BOS", "doubtful"), HERO: ("BOS", "probable")}),
        (timedelta(minutes=20), {"bosc": ("BOS", "out")}),
        (-timedelta(minutes=1), {HERO: ("BOS", "out")}),
    ):
        listed |= news
        found += [status_row(NIGHT, name, *told, tip - before) for name, told in listed.items()]
        listed.pop("bosd", None)
    for before, player, team, more in (
        (timedelta(hours=3), LAPSED, "CHI", {"source": "other"}),
        (timedelta(minutes=10), "chig", "CHI", {"source": "other"}),
        (timedelta(hours=12), IMPORTED, "MIA", {"source": "archive", "origin_rank": 0}),
        (timedelta(hours=11), "miag", "MIA", {"source": "archive", "origin_rank": 0}),
    ):
        found.append(status_row(NIGHT, player, team, "out", tip - before, **more))
    return found
