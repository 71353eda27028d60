"""A slate's rows put together, player by player and game by game.

In: a slate and what was said of it. Out: the games of the night's document. It must never know a table's engine, nor where the
document goes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tipoff.publish.documents import Game, Hits, LastTen, Player, Price, Prop, Quality
from tipoff.publish.opinions import Key, Voices, factors, headline_opinion, opinion, player_absence
from tipoff.publish.reads import Row, Slate

_NOTHING: Row = {}
CALLED_OFF = ("postponed", "cancelled")
LAST_TEN = 10
SPANS = (5, 10, 20)
"""Over so many games he is held against the line of now."""


@dataclass(frozen=True)
class Assembly:
    """Rows by what they are about, and the choices that hold for the whole slate. `withheld`: the slate is halted."""

    slate: Slate
    said: Voices
    headline: str | None
    bootstrap: bool
    withheld: bool
    context: dict[Key, Row] = field(default_factory=dict)
    lines: dict[Key, Row] = field(default_factory=dict)
    features: dict[Key, Row] = field(default_factory=dict)
    box: dict[Key, Row] = field(default_factory=dict)
    results: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    last: dict[str, LastTen] = field(default_factory=dict)
    scored: dict[str, list[float]] = field(default_factory=dict)
    season: dict[str, Row] = field(default_factory=dict)
    players: dict[str, list[str]] = field(default_factory=dict)


def assembly(slate: Slate, said: Voices, headline: str | None, bootstrap: bool, withheld: bool) -> Assembly:
    """Index the slate once, so that each player is put together by lookups."""
    context, lines, features, box = (_by_key(rows) for rows in (slate.context, slate.lines, slate.features, slate.box))
    players: dict[str, set[str]] = defaultdict(set)
    for game, player in (*context, *lines, *said.predictions, *said.absences):
        players[game].add(player)
    return Assembly(
        slate=slate,
        said=said,
        headline=headline,
        bootstrap=bootstrap,
        withheld=withheld,
        context=context,
        lines=lines,
        features=features,
        box=box,
        results={(row["game_id"], row["player_lookup"], row["system_id"]): row["result"] for row in slate.accuracy},
        last=_last_games(slate.last_games),
        scored=_scored(slate.last_games),
        season={row["player_lookup"]: row for row in slate.season},
        players={game: sorted(found) for game, found in players.items()},
    )


def _by_key(rows: list[Row]) -> dict[Key, Row]:
    return {(row["game_id"], row["player_lookup"]): row for row in rows}


def _last_games(rows: list[Row]) -> dict[str, LastTen]:
    by_player: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["place"])):
        by_player[row["player_lookup"]].append(row)
    tens = {player: games[:LAST_TEN] for player, games in by_player.items()}
    return {
        player: LastTen(
            points=[row["points"] for row in games],
            minutes=[row["minutes"] for row in games],
            lines=[row["closing_line"] for row in games],
            results=[row["over_under_result"] for row in games],
        )
        for player, games in tens.items()
    }


def _scored(rows: list[Row]) -> dict[str, list[float]]:
    """Each one's points of his last games, newest first."""
    by_player: dict[str, list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["place"])):
        if row["points"] is not None:
            by_player[row["player_lookup"]].append(float(row["points"]))
    return by_player


def against(points: list[float], line: float | None) -> list[Hits]:
    """How the last 5, 10 and 20 games, newest first, stand to a line; nothing without one."""
    if line is None:
        return []
    return [
        Hits(games=len(told), over=sum(value > line for value in told), push=sum(value == line for value in told))
        for told in (points[:span] for span in SPANS)
    ]


def games_of(parts: Assembly) -> list[Game]:
    """Every game in the order of its tip-off, its players from the highest line down, those without one by name."""
    return [_game(parts, row) for row in sorted(parts.slate.games, key=lambda row: (row["commence_time"], row["game_id"]))]


def _game(parts: Assembly, row: Row) -> Game:
    players = [_player(parts, row, lookup) for lookup in parts.players.get(row["game_id"], [])]
    players.sort(key=lambda player: (-(player.props[0].line or 0.0) if player.props else 1.0, player.player_lookup))
    circumstances = [
        parts.context[row["game_id"], lookup]
        for lookup in parts.players.get(row["game_id"], [])
        if (row["game_id"], lookup) in parts.context
    ]
    return Game(
        game_id=row["game_id"],
        home_team=row["home"],
        away_team=row["away"],
        tip_at=row["commence_time"],
        tip_assumed=bool(row["tip_assumed"]),
        game_status=row["status"] or "scheduled",
        home_score=row["home_score"],
        away_score=row["away_score"],
        game_total=_middle(circumstances, "game_total"),
        home_spread=_middle(circumstances, "home_spread"),
        players=players,
    )


def _middle(rows: list[Row], column: str) -> float | None:
    """The value that a game's players share; the median, should their moments of knowledge differ."""
    values = [row[column] for row in rows if row[column] is not None]
    return median(values) if values else None


def _player(parts: Assembly, game: Row, lookup: str) -> Player:
    key = (game["game_id"], lookup)
    context, line, box = (rows.get(key, _NOTHING) for rows in (parts.context, parts.lines, parts.box))
    said, silent = parts.said.predictions.get(key, []), parts.said.absences.get(key, [])
    team = next((team for team in (context.get("team"), *(row["team"] for row in said), box.get("team")) if team), None)
    last, season = parts.last.get(lookup, LastTen()), parts.season.get(lookup, _NOTHING)
    results = {row["system_id"]: parts.results.get((*key, row["system_id"])) for row in said}
    own = next((row for row in said if row["system_id"] == parts.headline), None)
    recent = [points for points in last.points[:5] if points is not None]
    shown = None
    if own is not None and not parts.withheld and game["status"] not in CALLED_OFF:
        circumstances = factors(context, line, last, season.get("points"))
        shown = headline_opinion(own, results[own["system_id"]], said, parts.bootstrap, circumstances)
    return Player(
        player_lookup=lookup,
        name=parts.slate.names.get(lookup, lookup),
        team=team,
        opponent={game["home"]: game["away"], game["away"]: game["home"]}.get(team) if team else None,
        is_home=team == game["home"] if team else None,
        has_line=line.get("consensus_line") is not None,
        injury_status=context.get("injury_status"),
        days_rest=context.get("days_rest"),
        fatigue_score=parts.features.get(key, _NOTHING).get("fatigue_score"),
        season_ppg=season.get("points"),
        last_5_ppg=sum(recent) / len(recent) if recent else None,
        games_played=season.get("games", 0),
        last_10=last,
        against_line=against(parts.scored.get(lookup, []), line.get("consensus_line")),
        projected_minutes=parts.features.get(key, _NOTHING).get("projected_minutes"),
        props=[_prop(line)] if line.get("consensus_line") is not None else [],
        prediction=shown,
        predictions=[opinion(row, results[row["system_id"]]) for row in said],
        absence=None if said else player_absence(silent, parts.headline),
        absences=silent,
        quality=_quality(parts.features.get(key)),
        actual_points=box.get("points"),
        minutes=box.get("minutes"),
        did_not_play=box.get("did_not_play"),
        result=shown.result if shown else None,
    )


def _prop(row: Row) -> Prop:
    same = (
        *("line_kind", "line_range", "book_count", "opening_line", "closing_line", "implied_over"),
        *("velocity", "outlier_count", "pulled_books", "steam_at"),
    )
    best: dict[str, Any] = {
        f"best_{side}": Price(bookmaker=row[f"best_{side}_book"], point=row[f"best_{side}_point"], price=row[f"best_{side}_price"])
        if row[f"best_{side}_book"]
        else None
        for side in ("over", "under")
    }
    return Prop.model_validate(
        {name: row[name] for name in same}
        | {"line": row["consensus_line"], "movement": row["line_movement"]}
        | {"steam": row["steam_direction"], "quoted_at": row["newest_known_at"]}
        | best
    )


def _quality(row: Row | None) -> Quality | None:
    if row is None:
        return None
    return Quality(score=row["quality_score"], tier=row["tier"], missing=_listed(row["missing"]), waived=_listed(row["waived"]))


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
