"""The slow reference: every feature in plain Python, from the catalogue's and the domain page's words, over lists of raw rows.

    slow = Slow(raw)
    slow.features("20251206_BOS_CHI", "bosa")["points_avg_last_5"].value

Written without a look at the recipes; where the catalogue leaves something open, the comment beside it says how it is read here. It
must never import anything from `tipoff` but the catalogue.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median, stdev
from typing import Any, TypeVar

from features.raw_rows import Raw, Row
from tipoff.store.tables.features import catalogue

SPORTSBOOKS = frozenset(
    (
        "draftkings",
        "fanduel",
        "betmgm",
        "williamhill_us",
        "betrivers",
        "bovada",
        "espnbet",
        "thescore_bet",
        "hardrockbet",
        "betonlineag",
        "fliff",
        "betparx",
        "ballybet",
        "pinnacle",
        "fanatics",
        "pointsbetus",
        "unibet_us",
        "mybookieag",
        "lowvig",
        "betus",
        "wynnbet",
        "superbook",
        "twinspires",
        "barstool",
    )
)
CONSENSUS = ("bettingpros_consensus", "kaggle_closing", "consensus_mean_line", "sportsbookreview_archive", "oddsapi_mean")
"""In the order in which they are asked; the first two share a rank, and never quote the same market in these tests."""
T = TypeVar("T")
MEMORY = timedelta(days=400)
SILENT = timedelta(hours=3)
RISK = {"available": 0.0, "probable": 1.0, "questionable": 2.0, "doubtful": 3.0, "out": 3.0}
QUALITY = {
    **dict.fromkeys(("store", "odds", "calculated", "calculated_partial"), 100),
    "minutes": 95,
    "opponent_history": 90,
    "consensus": 87,
    "fallback": 40,
}


@dataclass(frozen=True)
class Found:
    """A value (None: missing) and its source, or the reason for which there is none where the reason decides something."""

    value: float | None
    source: str = "calculated"


@dataclass(frozen=True)
class Past:
    """A game that a player played, as a row's moment knows it. `usage` is in per cent."""

    day: date
    tip: datetime
    season: str
    team: str
    opponent: str
    minutes: float
    points: float
    line: Row
    usage: float | None


@dataclass(frozen=True)
class TeamGame:
    """A team's past game as a row's moment knows it; `pace` per 48 minutes, ratings per 100 possessions."""

    game_id: str
    day: date
    tip: datetime
    season: str
    pace: float
    scored: float
    allowed: float
    margin: float


class Slow:
    """Features of a set of raw rows, one row at a time."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self._memory: dict[tuple[object, ...], Any] = {}
        self.schedule: dict[str, list[Row]] = defaultdict(list)
        self.box: dict[str, list[Row]] = defaultdict(list)
        self.games_of_player: dict[str, set[str]] = defaultdict(set)
        self.games_of_team: dict[str, set[str]] = defaultdict(set)
        self.quotes: dict[str, list[Row]] = defaultdict(list)
        self.lines: dict[str, list[Row]] = defaultdict(list)
        for row in raw["raw.schedule"]:
            self.schedule[row["game_id"]].append(row)
        for row in raw["raw.player_box"]:
            self.box[row["game_id"]].append(row)
            self.games_of_player[row["player_lookup"]].add(row["game_id"])
            self.games_of_team[row["team"]].add(row["game_id"])
        for row in raw["raw.odds_player_points"]:
            self.quotes[row["game_id"]].append(row)
        for row in raw["raw.odds_game_lines"]:
            self.lines[row["game_id"]].append(row)

    def _once(self, key: tuple[object, ...], compute: Callable[[], T]) -> T:
        """What was computed before under a key: the rows of one game ask the same of its sides again and again."""
        if key not in self._memory:
            self._memory[key] = compute()
        found: T = self._memory[key]
        return found

    # --- the moment -------------------------------------------------------------------------------------------------

    def game(self, game_id: str, asked: datetime | None = None) -> Row | None:
        """The schedule row in force at the game's moment, with `as_of`; None where the game was unknown then, or called off."""
        tip = _in_force(self.schedule[game_id])["commence_time"]
        limit = tip if asked is None else min(asked, tip)
        known = [row for row in self.schedule[game_id] if row["known_at"] <= limit]
        if not known:
            return None
        row = _in_force(known)
        if row["status"] in ("postponed", "cancelled"):
            return None
        return {**row, "as_of": min(limit, row["commence_time"])}

    def _box_of(self, game_id: str, as_of: datetime) -> list[Row]:
        """A game's box score as of a moment: of each player the newest row known."""
        return self._once(("box", game_id, as_of), lambda: self._newest_lines(game_id, as_of))

    def _newest_lines(self, game_id: str, as_of: datetime) -> list[Row]:
        newest: dict[str, Row] = {}
        for row in sorted(self.box[game_id], key=lambda row: row["known_at"]):
            if row["known_at"] <= as_of:
                newest[row["player_lookup"]] = row
        return list(newest.values())

    def _is_past(self, past_id: str, row: Row, game: Row) -> bool:
        """Whether a box row is of a game before this one, within memory."""
        if past_id not in self.schedule:
            return False
        tip = _in_force(self.schedule[past_id])["commence_time"]
        return bool(tip < game["commence_time"] and row["game_date"] >= game["game_date"] - MEMORY)

    def _listed(self, player: str, game: Row) -> list[tuple[datetime, Row]]:
        """(tip, row) of every past box score that lists a player, newest first, played or not."""
        found = [
            (_in_force(self.schedule[past_id])["commence_time"], row)
            for past_id in self.games_of_player[player]
            for row in self._box_of(past_id, game["as_of"])
            if row["player_lookup"] == player and self._is_past(past_id, row, game)
        ]
        return sorted(found, key=lambda pair: pair[0], reverse=True)

    def _played(self, listed: Sequence[tuple[datetime, Row]], game: Row) -> list[Past]:
        """The games that he played, newest first: F43, those that he did not play are in no average."""
        return [
            Past(
                day=row["game_date"],
                tip=tip,
                season=row["season"],
                team=row["team"],
                opponent=row["opponent"],
                minutes=row["minutes"],
                points=float(row["points"]),
                line=row,
                usage=self._usage(row, game["as_of"]),
            )
            for tip, row in listed
            if row["minutes"] is not None and row["minutes"] > 0
        ]

    def _usage(self, row: Row, as_of: datetime) -> float | None:
        side = [other for other in self._box_of(row["game_id"], as_of) if other["team"] == row["team"]]
        team_used = math.fsum(_used(other) for other in side)
        team_minutes = math.fsum(other["minutes"] or 0.0 for other in side)
        if team_used <= 0:
            return None
        return 100.0 * _used(row) * (team_minutes / 5) / (float(row["minutes"]) * team_used)

    def _team_games(self, team: str, game: Row) -> list[TeamGame]:
        """A team's past games with both sides' box scores, newest first; once five of this season are known, only this season's."""
        return self._once(("team", team, game["game_id"], game["as_of"]), lambda: self._summed_games(team, game))

    def _summed_games(self, team: str, game: Row) -> list[TeamGame]:
        found = []
        for past_id in self.games_of_team[team]:
            box = self._box_of(past_id, game["as_of"])
            own = [row for row in box if row["team"] == team]
            other = [row for row in box if row["team"] != team]
            if not own or not other or not self._is_past(past_id, own[0], game):
                continue
            possessions = (_possessions(own) + _possessions(other)) / 2
            minutes = math.fsum(row["minutes"] or 0.0 for row in own)
            if minutes <= 0 or _possessions(own) <= 0 or _possessions(other) <= 0 or sum(row["minutes"] or 0.0 for row in other) <= 0:
                continue
            scored, allowed = (math.fsum(row["points"] or 0 for row in side) for side in (own, other))
            found.append(
                TeamGame(
                    game_id=past_id,
                    day=own[0]["game_date"],
                    tip=_in_force(self.schedule[past_id])["commence_time"],
                    season=own[0]["season"],
                    pace=possessions * 48 / (minutes / 5),
                    scored=100 * scored / possessions,
                    allowed=100 * allowed / possessions,
                    margin=scored - allowed,
                )
            )
        found.sort(key=lambda past: past.tip, reverse=True)
        this_season = [past for past in found if past.season == game["season"]]
        return this_season if len(this_season) >= 5 else found

    def _rest(self, team: str, game: Row) -> float | None:
        """Days since the team's game before by the schedule as known then, less one."""
        return self._once(("rest", team, game["game_id"], game["as_of"]), lambda: self._days_off(team, game))

    def _days_off(self, team: str, game: Row) -> float | None:
        days = []
        for game_id, versions in self.schedule.items():
            known = [row for row in versions if row["known_at"] <= game["as_of"]]
            if game_id == game["game_id"] or not known:
                continue
            row = _in_force(known)
            if team not in (row["home"], row["away"]) or row["status"] in ("postponed", "cancelled"):
                continue
            gap = (game["game_date"] - row["game_date"]).days
            if 0 < gap <= MEMORY.days:
                days.append(gap - 1)
        return float(min(days)) if days else None

    # --- reports ----------------------------------------------------------------------------------------------------

    def _reports(self, game: Row) -> dict[str, Row] | None:
        """Of each player of either side the newest status for the day; None where no report of the day was out."""
        of_day = [row for row in self.raw["raw.injuries"] if row["game_date"] == game["game_date"] and row["known_at"] <= game["as_of"]]
        if not of_day and not any(row["submitted"] for row in self._submissions(game)):
            return None
        newest: dict[str, Row] = {}
        for row in sorted(of_day, key=lambda row: row["known_at"]):
            if row["team"] in (game["home"], game["away"]):
                newest[row["player_lookup"]] = row
        return newest

    def _submissions(self, game: Row) -> list[Row]:
        """What reports said of who had submitted for the day, oldest first."""
        known = [row for row in self.raw["raw.injury_submissions"] if row["known_at"] <= game["as_of"]]
        return sorted((row for row in known if row["game_date"] == game["game_date"]), key=lambda row: (row["known_at"], row["submitted"]))

    def _silent(self, team: str | None, game: Row) -> bool:
        """Whether the last word on a team is that it has not submitted."""
        words = [row["submitted"] for row in self._submissions(game) if row["team"] == team]
        return bool(words) and not words[-1]

    def _stars_out(self, player: str, team: str, game: Row, reports: dict[str, Row]) -> float:
        recent = self._team_games(team, game)[:10]
        stars = 0
        for name, report in reports.items():
            if name == player or report["team"] != team or report["status"] not in ("out", "doubtful"):
                continue
            rows = [row for past in recent for row in self._box_of(past.game_id, game["as_of"])]
            mine = [row for row in rows if row["player_lookup"] == name and row["team"] == team and (row["minutes"] or 0) > 0]
            if not mine:
                continue
            usage = [value for row in mine if (value := self._usage(row, game["as_of"])) is not None]
            heavy = fmean(row["points"] for row in mine) >= 18 or fmean(row["minutes"] for row in mine) >= 28
            stars += heavy or (bool(usage) and fmean(usage) >= 25)
        return float(stars)

    def _supplied(self, kind: str, day: date) -> bool:
        return any(
            row["kind"] == kind
            and (row["on_from"] is None or row["on_from"] <= day)
            and (row["on_until"] is None or day <= row["on_until"])
            for row in self.raw["ref.sources"]
        )

    # --- the market -------------------------------------------------------------------------------------------------

    def pre_tip(self, game: Row, rows: Sequence[Row]) -> list[Row]:
        """Quotes known at the moment, of before the tip, by the schedule's word and by the document's own."""
        return [
            row
            for row in rows
            if row["snapshot_at"] <= game["as_of"]
            and row["known_at"] <= game["as_of"]
            and row["snapshot_at"] < game["commence_time"]
            and row["snapshot_at"] < row["commence_time"]
        ]

    def _seen(self, game: Row) -> list[Row]:
        """All pre-tip quotes on the game's players."""
        return self._once(("quotes", game["game_id"], game["as_of"]), lambda: self.pre_tip(game, self.quotes[game["game_id"]]))

    def current(self, game: Row, player: str) -> list[Row]:
        """Each book's current main quote on a player: its own newest, unless pulled or silent for three hours."""
        seen = self._seen(game)
        found = []
        for book in sorted({row["bookmaker"] for row in seen}):
            main = [row for row in seen if row["bookmaker"] == book and row["player_lookup"] == player and row["is_main"]]
            if not main:
                continue
            newest = newest_of(main)
            documents = [
                row
                for row in seen
                if row["event_id"] == newest["event_id"]
                and row["source"] == newest["source"]
                and row["market"] == "player_points"
                and not row["known_at_assumed"]
            ]
            pulled = any(row["bookmaker"] == book and row["snapshot_at"] > newest["snapshot_at"] for row in documents)
            silent = any(row["snapshot_at"] > newest["snapshot_at"] + SILENT for row in documents)
            if not pulled and not silent:
                found.append(newest)
        return found

    def first(self, game: Row, player: str) -> list[Row]:
        """Each book's first main quote on a player."""
        seen = [row for row in self._seen(game) if row["player_lookup"] == player and row["is_main"]]
        books = sorted({row["bookmaker"] for row in seen})
        return [min((row for row in seen if row["bookmaker"] == book), key=_earliest) for book in books]

    def game_quotes(self, game: Row, market: str, outcome: str) -> list[Row]:
        """Each book's newest pre-tip quote on the game; sportsbooks', else a consensus."""
        seen = self.pre_tip(game, self.lines[game["game_id"]])
        seen = [row for row in seen if row["market"] == market and row["outcome"] == outcome]
        books = {row["bookmaker"] for row in seen}
        return of_best_kind([newest_of([row for row in seen if row["bookmaker"] == book]) for book in books])

    # --- the row ----------------------------------------------------------------------------------------------------

    def features(self, game_id: str, player: str, asked: datetime | None = None) -> dict[str, Found]:
        """Every feature that the catalogue defines without other models, by name; values out of the catalogue's range are missing.

        Raises LookupError for a game that has no rows at the moment.
        """
        game = self.game(game_id, asked)
        if game is None:
            raise LookupError(game_id)
        listed = self._listed(player, game)
        played = self._played(listed, game)
        team = listed[0][1]["team"] if listed else None
        team = team if team in (game["home"], game["away"]) else None
        found = {**_form(played, game), **self._meetings(played, team, game), **self._market(game, player, played)}
        found |= self._sides(player, team, listed, game)
        for name in ("shot_zone_mismatch_score", "pct_paint", "pct_mid_range"):
            found[name] = Found(None, "not_supplied")
        if not self._supplied("injuries", game["game_date"]):
            for name in ("injury_risk", "star_teammates_out"):
                found[name] = found[name] if found[name].value is not None else Found(None, "not_supplied")
        lifted = {0.0: 1.0, 1.0: 1.15}.get(found["star_teammates_out"].value or 0.0, 1.30)
        found["usage_spike_score"] = Found(_usage_spike(played, lifted))
        return {name: _within_range(name, value) for name, value in found.items()}

    def _meetings(self, played: Sequence[Past], team: str | None, game: Row) -> dict[str, Found]:
        """Against tonight's opponent within a year. Where his team is unknown, against either side."""
        sides = {game["home"], game["away"]} - {team}
        met = [past.points for past in played if past.opponent in sides and (game["game_date"] - past.day).days <= 365]
        season = [past.points for past in played if past.season == game["season"]]
        # The catalogue falls back on the season's mean; before a season's first game there is none, and the last ten stand in.
        fallback = _mean(season) if season else _mean([past.points for past in played[:10]])
        return {
            "avg_points_vs_opponent": Found(fmean(met), "opponent_history") if met else Found(fallback, "fallback"),
            "games_vs_opponent": Found(float(len(met)), "opponent_history"),
        }

    def _market(self, game: Row, player: str, played: Sequence[Past]) -> dict[str, Found]:
        current = of_best_kind(self.current(game, player))
        points = [row["point"] for row in current]
        first = {row["bookmaker"]: row["point"] for row in self.first(game, player)}
        opening = [row["point"] for row in of_best_kind(self.first(game, player))]
        moved = [row["point"] - first[row["bookmaker"]] for row in current]
        source = "consensus" if current and current[0]["bookmaker"] in CONSENSUS else "odds"
        line = median(points) if points else None
        season = [past.points for past in played if past.season == game["season"]]
        totals = [row["point"] for row in self.game_quotes(game, "totals", "over")]
        spreads = [row["point"] for row in self.game_quotes(game, "spreads", "home")]
        # An opening is told only where there is a current line too: without one there is nothing that it opened for.
        return {
            "vegas_points_line": Found(line, source),
            "vegas_opening_line": Found(median(opening) if opening and points else None, source),
            "vegas_line_move": Found(median(moved) if moved else None, source),
            "has_vegas_line": Found(0.0 if line is None else 1.0, "odds"),
            "multi_book_line_std": Found(stdev(points) if len(points) >= 2 else None, "odds"),
            "line_vs_season_avg": Found(line - fmean(season) if line is not None and season else None, source),
            "game_total_line": Found(median(totals) if totals else None, "odds"),
            "spread_magnitude": Found(abs(median(spreads)) if spreads else None, "odds"),
        }

    def _sides(self, player: str, team: str | None, listed: Sequence[tuple[datetime, Row]], game: Row) -> dict[str, Found]:
        """What hangs on whose player he is, and what the reports say."""
        reports = self._reports(game)
        silent = self._silent(team, game)
        status = None if reports is None else reports[player]["status"] if player in reports else None if silent else "available"
        found = {
            "injury_risk": Found(None if status is None else RISK[status], "store"),
            "star_teammates_out": Found(None, "store"),
            "playoff_game": Found(None if game["game_type"] is None else float(game["game_type"] == "playoff"), "store"),
        }
        if reports is not None and team is not None and not silent:
            found["star_teammates_out"] = Found(self._stars_out(player, team, game, reports), "store")
        if team is None:
            names = (
                "pace_score rest_advantage opponent_def_rating opponent_pace home_away back_to_back team_pace team_off_rating team_win_pct"
            )
            names += " dnp_rate implied_team_total blowout_minutes_risk opponent_pace_mismatch"
            return {**found, **{name: Found(None) for name in names.split()}}
        opponent = game["away"] if team == game["home"] else game["home"]
        own, other = self._team_games(team, game), self._team_games(opponent, game)
        season = [past for past in own if past.season == game["season"]]
        rest, other_rest = self._rest(team, game), self._rest(opponent, game)
        pace = _mean([past.pace for past in own[:10]])
        opponent_pace = _mean([past.pace for past in other[:15]]) if len(other) >= 5 else None
        mismatch = None if pace is None or opponent_pace is None else opponent_pace - pace
        totals = [row["point"] for row in self.game_quotes(game, "totals", "over")]
        spreads = [row["point"] for row in self.game_quotes(game, "spreads", "home")]
        implied = None
        if totals and spreads:
            implied = (median(totals) - median(spreads) * (1 if team == game["home"] else -1)) / 2
        # He can have missed only games since he came; `own` holds what the team's last ten are.
        joined = min((tip for tip, row in listed if row["team"] == team), default=None)
        due = [past for past in own[:10] if joined is not None and past.tip >= joined]
        on_court = {row["game_id"] for _, row in listed if row["team"] == team and (row["minutes"] or 0) > 0}
        return {
            **found,
            "pace_score": Found(None if mismatch is None else _clamp(mismatch / 2, -3, 3)),
            "opponent_pace_mismatch": Found(mismatch),
            "rest_advantage": Found(None if rest is None or other_rest is None else _clamp(rest - other_rest, -2, 2)),
            "opponent_def_rating": Found(_mean([past.allowed for past in other[:15]]) if len(other) >= 5 else None),
            "opponent_pace": Found(opponent_pace),
            "home_away": Found(1.0 if team == game["home"] else 0.0, "store"),
            "back_to_back": Found(None if rest is None else float(rest == 0)),
            "team_pace": Found(pace),
            "team_off_rating": Found(_mean([past.scored for past in own[:10]])),
            "team_win_pct": Found(fmean(past.margin > 0 for past in season)) if len(season) >= 5 else Found(None, "warm_up"),
            "dnp_rate": Found(fmean(past.game_id not in on_court for past in due) if due else None),
            "implied_team_total": Found(implied, "odds"),
            "blowout_minutes_risk": Found(_mean([float(abs(past.margin) >= 15) for past in season])),
        }


def newest_of(rows: Sequence[Row]) -> Row:
    """The newest quote; of two at one moment a payload's before an import's, then by event id and point, since nothing else is said."""
    newest = max((row["snapshot_at"], row["origin_rank"]) for row in rows)
    best = [row for row in rows if (row["snapshot_at"], row["origin_rank"]) == newest]
    return min(best, key=lambda row: (row["market"], row["event_id"], row["point"]))


def _earliest(row: Row) -> tuple[Any, ...]:
    return row["snapshot_at"], -row["origin_rank"], row["market"], row["event_id"]


def of_best_kind(rows: Sequence[Row]) -> list[Row]:
    """The sportsbooks' rows; where there are none, those of the first consensus source that has any; other kinds make no line."""
    books = [row for row in rows if row["bookmaker"] in SPORTSBOOKS]
    if books:
        return books
    for key in CONSENSUS:
        if found := [row for row in rows if row["bookmaker"] == key]:
            return found
    return []


def _form(played: Sequence[Past], game: Row) -> dict[str, Found]:
    """What hangs on the player's own games alone, newest first in `played`."""
    points = [past.points for past in played]
    season = [past.points for past in played if past.season == game["season"]]
    days = [(game["game_date"] - past.day).days for past in played]
    week = [past for past, ago in zip(played, days, strict=True) if ago <= 7]
    two_months = [past.points for past, ago in zip(played, days, strict=True) if ago <= 60]
    ten = played[:10]
    season_mean, season_sd = _mean(season), stdev(season) if len(season) >= 2 else None
    sd_ten = stdev(points[:10]) if len(ten) >= 3 else None
    bar = season_mean + 1.5 * season_sd if season_mean is not None and season_sd is not None else None
    tries, scored = sum(past.line["fga"] for past in ten), sum(past.points for past in ten)
    above = None if season_mean is None or not points else fmean(points[:5]) - season_mean
    return {
        "points_avg_last_3": Found(_mean(points[:3])),
        "points_avg_last_5": Found(_mean(points[:5])),
        "points_avg_last_10": Found(_mean(points[:10])),
        "points_avg_season": Found(season_mean, "calculated" if season or not played else "warm_up"),
        "points_std_last_10": Found(sd_ten),
        "games_in_last_7_days": Found(float(len(week))),
        "fatigue_score": Found(_fatigue(played, week, days), "calculated_partial"),
        "recent_trend": Found(_trend(points, sd_ten)),
        "minutes_change": Found(_minutes_change([past.minutes for past in ten]), "minutes"),
        "pct_three": Found(sum(past.line["fg3a"] for past in ten) / tries if tries else None),
        "pct_free_throw": Found(sum(past.line["ftm"] for past in ten) / scored if scored else None),
        "minutes_avg_last_10": Found(_mean([past.minutes for past in ten]), "minutes"),
        "ppm_avg_last_10": Found(scored / math.fsum(past.minutes for past in ten) if ten else None, "minutes"),
        "pts_slope_10g": Found(slope(points[:10])),
        "pts_vs_season_zscore": Found(_in_units(above, season_sd, 3)),
        "breakout_flag": Found(None if bar is None else float(fmean(points[:5]) > bar)),
        "days_rest": Found(float(days[0] - 1) if days else None),
        "minutes_load_last_7d": Found(math.fsum(past.minutes for past in week), "minutes"),
        "scoring_trend_slope": Found(slope(points[:7]) if len(points) >= 4 else None),
        "deviation_from_avg_last3": Found(_deviation(points[:3], two_months)),
        "consecutive_games_below_avg": Found(_below_average(points)),
        "usage_rate_last_5": Found(_mean([past.usage for past in played[:5] if past.usage is not None])),
        "games_since_structural_change": Found(_since_change(played, game)),
        "minutes_volatility_last_10": Found(stdev(past.minutes for past in ten) if len(ten) >= 2 else None, "minutes"),
    }


def _fatigue(played: Sequence[Past], week: Sequence[Past], days: Sequence[int]) -> float | None:
    """The player's own days count, not his team's; minutes per game are those of the week; a back-to-back belongs to the fortnight by its
    second game, tonight's not counted (it has a term of its own). No birth dates are supplied: no age term."""
    if not played:
        return None
    minutes = math.fsum(past.minutes for past in week)
    pairs = sum(1 for newer, older, ago in zip(played, played[1:], days, strict=False) if ago <= 14 and (newer.day - older.day).days == 1)
    tired = 15.0 * (days[0] == 1) + 10.0 * (len(week) >= 4) + 10.0 * (minutes > 240)
    tired += 8.0 * (bool(week) and minutes / len(week) > 35) + (12.0 if pairs >= 2 else 5.0 * pairs)
    return _clamp(100.0 - tired + 5.0 * (days[0] - 1 >= 3), 0.0, 100.0)


def _trend(points: Sequence[float], sd: float | None) -> float | None:
    """Five games are needed; where all ten last games are alike in points, any rise is as large as can be."""
    if len(points) < 5:
        return None
    return _in_units(fmean(points[:2]) - fmean(points[2:5]), sd, 2)


def _in_units(rise: float | None, sd: float | None, most: float) -> float | None:
    if rise is None or sd is None:
        return None
    if sd == 0:
        return 0.0 if rise == 0 else math.copysign(most, rise)
    return _clamp(rise / sd, -most, most)


def _minutes_change(minutes: Sequence[float]) -> float | None:
    if not minutes:
        return None
    change = fmean(minutes[:5]) / fmean(minutes) - 1
    return math.copysign(2.0 if abs(change) > 0.20 else 1.0 if abs(change) > 0.10 else 0.0, change)


def _deviation(three: Sequence[float], two_months: Sequence[float]) -> float | None:
    """(mean of the last three - mean of 60 days) in standard deviations of those 60 days."""
    if len(two_months) < 2 or stdev(two_months) == 0:
        return None
    return _clamp((fmean(three) - fmean(two_months)) / stdev(two_months), -5, 5)


def _below_average(points: Sequence[float]) -> float | None:
    """Newest first; a game with none before it ends the row of games."""
    if not points:
        return None
    streak = 0
    for place, scored in enumerate(points):
        before = points[place + 1 :]
        if not before or scored >= fmean(before):
            break
        streak += 1
    return float(min(streak, 30))


def _since_change(played: Sequence[Past], game: Row) -> float | None:
    """Games since another team or more than 14 days without a game; the gap before tonight counts as any other."""
    if not played:
        return None
    if (game["game_date"] - played[0].day).days > 14:
        return 0.0
    since = 1
    for newer, older in pairwise(played):
        if newer.team != older.team or (newer.day - older.day).days > 14:
            break
        since += 1
    return float(min(since, 30))


def _usage_spike(played: Sequence[Past], lift: float) -> float | None:
    """Projected usage is read as that of the last 5 games, baseline usage as that of the last 20."""
    last, base = (_mean([past.usage for past in played[:size] if past.usage is not None]) for size in (5, 20))
    return None if last is None or base is None else _clamp(0.3 * (last - base) * lift, -3, 3)


def slope(newest_first: Sequence[float]) -> float | None:
    """Least squares over equal steps of time, rising form positive."""
    if len(newest_first) < 2:
        return None
    values = list(reversed(newest_first))
    middle, mean = (len(values) - 1) / 2, fmean(values)
    covariance = math.fsum((place - middle) * (value - mean) for place, value in enumerate(values))
    return covariance / math.fsum((place - middle) ** 2 for place in range(len(values)))


def _in_force(versions: Sequence[Row]) -> Row:
    """The league's own word before an odds source's, what is on record before what is assumed, of each the newest."""
    return max(versions, key=lambda row: (row["league_game_id"] is not None, not row["known_at_assumed"], row["known_at"]))


def _used(row: Row) -> float:
    if row["fga"] is None or row["fta"] is None or row["tov"] is None:
        return 0.0
    return float(row["fga"] + 0.44 * row["fta"] + row["tov"])


def _possessions(side: Sequence[Row]) -> float:
    return math.fsum(_used(row) - (row["oreb"] or 0) for row in side)


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


_RANGES = {entry.name: (entry.low, entry.high) for entry in catalogue()}


def _within_range(name: str, found: Found) -> Found:
    low, high = _RANGES[name]
    if found.value is None or ((low is None or found.value >= low) and (high is None or found.value <= high)):
        return found
    return Found(None, "out_of_range")
