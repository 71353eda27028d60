"""What a slate's feature rows come to, in words: by player the score, what is missing, and whether the gate lets him through and why not;
for the slate what is waived, what strays, and what stops it.

Knows built rows and the rules of quality. It must never know a model, nor a result.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import numpy as np

from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import known_games_on
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.build import MISSING, Built, build
from tipoff.features.quality import Gate, RunMode, gate
from tipoff.features.reasons import Phase, reason_named
from tipoff.features.registry import EXCUSED
from tipoff.features.slate_checks import RedAlert, red_alerts
from tipoff.names import player_lookup
from tipoff.store.tables.features import CATEGORIES, Category, Entry, catalogue
from tipoff.store.warehouse import Work

Standing = Literal["known", "missing", "waived", "excused", "optional"]


@dataclass(frozen=True)
class Verdict:
    """One player of a slate. `missing` are name=reason; `why` and `mended_by` are empty where the gate is open. Scores are 0-100, None for
    a category of which nothing counts; moments are UTC."""

    game_id: str
    player_lookup: str
    name: str
    team: str | None
    opponent: str | None
    has_line: bool
    as_of: datetime
    newest_known_at: datetime | None
    score: float
    tier: str
    by_category: dict[Category, float | None]
    missing_required: int
    missing: list[str]
    waived: list[str]
    quality_ready: bool
    warm_up: bool
    gate_open: bool
    why: str
    mended_by: str


@dataclass(frozen=True)
class SlateVerdict:
    """A slate: its players, those with a line first; by feature=reason how many players lack what; how many a feature is waived for; how
    many values were out of range; and what stops it."""

    run_mode: RunMode
    players: list[Verdict]
    missing: dict[str, int]
    waived: dict[str, int]
    out_of_range: dict[str, int]
    red_alerts: list[RedAlert]

    @property
    def fit(self) -> bool:
        """Whether it may be predicted on."""
        return not self.red_alerts


@dataclass(frozen=True)
class Cell:
    """One feature of one player: a value with its source and quality, or the reason why there is none and the phase that would mend it.
    `standing`: what is missing and counts, is waived, is excused, or is optional."""

    index: str
    name: str
    category: Category
    unit: str
    value: float | None
    quality: int
    source: str | None
    reason: str | None
    meaning: str | None
    mended_by: Phase | None
    standing: Standing


def read_slate(work: Work, game_date: date, as_of: datetime | None, run_mode: RunMode) -> tuple[Built, SlateVerdict]:
    """A date's features, built anew as of a moment (UTC; None: each game's tip), and what they come to.

    Raises UnknownDate where no game of the date was known by then.
    """
    games = known_games_on(Schedule.read(work), game_date, game_date, as_of).column("game_id").to_pylist()
    built = build(work, games, as_of)
    if not built.size:
        when = f" at {as_of:%Y-%m-%d %H:%M}Z" if as_of else ""
        what = f"Nobody is known to play on {game_date}{when}." if games else f"No game of {game_date} is known{when}."
        raise UnknownDate(what, hint="`tipoff coverage` shows which days are on record; load a schedule, odds or box scores first.")
    known = work.table("ref.players").select("player_lookup", "name").filter(lambda row: row.name.notnull())
    names = {row["player_lookup"]: row["name"] for row in work.fetch(known).to_pylist()}
    return built, judge(built, run_mode, names)


def judge(built: Built, run_mode: RunMode, names: Mapping[str, str]) -> SlateVerdict:
    """Every row of a slate under a run mode's gate; `names` are for people, by lookup."""
    alerts = red_alerts(built)
    closed_to = gate(built.scores, run_mode, [alert.feature for alert in alerts])
    players = [_verdict(built, closed_to, row, names) for row in range(built.size)]
    players.sort(key=lambda player: (not player.has_line, player.game_id, player.player_lookup))
    return SlateVerdict(
        run_mode=run_mode,
        players=players,
        missing=_commonest(item for player in players for item in player.missing),
        waived=_commonest(item for player in players for item in player.waived),
        out_of_range={name: count for name, count in built.out_of_range.items() if count},
        red_alerts=alerts,
    )


def _verdict(built: Built, closed_to: Gate, row: int, names: Mapping[str, str]) -> Verdict:
    known = built.ingredients.slice(row, 1).select(["game_id", "player_lookup", "team", "opponent", "as_of", "newest_known_at"])
    scores = built.scores
    of_row = known.to_pylist()[0]
    return Verdict(
        **of_row,
        name=names.get(of_row["player_lookup"], of_row["player_lookup"]),
        has_line=bool(np.isfinite(built.values["vegas_points_line"][row])),
        score=float(scores.score[row]),
        tier=scores.tier[row],
        by_category={category: _number(scores.by_category[category][row]) for category in CATEGORIES},
        missing_required=int(scores.missing_required[row]),
        missing=listed(scores.missing[row]),
        waived=listed(scores.waived[row]),
        quality_ready=bool(scores.ready[row]),
        warm_up=bool(built.warm_up[row]),
        gate_open=not closed_to.closed[row],
        why=closed_to.why(row),
        mended_by=closed_to.mended_by(row),
    )


def explain(built: Built, player: Verdict) -> list[Cell]:
    """Every feature of one player, in the order of the catalogue."""
    games, players = (built.ingredients.column(name).to_pylist() for name in ("game_id", "player_lookup"))
    row = list(zip(games, players, strict=True)).index((player.game_id, player.player_lookup))
    return [_cell(built, player, row, entry) for entry in catalogue()]


def _cell(built: Built, player: Verdict, row: int, entry: Entry) -> Cell:
    told = built.sources[entry.name][row].as_py()
    reason = told.removeprefix(MISSING) if told.startswith(MISSING) else None
    return Cell(
        index=f"f{entry.index}",
        name=entry.name,
        category=entry.category,
        unit=entry.unit,
        value=_number(built.values[entry.name][row]),
        quality=int(built.qualities[entry.name][row]),
        source=None if reason else told,
        reason=reason,
        meaning=reason_named(reason).meaning if reason else None,
        mended_by=reason_named(reason).phase if reason else None,
        standing=_standing(entry, player, reason),
    )


def _standing(entry: Entry, player: Verdict, reason: str | None) -> Standing:
    if reason is None:
        return "known"
    if f"{entry.name}={reason}" in player.missing:
        return "missing"
    if entry.name in player.waived:
        return "waived"
    return "excused" if entry.required and reason == EXCUSED else "optional"


def verdicts_on(slate: SlateVerdict, text: str) -> list[Verdict]:
    """The player of this name: one verdict a game. Raises BadInput, with those who are called alike, where he is not on the slate."""
    lookup = player_lookup(text)
    found = [player for player in slate.players if player.player_lookup == lookup]
    if found:
        return found
    known = sorted({player.player_lookup for player in slate.players})
    within = [name for name in known if lookup and lookup in name]
    near = list(dict.fromkeys([*within, *difflib.get_close_matches(lookup, known, n=5, cutoff=0.6)]))[:5]
    perhaps = f"Perhaps {', '.join(near)}?" if near else "Nobody on it is called alike."
    raise BadInput(
        f"Nobody on the slate is called {text!r}.",
        hint=f"{perhaps} `tipoff names unresolved` lists names that lead to nobody, `tipoff names list NAME` a player's spellings.",
    )


def listed(text: str) -> list[str]:
    """The items of a comma-separated list."""
    return [item for item in text.split(", ") if item]


def _commonest(items: Iterable[str]) -> dict[str, int]:
    return dict(Counter(items).most_common())


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
