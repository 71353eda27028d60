"""The command that looks whether everything works: `doctor`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, busy, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.flow.finding import Finding, Said


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody but our own stores: no source, no channel.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Send a test message to every channel of alerts.")] = False,
    browser: Annotated[bool, typer.Option("--browser", help="Also start Chromium, which pictures of pages are taken with.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Use everything that the settings name, and tell of each fault what is wrong and what to do. No credit is spent.

    The exit status is not 0 where something is broken.
    """
    from tipoff.errors import TipoffError

    os.environ.setdefault("PGCONNECT_TIMEOUT", "10")  # a server that is not there is not waited for by the system's own patience
    with busy(json, "use everything"):
        findings = _examined(offline, send, browser, data_dir)
    faults = [one for one in findings if one.state == "fault"]
    if json:
        print_json({"all_right": not faults, "findings": [one.as_dict() for one in findings]})
    else:
        print_table(
            "What was looked at",
            ("what", "state", "time", "what came of it"),
            [(one.name, one.state.upper() if one.state == "fault" else one.state, f"{one.seconds:.2f} s", _told(one)) for one in findings],
            numeric=(2,),
        )
    if faults:
        raise TipoffError(f"Broken: {', '.join(one.name for one in faults)}.", hint="What to do stands beside each.")
    if not json:
        print_line("Nothing is broken.")


def _examined(offline: bool, send: bool, browser: bool, data_dir: DataDir) -> list[Finding]:
    from tipoff.config import clock_of
    from tipoff.errors import ConfigError
    from tipoff.flow.doctor import examine
    from tipoff.flow.finding import Finding, found

    try:
        settings = settings_of(data_dir)
        clock = clock_of(settings)
        clock.now()
    except ConfigError as error:
        return [Finding("settings", "fault", error.message, error.hint, 0.0)]
    findings = examine(settings, clock, offline=offline, send=send)
    return [*findings, found("browser", _check_browser, str)] if browser else findings


def _check_browser() -> Said:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from tipoff.flow.finding import Said
    from tipoff.web.screenshot import screenshot

    with TemporaryDirectory() as folder:
        picture = Path(folder) / "blank.png"
        screenshot("about:blank", picture, width=100, height=100)
        return Said(f"Chromium took a picture of {picture.stat().st_size:,} bytes")


def _told(one: Finding) -> str:
    return f"{one.detail}\n-> {one.advice}" if one.advice else one.detail
