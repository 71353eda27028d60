"""What f63, projected minutes, gains on the mean of past games, and where its constants come from.

    uv run python bench/minutes.py ../shared/data            the table of figures: archive and practice league
    uv run python bench/minutes.py ../shared/data --learn    the constants, from the archive's seasons 2017-18 to 2023-24 alone

The archive is imported and a practice season loaded from its documents, each into a warehouse of its own (`--house` keeps and reuses them).
A row's past are the games of earlier days; a status is the last one reported before its tip. Judged are those who played, unless the last
report had them out. Who played is known to the judge, and to the learner, for whom not having dressed stands in for being reported out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from tipoff.analyze import minutes as kernel
from tipoff.analyze.minutes import Constants, Sheets, chance_to_play, games_missed_class, projected_minutes, usual_class
from tipoff.grade.metrics import paired_difference

SEED = 7
LEARNED_ON = ("2017-18", "2018-19", "2019-20", "2020-21", "2021-22", "2022-23")
CONFIRMED_ON = ("2023-24",)
STAR_MINUTES = 28.0
STEPS = (0.6, 0.85, 1.2, 1.6)

PEOPLE = """
CREATE TEMP TABLE box AS
    SELECT game_id, player_lookup, team, game_date, season, coalesce(started, false) AS started,
           CASE WHEN did_not_play THEN 0 ELSE coalesce(minutes, 0) END AS minutes
    FROM raw.player_box;
CREATE TEMP TABLE tips AS
    SELECT game_id, arg_max(commence_time, known_at) AS tip FROM raw.schedule GROUP BY game_id;
CREATE TEMP TABLE team_games AS
    SELECT game_id, team, any_value(game_date) AS game_date, any_value(season) AS season,
           row_number() OVER (PARTITION BY team ORDER BY any_value(game_date)) AS number
    FROM box GROUP BY game_id, team;
CREATE TEMP TABLE seen AS
    SELECT DISTINCT now.game_id, now.team, now.game_date, now.season, now.number, box.player_lookup
    FROM team_games now JOIN team_games past ON past.team = now.team AND past.number BETWEEN now.number - 20 AND now.number - 1
        AND past.game_date >= now.game_date - 400
    JOIN box ON box.game_id = past.game_id AND box.team = past.team;
CREATE TEMP TABLE rows AS
    SELECT seen.*, row_number() OVER (ORDER BY seen.game_date, seen.game_id, seen.team, seen.player_lookup) - 1 AS row
    FROM seen ASOF JOIN box ON seen.player_lookup = box.player_lookup AND seen.game_date > box.game_date WHERE box.team = seen.team;
CREATE TEMP TABLE played AS
    SELECT *, row_number() OVER (PARTITION BY player_lookup ORDER BY game_date) AS number FROM box WHERE minutes > 0;
CREATE TEMP TABLE joined AS
    SELECT rows.row, min(box.game_date) AS game_date
    FROM rows JOIN box USING (player_lookup, team)
    WHERE box.game_date BETWEEN rows.game_date - 400 AND rows.game_date - 1 GROUP BY rows.row;
"""
ROWS = """
WITH covered AS (SELECT game_date, min(known_at) AS known_at FROM raw.injuries GROUP BY game_date),
told AS (
    SELECT rows.row, arg_max(injuries.status, injuries.known_at) AS status
    FROM rows JOIN tips USING (game_id) JOIN raw.injuries injuries USING (player_lookup, team, game_date)
    WHERE injuries.known_at <= tips.tip GROUP BY rows.row)
SELECT rows.row, rows.game_id || rows.team AS side, rows.game_date, rows.season, box.minutes,
       CASE WHEN covered.known_at <= tips.tip THEN coalesce(told.status, '') END AS status
FROM rows JOIN tips USING (game_id) LEFT JOIN covered USING (game_date) LEFT JOIN told USING (row)
LEFT JOIN box ON box.game_id = rows.game_id AND box.player_lookup = rows.player_lookup AND box.team = rows.team
ORDER BY rows.row
"""
OWN = """
WITH newest AS (SELECT rows.row, played.number FROM rows ASOF JOIN played
                ON rows.player_lookup = played.player_lookup AND rows.game_date > played.game_date)
SELECT rows.row, newest.number - past.number AS back, past.minutes, rows.game_date - past.game_date AS days,
       past.season = rows.season AS this_season
FROM rows JOIN newest USING (row)
JOIN played past ON past.player_lookup = rows.player_lookup AND past.number BETWEEN newest.number - 19 AND newest.number
WHERE past.game_date >= rows.game_date - 400
"""
TEAM = """
SELECT rows.row, rows.number - past.number - 1 AS back, coalesce(box.minutes, 0) AS minutes, coalesce(box.started, false) AS started,
       past.season = rows.season AS this_season
FROM rows JOIN joined USING (row) JOIN team_games past ON past.team = rows.team AND past.number BETWEEN rows.number - 20 AND rows.number - 1
    AND past.game_date >= joined.game_date
LEFT JOIN box ON box.game_id = past.game_id AND box.player_lookup = rows.player_lookup AND box.team = past.team
"""


@dataclass(frozen=True, eq=False)
class League:
    """All rows of a warehouse: sheets, the day, the season, the status at the tip, and what the judge knows: minutes (NaN: not dressed)."""

    sheets: Sheets
    own_this_season: np.ndarray
    day: np.ndarray
    season: np.ndarray
    status: np.ndarray
    minutes: np.ndarray

    def of(self, rows: np.ndarray) -> League:
        """The rows where `rows` holds; whole sides."""
        sheets = Sheets(*(part[rows] for part in (getattr(self.sheets, field.name) for field in fields(self.sheets))))
        return League(sheets, *(getattr(self, field.name)[rows] for field in fields(self)[1:]))


def read(house: Path) -> League:
    """Every row of a warehouse."""
    with duckdb.connect(str(house / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(PEOPLE)
        rows, own, team = (connection.execute(query).fetchnumpy() for query in (ROWS, OWN, TEAM))
    size = len(rows["row"])
    own_days, own_season = _matrix(size, own, "days"), _matrix(size, own, "this_season")
    sheets = Sheets(
        side=np.unique(rows["side"], return_inverse=True)[1],
        own_minutes=_matrix(size, own, "minutes"),
        own_season_games=np.nansum(own_season, axis=1),
        team_minutes=_matrix(size, team, "minutes"),
        team_started=_matrix(size, team, "started"),
        team_season_games=np.nansum(_matrix(size, team, "this_season"), axis=1),
        days_since_last=own_days[:, 0],
    )
    day, season = np.asarray(rows["game_date"]).astype("datetime64[D]"), np.asarray(rows["season"]).astype(str)
    status = np.where(np.ma.getmaskarray(rows["status"]), None, np.ma.getdata(rows["status"]))
    minutes = np.ma.filled(np.ma.asarray(rows["minutes"], dtype=float), np.nan)
    return League(sheets, own_season == 1, day, season, status, minutes)


def _matrix(size: int, cells: dict[str, np.ndarray], name: str) -> np.ndarray:
    matrix = np.full((size, kernel.GAMES_BACK), np.nan)
    matrix[cells["row"], cells["back"]] = cells[name]
    return matrix


def import_archive(house: Path, data: Path) -> None:
    """The archive, by the command."""
    command = (sys.executable, "-m", "tipoff", "import", str(data / "archive"), "--data-dir", str(house))
    subprocess.run(command, check=True, capture_output=True)


def play_a_season(house: Path) -> None:
    """A season of the practice league from its documents: schedule, box scores, and the injury list ten minutes before each tip."""
    from tipoff.load.documents import load_payloads
    from tipoff.practice import simulate
    from tipoff.practice.wire_box import box_score
    from tipoff.practice.wire_espn import injuries
    from tipoff.practice.wire_nba import schedule
    from tipoff.scrape.records import Payload
    from tipoff.store.duckdb import DuckDBWarehouse
    from tipoff.store.payloads import Vault, open_bucket

    season = simulate(SEED)
    end = max(game.final_at for game in season.games) + timedelta(days=1)

    def documents() -> Iterator[tuple[Payload, str | None]]:
        import msgspec

        def payload(document: object, origin: str, at: Any) -> tuple[Payload, str | None]:
            return Payload(msgspec.json.encode(document), origin, at, 200), None

        first = min(game.tip for game in season.games) - timedelta(days=7)
        yield from (payload(schedule(season, at), "schedule", at) for at in (first, end))
        for game in season.games:
            at = game.final_at + timedelta(minutes=15)
            yield payload(box_score(season, game, at), "box", at)
        for tip in sorted({game.tip for game in season.games}):
            at = tip - timedelta(minutes=10)
            yield payload(injuries(season, at), "injuries", at)

    warehouse, vault = DuckDBWarehouse(house / "warehouse.duckdb"), Vault(open_bucket((house / "bucket").as_uri()))
    load_payloads(warehouse, vault, documents(), seen_at=end, run_id="bench")


def references(league: League) -> dict[str, np.ndarray]:
    """What a simple mean of his games would say, NaN without any."""
    own = league.sheets.own_minutes
    return {
        "mean of last 10": _mean(own[:, :10]),
        "mean of last 5": _mean(own[:, :5]),
        "season's mean (of 20 at most)": _mean(np.where(league.own_this_season, own, np.nan)),
        "last game": own[:, 0],
    }


def _mean(minutes: np.ndarray) -> np.ndarray:
    counted = np.isfinite(minutes).sum(axis=1)
    return np.where(counted > 0, np.nansum(minutes, axis=1) / np.maximum(counted, 1), np.nan)


def judge(name: str, league: League) -> None:
    """Prints the table of a league."""
    chance = chance_to_play(league.sheets, league.status)
    ours = projected_minutes(league.sheets, chance)
    unmentioned = np.where(np.equal(league.status, None), None, "").astype(object)
    print(f"\n{name}: {league.day.min()} to {league.day.max()}, {len(league.sheets.starts)} sides")
    sums = np.add.reduceat(np.nan_to_num(chance * ours), league.sheets.starts)
    played = (league.minutes > 0) & np.isfinite(ours)
    print(f"minutes of a side, each player's times his chance to play: mean {sums.mean():.1f}, sd {sums.std():.1f}")
    known = references(league)
    stars = (known["mean of last 10"] >= STAR_MINUTES) & np.isin(league.status, ("out", "doubtful"))
    star_out = np.add.reduceat(stars, league.sheets.starts)[league.sheets.numbers] - stars > 0
    blind = projected_minutes(league.sheets, chance_to_play(league.sheets, unmentioned))
    known |= {"the same without what reports say": blind}
    print("| rows | N | ours: MAE | bias | against | N | its MAE | difference (95 %, by date) |\n|---|---|---|---|---|---|---|---|")
    for rows_name, rows in (
        ("who played", played),
        ("of them, 15 min and more in the last 10", played & (known["mean of last 10"] >= 15)),
        ("of them, a star team-mate out", played & star_out),
        ("of them, no star out", played & ~star_out),
    ):
        miss = np.abs(ours - league.minutes)
        for against, values in known.items():
            both = rows & np.isfinite(values)
            theirs = np.abs(values - league.minutes)
            paired = paired_difference(miss[both], theirs[both], league.day[both].astype(str))
            print(
                f"| {rows_name} | {rows.sum():,} | {miss[rows].mean():.3f} | {(ours - league.minutes)[rows].mean():+.2f} | {against} | "
                f"{both.sum():,} | {theirs[both].mean():.3f} | {paired.mean:+.3f} ({paired.low:+.3f} to {paired.high:+.3f}) |"
            )


def learn(league: League, rounds: int) -> None:
    """Prints chances by class and the constants, learned on some seasons and confirmed on another."""
    reported = league.of(np.not_equal(league.status, None))
    for status in kernel.CHANCE_OF_STATUS:
        rows = reported.status == status
        print(f"{status}: {(reported.minutes[rows] > 0).sum()} of {rows.sum()} played")
    first, other = league.of(np.isin(league.season, LEARNED_ON)), league.of(np.isin(league.season, CONFIRMED_ON))
    dressed, unseen = np.isfinite(first.minutes), first.sheets.own_season_games == 0
    for name, rows in (("who dressed", dressed), ("not yet seen this season, dressed or not", unseen)):
        print(f"\nshare that played, {name} ({rows.sum():,}); games missed by usual minutes\n{np.round(_shares(first, rows), 2)}")
    dressed_share = _shares(first, dressed)
    chances = [np.where(np.isfinite(part.minutes), dressed_share[_classes(part)], 0.0) for part in (first, other)]

    def error(constants: Constants, part: League, chance: np.ndarray) -> float:
        miss = np.abs(projected_minutes(part.sheets, chance, constants) - part.minutes)
        return float(np.nanmean(miss[part.minutes > 0]))

    constants = descend(kernel.LEARNED, lambda trial: error(trial, first, chances[0]), rounds)
    for name, part, chance in (("learned on", first, chances[0]), ("confirmed on", other, chances[1])):
        simple = references(part)["mean of last 10"]
        ten = float(np.nanmean(np.abs(simple - part.minutes)[part.minutes > 0]))
        print(f"{name} {', '.join(sorted(set(part.season)))}: MAE {error(constants, part, chance):.4f}, mean of last 10 {ten:.4f}")
    for field in fields(constants):
        print(f"    {field.name}={getattr(constants, field.name)},")
    print(f"\nwithout a part, on {', '.join(CONFIRMED_ON)}:")
    for name, trial in _without_a_part(constants).items():
        print(f"    {name}: MAE {error(trial, other, chances[1]) - error(constants, other, chances[1]):+.4f}")


def _without_a_part(constants: Constants) -> dict[str, Constants]:
    none = (0.0,) * len(kernel.MISSED_FROM)
    return {
        "likeness of line-ups": replace(constants, likeness=np.inf),
        "sharing": replace(constants, shared=0.0),
        "both": replace(constants, likeness=np.inf, shared=0.0),
        "role": replace(constants, other_role=1.0),
        "odd games count for less": replace(constants, outlier=np.inf),
        "last season counts for less": replace(constants, last_season=1.0),
        "returns": replace(constants, missed=none, missed_slope=none),
        "back to back": replace(constants, back_to_back=0.0),
    }


def _classes(league: League) -> tuple[np.ndarray, np.ndarray]:
    return games_missed_class(league.sheets), usual_class(league.sheets)


def _shares(league: League, rows: np.ndarray) -> np.ndarray:
    missed, usual = _classes(league)
    cell = (missed * len(kernel.USUAL_FROM) + usual)[rows]
    size = len(kernel.MISSED_FROM) * len(kernel.USUAL_FROM)
    played = np.bincount(cell, (league.minutes > 0)[rows], size)
    return (played / np.bincount(cell, minlength=size)).reshape(len(kernel.MISSED_FROM), -1)


def descend(constants: Constants, error: Callable[[Constants], float], rounds: int) -> Constants:
    """Coordinate descent: each number in turn is scaled (or, near 0, moved) and the best kept."""
    best = error(constants)
    for number in range(rounds):
        for trial_of in _coordinates(constants):
            for trial in trial_of:
                value = error(trial(constants))
                if value < best - 1e-5:
                    best, constants = value, trial(constants)
        print(f"round {number + 1}: MAE {best:.4f}", flush=True)
    return constants


def _coordinates(constants: Constants) -> Iterator[list[Callable[[Constants], Constants]]]:
    for field, value in zip(fields(constants), astuple(constants), strict=True):
        for place in range(len(value)) if isinstance(value, tuple) else [None]:
            yield [_move(field.name, place, step) for step in STEPS]


def _move(name: str, place: int | None, step: float) -> Callable[[Constants], Constants]:
    floor = {"missed": 0.5, "missed_slope": 0.04, "back_to_back": 0.02}.get(name, 0.0)

    def moved(value: float) -> float:
        return round(value * step if floor == 0 else value + (step - 1.0) * max(abs(value), floor), 3)

    def trial(constants: Constants) -> Constants:
        value = getattr(constants, name)
        if place is None:
            return replace(constants, **{name: moved(value)})
        return replace(constants, **{name: (*value[:place], moved(value[place]), *value[place + 1 :])})

    return trial


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("--rounds", type=int, default=2, help="of descent, from the constants as they stand; 0 judges these")
    parser.add_argument("--house", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = given.house or Path(scratch)
        archive, practice = base / "archive", base / "practice"
        if not (archive / "warehouse.duckdb").exists():
            import_archive(archive, given.data)
        league = read(archive)
        if given.learn:
            learn(league, given.rounds)
            return
        judge("archive", league.of(np.not_equal(league.status, None)))
        if not (practice / "warehouse.duckdb").exists():
            play_a_season(practice)
        league = read(practice)
        judge("practice league", league.of(np.not_equal(league.status, None)))


if __name__ == "__main__":
    main()
