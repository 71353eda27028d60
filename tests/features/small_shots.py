"""Shots of the small league, made of its box scores: of every game of this season but one, some late, one of them very late.

Where a shot was taken from is drawn from a seed that is the game and the player; of HERO's sixteen tries five are threes, seven come from
the paint and four from mid-range, always.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from features.raw_rows import Raw, Row, shot_row

SHOTS_AFTER = timedelta(hours=2, minutes=40)
"""After the tip; ten minutes after the box score."""
SHOTLESS = "20251108_MIA_NYK"
"""Nobody ever told of this game's shots."""
LATE_SHOTS = {
    "20251203_BOS_MIA": datetime(2025, 12, 7, 9, tzinfo=UTC),
    "20251203_CHI_NYK": datetime(2025, 12, 5, 12, tzinfo=UTC),
    "20251112_NYK_CHI": datetime(2025, 12, 2, 12, tzinfo=UTC),
}
"""Of the night's games the first of these comes too late."""
LATE_TRY = ("20251204_NYK_BOS", datetime(2025, 12, 8, 15, tzinfo=UTC))
"""One try of HERO from the paint in this game is told only now."""
SHOTS_FROM = date(2025, 10, 28)
"""From this day on a source is said to supply them; the first days' are there too."""


def shots_of_season(raw: Raw, season: str, hero: str) -> list[Row]:
    """The shots of a season, by the first box score of each game."""
    games = {row["game_id"]: row for row in raw["raw.schedule"] if row["league_game_id"] and row["season"] == season}
    by_game: dict[str, dict[str, Row]] = {}
    for line in sorted(raw["raw.player_box"], key=lambda line: line["known_at"]):
        if line["game_id"] in games and line["game_id"] != SHOTLESS:
            by_game.setdefault(line["game_id"], {}).setdefault(line["player_lookup"], line)
    return [shot for game_id, lines in by_game.items() for shot in _shots(games[game_id], lines, hero)]


def _shots(game: Row, lines: Mapping[str, Row], hero: str) -> list[Row]:
    known_at = LATE_SHOTS.get(game["game_id"], game["commence_time"] + SHOTS_AFTER)
    late_game, late_at = LATE_TRY
    found: list[Row] = []
    for player, line in lines.items():
        tries = _tries(game["game_id"], player, line, always=player == hero)
        for place, (zone, made) in enumerate(tries):
            is_late = player == hero and game["game_id"] == late_game and place == 0
            found.append(shot_row(game, len(found) + 1, player, line["team"], zone, made, late_at if is_late else known_at))
    return found


def _tries(game_id: str, player: str, line: Row, *, always: bool) -> list[tuple[str, bool]]:
    """(zone, made) of a player's tries: as many threes and twos, tried and made, as his box score says where it can be."""
    if not line["fga"]:
        return []
    draw = random.Random(f"shots {game_id} {player}")
    threes, threes_made = line["fg3a"], line["fg3m"]
    twos = line["fga"] - threes
    twos_made = min(max(line["fgm"] - threes_made, 0), twos)
    from_paint = 7 if always else sum(draw.random() < 0.6 for _ in range(twos))
    zones = ["paint"] * from_paint + ["mid"] * (twos - from_paint)
    made = [True] * twos_made + [False] * (twos - twos_made)
    draw.shuffle(made)
    return [*zip(zones, made, strict=True), *(("three", number < threes_made) for number in range(threes))]
