"""The slow reference of shot zones: where a player shoots from, and what an opponent allows there. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.raw_rows import Row
from features.slow_kinds import Found, Past

if TYPE_CHECKING:
    from features.slow import Slow

ZONES = ("paint", "mid", "three")


def shot_features(slow: Slow, game: Row, player: str, team: str | None, played: Sequence[Past]) -> dict[str, Found]:
    """The features of a row, by name; `played` newest first, `team` where it is one of the game's sides."""
    mine = [shot for past in played[:10] for shot in slow.shots_of(past.game_id, game["as_of"]) if shot["player_lookup"] == player]
    if not mine:
        share = Found(None, "no_shots" if played else "no_games")
        return {"pct_paint": share, "pct_mid_range": share, "shot_zone_mismatch_score": Found(None, "no_shots" if team else "team_unknown")}
    shares = {zone: sum(shot["zone"] == zone for shot in mine) / len(mine) for zone in ZONES}
    return {
        "pct_paint": Found(shares["paint"]),
        "pct_mid_range": Found(shares["mid"]),
        "shot_zone_mismatch_score": _mismatch(slow, game, team, shares),
    }


def _mismatch(slow: Slow, game: Row, team: str | None, shares: dict[str, float]) -> Found:
    if team is None:
        return Found(None, "team_unknown")
    opponent = game["away"] if team == game["home"] else game["home"]
    too_few = Found(None, "opponent_fewer_than_5_games")
    on_record = [shots for past in slow.team_games(opponent, game) if (shots := slow.shots_of(past.game_id, game["as_of"]))]
    if len(on_record) < 5:
        return too_few
    against = [shot for shots in on_record[:15] for shot in shots if shot["team"] != opponent]
    score = 0.0
    for zone in ZONES:
        allowed, usual = _points_an_attempt(against, zone), _points_an_attempt(slow.shots_of_the_league(game["as_of"]), zone)
        if allowed is None or usual is None:
            return too_few
        score += 100 * shares[zone] * min(shares[zone] / 0.5, 1.0) * (allowed - usual)
    return Found(score)


def _points_an_attempt(shots: Sequence[Row], zone: str) -> float | None:
    there = [shot for shot in shots if shot["zone"] == zone]
    return sum(shot["points"] for shot in there if shot["made"]) / len(there) if there else None
