"""F27 A line goes 24.5, 25.5, 24.5: one active row, the newest."""

from __future__ import annotations

from datetime import timedelta

from load.bench import Bench
from predict.said import NOW, active, say
from predict.slates import AS_OF, Man, quote
from predict.slates import said as said_of
from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.slate import SlateOptions, Spoken


def said(line: float, minutes: int) -> Spoken:
    """The system's word as of so many minutes later, at a line that a book has just moved to."""
    quoted = quote("jaysontatum", line) | {"snapshot_at": AS_OF + timedelta(minutes=minutes)}
    man = Man("jaysontatum", line=line, estimate=27.0)
    return said_of([man], quoted, options=SlateOptions(f"batch {minutes}", "line_check", 8.0))


def test_f27_a_line_that_goes_there_and_back_leaves_one_active_row_the_newest(bench: Bench) -> None:
    words = [said(line, minutes) for minutes, line in enumerate((24.5, 25.5, 24.5))]
    for minutes, word in enumerate(words):
        say(bench, word, now=NOW + timedelta(minutes=minutes))
    first, second, third = (word.predictions.column("prediction_id")[0].as_py() for word in words)
    assert active(bench) == {("jaysontatum", "echo"): third}
    newest = bench.row(PREDICTIONS, is_active=True)
    assert (newest["line"], newest["quote_at"], newest["created_at"]) == (24.5, AS_OF + timedelta(minutes=2), NOW + timedelta(minutes=2))
    told = {row["prediction_id"]: row["superseded_by"] for row in bench.rows(PREDICTIONS)}
    assert told == {first: second, second: third, third: None}


def test_f27_the_very_quote_of_before_makes_the_first_row_active_again(bench: Bench) -> None:
    words = [said(24.5, 0), said(25.5, 1), said(24.5, 0)]
    for word in words:
        say(bench, word)
    assert active(bench) == {("jaysontatum", "echo"): words[0].predictions.column("prediction_id")[0].as_py()}
    assert len(bench.rows(PREDICTIONS)) == 2
