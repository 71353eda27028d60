"""Which kind a file is of, told by its columns alone; and mappings that do not fit, told by the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from load import archives
from tipoff.errors import BadInput, UnknownFormat
from tipoff.load.imports import column_names, find_files, plan, read_rows
from tipoff.load.mapping import FIELDS, OPTIONAL, ORDER, Mapping, built_in, read_mapping, recognise

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the shared data is not at {SHARED}")

ARCHIVE = {
    "dnp_bref_gonzalo": "did_not_play",
    "game_lines": "game_lines",
    "games": "games",
    "injuries_il_transactions_brianmualim": "injured_list",
    "injuries_official_report_lorenzocirla": "injuries",
    "player_box": "box",
    "team_box": "team_box",
    **dict.fromkeys(
        (
            "props_points_bettingpros_tkersulis10",
            "props_points_consensus_propedge",
            "props_points_dfs_spon7ge",
            "props_points_multibook_boilerquant",
            "props_points_oddsapi_btam",
            "props_points_oddsapi_mylesthomas",
            "props_points_prizepicks_enkday",
            "props_points_rotowire_dhiren",
        ),
        "props",
    ),
}
PROPS = """
kind = "props"
needs = ["Spieler", "Linie"]
[columns]
name = "Spieler"
point = "Linie"
game_date = "Tag"
home = "Heim"
away = "Gast"
[constants]
bookmaker = "draftkings"
"""


def mapping(tmp_path: Path, text: str) -> Mapping:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


@needs_data
@pytest.mark.parametrize(("name", "kind"), sorted(ARCHIVE.items()))
def test_every_file_of_the_archive_is_recognised_as_what_it_is(name: str, kind: str) -> None:
    assert recognise(column_names(SHARED / "archive" / f"{name}.parquet")).name == kind


@needs_data
def test_no_file_of_the_archive_is_left_out_of_that_list() -> None:
    assert {path.stem for path in (SHARED / "archive").glob("*.parquet")} == set(ARCHIVE)


@pytest.mark.parametrize("kept", [mapping.name for mapping in built_in()])
def test_the_columns_that_a_mapping_needs_are_enough_to_recognise_it(kept: str) -> None:
    [wanted] = [found for found in built_in() if found.name == kept]
    assert recognise([*wanted.needs, "a column that nobody knows"]) is wanted


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (archives.games(), "games"),
        (archives.lines(), "box"),
        ([archives.absent()], "did_not_play"),
        ([archives.game_line()], "game_lines"),
        ([archives.prop()], "props"),
        ([archives.status()], "injuries"),
    ],
)
def test_a_file_is_recognised_in_either_format_whatever_it_is_called(
    tmp_path: Path, suffix: str, rows: list[archives.Row], kind: str
) -> None:
    [(_, found)] = plan([archives.write(tmp_path / f"assists{suffix}", rows)])
    assert found.name == kind


def test_ones_own_mapping_comes_before_ours(tmp_path: Path) -> None:
    own = mapping(tmp_path, PROPS.replace('["Spieler", "Linie"]', '["player"]'))
    assert recognise([*archives.prop()], (own,)) is own
    assert recognise([*archives.prop()]).name == "props"


def test_ones_own_mapping_leaves_other_files_to_ours(tmp_path: Path) -> None:
    assert recognise([*archives.game()], (mapping(tmp_path, PROPS),)).name == "games"


def test_of_two_that_fit_the_one_that_asks_for_more_counts(tmp_path: Path) -> None:
    small = mapping(tmp_path, PROPS)
    large = mapping(tmp_path, PROPS.replace('["Spieler", "Linie"]', '["Spieler", "Linie", "Tag"]'))
    assert recognise(["Spieler", "Linie", "Tag"], (small, large)) is large
    assert recognise(["Spieler", "Linie", "Tag"], (large, small)) is large


def test_unknown_columns_are_refused_with_the_nearest_miss() -> None:
    columns = [name for name in archives.prop() if name not in ("book", "line")]
    with pytest.raises(UnknownFormat, match="nearest is 'props', which also needs book, line") as refused:
        recognise(columns)
    assert "--mapping" in refused.value.hint
    assert all(name in refused.value.message for name in columns)


def test_a_file_of_unknown_columns_is_named(tmp_path: Path) -> None:
    file = archives.write(tmp_path / "weather.csv", [{"city": "Boston", "rain": 3}])
    with pytest.raises(UnknownFormat, match=r"weather\.csv"):
        plan([file])


def test_files_are_read_games_first_and_what_leans_on_them_later(tmp_path: Path) -> None:
    kinds = [[archives.prop()], [archives.absent()], [archives.game_line()], [archives.status()], archives.lines(), archives.games()]
    files = [archives.write(tmp_path / f"{place}.csv", rows) for place, rows in enumerate(kinds)]
    assert [found.name for _, found in plan(files)] == ["games", "box", "did_not_play", "injuries", "game_lines", "props"]


class TestMappingsThatDoNotFit:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('kind = "props', "is not TOML"),
            ("", "kind: Field required"),
            ('kind = "assists"\nneeds = ["a"]', "kind: "),
            ('kind = "props"', "needs: Field required"),
            ('kind = "props"\nneeds = []', "needs: "),
            (PROPS + "\nsurprise = 1", "surprise"),
            (PROPS.replace('"Spieler"\n', "7\n"), r"columns\.name"),
            ('prices = "fractional"\n' + PROPS, "prices: "),
            (PROPS.replace('point = "Linie"', ""), "does not say which column is point"),
            (PROPS.replace('name = "Spieler"', "").replace('away = "Gast"', ""), "does not say which column is away, name"),
            (PROPS.replace('home = "Heim"', 'hoem = "Heim"'), "names hoem"),
            (PROPS + 'rebounds = "Rebounds"', "names rebounds, which no file of kind props has"),
            (PROPS + "[values.status]\nfit = 'available'", "names status"),
            (PROPS + "[values.over_price]\nevens = '2.0'", "translates over_price, for which it names no column"),
            ('kind = "box"\nneeds=["a"]\n[columns]\ngame_date="a"\nname="b"\nteam="c"\nopponent="d"', "which column is home"),
        ],
    )
    def test_the_message_names_the_file_and_the_field(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(BadInput, match=said) as refused:
            mapping(tmp_path, text)
        assert str(tmp_path / "own.toml") in refused.value.message

    def test_a_mapping_that_is_not_there_is_bad_input(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="nowhere"):
            read_mapping(tmp_path / "nowhere.toml")

    def test_a_mapping_in_another_encoding_is_bad_input(self, tmp_path: Path) -> None:
        (tmp_path / "own.toml").write_bytes(b'kind = "props"  # \xff\xfe')
        with pytest.raises(BadInput, match=r"own\.toml cannot be read"):
            read_mapping(tmp_path / "own.toml")


class TestFiles:
    def test_a_folder_gives_its_parquet_and_csv_files_and_no_others(self, tmp_path: Path) -> None:
        for name in ("b.csv", "deep/a.parquet"):
            archives.write(tmp_path / name, archives.games())
        (tmp_path / "deep/a.parquet").rename(tmp_path / "deep/a.PARQUET")
        (tmp_path / "notes.txt").write_text("a reminder")
        assert [path.name for path, _ in plan(find_files([tmp_path]))] == ["a.PARQUET", "b.csv"]

    def test_a_path_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="nothing here"):
            find_files([tmp_path / "nothing here"])

    def test_a_folder_without_files_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="holds no Parquet or CSV"):
            find_files([tmp_path])

    @pytest.mark.parametrize(("name", "body"), [("a.parquet", b"PAR1 and no more"), ("a.csv", b"")])
    def test_a_file_that_is_not_what_its_name_says_is_named(self, tmp_path: Path, name: str, body: bytes) -> None:
        (tmp_path / name).write_bytes(body)
        with pytest.raises(BadInput, match=name):
            column_names(tmp_path / name)

    def test_a_file_in_another_encoding_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"a\.csv cannot be read"):
            read_rows(b"a,b\nDon\xe8i\xe6,3\n", "a.csv")


def test_every_kind_says_what_must_and_what_may_be_named() -> None:
    assert set(FIELDS) == set(OPTIONAL) == set(ORDER)
    assert all(not set(FIELDS[kind]) & set(OPTIONAL[kind]) for kind in ORDER)
