"""The control API over real HTTP: who may ask, what is refused and how that is told, what is enqueued, how the pipeline stands (F60)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tipoff.clock import SystemClock
from tipoff.flow.batch_log import batches
from tipoff.flow.engine import Queue, open_desk, running_engine
from tipoff.flow.house import open_house
from tipoff.web.control import is_loopback
from tipoff.web.problems import ALL, MEDIA_TYPE
from web.controlled import BEARER, NIGHT, TOKEN, Served, controlling, serving, settings_in, with_fleet, with_history
from web.page import Page

CHANGING = ("/start", "/reset", "/process-date", "/export", "/grade", "/backfill", "/train", "/promote", "/rollback", "/replay")
LOOKING = ("/status", "/ready", "/metrics")
DAY = NIGHT.isoformat()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Games, box scores and lines are loaded; no model is trained. Nothing that changes it may be asked for."""
    with controlling(settings_in(with_history(tmp_path_factory.mktemp("history")))) as served:
        yield served


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Served]:
    """Everything is there to predict the night."""
    with controlling(settings_in(with_fleet(tmp_path / "data"))) as served:
        yield served


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem that an answer tells."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    found: dict[str, Any] = response.json()
    assert found["status"] == status
    assert all(found[name] for name in ("type", "title", "detail", "next"))
    return found


class TestWhoMayAsk:
    @pytest.mark.parametrize("path", CHANGING)
    def test_f60_a_call_without_the_token_is_refused_before_its_body_is_read(self, history: Served, path: str) -> None:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": TOKEN}):
            response = history.stranger.post(path, content=b"{ no JSON", headers=headers)
            assert "TIPOFF_API_TOKEN" in problem(response, 401)["next"]
            assert response.headers["www-authenticate"].startswith("Bearer")

    def test_f60_where_no_token_is_set_nothing_is_open(self, tmp_path: Path) -> None:
        settings = settings_in(with_history(tmp_path / "data"), api_token=None)
        with controlling(settings) as served:
            for path in CHANGING:
                for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer None"}):
                    assert "TIPOFF_API_TOKEN" in problem(served.stranger.post(path, json={}, headers=headers), 503)["next"]
            assert batches(served.house.state) == []
            assert "not set" in Page(served.stranger.get("/docs").text).text

    def test_f60_the_token_is_in_no_answer_and_no_log(
        self, history: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            answers = [history.post(path, surplus=1) for path in CHANGING]
            answers += [history.client.get(path) for path in (*LOOKING, "/docs", "/openapi.json", "/health")]
        told = [answer.text + str(answer.headers) for answer in answers]
        said = capfd.readouterr()
        ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
        assert [text for text in (*told, *ours, said.out, said.err) if TOKEN in text] == []

    def test_looking_needs_no_token_on_loopback_and_the_token_where_others_can_reach_it(self, tmp_path: Path) -> None:
        settings = settings_in(with_history(tmp_path / "data"))
        for host, status in (("127.0.0.1", 200), ("0.0.0.0", 401)):
            with (
                open_house(settings.model_copy(update={"host": host}), SystemClock()) as house,
                open_desk(house) as desk,
                serving(desk) as served,
            ):
                assert served.stranger.get("/status", params={"game_date": DAY}).status_code == status
                assert served.stranger.get("/metrics").status_code == status
                assert served.stranger.get("/ready").status_code in (status, 503)
                assert served.client.get("/status", params={"game_date": DAY}).status_code == 200
                assert served.stranger.get("/health").json() == {"status": "alive"}

    @pytest.mark.parametrize(
        ("host", "loopback"),
        [
            *((host, True) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost")),
            *((host, False) for host in ("0.0.0.0", "::", "192.168.0.7", "example.org", "")),
        ],
    )
    def test_only_this_machine_reaches_loopback(self, host: str, loopback: bool) -> None:
        assert is_loopback(host) is loopback


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("path", "asked", "field"),
        [
            ("/start", {}, "$.game_date"),
            ("/start", {"game_date": "soon"}, "$.game_date"),
            ("/start", {"game_date": "2025-02-30"}, "$.game_date"),
            ("/start", {"game_date": "20251105"}, "$.game_date"),
            ("/start", {"game_date": 1762300800}, "$.game_date"),
            ("/start", {"game_date": "0001-01-01"}, "$.game_date"),
            ("/start", {"game_date": DAY, "force": "yes"}, "$.force"),
            ("/start", {"game_date": DAY, "run_mode": "whenever"}, "$.run_mode"),
            ("/start", {"game_date": DAY, "systems": ["../../etc/passwd"]}, "$.systems[0]"),
            ("/start", {"game_date": DAY, "surplus": 1}, "$.surplus"),
            ("/process-date", {"analysis_date": DAY, "processors": ["load", "everything"]}, "$.processors[1]"),
            ("/export", {"game_date": DAY, "documents": ["secrets"]}, "$.documents[0]"),
            ("/backfill", {"kind": "box", "start_date": DAY}, "$.end_date"),
            ("/backfill", {"kind": "box", "start_date": DAY, "end_date": DAY, "max_credits": -1}, "$.max_credits"),
            ("/train", {"window": "a while"}, "$.window"),
            ("/train", {"window": "0d"}, "$.window"),
            ("/promote", {"model_id": "m", "to": "champion", "by": "", "reason": "why"}, "$.by"),
            ("/promote", {"model_id": "m", "to": "champion", "by": "me", "reason": "two\nlines"}, "$.reason"),
        ],
    )
    def test_a_field_that_does_not_fit_is_named_by_its_path(self, history: Served, path: str, asked: dict[str, Any], field: str) -> None:
        assert field in [fault["path"] for fault in problem(history.post(path, **asked), 422)["errors"]]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"game_date": NaN}', b"[" * 100_000])
    def test_a_body_that_is_no_object_is_a_problem_and_no_failure(self, history: Served, body: bytes) -> None:
        response = history.client.post("/start", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422)
        problem(response, response.status_code)

    def test_a_call_asked_the_wrong_way_says_which_way(self, history: Served) -> None:
        response = history.client.get("/start")
        assert "POST" in problem(response, 405)["detail"]
        assert response.headers["allow"] == "POST"
        problem(history.client.delete("/status"), 405)

    def test_a_call_that_there_is_not_is_a_problem_too(self, history: Served) -> None:
        assert problem(history.post("/strat"), 404)["next"] == "/docs lists every call."

    def test_a_body_that_was_not_sent_as_json_says_so(self, history: Served) -> None:
        """As `curl -d` sends it, where nobody says otherwise."""
        for kind in ({"Content-Type": "application/x-www-form-urlencoded"}, {}):
            response = history.client.post("/start", content=b'{"game_date": "2025-11-05"}', headers=kind)
            assert "Content-Type: application/json" in problem(response, 422)["next"]

    def test_a_date_without_games_is_not_found(self, history: Served) -> None:
        for path in ("/start", "/export", "/grade"):
            assert "2031-01-01" in problem(history.post(path, game_date="2031-01-01"), 404)["detail"]
        assert problem(history.post("/process-date", analysis_date="2031-01-01"), 404)["type"] == "/docs#unknown-date"
        assert problem(history.post("/reset", game_date="2031-01-01"), 404)["type"] == "/docs#unknown-date"
        assert batches(history.house.state) == []

    def test_what_is_not_there_yet_is_named(self, history: Served) -> None:
        told = problem(history.post("/start", game_date=DAY), 503)
        assert f"no model of any system that was trained on days before it (`tipoff train --until {DAY}`)" in told["detail"]
        assert "box score" not in told["detail"]

    def test_a_date_before_any_box_score_names_them_too(self, history: Served) -> None:
        first = min(history.house.warehouse.read("raw.player_box").column("game_date").to_pylist()).isoformat()
        assert "no box score of any game before it" in problem(history.post("/start", game_date=first, run_mode="backfill"), 503)["detail"]
        assert "no box score" in problem(history.post("/process-date", analysis_date=first, processors=["analyze"]), 503)["detail"]

    def test_a_date_whose_games_have_begun_is_for_a_backfill(self, history: Served) -> None:
        told = problem(history.post("/start", game_date="2025-11-01", force=True), 409)
        assert "has begun" in told["detail"]
        assert "backfill" in told["next"]

    def test_names_that_nobody_has_are_refused_with_those_there_are(self, history: Served) -> None:
        assert "catboost" in problem(history.post("/start", game_date=DAY, systems=["oracle"]), 422)["next"]
        assert "tipoff fleet" in problem(history.post("/promote", model_id="m-1", to="shadow", by="me", reason="why"), 422)["next"]
        assert "Past odds" in problem(history.post("/backfill", kind="odds", start_date=DAY, end_date=DAY), 422)["detail"]
        upside_down = history.post("/backfill", kind="box", start_date=DAY, end_date="2025-11-01")
        assert "no range" in problem(upside_down, 422)["detail"]
        bad = history.post("/backfill", kind="odds", historical=True, snapshots=["noon"], start_date=DAY, end_date=DAY)
        assert "no snapshot" in problem(bad, 422)["detail"]

    @pytest.mark.parametrize("query", ["", "?game_date=2025-11-05&batch_id=slate-2025-11-05-1", "?game_date=soon", "?batch_id=..%2f..%2fx"])
    def test_status_takes_a_date_or_a_batch(self, history: Served, query: str) -> None:
        problem(history.stranger.get(f"/status{query}"), 422)

    @pytest.mark.parametrize("batch", ["slate-2025-11-05-1", "slate-2025-02-30-1", "box-2025-11-05-999999999"])
    def test_a_batch_that_is_on_no_record_is_not_found(self, history: Served, batch: str) -> None:
        assert problem(history.stranger.get("/status", params={"batch_id": batch}), 404)["type"] == "/docs#unknown-batch"


class TestAsking:
    def test_a_start_is_enqueued_and_another_is_the_same_batch(self, fleet: Served) -> None:
        first, second = fleet.post("/start", game_date=DAY), fleet.post("/start", game_date=DAY, run_mode="retry")
        assert (first.status_code, second.status_code) == (202, 200)
        expected = {"games": 8, "systems": 7, "players": None, "predictions": None}
        assert first.json() | {"workers": 0} == {
            "batch_id": f"slate-{DAY}-1",
            "game_date": DAY,
            "state": "waiting",
            "workers": 0,
            "expected": expected,
        }
        assert second.json() == first.json()
        told = fleet.status(game_date=DAY)
        assert (told["batch_id"], told["state"], told["before"]) == (f"slate-{DAY}-1", "waiting", [])
        assert told == fleet.status(batch_id=f"slate-{DAY}-1")

    def test_reset_ends_the_batch_and_a_start_begins_anew(self, fleet: Served) -> None:
        fleet.post("/start", game_date=DAY)
        assert fleet.post("/reset", game_date=DAY).json() == {"game_date": DAY, "ended": [f"slate-{DAY}-1"]}
        assert fleet.post("/reset", game_date=DAY).json() == {"game_date": DAY, "ended": []}
        assert fleet.status(game_date=DAY)["state"] == "reset"
        assert fleet.post("/start", game_date=DAY).json()["batch_id"] == f"slate-{DAY}-2"
        assert [batch["state"] for batch in fleet.status(game_date=DAY)["before"]] == ["reset"]

    def test_what_is_asked_beside_a_start_that_waits_is_done_by_it(self, fleet: Served) -> None:
        fleet.post("/start", game_date=DAY, systems=["moving_average"])
        assert fleet.post("/export", game_date=DAY).json()["batch_id"] == f"slate-{DAY}-1"
        assert fleet.post("/process-date", analysis_date=DAY, processors=["features"]).json() == {
            "game_date": DAY,
            "ran": [],
            "up_to_date": [],
            "open": ["features"],
            "batches": [f"slate-{DAY}-1"],
            "problems": [],
            "workers": 0,
        }
        assert fleet.status(game_date=DAY)["asked"]["phases"] is None

    def test_a_start_widens_what_waits_for_less(self, fleet: Served) -> None:
        fleet.post("/process-date", analysis_date=DAY, processors=["player_line_summary"])
        assert fleet.status(game_date=DAY)["asked"]["phases"] == ["analyze"]
        assert fleet.post("/start", game_date=DAY).status_code == 200
        assert fleet.status(game_date=DAY)["asked"]["phases"] is None

    def test_grading_and_training_are_batches_of_their_own(self, fleet: Served) -> None:
        graded, trained = fleet.post("/grade", game_date=DAY), fleet.post("/train", systems=["moving_average"], window="season")
        assert (graded.status_code, graded.json()["batch_id"]) == (202, f"grade-{DAY}-1")
        assert (trained.status_code, trained.json()["batch_id"]) == (202, f"train-{DAY}-1")
        assert fleet.status(batch_id=f"train-{DAY}-1")["asked"] == {"systems": ["moving_average"], "window": "season"}
        assert {batch["feed"] for batch in fleet.status(game_date=DAY)["others"]} == {"grade", "train"}

    def test_a_backfill_is_planned_with_its_price_or_started(self, fleet: Served) -> None:
        odds = {"kind": "odds", "start_date": DAY, "end_date": DAY, "historical": True}
        plan = fleet.post("/backfill", **odds, plan_only=True)
        assert (plan.status_code, plan.json()["backfill_id"]) == (200, None)
        assert plan.json()["credits"] == sum(day["credits"] for day in plan.json()["days"]) > 0
        started = fleet.post("/backfill", **odds)
        assert (started.status_code, bool(started.json()["backfill_id"])) == (202, True)

    def test_a_promotion_is_judged_by_the_gates(self, fleet: Served) -> None:
        model = fleet.house.warehouse.read("models.registry", system_id="moving_average").to_pylist()[0]["model_id"]
        told = problem(fleet.post("/promote", model_id=model, to="champion", by="me", reason="why"), 409)
        assert told["type"] == "/docs#promotion-refused"


class TestHowItStands:
    def test_a_date_that_was_never_started_has_no_batch(self, history: Served) -> None:
        told = history.status(game_date="2025-12-24")
        assert (told["batch_id"], told["state"], told["lease"], told["systems"]) == (None, "none", None, {})

    def test_ready_uses_each_dependency_and_names_the_one_that_is_missing(self, history: Served) -> None:
        response = history.stranger.get("/ready")
        assert response.status_code == 503
        ready = {part["name"]: part["ready"] for part in response.json()["dependencies"]}
        assert ready == {"state": True, "warehouse": True, "bucket": True, "worker": False}
        assert list((history.house.settings.data_dir / "probes").iterdir()) == [], "it leaves nothing behind"

    def test_ready_once_a_worker_is_alive(self, tmp_path: Path) -> None:
        with (
            open_house(settings_in(with_history(tmp_path / "data")), SystemClock()) as house,
            running_engine(house, {Queue("load"): ()}) as engine,
            serving(engine) as served,
        ):
            response = served.stranger.get("/ready")
            assert (response.status_code, response.json()["ready"]) == (200, True)
            assert "tipoff_workers 1\n" in served.stranger.get("/metrics").text

    def test_ready_names_a_bucket_that_takes_nothing(self, tmp_path: Path) -> None:
        with controlling(settings_in(with_history(tmp_path / "data"))) as served:
            (tmp_path / "data" / "probes").write_text("in the way")
            told = {part["name"]: part for part in served.stranger.get("/ready").json()["dependencies"]}
        assert (told["bucket"]["ready"], told["state"]["ready"]) == (False, True)
        assert "bucket" in told["bucket"]["detail"]

    def test_metrics_are_lines_that_prometheus_reads(self, fleet: Served) -> None:
        fleet.post("/start", game_date=DAY)
        response = fleet.stranger.get("/metrics")
        assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
        sample = re.compile(r'[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? -?[0-9.e+-]+')
        lines = [line for line in response.text.splitlines() if not line.startswith("#")]
        assert [line for line in lines if not sample.fullmatch(line)] == []
        assert 'tipoff_batches{feed="slate",state="waiting"} 1' in lines
        assert "tipoff_oldest_waiting_batch_seconds 0.0" in lines
        names = {line.partition(" ")[0].partition("{")[0] for line in lines}
        typed = set(re.findall(r"# TYPE (\S+) gauge", response.text))
        assert names <= typed


class TestThePageOfTheApi:
    def test_it_shows_every_call_field_and_problem_without_a_script_or_anything_from_elsewhere(self, history: Served) -> None:
        response = history.stranger.get("/docs")
        page = Page(response.text)
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert [script for script in page.all("script") if not (script.get("src") or "").startswith("/static/")] == []
        inline = [tag for tag, attributes in page.elements if any(name == "style" or name.startswith("on") for name in attributes)]
        assert inline == []
        assert "https://" not in response.text
        document = history.stranger.get("/openapi.json").json()
        assert set(document["paths"]) == {*CHANGING, *LOOKING, "/health"}
        for path, operations in document["paths"].items():
            assert path in page.text
            for operation in operations.values():
                assert operation["description"] in page.text
        ids = {attributes.get("id") for _, attributes in page.elements}
        assert {kind.name for kind in ALL} <= ids, "a problem's type leads to its explanation"

    def test_each_call_that_changes_something_is_declared_to_need_the_token(self, history: Served) -> None:
        document = history.stranger.get("/openapi.json").json()
        needs = {path for path, operations in document["paths"].items() if any("security" in one for one in operations.values())}
        assert needs == set(CHANGING)

    def test_problems_are_declared_by_their_own_media_type(self, history: Served) -> None:
        document = history.stranger.get("/openapi.json").json()
        answers = document["paths"]["/start"]["post"]["responses"]
        assert {status: list(answers[status]["content"]) for status in ("202", "409")} == {
            "202": ["application/json"],
            "409": [MEDIA_TYPE],
        }
        assert json.dumps(document).count("HTTPValidationError") == 0

    def test_pages_go_on_as_they_were(self, history: Served) -> None:
        assert "Nothing is published yet" in history.stranger.get("/").text
        assert history.stranger.get("/nowhere").headers["content-type"].startswith("text/html")
        assert history.stranger.get("/v1/nothing.json").headers["content-type"] == MEDIA_TYPE
        assert BEARER["Authorization"] not in history.client.get("/").text
