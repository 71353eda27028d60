"""All that features are made of, one row a player of a set of games, as known at each row's moment: for tonight and for eleven seasons.

Knows where the facts lie. What a feature makes of them is for the recipes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.analyze.absent import reported
from tipoff.analyze.form import form
from tipoff.analyze.history import WINDOW
from tipoff.analyze.past import Floats, Ints, Names, Slices, Values, instants, moment_column, numbers
from tipoff.analyze.projection import minutes_ahead
from tipoff.analyze.quoted import Quotes, closing_of_played, regulars, since_last_game
from tipoff.analyze.roster import Rows, columns, roster
from tipoff.analyze.scene import REACH, Scene, read
from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import AT_TIP, Moment, known_games
from tipoff.analyze.slope import spread_of_points
from tipoff.analyze.teams import by_row, games_missed, sides_context
from tipoff.analyze.zones import ages, zone_columns
from tipoff.market.lines import Market, game_lines, market_as_of, market_at_close
from tipoff.store.warehouse import Work


def gather(work: Work, game_ids: Sequence[str], as_of: Moment, before: timedelta = AT_TIP) -> pa.Table:
    """Ingredients of every player who may play in these games, as Arrow, ordered by game and player.

    `as_of` (UTC) is the moment of knowledge; None is each game's tip, or so long `before` it. Games unknown by then, or called off,
    have no rows.
    """
    schedule = Schedule.read(work)
    tonight = known_games(schedule, game_ids, as_of, before)
    games = ibis.memtable(tonight)
    market = market_as_of(work, games, partial(spread_of_points, work))
    lines = market.lines.drop_columns(["as_of"])
    scene = read(work, schedule, tonight, also=[lines.column("player_lookup")])
    closing = _closing(work, scene)
    books = Names(market.quotes.column("bookmaker"), closing.quotes.column("bookmaker"))
    now, then = Quotes.read(scene, books, market.quotes), Quotes.read(scene, books, closing.quotes)
    team_past = scene.team_games.known(scene.games.asked(scene.sides.team, scene.sides.game), REACH)
    window = scene.window(team_past)
    game_of = _place_of_game(scene, lines.column("game_id"))
    rows = roster(scene, team_past, game_of, scene.players.codes(lines.column("player_lookup")))
    context = sides_context(scene, window)
    reports = reported(scene, rows, window)
    known = [rows.listed_known, scene.games.known[rows.game], reports.known, _newest_quote(scene, market.quotes)[rows.game]]
    known += [_newest_group(work, scene)[rows.game]]
    numeric: dict[str, Floats] = {
        "is_home": rows.is_home,
        **form(scene, rows, closing_of_played(scene, closing.lines)),
        **by_row(rows, context),
        "dnp_share": games_missed(scene, rows, window),
        "star_teammates_out": reports.stars_out,
        "usage_out": reports.usage_out,
        "reported_out": (reports.status == "out") * 1.0,
        "projected_minutes": minutes_ahead(scene, rows, team_past, reports),
        "age": ages(work, scene, rows),
        **zone_columns(scene, rows, window),
        **since_last_game(scene, rows, now, then),
        **regulars(scene, rows, window, now, then),
    }
    of_market, text, quote_known = _market(scene, rows, game_of, lines)
    of_game, of_whom, game_quote_known = _game_lines(scene, rows, game_lines(work, games))
    known += [quote_known, game_quote_known, numeric.pop("shots_known_at").astype(np.int64)]
    of_side = np.maximum(context["team_known_at"], team_past.latest("known_at").astype(np.float64))
    known += [_whole(rows.of_side(of_side)), _whole(rows.of_other_side(of_side))]
    found: dict[str, pa.Array] = columns(scene, rows)
    found |= {name: pa.array(values, pa.float64(), from_pandas=True) for name, values in (numeric | of_market | of_game).items()}
    found |= {"line_kind": text, **of_whom, "injury_status": pa.array(reports.status.tolist(), pa.string())}
    found |= {"covered": pa.array(reports.covered), "newest_known_at": moment_column(np.max(np.stack(known), axis=0))}
    return pa.table(found)


def stand_of_inputs(work: Work) -> str:
    """Changes with whatever `gather` reads: a row is written anew with its moment, and one that is taken away is missing."""
    return str(sorted(work.ask(_stands).to_pylist(), key=lambda row: str(row["name"])))


_INPUTS = (
    *("raw.schedule", "raw.player_box", "raw.shots", "raw.odds_player_points", "raw.odds_game_lines"),
    *("raw.injuries", "raw.injury_submissions", "ref.book_groups", "ref.players"),
)


def _stands(work: Work) -> ir.Table:
    tables = {name: work.table(name) for name in _INPUTS}
    return ibis.union(
        *(rows.agg(name=ibis.literal(name), rows=rows.count(), written=rows.written_at.max()) for name, rows in tables.items())
    )


def _whole(moments: Floats) -> Ints:
    return np.nan_to_num(moments, nan=-1.0).astype(np.int64)


def _newest_quote(scene: Scene, quotes: pa.Table) -> Ints:
    """By game the newest current quote on anybody: who has none is told by the others' too. -1 where there is none."""
    newest = np.full(len(scene.games), -1, dtype=np.int64)
    np.maximum.at(newest, _place_of_game(scene, quotes.column("game_id")), instants(quotes.column("snapshot_at")))
    return newest


def _measured(work: Work) -> ir.Table:
    return work.table("ref.book_groups").select("measured_at").distinct()


def _newest_group(work: Work, scene: Scene) -> Ints:
    """By game when the books were measured last before its moment; -1 where they never were."""
    measured = np.unique(instants(work.ask(_measured).column("measured_at")))
    return np.append(measured, -1)[np.searchsorted(measured, scene.games.as_of, side="right") - 1]


def _closing(work: Work, scene: Scene) -> Market:
    """The market on the past games in reach, at each game's own tip."""
    schedule = scene.schedule
    first, last = ((day - date(1970, 1, 1)).days for day in (scene.first_day - WINDOW - timedelta(days=1), scene.last_day))
    place = schedule.as_played[schedule.as_played >= 0]
    near = place[(schedule.day[place] >= first) & (schedule.day[place] <= last)]
    played = schedule.table.take(pa.array(near))
    games = {"game_id": played.column("game_id"), "tip": played.column("commence_time")}
    return market_at_close(work, ibis.memtable(pa.table(games)))


def _place_of_game(scene: Scene, game_ids: pa.ChunkedArray) -> Ints:
    """The index among the scene's games of each id."""
    return Slices(scene.games.code).one(scene.game_names.codes(game_ids))


def _market(scene: Scene, rows: Rows, game_of: Ints, lines: pa.Table) -> tuple[dict[str, Floats], pa.Array, Ints]:
    """The lines on each row's player, their kind, and the newest quote behind them."""
    place = Slices(scene.game_player(game_of, scene.players.codes(lines.column("player_lookup")))).one(
        scene.game_player(rows.game, rows.player)
    )
    names = [name for name in lines.column_names if name not in ("game_id", "player_lookup", "line_kind", "newest_quote")]
    found = {name: _taken(numbers(lines.column(name)), place, np.nan) for name in names}
    kind = lines.column("line_kind").combine_chunks().take(pa.array(place, mask=place < 0))
    return found, kind, _taken(instants(lines.column("newest_quote"), -1), place, -1)


def _game_lines(scene: Scene, rows: Rows, lines: pa.Table) -> tuple[dict[str, Floats], dict[str, pa.Array], Ints]:
    """The lines on each row's game, whose they are, and the newest quote behind them."""
    place = Slices(_place_of_game(scene, lines.column("game_id"))).one(rows.game)
    found = {name: _taken(numbers(lines.column(name)), place, np.nan) for name in ("game_total", "home_spread")}
    kinds = {name: lines.column(name).combine_chunks().take(pa.array(place, mask=place < 0)) for name in ("total_kind", "spread_kind")}
    return found, kinds, _taken(instants(lines.column("newest_game_quote"), -1), place, -1)


def _taken(values: Values, place: Ints, missing: float) -> Values:
    """The values at some places; -1 is nowhere."""
    return np.where(place >= 0, values[place], missing) if len(values) else np.full(len(place), missing)
