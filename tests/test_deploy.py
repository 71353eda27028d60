"""The files of deployment name only what exists: commands, options, settings, files; and hold no secret, nor an address beyond loopback.

No container is started here. What of them can run without one does: the image's health check against a real server, uv's commands, the
units under systemd's own check.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import typer

from tipoff.cli import app
from tipoff.clock import SystemClock
from tipoff.config import SECRETS, Settings, load_settings
from tipoff.store.bucket import open_bucket
from web.serving import serving

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "deploy" / "example.env").read_text(encoding="utf-8")
NAMING = [ROOT / name for name in ("Dockerfile", "compose.yaml", "deploy/example.env", "docs/deploy.md", "docs/shared.md")] + UNITS
SETTINGS = {f"TIPOFF_{name.upper()}" for name in Settings.model_fields}
FILLED = {"PGPASSWORD": "0123456789", "AWS_ACCESS_KEY_ID": "tipoff", "AWS_SECRET_ACCESS_KEY": "0123456789"}


def parsed(words: list[str]) -> None:
    """Raises where these are no arguments of `tipoff`; nothing is run."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command, info_name="tipoff")
    while hasattr(command, "commands") and words:
        _, command, words = command.resolve_command(context, words)
    command.make_context("tipoff", words)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    yaml: Any = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return found


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose["services"].items() if service.get("image") == "tipoff"}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, each with what follows it on one line."""
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    return [(one.split()[0], one.partition(" ")[2]) for one in "\n".join(lines).replace("\\\n", " ").splitlines()]


@pytest.mark.parametrize("path", NAMING, ids=lambda path: path.name)
def test_every_variable_of_ours_that_is_named_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"TIPOFF_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8")))
    assert named <= SETTINGS


def test_every_command_in_the_page_on_deployment_is_one() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    named = {*re.findall(r"`tipoff ([a-z-]+)", text), *re.findall(r"bin/tipoff ([a-z-]+)", text), *re.findall(r"--args ([a-z-]+)", text)}
    named |= set(re.findall(r"run --rm worker ([a-z-]+)", text))
    assert {"doctor", "worker", "serve", "backup"} <= named
    for name in named:
        command: Any = typer.main.get_command(app)
        assert name in command.commands, name


def test_every_file_that_the_page_points_to_is_there() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert all((ROOT / "docs" / target).exists() for target in re.findall(r"\]\(([^)#:]+)\)", text))
    assert (ROOT / "deploy" / "example.env").exists()


class TestCompose:
    def test_its_services_are_what_the_shared_mode_needs(self, compose: dict[str, Any]) -> None:
        commands = {name: service["command"][0] for name, service in ours(compose).items()}
        assert commands == {"api": "serve", "worker": "worker"}
        assert compose["services"]["worker"]["deploy"]["replicas"] == 2
        assert int(compose["services"]["postgres"]["image"].partition(":")[2]) >= 17
        for service in compose["services"].values():
            assert set(service.get("depends_on", ())) <= set(compose["services"])
            for volume in service.get("volumes", ()):
                assert volume.partition(":")[0] in compose["volumes"]

    def test_its_commands_are_ours(self, compose: dict[str, Any]) -> None:
        for service in ours(compose).values():
            parsed(service["command"])

    def test_everything_listens_on_loopback_alone(self, compose: dict[str, Any]) -> None:
        ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
        assert len(ports) == 3
        assert all(port.startswith("127.0.0.1:") for port in ports)
        assert not any("network_mode" in service for service in compose["services"].values())

    def test_no_secret_stands_in_it(self, compose: dict[str, Any]) -> None:
        for service in compose["services"].values():
            for name, value in service.get("environment", {}).items():
                assert name not in {f"TIPOFF_{secret.upper()}" for secret in SECRETS if secret != "database"}
                if re.search("PASSWORD|SECRET|KEY|TOKEN", name) or re.search(r"://[^/]*:[^/]*@", value):
                    assert re.search(r"\$\{\w+(:\?[^}]*)?\}", value), name
        assert all(service["env_file"] == ".env" for service in ours(compose).values())

    def test_what_it_asks_of_the_environment_file_stands_in_the_example(self, compose: dict[str, Any]) -> None:
        asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
        assert asked <= set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))

    def test_its_environment_is_one_that_we_take(self, compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        for name in list(os.environ):
            if name.startswith("TIPOFF_"):
                monkeypatch.delenv(name)
        given = [line for line in EXAMPLE.splitlines() if "=" in line and not line.startswith("#")]
        environment = {**dict(line.split("=", 1) for line in given), **FILLED, **ours(compose)["worker"]["environment"]}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings = load_settings()
        assert settings.warehouse_url == "postgresql://tipoff@postgres/tipoff"
        assert settings.database_url == "postgresql+psycopg://tipoff@postgres/tipoff"
        open_bucket(settings.bucket_url)


class TestImage:
    def test_what_it_copies_is_there_and_is_sent_to_whoever_builds_it(self) -> None:
        kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        wanted = [line.removeprefix("!") for line in kept if line.startswith("!")]
        copied = [word for name, rest in instructions() if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]]
        assert {"uv.lock", "src"} <= set(copied)
        assert "*" in kept, "what is not named is left out"
        assert all((ROOT / name).exists() and any(fnmatch(name, one) for one in wanted) for name in copied)

    def test_it_runs_one_of_our_commands_as_a_user_of_its_own(self) -> None:
        found = dict(instructions())
        assert shlex.split(found["ENTRYPOINT"].strip("[]")) == ["tipoff"]
        parsed(shlex.split(found["CMD"].strip("[]")))
        names = [name for name, _ in instructions()]
        assert found["USER"] == "tipoff"
        assert names.index("USER") < names.index("ENTRYPOINT")
        assert "useradd" in DOCKERFILE.split("USER tipoff", maxsplit=1)[0]
        assert int(found["EXPOSE"]) == Settings.model_fields["port"].default

    def test_no_secret_stands_in_it(self) -> None:
        for name, rest in instructions():
            if name in ("ENV", "ARG"):
                assert not re.search("PASSWORD|SECRET|KEY|TOKEN", rest)

    def test_its_health_check_is_right_about_a_server_that_runs_and_one_that_is_away(self, tmp_path: Path) -> None:
        [check] = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
        words = [word.rstrip(",") for word in shlex.split(check.partition("CMD")[2].strip().strip("[]"))]
        assert words[:2] == ["python", "-c"]
        with serving(open_bucket(tmp_path.as_uri()), SystemClock().now()) as client:
            code = words[2].replace("8421", str(client.base_url.port))
            assert code != words[2]
            assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode != 0

    @pytest.mark.skipif((os.environ.get("UV") or shutil.which("uv")) is None, reason="uv is not on this machine")
    def test_uv_takes_its_commands_and_the_lock_file_as_they_are(self, tmp_path: Path) -> None:
        uv = str(os.environ.get("UV") or shutil.which("uv"))
        commands = [rest for name, rest in instructions() if name == "RUN" and rest.startswith("uv ")]
        assert len(commands) == 2
        for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, tmp_path)
        shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
        clean = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
        clean |= {"UV_PROJECT_ENVIRONMENT": str(tmp_path / "env"), "UV_PYTHON_DOWNLOADS": "never"}
        for command in commands:
            assert "--locked" in command
            words = [word for word in shlex.split(command)[1:] if word not in ("${EXTRAS}", "--no-cache")]
            done = subprocess.run(
                [uv, *words, "--extra", "pubsub", "--dry-run", "--offline"],
                cwd=tmp_path, env=clean, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr


def sections(path: Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, strict=True)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(path, encoding="utf-8")
    return found


@pytest.mark.parametrize("path", [path for path in UNITS if path.suffix == ".service"], ids=lambda path: path.name)
def test_a_unit_runs_one_of_our_commands_under_a_user_of_its_own(path: Path) -> None:
    service = sections(path)["Service"]
    line = service["ExecStart"].replace("$$(date -u +%%F)", "2026-01-14")
    words = shlex.split(line)
    if words[:2] == ["/bin/sh", "-c"]:
        words = shlex.split(words[2])[1:]
    assert words[0] == "/var/lib/tipoff/app/.venv/bin/tipoff"
    parsed(words[1:])
    assert service["User"] == "tipoff"
    assert any(words[-1].startswith(folder) for folder in service["ReadWritePaths"].split())
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("true", "strict")


def test_the_timer_starts_a_unit_that_is_there() -> None:
    timers = [path for path in UNITS if path.suffix == ".timer"]
    assert timers
    assert all(path.with_suffix(".service") in UNITS for path in timers)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_itself_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for path in UNITS:
        text = path.read_text(encoding="utf-8").replace("/var/lib/tipoff/app/.venv/bin/tipoff", sys.executable)
        (tmp_path / path.name.replace("@", "@1")).write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_the_image_serves_beyond_its_own_loopback_or_nobody_would_reach_it(compose: dict[str, Any]) -> None:
    assert "TIPOFF_HOST=0.0.0.0" in DOCKERFILE
    assert compose["services"]["api"]["ports"] == ["127.0.0.1:8421:8421"]
