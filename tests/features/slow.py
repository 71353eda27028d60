"""The slow reference: every feature in plain Python, from the catalogue's and the domain page's words, over lists of raw rows.

    slow = Slow(raw)
    slow.features("20251206_BOS_CHI", "bosa")["points_avg_last_5"].value

Written without a look at the recipes; where the catalogue leaves something open, the comment beside it says how it is read here. It
must never import anything from `tipoff` but the catalogue.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean, median, stdev
from typing import Any, TypeVar

from features.raw_rows import Raw, Row
from features.slow_form import clamp, form, mean, usage_spike
from features.slow_kinds import CONSENSUS, SPORTSBOOKS, Found, Past, TeamGame, newest_of, of_best_kind
from features.slow_lines import line_features
from features.slow_pricing import Spread, spread_of_points
from features.slow_sheets import minutes_of
from features.slow_shots import shot_features
from tipoff.store.tables.features import catalogue

__all__ = ["QUALITY", "Found", "Slow", "of_best_kind"]

T = TypeVar("T")
MEMORY = timedelta(days=400)
SILENT = timedelta(hours=3)
RISK = {"available": 0.0, "probable": 1.0, "questionable": 2.0, "doubtful": 3.0, "out": 3.0}
OF_REPORTS = ("injury_risk", "star_teammates_out", "teammate_usage_available", "projected_minutes")
OF_SHOTS = ("shot_zone_mismatch_score", "pct_paint", "pct_mid_range")
"""What is not supplied where no source supplies reports, or shots, for the day."""
QUALITY = {
    **dict.fromkeys(("store", "odds", "calculated", "calculated_partial"), 100),
    "minutes": 95,
    "opponent_history": 90,
    "consensus": 87,
    "fallback": 40,
}


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
        self.shots: dict[str, list[Row]] = defaultdict(list)
        self.words: dict[str, list[Row]] = defaultdict(list)
        for row in raw["raw.schedule"]:
            self.schedule[row["game_id"]].append(row)
            if row["league_game_id"]:
                self.words[row["league_game_id"]].append(row)
        for row in raw["raw.player_box"]:
            self.box[row["game_id"]].append(row)
            self.games_of_player[row["player_lookup"]].add(row["game_id"])
            self.games_of_team[row["team"]].add(row["game_id"])
        for row in raw["raw.odds_player_points"]:
            self.quotes[row["game_id"]].append(row)
        for row in raw["raw.odds_game_lines"]:
            self.lines[row["game_id"]].append(row)
        for row in raw["raw.shots"]:
            self.shots[row["game_id"]].append(row)
        self.births: dict[str, date] = {row["player_lookup"]: row["birth_date"] for row in raw["ref.players"] if row["birth_date"]}

    def once(self, key: tuple[object, ...], compute: Callable[[], T]) -> T:
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
        if self._is_off(row, limit):
            return None
        return {**row, "as_of": min(limit, row["commence_time"])}

    def _is_off(self, row: Row, as_of: datetime) -> bool:
        """Whether a game is called off by its version in force, or the league has moved it to another day, where it has another id."""
        if row["status"] in ("postponed", "cancelled"):
            return True
        later = [word for word in self.words[row["league_game_id"]] if row["known_at"] < word["known_at"] <= as_of]
        strong = [word for word in later if row["known_at_assumed"] or not word["known_at_assumed"]]
        return bool(strong) and max(strong, key=lambda word: word["known_at"])["game_id"] != row["game_id"]

    def box_of(self, game_id: str, as_of: datetime) -> list[Row]:
        """A game's box score as of a moment: of each player the newest row known."""
        return self.once(("box", game_id, as_of), lambda: self._newest_lines(game_id, as_of))

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
        word = _as_played(self.schedule[past_id])
        placed = word["known_at"] <= max(word["commence_time"], game["as_of"])
        return bool(placed and word["commence_time"] < game["commence_time"] and row["game_date"] >= game["game_date"] - MEMORY)

    def listed(self, player: str, game: Row) -> list[tuple[datetime, Row]]:
        """(tip, row) of every past box score that lists a player, newest first, played or not."""
        return self.once(("listed", player, game["game_id"], game["as_of"]), lambda: self._newest_first(player, game))

    def _newest_first(self, player: str, game: Row) -> list[tuple[datetime, Row]]:
        found = [
            (_as_played(self.schedule[past_id])["commence_time"], row)
            for past_id in self.games_of_player[player]
            for row in self.box_of(past_id, game["as_of"])
            if row["player_lookup"] == player and self._is_past(past_id, row, game)
        ]
        return sorted(found, key=lambda pair: pair[0], reverse=True)

    def team_of(self, player: str, game: Row) -> str | None:
        """Whose player he is: that of the newest box score that lists him."""
        listed = self.listed(player, game)
        return str(listed[0][1]["team"]) if listed else None

    def played(self, listed: Sequence[tuple[datetime, Row]], game: Row) -> list[Past]:
        """The games that he played, newest first: F43, those that he did not play are in no average."""
        return [
            Past(
                game_id=row["game_id"],
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
        side = [other for other in self.box_of(row["game_id"], as_of) if other["team"] == row["team"]]
        team_used = math.fsum(_used(other) for other in side)
        team_minutes = math.fsum(other["minutes"] or 0.0 for other in side)
        if team_used <= 0:
            return None
        return 100.0 * _used(row) * (team_minutes / 5) / (float(row["minutes"]) * team_used)

    def team_games(self, team: str, game: Row) -> list[TeamGame]:
        """A team's past games with both sides' box scores, newest first; once five of this season are known, only this season's."""
        found = self.whole_games(team, game)
        this_season = [past for past in found if past.season == game["season"]]
        return this_season if len(this_season) >= 5 else found

    def whole_games(self, team: str, game: Row) -> list[TeamGame]:
        """A team's past games with both sides' box scores, of whatever season, newest first."""
        return self.once(("team", team, game["game_id"], game["as_of"]), lambda: self._summed_games(team, game))

    def games_with_a_box_score(self, team: str, game: Row) -> list[str]:
        """A team's past games of which its own box score is known, newest first, whether the other side's is or not."""
        tips = {
            past_id: _in_force(self.schedule[past_id])["commence_time"]
            for past_id in self.games_of_team[team]
            for row in self.box_of(past_id, game["as_of"])
            if row["team"] == team and self._is_past(past_id, row, game)
        }
        return sorted(tips, key=lambda past_id: tips[past_id], reverse=True)

    def _summed_games(self, team: str, game: Row) -> list[TeamGame]:
        found = []
        for past_id in self.games_of_team[team]:
            box = self.box_of(past_id, game["as_of"])
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
                    tip=_as_played(self.schedule[past_id])["commence_time"],
                    season=own[0]["season"],
                    pace=possessions * 48 / (minutes / 5),
                    scored=100 * scored / possessions,
                    allowed=100 * allowed / possessions,
                    margin=scored - allowed,
                )
            )
        return sorted(found, key=lambda past: past.tip, reverse=True)

    def _rest(self, team: str, game: Row) -> float | None:
        """Days since the team's game before by the schedule as known then, less one."""
        return self.once(("rest", team, game["game_id"], game["as_of"]), lambda: self._days_off(team, game))

    def _days_off(self, team: str, game: Row) -> float | None:
        days = []
        for game_id, versions in self.schedule.items():
            known = [row for row in versions if row["known_at"] <= game["as_of"]]
            if game_id == game["game_id"] or not known:
                continue
            row = _in_force(known)
            if team not in (row["home"], row["away"]) or self._is_off(row, game["as_of"]):
                continue
            gap = (game["game_date"] - row["game_date"]).days
            if 0 < gap <= MEMORY.days:
                days.append(gap - 1)
        return float(min(days)) if days else None

    # --- reports ----------------------------------------------------------------------------------------------------

    def _reports(self, game: Row) -> dict[str, Row] | None:
        """Of each player of either side the newest status for the day that has not lapsed; None where no report of the day was out."""
        of_day = [row for row in self.raw["raw.injuries"] if row["game_date"] == game["game_date"] and row["known_at"] <= game["as_of"]]
        submissions = self._submissions(game)
        if not of_day and not any(row["submitted"] for row in submissions):
            return None
        last = _newest_documents([*of_day, *submissions])
        newest: dict[str, Row] = {}
        for row in sorted(of_day, key=lambda row: row["known_at"]):
            lapsed = row["origin_rank"] > 0 and row["known_at"] < last[row["source"]]
            if row["team"] in (game["home"], game["away"]) and not lapsed:
                newest[row["player_lookup"]] = row
        return newest

    def _submissions(self, game: Row) -> list[Row]:
        """What reports said of who had submitted for the day, oldest first."""
        known = [row for row in self.raw["raw.injury_submissions"] if row["known_at"] <= game["as_of"]]
        return sorted((row for row in known if row["game_date"] == game["game_date"]), key=lambda row: (row["known_at"], row["submitted"]))

    def silent(self, team: str | None, game: Row) -> bool:
        """Whether the last word on a team is that it has not submitted."""
        words = [row["submitted"] for row in self._submissions(game) if row["team"] == team]
        return bool(words) and not words[-1]

    def _stars_out(self, player: str, team: str, game: Row, reports: dict[str, Row]) -> float:
        recent = self.team_games(team, game)[:10]
        stars = 0
        for name in _absent(player, team, reports):
            rows = [row for past in recent for row in self.box_of(past.game_id, game["as_of"])]
            mine = [row for row in rows if row["player_lookup"] == name and row["team"] == team and (row["minutes"] or 0) > 0]
            if not mine:
                continue
            usage = [value for row in mine if (value := self._usage(row, game["as_of"])) is not None]
            heavy = fmean(row["points"] for row in mine) >= 18 or fmean(row["minutes"] for row in mine) >= 28
            stars += heavy or (bool(usage) and fmean(usage) >= 25)
        return float(stars)

    def _usage_out(self, player: str, team: str, game: Row, reports: dict[str, Row]) -> float:
        """Of each absent team-mate with more than ten minutes a game for the team in the last 30 days, his mean usage there; summed."""
        total = 0.0
        for name in _absent(player, team, reports):
            month = [
                past
                for past in self.played(self.listed(name, game), game)
                if past.team == team and past.day >= game["game_date"] - timedelta(days=30)
            ]
            usage = [past.usage for past in month if past.usage is not None]
            if usage and fmean(past.minutes for past in month) > 10:
                total += fmean(usage)
        return total

    def _supplied(self, kind: str, day: date) -> bool:
        return any(
            row["kind"] == kind
            and (row["on_from"] is None or row["on_from"] + timedelta(days=30 if kind == "shots" else 0) <= day)
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
        return self.once(("quotes", game["game_id"], game["as_of"]), lambda: self.pre_tip(game, self.quotes[game["game_id"]]))

    def current(self, game: Row, player: str) -> list[Row]:
        """Each book's current main quote on a player: its own newest, unless pulled or silent for three hours."""
        return self.once(("current", game["game_id"], game["as_of"], player), lambda: self._current(game, player))

    def _current(self, game: Row, player: str) -> list[Row]:
        return [row for row, pulled, silent in self._stood(game, player) if not pulled and not silent]

    def pulled(self, game: Row, player: str) -> list[Row]:
        """The sportsbooks' newest main quotes on a player that they took off."""
        return [row for row, pulled, _ in self._stood(game, player) if pulled and row["bookmaker"] in SPORTSBOOKS]

    def _stood(self, game: Row, player: str) -> list[tuple[Row, bool, bool]]:
        """Each book's newest main quote on a player, whether it was pulled, and whether the book fell silent since."""
        main = [row for row in self._seen(game) if row["player_lookup"] == player and row["is_main"]]
        documents = self.once(("documents", game["game_id"], game["as_of"]), lambda: self._documents(game))
        found = []
        for book in sorted({row["bookmaker"] for row in main}):
            newest = newest_of([row for row in main if row["bookmaker"] == book])
            last = documents.get(newest["source"], {})
            pulled = book in last and last[book] > newest["snapshot_at"]
            silent = any(moment > newest["snapshot_at"] + SILENT for moment in last.values())
            found.append((newest, pulled, silent))
        return found

    def _documents(self, game: Row) -> Mapping[str, dict[str, datetime]]:
        """Of each source the newest document of the game that holds each book; assumed moments are no documents'."""
        last: dict[str, dict[str, datetime]] = defaultdict(dict)
        for row in self._seen(game):
            if row["market"] == "player_points" and not row["known_at_assumed"]:
                books = last[row["source"]]
                books[row["bookmaker"]] = max(row["snapshot_at"], books.get(row["bookmaker"], row["snapshot_at"]))
        return last

    def players_quoted(self, game: Row) -> set[str]:
        """Everybody on whom there is or was a pre-tip quote."""
        return {row["player_lookup"] for row in self._seen(game)}

    def sportsbooks(self, game: Row, player: str) -> list[Row]:
        """The sportsbooks' current main quotes on a player."""
        return [row for row in self.current(game, player) if row["bookmaker"] in SPORTSBOOKS]

    def at_its_tip(self, game_id: str) -> Row | None:
        """A game as of its own tip."""
        return self.once(("at its tip", game_id), lambda: self.game(game_id))

    def closing(self, game_id: str, player: str) -> list[Row]:
        """Every book's main quote on a player that was current at the game's own tip."""
        game = self.at_its_tip(game_id)
        return [] if game is None else self.current(game, player)

    def closing_line(self, game_id: str, player: str) -> float | None:
        """The consensus at the game's own tip: the sportsbooks', else the first consensus source's."""
        quotes = of_best_kind(self.closing(game_id, player))
        return median(row["point"] for row in quotes) if quotes else None

    def books_out(self, game: Row) -> set[str]:
        """The sportsbooks that have a current main line on some player of the game."""
        return self.once(
            ("books", game["game_id"], game["as_of"]),
            lambda: {row["bookmaker"] for player in self.players_quoted(game) for row in self.sportsbooks(game, player)},
        )

    def spread_of_points(self, as_of: datetime) -> Spread | None:
        """How far players' points stray, by what was known at the first instant of the month (UTC)."""
        since = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return self.once(("spread", since), lambda: spread_of_points(self._points_known(since)))

    def _points_known(self, moment: datetime) -> list[list[float]]:
        """Each player's points in the games that he played in the 400 days before a moment, as they were known then."""
        points: dict[str, list[float]] = defaultdict(list)
        for game_id in self.box:
            for row in self.box_of(game_id, moment):
                if (row["minutes"] or 0) > 0 and row["game_date"] >= moment.date() - MEMORY:
                    points[row["player_lookup"]].append(float(row["points"]))
        return list(points.values())

    def group_of(self, book: str, as_of: datetime) -> str | None:
        """The group of a book by its newest measurement of by then; None where it was not measured."""
        measured = [row for row in self._measured(as_of) if row["bookmaker"] == book]
        return str(max(measured, key=lambda row: row["measured_at"])["book_group"]) if measured else None

    def groups_measured(self, as_of: datetime) -> bool:
        return bool(self._measured(as_of))

    def _measured(self, as_of: datetime) -> list[Row]:
        return [row for row in self.raw["ref.book_groups"] if row["measured_at"] <= as_of]

    # --- shots ------------------------------------------------------------------------------------------------------

    def shots_of(self, game_id: str, as_of: datetime) -> list[Row]:
        """The shots of a game that are on record at a moment."""
        return [row for row in self.shots[game_id] if row["known_at"] <= as_of]

    def shots_of_the_league(self, as_of: datetime) -> list[Row]:
        """Every shot that became known in the 400 days up to a moment."""
        return self.once(
            ("shots", as_of), lambda: [row for shots in self.shots.values() for row in shots if as_of - MEMORY <= row["known_at"] <= as_of]
        )

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
        """Every feature, by name; values out of the catalogue's range are missing.

        Raises LookupError for a game that has no rows at the moment.
        """
        game = self.game(game_id, asked)
        if game is None:
            raise LookupError(game_id)
        listed = self.listed(player, game)
        played = self.played(listed, game)
        team = self.team_of(player, game)
        team = team if team in (game["home"], game["away"]) else None
        found = {**form(played, game, self.births.get(player)), **self._meetings(played, team, game), **self._market(game, player, played)}
        found |= self._sides(player, team, listed, game)
        found |= line_features(self, game, player, team, played)
        found |= shot_features(self, game, player, team, played)
        for names, kind in ((OF_REPORTS, "injuries"), (OF_SHOTS, "shots")):
            if not self._supplied(kind, game["game_date"]):
                found |= {name: Found(None, "not_supplied") for name in names if found[name].value is None}
        lifted = {0.0: 1.0, 1.0: 1.15}.get(found["star_teammates_out"].value or 0.0, 1.30)
        found["usage_spike_score"] = Found(usage_spike(played, lifted))
        return {name: _within_range(name, value) for name, value in found.items()}

    def _meetings(self, played: Sequence[Past], team: str | None, game: Row) -> dict[str, Found]:
        """Against tonight's opponent within a year. Where his team is unknown, so is that."""
        opponents = {game["home"], game["away"]} - {team} if team else set()
        met = [past.points for past in played if past.opponent in opponents and (game["game_date"] - past.day).days <= 365]
        season = [past.points for past in played if past.season == game["season"]]
        # The catalogue falls back on the season's mean; before a season's first game there is none, and the last ten stand in.
        fallback = mean(season) if season else mean([past.points for past in played[:10]])
        return {
            "avg_points_vs_opponent": Found(fmean(met), "opponent_history") if met else Found(fallback, "fallback"),
            "games_vs_opponent": Found(float(len(met)) if team else None, "opponent_history" if team else "team_unknown"),
        }

    def _market(self, game: Row, player: str, played: Sequence[Past]) -> dict[str, Found]:
        current = of_best_kind(self.current(game, player))
        points = [row["point"] for row in current]
        first = {row["bookmaker"]: row["point"] for row in self.first(game, player)}
        opening = [row["point"] for row in of_best_kind(self.first(game, player))]
        moved = [row["point"] - first[row["bookmaker"]] for row in current]
        source = _whose(current)
        line = median(points) if points else None
        season = [past.points for past in played if past.season == game["season"]]
        of_total, of_spread = self.game_quotes(game, "totals", "over"), self.game_quotes(game, "spreads", "home")
        # An opening is told only where there is a current line too: without one there is nothing that it opened for.
        return {
            "vegas_points_line": Found(line, source),
            "vegas_opening_line": Found(median(opening) if opening and points else None, source),
            "vegas_line_move": Found(median(moved) if moved else None, source),
            "has_vegas_line": Found(0.0 if line is None else 1.0, "odds"),
            "multi_book_line_std": Found(stdev(points) if len(points) >= 2 else None, "odds"),
            "line_vs_season_avg": Found(line - fmean(season) if line is not None and season else None, source),
            "game_total_line": Found(median(row["point"] for row in of_total) if of_total else None, _whose(of_total)),
            "spread_magnitude": Found(abs(median(row["point"] for row in of_spread)) if of_spread else None, _whose(of_spread)),
        }

    def _sides(self, player: str, team: str | None, listed: Sequence[tuple[datetime, Row]], game: Row) -> dict[str, Found]:
        """What hangs on whose player he is, and what the reports say."""
        reports = self._reports(game)
        silent = self.silent(team, game)
        status = None if reports is None else reports[player]["status"] if player in reports else None if silent else "available"
        found = {
            "injury_risk": Found(None if status is None else RISK[status], "store"),
            "star_teammates_out": Found(None, "store"),
            "teammate_usage_available": Found(None, "team_unknown" if team is None else "no_report_covers_the_game"),
            "projected_minutes": minutes_of(self, game, player, team, reports),
            "playoff_game": Found(None if game["game_type"] is None else float(game["game_type"] == "playoff"), "store"),
        }
        if reports is not None and team is not None and not silent:
            found["star_teammates_out"] = Found(self._stars_out(player, team, game, reports), "store")
            found["teammate_usage_available"] = Found(self._usage_out(player, team, game, reports))
        if team is None:
            names = (
                "pace_score rest_advantage opponent_def_rating opponent_pace home_away back_to_back team_pace team_off_rating team_win_pct"
            )
            names += " dnp_rate implied_team_total blowout_minutes_risk opponent_pace_mismatch"
            return {**found, **{name: Found(None) for name in names.split()}}
        opponent = game["away"] if team == game["home"] else game["home"]
        own, other = self.team_games(team, game), self.team_games(opponent, game)
        season = [past for past in own if past.season == game["season"]]
        rest, other_rest = self._rest(team, game), self._rest(opponent, game)
        pace = mean([past.pace for past in own[:10]])
        opponent_pace = mean([past.pace for past in other[:15]]) if len(other) >= 5 else None
        mismatch = None if pace is None or opponent_pace is None else opponent_pace - pace
        of_total, of_spread = self.game_quotes(game, "totals", "over"), self.game_quotes(game, "spreads", "home")
        implied = None
        if of_total and of_spread:
            total, spread = (median(row["point"] for row in rows) for rows in (of_total, of_spread))
            implied = (total - spread * (1 if team == game["home"] else -1)) / 2
        # He can have missed only games since he came; `own` holds what the team's last ten are.
        joined = min((tip for tip, row in listed if row["team"] == team), default=None)
        due = [past for past in own[:10] if joined is not None and past.tip >= joined]
        on_court = {row["game_id"] for _, row in listed if row["team"] == team and (row["minutes"] or 0) > 0}
        return {
            **found,
            "pace_score": Found(None if mismatch is None else clamp(mismatch / 2, -3, 3)),
            "opponent_pace_mismatch": Found(mismatch),
            "rest_advantage": Found(None if rest is None or other_rest is None else clamp(rest - other_rest, -2, 2)),
            "opponent_def_rating": Found(mean([past.allowed for past in other[:15]]) if len(other) >= 5 else None),
            "opponent_pace": Found(opponent_pace),
            "home_away": Found(1.0 if team == game["home"] else 0.0, "store"),
            "back_to_back": Found(None if rest is None else float(rest == 0)),
            "team_pace": Found(pace),
            "team_off_rating": Found(mean([past.scored for past in own[:10]])),
            "team_win_pct": Found(fmean(past.margin > 0 for past in season)) if len(season) >= 5 else Found(None, "warm_up"),
            "dnp_rate": Found(fmean(past.game_id not in on_court for past in due) if due else None),
            "implied_team_total": Found(implied, "consensus" if "consensus" in (_whose(of_total), _whose(of_spread)) else "odds"),
            "blowout_minutes_risk": Found(mean([float(abs(past.margin) >= 15) for past in own])),
        }


def _whose(quotes: Sequence[Row]) -> str:
    """Where a value made of these quotes comes from: they are all of sportsbooks, or all of one consensus."""
    return "consensus" if quotes and quotes[0]["bookmaker"] in CONSENSUS else "odds"


def _earliest(row: Row) -> tuple[Any, ...]:
    return row["snapshot_at"], -row["origin_rank"], row["market"], row["event_id"]


def _newest_documents(told: Sequence[Row]) -> dict[str, datetime]:
    """By source the moment of its newest report: a fetched one names everybody of whom there is something to tell."""
    last: dict[str, datetime] = {}
    for row in told:
        if row["origin_rank"] > 0:
            last[row["source"]] = max(row["known_at"], last.get(row["source"], row["known_at"]))
    return last


def _absent(player: str, team: str, reports: dict[str, Row]) -> list[str]:
    """A player's team-mates who are listed out or doubtful for his team."""
    return [
        name for name, report in reports.items() if name != player and report["team"] == team and report["status"] in ("out", "doubtful")
    ]


def _as_played(versions: Sequence[Row]) -> Row:
    """A past game as it stood when it tipped: in force of what was known by then; of one that became known only later the first word."""
    in_time = [row for row in versions if row["known_at"] <= row["commence_time"]]
    return _in_force(in_time) if in_time else min(versions, key=lambda row: row["known_at"])


def _in_force(versions: Sequence[Row]) -> Row:
    """The league's own word before an odds source's, what is on record before what is assumed, of each the newest."""
    return max(versions, key=lambda row: (row["league_game_id"] is not None, not row["known_at_assumed"], row["known_at"]))


def _used(row: Row) -> float:
    if row["fga"] is None or row["fta"] is None or row["tov"] is None:
        return 0.0
    return float(row["fga"] + 0.44 * row["fta"] + row["tov"])


def _possessions(side: Sequence[Row]) -> float:
    return math.fsum(_used(row) - (row["oreb"] or 0) for row in side)


_RANGES = {entry.name: (entry.low, entry.high) for entry in catalogue()}


def _within_range(name: str, found: Found) -> Found:
    low, high = _RANGES[name]
    if found.value is None or ((low is None or found.value >= low) and (high is None or found.value <= high)):
        return found
    return Found(None, "out_of_range")
