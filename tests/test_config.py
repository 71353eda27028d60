"""Settings: where each value comes from, what is refused by name, and what is never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tipoff.clock import FileClock, SystemClock
from tipoff.config import SECRETS, TWELVE_BOOKS, Settings, clock_of, effective, load_settings, mask_url
from tipoff.errors import ConfigError

KEY = "f00dfeedf00dfeedf00dfeedf00dfeed"
PASSWORD = "hunter2"


@pytest.fixture(autouse=True)
def bare_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and no TIPOFF_ variable."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith("TIPOFF_"):
            monkeypatch.delenv(name)


def _file(text: str) -> None:
    Path("tipoff.toml").write_text(text, encoding="utf-8")


def _origin(name: str, **given_values: object) -> str:
    rows = effective(load_settings(**given_values), given_values)
    return next(row.origin for row in rows if row.name == name)


def _shown(name: str) -> str:
    return next(row.value for row in effective(load_settings(), {}) if row.name == name)


class TestOrigins:
    def test_with_nothing_said_everything_is_a_default(self) -> None:
        settings = load_settings()
        assert settings.port == 8421
        assert settings.host == "127.0.0.1"
        assert settings.league == "nba"
        assert settings.books == TWELVE_BOOKS
        assert {row.origin for row in effective(settings, {})} == {"default"}

    def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _file("port = 2")
        assert (load_settings().port, _origin("port")) == (2, "tipoff.toml")
        monkeypatch.setenv("TIPOFF_PORT", "3")
        assert (load_settings().port, _origin("port")) == (3, "environment (TIPOFF_PORT)")
        assert (load_settings(port=4).port, _origin("port", port=4)) == (4, "command line")

    def test_the_clock_is_the_machine_s_unless_the_practice_league_has_one_in_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert isinstance(clock_of(load_settings()), SystemClock)
        monkeypatch.setenv("TIPOFF_LEAGUE", "practice")
        monkeypatch.setenv("TIPOFF_CLOCK_FILE", str(tmp_path / "clock"))
        found = clock_of(load_settings())
        assert isinstance(found, FileClock)
        assert found.path == tmp_path / "clock"

    def test_a_flag_that_was_not_given_decides_nothing(self) -> None:
        _file("port = 2")
        assert load_settings(port=None, data_dir=None).port == 2
        assert _origin("port", port=None) == "tipoff.toml"

    def test_a_flag_that_is_zero_is_given(self) -> None:
        _file("port = 2")
        assert load_settings(port=0).port == 0

    def test_thresholds_are_merged_one_by_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _file("[thresholds]\nedge_points = 2\nmin_minutes = 3")
        monkeypatch.setenv("TIPOFF_THRESHOLDS__MIN_MINUTES", "7.5")
        thresholds = load_settings().thresholds
        assert (thresholds.edge_points, thresholds.min_minutes, thresholds.level_points) == (2, 7.5, 5)
        assert _origin("thresholds") == "environment (TIPOFF_THRESHOLDS)"
        assert _shown("thresholds") == "edge_points=2.0, min_minutes=7.5, level_points=5.0"

    def test_a_variable_in_small_letters_counts_and_is_shown_as_the_origin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("tipoff_port", "9")
        assert (load_settings().port, _origin("port")) == (9, "environment (TIPOFF_PORT)")

    def test_a_list_in_the_environment_is_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIPOFF_BOOKS", '["fanduel", "betmgm"]')
        assert load_settings().books == ("fanduel", "betmgm")
        assert _shown("books") == "fanduel, betmgm"

    def test_variables_of_other_programs_are_none_of_our_business(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "1")
        monkeypatch.setenv("TIPOFFS_PORT", "1")
        assert load_settings().port == 8421

    def test_every_setting_is_shown_with_what_it_means(self) -> None:
        rows = effective(load_settings(), {})
        assert [row.name for row in rows] == list(Settings.model_fields)
        assert [row.name for row in rows if not row.description] == []

    def test_a_setting_cannot_be_changed_once_it_is_read(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            load_settings().port = 1  # type: ignore[misc]  # mypy refuses it as well


class TestPlaces:
    @pytest.mark.parametrize("text", ['data_dir = "~/nba"', 'systems_file = "~/nba"'])
    def test_home_is_meant_where_no_shell_has_read_the_path(self, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        _file(text)
        assert getattr(load_settings(), text.partition(" ")[0]) == tmp_path / "nba"
        assert load_settings(data_dir=Path("~/nba")).data_dir == tmp_path / "nba"
        with pytest.raises(ConfigError, match="nobody's home"):
            load_settings(data_dir=Path("~nobody-at-all/nba"))

    @pytest.mark.parametrize("name", ["TIPOFF_WAREHOUSE", "TIPOFF_DATABASE", "TIPOFF_BUCKET", "TIPOFF_ODDS_API_KEY", "TIPOFF_PORT"])
    def test_an_empty_variable_is_refused_since_a_house_elsewhere_may_have_been_meant(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "")
        with pytest.raises(ConfigError, match=f"{name} is set, and empty"):
            load_settings()

    def test_everything_lies_in_the_data_directory_when_nothing_else_is_said(self, tmp_path: Path) -> None:
        settings = load_settings(data_dir=tmp_path / "my data")
        assert settings.warehouse_url == f"duckdb://{tmp_path}/my data/warehouse.duckdb"
        assert settings.database_url == f"sqlite:///{tmp_path}/my data/state.sqlite"
        assert settings.bucket_url == f"file://{tmp_path}/my%20data"

    def test_reading_the_settings_makes_no_file(self, tmp_path: Path) -> None:
        effective(load_settings(), {})
        assert list(tmp_path.iterdir()) == []

    def test_a_place_that_is_named_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIPOFF_WAREHOUSE", "duckdb:///elsewhere/w.duckdb")
        monkeypatch.setenv("TIPOFF_DATABASE", "postgresql+psycopg://h/d")
        monkeypatch.setenv("TIPOFF_BUCKET", "s3://b")
        settings = load_settings()
        assert (settings.warehouse_url, settings.database_url, settings.bucket_url) == (
            "duckdb:///elsewhere/w.duckdb",
            "postgresql+psycopg://h/d",
            "s3://b",
        )

    @pytest.mark.parametrize("name", ["warehouse", "bucket"])
    def test_a_place_that_follows_from_the_data_directory_is_shown(self, name: str) -> None:
        assert "tipoff-data" in _shown(name)


class TestRefusals:
    @pytest.mark.parametrize(
        "name", ["TIPOFF_PROT", "TIPOFF_ODDS_KEY", "TIPOFF_", "TIPOFF_TRESHOLDS__EDGE_POINTS", "TIPOFF_PORT__X", "Tipoff_Prot"]
    )
    def test_a_misspelt_variable_is_refused_by_its_name(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "1")
        with pytest.raises(ConfigError, match=f"^{name} is not a setting") as refused:
            load_settings()
        assert "tipoff config" in refused.value.hint

    def test_a_misspelt_threshold_in_the_environment_is_refused_by_its_path(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIPOFF_THRESHOLDS__EDGE_POINT", "1")
        with pytest.raises(ConfigError, match=r"thresholds\.edge_point: "):
            load_settings()

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("prot = 1", "prot"),
            ('port = "x"', "port"),
            ("port = 65536", "port"),
            ("port = 3.5", "port"),
            ('league = "wnba"', "league"),
            ('books = "fanduel"', "books"),
            ("books = [1]", "books.0"),
            ("thresholds = 3", "thresholds"),
            ("[thresholds]\nedge_points = -1", "thresholds.edge_points"),
            ("[thresholds]\nlevel_points = 0", "thresholds.level_points"),
            ("[thresholds]\nedge_point = 1", "thresholds.edge_point"),
            ("[threshold]\nedge_points = 1", "threshold"),
        ],
    )
    def test_what_does_not_fit_in_the_file_is_named_by_its_path(self, text: str, path: str) -> None:
        _file(text)
        with pytest.raises(ConfigError, match=rf"does not fit: {path}: \S"):
            load_settings()

    def test_all_that_does_not_fit_is_named_at_once(self) -> None:
        _file('port = "x"\nleague = "wnba"\n[thresholds]\nmin_minutes = -1')
        with pytest.raises(ConfigError) as refused:
            load_settings()
        assert all(name in refused.value.message for name in ("port: ", "league: ", "thresholds.min_minutes: "))

    @pytest.mark.parametrize(("name", "value"), [("TIPOFF_BOOKS", "draftkings,fanduel"), ("TIPOFF_THRESHOLDS", "edge_points=1")])
    def test_a_list_that_is_not_json_is_refused_by_name(self, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(ConfigError, match=name.removeprefix("TIPOFF_").lower()) as refused:
            load_settings()
        assert '["a", "b"]' in refused.value.hint

    def test_a_flag_that_does_not_fit_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="league: "):
            load_settings(league="wnba")

    def test_real_sources_are_never_asked_without_a_pause(self) -> None:
        with pytest.raises(ConfigError, match=r"source_pace: .*practice league alone"):
            load_settings(source_pace=0.0)
        assert load_settings(source_pace=0.5).source_pace == 0.5
        assert load_settings(league="practice", source_pace=0.0).source_pace == 0.0

    def test_a_clock_file_is_refused_in_the_real_league(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"clock_file: .*practice league alone"):
            load_settings(clock_file=tmp_path / "clock")
        sneaked_in = load_settings().model_copy(update={"clock_file": tmp_path / "clock"})
        with pytest.raises(ConfigError, match="practice league alone"):
            clock_of(sneaked_in)

    def test_a_flag_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="prot: "):
            load_settings(prot=1)

    @pytest.mark.parametrize("body", [b"port = ", b"port: 1", b"[thresholds", b"port = 1 # \xff", b"port = 1\nport = 2"])
    def test_a_file_that_is_not_toml_is_refused(self, body: bytes) -> None:
        Path("tipoff.toml").write_bytes(body)
        with pytest.raises(ConfigError, match=r"tipoff\.toml is not TOML: \S") as refused:
            load_settings()
        assert refused.value.hint

    def test_the_line_that_is_not_toml_is_named(self) -> None:
        _file("port = 1\n\nleague nba\n")
        with pytest.raises(ConfigError, match="line 3"):
            load_settings()


class TestSecrets:
    @pytest.mark.parametrize("name", SECRETS)
    def test_a_secret_in_the_file_is_refused_without_being_told(self, name: str) -> None:
        _file(f'{name} = "{KEY}"')
        with pytest.raises(ConfigError, match=f"^{name} stands in tipoff.toml") as refused:
            load_settings()
        assert f"TIPOFF_{name.upper()}" in refused.value.hint
        assert KEY not in str(refused.value)

    def test_the_secrets_are_the_fields_that_hide_themselves(self) -> None:
        assert set(SECRETS) == {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}

    def test_no_secret_is_shown_in_any_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIPOFF_ODDS_API_KEY", KEY)
        monkeypatch.setenv("TIPOFF_DATABASE", f"postgresql://u:{PASSWORD}@h/state")
        monkeypatch.setenv("TIPOFF_WAREHOUSE", f"postgresql://u:{PASSWORD}@h/w")
        monkeypatch.setenv("TIPOFF_BUCKET", f"s3://id:{PASSWORD}@bucket")
        settings = load_settings()
        rows = effective(settings, {})
        for text in (
            repr(settings),
            str(settings),
            f"{settings}",
            repr(rows),
            "".join(f"{row.name} {row.value} {row.origin}" for row in rows),
        ):
            assert KEY not in text
            assert PASSWORD not in text

    def test_a_secret_that_is_set_can_be_told_from_one_that_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert _shown("odds_api_key") == ""
        monkeypatch.setenv("TIPOFF_ODDS_API_KEY", KEY)
        assert _shown("odds_api_key") == "******"

    def test_a_secret_can_still_be_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIPOFF_ODDS_API_KEY", KEY)
        monkeypatch.setenv("TIPOFF_DATABASE", f"postgresql://u:{PASSWORD}@h/state")
        settings = load_settings()
        assert settings.odds_api_key is not None
        assert settings.odds_api_key.get_secret_value() == KEY
        assert settings.database_url == f"postgresql+psycopg://u:{PASSWORD}@h/state"

    def test_a_value_that_does_not_fit_is_not_repeated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIPOFF_PORT", KEY)
        with pytest.raises(ConfigError) as refused:
            load_settings()
        assert KEY not in str(refused.value)


class TestMaskedUrls:
    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("postgresql://u:hunter2@h:5432/d", "postgresql://u:******@h:5432/d"),
            ("postgresql+psycopg://u:hun@ter2@h/d", "postgresql+psycopg://u:******@h/d"),
            ("postgresql://u:hun:ter2@h/d", "postgresql://u:******@h/d"),
            ("postgresql://:hunter2@h/d", "postgresql://:******@h/d"),
            ("postgresql://h/d?user=u&password=hunter2", "postgresql://h/d?user=u&password=******"),
            ("postgresql://u:hunter2@h/d?sslPassword=hunter2&x=1", "postgresql://u:******@h/d?sslPassword=******&x=1"),
            ("s3://b?aws_secret_access_key=hunter2#f", "s3://b?aws_secret_access_key=******#f"),
            ("https://h/v4?apiKey=hunter2", "https://h/v4?apiKey=******"),
        ],
    )
    def test_a_password_is_struck_out_of_a_url(self, url: str, shown: str) -> None:
        assert mask_url(url) == shown

    @pytest.mark.parametrize(
        "url", ["", "x", "duckdb:///a/b", "postgresql://u@h/d", "bigquery://project", "file:///my%20data", "https://h:80/p?q=1", "a:b@c"]
    )
    def test_a_url_without_one_stays_as_it_is(self, url: str) -> None:
        assert mask_url(url) == url

    # 'q' stands nowhere else in the URL, so that any part of the password would be seen.
    @given(st.text("q:@/?&=#%", min_size=1, max_size=12).filter(lambda text: "q" in text))
    @example("q@q")
    @example("q/q?q")
    def test_whatever_the_password_none_of_it_is_shown(self, password: str) -> None:
        assert "q" not in mask_url(f"postgres://u:{password}@h/d")
