"""Who is meant by a printed name: rosters, aliases and league ids decide, and nobody is guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from load import archives, wire
from load.bench import Bench
from load.wire import TIP
from tipoff.load.identity import Identity, Mention
from tipoff.load.spellings import say_who
from tipoff.names import player_lookup
from tipoff.store.tables import table_of

SEASON, BEFORE = "2025-26", "2024-25"
GAME = ("LAL", "BOS")


def known(*men: tuple[str, str | None, str, str]) -> Identity:
    """Everybody on record: (name, league id, team, season)."""
    identity = Identity()
    for name, league_id, team, season in men:
        identity.add_player(player_lookup(name), name, league_id)
        identity.rosters[team, season].add(player_lookup(name))
    return identity


ROSTERS = known(
    ("Jimmy Butler III", "1", "LAL", SEASON),
    ("Nicolas Claxton", "2", "LAL", SEASON),
    ("Jaren Jackson Jr.", "3", "BOS", SEASON),
    ("Luka Dončić", "4", "LAL", SEASON),
    ("Herb Jones", "5", "BOS", BEFORE),
    ("Gary Payton II", "6", "BOS", SEASON),
    ("Gary Payton III", "7", "LAL", SEASON),
    ("Cameron Johnson", "8", "BOS", SEASON),
    ("Cam Reddish", "9", "LAL", SEASON),
    ("Cam Thomas", "10", "MIA", SEASON),
    ("Jalen Williams", "11", "BOS", SEASON),
    ("Jalen Wilson", "12", "LAL", SEASON),
)


@pytest.mark.parametrize(
    ("printed", "meant", "how"),
    [
        ("Luka Doncic", "lukadoncic", "name"),
        ("DONČIĆ, LUKA", "lukadoncic", "name"),
        ("Jimmy Butler", "jimmybutleriii", "suffix"),
        ("Jaren Jackson", "jarenjacksonjr", "suffix"),
        ("Jaren Jackson Sr", "jarenjacksonjr", "suffix"),
        ("Nic Claxton", "nicolasclaxton", "nickname"),
        ("Cam Johnson", "cameronjohnson", "nickname"),
        ("Herb Jones", "herbjones", "name"),
        ("Cam Thomas", "camthomas", "name"),
    ],
)
def test_a_spelling_leads_to_the_one_who_is_meant(printed: str, meant: str, how: str) -> None:
    found = ROSTERS.resolve(Mention(printed, None, GAME, SEASON))
    assert (found.player_lookup, found.how) == (meant, how)


@pytest.mark.parametrize("printed", ["Gary Payton", "J Williams", "Ja Wil", "Somebody Else", "Luka", "Ni Claxton", "Johnson"])
def test_a_spelling_that_leads_to_two_or_to_nobody_is_not_guessed(printed: str) -> None:
    found = ROSTERS.resolve(Mention(printed, None, GAME, SEASON))
    assert (found.player_lookup, found.how) == (None, "unresolved")


def test_who_might_be_meant_is_shown_most_alike_first() -> None:
    assert ROSTERS.resolve(Mention("Gary Payton", None, GAME, SEASON)).candidates[:2] == ("garypaytonii", "garypaytoniii")
    assert ROSTERS.resolve(Mention("Jalen Wiliams", None, GAME, SEASON)).candidates[0] == "jalenwilliams"


def test_the_leagues_id_decides_whatever_the_name() -> None:
    found = ROSTERS.resolve(Mention("Gary Payton", "7", GAME, SEASON))
    assert (found.player_lookup, found.how) == ("garypaytoniii", "league-id")


def test_an_id_that_nobody_bears_leaves_it_to_the_name() -> None:
    assert ROSTERS.resolve(Mention("Luka Doncic", "999", GAME, SEASON)).player_lookup == "lukadoncic"


def test_a_nickname_counts_on_the_rosters_of_the_game_alone() -> None:
    assert ROSTERS.resolve(Mention("Cameron Thomas", None, GAME, SEASON)).player_lookup is None
    assert ROSTERS.resolve(Mention("Cameron Thomas", None, ("MIA", "BOS"), SEASON)).player_lookup == "camthomas"


def test_a_roster_of_two_seasons_ago_does_not_count() -> None:
    assert ROSTERS.resolve(Mention("Herbert Jones", None, GAME, SEASON)).player_lookup == "herbjones"
    assert ROSTERS.resolve(Mention("Herbert Jones", None, GAME, "2026-27")).player_lookup is None


def test_an_alias_holds_for_its_team_and_its_season_only() -> None:
    identity = known(("Nicolas Claxton", "2", "BKN", SEASON))
    identity.aliases["clax", "BKN", SEASON] = "nicolasclaxton"
    asked = [("BKN", SEASON), ("BOS", SEASON), ("BKN", BEFORE)]
    found = [identity.resolve(Mention("Clax", None, (team,), season)).player_lookup for team, season in asked]
    assert found == ["nicolasclaxton", None, None]


def test_a_former_name_leads_to_the_one_who_bore_it() -> None:
    identity = known(("Enes Freedom", "1", "BOS", SEASON))
    identity.add_player("enesfreedom", "Enes Kanter", "1")
    for teams in (GAME, ("MIA", "DEN")):
        assert identity.resolve(Mention("Enes Kanter", None, teams, SEASON)).player_lookup == "enesfreedom"


def test_a_name_that_one_bears_now_and_another_bore_is_his_who_bears_it_now() -> None:
    identity = known(("Gary Trent", "1", "BOS", SEASON), ("Gary Trent Jr.", "2", "LAL", SEASON))
    identity.add_player("garytrentjr", "Gary Trent", "2")
    assert identity.resolve(Mention("Gary Trent", None, GAME, SEASON)).player_lookup == "garytrent"


class TestNamesThatWait:
    """Unresolved rows are kept in quarantine, and load by themselves once a box score makes the player known."""

    LINES = wire.event(
        wire.book("fanduel", wire.points(wire.pair("Jayson Tatum", 27.5), wire.pair("J. Tatum", 28.5), wire.pair("Jaylen Brown", 24.5)))
    )

    def test_they_load_when_a_box_score_makes_the_player_known(self, bench: Bench) -> None:
        bench.load(wire.payload(self.LINES))
        assert bench.rows("raw.odds_player_points") == []
        waiting = {row["name"]: row for row in bench.rows("ref.unresolved_names")}
        assert {name: row["rows_waiting"] for name, row in waiting.items()} == {"Jayson Tatum": 1, "J. Tatum": 1, "Jaylen Brown": 1}
        assert {row["game_id"] for row in waiting.values()} == {"20251105_LAL_BOS"}

        bench.load(wire.payload(wire.rosters()))
        bench.replay()
        told = {(row["player_lookup"], row["point"], row["is_main"]) for row in bench.rows("raw.odds_player_points")}
        assert told == {("jaysontatum", 27.5, True), ("jaylenbrown", 24.5, True)}
        replayed = {row["value"]: row["replayed_at"] is not None for row in bench.rows("raw.quarantine")}
        assert replayed == {"Jayson Tatum": True, "J. Tatum": False, "Jaylen Brown": True}
        names = {row["name"]: (row["resolved_at"] is not None, row["rows_waiting"]) for row in bench.rows("ref.unresolved_names")}
        assert names == {"Jayson Tatum": (True, 1), "J. Tatum": (False, 1), "Jaylen Brown": (True, 1)}
        assert bench.row("ref.unresolved_names", player_lookup="jtatum")["candidates"].startswith("jaysontatum")

        after = bench.tables()
        bench.replay()
        assert bench.tables() == after

    def test_an_alias_that_the_operator_gives_lets_them_load(self, bench: Bench) -> None:
        bench.load(wire.payload(wire.rosters()), wire.payload(self.LINES))
        assert bench.row("raw.quarantine")["value"] == "J. Tatum"
        alias = {"alias": "jtatum", "team": "BOS", "season": SEASON, "player_lookup": "jaysontatum", "origin": "operator"}
        bench.warehouse.merge("ref.aliases", table_of("ref.aliases", [alias]), "the operator")
        bench.replay()
        assert {row["point"] for row in bench.rows("raw.odds_player_points", player_lookup="jaysontatum")} == {27.5, 28.5}
        assert bench.row("raw.quarantine")["replayed_at"] is not None


def test_a_name_that_is_known_in_one_game_still_waits_in_the_other_alone(bench: Bench) -> None:
    quote = wire.book("fanduel", wire.points(wire.pair("J. Tatum", 27.5)))
    elsewhere = wire.event(quote, event_id="e2", home="DEN", away="MIA")
    bench.load(wire.payload(wire.rosters()), wire.payload(wire.event(quote)), wire.payload(elsewhere))
    with bench.warehouse.writing("the operator") as work:
        say_who(work, "J. Tatum", "Jayson Tatum", team="BOS", season=SEASON)
    bench.replay()
    assert [row["game_id"] for row in bench.rows("ref.unresolved_names", resolved_at=None)] == ["20251105_MIA_DEN"]


def test_an_alias_that_the_operator_gives_moves_the_rows_that_stand_under_another(bench: Bench) -> None:
    quote = wire.points(wire.pair("Derrick White", 16.5))
    bench.load(wire.payload(wire.rosters()), wire.payload(wire.event(wire.book("fanduel", quote))))
    generations = bench.rows("ops.generations", kind="facts")
    with bench.warehouse.writing("the operator") as work:
        say_who(work, "Derrick White", "Jayson Tatum", team="BOS", season=SEASON)
    assert bench.row("raw.odds_player_points")["player_lookup"] == "jaysontatum"
    assert bench.rows("ops.generations", kind="facts") != generations


def test_a_player_of_two_spellings_is_called_by_the_newer_and_found_by_either(bench: Bench) -> None:
    older = wire.player("Nic Claxton", 1629651) | {"name": "Nicolas Claxton"}
    bench.load(wire.payload(wire.box([older], [], league_id="0022500001", tip=TIP - timedelta(days=9))))
    bench.load(wire.payload(wire.box([wire.player("Nic Claxton", 1629651)], [])))
    assert [(row["player_lookup"], row["name"]) for row in bench.rows("ref.players")] == [("nicclaxton", "Nic Claxton")]
    alias = bench.row("ref.aliases")
    assert (alias["alias"], alias["player_lookup"]) == ("nicolasclaxton", "nicclaxton")


def test_two_spellings_under_one_id_are_one_player_under_the_name_that_he_bears_newest(bench: Bench) -> None:
    older = wire.payload(wire.box([wire.player("Enes Kanter", 202683)], [], league_id="0022500001", tip=TIP - timedelta(days=9)))
    newer = wire.payload(wire.box([wire.player("Enes Freedom", 202683)], []))
    bench.load(newer, older)
    assert {row["player_lookup"] for row in bench.rows("raw.player_box")} == {"enesfreedom"}
    assert bench.row("ref.players")["name"] == "Enes Freedom"


@pytest.mark.parametrize("backwards", [False, True])
def test_a_player_whose_name_changed_is_called_the_same_whatever_the_order(bench: Bench, backwards: bool) -> None:
    older = wire.payload(wire.box([wire.player("Enes Kanter", 202683)], [], league_id="0022500001", tip=TIP - timedelta(days=9)))
    newer = wire.payload(wire.box([wire.player("Enes Freedom", 202683)], []))
    for payload in (newer, older) if backwards else (older, newer):
        bench.load(payload)
    assert {row["player_lookup"] for row in bench.rows("raw.player_box")} == {"enesfreedom"}
    assert [(row["player_lookup"], row["name"]) for row in bench.rows("ref.players")] == [("enesfreedom", "Enes Freedom")]
    alias = bench.row("ref.aliases")
    assert (alias["alias"], alias["player_lookup"], alias["origin"]) == ("eneskanter", "enesfreedom", "league-id")


class TestNamesBesideAnIdOfTheLeague:
    """An archive of quotes that gives ids says how somebody is called; documents without ids are then understood, whichever came first."""

    NICKNAMED = wire.event(wire.book("fanduel", wire.points(wire.pair("Jay Tee", 27.5))))

    @pytest.mark.parametrize("order", list(permutations(("box", "file", "quotes"))))
    def test_its_spelling_is_understood_everywhere(self, bench: Bench, tmp_path: Path, order: tuple[str, ...]) -> None:
        tatum = 1628369
        file = archives.write(tmp_path / "props.csv", [archives.prop(player="Jay Tee", player_id=tatum)])
        steps: dict[str, Callable[[], object]] = {
            "box": lambda: bench.load(wire.payload(wire.box([wire.player("Jayson Tatum", tatum)], []))),
            "file": lambda: bench.imports(file),
            "quotes": lambda: bench.load(wire.payload(self.NICKNAMED)),
        }
        for step in order:
            steps[step]()
        bench.replay()
        assert {row["player_lookup"] for row in bench.rows("raw.odds_player_points", origin_rank=1)} == {"jaysontatum"}
        assert [row["player_lookup"] for row in bench.rows("ref.players")] == ["jaysontatum"]
        assert {row["player_lookup"] for row in bench.rows("ref.spellings")} == {"jaysontatum"}

    def test_an_id_that_no_box_score_knows_makes_nobody_known(self, bench: Bench, tmp_path: Path) -> None:
        bench.imports(archives.write(tmp_path / "props.csv", [archives.prop(player="Jay Tee", player_id=1628369)]))
        assert bench.rows("ref.players") == []
        assert bench.row("ref.spellings")["player_lookup"] is None
        assert bench.row("raw.quarantine")["rule"] == "unresolved_name"


class TestRowsOfFilesThatWait:
    """A file's rows wait like a document's, and load by themselves, out of the vault, as the file was read."""

    def test_they_load_when_a_box_score_makes_the_player_known(self, bench: Bench, tmp_path: Path) -> None:
        file = archives.write(tmp_path / "props.csv", [archives.prop(), archives.prop(player="Nobody Special")])
        bench.imports(file)
        assert bench.rows("raw.odds_player_points") == []
        file.unlink()
        bench.load(wire.payload(wire.rosters()))
        bench.replay()
        assert {row["player_lookup"] for row in bench.rows("raw.odds_player_points")} == {"jaysontatum"}
        assert {row["value"]: row["replayed_at"] is not None for row in bench.rows("raw.quarantine")} == {
            "Jayson Tatum": True,
            "Nobody Special": False,
        }

    def test_what_could_not_load_now_is_left_in_peace(self, bench: Bench, tmp_path: Path) -> None:
        bench.imports(archives.write(tmp_path / "props.csv", [archives.prop(player="Nobody Special")]))
        bench.load(wire.payload(wire.rosters()))
        counts = bench.replay()
        assert (counts.documents, counts.offered) == (0, 0)

    def test_who_it_might_be_is_told_anew(self, bench: Bench) -> None:
        bench.load(wire.payload(wire.event(wire.book("fanduel", wire.points(wire.pair("J. Tatum", 28.5))))))
        assert bench.row("ref.unresolved_names")["candidates"] == ""
        bench.load(wire.payload(wire.rosters()))
        bench.replay()
        assert bench.row("ref.unresolved_names")["candidates"].startswith("jaysontatum")
