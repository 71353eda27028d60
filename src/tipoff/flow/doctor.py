"""The doctor: uses every dependency that the settings name, one check each, and tells of each fault what is wrong and what to do.

Comes in: settings, a clock. Goes out: findings. None of it raises, none of it spends credits, and what it writes it takes away again;
secrets are struck out of whatever is told. `flow.readiness` is the brief form of it, for a probe that comes every few seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution, requires
from typing import Any
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from pydantic import SecretStr

from tipoff.clock import Clock
from tipoff.config import Settings, mask_url
from tipoff.errors import ArtefactMismatch, ConfigError, TipoffError
from tipoff.flow.code import code_version
from tipoff.flow.doctor_beyond import (
    Reading,
    channels_to_check,
    check_channel,
    check_clock,
    check_message_targets,
    check_offline,
    check_sent,
    check_source,
    send_to_all,
)
from tipoff.flow.doctor_keeping import WAIT_SECONDS, check_bucket, check_folder, check_state, check_warehouse, local_folders
from tipoff.flow.finding import Check, Finding, Said, found
from tipoff.flow.house import systems_of
from tipoff.flow.living import living
from tipoff.flow.processes import first_seen, workers
from tipoff.flow.state import State
from tipoff.flow.tracing import use_collector
from tipoff.predict.artefacts import Loaded, load
from tipoff.scrape.access import switched_on
from tipoff.scrape.trying import Tried
from tipoff.store import open_warehouse
from tipoff.store.bucket import BRIEF, open_bucket
from tipoff.train.registry import models, serving

_SHORTEST_SECRET = 4
_STRUCK = "******"


def examine(settings: Settings, clock: Clock, *, offline: bool = False, send: bool = False) -> list[Finding]:
    """Check everything that the settings name. With `offline` nothing is asked beyond our own stores; with `send` every channel of alerts
    gets a test message."""
    return list(_Visit(settings, clock, offline, send).findings())


class _Visit:
    def __init__(self, settings: Settings, clock: Clock, offline: bool, send: bool) -> None:
        self._settings, self._clock, self._offline, self._send = settings, clock, offline, send
        self._clean = cleaner(settings)
        self._readings: list[Reading] = []

    def findings(self) -> Iterator[Finding]:
        settings = self._settings
        yield self._found("settings", lambda: check_settings(settings))
        for folder in local_folders(settings):
            yield self._found("folder", partial(check_folder, folder))
        state: State | None = None
        try:
            state = State(settings, self._clock)
        except TipoffError as error:
            yield self._found("state", partial(_raise, error))
        except Exception as error:  # noqa: BLE001 - as `found` does
            yield self._found("state", partial(_raise, error))
        else:
            yield self._found("state", partial(check_state, settings, state, self._clock))
        try:
            kept = [
                self._found("warehouse", lambda: check_warehouse(settings, self._clock, state)),
                self._found("bucket", lambda: check_bucket(settings)),
            ]
            yield from kept
            away = [one.name for one in kept if one.state == "fault"]
            yield self._found(
                "models", lambda: Said(f"not looked at without {' and '.join(away)}", "left out") if away else check_models(settings)
            )
            if state is not None:
                yield self._found("workers", partial(check_workers, state, self._clock))
            yield from self._beyond()
            self._read_databases(state)
        finally:
            if state is not None:
                state.close()
        yield self._found("clock", lambda: check_clock(settings, self._clock, self._readings))
        yield from (self._found(f"extra {name}", partial(check_extra, settings, name)) for name in extras())

    def _found(self, name: str, check: Check) -> Finding:
        return found(name, check, self._clean)

    def _beyond(self) -> Iterator[Finding]:
        """Sources, channels and targets, all at once: each may keep us waiting."""
        settings, clock = self._settings, self._clock
        checks: list[tuple[str, Check]] = []
        for source in switched_on(settings):
            asked = partial(check_source, settings, source, clock, self._heard)
            checks.append((f"source {source}", partial(check_offline, settings, source) if self._offline else asked))
        channels = channels_to_check(settings, clock)
        sent = send_to_all(settings, clock) if self._send and not self._offline else None
        for channel in channels:
            if sent is not None:
                checks.append((f"alerts {channel.name}", partial(check_sent, sent.get(channel.name))))
            elif self._offline:
                checks.append((f"alerts {channel.name}", lambda: Said("not asked (--offline)", "left out")))
            else:
                checks.append((f"alerts {channel.name}", partial(check_channel, channel)))
        if settings.webhook_url is not None or settings.pubsub_topic is not None:
            checks.append(("messages", lambda: check_message_targets(settings, clock, self._offline)))
        if (url := settings.traces_url) is not None and not self._offline:
            checks.append(("traces", lambda: Said(use_collector(url))))
        with ThreadPoolExecutor(8, thread_name_prefix="doctor") as pool:
            yield from pool.map(lambda pair: self._found(*pair), checks)

    def _heard(self, tried: Tried) -> None:
        if tried.said is not None:
            self._readings.append(Reading(tried.source, tried.asked, tried.heard, tried.said, 1.0))

    def _read_databases(self, state: State | None) -> None:
        """The clocks of databases that are on other machines, as far as they answer: those that do not have a finding of their own."""
        if state is not None and not self._settings.database_url.startswith("sqlite"):
            self._read("the state database", lambda: _moment_of(state))
        self._read("the warehouse", lambda: open_warehouse(self._settings, WAIT_SECONDS).about().moment)

    def _read(self, who: str, ask: Callable[[], Any]) -> None:
        before = self._clock.now()
        try:
            said = ask()
        except Exception:  # noqa: BLE001 - what is wrong with it was told already
            return
        if said is not None:
            self._readings.append(Reading(who, before, self._clock.now(), said))


def _raise(error: Exception) -> Said:
    raise error


def _moment_of(state: State) -> Any:
    with state.reading() as connection:
        return connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()


def check_settings(settings: Settings) -> Said:
    """They have been read by now: what they name, and what is amiss in how they go together."""
    systems = systems_of(settings)
    sources = switched_on(settings)
    told = f"league {settings.league}, {len(systems)} systems, sources {', '.join(sources) or 'none'}"
    if not sources:
        raise ConfigError(f"{told}: nothing would ever be asked.", hint="Name some in `sources`: `tipoff config` shows it.")
    if settings.api_token is None:
        return Said(told, "note", "TIPOFF_API_TOKEN is not set, so the control API takes no calls.")
    return Said(told)


def check_models(settings: Settings) -> Said:
    """Every model that serves is loaded, as a night would load it."""
    with open_warehouse(settings, WAIT_SECONDS).reading() as work:
        served = serving(models(work))
    if not served:
        return Said("none is trained yet", "note", "`tipoff train` trains the fleet, once there are games to learn from.")
    bucket = open_bucket(settings.bucket_url, BRIEF)
    loaded: dict[str, Loaded] = {}
    broken = []
    for row in served.values():
        try:
            load(bucket, row["model_id"], loaded)
        except TipoffError as error:
            broken.append(f"{row['state']} {error.message}")
    if broken:
        raise ArtefactMismatch(
            f"{len(broken)} of {len(served)} models that serve cannot be loaded: {'; '.join(broken[:5])}",
            hint="`tipoff train` trains them again; for the champion alone `tipoff rollback` brings back the one before.",
        )
    champions = [row["model_id"] for row in served.values() if row["state"] == "champion"]
    return Said(f"{len(served)} loaded; champion: {', '.join(champions) or 'none yet'}")


def check_workers(state: State, clock: Clock) -> Said:
    """Who is alive, and whose code is older than the newest that was ever at work here."""
    alive = living(state, clock)
    ids = {worker.worker_id for worker in alive}
    silent = [worker for worker in workers(state) if worker.worker_id not in ids]
    lost = f"; {len(silent)} have not been heard of since {max(one.beat_at for one in silent):%Y-%m-%d %H:%M:%S}Z" if silent else ""
    if not alive:
        return Said(f"none is alive{lost}", "note", "`tipoff worker` runs one, `tipoff up` one with the page.")
    seen = first_seen(state)
    mine = code_version()
    newest = max(seen, key=lambda version: seen[version]) if mine in seen else mine
    older = [worker for worker in alive if worker.version != newest]
    told = f"{len(alive)} alive{lost}"
    if older:
        who = ", ".join(f"{worker.worker_id} ({worker.version or 'too old to say'})" for worker in older)
        return Said(
            f"{told}; {len(older)} run older code than {newest}: {who}",
            "note",
            "Restart them when the new code is on their machines; until then both work side by side (docs/deploy.md).",
        )
    return Said(f"{told}, all on {newest}")


def extras() -> list[str]:
    """The extras that the package declares."""
    return sorted({name for line in requires("tipoff") or () if (name := _extra(line)) is not None})


def check_extra(settings: Settings, name: str) -> Said:
    """Whether what an extra brings is installed; a fault only where the settings need it."""
    missing = []
    for line in requires("tipoff") or ():
        package = re.match(r"[A-Za-z0-9._-]+", line)
        if _extra(line) == name and package is not None:
            try:
                distribution(package[0])
            except PackageNotFoundError:
                missing.append(package[0])
    if not missing:
        return Said("installed")
    told, how = f"{', '.join(missing)} not installed", f"`uv sync --extra {name}`, or `pip install 'tipoff[{name}]'`."
    needed = {
        "pubsub": settings.pubsub_topic is not None,
        "otel": settings.traces_url is not None,
        "bigquery": settings.warehouse_url.startswith("bigquery:"),
    }
    if needed.get(name):
        raise ConfigError(f"{told}, and the settings need it.", hint=how)
    return Said(f"{told}, and not needed", "left out", how)


def _extra(line: str) -> str | None:
    marker = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", line)
    return marker[1] if marker else None


def cleaner(settings: Settings) -> Callable[[str], str]:
    """What strikes every secret of these settings out of a text, also one that is part of an address. Of a database's address, which is
    a secret as a whole, only the password goes: whoever asks wants to know which one is meant."""
    known: dict[str, str] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str):
            continue
        if isinstance(value, SecretStr):
            known[text] = mask_url(text) if text.startswith("postgres") and "://" in text else _STRUCK
        password = urlsplit(text).password if "://" in text else None
        known |= {password: _STRUCK, unquote(password): _STRUCK} if password else {}
    longest_first = sorted((one for one in known if len(one) >= _SHORTEST_SECRET), key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, known[secret])
        return mask_url(text) if text.count("://") == 1 else text

    return clean
