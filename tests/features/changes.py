"""What may be done to a history, each a function from rows to rows: the future deleted or altered, a result rewritten, a row delayed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from features.raw_rows import Raw, Row, copy_of, game_line_rows, quote_row, status_row
from features.small_league import (
    BOX_AFTER,
    CORRECTION_KNOWN,
    HERO,
    LATE,
    LATE_KNOWN,
    NIGHT,
    game_of,
    lookups,
    tip_of,
)

Change = Callable[[Raw], Raw]
FIRST_TIP, SECOND_TIP = tip_of(NIGHT, 0), tip_of(NIGHT, 1)
FIRST_OF_DEN = date(2025, 11, 20)
STATS = ("points", "fgm", "fga", "fg3a", "ftm", "fta", "oreb", "tov")


def unchanged(raw: Raw) -> Raw:
    return copy_of(raw)


def deleted_after(moment: datetime) -> Change:
    """No row that was known only after a moment; what bears no moment stays: who was born when, and what switches sources on."""

    def change(raw: Raw) -> Raw:
        return {name: [dict(row) for row in rows if not _is_after(row, moment)] for name, rows in raw.items()}

    return change


def _is_after(row: Row, moment: datetime) -> bool:
    known_at = row.get("known_at", row.get("measured_at"))
    return known_at is not None and known_at > moment


def altered_after(moment: datetime, *tables: str) -> Change:
    """Every row of these tables that was known only after a moment says something else."""

    def change(raw: Raw) -> Raw:
        changed = copy_of(raw)
        for name in tables:
            for row in changed[name]:
                if _is_after(row, moment):
                    _ALTER[name](row)
        return changed

    return change


def _alter_box(row: Row) -> None:
    row.update({name: 3 * (row[name] or 1) for name in STATS}, minutes=45.0, did_not_play=False)


def _alter_schedule(row: Row) -> None:
    row.update(status="postponed", game_type="playoff", home_score=300, away_score=1)
    if row["game_date"] > NIGHT:
        row.update(commence_time=row["commence_time"] + timedelta(days=1))


def _alter_quote(row: Row) -> None:
    row.update(point=row["point"] + 10, over_price=1.01, under_price=15.0)


def _alter_game_line(row: Row) -> None:
    row.update(point=row["point"] + 10)


def _alter_status(row: Row) -> None:
    row.update(status="out")


def _alter_shot(row: Row) -> None:
    row.update(zone="mid" if row["zone"] == "paint" else "paint", made=not row["made"], points=3)


def _alter_submission(row: Row) -> None:
    row.update(submitted=not row["submitted"])


def _alter_group(row: Row) -> None:
    row.update(book_group="soft" if row["book_group"] == "sharp" else "sharp")


_ALTER: dict[str, Callable[[Row], None]] = {
    "raw.player_box": _alter_box,
    "raw.schedule": _alter_schedule,
    "raw.odds_player_points": _alter_quote,
    "raw.odds_game_lines": _alter_game_line,
    "raw.injuries": _alter_status,
    "raw.injury_submissions": _alter_submission,
    "raw.shots": _alter_shot,
    "ref.book_groups": _alter_group,
}
FACTS = tuple(_ALTER)


def everybody_ruled_out_after_the_tip(raw: Raw) -> Raw:
    changed = copy_of(raw)
    for team in ("BOS", "CHI", "MIA", "NYK"):
        tip = game_of(raw, NIGHT, team)["commence_time"]
        changed["raw.injuries"] += [status_row(NIGHT, name, team, "out", tip + timedelta(seconds=1)) for name in lookups(team)]
    return changed


def first_result_rewritten(raw: Raw) -> Raw:
    """The night's first game, which ends half an hour after the second has tipped, ends quite differently."""
    changed = copy_of(raw)
    game = game_of(raw, NIGHT, "NYK")["game_id"]
    for row in changed["raw.player_box"]:
        if row["game_id"] == game:
            _alter_box(row)
    for row in changed["raw.shots"]:
        if row["game_id"] == game:
            _alter_shot(row)
    return changed


def in_play_rows_added(raw: Raw) -> Raw:
    """F11: quotes and game lines from the tip on, of every book and on everybody."""
    changed = copy_of(raw)
    for team in ("BOS", "NYK"):
        game = game_of(raw, NIGHT, team)
        for minutes in (0, 1, 30, 90):
            at = game["commence_time"] + timedelta(minutes=minutes)
            for book in ("draftkings", "fanduel", "pinnacle"):
                names = (*lookups(game["home"]), *lookups(game["away"]))
                changed["raw.odds_player_points"] += [quote_row(game, name, book, 44.5, at) for name in names]
                changed["raw.odds_game_lines"] += game_line_rows(game, book, -18.5, 260.5, at)
    return _one_a_key(changed)


def in_play_rows_taken_away(raw: Raw) -> Raw:
    changed = copy_of(raw)
    for name in ("raw.odds_player_points", "raw.odds_game_lines"):
        changed[name] = [row for row in changed[name] if row["snapshot_at"] < row["commence_time"] or row["game_date"] != NIGHT]
    return changed


def _one_a_key(raw: Raw) -> Raw:
    for name, more in (("raw.odds_player_points", "player_lookup"), ("raw.odds_game_lines", "outcome")):
        keys = ("event_id", "bookmaker", "market", more, "point", "snapshot_at")
        raw[name] = list({tuple(row[key] for key in keys): row for row in raw[name]}.values())
    return raw


def never_corrected(raw: Raw) -> Raw:
    changed = copy_of(raw)
    changed["raw.player_box"] = [row for row in changed["raw.player_box"] if row["known_at"] != CORRECTION_KNOWN]
    return changed


def right_from_the_start(raw: Raw) -> Raw:
    """The corrected line was the first one."""
    changed = copy_of(raw)
    right = next(row for row in changed["raw.player_box"] if row["known_at"] == CORRECTION_KNOWN)
    first = next(
        row
        for row in changed["raw.player_box"]
        if row["game_id"] == right["game_id"] and row["player_lookup"] == HERO and row["known_at"] != CORRECTION_KNOWN
    )
    first.update({name: value for name, value in right.items() if name not in ("known_at", "fetched_at")})
    changed["raw.player_box"].remove(right)
    return changed


def late_rows_never_came(raw: Raw) -> Raw:
    changed = copy_of(raw)
    changed["raw.player_box"] = [row for row in changed["raw.player_box"] if row["known_at"] != LATE_KNOWN]
    return changed


def late_rows_came_in_time(raw: Raw) -> Raw:
    changed = copy_of(raw)
    for row in changed["raw.player_box"]:
        if row["known_at"] == LATE_KNOWN:
            row["known_at"] = row["fetched_at"] = tip_of(LATE, 1) + BOX_AFTER
    return changed


def corrected_again(known_at: datetime) -> Change:
    """HERO's line of 4 December is corrected to 60 points, known at a moment."""

    def change(raw: Raw) -> Raw:
        changed = copy_of(raw)
        game = game_of(raw, NIGHT - timedelta(days=2), "BOS")
        line = next(row for row in raw["raw.player_box"] if row["game_id"] == game["game_id"] and row["player_lookup"] == HERO)
        changed["raw.player_box"].append({**line, "points": 60, "known_at": known_at, "fetched_at": known_at})
        return changed

    return change


def one_bad_game(raw: Raw) -> Raw:
    """F47: DEN and UTA meet tonight with nonsense for their last box scores, lines that are no numbers, and a status that is no word."""
    changed = copy_of(raw)
    game = game_of(raw, NIGHT, "UTA")
    at = SECOND_TIP - timedelta(hours=1)
    for name in ("raw.odds_player_points", "raw.odds_game_lines"):
        changed[name] = [row for row in changed[name] if row["game_id"] != game["game_id"]]
    changed["raw.odds_player_points"].append(quote_row(game, "utaa", "draftkings", float("nan"), at))
    changed["raw.odds_game_lines"] += game_line_rows(game, "draftkings", float("inf"), 1e300, at)
    for row in changed["raw.player_box"]:
        if row["team"] == "DEN" and row["game_date"] > FIRST_OF_DEN:
            row.update(minutes=1e-9 if row["minutes"] else 0.0, **dict.fromkeys(STATS, None))
    newest = SECOND_TIP - timedelta(minutes=20)
    changed["raw.injuries"].append(status_row(NIGHT, "utab", "UTA", "?", newest))
    return changed
