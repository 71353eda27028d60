"""Commands that mend: `quarantine list|show|replay`, `names unresolved|resolve|list`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, progress, settings_of

if TYPE_CHECKING:
    from tipoff.flow.house import House
    from tipoff.load.counts import Counts

SHOWN, SHORT_ID = 40, 12

quarantine = typer.Typer(name="quarantine", help="What was set apart, why, and loading it again.", no_args_is_help=True)
names = typer.Typer(name="names", help="Names that lead to nobody, and who is meant by them.", no_args_is_help=True)


@quarantine.command(name="list")
def list_(
    rule: Annotated[str | None, typer.Option("--rule", help="Only what broke this rule.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only documents of this source.")] = None,
    day: Annotated[str | None, typer.Option("--date", help="Only documents of this game day.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what has loaded since.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """What is set apart and waits: by rule and source, then row by row, newest first."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.load.evidence import set_apart_rows
    from tipoff.load.rules import rule_named
    from tipoff.store import open_warehouse

    settings = settings_of(data_dir)
    wanted = resolve_date(day, clock_of(settings)) if day else None
    with open_warehouse(settings).reading() as work:
        rows = set_apart_rows(work, rule=rule, source=source, day=wanted, replayed=everything)
    groups = _groups(rows)
    if json:
        print_json({"groups": groups, "rows": rows})
        return
    if not rows:
        print_line("Nothing is set apart." if not (rule or source or day) else "Nothing of that is set apart.")
        return
    shown = [
        (group["rule"], group["source"], group["rows"], group["documents"], _minute(group["newest"]), rule_named(group["rule"]).meaning)
        for group in groups
    ]
    print_table(f"Set apart: {len(rows):,}", ("rule", "source", "rows", "documents", "newest", "meaning"), shown, numeric=(2, 3))
    print_table(
        "Newest first",
        ("payload", "place", "rule", "what stood there", "seen first", "loaded"),
        [
            (row["payload_id"][:SHORT_ID], plain(row["path"]), row["rule"], plain(row["value"]), *map(_minute, _moments(row)))
            for row in rows[:SHOWN]
        ],
    )
    if len(rows) > SHOWN:
        print_line(f"… and {len(rows) - SHOWN:,} more: `--json` lists all.")
    print_line("`tipoff quarantine show PAYLOAD:PLACE` shows one in its document; `tipoff quarantine replay` loads them again.")


def _moments(row: dict[str, Any]) -> tuple[Any, Any]:
    return row["first_seen"], row["replayed_at"]


def _groups(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Counts by rule and source, those with the newest row first."""
    counted = Counter((row["rule"], row["source"]) for row in rows)
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    documents: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        newest.setdefault((row["rule"], row["source"]), row)
        documents.setdefault((row["rule"], row["source"]), set()).add(row["payload_id"])
    return [
        {"rule": key[0], "source": key[1], "rows": counted[key], "documents": len(documents[key]), "newest": row["first_seen"]}
        for key, row in newest.items()
    ]


@quarantine.command()
def show(
    place: Annotated[str, typer.Argument(help="A payload, or one place in it; the beginning of an id will do.", metavar="PAYLOAD[:PATH]")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """One document's rows in quarantine: what stands there, the rule that it broke, and what to do about it."""
    from tipoff.errors import BadInput
    from tipoff.load.evidence import payload_named, what_stands_at
    from tipoff.load.rules import rule_named
    from tipoff.store import open_warehouse
    from tipoff.store.payloads import Vault, open_bucket

    settings = settings_of(data_dir)
    prefix, _, path = place.partition(":")
    with open_warehouse(settings).reading() as work:
        payload = payload_named(work, prefix)
        apart = work.table("raw.quarantine")
        apart = apart.filter(apart.payload_id == payload["payload_id"])
        rows = work.fetch((apart.filter(apart.path == path) if path else apart).order_by("path")).to_pylist()
        arrivals = work.fetch(work.as_of("raw.arrivals", payload_id=payload["payload_id"])).to_pylist()
    if path and not rows:
        raise BadInput(f"Nothing is set apart at {path!r} of {prefix}.", hint=f"`tipoff quarantine show {prefix}` lists its places.")
    body = Vault(open_bucket(settings.bucket_url)).get(payload["payload_id"])
    told = [
        {
            "path": row["path"],
            "rule": row["rule"],
            "meaning": rule_named(row["rule"]).meaning,
            "next_step": rule_named(row["rule"]).next_step,
            "value": row["value"],
            "stands_there": what_stands_at(body, row["path"]),
            "first_seen": row["first_seen"],
            "replayed_at": row["replayed_at"],
        }
        for row in rows[: 1 if path else SHOWN]
    ]
    if json:
        print_json({"payload": payload, "arrivals": arrivals, "set_apart": len(rows), "places": told})
        return
    about = ("payload_id", "source", "kind", "game_date", "event_id", "snapshot_at", "url", "bytes", "path")
    print_table("The document", ("", ""), [(name, plain(str(payload[name]))) for name in about if payload[name] is not None])
    print_table(
        "Arrived", ("when", "as", "for", "status"), [(row["arrived"], row["feed"], row["game_date"], row["status"]) for row in arrivals]
    )
    for one in told:
        loaded = f"  (loaded {_minute(one['replayed_at'])})" if one["replayed_at"] else ""
        print_line(f"{plain(one['path'])}  {one['rule']}{loaded}")
        print_line(f"  stands there: {plain(one['stands_there'])}")
        print_line(f"  {one['meaning']}")
        print_line(f"  -> {one['next_step']}")
    if len(rows) > len(told):
        print_line(f"… and {len(rows) - len(told):,} more places in it.")
    if not rows:
        print_line("Nothing of it is set apart.")


@quarantine.command()
def replay(
    payloads: Annotated[list[str] | None, typer.Argument(help="Only these; the beginning of an id will do.", metavar="[PAYLOAD…]")] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only documents with rows that broke this rule.")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Load documents with rows in quarantine again, out of the vault. What is still bad stays, with its reason; again is harmless."""
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.load.evidence import payload_named

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        with house.warehouse.reading() as work:
            wanted = [payload_named(work, prefix)["payload_id"] for prefix in payloads] if payloads else None
        counts = _replayed(house, wanted, rule or None, quiet=json)
    if json:
        print_json(counts.as_dict())
        return
    _print_replayed(counts)


def _replayed(house: House, payload_ids: Sequence[str] | None, rules: Sequence[str] | None, *, quiet: bool) -> Counts:
    from tipoff.load.replay import replay as again

    with progress(quiet) as announce, house.state.phase(house.run_id, "replay", None) as recorded:
        tick = announce("replay", None)
        counts = again(
            house.warehouse,
            house.vault,
            payload_ids=payload_ids,
            rules=rules,
            seen_at=house.clock.now(),
            run_id=house.run_id,
            progress=tick,
        )
        recorded.counts = counts.as_dict()
    return counts


def _print_replayed(counts: Counts) -> None:
    if counts.documents:
        print_line(
            f"{counts.documents:,} documents were loaded again: {counts.mended:,} rows left the quarantine, {counts.inserted:,} are new, "
            f"{counts.updated:,} changed."
        )
    else:
        print_line("No document waits.")
    if counts.set_apart:
        told = ", ".join(f"{rule} {number:,}" for rule, number in sorted(counts.set_apart.items()))
        print_line(f"Still set apart: {told}.")


@names.command()
def unresolved(data_dir: DataDir = None, json: AsJson = False) -> None:
    """Names that lead to nobody, or to two people: where they were met, who it might be, and how many rows wait."""
    from tipoff.load.spellings import waiting_names
    from tipoff.store import open_warehouse

    with open_warehouse(settings_of(data_dir)).reading() as work:
        rows = waiting_names(work)
    if json:
        print_json(rows)
        return
    if not rows:
        print_line("Every name leads to somebody.")
        return
    shown = [
        (plain(row["name"]), row["game_id"], row["source"], row["candidates"] or "-", row["rows_waiting"], _minute(row["first_seen"]))
        for row in rows[:SHOWN]
    ]
    columns = ("name", "game", "source", "perhaps", "rows waiting", "since")
    print_table(f"Names that lead to nobody: {len(rows):,}", columns, shown, numeric=(4,))
    if len(rows) > SHOWN:
        print_line(f"… and {len(rows) - SHOWN:,} more: `--json` lists all.")
    print_line("`tipoff names resolve NAME PLAYER` says who is meant; with --new instead of a player, that he is somebody new.")


@names.command()
def resolve(
    name: Annotated[str, typer.Argument(help="The name as it was printed.")],
    player: Annotated[str | None, typer.Argument(help="The player meant: his name, or its normalised form.")] = None,
    new: Annotated[bool, typer.Option("--new", help="He is somebody new: put him on record under this name.")] = False,
    team: Annotated[str | None, typer.Option("--team", help="The team for which it holds (default: where the name waits).")] = None,
    season: Annotated[str | None, typer.Option("--season", help="The season, such as 2025-26 (default: where it waits).")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Say who is meant by a name, and load the rows that wait for it. Rows that come later load as well."""
    from dataclasses import asdict

    from tipoff.config import clock_of
    from tipoff.errors import BadInput
    from tipoff.flow.house import open_house
    from tipoff.load.spellings import make_known, payloads_with, say_who

    if new == (player is not None):
        raise BadInput("Give either a player or --new.", hint="`tipoff names unresolved` shows who it might be.")
    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        with house.warehouse.writing(house.run_id) as work:
            said = make_known(work, name, team=team) if player is None else say_who(work, name, player, team=team, season=season)
        with house.warehouse.reading() as work:
            waiting = payloads_with(work, name)
        counts = _replayed(house, waiting, ("unresolved_name",), quiet=json)
    if json:
        print_json({"said": asdict(said), **counts.as_dict()})
        return
    held = ", ".join(f"{side} {year}" for side, year in said.holds_for)
    print_line(f"{plain(name)} is {said.player_lookup}{f' ({held})' if held else ', and on record from now on'}.")
    _print_replayed(counts)


@names.command(name="list")
def spellings(
    player: Annotated[str, typer.Argument(help="A player: his name, or its normalised form.")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """A player's spellings, each with the team and season for which it holds, and how it is known."""
    from tipoff.load.spellings import spellings_of
    from tipoff.store import open_warehouse

    with open_warehouse(settings_of(data_dir)).reading() as work:
        rows = spellings_of(work, player)
    if json:
        print_json(rows)
        return
    shown = [(row["alias"], row["team"], row["season"], row["origin"]) for row in rows]
    print_table(plain(rows[0]["name"] or rows[0]["alias"]), ("spelling", "team", "season", "known by"), shown)


def plain(text: str) -> str:
    """Text from outside for a terminal: whatever does not print is escaped, so that it can neither move the cursor nor hide."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _minute(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z" if moment else "-"
