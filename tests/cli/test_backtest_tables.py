"""A backtest in the terminal."""

from __future__ import annotations

import pytest

from backtest.invented import FACTS, SAID, at_random, fact, tables, word
from tipoff.cli.backtest_tables import print_report
from tipoff.grade.backtest_figures import figures


def test_every_system_is_printed_with_its_n_and_what_came_out_stands_first(capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(*tables(*at_random(8, 120, ("one", "[bold]two"))))
    print_report(found)
    lines = capsys.readouterr().out.splitlines()
    assert any("shifted line" in line for line in lines[:4])
    for name, system in found.systems.items():
        (row,) = [line for line in lines if line.strip().startswith(f"{name} ")]
        difference = f"{system.pooled.lined.shifted_line.difference:+.3f}".replace("-", "−").replace("0.", ".", 1)
        assert f" {system.pooled.lined.shifted_line.n} " in row
        assert f" {difference} " in row
        assert f" of {system.pooled.picks.total.hit_rate.n} " in row


def test_all_tables_are_printed_when_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(*tables(*at_random(8, 120, ("one", "[bold]two"))))
    print_report(found, full=True)
    lines = capsys.readouterr().out.splitlines()
    for name, system in found.systems.items():
        rows = [line for line in lines if line.strip().startswith(f"{name} ")]
        assert len(rows) == 5 + len(system.seasons), "a row each at first, for errors, probabilities, picks and sides, and one a season"
        assert f" {system.pooled.errors.n} " in rows[1]
        assert f"{system.pooled.lined.shifted_line.difference:+.3f}".replace("-", "−") in rows[1]


def test_the_first_table_fits_with_names_as_long_as_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """Two lines a system: a value, and its interval."""
    names = ("catboost_v12_noveg_q43", "market_anchored")
    rows = [fact(number, actual_points=11.0 + 16 * (number % 2)) for number in range(40)]
    said = [word(row, system_id=name, consensus_over=0.3, predicted_whole=26) for name in names for row in rows]
    print_report(figures(*tables(rows, said)))
    told = capsys.readouterr().out.splitlines()
    table = told[next(index for index, line in enumerate(told) if "────" in line) + 1 :]
    assert len([line for line in table if line.strip()]) == 2 * len(names)


def test_an_alarm_is_printed_before_anything_else(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [fact(number, actual_points=19.0) for number in range(300)]
    print_report(figures(*tables(rows, [word(row, predicted_whole=19) for row in rows])))
    assert capsys.readouterr().out.startswith("LEAK ALARM one: MAE less the line's, all seasons, −0.500 beyond −0.15, N 300, and ")


def test_a_backtest_of_nothing_prints_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(figures(FACTS.empty_table(), SAID.empty_table()))
    assert capsys.readouterr().out == "No prediction could be compared with a line.\n"
