"""A backtest in the terminal."""

from __future__ import annotations

import pytest

from backtest.invented import FACTS, SAID, at_random, fact, tables, word
from tipoff.cli.backtest_tables import print_report
from tipoff.grade.backtest_figures import figures


def test_every_system_is_printed_with_its_n_and_what_came_out_stands_first(capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(*tables(*at_random(8, 120, ("one", "[bold]two"))))
    print_report(found)
    told = capsys.readouterr().out
    lines = told.splitlines()
    assert any("shifted line" in line for line in lines[:4])
    for name, system in found.systems.items():
        rows = [line for line in lines if line.strip().startswith(name)]
        assert len(rows) == 4 + len(system.seasons), "a row each for errors, probabilities, picks and sides, and one a season"
        assert f" {system.pooled.errors.n} " in rows[0]
        assert f"{system.pooled.lined.shifted_line.difference:+.3f}".replace("-", "−") in rows[0]


def test_an_alarm_is_printed_before_anything_else(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [fact(number, actual_points=19.0) for number in range(300)]
    print_report(figures(*tables(rows, [word(row, predicted_whole=19) for row in rows])))
    assert capsys.readouterr().out.startswith("LEAK ALARM one: MAE less the line's, all seasons, −0.500 beyond −0.15, N 300, and ")


def test_a_backtest_of_nothing_prints_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(figures(FACTS.empty_table(), SAID.empty_table()))
    assert capsys.readouterr().out == "No prediction could be compared with a line.\n"
