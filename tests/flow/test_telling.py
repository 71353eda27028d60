"""Telling, over real HTTP and real SMTP on loopback: each channel once of a beginning and once of an end, whoever dies or is down."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from flow.sinks import Mail, Web, mail, web
from tipoff.clock import ManualClock
from tipoff.config import Settings, load_settings
from tipoff.errors import ConfigError, UpstreamError, UpstreamRefused, UpstreamUnavailable
from tipoff.flow.alerts import alerts, note
from tipoff.flow.channels import Channel, Effort, Telling, channels_of
from tipoff.flow.signing import SIGNATURE, TIMESTAMP, is_ours
from tipoff.flow.state import State
from tipoff.flow.telling import HOLD_SECONDS, LONGEST_PAUSE, PAUSE_SECONDS, TELLINGS, Told, end_of_channels, tell, try_out

NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECRET = "a secret of the receiver's"
PASSWORD = "hunter2-and-more"
TOKEN = "T0KEN-of-the-room"
QUICK = Effort(attempts=3, wait_initial=0.01, wait_max=0.01, timeout=30.0)
NOWHERE = f"http://127.0.0.1:9/{TOKEN}"  # the port for discarding: nobody listens
SCRIPT = Path(__file__).with_name("telling_process.py")
WHAT = Telling(7, "feed a", "began", "warning", "the feed is stale", NOON, NOON)


ON_BOTH = pytest.mark.parametrize("room", ["sqlite", "postgres"], indirect=True)


@dataclass
class Room:
    """A state database, a clock, and settings that name no channel yet."""

    folder: Path
    settings: Settings
    clock: ManualClock
    state: State

    def channels(self, **named: object) -> list[Channel]:
        """The log, and the channels that these settings name."""
        return channels_of(self.settings.model_copy(update=named), self.clock, QUICK)

    def note(self, *keys: str, family: str = "feed ") -> None:
        note(self.state, family, {key: f"{key} is stale" for key in keys}, self.clock.now())

    def tell(self, channels: list[Channel]) -> Told:
        return tell(self.state, channels, self.clock)


@pytest.fixture
def room(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Room]:
    """On SQLite, or, where a class asks for both, on Postgres."""
    shared = SecretStr(request.getfixturevalue("postgres")) if getattr(request, "param", "") == "postgres" else None
    clock, settings = ManualClock(NOON), load_settings(data_dir=tmp_path).model_copy(update={"database": shared})
    state = State(settings, clock)
    yield Room(tmp_path, settings, clock, state)
    state.close()


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as sink:
        yield sink


@pytest.fixture
def post_office() -> Iterator[Mail]:
    with mail() as sink:
        yield sink


def hook(sink: Web, token: str = TOKEN) -> SecretStr:
    return SecretStr(f"{sink.url}/hook/{token}")


def events(sink: Web) -> list[tuple[str, str]]:
    documents = [json.loads(post.body) for post in sink.posts]
    return [(document["event"], document["key"]) for document in documents]


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "tipoff.flow.channels"]


@ON_BOTH
class TestEveryChannel:
    def test_each_is_told_once_of_the_beginning_and_once_of_the_end(
        self, room: Room, site: Web, post_office: Mail, caplog: pytest.LogCaptureFixture
    ) -> None:
        with web() as chat:
            channels = room.channels(
                alert_webhook_url=hook(site),
                alert_chat_url=hook(chat),
                alert_email_to="me@example.org, you@example.org",
                smtp_url=SecretStr(f"smtp://127.0.0.1:{post_office.port}?from=tipoff@example.org"),
            )
            for _ in range(3):
                room.note("feed a")
                room.tell(channels)
            room.clock.advance(5 * MINUTE)
            for _ in range(2):
                room.note()
                room.tell(channels)
        assert events(site) == [("began", "feed a"), ("recovered", "feed a")]
        assert [json.loads(post.body)["text"] for post in chat.posts] == [
            "Tipoff (nba): [warning] feed a is stale",
            "Tipoff (nba): [warning] Recovered: feed a is stale (since 2025-11-05 12:00Z)",
        ]
        assert [message["Subject"].strip() for message in post_office.messages] == [json.loads(post.body)["content"] for post in chat.posts]
        assert {(message["From"], message["To"]) for message in post_office.messages} == {
            ("tipoff@example.org", "me@example.org, you@example.org")
        }
        assert lines(caplog) == ["[warning] feed a is stale", "[warning] Recovered: feed a is stale (since 2025-11-05 12:00Z)"]

    def test_a_test_message_reaches_each_and_is_not_kept(self, room: Room, site: Web) -> None:
        settings = room.settings.model_copy(update={"alert_webhook_url": hook(site), "alert_chat_url": SecretStr(NOWHERE)})
        found = try_out(settings, room.clock)
        assert found["log"] is None
        assert found["webhook"] is None
        assert found["chat"] is not None
        assert events(site) == [("test", "test")]
        assert alerts(room.state) == []

    def test_one_that_is_set_later_hears_of_what_is_going_on_and_not_of_what_is_over(self, room: Room, site: Web) -> None:
        room.note("feed a", "feed b")
        room.tell(room.channels())
        room.note("feed b")
        room.tell(room.channels(alert_webhook_url=hook(site)))
        room.note()
        room.tell(room.channels(alert_webhook_url=hook(site)))
        assert events(site) == [("began", "feed b"), ("recovered", "feed b")]


class TestWebhook:
    def test_what_is_posted_is_signed_and_says_what_a_receiver_needs(self, room: Room, site: Web) -> None:
        room.note("feed a")
        room.tell(room.channels(alert_webhook_url=hook(site), webhook_secret=SecretStr(SECRET)))
        [post] = site.posts
        stamp, signature = int(post.headers[TIMESTAMP.lower()]), post.headers[SIGNATURE.lower()]
        assert stamp == int(NOON.timestamp())
        assert is_ours(SECRET, stamp, post.body, signature)
        assert not is_ours(SECRET, stamp + 1, post.body, signature)
        assert not is_ours(SECRET, stamp, post.body + b" ", signature)
        assert not is_ours("another", stamp, post.body, signature)
        assert post.headers["content-type"] == "application/json"
        assert json.loads(post.body) == {
            "schema_version": 1,
            "kind": "alert",
            "id": 1,
            "league": "nba",
            "key": "feed a",
            "event": "began",
            "severity": "warning",
            "text": "feed a is stale",
            "at": "2025-11-05T12:00:00+00:00",
            "began_at": "2025-11-05T12:00:00+00:00",
        }

    def test_without_a_secret_it_is_not_signed(self, room: Room, site: Web) -> None:
        room.channels(alert_webhook_url=hook(site))[1].send(WHAT)
        assert not {TIMESTAMP.lower(), SIGNATURE.lower()} & set(site.posts[0].headers)

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_it_is_tried_again_where_that_may_help(self, room: Room, site: Web, status: int) -> None:
        site.statuses.extend((status, status))
        room.channels(alert_webhook_url=hook(site))[1].send(WHAT)
        assert len(site.posts) == 3

    @pytest.mark.parametrize("status", [302, 401, 404, 410])
    def test_and_not_where_it_does_not(self, room: Room, site: Web, status: int) -> None:
        site.status = status
        with pytest.raises(UpstreamRefused, match=f"HTTP {status}"):
            room.channels(alert_webhook_url=hook(site))[1].send(WHAT)
        assert [post.path for post in site.posts] == [f"/hook/{TOKEN}"]


class TestChat:
    def test_words_from_outside_call_no_room_together(self, room: Room, site: Web) -> None:
        said = "<!channel> @everyone: who is <@U024BE7LH>?"
        room.channels(alert_chat_url=hook(site))[1].send(Telling(1, "k", "began", "notice", said, NOON, NOON))
        document = json.loads(site.posts[0].body)
        assert set(document) == {"text", "content"}
        assert "<!channel>" not in document["text"]
        assert "<@" not in document["text"]
        assert "@everyone" not in document["content"]
        assert "<@U" not in document["content"]

    def test_a_long_text_is_cut_to_what_a_room_takes(self, room: Room, site: Web) -> None:
        room.channels(alert_chat_url=hook(site))[1].send(Telling(1, "k", "began", "notice", "@" * 5000, NOON, NOON))
        assert len(json.loads(site.posts[0].body)["content"]) <= 2000


class TestMail:
    @pytest.fixture(scope="class")
    @classmethod
    def certificate(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A certificate of this machine, signed by itself, with its key."""
        folder = tmp_path_factory.mktemp("certificate")
        made = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem")
        subprocess.run(
            ["openssl", "req", *made, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True,
            capture_output=True,
        )
        return folder / "certificate.pem"

    @pytest.fixture
    def tls(self, certificate: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        return context

    @pytest.mark.parametrize("scheme", ["smtp", "smtps"])
    def test_it_is_encrypted_before_the_password_is_said(
        self, room: Room, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with mail(tls, from_the_start=scheme == "smtps", login=("me@example.org", f"{PASSWORD}/@")) as sink:
            url = SecretStr(f"{scheme}://me%40example.org:{PASSWORD}%2F%40@localhost:{sink.port}")
            room.channels(alert_email_to="you@example.org", smtp_url=url)[1].send(WHAT)
        words = {"smtp": ["EHLO", "STARTTLS", "EHLO", "AUTH"], "smtps": ["EHLO", "AUTH"]}[scheme]
        assert sink.words[: len(words)] == words
        [message] = sink.messages
        assert message["From"] == "me@example.org"
        assert "the feed is stale" in message.get_content()

    def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(self, room: Room, tls: ssl.SSLContext) -> None:
        with mail(tls, login=("me", PASSWORD)) as sink:
            channel = room.channels(alert_email_to="you@example.org", smtp_url=SecretStr(f"smtp://me:{PASSWORD}@localhost:{sink.port}"))[1]
            with pytest.raises(UpstreamUnavailable):
                channel.send(WHAT)
        assert "AUTH" not in sink.words

    def test_a_refusal_is_not_asked_again_and_says_no_password(self, room: Room) -> None:
        with mail(login=("me", "another")) as sink:
            channel = room.channels(alert_email_to="you@example.org", smtp_url=SecretStr(f"smtp://me:{PASSWORD}@127.0.0.1:{sink.port}"))[1]
            with pytest.raises(UpstreamRefused, match="535") as caught:
                channel.send(WHAT)
        assert PASSWORD not in str(caught.value)
        assert sink.words.count("AUTH") == 1

    def test_what_the_server_puts_off_is_tried_again(self, room: Room, post_office: Mail) -> None:
        post_office.refuses["MAIL"] = "450 later"
        channel = room.channels(alert_email_to="you@example.org", smtp_url=SecretStr(f"smtp://127.0.0.1:{post_office.port}"))[1]
        with pytest.raises(UpstreamUnavailable):
            channel.send(WHAT)
        assert post_office.words.count("MAIL") == QUICK.attempts

    def test_a_line_break_from_outside_is_no_header(self, room: Room, post_office: Mail) -> None:
        channel = room.channels(alert_email_to="you@example.org", smtp_url=SecretStr(f"smtp://127.0.0.1:{post_office.port}"))[1]
        channel.send(Telling(1, "k", "began", "notice", "one\r\nBcc: all@example.org", NOON, NOON))
        [message] = post_office.messages
        assert message["Bcc"] is None
        assert message["Subject"] == "Tipoff (nba): [notice] one Bcc: all@example.org"


@ON_BOTH
class TestAChannelThatIsDown:
    def test_it_does_not_stop_the_others_and_they_are_told_that_it_is(self, room: Room, site: Web) -> None:
        channels = room.channels(alert_webhook_url=hook(site), alert_chat_url=SecretStr(NOWHERE))
        room.note("feed a")
        told = room.tell(channels)
        assert set(told.failed) == {"chat"}
        assert events(site) == [("began", "feed a"), ("began", "channel chat")]
        assert [alert.key for alert in alerts(room.state, now_only=True)] == ["channel chat", "feed a"]

    def test_it_is_told_later_what_it_missed_and_the_others_that_it_recovered(self, room: Room, site: Web) -> None:
        with web() as chat:
            chat.status = 500
            channels = room.channels(alert_webhook_url=hook(site), alert_chat_url=hook(chat))
            room.note("feed a")
            room.tell(channels)
            chat.status, tried = 204, len(chat.posts)
            room.clock.advance(timedelta(seconds=PAUSE_SECONDS))
            room.tell(channels)
            room.tell(channels)
        assert tried == QUICK.attempts
        assert [json.loads(post.body)["text"] for post in chat.posts[tried:]] == ["Tipoff (nba): [warning] feed a is stale"]
        assert events(site)[1:] == [("began", "channel chat"), ("recovered", "channel chat")]

    def test_it_is_left_alone_for_longer_and_longer_but_never_given_up(self, room: Room, site: Web) -> None:
        site.status = 404
        channels = room.channels(alert_webhook_url=hook(site))
        room.note("feed a")
        waits = []
        for _ in range(8):
            before, waited = len(site.posts), 0
            while len(site.posts) == before:
                room.tell(channels)
                room.clock.advance(MINUTE)
                waited += 1
            waits.append(waited)
        assert waits == [1, 1, 2, 4, 8, 16, 30, 30]
        assert PAUSE_SECONDS * 2 ** (5 - 1) < LONGEST_PAUSE == 30 * 60

    def test_a_clock_that_jumps_back_does_not_keep_it_waiting(self, room: Room, site: Web) -> None:
        site.status = 500
        channels = room.channels(alert_webhook_url=hook(site))
        room.note("feed a")
        room.tell(channels)
        site.status = 204
        room.clock.advance(-timedelta(hours=1))
        assert room.tell(channels).failed == {}
        assert events(site)[-1] == ("began", "feed a")

    def test_while_it_refuses_one_telling_it_is_not_told_as_mended_with_each_other_that_it_takes(self, room: Room, site: Web) -> None:
        with web() as chat:
            channels = room.channels(alert_webhook_url=hook(site), alert_chat_url=hook(chat))
            chat.meanwhile = lambda: setattr(chat, "status", 400 if b"feed a" in chat.posts[-1].body else 204)
            for letters in ("a", "ab", "abc", "abcd"):
                room.note(*(f"feed {letter}" for letter in letters))
                room.tell(channels)
                room.clock.advance(timedelta(seconds=LONGEST_PAUSE))
            assert [event for event, key in events(site) if key == "channel chat"] == ["began"]
            chat.meanwhile, chat.status = lambda: None, 204
            room.tell(channels)
            room.tell(channels)
            assert [event for event, key in events(site) if key == "channel chat"] == ["began", "recovered"]

    def test_one_that_is_set_no_more_is_no_alert_any_more(self, room: Room, site: Web) -> None:
        room.note("feed a")
        room.tell(room.channels(alert_webhook_url=hook(site), alert_chat_url=SecretStr(NOWHERE)))
        left = room.channels(alert_webhook_url=hook(site))
        end_of_channels(room.state, ["log", "webhook", "chat"], room.clock.now())
        assert [alert.key for alert in alerts(room.state, now_only=True)] == ["channel chat", "feed a"]
        end_of_channels(room.state, [channel.name for channel in left], room.clock.now())
        assert [alert.key for alert in alerts(room.state, now_only=True)] == ["feed a"]
        room.tell(left)
        assert events(site)[-1] == ("lapsed", "channel chat")

    def test_one_telling_that_is_refused_does_not_block_those_behind_it(self, room: Room, site: Web) -> None:
        channels = room.channels(alert_webhook_url=hook(site))
        site.statuses.append(400)
        room.note("feed a")
        room.tell(channels)
        room.note("feed a", "feed b")
        room.clock.advance(timedelta(seconds=PAUSE_SECONDS))
        room.tell(channels)
        assert events(site) == [("began", "feed a"), ("began", "feed b"), ("began", "feed a")]


@ON_BOTH
class TestWhoDies:
    def run(self, room: Room, what: str, url: str = "") -> subprocess.Popen[str]:
        shared = {"TIPOFF_DATABASE": room.settings.database.get_secret_value()} if room.settings.database else {}
        environment = {**os.environ, **shared, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(
            [sys.executable, SCRIPT, room.folder, what, url], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def go(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()

    def over(self, process: subprocess.Popen[str]) -> int:
        process.communicate()
        return process.returncode

    def test_what_was_noted_by_a_process_that_died_is_told_by_another(self, room: Room, site: Web) -> None:
        assert self.over(self.run(room, "note and die")) == -signal.SIGKILL
        room.tell(room.channels(alert_webhook_url=hook(site)))
        assert events(site) == [("began", "feed a")]

    def test_whoever_dies_while_it_tells_is_followed_by_one_that_tells_again(self, room: Room, site: Web) -> None:
        room.note("feed a")
        teller = self.run(room, "tell", hook(site).get_secret_value())
        site.meanwhile = lambda: os.kill(teller.pid, signal.SIGKILL)
        self.go(teller)
        assert self.over(teller) == -signal.SIGKILL
        site.meanwhile = lambda: None
        channels = room.channels(alert_webhook_url=hook(site))
        room.tell(channels)
        assert events(site) == [("began", "feed a")]  # it may still be at it
        room.clock.advance(timedelta(seconds=HOLD_SECONDS))
        room.tell(channels)
        room.tell(channels)
        ids = {json.loads(post.body)["id"] for post in site.posts}
        assert (events(site), len(ids)) == ([("began", "feed a")] * 2, 1)

    def test_processes_that_tell_at_once_tell_each_thing_once(self, room: Room, site: Web) -> None:
        keys = [f"feed {letter}" for letter in "abcdef"]
        room.note(*keys)
        tellers = [self.run(room, "tell", hook(site).get_secret_value()) for _ in range(3)]
        for teller in tellers:
            self.go(teller)
        assert [self.over(teller) for teller in tellers] == [0, 0, 0]
        assert events(site) == [("began", key) for key in keys]
        with room.state.reading() as connection:
            untold = connection.execute(sa.select(TELLINGS).where(TELLINGS.c.told_at.is_(None))).all()
        assert untold == []


class TestSecrets:
    @pytest.mark.parametrize("status", [204, 302, 404, 500])
    def test_no_address_password_or_secret_is_in_any_log_line_error_or_row(
        self, room: Room, site: Web, caplog: pytest.LogCaptureFixture, status: int
    ) -> None:
        caplog.set_level(logging.DEBUG)
        site.status = status
        with mail(login=("me", "another")) as office:
            channels = room.channels(
                alert_webhook_url=hook(site),
                alert_chat_url=SecretStr(NOWHERE),
                alert_email_to="you@example.org",
                smtp_url=SecretStr(f"smtp://me:{PASSWORD}@127.0.0.1:{office.port}"),
                webhook_secret=SecretStr(SECRET),
            )
            errors = []
            for channel in channels:
                with contextlib.suppress(UpstreamError):
                    channel.send(WHAT)
                try:
                    channel.send(WHAT)
                except UpstreamError as error:
                    errors.append(f"{error!r} {error} {error.__cause__!r} {error.__suppress_context__}")
            room.note("feed a")
            told = room.tell(channels)
        assert set(told.failed) == {"chat", "e-mail"} | ({"webhook"} if status != 204 else set())
        with room.state.reading() as connection:
            rows = str(connection.execute(sa.text("SELECT * FROM ops_alerts")).all()) + str(connection.execute(sa.select(TELLINGS)).all())
        said = " ".join(errors) + rows + str(told) + caplog.text
        assert "HTTP 302" in said or status != 302
        for secret in (TOKEN, PASSWORD, SECRET):
            assert secret not in said

    def test_the_settings_do_not_show_them(self) -> None:
        given = {
            "alert_webhook_url": SecretStr(f"https://h/{TOKEN}"),
            "smtp_url": SecretStr(f"smtps://me:{PASSWORD}@h"),
            "alert_email_to": "a@b",
        }
        shown = repr(load_settings(**given))
        assert TOKEN not in shown
        assert PASSWORD not in shown

    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({"alert_webhook_url": SecretStr(f"ftp://h/{TOKEN}")}, "alert_webhook_url.*must begin with http:// or https://"),
            (
                {"smtp_url": SecretStr(f"mail.example.org/{TOKEN}"), "alert_email_to": "a@b"},
                "smtp_url.*must begin with smtp:// or smtps://",
            ),
            ({"alert_email_to": "a@b"}, "go together"),
            ({"smtp_url": SecretStr(f"smtp://h/{TOKEN}")}, "go together"),
        ],
    )
    def test_settings_that_reach_nobody_are_refused_and_not_quoted(self, given: dict[str, object], why: str) -> None:
        with pytest.raises(ConfigError, match=why) as caught:
            load_settings(**given)
        assert TOKEN not in str(caught.value)
