"""Settings: typed, with the origin of each value, secrets masked.

A value comes from the command line, else the environment (`TIPOFF_…`), else `tipoff.toml` in the working directory, else
its default. Secrets come from the environment only. This module must never open a connection or create a file.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError, TomlConfigSettingsSource

from tipoff.clock import Clock, FileClock, SystemClock
from tipoff.errors import ConfigError

CONFIG_FILE = "tipoff.toml"

TWELVE_BOOKS = (
    "draftkings",
    "fanduel",
    "betmgm",
    "williamhill_us",
    "betrivers",
    "bovada",
    "espnbet",
    "hardrockbet",
    "betonlineag",
    "fliff",
    "betparx",
    "ballybet",
)


_CLOCK_FILE_IS_FOR_PRACTICE = "a clock file is for the practice league alone"

SourceName = Literal["odds_api", "nba_cdn", "nba_stats", "espn", "nba_injuries", "balldontlie"]
SOURCE_NAMES: tuple[SourceName, ...] = get_args(SourceName)


QUERY_BYTES = 20 * 2**30
"""What one query of a BigQuery warehouse may read, in bytes, where nothing else is said."""


class Thresholds(BaseModel):
    """Where lines are drawn. Points are NBA points; probabilities are between 0 and 1; minutes are minutes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edge_points: float = Field(default=1.0, ge=0, description="OVER or UNDER from this edge on, in points")
    min_minutes: float = Field(default=8.0, ge=0, description="players below this mean of minutes, and without a line, are not predicted")
    level_points: float = Field(
        default=5.0, gt=0, description="a file of lines whose median is this far from the players' own level is refused"
    )


class Staking(BaseModel):
    """How much is staked (docs/staking.md). Shares are of the bankroll in the morning of the game day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fraction: float = Field(default=0.25, gt=0, le=1, description="share of Kelly's stake")
    max_per_bet: float = Field(default=0.02, gt=0, lt=1, description="the most that a bet may stake")
    max_per_game: float = Field(default=0.04, gt=0, lt=1, description="the most that a game's bets may stake")
    max_per_day: float = Field(default=0.10, gt=0, lt=1, description="the most that a day's bets may stake")
    correlation: float = Field(default=0.05, ge=0, lt=1, description="between two bets of a game")
    shrink: Literal["market", "uncertainty", "none"] = Field(default="market", description="how a claimed probability is distrusted")


class Settings(BaseSettings):
    """Everything that can be set. Paths are folders; URLs are as the engines write them."""

    model_config = SettingsConfigDict(env_prefix="TIPOFF_", env_nested_delimiter="__", frozen=True, extra="forbid", toml_file=CONFIG_FILE)

    data_dir: Path = Field(Path("tipoff-data"), description="where everything is kept when nothing else is said")
    league: Literal["nba", "practice"] = Field("nba", description="the one league of this warehouse")
    clock_file: Path | None = Field(
        None, description="a file with the present instant, in place of the machine's clock; practice league only"
    )
    warehouse: str | None = Field(None, description="warehouse URL; default: a DuckDB file in the data directory")
    bigquery_max_bytes: int = Field(
        QUERY_BYTES, ge=10 * 2**20, description="what one query of a BigQuery warehouse may read at most, in bytes; more is refused unrun"
    )
    database: SecretStr | None = Field(None, description="state database URL; default: SQLite in the data directory")
    bucket: str | None = Field(None, description="payloads, models, documents: file://, s3:// or gs://; default: the data directory")
    books: tuple[str, ...] = Field(TWELVE_BOOKS, description="bookmakers asked for")
    odds_api_url: str = Field("https://api.the-odds-api.com", description="The Odds API")
    nba_cdn_url: str = Field("https://cdn.nba.com/static/json", description="the league's schedule and live box scores")
    nba_stats_url: str = Field("https://stats.nba.com", description="the league's statistics: box scores when the CDN is silent")
    nba_injuries_url: str = Field("https://ak-static.cms.nba.com/referee/injury", description="the official injury report")
    espn_url: str = Field("https://site.api.espn.com", description="ESPN: injuries, box scores, rosters")
    balldontlie_url: str = Field("https://api.balldontlie.io", description="balldontlie: box scores, with a key")
    odds_api_key: SecretStr | None = Field(None, description="key of The Odds API; environment only")
    balldontlie_key: SecretStr | None = Field(None, description="key of balldontlie; environment only")
    sources: tuple[SourceName, ...] = Field(
        SOURCE_NAMES, description="the sources that are switched on, the preferred first; of injuries the official report goes before ESPN"
    )
    regions: tuple[str, ...] = Field((), description="regions asked for in place of bookmakers, such as us, us2, eu")
    alternates: bool = Field(False, description="also ask for alternate lines; each call then costs one market more")
    play_by_play: bool = Field(True, description="also ask for play-by-play, from which shots have their zone; it costs no credits")
    rosters: bool = Field(True, description="also ask for rosters, from which players have their date of birth; they cost no credits")
    source_pace: float = Field(
        1.0,
        ge=0,
        le=1,
        description="how fast sources are asked, of the rate that each is known to bear; 0: no limit, practice league alone",
    )
    capture_minutes: int = Field(30, ge=5, le=720, description="lines are asked for this often before a game, in minutes")
    credits_per_day: int | None = Field(
        None, ge=0, description="credits of The Odds API that a UTC day may cost; default: no limit of ours"
    )
    credits_per_month: int | None = Field(
        None, ge=0, description="credits of The Odds API that a UTC month may cost; default: no limit of ours"
    )
    systems_file: Path | None = Field(None, description="a TOML file with systems of one's own, beside the fleet's or in their place")
    systems: tuple[str, ...] = Field((), description="the systems that are trained and heard, by name; default: all of the fleet")
    lease_seconds: float = Field(120.0, gt=0, description="a batch whose holder makes no progress for so long is taken over, in seconds")
    batch_seconds: float = Field(900.0, gt=0, description="time limit of a batch, in seconds")
    batch_attempts: int = Field(4, ge=1, description="how often a batch that fails is tried before it is parked")
    retry_seconds: float = Field(
        30.0, ge=0, description="pause after a batch's first failure, in seconds; each later one is four times as long"
    )
    webhook_url: SecretStr | None = Field(None, description="each completion message is posted here, signed; environment only")
    webhook_secret: SecretStr | None = Field(None, description="signs what is sent to webhooks; environment only")
    pubsub_topic: str | None = Field(
        None,
        pattern=r"^projects/[^/\s]+/topics/[^/\s]+$",
        description="each completion message is published here: projects/…/topics/…",
    )
    settle_seconds: float = Field(
        2.0, ge=0, description="pause between something that arrived and the run that it leads to, so that what comes with it is in"
    )
    poll_seconds: float | None = Field(
        None,
        gt=0,
        description="pause between two looks into a queue; default: short where somebody waits, 5 s in who is up for long",
    )
    host: str = Field("127.0.0.1", description="the address that the page listens on")
    port: int = Field(8421, ge=0, le=65535, description="the port of the page; 0 takes a free one")
    alert_webhook_url: SecretStr | None = Field(None, description="alerts are posted here as JSON (docs/alerts.md); environment only")
    alert_chat_url: SecretStr | None = Field(None, description="an incoming webhook of Slack, Discord or the like; environment only")
    alert_email_to: str | None = Field(None, description="who is mailed alerts; several addresses stand with commas between")
    smtp_url: SecretStr | None = Field(
        None, description="the mail server: smtps://user:password@host, or smtp:// for STARTTLS; ?from= says who sends; environment only"
    )
    api_token: SecretStr | None = Field(
        None, min_length=16, description="the bearer token that control calls need; without one they are refused; environment only"
    )
    traces_url: str | None = Field(
        None,
        pattern=r"^https?://[^@\s?#]+$",
        description="traces are sent here by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; needs the extra otel",
    )
    thresholds: Thresholds = Field(default_factory=lambda: Thresholds(), description="where lines are drawn")
    staking: Staking = Field(default_factory=lambda: Staking(), description="how much is staked")

    @field_validator("data_dir", "clock_file", "systems_file")
    @classmethod
    def _home_is_meant(cls, given: Path | None) -> Path | None:
        """`~` is the shell's word, which it does not read in a file or after `--data-dir=`: a folder of that name is never meant."""
        try:
            return given.expanduser() if given is not None else None
        except RuntimeError:
            raise ValueError(f"{given} is in nobody's home") from None

    @field_validator("alert_webhook_url", "alert_chat_url", "smtp_url")
    @classmethod
    def _is_an_address(cls, given: SecretStr | None, about: ValidationInfo) -> SecretStr | None:
        schemes = ("smtp", "smtps") if about.field_name == "smtp_url" else ("http", "https")
        if given is not None:
            scheme, _, rest = given.get_secret_value().partition("://")
            if scheme not in schemes or not rest:
                raise ValueError(f"must begin with {' or '.join(f'{name}://' for name in schemes)}")
        return given

    @model_validator(mode="after")
    def _mail_has_a_way_and_a_goal(self) -> Settings:
        if (self.alert_email_to is None) != (self.smtp_url is None):
            raise ValueError("alert_email_to and smtp_url go together: to whom, and through which server")
        return self

    @field_validator("clock_file")
    @classmethod
    def _invented_time_is_for_the_invented_league(cls, given: Path | None, info: ValidationInfo) -> Path | None:
        if given is not None and info.data.get("league") != "practice":
            raise ValueError(_CLOCK_FILE_IS_FOR_PRACTICE)
        return given

    @field_validator("source_pace")
    @classmethod
    def _real_sources_are_spared(cls, given: float, info: ValidationInfo) -> float:
        if not given and info.data.get("league") != "practice":
            raise ValueError("0 is for the practice league alone: real sources turn away who asks without a pause")
        return given

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What `repr` and `str` show: a URL of the warehouse may hold a password as well."""
        for name, value in super().__repr_args__():
            yield name, mask_url(value) if isinstance(value, str) else value

    @property
    def warehouse_url(self) -> str:
        """The warehouse in force, as a URL."""
        return self.warehouse or f"duckdb://{self.data_dir / 'warehouse.duckdb'}"

    @property
    def database_url(self) -> str:
        """The state database in force, as SQLAlchemy and DBOS both read it; may hold a password: never print it.

        A Postgres URL that names no driver gets the one that is installed. A Unix socket is `postgresql://user@/name?host=/folder`.
        """
        if self.database is not None:
            return _POSTGRES.sub("postgresql+psycopg://", self.database.get_secret_value())
        return f"sqlite:///{self.data_dir / 'state.sqlite'}"

    @property
    def bucket_url(self) -> str:
        """The object store in force."""
        return self.bucket or self.data_dir.absolute().as_uri()


def clock_of(settings: Settings) -> Clock:
    """The clock in force: the machine's, or, in the practice league, the one that stands in `clock_file`.

    Raises ConfigError for a clock file in the real league.
    """
    if settings.clock_file is None:
        return SystemClock()
    if settings.league != "practice":
        raise ConfigError(f"clock_file: {_CLOCK_FILE_IS_FOR_PRACTICE}.", hint="Leave it out, or set league to practice.")
    return FileClock(settings.clock_file)


SECRETS = (
    "database",
    "odds_api_key",
    "balldontlie_key",
    "webhook_url",
    "webhook_secret",
    "alert_webhook_url",
    "alert_chat_url",
    "smtp_url",
    "api_token",
)


def load_settings(**given: Any) -> Settings:
    """The settings in force; `given` are values from the command line (None means not given).

    Raises ConfigError, naming each wrong field by its path, for a value that does not fit or a name that does not exist.
    """
    _refuse_unknown_names()
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"The configuration does not fit: {faults}.", hint="`tipoff config` lists every setting.") from None
    except SettingsError as error:
        raise ConfigError(f"The configuration does not fit: {error}.", hint='In the environment a list is written as ["a", "b"].') from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{CONFIG_FILE} is not TOML: {error}.", hint="Correct the line named.") from None


def _refuse_unknown_names() -> None:
    """A misspelt TIPOFF_ variable, an empty one, or a secret in the file, would otherwise be ignored in silence."""
    groups = {f"TIPOFF_{name}".upper(): isinstance(field.annotation, type(BaseModel)) for name, field in Settings.model_fields.items()}
    for name in os.environ:
        setting, inner, _ = name.upper().partition("__")
        if setting.startswith("TIPOFF_") and (setting not in groups or (inner and not groups[setting])):
            raise ConfigError(f"{name} is not a setting.", hint="`tipoff config` lists every setting.")
        if setting.startswith("TIPOFF_") and not os.environ[name]:
            raise ConfigError(f"{name} is set, and empty.", hint="Give it a value, or leave it out: nobody can tell which was meant.")
    for name in SECRETS:
        if name in _file_values():
            raise ConfigError(
                f"{name} stands in {CONFIG_FILE}; secrets come from the environment only.", hint=f"Set TIPOFF_{name.upper()} instead."
            )


def _file_values() -> dict[str, Any]:
    path = Path(CONFIG_FILE)
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{CONFIG_FILE} is not TOML: {error}.", hint="Correct the line named.") from None


class Effective(BaseModel):
    """One setting as `tipoff config` shows it: a secret's value is only ever `set` or empty."""

    name: str
    value: str
    origin: str
    description: str


def effective(settings: Settings, given: dict[str, Any]) -> list[Effective]:
    """Each setting with its value in force and where that came from; secrets masked."""
    file_values = _file_values()
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        variable = f"TIPOFF_{name.upper()}"
        if given.get(name) is not None:
            origin = "command line"
        elif any(key.upper().partition("__")[0] == variable for key in os.environ):
            origin = f"environment ({variable})"
        elif name in file_values:
            origin = CONFIG_FILE
        else:
            origin = "default"
        if name in SECRETS:
            shown = "******" if value is not None else ""
        elif isinstance(value, BaseModel):
            shown = ", ".join(f"{key}={part}" for key, part in value.model_dump().items())
        elif isinstance(value, tuple):
            shown = ", ".join(value)
        else:
            shown = mask_url(str(value)) if value is not None else _default_of(name, settings)
        rows.append(Effective(name=name, value=shown, origin=origin, description=field.description or ""))
    return rows


def _default_of(name: str, settings: Settings) -> str:
    derived = {"warehouse": settings.warehouse_url, "bucket": settings.bucket_url}
    return mask_url(derived.get(name, ""))


_POSTGRES = re.compile(r"^postgres(?:ql)?://")


def mask_url(url: str) -> str:
    """A URL with its passwords, if any, struck out, whether they stand before the host or among the parameters."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    rest = re.sub(r"([?&][^=&#]*(?:password|passwd|pwd|secret|token|key)[^=&#]*=)[^&#]*", r"\1******", rest, flags=re.IGNORECASE)
    credentials, at, host = rest.rpartition("@")
    if at and ":" in credentials:
        rest = f"{credentials.split(':', 1)[0]}:******@{host}"
    return f"{scheme}://{rest}"


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment in which another process has the same settings. Raises ConfigError for one that cannot be written there."""
    found = {}
    plain = Settings.model_construct()
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is None or value == getattr(plain, name, None):
            continue
        found[f"TIPOFF_{name.upper()}"] = _written(name, value)
    return found


def _written(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if isinstance(value, bool | int | float | str | Path):
        return str(value)
    raise ConfigError(f"{name} cannot be handed to another process.", hint="Leave it at its default.")
