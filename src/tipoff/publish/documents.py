"""The published documents' shapes: what every one of them carries, and the document of one night.

Points are NBA points, prices decimal, probabilities between 0 and 1, instants UTC; None is missing, never zero.
Knows shapes only. It must never know a table, nor where a document is kept.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

League = Literal["nba", "practice"]
State = Literal["no_games", "halted", "broken", "nothing_qualified", "ok"]
GameStatus = Literal["scheduled", "live", "final", "postponed", "cancelled"]
Recommendation = Literal["OVER", "UNDER", "PASS", "NO_LINE"]
Result = Literal["WIN", "LOSS", "PUSH", "VOID"]
LineKind = Literal["sportsbook", "consensus"]
Figure = Annotated[float, AfterValidator(lambda value: round(value, 4) + 0.0)]
"""Four places, and no minus before a zero, which a warehouse may lose when it packs its columns: so that equal inputs give equal bytes."""


def league_named(name: str | None) -> League:
    """The league that a warehouse is marked as; an empty one is to be the real league's."""
    return "practice" if name == "practice" else "nba"


class Shape(BaseModel):
    """A part of a document: no field more than declared, and none changed afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Halt(Shape):
    """Whether somebody, or a rule, has stopped the slate: why, and since when."""

    active: bool = False
    reason: str | None = None
    since: datetime | None = None


class Document(Shape):
    """What every document carries. `state` tells four kinds of empty apart; `state_detail` says it in words."""

    schema_version: Literal[1] = 1
    league: League
    generated_at: datetime
    data_as_of: datetime | None
    halt: Halt
    state: State
    state_detail: str | None = None
    final: bool = False


class Price(Shape):
    """One side at one book: where, at which point, for how much."""

    bookmaker: str
    point: Figure | None
    price: Figure | None


class Prop(Shape):
    """The market on a player. `movement` is the median over books quoted both then and now, so it need not be line - opening_line;
    `velocity` the same an hour, over the last six; `quoted_at` when the newest quote stood; `steam`: three sportsbooks or more moved the
    same way in ten minutes, up (1) or down (-1), last at `steam_at`; `pulled_books` quoted him and took him off."""

    stat_type: Literal["points"] = "points"
    line: Figure | None
    line_kind: LineKind | None
    line_range: Figure | None
    book_count: int | None
    opening_line: Figure | None
    closing_line: Figure | None
    movement: Figure | None
    velocity: Figure | None
    outlier_count: int | None
    pulled_books: int | None
    steam: int | None
    steam_at: datetime | None
    quoted_at: datetime | None
    implied_over: Figure | None
    best_over: Price | None
    best_under: Price | None


class LastTen(Shape):
    """His last games with court time, newest first; `lines` and `results` (OVER, UNDER, PUSH) are None where no book quoted him."""

    points: list[Figure | None] = []
    minutes: list[Figure | None] = []
    lines: list[Figure | None] = []
    results: list[str | None] = []


class Hits(Shape):
    """How his last `games` games with court time, as many as there are of 5, 10 or 20, stand to the line of now."""

    games: int
    over: int
    push: int


class Quality(Shape):
    """How much of what a prediction needs was known. `score` is 0-100; `missing` are name=reason, `waived` names."""

    score: Figure | None
    tier: str | None
    missing: list[str]
    waived: list[str]


class Absence(Shape):
    """Why nobody predicted this player, and which phase would mend it."""

    reason: str
    detail: str | None
    mended_by: str | None


class SystemAbsence(Absence):
    """Why one system did not."""

    system_id: str


class Agreement(Shape):
    """How many of the systems that spoke recommend the same."""

    systems_for: int
    systems_all: int


class Opinion(Shape):
    """One system on one player. `predicted` is the median; `price` is that of the recommended side, None for PASS and NO_LINE."""

    system_id: str
    predicted: Figure | None
    mean: Figure | None
    sd: Figure | None
    p_over: Figure | None
    p_push: Figure | None
    p_under: Figure | None
    line: Figure | None
    bookmaker: str | None
    over_price: Figure | None
    under_price: Figure | None
    price: Figure | None
    edge: Figure | None
    line_margin: Figure | None
    recommendation: Recommendation | None
    result: Result | None


class Headline(Opinion):
    """The opinion that the slate stands for. `bootstrap`: its system has not passed its gates (unproven)."""

    bootstrap: bool
    quality: Figure | None
    agreement: Agreement
    factors: list[str]


class Player(Shape):
    """One scheduled player: predicted by somebody, or absent for a reason. `against_line` is of his last 5, 10 and 20 games, empty
    without a line; `projected_minutes` are those ahead, `minutes` those played."""

    player_lookup: str
    name: str
    team: str | None
    opponent: str | None
    is_home: bool | None
    has_line: bool
    injury_status: str | None
    days_rest: Figure | None
    fatigue_score: Figure | None
    season_ppg: Figure | None
    last_5_ppg: Figure | None
    games_played: int
    last_10: LastTen
    against_line: list[Hits]
    projected_minutes: Figure | None
    props: list[Prop]
    prediction: Headline | None
    predictions: list[Opinion]
    absence: Absence | None
    absences: list[SystemAbsence]
    quality: Quality | None
    actual_points: int | None
    minutes: Figure | None
    did_not_play: bool | None
    result: Result | None


class Game(Shape):
    """One game; `home_spread` is the spread of the home side, negative where it is favoured."""

    game_id: str
    home_team: str
    away_team: str
    tip_at: datetime
    tip_assumed: bool
    game_status: GameStatus
    home_score: int | None
    away_score: int | None
    game_total: Figure | None
    home_spread: Figure | None
    players: list[Player]


class ReasonCount(Shape):
    """How many players nobody predicted for one reason."""

    reason: str
    players: int


class System(Shape):
    """One system on this slate. `days_since_training` counts to the game day; None where nothing was trained. `training_alert`: a refit is
    due every 7 days, and that it was not made is an alert from 8, 11 and 15 on."""

    system_id: str
    model_state: str | None
    days_since_training: int | None
    training_alert: Literal["notice", "warning", "critical"] | None = None
    headline: bool
    bootstrap: bool
    predicted: int
    recommended: int


class Tonight(Document):
    """One night: every game, every scheduled player. `best_edge` is the largest edge of the headline system, in points; `waived` are the
    features that no switched-on source supplies for the day, each for one player at least."""

    game_date: date
    best_edge: Figure | None
    total_games: int
    total_players: int
    total_with_lines: int
    total_predicted: int
    total_recommended: int
    waived: list[str] = []
    absences: list[ReasonCount]
    systems: list[System]
    bookmakers: dict[str, str]
    games: list[Game]


class Tally(Shape):
    """A record of bets. `n` = won + lost; the rate's interval is Wilson's at 95 %; units at the prices taken, over `units_n` bets."""

    n: int
    won: int
    lost: int
    push: int
    void: int
    hit_rate: Figure | None
    low: Figure | None
    high: Figure | None
    units: Figure | None
    units_n: int


class SideResults(Tally):
    """The same with errors in points: the system's own, the line's and the shifted line's, on the same `error_n` rows."""

    error_n: int
    mae: Figure | None
    line_mae: Figure | None
    shifted_line_mae: Figure | None


class SystemResults(SideResults):
    """One system's night, and by recommended side. `always_under` is UNDER's own rate on the same n bets; its errors are over all rows with
    a line, recommended or not."""

    system_id: str
    headline: bool
    over: SideResults
    under: SideResults
    always_under: Figure | None


class Graded(Shape):
    """One graded prediction."""

    game_id: str
    player_lookup: str
    name: str
    system_id: str
    recommendation: Recommendation | None
    line: Figure | None
    price: Figure | None
    actual_points: Figure | None
    result: Result | None
    void_reason: str | None
    signed_error: Figure | None
    clv_points: Figure | None
    units: Figure | None


class Results(Document):
    """One graded night: `summary` by system and side, `rows` one a player and system."""

    game_date: date
    summary: list[SystemResults]
    rows: list[Graded]
