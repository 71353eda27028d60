"""F16 A real line of 20.0 survives."""

from __future__ import annotations

from pathlib import Path

from load import archives, wire
from load.bench import Bench


def test_f16_a_real_line_of_20_survives_from_a_document_and_from_an_archive(bench: Bench, tmp_path: Path) -> None:
    quoted = wire.event(wire.book("bovada", wire.points(wire.pair("Jayson Tatum", 20.0), wire.pair("Jaylen Brown", 20))))
    bench.load(wire.payload(wire.rosters()), wire.payload(quoted))
    bench.imports(archives.write(tmp_path / "props.csv", [archives.prop(player="Derrick White", line=20.0)]))
    told = {(row["player_lookup"], row["point"], row["is_main"]) for row in bench.rows("raw.odds_player_points")}
    assert told == {("jaysontatum", 20.0, True), ("jaylenbrown", 20.0, True), ("derrickwhite", 20.0, True)}
    assert bench.rows("raw.quarantine") == []
