"""F14: one night through the scraper and the batches while the source misbehaves: what is missing is on the expected-outputs grid with its
cause, its neighbours are complete, the books are the source's, the key is nowhere; and once the source is well, the next round mends it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from faults.mischievous import BRISK, KEY, Bench, games, know_the_players, mischievous
from flow.upstream import DAY
from tipoff.flow.expected import Expected, expected_outputs, write_expected
from tipoff.flow.scraping import asks_on_record, scrape_now
from tipoff.flow.worker import working
from tipoff.practice.faults import FAULTS, Fault

PATIENCE = replace(BRISK, whole_answer=2.0)
PROPS = (
    replace(FAULTS["503"], charged=True),
    replace(FAULTS["reset"], charged=True),
    replace(FAULTS["drip"], charged=True),
    FAULTS["404"],
    FAULTS["redirect loop"],
)
"""What the first games' props come to; those of the other games are well."""
CAUSES = ("HTTP 503", "ReadError", "no answer in time", "HTTP 404", "redirects")


@dataclass
class Night:
    """The grid after each round, by (game, phase), and all that was printed or kept."""

    grids: dict[str, dict[tuple[str, str], Expected]] = field(default_factory=dict)
    asked: dict[str, list[int]] = field(default_factory=dict)
    books: dict[str, tuple[int, int]] = field(default_factory=dict)
    told: str = ""
    with_key: list[str] = field(default_factory=list)

    def standings(self, when: str, phase: str) -> list[str]:
        """Of every game of the day, in the order of the season."""
        return [self.grids[when][game.game_id, phase].standing for game in games()]


def _round(bench: Bench, lived: Night, when: str) -> None:
    """Ask for everything of the day once, and look at what there is then."""
    bench.clock.advance(timedelta(minutes=10))
    reached = len(bench.mischief.asked())
    with working(bench.house, scheduled=False) as engine:
        done = scrape_now(engine, DAY, patience=PATIENCE)
    lived.grids[when] = {(cell.game_id, cell.phase): cell for cell in write_expected(bench.house, DAY)}
    paths = [asked.path for asked in bench.mischief.asked()[reached:]]
    lived.asked[when] = [sum(game.event_id in path for path in paths) for game in games()]
    lived.books[when] = bench.house.credits.spent().day, bench.mischief.charged()
    lived.told += json.dumps(done.as_dict(), default=str)
    lived.told += repr((expected_outputs(bench.house.state, DAY), asks_on_record(bench.house.state, DAY)))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    lived = Night()
    with mischievous(tmp_path_factory.mktemp("night")) as bench:
        know_the_players(bench)
        for game, fault in zip(games(), PROPS, strict=False):
            bench.mischief.script(f"*/events/{game.event_id}/odds", fault, forever=True)
        bench.mischief.script("lines", replace(FAULTS["500"], charged=True), forever=True)
        bench.mischief.script("injuries", Fault(status=503, body=b"apiKey=%s" % KEY.encode()), forever=True)
        _round(bench, lived, "misbehaving")
        bench.mischief.calm()
        _round(bench, lived, "well again")
        bench.mischief.script("props", "403", forever=True)
        _round(bench, lived, "refused later")
        lived.with_key = bench.where_the_key_is()
    return lived


@pytest.mark.parametrize(("place", "cause"), list(enumerate(CAUSES)))
def test_f14_what_is_missing_is_on_the_grid_as_failed_with_its_cause(night: Night, place: int, cause: str) -> None:
    cell = night.grids["misbehaving"][games()[place].game_id, "props"]
    assert cell.standing == "FAILED"
    assert cause in str(cell.detail)


def test_f14_the_other_games_of_the_night_are_complete(night: Night) -> None:
    assert len(games()) > len(PROPS)
    assert set(night.standings("misbehaving", "props")[len(PROPS) :]) == {"COMPLETE"}


def test_f14_a_document_of_all_games_that_is_missing_is_missing_of_each(night: Night) -> None:
    cells = [night.grids["misbehaving"][game.game_id, "lines"] for game in games()]
    assert {(cell.standing, "HTTP 500" in str(cell.detail)) for cell in cells} == {("FAILED", True)}


def test_f14_each_was_asked_as_often_as_helps(night: Night) -> None:
    tries = PATIENCE.attempts
    assert night.asked["misbehaving"] == [tries, tries, tries, 1, 4] + [1] * (len(games()) - len(PROPS))


def test_f14_the_next_round_mends_it_with_no_ones_help(night: Night) -> None:
    assert {*night.standings("well again", "props"), *night.standings("well again", "lines")} == {"COMPLETE"}


def test_f14_what_is_there_and_failed_to_come_again_is_degraded_with_its_cause(night: Night) -> None:
    cells = [night.grids["refused later"][game.game_id, "props"] for game in games()]
    assert {(cell.standing, "HTTP 403" in str(cell.detail)) for cell in cells} == {("DEGRADED", True)}
    assert night.asked["refused later"] == [1] * len(games())


@pytest.mark.parametrize("when", ["misbehaving", "well again", "refused later"])
def test_f14_the_books_of_the_night_are_those_of_the_source(night: Night, when: str) -> None:
    booked, charged = night.books[when]
    assert booked == charged > 0


def test_f14_the_key_is_in_nothing_that_the_night_told_or_kept(night: Night) -> None:
    assert "503" in night.told
    assert KEY not in night.told
    assert night.with_key == []
