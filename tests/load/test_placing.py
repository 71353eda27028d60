"""Documents without a tip, a status or ids of the league: their game is found on record, or they wait; nobody is made twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from load import feeds, wire
from load.bench import Bench
from load.feeds import fetch_after
from load.wire import TIP
from tipoff.scrape.records import Payload

MEN = (("Jayson Tatum", 1628369), ("Derrick White", 1628401))
OTHERS = (("Luka Dončić", 1629029),)
GAME = "20251105_LAL_BOS"
SCHEDULE = wire.payload(wire.schedule(wire.scheduled()))
FINAL = wire.payload(wire.schedule(wire.scheduled(status=3, text="Final"), at=TIP + timedelta(hours=3)))
STATS = feeds.stats_box(MEN, OTHERS)


def fetched(document: Any, hours: float) -> Payload:
    """A document that we fetched so many hours after the tip."""
    return wire.payload(document, fetched_at=fetch_after(hours))


def open_rules(bench: Bench) -> set[str]:
    return {row["rule"] for row in bench.rows("raw.quarantine") if row["replayed_at"] is None}


def points(bench: Bench) -> dict[str, Any]:
    return {row["player_lookup"]: row["points"] for row in bench.rows("raw.player_box", game_id=GAME)}


class TestABoxScoreThatNamesOnlyTheLeaguesId:
    def test_it_takes_its_game_tip_and_sides_from_the_schedule(self, bench: Bench) -> None:
        bench.load(SCHEDULE, fetched(STATS, 3))
        rows = {row["player_lookup"]: row for row in bench.rows("raw.player_box")}
        assert {row["game_id"] for row in rows.values()} == {GAME}
        tatum, doncic = rows["jaysontatum"], rows["lukadoncic"]
        assert (tatum["home"], tatum["opponent"], tatum["commence_time"], tatum["known_at"]) == (True, "LAL", TIP, fetch_after(3))
        assert (doncic["home"], doncic["opponent"], doncic["points"], doncic["plus_minus"]) == (False, "BOS", 20, 7)

    def test_of_a_game_that_nobody_has_told_of_it_waits_until_somebody_has(self, bench: Bench) -> None:
        bench.load(fetched(STATS, 3))
        assert (bench.rows("raw.player_box"), open_rules(bench)) == ([], {"unknown_game"})
        bench.load(SCHEDULE)
        bench.replay()
        assert (len(points(bench)), open_rules(bench)) == (3, set())

    @pytest.mark.parametrize(("hours", "taken"), [(1.9, False), (2, True), (12, True), (12.1, False), (None, False)])
    def test_the_hour_since_the_tip_says_that_it_is_over_or_else_the_schedule_has_to(
        self, bench: Bench, hours: float | None, taken: bool
    ) -> None:
        """Too early it cannot be over; too late the tip on record may be one that was moved; out of a folder nobody knows when it was."""
        bench.load(SCHEDULE, wire.payload(STATS) if hours is None else fetched(STATS, hours))
        assert (len(points(bench)), open_rules(bench)) == ((3, set()) if taken else (0, {"game_not_final"}))
        bench.load(FINAL)
        bench.replay()
        assert (len(points(bench)), open_rules(bench)) == (3, set())

    def test_out_of_a_folder_it_is_known_three_hours_after_the_tip_whatever_time_it_prints(self, bench: Bench) -> None:
        bench.load(SCHEDULE, FINAL, wire.payload(STATS))
        assert {(row["known_at"], row["known_at_assumed"]) for row in bench.rows("raw.player_box")} == {(TIP + timedelta(hours=3), True)}

    def test_of_a_game_that_was_put_off_it_is_not_taken(self, bench: Bench) -> None:
        off = wire.payload(wire.schedule(wire.scheduled(text="PPD"), at=TIP - timedelta(hours=1)))
        bench.load(SCHEDULE, off, fetched(STATS, 3))
        assert (points(bench), open_rules(bench)) == ({}, {"game_not_final"})

    @pytest.mark.parametrize("backwards", [False, True])
    @pytest.mark.parametrize("days", [-9, 9])
    def test_of_a_game_that_was_moved_it_is_of_the_day_that_the_league_named_last(self, bench: Bench, days: int, backwards: bool) -> None:
        then = wire.schedule(wire.scheduled(tip=TIP + timedelta(days=days)), at=TIP - timedelta(days=31))
        bench.load(*[wire.payload(then), SCHEDULE][:: -1 if backwards else 1], fetched(STATS, 3))
        assert (len(points(bench)), open_rules(bench)) == (3, set())
        assert [row["game_id"] for row in bench.rows("ref.game_ids", id_kind="league")] == [GAME]

    def test_a_team_that_is_no_side_of_the_game_is_set_apart(self, bench: Bench) -> None:
        bench.load(SCHEDULE, fetched(feeds.stats_box(MEN, OTHERS, away="MIA"), 3))
        assert (set(points(bench)), open_rules(bench)) == ({"jaysontatum", "derrickwhite"}, {"team_not_in_game"})


class TestABoxScoreToldByDayAndTeams:
    DOCUMENT = feeds.balldontlie(feeds.balldontlie_game([feeds.balldontlie_player("Jayson", "Tatum")]))

    def test_it_is_of_the_game_on_record_and_says_itself_that_it_is_final(self, bench: Bench) -> None:
        bench.load(SCHEDULE, wire.payload(self.DOCUMENT))
        assert points(bench) == {"jaysontatum": 20}
        told = [(row["status"], row["home_score"]) for row in bench.rows("raw.schedule") if row["source"] == "balldontlie"]
        assert ("final", 117) in told

    def test_where_there_is_no_such_game_it_waits(self, bench: Bench) -> None:
        bench.load(wire.payload(self.DOCUMENT))
        assert ({row["rule"] for row in bench.rows("raw.quarantine")}, len(bench.rows("raw.quarantine"))) == ({"unknown_game"}, 2)
        bench.load(SCHEDULE)
        bench.replay()
        assert (points(bench), open_rules(bench)) == ({"jaysontatum": 20}, set())

    def test_the_day_is_the_documents_also_where_the_leagues_id_leads_to_a_later_one(self, bench: Bench) -> None:
        """A game put off has two days: a scoreboard of version 2 speaks of its own."""
        later = wire.scheduled(tip=TIP + timedelta(days=30))
        header = ["GAME_DATE_EST", "GAME_ID", "GAME_STATUS_ID", "GAME_STATUS_TEXT", "HOME_TEAM_ID", "VISITOR_TEAM_ID"]
        row = ["2025-11-05T00:00:00", "0022500101", 1, "PPD", 1610612738, 1610612747]
        sets = [{"name": "GameHeader", "headers": header, "rowSet": [row]}, {"name": "LineScore", "headers": [], "rowSet": []}]
        bench.load(SCHEDULE, wire.payload(wire.schedule(later)), fetched({"resource": "scoreboardV2", "resultSets": sets}, -2))
        assert [row["game_id"] for row in bench.rows("raw.schedule") if row["status"] == "postponed"] == [GAME]


def test_espns_own_id_of_a_game_is_kept(bench: Bench) -> None:
    bench.load(wire.payload(feeds.espn_scoreboard(feeds.espn_competition())))
    assert [(row["id_kind"], row["external_id"], row["game_id"]) for row in bench.rows("ref.game_ids")] == [("espn", "401810001", GAME)]


class TestNobodyIsMadeTwice:
    """The league knows them by id: accents, suffixes, other first names, another team."""

    WEEK_BEFORE = TIP - timedelta(days=7)
    KNOWN = wire.payload(
        wire.box(
            [wire.player("Jimmy Butler III", 202710), wire.player("Nicolas Claxton", 1629651)],
            [wire.player("Luka Dončić", 1629029), wire.player("Jaren Jackson Jr.", 1628991)],
            league_id="0022500001",
            tip=WEEK_BEFORE,
        )
    )
    LOOKUPS = frozenset({"jimmybutleriii", "nicolasclaxton", "lukadoncic", "jarenjacksonjr"})
    ESPN = feeds.espn_summary(
        feeds.espn_competition(),
        [feeds.athlete("Jimmy Butler"), feeds.athlete("Nic Claxton")],
        [feeds.athlete("Luka Doncic"), feeds.athlete("Jaren Jackson")],
    )
    TRADED = feeds.espn_summary(feeds.espn_competition(home="MIA"), [feeds.athlete("Jimmy Butler")], [feeds.athlete("Luka Doncic")])
    SPARE = feeds.balldontlie(
        feeds.balldontlie_game(
            [feeds.balldontlie_player("Jimmy", "Butler"), feeds.balldontlie_player("Nic", "Claxton")],
            [feeds.balldontlie_player("Luka", "Doncic"), feeds.balldontlie_player("Jaren", "Jackson Jr.")],
            datetime=wire.stamp(TIP),
        )
    )

    @pytest.mark.parametrize("document", [ESPN, TRADED, SPARE])
    @pytest.mark.parametrize("backwards", [False, True])
    def test_whichever_came_first(self, bench: Bench, document: Any, backwards: bool) -> None:
        payloads = (self.KNOWN, fetched(document, 3))
        for payload in reversed(payloads) if backwards else payloads:
            bench.load(payload)
        assert {row["player_lookup"] for row in bench.rows("ref.players")} == self.LOOKUPS
        assert {row["player_lookup"] for row in bench.rows("raw.player_box")} == self.LOOKUPS

    def test_two_who_differ_by_their_suffix_alone_stay_two(self, bench: Bench) -> None:
        """Then the plain name is of neither, and nobody is guessed."""
        two = wire.box(
            [wire.player("Gary Payton II", 1)], [wire.player("Gary Payton III", 2)], league_id="0022500002", tip=self.WEEK_BEFORE
        )
        other = feeds.espn_summary(feeds.espn_competition(home="MIA", away="CHI"), [feeds.athlete("Gary Payton")], [])
        bench.load(wire.payload(two), fetched(other, 3))
        assert {row["player_lookup"] for row in bench.rows("ref.players")} == {"garypaytonii", "garypaytoniii", "garypayton"}


def test_any_order_of_the_feeds_ends_in_the_same_tables(tmp_path: Any) -> None:
    """Orders in which any two feeds come either way round, twice, with a replay after every load as a batch makes it."""
    documents = [
        SCHEDULE,
        FINAL,
        fetched(STATS, 3),
        wire.payload(feeds.balldontlie(feeds.balldontlie_game([feeds.balldontlie_player("Jayson", "Tatum")]))),
        fetched(feeds.espn_summary(feeds.espn_competition(), [feeds.athlete("Jayson Tatum")], [feeds.athlete("Luka Doncic")]), 4),
    ]
    facts = ("raw.schedule", "raw.player_box", "ref.game_ids", "ref.players", "ref.spellings", "ref.aliases")
    ends = []
    for number, order in enumerate(((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3), (3, 1, 4, 0, 2))):
        bench = Bench(tmp_path / str(number))
        bench.folder.mkdir()
        for place in order:
            bench.load(documents[place])
            bench.replay()
        assert open_rules(bench) == set()
        ends.append(bench.tables(*facts))
    assert all(end == ends[0] for end in ends)


def test_a_feed_that_says_final_lets_the_statistics_load(bench: Bench) -> None:
    """The league's schedule is silent, and ESPN's scoreboard says that the game is over."""
    bench.load(SCHEDULE, wire.payload(STATS))
    assert open_rules(bench) == {"game_not_final"}
    bench.load(fetched(feeds.espn_scoreboard(feeds.espn_competition()), 5))
    bench.replay()
    assert (len(points(bench)), open_rules(bench)) == (3, set())
