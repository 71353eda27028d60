"""Archives of every kind, in either format: what stands in the tables then, and when it could first have been known.

The moments that an archive leaves out are assumed by the domain's rules, and flagged.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from load import archives
from load.archives import BOSTON, DENVER, DENVER_TIP, NIGHT, SNAPSHOT, TIP
from load.bench import Bench
from load.benches import bench_maker
from tipoff.load.imports import ImportedFile, find_files
from tipoff.load.mapping import Mapping

HOUR = timedelta(hours=1)
CONSENSUS = {"book": "bettingpros_consensus", "snapshot_utc": None, "event_id": None, "commence_utc": None, "market_update_utc": None}


@pytest.fixture(scope="module", params=["parquet", "csv"])
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, dict[str, ImportedFile]]:
    """One night of two games, every kind of file once."""
    folder = tmp_path_factory.mktemp(request.param)
    bundle = {
        "schedule": archives.games(),
        "players": archives.lines(),
        "absent": [archives.absent()],
        "report": [archives.status(), archives.status(**{"Team": "LAL", "Player Name": "Luka Dončić", "Current Status": "OUT"})],
        "closing": [
            archives.game_line(),
            archives.game_line(home="DEN", away="MIA", game_id="0022500102", event_id=None, snapshot_utc=None, commence_utc=None),
        ],
        "points": [
            archives.prop(),
            archives.prop(player="Luka Dončić", line=20.0, over_price=None, under_price=None),
            archives.prop(**CONSENSUS, line=28.5),
            archives.prop(**CONSENSUS, home="DEN", away="MIA", game_id="0022500102", player="Nikola Jokić", line=29.5),
        ],
    }
    for name, rows in bundle.items():
        archives.write(folder / "files" / f"{name}.{request.param}", rows)
    bench = bench_maker(folder / "bench")
    done = bench.imports(*find_files([folder / "files"]))
    return bench, {item.path.stem: item for item in done}


class TestGames:
    def test_a_game_is_known_the_day_before_without_its_score_and_three_hours_after_the_tip_with_it(
        self, imported: tuple[Bench, dict[str, ImportedFile]]
    ) -> None:
        bench, _ = imported
        before, after = sorted(bench.rows("raw.schedule", game_id=BOSTON), key=lambda row: row["known_at"])
        told = ("status", "home_score", "away_score", "known_at", "known_at_assumed")
        assert [before[name] for name in told] == ["scheduled", None, None, TIP - 24 * HOUR, True]
        assert [after[name] for name in told] == ["final", 117, 105, TIP + 3 * HOUR, True]

    def test_the_ids_keep_their_leading_zeros(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        assert {row["league_game_id"] for row in bench.rows("raw.schedule")} == {"0022500101", "0022500102"}
        assert bench.row("ref.game_ids", external_id="0022500101")["game_id"] == BOSTON

    def test_a_tip_without_a_time_is_seven_in_the_evening_at_the_home_arena(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        for game, tip, assumed in ((BOSTON, TIP, False), (DENVER, DENVER_TIP, True)):
            rows = bench.rows("raw.schedule", game_id=game)
            assert {(row["commence_time"], row["tip_assumed"]) for row in rows} == {(tip, assumed)}

    def test_the_words_for_a_kind_of_game_are_ours(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        assert {(row["game_type"], row["season"]) for row in bench.rows("raw.schedule")} == {("regular", "2025-26")}


class TestBoxScores:
    def test_a_box_score_is_known_three_hours_after_the_tip(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        known = {(row["game_id"], row["known_at"], row["known_at_assumed"]) for row in bench.rows("raw.player_box")}
        assert known == {(BOSTON, TIP + 3 * HOUR, True), (DENVER, DENVER_TIP + 3 * HOUR, True)}

    def test_a_line_keeps_what_it_said(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        row = bench.row("raw.player_box", player_lookup="lukadoncic")
        told = ("team", "opponent", "home", "started", "minutes", "points", "fgm", "ftm", "plus_minus", "did_not_play", "origin_rank")
        assert [row[name] for name in told] == ["LAL", "BOS", False, True, 36.5, 33, 16, 1, -3, False, 0]

    def test_who_had_no_minutes_did_not_play(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        assert [row["player_lookup"] for row in bench.rows("raw.player_box", did_not_play=True)] == ["jaxsonhayes", "neemiasqueta"]

    def test_the_game_of_one_who_did_not_play_is_found_by_day_and_team(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        row = bench.row("raw.player_box", player_lookup="neemiasqueta")
        told = ("game_id", "opponent", "home", "did_not_play", "reason", "minutes", "points", "known_at")
        assert [row[name] for name in told] == [BOSTON, "LAL", True, True, "Coach's Decision", None, None, TIP + 3 * HOUR]

    def test_a_reason_for_not_playing_is_never_an_injury_status(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        assert not bench.rows("raw.injuries", player_lookup="neemiasqueta")

    def test_everybody_in_a_box_score_is_on_record(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        player = bench.row("ref.players", player_lookup="nikolajokic")
        assert (player["league_player_id"], player["team"], player["first_seen"], player["last_seen"]) == ("203999", "DEN", NIGHT, NIGHT)


class TestGameLines:
    def test_a_row_becomes_six_quotes_signed_by_side_at_decimal_prices(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        rows = bench.rows("raw.odds_game_lines", event_id="e1")
        quotes = {(row["market"], row["outcome"]): (row["point"], round(row["price"], 4), row["team"]) for row in rows}
        assert quotes == {
            ("spreads", "home"): (-4.5, 1.9091, "BOS"),
            ("spreads", "away"): (4.5, 1.9091, "LAL"),
            ("totals", "over"): (231.5, 1.9524, None),
            ("totals", "under"): (231.5, 1.8696, None),
            ("h2h", "home"): (0.0, 1.5263, "BOS"),
            ("h2h", "away"): (0.0, 2.6, "LAL"),
        }

    def test_a_quote_with_a_snapshot_is_known_at_it(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        rows = bench.rows("raw.odds_game_lines", game_id=BOSTON)
        told = {(row["snapshot_at"], row["known_at"], row["known_at_assumed"], row["minutes_to_tip"]) for row in rows}
        assert told == {(SNAPSHOT, SNAPSHOT, False, 90.0)}

    def test_a_closing_line_stands_five_minutes_before_the_tip(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        rows = bench.rows("raw.odds_game_lines", game_id=DENVER)
        close = DENVER_TIP - timedelta(minutes=5)
        told = {(row["snapshot_at"], row["known_at"], row["known_at_assumed"], row["minutes_to_tip"]) for row in rows}
        assert told == {(close, close, True, 5.0)}

    def test_an_archive_without_event_ids_gets_one_of_game_and_source(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        assert {row["event_id"] for row in bench.rows("raw.odds_game_lines", game_id=DENVER)} == {f"{DENVER}:closing"}
        assert bench.row("ref.game_ids", external_id=f"{DENVER}:closing")["game_id"] == DENVER


class TestPointsLines:
    def test_a_line_keeps_both_prices_of_its_point(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        row = bench.row("raw.odds_player_points", event_id="e1", player_lookup="jaysontatum")
        assert (row["point"], round(row["over_price"], 4), round(row["under_price"], 4)) == (27.5, 1.8696, 1.9524)
        assert (row["market"], row["is_main"], row["last_update"]) == ("player_points", True, SNAPSHOT - timedelta(minutes=1))
        assert (row["snapshot_at"], row["known_at"], row["known_at_assumed"]) == (SNAPSHOT, SNAPSHOT, False)

    def test_a_line_without_prices_is_a_line(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        row = bench.row("raw.odds_player_points", player_lookup="lukadoncic")
        assert (row["point"], row["over_price"], row["under_price"], row["is_main"]) == (20.0, None, None, True)

    def test_a_consensus_without_a_snapshot_stands_five_minutes_before_the_tip(
        self, imported: tuple[Bench, dict[str, ImportedFile]]
    ) -> None:
        bench, _ = imported
        rows = bench.rows("raw.odds_player_points", bookmaker="bettingpros_consensus")
        told = {(row["game_id"], row["commence_time"], row["snapshot_at"], row["known_at"], row["known_at_assumed"]) for row in rows}
        closes = {game: tip - timedelta(minutes=5) for game, tip in ((BOSTON, TIP), (DENVER, DENVER_TIP))}
        assert told == {(game, tip, closes[game], closes[game], True) for game, tip in ((BOSTON, TIP), (DENVER, DENVER_TIP))}

    def test_an_accent_more_or_less_is_the_same_player(self, imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
        bench, _ = imported
        assert {row["player_lookup"] for row in bench.rows("raw.odds_player_points", game_id=DENVER)} == {"nikolajokic"}
        assert not bench.rows("ref.unresolved_names")


class TestInjuries:
    def test_a_report_with_a_date_only_is_known_at_half_past_five_in_new_york(
        self, imported: tuple[Bench, dict[str, ImportedFile]]
    ) -> None:
        bench, _ = imported
        rows = bench.rows("raw.injuries")
        assert {(row["known_at"], row["known_at_assumed"]) for row in rows} == {(datetime(2025, 11, 5, 22, 30, tzinfo=UTC), True)}

    def test_statuses_are_in_our_words_whatever_the_case_and_the_order_of_the_name(
        self, imported: tuple[Bench, dict[str, ImportedFile]]
    ) -> None:
        bench, _ = imported
        told = {(row["player_lookup"], row["team"], row["status"]) for row in bench.rows("raw.injuries")}
        assert told == {("jaylenbrown", "BOS", "questionable"), ("lukadoncic", "LAL", "out")}


def test_every_file_is_a_payload_in_the_vault(imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
    bench, done = imported
    index = {row["source"]: row for row in bench.rows("raw.payloads")}
    assert {name: index[name]["kind"] for name in done} == {name: f"import/{item.kind}" for name, item in done.items()}
    for name, item in done.items():
        assert bench.vault.get(index[name]["payload_id"]) == item.path.read_bytes()


def test_it_is_on_record_which_file_supplies_what_for_which_days(imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
    bench, _ = imported
    told = {(row["source"], row["kind"]): (row["on_from"], row["on_until"]) for row in bench.rows("ref.sources")}
    kinds = {"schedule": "schedule", "players": "box", "absent": "box", "report": "injuries", "closing": "game_lines", "points": "odds"}
    assert told == dict.fromkeys(kinds.items(), (NIGHT, NIGHT))


def test_nothing_was_set_apart(imported: tuple[Bench, dict[str, ImportedFile]]) -> None:
    bench, done = imported
    assert bench.rows("raw.quarantine") == []
    assert {name: (item.rows, item.counts.offered) for name, item in done.items()} == {
        "schedule": (2, 2),
        "players": (6, 6),
        "absent": (1, 1),
        "report": (2, 2),
        "closing": (2, 2),
        "points": (4, 4),
    }


class TestMomentsThatAMappingGives:
    """The import's mapping may say otherwise."""

    def test_a_report_and_a_box_score_with_their_own_moment_are_known_at_it(self, bench: Bench, tmp_path: Path) -> None:
        at = datetime(2025, 11, 5, 15, 5, tzinfo=UTC)
        report = Mapping(
            name="report",
            kind="injuries",
            needs=("seen",),
            columns={"game_date": "day", "team": "team", "name": "who", "status": "how", "known_at": "seen"},
            values={"status": {"Fit": "available"}},
        )
        sheet = Mapping(
            name="sheet",
            kind="box",
            needs=("final_at",),
            columns={"game_date": "day", "team": "team", "name": "who", "opponent": "opp", "home": "at", "known_at": "final_at"},
            values={"home": {"vs": "yes", "@": "no"}},
        )
        files = (
            archives.write(tmp_path / "r.csv", [{"day": NIGHT, "team": "BOS", "who": "Jaylen Brown", "how": "Fit", "seen": at}]),
            archives.write(
                tmp_path / "s.csv",
                [
                    {"day": NIGHT, "team": "BOS", "who": "Jaylen Brown", "opp": "LAL", "at": "vs", "final_at": TIP + 2 * HOUR},
                    {"day": NIGHT, "team": "LAL", "who": "Luka Doncic", "opp": "BOS", "at": "@", "final_at": None},
                ],
            ),
        )
        bench.imports(*files, own=(report, sheet))
        told = bench.row("raw.injuries")
        assert (told["status"], told["known_at"], told["known_at_assumed"]) == ("available", at, False)
        box = {row["player_lookup"]: row for row in bench.rows("raw.player_box")}
        assert {row["game_id"] for row in box.values()} == {BOSTON}
        assert (box["jaylenbrown"]["known_at"], box["jaylenbrown"]["known_at_assumed"]) == (TIP + 2 * HOUR, False)
        assert (box["lukadoncic"]["known_at"], box["lukadoncic"]["known_at_assumed"]) == (datetime(2025, 11, 6, 3, tzinfo=UTC), True)

    def test_a_constant_fills_what_the_file_leaves_out(self, bench: Bench, tmp_path: Path) -> None:
        own = Mapping(
            name="mine",
            kind="props",
            needs=("who",),
            columns={"name": "who", "home": "h", "away": "a"},
            constants={"point": "22.5", "bookmaker": "Bet MGM?", "game_date": date(2025, 11, 5), "snapshot_at": SNAPSHOT},
        )
        box = archives.write(tmp_path / "box.csv", archives.lines())
        bench.imports(box, archives.write(tmp_path / "p.csv", [{"who": "Jayson Tatum", "h": "BOS", "a": "LAL"}]), own=(own,))
        row = bench.row("raw.odds_player_points")
        assert (row["point"], row["bookmaker"], row["snapshot_at"], row["over_price"]) == (22.5, "betmgm", SNAPSHOT, None)
