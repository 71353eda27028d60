"""Documents in a source's wire format: the tables are a function of the set of documents, whatever their order, paths and batches."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from load import archives, wire
from load.bench import FACTS, Bench, Tables
from load.benches import bench_maker
from load.wire import SNAPSHOT, TIP
from tipoff.errors import BadInput, LeagueMismatch
from tipoff.load import documents
from tipoff.load.documents import folder_payloads, read_payload
from tipoff.scrape.records import Payload

HOUR = timedelta(hours=1)
GAME = "20251105_LAL_BOS"
BOOKS = ("ref.game_ids", "ref.bookmakers", "ref.sources", "ref.players", "ref.aliases", "raw.payloads")
FAN = ("fanduel", wire.points(wire.pair("Luka Doncic", 32.5), wire.pair("Nobody Special", 4.5)))


def night() -> list[Payload]:
    """Eight documents of one game: schedule, rosters, lines at three moments and in two markets, a report, the box score."""
    return [
        wire.payload(wire.schedule(wire.scheduled(), wire.scheduled("0022500055", tip=TIP - timedelta(days=7), status=3, text="Final"))),
        wire.payload(wire.rosters()),
        wire.payload(wire.historical(wire.event(wire.book("draftkings", wire.points(wire.pair("Jayson Tatum", 27.5)), wire.totals())))),
        wire.payload(wire.historical(wire.event(wire.book("draftkings", wire.alternates(wire.pair("Jayson Tatum", 30.5, 2.6, 1.45)))))),
        wire.payload(wire.event(wire.book(*FAN)), fetched_at=SNAPSHOT + HOUR),
        wire.payload(wire.event(wire.book("fanduel", wire.points(wire.pair("Austin Reaves", 18.5)))), fetched_at=TIP - HOUR / 6),
        wire.payload(wire.injuries(("BOS", "Jaylen Brown", "Day-To-Day"), ("LAL", "Jaxson Hayes", "Out")), fetched_at=SNAPSHOT),
        wire.payload(wire.box(wire.HOME_MEN, wire.AWAY_MEN), fetched_at=TIP + 3 * HOUR),
    ]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = bench_maker(tmp_path_factory.mktemp("night") / "bench")
    bench.load(*night())
    return bench


@pytest.fixture(scope="module")
def expected(loaded: Bench) -> Tables:
    return loaded.tables(*FACTS, *BOOKS)


class TestOneNight:
    def test_a_row_stands_in_its_game_at_its_moment(self, loaded: Bench) -> None:
        row = loaded.row("raw.odds_player_points", player_lookup="austinreaves")
        told = ("game_id", "game_date", "bookmaker", "point", "over_price", "under_price", "snapshot_at", "known_at", "minutes_to_tip")
        at = TIP - HOUR / 6
        assert [row[name] for name in told] == [GAME, archives.NIGHT, "fanduel", 18.5, 1.87, 1.95, at, at, 10.0]
        assert (row["known_at_assumed"], row["origin_rank"], row["source"], row["is_main"]) == (False, 1, "odds_api", True)

    def test_every_row_leads_back_to_its_document_in_the_vault(self, loaded: Bench) -> None:
        index = {row["payload_id"]: row for row in loaded.rows("raw.payloads")}
        assert {row["kind"] for row in index.values()} == {"schedule", "box", "historical-event-odds", "event-odds", "injuries"}
        for name in FACTS:
            assert {row["payload_id"] for row in loaded.rows(name)} <= set(index)
        assert {loaded.vault.get(payload_id) for payload_id in index} == {payload.body for payload in night()}

    def test_a_fetched_box_score_is_known_when_it_was_fetched_and_one_out_of_a_folder_three_hours_after_the_tip(
        self, loaded: Bench
    ) -> None:
        fetched, kept = (loaded.rows("raw.player_box", player_lookup="lukadoncic", game_date=day)[0] for day in _days())
        assert (fetched["known_at"], fetched["known_at_assumed"]) == (TIP + 3 * HOUR, False)
        assert (kept["known_at"], kept["known_at_assumed"]) == (TIP - timedelta(days=7) + 3 * HOUR, True)

    def test_a_report_speaks_of_the_teams_next_game(self, loaded: Bench) -> None:
        told = {(row["player_lookup"], row["status"], row["game_date"], row["known_at"]) for row in loaded.rows("raw.injuries")}
        day = archives.NIGHT
        assert told == {("jaylenbrown", "questionable", day, SNAPSHOT), ("jaxsonhayes", "out", day, SNAPSHOT)}

    def test_a_game_first_fetched_after_its_tip_also_stands_as_known_the_day_before(self, loaded: Bench) -> None:
        versions = {(row["status"], row["known_at"], row["home_score"]) for row in loaded.rows("raw.schedule", league_game_id="0022500055")}
        tip = TIP - timedelta(days=7)
        assert ("scheduled", tip - 24 * HOUR, None) in versions
        assert ("final", tip + 3 * HOUR, 117) in versions

    def test_a_name_that_leads_to_nobody_waits_and_its_neighbour_loads(self, loaded: Bench) -> None:
        waiting = loaded.row("raw.quarantine")
        assert (waiting["rule"], waiting["value"], waiting["replayed_at"]) == ("unresolved_name", "Nobody Special", None)
        assert waiting["path"] == "$.bookmakers[0].markets[0].outcomes[2]"
        assert loaded.row("raw.odds_player_points", bookmaker="fanduel", player_lookup="lukadoncic")["point"] == 32.5


def _days() -> tuple[object, object]:
    return archives.NIGHT, archives.NIGHT - timedelta(days=7)


class TestTheSameDocumentsAgain:
    def test_loading_again_changes_nothing(self, loaded: Bench, expected: Tables) -> None:
        counts = loaded.load(*night(), *night())
        assert (counts.documents, counts.already, counts.inserted, counts.updated) == (0, 16, 0, 0)
        assert loaded.tables(*FACTS, *BOOKS) == expected

    @pytest.mark.parametrize(("batch", "seed"), [(1, None), (3, 5)])
    def test_neither_the_order_nor_the_size_of_batches_matters(self, bench: Bench, expected: Tables, batch: int, seed: int | None) -> None:
        shuffled = night()[::-1]
        if seed is not None:
            random.Random(seed).shuffle(shuffled)
        sizes: list[int] = []
        bench.stream(shuffled, at_once=batch, progress=sizes.append)
        assert set(sizes[:-1]) == {batch}
        bench.replay()
        assert bench.tables(*FACTS, *BOOKS) == expected

    def test_large_documents_commit_fewer_at_a_time(self, bench: Bench, expected: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(documents, "_BATCH_BYTES", 500)
        sizes: list[int] = []
        bench.stream(night(), progress=sizes.append)
        assert sum(sizes) == len(night())
        assert len(sizes) > 2
        bench.replay()
        assert bench.tables(*FACTS, *BOOKS) == expected
        waiting = [row for row in bench.rows("raw.quarantine") if row["replayed_at"] is None]
        assert [row["value"] for row in waiting] == ["Nobody Special"]
        [name] = [row for row in bench.rows("ref.unresolved_names") if row["resolved_at"] is None]
        assert (name["name"], name["rows_waiting"]) == ("Nobody Special", 1)

    def test_where_a_document_lies_and_whether_it_is_packed_says_nothing(self, new_bench: Callable[[], Bench], tmp_path: Path) -> None:
        found: list[Tables] = []
        for name in ("2025-11-05/{0}.json", "{1}/deep/er/2031-01-01-{0}.json.gz"):
            folder = tmp_path / f"documents {len(found)}"
            for place, payload in enumerate(night()):
                path = folder / name.format(place, 9 - place)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(gzip.compress(payload.body) if path.suffix == ".gz" else payload.body)
            bench = new_bench()
            counts = bench.stream(map(read_payload, folder_payloads(folder)))
            assert counts.documents == len(night())
            found.append(bench.tables(without=("url", "origin")))
        assert found[0] == found[1]


class TestFolders:
    def test_only_documents_are_taken_from_a_folder(self, tmp_path: Path) -> None:
        for name in ("a.json", "b.json.gz", "c.txt", "d.json.bak", "deep/e.json", "deep/f.PDF"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("{}")
        assert [path.name for path in folder_payloads(tmp_path)] == ["a.json", "b.json.gz", "e.json", "f.PDF"]

    def test_a_folder_that_is_not_there_or_holds_none_is_bad_input(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="no folder"):
            folder_payloads(tmp_path / "nowhere")
        with pytest.raises(BadInput, match="holds no"):
            folder_payloads(tmp_path)

    def test_a_document_from_a_folder_tells_of_no_fetch(self, tmp_path: Path) -> None:
        (tmp_path / "2025-11-05T22:30:00Z.json").write_text("{}")
        assert read_payload(tmp_path / "2025-11-05T22:30:00Z.json").fetched_at is None


def contradictions() -> list[Payload]:
    """Documents that share keys and differ in values: who wins must not depend on who came first."""

    def quoted(event_id: str, *markets: wire.Document, book: str = "draftkings") -> wire.Document:
        return wire.historical(wire.event(wire.book(book, *markets), event_id=event_id))

    tatum = [wire.points(wire.pair("Jayson Tatum", 27.5, price)) for price in (1.8, 1.9, 2.0)]
    return [
        wire.payload(wire.rosters()),
        wire.payload(quoted("fetched", tatum[2]), fetched_at=TIP + HOUR),
        wire.payload(quoted("fetched", tatum[0]), fetched_at=TIP + 3 * HOUR),
        wire.payload(quoted("fetched", tatum[1]), fetched_at=TIP + 2 * HOUR),
        *(wire.payload(quoted("tied", market)) for market in tatum),
        wire.payload(quoted("late-main", wire.alternates(wire.pair("Jayson Tatum", 27.5, 1.91, 1.91)))),
        wire.payload(quoted("late-main", wire.points(wire.pair("Jayson Tatum", 28.5, 2.1, 1.7)))),
        wire.payload(quoted("ladder", wire.alternates(wire.pair("Jayson Tatum", 24.5, 1.4, 2.8)))),
        wire.payload(quoted("ladder", wire.alternates(wire.pair("Jayson Tatum", 27.5, 1.95, 1.85)))),
        wire.payload(quoted("ladder", wire.alternates(wire.pair("Jayson Tatum", 30.5, 2.7, 1.42)))),
        wire.payload(wire.historical(wire.event(event_id="moved"))),
        wire.payload(wire.historical(wire.event(event_id="moved", tip=TIP + timedelta(days=2)), at=SNAPSHOT + HOUR)),
    ]


@pytest.fixture(scope="module", params=["forwards", "backwards"])
def contradicted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Each document loaded by itself."""
    bench = bench_maker(tmp_path_factory.mktemp(request.param) / "bench")
    rosters, *others = contradictions()
    bench.load(rosters)
    for payload in others if request.param == "forwards" else others[::-1]:
        bench.load(payload)
    return bench


class TestTheSameKeyTwice:
    def test_the_later_fetch_wins(self, contradicted: Bench) -> None:
        assert contradicted.row("raw.odds_player_points", event_id="fetched")["over_price"] == 1.8

    def test_the_larger_payload_id_breaks_the_tie(self, contradicted: Bench) -> None:
        row = contradicted.row("raw.odds_player_points", event_id="tied")
        rivals = {contradicted.vault.put(payload.body): payload for payload in contradictions()[4:7]}
        assert row["payload_id"] == max(rivals)
        document = json.loads(rivals[max(rivals)].body)
        assert row["over_price"] == document["data"]["bookmakers"][0]["markets"][0]["outcomes"][0]["price"]

    def test_the_sole_point_of_the_main_market_is_the_main_line_though_an_alternate_is_nearer_to_even(self, contradicted: Bench) -> None:
        rows = contradicted.rows("raw.odds_player_points", event_id="late-main")
        assert {row["point"]: row["is_main"] for row in rows} == {27.5: False, 28.5: True}

    def test_of_alternates_alone_the_one_nearest_to_even_is_the_main_line(self, contradicted: Bench) -> None:
        rows = contradicted.rows("raw.odds_player_points", event_id="ladder")
        assert {row["point"]: row["is_main"] for row in rows} == {24.5: False, 27.5: True, 30.5: False}

    def test_an_event_that_moved_leads_to_the_later_game(self, contradicted: Bench) -> None:
        row = contradicted.row("ref.game_ids", external_id="moved")
        assert (row["game_id"], row["commence_time"]) == ("20251107_LAL_BOS", TIP + timedelta(days=2))


@pytest.mark.parametrize("payload_first", [True, False])
def test_a_payload_beats_an_import_with_the_same_key_whichever_came_first(bench: Bench, tmp_path: Path, payload_first: bool) -> None:
    quote = wire.historical(wire.event(wire.book("draftkings", wire.points(wire.pair("Jayson Tatum", 27.5, 1.5, 2.5)))), archives.SNAPSHOT)
    payloads = (wire.payload(wire.box(wire.HOME_MEN, wire.AWAY_MEN)), wire.payload(quote))
    files = (
        archives.write(tmp_path / "games.csv", archives.games()),
        archives.write(tmp_path / "box.csv", [archives.line("Luka Doncic", 1629029, "LAL", 21)]),
        archives.write(tmp_path / "props.csv", [archives.prop()]),
    )
    if payload_first:
        bench.load(*payloads)
    bench.imports(*files)
    if not payload_first:
        bench.load(*payloads)
    quoted = bench.row("raw.odds_player_points", player_lookup="jaysontatum")
    assert (quoted["over_price"], quoted["under_price"], quoted["origin_rank"]) == (1.5, 2.5, 1)
    assert bench.row("raw.player_box", player_lookup="lukadoncic")["points"] == 33


class TestLeagues:
    def test_two_leagues_at_once_for_an_empty_warehouse_are_refused_and_nothing_is_written(self, bench: Bench) -> None:
        ours, theirs = (wire.payload(wire.event(wire.book("fanduel", wire.totals()), sport=sport)) for sport in _SPORTS)
        with pytest.raises(LeagueMismatch, match="two leagues, nba and practice"):
            bench.load(ours, theirs)
        assert not any(bench.tables().values())

    def test_a_document_of_another_league_is_set_apart_whole_and_its_neighbours_load(self, bench: Bench) -> None:
        ours, theirs = (wire.payload(wire.event(wire.book("fanduel", wire.totals()), sport=sport), origin=sport) for sport in _SPORTS)
        bench.load(ours)
        counts = bench.load(theirs, wire.payload(wire.event(wire.book("fanduel", wire.totals()), event_id="e2")))
        apart = bench.row("raw.quarantine")
        assert (apart["path"], apart["rule"], apart["origin"]) == ("$", "other_league", "basketball_practice")
        assert "practice; this warehouse holds nba" in apart["value"]
        assert {row["event_id"] for row in bench.rows("raw.odds_game_lines")} == {"e1", "e2"}
        assert (counts.documents, bench.warehouse.league()) == (2, "nba")

    def test_an_import_into_another_leagues_warehouse_is_refused_and_nothing_is_written(self, bench: Bench, tmp_path: Path) -> None:
        bench.load(wire.payload(wire.event(wire.book("fanduel", wire.totals()))))
        before = bench.tables()
        with pytest.raises(LeagueMismatch):
            bench.imports(archives.write(tmp_path / "games.csv", archives.games()), league="practice")
        assert bench.tables() == before


_SPORTS = ("basketball_nba", "basketball_practice")


def test_a_status_of_a_team_whose_next_game_nobody_knows_yet_waits_for_the_schedule(bench: Bench) -> None:
    report = wire.payload(wire.injuries(("BOS", "Jaylen Brown", "Out")))
    bench.load(wire.payload(wire.rosters()), report)
    waiting = bench.row("raw.quarantine")
    assert (waiting["rule"], waiting["value"], waiting["replayed_at"]) == ("no_next_game", "Jaylen Brown", None)
    bench.load(wire.payload(wire.schedule(wire.scheduled())))
    bench.replay()
    row = bench.row("raw.injuries")
    assert (row["player_lookup"], row["status"], row["game_date"]) == ("jaylenbrown", "out", archives.NIGHT)
    assert bench.row("raw.quarantine")["replayed_at"] is not None


@pytest.mark.parametrize(
    ("status", "known_at"), [(3, TIP + 3 * HOUR), (2, TIP), (1, TIP - 24 * HOUR)], ids=["final", "under way", "scheduled"]
)
def test_a_game_whose_document_has_no_moment_is_taken_as_known_by_its_status(bench: Bench, status: int, known_at: object) -> None:
    bench.load(wire.payload(wire.box(wire.HOME_MEN, wire.AWAY_MEN, status=status)))
    newest = max(bench.rows("raw.schedule"), key=lambda row: row["known_at"])
    assert (newest["known_at"], newest["known_at_assumed"]) == (known_at, True)


def test_of_two_schedules_of_one_day_the_later_stands_also_where_the_game_came_near_between_them(bench: Bench) -> None:
    """A game counts as near from fifteen days before its tip on, which here lies between the two."""
    morning = TIP - timedelta(days=15, hours=9)
    for at, told in ((morning, "7:30 pm ET"), (TIP - timedelta(days=15) + HOUR / 60, "PPD")):
        bench.load(wire.payload(wire.schedule(wire.scheduled(text=told)), fetched_at=at))
    assert max(bench.rows("raw.schedule"), key=lambda row: row["known_at"])["status"] == "postponed"
