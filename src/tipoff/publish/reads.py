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

from tipoff.clock import season_of
from tipoff.store.warehouse import Work, day_of, instant

Row = dict[str, Any]
HISTORY_DAYS = 400
LAST_GAMES = 10

_LINE_COLUMNS = (
    *("line_kind", "consensus_line", "line_range", "book_count", "opening_line", "closing_line", "line_movement", "implied_over"),
    *("best_over_book", "best_over_point", "best_over_price", "best_under_book", "best_under_point", "best_under_price"),
)
_CONTEXT_COLUMNS = (
    *("team", "opponent", "home", "days_rest", "game_total", "home_spread", "injury_status", "star_teammates_out"),
    *("streak_over", "streak_under", "newest_known_at"),
)
_FEATURE_COLUMNS = ("fatigue_score", "quality_score", "tier", "missing", "waived", "newest_known_at")
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
    models = _rows(work, _until(work.table("models.registry"), "created_at", as_of))
    league = next((row["league"] for row in _rows(work, work.table("ref.league"))), None)
    if not games:
        return Slate(game_date, league, models=models)
    ids = [game["game_id"] for game in games]
    context = _rows(work, _newest(_until(_of(work, "analytics.upcoming_player_game_context", ids), "as_of", as_of), _CONTEXT_COLUMNS))
    lines = _rows(work, _newest(_until(_of(work, "analytics.player_line_summary", ids), "as_of", as_of), _LINE_COLUMNS, "newest_known_at"))
    features = _rows(work, _newest(_until(_of(work, "features.store", ids), "as_of", as_of), _FEATURE_COLUMNS))
    predictions = _rows(work, _standing(_until(_of(work, "predictions.player_prop_predictions", ids), "as_of", as_of)))
    absences = _rows(work, _last_reasons(_until(_of(work, "predictions.absences", ids), "as_of", as_of)))
    players = sorted({row["player_lookup"] for rows in (context, lines, predictions, absences) for row in rows})
    names = _of(work, "ref.players", players, "player_lookup").select("player_lookup", "name")
    last, season = _history(work, players, game_date, as_of)
    box = work.as_of("raw.player_box", as_of, game_id=ids)
    return Slate(
        game_date=game_date,
        league=league,
        games=games,
        context=context,
        lines=lines,
        features=features,
        predictions=predictions,
        absences=absences,
        accuracy=_rows(work, _until(_of(work, "predictions.prediction_accuracy", ids), "graded_at", as_of)),
        box=_rows(work, box.select("game_id", "player_lookup", "team", "points", "minutes", "did_not_play", "known_at")),
        last_games=last,
        season=season,
        names={row["player_lookup"]: row["name"] for row in _rows(work, names) if row["name"]},
        models=models,
    )


def past_claims(work: Work, system_id: str, game_date: date) -> pa.Table:
    """A system's graded claims of earlier days with both prices of one sportsbook: game_date, claimed (P(over | no push)), over_price,
    under_price (decimal), went_over (1 or 0; missing for a push)."""
    return work.ask(_past_claims, system_id, game_date)


def _past_claims(work: Work, system_id: str, game_date: date) -> ir.Table:
    graded = work.table("predictions.prediction_accuracy")
    mine = graded.filter(graded.system_id == system_id, graded.game_date < day_of(game_date), graded.actual_margin.notnull())
    said = work.table("predictions.player_prop_predictions")
    said = said.filter(said.system_id == system_id, said.line_kind == "sportsbook", said.p_push < 1)
    both = said.select("prediction_id", "p_over", "p_push", "over_price", "under_price")
    rows = mine.select("prediction_id", "game_date", "actual_margin").inner_join(both, "prediction_id")
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


def _games(work: Work, game_date: date, as_of: datetime | None) -> list[Row]:
    """Each game that was ever scheduled for this date, by its version in force: the league's own word before an odds source's, of each
    the newest; how it stands while it is played, by whoever told last. One that has been moved to another day is postponed here."""
    schedule = _until(work.table("raw.schedule"), "known_at", as_of)
    here = schedule.filter(schedule.game_date == day_of(game_date)).select("game_id").distinct()
    in_force: dict[str, Row] = {}
    under_way: dict[str, Row] = {}
    for row in _rows(work, schedule.semi_join(here, "game_id")):
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
    for row in in_force.values():
        if row["game_date"] != game_date and row["status"] != "cancelled":
            row["status"] = "postponed"
    return list(in_force.values())


_UNDER_WAY = ("live", "final")


def _rank(version: Row) -> tuple[bool, datetime]:
    return version["league_game_id"] is not None, version["known_at"]


def _history(work: Work, players: list[str], game_date: date, as_of: datetime | None) -> tuple[list[Row], list[Row]]:
    """His last ten games with court time, across seasons within 400 days; and his season so far."""
    summary = _until(_of(work, "analytics.player_game_summary", players, "player_lookup"), "known_at", as_of)
    since = day_of(game_date - timedelta(days=HISTORY_DAYS))
    played = summary.filter((summary.game_date < day_of(game_date)) & (summary.game_date >= since) & ~summary.did_not_play.fill_null(False))
    order = ibis.window(group_by="player_lookup", order_by=[ibis.desc("game_date"), ibis.desc("game_id")])
    last = played.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place < LAST_GAMES)
    last = last.select("player_lookup", "place", "points", "minutes", "closing_line", "over_under_result")
    this_season = played.filter(played.season == season_of(game_date))
    season = this_season.group_by("player_lookup").agg(games=this_season.count(), points=this_season.points.mean())
    return _rows(work, last), _rows(work, season)


def _of(work: Work, name: str, wanted: list[str], column: str = "game_id") -> ir.Table:
    return work.table(name).semi_join(ibis.memtable(pa.table({column: pa.array(wanted, pa.string())})), column)


def _until(rows: ir.Table, column: str, as_of: datetime | None) -> ir.Table:
    return rows if as_of is None else rows.filter(rows[column] <= instant(as_of))


def _newest(rows: ir.Table, columns: tuple[str, ...], *more: str) -> ir.Table:
    """Of each game the rows of its latest moment of knowledge: whoever has none by then is not of the slate any more."""
    latest = rows.group_by("game_id").agg(as_of=rows.as_of.max())
    newest = rows.semi_join(latest, ["game_id", "as_of"])
    return newest.select("game_id", "player_lookup", *columns, *more)


def _rows(work: Work, expression: ir.Table) -> list[Row]:
    rows: list[Row] = work.fetch(expression).to_pylist()
    return rows
