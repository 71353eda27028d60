"""docs/import.md is true: its example is read out of it and imported, and its tables name what the code knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from load import archives
from load.bench import Bench
from load.test_import_rejects import KINDS
from tipoff.load.mapping import FIELDS, OPTIONAL, built_in, read_mapping

DOC = (Path(__file__).resolve().parents[2] / "docs" / "import.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", DOC, re.DOTALL)
    assert isinstance(found, str)
    return found


def test_the_example_is_imported_with_the_mapping_of_the_example(bench: Bench, tmp_path: Path) -> None:
    file, mapping = tmp_path / "lines.csv", tmp_path / "mine.toml"
    file.write_text(block("csv"), encoding="utf-8")
    mapping.write_text(block("toml"), encoding="utf-8")
    bench.imports(archives.write(tmp_path / "box.csv", archives.lines()))
    [done] = bench.imports(file, own=(read_mapping(mapping),))

    assert (done.mapping, done.rows, done.counts.set_apart) == ("mine", 3, {"point_unreadable": 1})
    rows = {row["player_lookup"]: row for row in bench.rows("raw.odds_player_points")}
    told = ("bookmaker", "point", "known_at_assumed")
    assert [rows["jaysontatum"][name] for name in told] == ["espnbet", 27.5, False]
    assert [rows["lukadoncic"][name] for name in told] == ["bettingpros_consensus", 32.5, True]
    assert rows["jaysontatum"]["over_price"] == pytest.approx(1 + 100 / 115)
    apart = bench.row("raw.quarantine")
    assert (apart["path"], apart["rule"], apart["value"]) == ("row 3", "point_unreadable", "twenty")
    assert "`row 3`, `point_unreadable`, `twenty`" in DOC


@pytest.mark.parametrize("kind", list(FIELDS))
def test_every_field_of_a_kind_is_listed_and_no_other(kind: str) -> None:
    [listed] = re.findall(rf"^\| `{kind}` \| (.*) \|$", DOC, re.MULTILINE)
    assert set(re.findall(r"\*\*(\w+)\*\*", listed)) == set(FIELDS[kind])
    if kind != "unused":
        plain = listed.replace("opponent and home (both or neither)", "opponent, home")
        assert set(re.sub(r"\*", "", plain).split(", ")) == {*FIELDS[kind], *OPTIONAL[kind]}


def test_every_rule_by_which_a_row_is_set_apart_is_explained() -> None:
    met = {rule for cases in KINDS.values() for _, rule, _ in cases if rule} | {"not_points"}
    explained = set(re.findall(r"`([a-z_]+)`", DOC))
    assert {rule for rule in met if not rule.endswith(("_missing", "_unreadable"))} <= explained
    assert {"`…_missing`", "`…_unreadable`"} <= set(re.findall(r"`…_\w+`", DOC))


def test_where_our_own_mappings_lie_is_true() -> None:
    [folder] = re.findall(r"Ours lie in `([^`]+)`", DOC)
    there = {path.stem for path in (Path(__file__).resolve().parents[2] / folder).glob("*.toml")}
    assert there == {mapping.name for mapping in built_in()}
