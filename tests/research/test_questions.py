"""Each question on a season in which the answer is known: what is planted is found, what is not there is answered with no."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.raw_rows import Raw, Row, fill, row
from research.planted import BOOKS, FIRST_DAY, LAST_DAY, Planted, in_play, season
from tipoff.errors import BadInput
from tipoff.research.answers import Answer, Comparison
from tipoff.research.disagreement import level_of, split_from
from tipoff.research.questions import QUESTIONS, research
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_of

INNER = (FIRST_DAY + timedelta(days=20), LAST_DAY - timedelta(days=20))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Seasons:
    """A warehouse for each thing that is planted, made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[Planted, DuckDBWarehouse] = {}

    def of(self, planted: Planted) -> DuckDBWarehouse:
        if planted not in self._made:
            self._made[planted] = fill(self._folder / f"{len(self._made)}.duckdb", season(planted))
        return self._made[planted]

    def ask(self, question: str, planted: Planted = Planted(), system: str | None = None) -> Answer:
        return asked(self.of(planted), question, system)


def asked(warehouse: DuckDBWarehouse, question: str, system: str | None = None) -> Answer:
    with warehouse.reading() as work:
        return research(work, question, FIRST_DAY, LAST_DAY, system)


@pytest.fixture(scope="module")
def seasons(tmp_path_factory: pytest.TempPathFactory) -> Seasons:
    return Seasons(tmp_path_factory.mktemp("seasons"))


def named(answer: Answer, name: str) -> Comparison:
    (found,) = (one for one in answer.comparisons if one.name == name)
    return found


@pytest.mark.parametrize(
    ("question", "planted", "name", "positive"),
    [
        pytest.param("disagreement", Planted(split=True), "split, error", True, id="split books, larger error"),
        pytest.param("juice", Planted(juice=True), "over a unit of P(over)", True, id="the dearer side comes"),
        pytest.param("movement", Planted(moved=True), "last - first, error", False, id="the later line errs less"),
        pytest.param("movement", Planted(moved=True), "rose - fell, over the first", True, id="the first line is beaten"),
        pytest.param("closing-value", Planted(moved=True), "won, a point of value", True, id="bets with value win"),
        pytest.param("books", Planted(sharp=True), "betmgm, error - others'", False, id="the sharp book"),
        pytest.param("books", Planted(sharp=True), "bovada, error - others'", True, id="the soft book"),
        pytest.param("books", Planted(led=True), "betmgm, followed", True, id="the book that moves first"),
        pytest.param("sharp-soft", Planted(sharp=True), "sharper - softer, error", False, id="the sharper half"),
        pytest.param("rest", Planted(tired=True), "back to back: went over", False, id="tired players"),
    ],
)
def test_what_is_planted_is_found(seasons: Seasons, question: str, planted: Planted, name: str, positive: bool) -> None:
    answer = seasons.ask(question, planted)
    found = named(answer, name)
    assert found.holds, answer.sentence
    assert found.difference is not None
    assert (found.difference > 0) == positive
    assert answer.sentence.startswith(("Yes: ", "In part: "))
    assert found.claim in answer.sentence


@pytest.mark.parametrize("question", ["disagreement", "juice", "rest", "tiers", "books", "sharp-soft"])
def test_where_nothing_goes_with_anything_the_answer_is_no_with_its_n(seasons: Seasons, question: str) -> None:
    answer = seasons.ask(question)
    assert answer.sentence.startswith("No: it is not shown that "), answer.sentence
    assert ", n = " in answer.sentence
    assert not any(one.holds for one in answer.comparisons if one.claim)


def test_after_the_movement_nothing_is_left_where_points_follow_the_last_line(seasons: Seasons) -> None:
    assert not named(seasons.ask("movement", Planted(moved=True)), "rose - fell, over the last").holds


@pytest.fixture(scope="module")
def quiet_and_loud(tmp_path_factory: pytest.TempPathFactory) -> tuple[DuckDBWarehouse, DuckDBWarehouse]:
    """The same season without and with quotes in play."""
    raw, folder = season(Planted(moved=True, led=True), days=20), tmp_path_factory.mktemp("in_play")
    return fill(folder / "quiet.duckdb", raw), fill(folder / "loud.duckdb", in_play(raw))


@pytest.mark.parametrize("question", QUESTIONS)
def test_quotes_in_play_change_nothing(question: str, quiet_and_loud: tuple[DuckDBWarehouse, DuckDBWarehouse]) -> None:
    quiet, loud = quiet_and_loud
    assert loud.read("raw.odds_player_points").num_rows > quiet.read("raw.odds_player_points").num_rows
    assert asked(loud, question) == asked(quiet, question)


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "sharp-soft"])
def test_only_the_days_asked_for_count(seasons: Seasons, question: str, inner: DuckDBWarehouse) -> None:
    """Sharp and soft books alone are measured on what came before, too."""
    answers = []
    for warehouse in (seasons.of(Planted(moved=True)), inner):
        with warehouse.reading() as work:
            answers.append(research(work, question, *INNER))
    assert answers[0] == answers[1]


@pytest.fixture(scope="module")
def inner(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    """The season in which lines moved, with the quotes of some weeks only."""
    raw = season(Planted(moved=True))
    kept = [quote for quote in raw["raw.odds_player_points"] if INNER[0] <= quote["game_date"] <= INNER[1]]
    return fill(tmp_path_factory.mktemp("inner") / "warehouse.duckdb", {**raw, "raw.odds_player_points": kept})


def test_only_sportsbooks_count(tmp_path: Path) -> None:
    raw = season(Planted(split=True), days=20)
    others = [
        {**quote, "bookmaker": book, "point": quote["point"] + 9.0}
        for quote in raw["raw.odds_player_points"]
        for book in ("prizepicks", "bettingpros_consensus")
        if quote["bookmaker"] == BOOKS[0]
    ]
    more = {**raw, "raw.odds_player_points": raw["raw.odds_player_points"] + others}
    alone, among = fill(tmp_path / "alone.duckdb", raw), fill(tmp_path / "among.duckdb", more)
    for question in ("disagreement", "books", "juice"):
        assert asked(alone, question).comparisons == asked(among, question).comparisons


def test_counts_of_book_rows_stand_beside_distinct_player_games(seasons: Seasons) -> None:
    coverage = seasons.ask("books").coverage
    rows, distinct = coverage["book rows (the last line of one book on one who played)"], coverage["distinct player-games"]
    assert rows == distinct * len(BOOKS)
    closing = seasons.ask("closing-value", Planted(moved=True))
    total = sum(group.player_games for group in closing.groups if group.figure == "won" and group.name.startswith("OVER"))
    assert total <= closing.coverage["of them played"]


def test_a_close_that_is_too_early_is_not_measurable(tmp_path: Path) -> None:
    raw = season(Planted(moved=True), days=20)
    for quote in raw["raw.odds_player_points"]:
        if quote["minutes_to_tip"] == 10.0:
            quote["snapshot_at"] -= timedelta(minutes=20)
            quote["known_at"] = quote["snapshot_at"]
    answer = asked(fill(tmp_path / "early.duckdb", raw), "closing-value")
    assert answer.sentence.startswith("Not measurable: ")
    assert answer.coverage["with a measurable closing value"] == 0
    assert answer.coverage["not measurable"] > 0


class TestThresholds:
    @pytest.mark.parametrize(("books", "apart"), [(2, 1), (3, 1), (4, 2), (6, 2), (7, 3), (8, 3), (10, 4), (12, 4)])
    def test_a_third_of_the_books_one_point_off_is_a_split_and_one_book_fewer_is_not(self, books: int, apart: int) -> None:
        def level(off: int) -> int:
            lines = np.array([10.5] * (books - off) + [11.5] * off)
            return int(level_of(np.array([books]), np.array([lines.std(ddof=1)]))[0])

        assert level(apart) == 2
        assert level(apart - 1) == (1 if apart > 1 else 0)
        assert level(0) == 0

    def test_one_book_two_points_off_splits_eight(self) -> None:
        lines = np.array([10.5] * 7 + [12.5])
        assert level_of(np.array([8]), np.array([lines.std(ddof=1)]))[0] == 2

    @given(st.integers(2, 30))
    def test_the_threshold_is_that_of_lines_written_out(self, books: int) -> None:
        apart = -(-books // 3)
        assert split_from(np.array([books]))[0] == pytest.approx(np.array([0.0] * (books - apart) + [1.0] * apart).std(ddof=1))


def graded(raw: Raw, system: str) -> list[Row]:
    """Predictions that hit every other day, with a value that goes with hitting."""
    found = []
    for place, box in enumerate(raw["raw.player_box"]):
        hit = box["game_date"].toordinal() % 2 == 0 or place % 3 == 0
        found.append(
            row(
                "predictions.prediction_accuracy",
                **{name: box[name] for name in ("player_lookup", "game_id", "game_date")},
                system_id=system,
                result="WIN" if hit else "LOSS",
                recommendation="UNDER" if place % 2 else "OVER",
                line=20.5,
                absolute_error=5.0,
                line_absolute_error=5.5,
                signed_error=1.0 - place % 3,
                units=0.9 if hit else -1.0,
                clv_points=(1.0 if hit else -0.5) + place % 5,
                clv_prob=(0.05 if hit else -0.05) + place % 5 / 100,
                graded_at=NOW,
            )
        )
    return found


class TestSystems:
    @pytest.fixture(scope="class")
    @classmethod
    def warehouse(cls, tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
        raw = season()
        warehouse = fill(tmp_path_factory.mktemp("graded") / "warehouse.duckdb", raw)
        warehouse.merge("predictions.prediction_accuracy", table_of("predictions.prediction_accuracy", graded(raw, "mine")), "hand")
        return warehouse

    @pytest.mark.parametrize("question", [name for name, one in QUESTIONS.items() if one.of_system])
    def test_its_graded_predictions_are_what_is_counted(self, warehouse: DuckDBWarehouse, question: str) -> None:
        answer = asked(warehouse, question, "mine")
        n = warehouse.read("predictions.prediction_accuracy").num_rows
        assert n in answer.coverage.values()
        assert "mine" in answer.sentence or question == "closing-value" or "mine" in str(answer.comparisons)

    def test_closing_value_that_goes_with_hits_is_found(self, warehouse: DuckDBWarehouse) -> None:
        assert named(asked(warehouse, "closing-value", "mine"), "won, a point of value").holds

    @pytest.mark.parametrize("question", ["rest", "tiers", "closing-value"])
    def test_a_system_without_grades_is_told_plainly(self, warehouse: DuckDBWarehouse, question: str) -> None:
        answer = asked(warehouse, question, "nobody")
        assert answer.sentence.startswith("Not measurable: ")
        assert "nobody" in answer.sentence
        assert answer.sentence.endswith("n = 0.")

    def test_disagreement_says_so_beside_the_markets_answer(self, warehouse: DuckDBWarehouse) -> None:
        answer = asked(warehouse, "disagreement", "nobody")
        assert any(note.startswith("Nothing is on record of nobody") for note in answer.notes)
        assert answer.tested > 0


def test_a_question_of_the_market_is_not_asked_of_a_system(seasons: Seasons) -> None:
    with pytest.raises(BadInput, match="of the market"):
        seasons.ask("juice", system="mine")


def test_an_unknown_question_and_days_in_the_wrong_order_are_refused(seasons: Seasons) -> None:
    with pytest.raises(BadInput, match="no question"):
        seasons.ask("astrology")
    with seasons.of(Planted()).reading() as work, pytest.raises(BadInput, match="is before"):
        research(work, "juice", LAST_DAY, FIRST_DAY)


@pytest.mark.parametrize("question", QUESTIONS)
def test_days_without_anything_are_not_measurable(seasons: Seasons, question: str) -> None:
    with seasons.of(Planted()).reading() as work:
        answer = research(work, question, date(2024, 3, 1), date(2024, 3, 9))
    assert answer.sentence.startswith("Not measurable: ")
    assert answer.sentence.endswith("n = 0.")


def test_every_comparison_that_was_tested_counts_in_the_correction(seasons: Seasons) -> None:
    for question in QUESTIONS:
        answer = seasons.ask(question, Planted(moved=True))
        tested = [one for one in answer.comparisons if one.p is not None]
        assert answer.tested == len(tested) > 0
        smallest = min(tested, key=lambda one: one.p or 0.0)
        assert smallest.p_corrected == pytest.approx(min(1.0, (smallest.p or 0.0) * len(tested)))
