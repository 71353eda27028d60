"""The document of a day's best bets: every pick with its reasons, every pass with its one reason, by `tipoff.market.selection`.

In: a slate, its night's document, and what was shown of the day before. Out: the document. A pick whose game has tipped stands as it was
shown, whatever is said of it later. It must never know how the selection is made, nor where the document goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from tipoff.market.books import find_book
from tipoff.market.devig import devig
from tipoff.market.selection import PASSES, SelectionRule, best_bets
from tipoff.market.shrinkage import LEAST_PAST, doubt_before, weight_before
from tipoff.market.staking import Bets, StakingRule, stakes
from tipoff.publish.documents import Document, Figure, Game, Player, Result, Shape, State, Tonight
from tipoff.publish.ledger import Pick, Place, Shown, as_json
from tipoff.publish.players import CALLED_OFF
from tipoff.publish.reads import Row, Slate

NOT_SHOWN = "not_shown"
_RESULTS = ("rank", "result", "clv_points", "clv_prob")
_AT_RISK = {"p_over": pa.float64(), "p_push": pa.float64(), "p_under": pa.float64(), "line": pa.float64()} | {
    "over_price": pa.float64(),
    "under_price": pa.float64(),
}


class Rule(Shape):
    """The numbers of the selection in force: see docs/best_bets.md."""

    least_edge: Figure
    most_edge: Figure
    least_quality: Figure
    least_systems: int
    least_agreement: Figure
    least_books: int
    tight_books: int
    widest: Figure
    per_team: int
    per_day: int


class BestBet(Shape):
    """One pick. `p` is P(side | no push), `edge` is p - 1 / price, `ev` the expected profit a unit staked; `stake` is a share of the
    morning's bankroll, None where the staking rule has nothing to learn from yet. `signals` are circumstances on record, and no reasons.
    Closing line values are None where they could not be measured."""

    rank: int
    player_lookup: str
    name: str
    team: str | None
    game_id: str
    tip_at: datetime
    system_id: str
    side: Literal["OVER", "UNDER"]
    line: Figure
    bookmaker: str
    price: Figure
    p: Figure
    push: Figure
    fair_price: Figure | None
    edge: Figure
    ev: Figure
    stake: Figure | None
    systems_for: int
    systems_all: int
    quality: Figure | None
    book_count: int | None
    line_range: Figure | None
    reasons: list[str]
    signals: list[str]
    result: Result | None
    clv_points: Figure | None
    clv_prob: Figure | None


class Passed(Shape):
    """A player-game that was looked at and left: `why` is the first rule that it fails, `detail` says it in words."""

    player_lookup: str
    name: str
    game_id: str
    side: Literal["OVER", "UNDER"] | None
    line: Figure | None
    bookmaker: str | None
    price: Figure | None
    p: Figure | None
    edge: Figure | None
    why: str
    detail: str


class BestBets(Document):
    """A day's best bets, and all that was passed over. `system_id` leads: its probabilities are judged, the others agree or do not."""

    game_date: date
    system_id: str | None
    bootstrap: bool
    rule: Rule
    picks: list[BestBet]
    passed: list[Passed]


@dataclass(frozen=True)
class Before:
    """What was shown before: `picks` the ledger's last word on each place (entries as JSON), `shown` whether any document of the day
    was."""

    picks: Mapping[Place, str] = field(default_factory=dict)
    shown: bool = False


def best_bets_of(
    slate: Slate,
    night: Tonight,
    past: pa.Table | None,
    before: Before,
    *,
    staking: StakingRule | None = None,
    rule: SelectionRule | None = None,
) -> BestBets:
    """The day's best bets. `past` are the leader's graded claims of earlier days (`reads.past_claims`), for the stakes.

    Games that have tipped by the document's own moment keep the picks that were shown; while a halt is in force there are none.
    """
    rule = rule or SelectionRule()
    headline = next((system for system in night.systems if system.headline), None)
    games = {game.game_id: game for game in night.games if game.game_status not in CALLED_OFF}
    people = {(game.game_id, player.player_lookup): player for game in games.values() for player in game.players}
    picks: list[BestBet] = []
    passed: list[Passed] = []
    if headline is not None and not night.halt.active:
        # The day's cap is counted here: who was not shown before his tip takes no place of it.
        uncapped = replace(rule, per_day=len(slate.predictions) + 1)
        found = best_bets(_said(slate, games), _about(slate), headline.system_id, uncapped).to_pylist()
        closed = {game for game, of in games.items() if of.tip_at <= night.generated_at}
        picks = _kept(before, closed)
        held = {(pick.game_id, pick.player_lookup) for pick in picks}
        new: dict[tuple[str, str], Row] = {}
        for row in sorted(found, key=lambda row: (row["rank"] is None, row["rank"], row["game_id"], row["player_lookup"])):
            key = (row["game_id"], row["player_lookup"])
            if key in held or key not in people:
                continue
            why = row["why"]
            if why is None and key[0] in closed and before.shown:
                why = NOT_SHOWN if row["rank"] <= rule.per_day else "day_cap"
            elif why is None and len(picks) + len(new) >= rule.per_day:
                why = "day_cap"
            if why is None:
                new[key] = row
            else:
                passed.append(_passed(row, people[key], why))
        at_stake = [row for row in found if (row["game_id"], row["player_lookup"]) in held | new.keys()]
        stake = _stakes(at_stake, past, slate.game_date, staking or StakingRule())
        picks += [_pick(row, games[key[0]], people[key], headline.system_id, stake.get(key)) for key, row in new.items()]
    ended = {(row["game_id"], row["player_lookup"], row["system_id"]): row for row in slate.accuracy}
    order = sorted(picks, key=lambda pick: (-pick.ev, pick.game_id, pick.player_lookup))
    state, detail = _state(night, picks, passed)
    return BestBets(
        **{name: getattr(night, name) for name in Document.model_fields} | {"state": state, "state_detail": detail},
        game_date=night.game_date,
        system_id=headline.system_id if headline else None,
        bootstrap=headline is not None and headline.bootstrap,
        rule=Rule(**asdict(rule)),
        picks=[
            pick.model_copy(update={"rank": place, **_became(pick, ended.get((pick.game_id, pick.player_lookup, pick.system_id)))})
            for place, pick in enumerate(order, 1)
        ],
        passed=sorted(passed, key=lambda one: (-(one.edge if one.edge is not None else -1.0), one.game_id, one.player_lookup)),
    )


def shown_in_best_bets(document: BestBets, path: str, predictions: Iterable[Row] = ()) -> Shown:
    """The picks of the document, for the ledger: each without its rank and what became of it."""
    places = {(pick.game_id, pick.player_lookup, pick.system_id): pick for pick in document.picks}
    picks = {
        place: Pick(pick.side, pick.line, pick.bookmaker, pick.price, as_json(pick.model_dump(mode="json", exclude=set(_RESULTS))))
        for place, pick in places.items()
    }
    instead = {(one.game_id, one.player_lookup, document.system_id or ""): one.model_dump_json() for one in document.passed}
    behind = {(row["game_id"], row["player_lookup"], row["system_id"]): (row["prediction_id"], row["model_id"]) for row in predictions}
    return Shown(path, document.game_date, document.generated_at, picks, instead, withheld=document.halt.active, predictions=behind)


def _said(slate: Slate, games: Mapping[str, Game]) -> pa.Table:
    """The standing words on games that are on, as the selection takes them."""
    rows = [row for row in slate.predictions if row["is_active"] and row["game_id"] in games]
    words = ("system_id", "game_id", "player_lookup", "side", "recommendation", "line_kind", "bookmaker")
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in words}
    columns |= {name: pa.array([row[name] for row in rows], kind) for name, kind in _AT_RISK.items()}
    return pa.table(columns | {"game_date": pa.array([slate.game_date] * len(rows), pa.date32())})


def _about(slate: Slate) -> pa.Table:
    """What is known of each player-game: his team, the market on him, the quality of his features."""
    market = {(row["game_id"], row["player_lookup"]): row for row in slate.lines}
    scores = {(row["game_id"], row["player_lookup"]): row for row in slate.features}
    teams = {(row["game_id"], row["player_lookup"]): row["team"] for rows in (slate.context, slate.predictions) for row in rows}
    keys = sorted({*market, *scores, *teams})
    nothing: Row = {}
    return pa.table(
        {
            "game_id": pa.array([game for game, _ in keys], pa.string()),
            "player_lookup": pa.array([player for _, player in keys], pa.string()),
            "team": pa.array([teams.get(key) for key in keys], pa.string()),
            "quality_score": pa.array([scores.get(key, nothing).get("quality_score") for key in keys], pa.float64()),
            "book_count": pa.array([market.get(key, nothing).get("book_count") for key in keys], pa.int64()),
            "line_range": pa.array([market.get(key, nothing).get("line_range") for key in keys], pa.float64()),
        }
    )


def _kept(before: Before, closed: set[str]) -> list[BestBet]:
    """The picks of games that have tipped, as they were shown."""
    kept = []
    for (game, _, _), text in sorted(before.picks.items()):
        if game in closed:
            try:
                kept.append(BestBet.model_validate(json.loads(text) | {"rank": 0} | dict.fromkeys(_RESULTS[1:])))
            except ValidationError:
                continue  # shown by an older version, in another shape: the ledger has it
    return kept


def _pick(row: Row, game: Game, player: Player, system_id: str, stake: float | None) -> BestBet:
    same = ("side", "line", "bookmaker", "price", "p", "push", "fair_price", "edge", "ev", "systems_for", "systems_all")
    return BestBet(
        **{name: row[name] for name in same},
        rank=row["rank"],
        player_lookup=player.player_lookup,
        name=player.name,
        team=row["team"],
        game_id=game.game_id,
        tip_at=game.tip_at,
        system_id=system_id,
        stake=stake,
        quality=row["quality_score"],
        book_count=None if row["book_count"] is None else int(row["book_count"]),
        line_range=row["line_range"],
        reasons=_reasons(row),
        signals=player.prediction.factors if player.prediction is not None else [],
        result=None,
        clv_points=None,
        clv_prob=None,
    )


def _reasons(row: Row) -> list[str]:
    """What speaks for a pick, in the order in which the selection asks for it."""
    book = find_book(row["bookmaker"]).title
    return [
        f"{row['side'].lower()} {row['line']:g} has {row['p']:.1%}, and needs {1 / row['price']:.1%} at {row['price']:.2f} ({book})",
        f"{row['systems_for']} of {row['systems_all']} systems lean this way",
        f"quality {row['quality_score']:.0f} of 100",
        f"{row['book_count']:.0f} books within {row['line_range']:g} points",
    ]


def _passed(row: Row, player: Player, why: str) -> Passed:
    same = ("side", "line", "bookmaker", "price", "p", "edge")
    words = "it was not shown before the tip" if why == NOT_SHOWN else PASSES[why]
    return Passed(
        **{name: row[name] for name in same},
        player_lookup=player.player_lookup,
        name=player.name,
        game_id=row["game_id"],
        why=why,
        detail=words,
    )


def _stakes(found: list[Row], past: pa.Table | None, day: date, rule: StakingRule) -> dict[tuple[str, str], float]:
    """The stake of each pick, where the rule can tell: the bets of a day are weighed together."""
    learned, rows = _learned(rule, past, day)
    if rule.shrink != "none" and rows < LEAST_PAST:
        return {}
    picks = [row for row in found if row["rank"] is not None and (row["other_price"] is not None or rule.shrink != "market")]
    if not picks:
        return {}
    price, other, p, push = (np.array([row[name] for row in picks], dtype=np.float64) for name in ("price", "other_price", "p", "push"))
    bets = Bets.of(win=p * (1.0 - push), push=push, price=price, game=[row["game_id"] for row in picks], day=str(day))
    staked = stakes(rule, bets, doubt=learned, market=devig(price, other), weight=learned)
    return {(row["game_id"], row["player_lookup"]): stake for row, stake in zip(picks, staked.tolist(), strict=True)}


def _learned(rule: StakingRule, past: pa.Table | None, day: date) -> tuple[float, int]:
    """What the leader's own claims of earlier days teach, and on how many of them it rests."""
    if past is None or past.num_rows == 0 or rule.shrink == "none":
        return float("nan"), 0
    columns = ("claimed", "over_price", "under_price", "went_over")
    number = {name: np.asarray(past.column(name).to_numpy(), dtype=np.float64) for name in columns}
    days = past.column("game_date").to_numpy().astype("datetime64[D]")
    market, asked = devig(number["over_price"], number["under_price"]), np.array([day], dtype="datetime64[D]")
    if rule.shrink == "uncertainty":
        value, rows = doubt_before(days, number["claimed"], market, asked)
    else:
        value, rows = weight_before(days, number["claimed"], market, number["went_over"], asked)
    return float(value[0]), int(rows[0])


def _became(pick: BestBet, graded: Row | None) -> dict[str, Any]:
    """What became of a pick, at its own line: a later word of its system on the same player may stand at another one."""
    if graded is None:
        return {}
    if graded["actual_points"] is None:
        return {"result": "VOID"}
    margin = (graded["actual_points"] - pick.line) * (1 if pick.side == "OVER" else -1)
    result = "WIN" if margin > 0 else "LOSS" if margin < 0 else "PUSH"
    same = graded["line"] == pick.line and graded["recommendation"] == pick.side
    return {"result": result, **({name: graded[name] for name in ("clv_points", "clv_prob")} if same else {})}


def _state(night: Tonight, picks: list[BestBet], passed: list[Passed]) -> tuple[State, str | None]:
    """The night's own state; where nothing was picked, what broke, or that nothing qualified, with the best edge."""
    if night.state not in ("ok", "nothing_qualified") or picks:
        return night.state, night.state_detail
    if night.state == "ok" and night.state_detail is not None:
        return "broken", night.state_detail
    best = max((one.edge for one in passed if one.edge is not None), default=None)
    edge = "no price stands beside a probability" if best is None else f"the best edge is {best:+.1%} in probability"
    return "nothing_qualified", f"{len(passed)} player-games were looked at and passed; {edge}"
