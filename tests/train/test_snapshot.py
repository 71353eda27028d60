"""A snapshot of history: what a live night of each day knew and could take, how it ended, and nothing of a later day to learn from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.analyze.slate import games_as_of
from tipoff.analyze.slope import spread_of_points
from tipoff.errors import BadInput, SlateStopped, UnknownDate
from tipoff.features.build import build
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.features.slate_checks import check_slate
from tipoff.market.closing import closing_lines
from tipoff.market.taking import quotes_to_take
from tipoff.predict.slate import candidates
from tipoff.train.dataset import KEY, data_set, learnable, scored
from tipoff.train.snapshot import Snapshot, take_snapshot
from train import practice_house as house

NIGHT, START = house.NIGHT, house.NIGHT - timedelta(days=3)
DAYS = [START + timedelta(days=number) for number in range(4)]
CHANGED = DAYS[1]
"""The day whose box scores are tampered with."""


def take(stage: house.Stage, before: timedelta = timedelta(), first: date = START, last: date = NIGHT) -> Snapshot:
    return take_snapshot(stage.warehouse, NIGHT - house.WINDOW, first, last, before=before, options=house.OPTIONS)


@lru_cache(maxsize=1)
def snapshot() -> Snapshot:
    return take(house.played())


def games_of(day: date) -> list[str]:
    return [game.game_id for game in house.season().games_on(day)]


def by_player(table: pa.Table, *columns: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows by game and player; each there once."""
    rows = table.select([*KEY, *columns]).to_pylist()
    found = {(row["game_id"], row["player_lookup"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def of_day(table: pa.Table, day: date) -> pa.Table:
    return table.filter(pa.compute.equal(table.column("game_date"), pa.scalar(day)))


def assert_same(
    found: Snapshot, other: Snapshot, but: tuple[str, ...] = (), *, rows: np.ndarray[Any, np.dtype[np.bool_]] | None = None
) -> None:
    """Rows and features the same to the bit, but for some columns of the rows."""
    mine = np.ones(found.rows.num_rows, dtype=np.bool_) if rows is None else rows
    kept = [name for name in found.rows.column_names if name not in but]
    assert found.rows.select(kept).filter(mine).equals(other.rows.select(kept).filter(mine))
    assert np.array_equal(found.features.features[mine], other.features.features[mine], equal_nan=True)


class TestAsTheNightWas:
    @pytest.mark.parametrize("day", DAYS, ids=str)
    def test_it_holds_of_each_day_what_a_build_of_that_day_alone_gives(self, day: date) -> None:
        """Features to the bit; and who is fit to be predicted, else why not, in the same words."""
        with house.played().warehouse.reading() as work:
            built = build(work, games_of(day))
        live = candidates(built, house.OPTIONS)
        mine = snapshot().days == np.datetime64(day)
        rows = snapshot().rows.filter(mine)
        assert by_player(rows, *live.column_names[2:]) == by_player(live, *live.column_names[2:])
        matrix = built.matrix(snapshot().features.names)
        place = {key: number for number, key in enumerate(zip(*(live.column(name).to_pylist() for name in KEY), strict=True))}
        order = [place[key] for key in zip(*(rows.column(name).to_pylist() for name in KEY), strict=True)]
        assert np.array_equal(snapshot().features.features[mine], matrix[order], equal_nan=True)
        assert snapshot().features.names == feature_set("v18")

    def test_some_are_fit_and_others_are_not_for_every_reason_there_is(self) -> None:
        reasons = set(of_predicted_days(snapshot()).column("reason").to_pylist())
        assert {"", "low_minutes", "not_quality_ready", "out"} <= reasons

    def test_days_before_the_first_are_there_to_learn_from_alone(self) -> None:
        earlier = snapshot().days < np.datetime64(START)
        assert earlier.any()
        rows = snapshot().rows.filter(earlier)
        for name in ("reason", "as_of", "close_line", "has_line"):
            assert rows.column(name).null_count == rows.num_rows

    def test_the_quotes_are_those_that_could_be_taken_and_the_closes_those_at_the_tip(self) -> None:
        games = [game_id for day in DAYS for game_id in games_of(day)]
        with house.played().warehouse.reading() as work:
            tonight = work.keep(games_as_of(work, games, None))
            quotes = quotes_to_take(work, tonight)
            closes = closing_lines(work, tonight, lambda at: spread_of_points(work, at))
        order = [("game_id", "ascending"), ("player_lookup", "ascending"), ("bookmaker", "ascending")]
        assert snapshot().quotes.sort_by(order).equals(quotes.sort_by(order))
        assert quotes.num_rows > 400
        names = [name for name in closes.column_names if name.startswith("close_")]
        found = by_player(of_predicted_days(snapshot()), *names)
        expected = by_player(closes, *names)
        assert len(expected) > 100
        assert {key: row for key, row in found.items() if row["close_line"] is not None} == expected

    def test_points_and_minutes_are_the_box_scores(self) -> None:
        games = [game.game_id for game in house.season().games if game.game_date <= NIGHT]
        with house.played().warehouse.reading() as work:
            built = build(work, games)
            outcome = scored(work, games, built.ingredients)
        expected = built.ingredients.select([*KEY, "tip"])
        for name, values in (("points", outcome.points), ("minutes", outcome.minutes)):
            expected = expected.append_column(name, pa.array(values, from_pandas=True))
        expected = expected.append_column("learns", pa.array(learnable(built, outcome)))
        order = [("tip", "ascending"), ("game_id", "ascending"), ("player_lookup", "ascending")]
        assert snapshot().rows.select(expected.column_names).equals(expected.sort_by(order).combine_chunks())

    def test_taken_earlier_before_the_tip_it_knows_less(self) -> None:
        """The books' lines came ten minutes before each tip: an hour before it there was none to be had; the close is what it was."""
        early, late = take(house.played(), timedelta(hours=1)), snapshot()
        predicted = of_predicted_days(early)
        assert early.quotes.num_rows == 0
        assert not any(predicted.column("has_line").to_pylist())
        gaps = {tip - as_of for tip, as_of in zip(*(predicted.column(name).to_pylist() for name in ("tip", "as_of")), strict=True)}
        assert gaps == {timedelta(hours=1)}
        assert np.isnan(early.features["vegas_points_line"][early.days >= np.datetime64(START)]).all()
        closes = [*KEY, "close_line", "close_over", "close_at", "close_minutes", "close_slope", "points"]
        assert early.rows.select(closes).equals(late.rows.select(closes))
        again = Snapshot.from_bytes(*early.to_bytes())
        assert again.quotes.equals(early.quotes)


def of_predicted_days(found: Snapshot) -> pa.Table:
    return found.rows.filter(found.days >= np.datetime64(START))


class TestLearning:
    @pytest.mark.parametrize("until", [START, CHANGED, NIGHT], ids=str)
    def test_it_gives_for_a_day_what_the_warehouse_gave_for_it(self, until: date) -> None:
        """The data set of that day's own evening, digest and all."""
        data = snapshot().data(until)
        live = data_set(house.played().warehouse, until, house.WINDOW)
        assert data.digest() == live.digest()
        assert np.array_equal(data.days, live.days)
        assert np.array_equal(data.seasons, live.seasons)
        assert (data.feature_version, data.features.names) == (live.feature_version, live.features.names)

    def test_no_row_of_the_day_or_later_is_in_it(self) -> None:
        for until in [*DAYS, NIGHT + timedelta(days=1)]:
            days = snapshot().data(until).days
            assert days.max() < np.datetime64(until)
            learns = np.asarray(snapshot().rows.column("learns").to_numpy(zero_copy_only=False), dtype=np.bool_)
            assert len(days) == (learns & (snapshot().days < np.datetime64(until))).sum()

    def test_a_snapshot_of_another_feature_version_says_so_in_its_data(self) -> None:
        assert replace(snapshot(), feature_version="of yore").data(NIGHT).feature_version == "of yore"
        assert snapshot().data(NIGHT).feature_version == FEATURE_VERSION


def spoilt(folder: Path, *statements: str) -> house.Stage:
    """The practice league with something done to its warehouse's file."""
    stage = house.played().copy(folder)
    with duckdb.connect(str(stage.warehouse.path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return stage


OTHERWISE = "points = points + 20, minutes = least(minutes + 9, 48), fga = fga + 11, fgm = fgm + 10, ast = 0"


@pytest.fixture(scope="module")
def otherwise(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """As if everybody had played another game on one of the days."""
    stage = spoilt(
        tmp_path_factory.mktemp("otherwise"), f"UPDATE raw.player_box SET {OTHERWISE} WHERE game_date = '{CHANGED}' AND minutes > 0"
    )
    return take(stage)


class TestTimeTravel:
    def test_how_a_day_ended_changes_of_that_day_the_points_and_minutes_alone(self, otherwise: Snapshot) -> None:
        """No feature, no candidate, no quote and no close, of that day or an earlier one."""
        until_then = snapshot().days <= np.datetime64(CHANGED)
        assert_same(otherwise, snapshot(), but=("points", "minutes"), rows=until_then)
        before = snapshot().days < np.datetime64(CHANGED)
        assert_same(otherwise, snapshot(), rows=before)
        played = of_day(snapshot().rows, CHANGED).column("points").drop_null()
        other = of_day(otherwise.rows, CHANGED).column("points").drop_null()
        assert [points + 20 for points in played.to_pylist()] == other.to_pylist()

    def test_it_changes_the_features_of_later_days(self, otherwise: Snapshot) -> None:
        """Or the test above would show nothing."""
        later = snapshot().days > np.datetime64(CHANGED)
        mine, other = (found.features["points_avg_last_5"][later] for found in (snapshot(), otherwise))
        assert (other > mine + 1).sum() > 50

    def test_it_changes_nothing_of_what_is_learnt_for_that_day(self, otherwise: Snapshot) -> None:
        assert otherwise.data(CHANGED).digest() == snapshot().data(CHANGED).digest()
        after = CHANGED + timedelta(days=1)
        assert otherwise.data(after).digest() != snapshot().data(after).digest()

    def test_a_day_that_was_never_played_is_known_like_any_other(self, tmp_path: Path) -> None:
        """Without its box scores: nobody has points, nobody may be learnt from, and everything else is the same."""
        unplayed = take(spoilt(tmp_path, f"DELETE FROM raw.player_box WHERE game_date = '{CHANGED}'"))
        until_then = snapshot().days <= np.datetime64(CHANGED)
        assert_same(unplayed, snapshot(), but=("points", "minutes", "learns"), rows=until_then)
        rows = of_day(unplayed.rows, CHANGED)
        assert rows.column("points").null_count == rows.column("minutes").null_count == rows.num_rows > 50
        assert not any(rows.column("learns").to_pylist())

    def test_lines_that_came_after_the_tip_change_nothing(self, tmp_path: Path) -> None:
        """F11: each book's lines again as in-play quotes, at other points."""
        columns = "* REPLACE (snapshot_at + INTERVAL 1 HOUR AS snapshot_at, known_at + INTERVAL 1 HOUR AS known_at, point + 4 AS point)"
        stage = spoilt(tmp_path, f"INSERT INTO raw.odds_player_points SELECT {columns} FROM raw.odds_player_points")
        later = take(stage)
        assert_same(later, snapshot())
        assert later.quotes.equals(snapshot().quotes)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> house.Stage:
    """Game totals that nobody can believe, on one day."""
    where = f"market = 'totals' AND game_date = '{CHANGED}'"
    return spoilt(tmp_path_factory.mktemp("stopped"), f"UPDATE raw.odds_game_lines SET point = 900.5 WHERE {where}")


class TestARedAlert:
    def test_on_a_day_that_would_have_stopped_its_night_nobody_is_let_through(self, stopped: house.Stage) -> None:
        with stopped.warehouse.reading() as work, pytest.raises(SlateStopped, match="game_total_line") as refused:
            check_slate(build(work, games_of(CHANGED)))
        rows = of_day(take(stopped).rows, CHANGED)
        assert "" not in rows.column("reason").to_pylist()
        stopped_rows = [row for row in rows.to_pylist() if row["reason"] == "gate"]
        assert len(stopped_rows) > 50
        alerts = refused.value.message.removeprefix("The slate is stopped by ").removesuffix(".")
        assert {(row["detail"], row["mended_by"]) for row in stopped_rows} == {(f"red alert: {alerts}", "features")}
        mine = by_player(of_day(snapshot().rows, CHANGED), "reason")
        assert {row["reason"] for key, row in by_player(rows, "reason").items() if not mine[key]["reason"]} == {"gate"}

    def test_the_other_days_are_predicted_as_ever(self, stopped: house.Stage) -> None:
        found = take(stopped)
        for day in DAYS:
            if day != CHANGED:
                assert by_player(of_day(found.rows, day), "reason", "detail") == by_player(of_day(snapshot().rows, day), "reason", "detail")


class TestBytes:
    def test_it_comes_back_from_its_bytes_to_the_bit(self) -> None:
        found = Snapshot.from_bytes(*snapshot().to_bytes())
        assert found.rows.schema.equals(snapshot().rows.schema)
        assert_same(found, snapshot())
        assert found.features.names == snapshot().features.names
        assert found.quotes.equals(snapshot().quotes)
        assert found.quotes.schema.metadata is None
        assert found.feature_version == snapshot().feature_version
        assert found.to_bytes() == snapshot().to_bytes()

    def test_the_same_warehouse_gives_the_same_bytes(self) -> None:
        assert take(house.played()).to_bytes() == snapshot().to_bytes()

    @given(st.data())
    def test_damaged_bytes_are_refused_or_say_the_same(self, data: st.DataObject) -> None:
        """One bit, in one of the two; where it is read at all, the bit meant nothing."""
        bodies = [bytearray(body) for body in small().to_bytes()]
        body = data.draw(st.sampled_from(bodies))
        body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        with suppress(BadInput):
            found = Snapshot.from_bytes(*map(bytes, bodies))
            assert_same(found, small())
            assert found.quotes.equals(small().quotes)
            assert found.feature_version == small().feature_version

    @pytest.mark.parametrize("which", ["rows", "quotes"])
    @pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.9999])
    def test_bytes_that_end_too_early_are_refused(self, which: str, share: float) -> None:
        rows, quotes = small().to_bytes()
        cut = (rows[: int(len(rows) * share)], quotes) if which == "rows" else (rows, quotes[: int(len(quotes) * share)])
        with pytest.raises(BadInput, match="damaged"):
            Snapshot.from_bytes(*cut)

    def test_halves_of_two_snapshots_are_refused(self) -> None:
        """As two processes could leave them that began one backtest while the warehouse changed."""
        with pytest.raises(BadInput, match="its bytes are not those that were written"):
            Snapshot.from_bytes(snapshot().to_bytes()[0], small().to_bytes()[1])

    @pytest.mark.parametrize("body", [b"", b"not arrow at all", b"ARROW1\0\0", b"PK\x03\x04"])
    def test_anything_else_is_refused(self, body: bytes) -> None:
        with pytest.raises(BadInput, match="damaged"):
            Snapshot.from_bytes(body, body)

    def test_an_arrow_file_of_something_else_is_refused(self) -> None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, pa.schema([("a", pa.int64())])) as writer:
            writer.write_table(pa.table({"a": [1]}))
        body = sink.getvalue().to_pybytes()
        with pytest.raises(BadInput, match="damaged"):
            Snapshot.from_bytes(body, body)


@lru_cache(maxsize=1)
def small() -> Snapshot:
    """The night alone."""
    return take_snapshot(house.played().warehouse, NIGHT, NIGHT, NIGHT, before=timedelta(), options=house.OPTIONS)


def test_days_without_a_game_are_unknown() -> None:
    far = NIGHT + timedelta(days=900)
    with pytest.raises(UnknownDate, match=f"No game from {far} to {far} is known"):
        take(house.played(), first=far, last=far)


def test_its_four_parts_are_told_of() -> None:
    told: list[int] = []
    take_snapshot(house.played().warehouse, NIGHT, NIGHT, NIGHT, before=timedelta(), options=house.OPTIONS, tick=told.append)
    assert told == [1, 1, 1, 1]
