"""Everything that the documents of a date need, in a handful of set-wise queries, as plain rows.

In: an open warehouse, a date, a moment (None: all that is known). Out: `Slate`, rows by table. Knows tables; it must never know how
a document looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.analyze.history import newest_schedule
from tipoff.clock import season_of
from tipoff.store.warehouse import Work, day_of, instant

Row = dict[str, Any]
HISTORY_DAYS = 400
LAST_GAMES = 20

_LINE_COLUMNS = (
    *("line_kind", "consensus_line", "line_range", "book_count", "opening_line", "closing_line", "line_movement", "implied_over"),
    *("best_over_book", "best_over_point", "best_over_price", "best_under_book", "best_under_point", "best_under_price"),
    *("velocity", "outlier_count", "pulled_books", "steam_direction", "steam_at"),
    "as_of",
)
_CONTEXT_COLUMNS = (
    *("team", "opponent", "home", "days_rest", "game_total", "home_spread", "injury_status", "star_teammates_out"),
    *("streak_over", "streak_under", "newest_known_at", "as_of"),
)
_FEATURE_COLUMNS = ("fatigue_score", "projected_minutes", "quality_score", "tier", "missing", "waived", "newest_known_at")
_LAST_COLUMNS = (
    *("game_id", "game_date", "team", "opponent", "home", "points", "minutes", "usage_rate", "closing_line", "over_under_result"),
    "margin",
)
_ABSENT = ("game_id", "player_lookup", "system_id")
_PREDICTION_COLUMNS = (
    *("prediction_id", "game_id", "player_lookup", "system_id", "model_id", "team", "predicted_points", "predicted_mean", "sd"),
    *("p_over", "p_push", "p_under", "line", "bookmaker", "over_price", "under_price", "edge", "line_margin", "recommendation"),
    *("side", "line_kind", "is_active", "superseded_by", "invalidation_reason", "quality_score", "as_of"),
)


@dataclass(frozen=True)
class Slate:
    """The rows of one date. Every list is in no particular order."""

    game_date: date
    league: str | None = None
    games: list[Row] = field(default_factory=list)
    context: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    features: list[Row] = field(default_factory=list)
    predictions: list[Row] = field(default_factory=list)
    absences: list[Row] = field(default_factory=list)
    accuracy: list[Row] = field(default_factory=list)
    box: list[Row] = field(default_factory=list)
    last_games: list[Row] = field(default_factory=list)
    season: list[Row] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    models: list[Row] = field(default_factory=list)


def read_slate(work: Work, game_date: date, as_of: datetime | None) -> Slate:
    """All rows that speak of a date's games, as known at `as_of`. Of predictions only those that still stand, or were taken down, are
    read: what was superseded since is not brought back."""
    games = _games(work, game_date, as_of)
    models = work.ask(_models, as_of).to_pylist()
    league = next((row["league"] for row in work.ask(_league).to_pylist()), None)
    if not games:
        return Slate(game_date, league, models=models)
    ids = [game["game_id"] for game in games]
    of_games = _keys("game_id", ids)
    context = work.ask(_context, of_games, as_of).to_pylist()
    lines = work.ask(_lines, of_games, as_of).to_pylist()
    features = work.ask(_features, of_games, as_of).to_pylist()
    predictions = work.ask(_predictions, of_games, as_of).to_pylist()
    absences = work.ask(_absences, of_games, as_of).to_pylist()
    players = sorted({row["player_lookup"] for rows in (context, lines, predictions, absences) for row in rows})
    of_players = _keys("player_lookup", players)
    since, season = game_date - timedelta(days=HISTORY_DAYS), season_of(game_date)
    return Slate(
        game_date=game_date,
        league=league,
        games=games,
        context=context,
        lines=lines,
        features=features,
        predictions=predictions,
        absences=absences,
        accuracy=work.ask(_accuracy, of_games, as_of).to_pylist(),
        box=work.ask(_box, of_games, as_of).to_pylist(),
        last_games=work.ask(_last_games, of_players, game_date, since, as_of).to_pylist(),
        season=work.ask(_season, of_players, game_date, since, season, as_of).to_pylist(),
        names={row["player_lookup"]: row["name"] for row in work.ask(_names, of_players).to_pylist() if row["name"]},
        models=models,
    )


def _keys(column: str, wanted: list[str]) -> pa.Table:
    return pa.table({column: pa.array(wanted, pa.string())})


def _models(work: Work, as_of: datetime | None) -> ir.Table:
    return _until(work.table("models.registry"), "created_at", as_of)


def _league(work: Work) -> ir.Table:
    return work.table("ref.league")


def _context(work: Work, games: ir.Table, as_of: datetime | None) -> ir.Table:
    return _newest(_until(_of(work, "analytics.upcoming_player_game_context", games), "as_of", as_of), _CONTEXT_COLUMNS)


def _lines(work: Work, games: ir.Table, as_of: datetime | None) -> ir.Table:
    return _newest(_until(_of(work, "analytics.player_line_summary", games), "as_of", as_of), _LINE_COLUMNS, "newest_known_at")


def _features(work: Work, games: ir.Table, as_of: datetime | None) -> ir.Table:
    return _newest(_until(_of(work, "features.store", games), "as_of", as_of), _FEATURE_COLUMNS)


def _predictions(work: Work, games: ir.Table, as_of: datetime | None) -> ir.Table:
    return _standing(_until(_of(work, "predictions.player_prop_predictions", games), "as_of", as_of))


def _absences(work: Work, games: ir.Table, as_of: datetime | None) -> ir.Table:
    return _last_reasons(_until(_of(work, "predictions.absences", games), "as_of", as_of))


def _accuracy(work: Work, games: ir.Table, as_of: datetime | None) -> ir.Table:
    return _until(_of(work, "predictions.prediction_accuracy", games), "graded_at", as_of)


def _box(work: Work, games: ir.Table, as_of: datetime | None) -> ir.Table:
    """The newest version of each player's box score in these games."""
    versions = _until(_of(work, "raw.player_box", games), "known_at", as_of)
    order = ibis.window(group_by=["game_id", "player_lookup"], order_by=ibis.desc("known_at"))
    newest = versions.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)
    return newest.select("game_id", "player_lookup", "team", "points", "minutes", "did_not_play", "known_at")


def _names(work: Work, players: ir.Table) -> ir.Table:
    return _of(work, "ref.players", players, "player_lookup").select("player_lookup", "name")


def past_claims(work: Work, system_id: str, game_date: date) -> pa.Table:
    """A system's graded claims of earlier days with both prices of one sportsbook: game_date, claimed (P(over | no push)), over_price,
    under_price (decimal), went_over (1 or 0; missing for a push)."""
    return work.ask(_past_claims, system_id, game_date)


def _past_claims(work: Work, system_id: str, game_date: date) -> ir.Table:
    graded = work.table("predictions.prediction_accuracy")
    mine = graded.filter(graded.system_id == system_id, graded.game_date < day_of(game_date), graded.actual_margin.notnull())
    said = work.table("predictions.player_prop_predictions")
    said = said.filter(said.system_id == system_id, said.line_kind == "sportsbook", said.p_push < 1)
    both = said.select("prediction_id", "game_id", "p_over", "p_push", "over_price", "under_price")
    mine = mine.select("prediction_id", "game_id", "game_date", "actual_margin")
    rows = mine.inner_join(both, ["prediction_id", "game_id"])
    over = ibis.ifelse(rows.actual_margin == 0, ibis.null("float64"), (rows.actual_margin > 0).cast("float64"))
    return rows.select("game_date", "over_price", "under_price", claimed=rows.p_over / (1 - rows.p_push), went_over=over)


def _standing(predictions: ir.Table) -> ir.Table:
    """Predictions that stand, or were taken down: what a newer one superseded is shown nowhere."""
    taken_down = predictions.invalidation_reason.notnull() & predictions.superseded_by.isnull()
    return predictions.filter(predictions.is_active | taken_down).select(*_PREDICTION_COLUMNS)


def _last_reasons(absences: ir.Table) -> ir.Table:
    """Of each player and system the reason that was written last: a slate that ran a dozen times gave it as often."""
    newest = ibis.window(group_by=_ABSENT, order_by=[ibis.desc("written_at"), "batch_id"])
    last = absences.mutate(place=ibis.row_number().over(newest)).filter(lambda t: t.place == 0)
    return last.select(*_ABSENT, "reason", "detail", "mended_by")


def _ever_here(work: Work, game_date: date, as_of: datetime | None) -> ir.Table:
    """Every version of each game that was ever scheduled for a date."""
    schedule = _until(work.table("raw.schedule"), "known_at", as_of)
    here = schedule.filter(schedule.game_date == day_of(game_date)).select("game_id").distinct()
    return schedule.semi_join(here, "game_id")


def _put_off(work: Work, game_date: date, as_of: datetime | None) -> ir.Table:
    """The games of a date that are postponed: also those that the league has moved to another day, where they have another id."""
    games = newest_schedule(_until(work.table("raw.schedule"), "known_at", as_of))
    return games.filter(games.game_date == day_of(game_date), games.status == "postponed").select("game_id")


def _games(work: Work, game_date: date, as_of: datetime | None) -> list[Row]:
    """Each game that was ever scheduled for this date, by its version in force: the league's own word before an odds source's, of each
    the newest; how it stands while it is played, by whoever told last. One that has been moved to another day is postponed here."""
    in_force: dict[str, Row] = {}
    under_way: dict[str, Row] = {}
    for row in work.ask(_ever_here, game_date, as_of).to_pylist():
        held = in_force.get(row["game_id"])
        if held is None or _rank(row) > _rank(held):
            in_force[row["game_id"]] = row
        told = under_way.get(row["game_id"])
        if row["status"] in _UNDER_WAY and row["home_score"] is not None and (told is None or row["known_at"] > told["known_at"]):
            under_way[row["game_id"]] = row
    for game_id, row in in_force.items():
        told = under_way.get(game_id)
        if told and told["known_at"] > row["known_at"] and told["game_date"] == row["game_date"]:
            in_force[game_id] = {**row, **{name: told[name] for name in ("status", "home_score", "away_score")}}
    put_off = set(work.ask(_put_off, game_date, as_of).column("game_id").to_pylist())
    for game_id, row in in_force.items():
        elsewhere = row["game_date"] != game_date and row["status"] != "cancelled"
        if elsewhere or (row["status"] == "scheduled" and game_id in put_off):
            row["status"] = "postponed"
    return list(in_force.values())


_UNDER_WAY = ("live", "final")


def _rank(version: Row) -> tuple[bool, datetime]:
    return version["league_game_id"] is not None, version["known_at"]


def played(work: Work, players: ir.Table, game_date: date, since: date, as_of: datetime | None) -> ir.Table:
    """Their games with court time before a date, from `since` on."""
    summary = _until(_of(work, "analytics.player_game_summary", players, "player_lookup"), "known_at", as_of)
    within = (summary.game_date < day_of(game_date)) & (summary.game_date >= day_of(since))
    return summary.filter(within & ~summary.did_not_play.fill_null(False))


def _last_games(work: Work, players: ir.Table, game_date: date, since: date, as_of: datetime | None) -> ir.Table:
    """Each one's last games, across seasons; `place` counts from 0, the newest."""
    games = played(work, players, game_date, since, as_of)
    order = ibis.window(group_by="player_lookup", order_by=[ibis.desc("game_date"), ibis.desc("game_id")])
    last = games.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place < LAST_GAMES)
    return last.select("player_lookup", "place", *_LAST_COLUMNS)


def _season(work: Work, players: ir.Table, game_date: date, since: date, season: str, as_of: datetime | None) -> ir.Table:
    """Each one's season so far."""
    games = played(work, players, game_date, since, as_of)
    mine = games.filter(games.season == season)
    return mine.group_by("player_lookup").agg(games=mine.count(), points=mine.points.mean())


def _of(work: Work, name: str, wanted: ir.Table, column: str = "game_id") -> ir.Table:
    return work.table(name).semi_join(wanted, column)


def _until(rows: ir.Table, column: str, as_of: datetime | None) -> ir.Table:
    return rows if as_of is None else rows.filter(rows[column] <= instant(as_of))


def _newest(rows: ir.Table, columns: tuple[str, ...], *more: str) -> ir.Table:
    """Of each game the rows of its latest moment of knowledge: whoever has none by then is not of the slate any more."""
    latest = rows.group_by("game_id").agg(as_of=rows.as_of.max())
    newest = rows.semi_join(latest, ["game_id", "as_of"])
    return newest.select("game_id", "player_lookup", *columns, *more)
