"""F53 Pushes and voids are in no denominator; edges are absolute; an UNDER pick counts."""

from __future__ import annotations

import pytest

from load.bench import Bench
from predict.slates import DAY, GAME, SYSTEM, TIP, Man, quote, said
from tipoff.grade.run import grade
from tipoff.predict.activate import activate
from tipoff.store.tables import table_of

LINE = 20.0
PLAYED = {  # estimate, points (None: did not play), what is to become of it
    "over that wins": (24.0, 25, "WIN"),
    "over that loses": (24.0, 12, "LOSS"),
    "under that wins": (15.0, 12, "WIN"),
    "under that wins too": (16.5, 19, "WIN"),
    "under that loses": (15.0, 31, "LOSS"),
    "over that is pushed": (24.0, 20, "PUSH"),
    "under that is pushed": (15.0, 20, "PUSH"),
    "over that sat out": (24.0, None, "VOID"),
    "under that sat out": (15.0, None, "VOID"),
    "pass that played": (20.1, 26, None),
    "pass that sat out": (20.1, None, "VOID"),
}


def night(bench: Bench) -> None:
    """Every case once, predicted, and its game played."""
    men = [Man(name, line=LINE, estimate=estimate) for name, (estimate, _, _) in PLAYED.items()]
    box = [
        {
            "game_id": GAME,
            "player_lookup": name,
            "game_date": DAY,
            "team": "BOS",
            "opponent": "LAL",
            "home": True,
            "minutes": 0.0 if points is None else 30.0,
            "points": points,
            "did_not_play": points is None,
            "known_at": TIP,
            "known_at_assumed": False,
            "source": "a test",
            "origin_rank": 1,
            "fetched_at": TIP,
        }
        for name, (_, points, _) in PLAYED.items()
    ]
    with bench.warehouse.writing("a run") as work:
        rows = (quote(man.name, LINE, over=1.9, under=2.1) for man in men)
        activate(work, SYSTEM.system_id, [GAME], said(men, *rows), TIP)
        work.merge("raw.player_box", table_of("raw.player_box", box))


def test_f53_pushes_and_voids_are_in_no_denominator_edges_are_absolute_and_an_under_counts(bench: Bench) -> None:
    night(bench)
    [record] = grade(bench.warehouse, DAY, now=TIP, run_id="a run")
    assert (record.predictions, record.won, record.lost, record.push, record.void) == (11, 3, 2, 2, 3)
    assert (record.hit_rate.n, record.hit_rate.wins, record.hit_rate.rate) == (5, 3, 3 / 5)
    assert (record.n_error, record.n_lined) == (8, 8)
    assert record.units == pytest.approx(0.9 + 1.1 + 1.1 - 2)

    rows = {row["player_lookup"]: row for row in bench.rows("predictions.prediction_accuracy")}
    assert {name: row["result"] for name, row in rows.items()} == {name: result for name, (_, _, result) in PLAYED.items()}
    assert {name for name, row in rows.items() if row["prediction_correct"] is not None} == {
        name for name, (_, _, result) in PLAYED.items() if result in ("WIN", "LOSS")
    }
    assert all(row["edge"] > 0 for row in rows.values())
    assert rows["under that wins"]["edge"] == pytest.approx(5.0, abs=0.1)
    assert {name: row["units"] for name, row in rows.items() if row["result"] in ("PUSH", "VOID")} == dict.fromkeys(
        ("over that is pushed", "under that is pushed", "over that sat out", "under that sat out"), 0.0
    ) | {"pass that sat out": None}
