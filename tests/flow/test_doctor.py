"""The doctor: each check really uses what it is of, each fault is told with what to do, and nothing is left behind or told to anybody.

The faults are real ones: a folder that may not be written, a password that Postgres refuses, rights that it does not give, a bucket that is
away, a key that the source does not take, a clock that is wrong.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from pydantic import SecretStr

import commands
from faults.disks import bound_by_permissions, write_protected
from faults.upstreams import season
from flow.sinks import mail, web
from postgres import Postgres, name_in
from s3 import S3, Forwarder
from tipoff.clock import ManualClock, SystemClock
from tipoff.config import SOURCE_NAMES, Settings
from tipoff.flow.code import code_version
from tipoff.flow.doctor import cleaner, examine
from tipoff.flow.engine import running_engine
from tipoff.flow.finding import Finding
from tipoff.flow.house import open_house
from tipoff.flow.processes import WORKERS
from tipoff.flow.state import State
from tipoff.practice.server import API_KEY, running
from tipoff.scrape.trying import try_source
from tipoff.store.bucket import listed, open_bucket
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.postgres import PostgresWarehouse, close_pools
from tipoff.store.versions import GENERATIONS
from tipoff.train.registry import enter

CLOCK = SystemClock()
PASSWORD = "correct-horse-battery"
KEY = "a-key-that-nobody-gave-out"


def settings_in(folder: Path, **given: Any) -> Settings:
    """Settings whose sources are off the network: one that answers nobody."""
    odds_api_key = SecretStr(given.pop("key", API_KEY))
    return Settings(**{"data_dir": folder, "sources": ("odds_api",), "odds_api_key": odds_api_key, "league": "practice", **given})


def named(findings: list[Finding], name: str) -> Finding:
    (one,) = [finding for finding in findings if finding.name == name]
    return one


def faults(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings if finding.state == "fault"]


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """The practice sources on loopback."""
    with running(season(), CLOCK) as base:
        yield base


def addresses(base: str) -> dict[str, Any]:
    return {
        "odds_api_url": f"{base}/odds-api",
        "nba_cdn_url": f"{base}/nba-cdn",
        "nba_stats_url": f"{base}/nba-stats",
        "espn_url": f"{base}/espn",
        "nba_injuries_url": f"{base}/nba-injuries",
        "balldontlie_url": f"{base}/balldontlie",
        "balldontlie_key": SecretStr(API_KEY),
        "sources": SOURCE_NAMES,
    }


def test_a_house_in_which_everything_works_has_no_fault_and_nothing_is_left_behind(tmp_path: Path, upstream: str) -> None:
    settings = settings_in(tmp_path, api_token=SecretStr("0123456789abcdef"), **addresses(upstream))
    before = try_source(settings, "odds_api", CLOCK).credits
    findings = examine(settings, CLOCK)
    assert faults(findings) == []
    assert {finding.name for finding in findings} >= {"settings", "folder", "state", "warehouse", "bucket", "models", "workers", "clock"}
    assert {finding.name for finding in findings if finding.name.startswith("source ")} == {f"source {name}" for name in SOURCE_NAMES}
    assert "takes the key" in named(findings, "source odds_api").detail
    assert named(findings, "clock").detail.endswith(", ".join(sorted(SOURCE_NAMES))) or "within" in named(findings, "clock").detail
    assert try_source(settings, "odds_api", CLOCK).credits == before, "no credit was spent"
    assert list(listed(open_bucket(settings.bucket_url), "doctor")) == []
    assert list(listed(open_bucket(settings.bucket_url), "payloads")) == []
    assert DuckDBWarehouse(tmp_path / "warehouse.duckdb").read(GENERATIONS).num_rows == 0
    assert [path.name for path in tmp_path.iterdir() if "doctor-" in path.name] == []


def test_a_key_that_the_source_does_not_take_is_told_by_its_setting_and_never_shown(tmp_path: Path, upstream: str) -> None:
    settings = settings_in(tmp_path, key=KEY, odds_api_url=f"{upstream}/odds-api")
    findings = examine(settings, CLOCK)
    assert faults(findings) == ["source odds_api"]
    told = named(findings, "source odds_api")
    assert "401" in told.detail
    assert "TIPOFF_ODDS_API_KEY" in told.advice
    assert KEY not in json.dumps([finding.as_dict() for finding in findings])


def test_credits_that_are_used_up_are_told(tmp_path: Path) -> None:
    with running(season(), CLOCK, allowance=0) as base:
        findings = examine(settings_in(tmp_path, odds_api_url=f"{base}/odds-api"), CLOCK)
    assert "no credits are left" in named(findings, "source odds_api").detail


def test_a_source_that_is_away_is_told_and_one_that_is_off_is_not_asked(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{free.getsockname()[1]}"
        findings = examine(settings_in(tmp_path, odds_api_url=away), CLOCK)
    assert faults(findings) == ["source odds_api"]
    assert [finding.name for finding in findings if finding.name.startswith("source ")] == ["source odds_api"]


def test_offline_asks_neither_sources_nor_channels_but_still_looks_at_keys(tmp_path: Path) -> None:
    with web() as script, web() as hook:
        given = {"odds_api_url": script.url, "alert_webhook_url": SecretStr(hook.url)}
        findings = examine(settings_in(tmp_path, **given), CLOCK, offline=True, send=True)
        keyless = examine(settings_in(tmp_path, **given, key=""), CLOCK, offline=True)
        assert (script.asked, hook.posts) == ([], [])
    assert (named(findings, "source odds_api").state, named(findings, "alerts webhook").state) == ("left out", "left out")
    assert "TIPOFF_ODDS_API_KEY" in named(keyless, "source odds_api").advice


@pytest.mark.parametrize("hours", [2, -2])
def test_a_clock_that_is_wrong_is_seen_by_what_a_source_says_the_time_is(tmp_path: Path, hours: int) -> None:
    with web() as source:
        source.date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
        findings = examine(settings_in(tmp_path, odds_api_url=source.url), CLOCK)
    assert faults(findings) == ["clock"]
    assert f"s {'behind' if hours > 0 else 'ahead of'} odds_api" in named(findings, "clock").detail


def test_an_old_clock_is_seen_by_what_the_databases_say_the_time_is(tmp_path: Path, postgres: str) -> None:
    settings = settings_in(tmp_path, warehouse=postgres, database=SecretStr(postgres))
    findings = examine(settings, ManualClock(datetime.now(UTC) - timedelta(days=1)), offline=True)
    close_pools()
    assert faults(findings) == ["clock"]
    told = named(findings, "clock").detail
    assert "behind the state database" in told
    assert "behind the warehouse" in told
    assert faults(examine(settings, CLOCK, offline=True)) == []
    close_pools()


def test_the_practice_leagues_clock_is_compared_with_nobodys(tmp_path: Path) -> None:
    clock_file = tmp_path / "clock"
    clock_file.write_text("2026-01-14T23:30:00Z")
    told = named(examine(settings_in(tmp_path, clock_file=clock_file), CLOCK, offline=True), "clock")
    assert (told.state, "practice league's clock" in told.detail) == ("ok", True)


@pytest.fixture
def locked(postgres_server: Postgres, postgres: str) -> Iterator[str]:
    """The URL of an empty database for a user who needs a password, with the right one."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        before = rules.read_text(encoding="utf-8")
        rules.write_text(f"local all tipoff_locked scram-sha-256\n{before}", encoding="utf-8")
        connection.execute(sql.SQL("CREATE ROLE tipoff_locked LOGIN PASSWORD {}").format(sql.Literal(PASSWORD)))
        connection.execute(sql.SQL("GRANT ALL ON DATABASE {} TO tipoff_locked").format(sql.Identifier(name_in(postgres))))
        connection.execute("GRANT ALL ON SCHEMA public TO tipoff_locked")
        connection.execute("SELECT pg_reload_conf()")
    user = postgres.partition("://")[2].partition("@")[0]
    yield postgres.replace(f"{user}@", f"tipoff_locked:{PASSWORD}@", 1)
    close_pools()
    with psycopg.connect(postgres, autocommit=True) as connection:
        rules.write_text(before, encoding="utf-8")
        connection.execute("DROP OWNED BY tipoff_locked CASCADE")
        connection.execute("DROP ROLE tipoff_locked")
        connection.execute("SELECT pg_reload_conf()")


def test_a_password_that_postgres_refuses_is_told_for_warehouse_and_state_and_never_shown(tmp_path: Path, locked: str) -> None:
    right = examine(settings_in(tmp_path, warehouse=locked, database=SecretStr(locked)), CLOCK, offline=True)
    assert faults(right) == []
    assert "Postgres 1" in named(right, "warehouse").detail
    close_pools()
    wrong = locked.replace(PASSWORD, "wrong-horse-battery")
    findings = examine(settings_in(tmp_path, warehouse=wrong, database=SecretStr(wrong)), CLOCK, offline=True)
    assert faults(findings) == ["state", "warehouse"]
    for name, setting in (("state", "TIPOFF_DATABASE"), ("warehouse", "TIPOFF_WAREHOUSE")):
        assert "password authentication failed" in named(findings, name).detail
        assert setting in named(findings, name).advice
    told = json.dumps([finding.as_dict() for finding in (*right, *findings)])
    assert "horse-battery" not in told


def test_rights_that_are_lacking_are_named(tmp_path: Path, locked: str, postgres: str) -> None:
    PostgresWarehouse(postgres).league()  # made by its owner
    close_pools()
    with psycopg.connect(postgres, autocommit=True) as connection:
        database = sql.Identifier(name_in(postgres))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM tipoff_locked").format(database))
        for dataset in ("ops", "ref", "raw", "models"):
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO tipoff_locked").format(sql.Identifier(dataset)))
            connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO tipoff_locked").format(sql.Identifier(dataset)))
    told = named(examine(settings_in(tmp_path, warehouse=locked), CLOCK, offline=True), "warehouse")
    assert told.state == "fault"
    assert "to make schemas in the database" in told.detail
    assert "to write" in told.detail
    assert "grant these rights" in told.advice


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    away = f"postgresql://tipoff@/tipoff?host={tmp_path}"
    findings = examine(settings_in(tmp_path, warehouse=away, database=SecretStr(away)), CLOCK, offline=True)
    assert faults(findings) == ["state", "warehouse"]
    assert named(findings, "models").state == "left out"
    assert "Is Postgres up" in named(findings, "warehouse").advice


def test_a_bucket_over_s3_is_used_and_one_that_is_away_or_not_there_is_told(tmp_path: Path, way: Forwarder, s3: S3) -> None:
    settings = settings_in(tmp_path, bucket=s3.fresh())
    findings = examine(settings, CLOCK, offline=True)
    assert faults(findings) == []
    assert "put only where absent" in named(findings, "bucket").detail
    assert list(listed(open_bucket(settings.bucket_url), "")) == []
    nowhere = examine(settings_in(tmp_path, bucket="s3://no-such-bucket/x"), CLOCK, offline=True)
    assert "there is no such bucket" in named(nowhere, "bucket").detail
    way.cut()
    findings = examine(settings, CLOCK, offline=True)
    assert faults(findings) == ["bucket"]
    assert "could not be reached" in named(findings, "bucket").detail


def test_a_folder_that_may_not_be_written_is_told_and_the_exit_status_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    environment = commands.clean() | {"PYTHONPATH": str(commands.SOURCE), "TIPOFF_ODDS_API_KEY": KEY}
    with write_protected(data):
        done = subprocess.run(
            [*bound_by_permissions(), "doctor", "--offline", "--json", "--data-dir", str(data)],
            cwd=tmp_path, capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
    told = json.loads(done.stdout)
    assert (done.returncode, told["all_right"]) == (1, False), done.stderr
    broken = {one["name"]: one for one in told["findings"] if one["state"] == "fault"}
    assert set(broken) == {"folder", "state", "warehouse", "bucket"}
    assert "Permission denied" in broken["folder"]["detail"]
    assert all(one["advice"] for one in broken.values())
    assert KEY not in done.stdout + done.stderr


def test_a_setting_that_does_not_fit_is_a_finding_too(tmp_path: Path) -> None:
    done = commands.run("doctor", "--json", cwd=tmp_path, environment={"TIPOFF_CAPTURE_MINUTES": "1"})
    assert done.returncode == 1
    [one] = json.loads(done.stdout)["findings"]
    assert (one["name"], one["state"]) == ("settings", "fault")
    assert "capture_minutes" in one["detail"]


def test_people_get_a_table_and_zero_where_nothing_is_broken(tmp_path: Path) -> None:
    done = commands.run("doctor", "--offline", cwd=tmp_path, environment={"TIPOFF_ODDS_API_KEY": KEY})
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing is broken." in done.stdout
    assert "What was looked at" in done.stdout
    assert KEY not in done.stdout


def test_channels_are_reached_without_a_message_and_get_one_only_when_asked(tmp_path: Path) -> None:
    with web() as hook, web() as chat, mail(login=("me", "s3cret-word")) as post:
        given = {
            "alert_webhook_url": SecretStr(f"{hook.url}/T0KEN-1"),
            "alert_chat_url": SecretStr(f"{chat.url}/T0KEN-2"),
            "alert_email_to": "ops@example.org",
            "smtp_url": SecretStr(f"smtp://me:s3cret-word@127.0.0.1:{post.port}"),
            "webhook_url": SecretStr(f"{hook.url}/T0KEN-3"),
            "webhook_secret": SecretStr("a-secret-to-sign-with"),
            "odds_api_url": hook.url,
        }
        quiet = examine(settings_in(tmp_path, **given), CLOCK)
        assert (hook.posts, chat.posts, post.messages) == ([], [], [])
        assert {one.state for one in quiet if one.name.startswith(("alerts", "messages"))} == {"ok"}
        chat.status = 404
        told = examine(settings_in(tmp_path, **given), CLOCK, send=True)
        assert (len(hook.posts), len(chat.posts), len(post.messages)) == (1, 1, 1)
        unsigned = examine(settings_in(tmp_path, **{**given, "webhook_secret": None}), CLOCK)
    assert [one.name for one in told if one.state == "fault" and one.name.startswith("alerts")] == ["alerts chat"]
    assert "TIPOFF_WEBHOOK_SECRET" in named(unsigned, "messages").detail
    words = json.dumps([finding.as_dict() for finding in (*quiet, *told, *unsigned)])
    assert not any(secret in words for secret in ("T0KEN", "s3cret-word", "a-secret-to-sign-with"))


def test_a_channel_whose_server_is_away_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{free.getsockname()[1]}"
        findings = examine(settings_in(tmp_path, alert_chat_url=SecretStr(away), odds_api_url=away), CLOCK)
    assert "cannot be reached" in named(findings, "alerts chat").detail


def test_a_model_that_serves_and_is_not_in_the_bucket_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert named(examine(settings, CLOCK, offline=True), "models").state == "note"
    now = datetime.now(UTC)
    row = {"model_id": "gone-1", "system_id": "gone", "trained_until": now.date(), "trained_from": now.date()}
    with DuckDBWarehouse(tmp_path / "warehouse.duckdb").writing("a run") as work:
        assert enter(work, row, now=now)
    told = named(examine(settings, CLOCK, offline=True), "models")
    assert (told.state, "gone-1" in told.detail, "tipoff train" in told.advice) == ("fault", True, True)


def test_who_is_alive_is_told_and_who_of_them_runs_older_code(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_house(settings, CLOCK) as house, running_engine(house, {}) as engine:
        alone = named(examine(settings, CLOCK, offline=True), "workers")
        assert (alone.state, alone.detail) == ("ok", f"1 alive, all on {code_version()}")
        now = datetime.now(UTC).replace(tzinfo=None)
        before = {"host": socket.gethostname(), "pid": os.getpid(), "started_at": now - timedelta(hours=1), "beats": 9, "beat_at": now}
        with house.state.transaction() as connection:
            connection.execute(sa.insert(WORKERS).values(worker_id="old-1", **before))
            connection.execute(sa.insert(WORKERS).values(worker_id="old-2", version="0.0.9+00000000", **before))
        both = named(examine(settings, CLOCK, offline=True), "workers")
        assert both.state == "note"
        assert "3 alive" in both.detail
        assert f"2 run older code than {code_version()}: old-1 (too old to say), old-2 (0.0.9+00000000)" in both.detail
        assert engine.worker_id not in both.detail
    gone = named(examine(settings, CLOCK, offline=True), "workers")
    assert "2 alive" in gone.detail, "who left is not counted"


def test_a_process_that_fell_silent_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    long_ago = datetime(2026, 1, 14, 12)
    state = State(settings, CLOCK)
    with state.transaction() as connection:
        values = {"host": "elsewhere", "pid": 1, "started_at": long_ago, "beats": 9, "beat_at": long_ago}
        connection.execute(sa.insert(WORKERS).values(worker_id="silent-1", **values))
    state.close()
    told = named(examine(settings, CLOCK, offline=True), "workers")
    assert told.detail == "none is alive; 1 have not been heard of since 2026-01-14 12:00:00Z"


def test_the_version_of_the_code_is_the_same_in_every_process_that_has_the_same_source() -> None:
    code = "from tipoff.flow.code import code_version; print(code_version())"
    environment = commands.clean() | {"PYTHONPATH": str(commands.SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == code_version()


def test_secrets_are_struck_out_wherever_they_stand(tmp_path: Path) -> None:
    clean = cleaner(
        settings_in(tmp_path, key=KEY, database=SecretStr("postgresql://me:p%40ssword@db/x"), warehouse="postgresql://me:hunter22@w/x")
    )
    assert clean(f"{KEY} p%40ssword p@ssword hunter22") == "****** ****** ****** ******"


def test_of_a_databases_address_only_the_password_is_struck_out(tmp_path: Path) -> None:
    both = "postgresql://me:p%40ssword@db/x"
    hook = "https://hooks.example/T0/B0/sesame"
    clean = cleaner(settings_in(tmp_path, database=SecretStr(both), warehouse=both, webhook_url=SecretStr(hook)))
    assert clean(f"warehouse: {both} cannot be reached") == "warehouse: postgresql://me:******@db/x cannot be reached"
    assert clean(f"webhook: {hook}") == "webhook: ******"
    assert clean("postgresql://db/other") == "postgresql://db/other"
