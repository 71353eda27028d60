"""Traces reach a real collector over HTTP, from real processes: DBOS's workflows and steps, and requests; and without one, none are made.

The collector is a web server on loopback that takes what comes. Each process under test is its own: it has one tracer for good.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

import commands
from faults.upstreams import history
from flow.sinks import Web, web
from tipoff.clock import SystemClock
from tipoff.config import Settings
from tipoff.flow.code import code_version
from tipoff.flow.doctor import examine

KEY = "a-key-that-nobody-gave-out"
SERVE = """
import sys
from tipoff.config import load_settings
from tipoff.web.server import serve

serve(load_settings(data_dir=sys.argv[1], port=0), announce=lambda url, _: print(url, flush=True))
"""


@dataclass
class Span:
    """One span as it arrived."""

    name: str
    trace: bytes
    span: bytes
    parent: bytes
    about: dict[str, Any]
    service: dict[str, Any] = field(default_factory=dict)


def spans(sink: Web) -> list[Span]:
    """What came, decoded by OpenTelemetry's own shapes."""
    shapes: Any = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    found = []
    for post in sink.posts:
        body = gzip.decompress(post.body) if post.headers.get("content-encoding") == "gzip" else post.body
        for group in shapes.ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {one.key: one.value.string_value for one in group.resource.attributes}
            for scope in group.scope_spans:
                for one in scope.spans:
                    about = {each.key: each.value.string_value or each.value.int_value for each in one.attributes}
                    found.append(Span(one.name, one.trace_id, one.span_id, one.parent_span_id, about, service))
    return found


@pytest.fixture
def collector() -> Iterator[Web]:
    with web() as sink:
        sink.status = 200
        yield sink


def test_a_commands_workflows_and_steps_are_traced_with_the_version_of_the_code(tmp_path: Path, collector: Web) -> None:
    with history() as environment:
        done = commands.run(
            "scrape", "--kind", "schedule", "--json",
            cwd=tmp_path,
            environment={**environment, "TIPOFF_TRACES_URL": f"{collector.url}/v1/traces", "OTEL_RESOURCE_ATTRIBUTES": "where=here"},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {post.path for post in collector.posts} == {"/v1/traces"}
    came = spans(collector)
    workflows = [span for span in came if span.name == "load_batch"]
    assert workflows
    assert all(span.about["dbos.queue.name"] == "load" for span in workflows)
    steps = [span for span in came if span.parent in {one.span for one in workflows}]
    assert steps, "steps hang from their workflow"
    assert {span.trace for span in steps} <= {span.trace for span in workflows}
    for span in came:
        assert span.service["service.name"] == "tipoff"
        assert span.service["service.version"] == code_version()
        assert span.service["where"] == "here", "what the environment says is in force"
    assert environment["TIPOFF_ODDS_API_KEY"].encode() not in b"".join(post.body for post in collector.posts)


def test_requests_are_traced_but_for_those_that_come_every_few_seconds(tmp_path: Path, collector: Web) -> None:
    environment = commands.clean() | {
        "PYTHONPATH": str(commands.SOURCE),
        "TIPOFF_TRACES_URL": f"{collector.url}/v1/traces",
        "OTEL_SERVICE_NAME": "the-api",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = server.stdout.readline().strip()
        with httpx.Client(base_url=url, timeout=30) as client:
            for path in ("health", "record", "ready", "status?game_date=2026-01-14"):
                client.get(path, headers={"Authorization": f"Bearer {KEY}"})
        server.terminate()
        server.wait(timeout=30)
        assert server.stderr.read() == ""
    came = spans(collector)
    assert sorted(span.name for span in came if not span.parent and span.name.startswith("GET")) == ["GET /record", "GET /status"]
    assert not [span for span in came if "health" in span.name or "ready" in span.name]
    assert {span.service["service.name"] for span in came} == {"the-api"}
    assert KEY.encode() not in b"".join(post.body for post in collector.posts)


@pytest.mark.parametrize("on", [False, True])
def test_what_traces_are_made_and_sent_with_is_imported_only_where_a_collector_is_named(tmp_path: Path, collector: Web, on: bool) -> None:
    code = (
        "import sys\n"
        "from tipoff.clock import SystemClock\n"
        "from tipoff.config import load_settings\n"
        "from tipoff.flow.house import open_house\n"
        "from tipoff.flow.worker import working\n"
        "import tipoff.web.server\n"
        "with open_house(load_settings(data_dir=sys.argv[1]), SystemClock()) as house, working(house, scheduled=False): pass\n"
        "print(any(name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')) for name in sys.modules))\n"
    )
    environment = commands.clean() | {"PYTHONPATH": str(commands.SOURCE)}
    environment |= {"TIPOFF_TRACES_URL": collector.url} if on else {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == str(on)
    assert on or not collector.posts


def test_a_collector_that_is_away_stops_nothing(tmp_path: Path, collector: Web) -> None:
    with history() as environment:
        collector.status = 503
        done = commands.run(
            "scrape", "--kind", "schedule", "--json",
            cwd=tmp_path,
            environment={**environment, "TIPOFF_TRACES_URL": collector.url, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert collector.posts


def test_the_doctor_uses_the_collector(tmp_path: Path, collector: Web) -> None:
    settings = Settings(data_dir=tmp_path, traces_url=f"{collector.url}/v1/traces", league="practice", odds_api_url=collector.url)
    [well] = [one for one in examine(settings, SystemClock()) if one.name == "traces"]
    assert (well.state, [post.path for post in collector.posts]) == ("ok", ["/v1/traces"])
    collector.status = 404
    [ill] = [one for one in examine(settings, SystemClock()) if one.name == "traces"]
    assert (ill.state, "did not take" in ill.detail) == ("fault", True)


@pytest.mark.parametrize("url", ["127.0.0.1:4318", "http://me:secret@127.0.0.1:4318", "https://c.example.org/v1/traces?token=1"])
def test_an_address_that_is_none_or_holds_a_secret_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="traces_url"):
        Settings(traces_url=url)
