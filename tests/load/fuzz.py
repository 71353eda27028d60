"""Documents of every source, spoilt at random: their trees, their texts, their bytes, their wrappers and the answers that they came in."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from load import wire
from tipoff.scrape.records import Payload
from tipoff.scrape.sources import SOURCES

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "recorded"
LARGEST = 60_000
"""Larger recorded documents teach nothing more, and cost their time in each of a thousand."""

Way = tuple[str | int, ...]
Spoil = Callable[[random.Random, bytes], bytes]

ODD: tuple[Any, ...] = (
    None,
    True,
    "",
    " ",
    "null",
    "NaN",
    -1,
    0,
    20.0,
    10**400,
    -1e308,
    1e308,
    float("nan"),
    float("inf"),
    "\x00",
    "\x1b[2J",
    "\ud800",
    "x" * 5000,
    "'; DROP TABLE raw.payloads; --",
    "渡邊雄太",
    "Luka Dončić",
    "2025-11-05T22:30:00",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    [],
    {},
    [[]],
    {"": {}},
    "basketball_practice",
    "player_assists",
)


@lru_cache(maxsize=1)
def seeds() -> tuple[bytes, ...]:
    """Sound documents of every source: made by hand, and recorded ones where they are."""
    night = [wire.points(wire.pair("Jayson Tatum", 27.5), wire.pair("Luka Dončić", 33.0)), wire.alternates(wire.pair("Jayson Tatum", 30.5))]
    odds = wire.event(wire.book("draftkings", *night, wire.totals()), wire.book("fanduel", wire.points(wire.pair("Nobody Special", 4.5))))
    made = [
        odds,
        [odds, wire.event(wire.book("betmgm", wire.totals()), event_id="e2", home="DEN", away="MIA")],
        wire.historical(odds),
        wire.event(event_id="empty"),
        wire.box(wire.HOME_MEN, wire.AWAY_MEN),
        wire.box(wire.HOME_MEN, wire.AWAY_MEN, status=2),
        wire.schedule(wire.scheduled(), wire.scheduled("0022500102", home="DEN", away="MIA", status=3, text="Final")),
        wire.injuries(("BOS", "Jaylen Brown", "Out"), ("LAL", "Nobody Special", "Day-To-Day"), ("MIA", "Bam Adebayo", "Out")),
        wire.plays(wire.shot(7, 1628369), wire.shot(9, 1627759, "J. Brown", area="Mid-Range"), wire.shot(11, 5, "N. Special")),
        wire.squad("BOS", ("Jayson Tatum", "1998-03-03"), ("Nobody Special", None)),
    ]
    found = [json.dumps(document, ensure_ascii=False).encode() for document in made]
    if RECORDED.is_dir():
        files = sorted(path for path in RECORDED.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)
        found += [path.read_bytes() for path in files if "LICENSE" not in path.name]
    return tuple(found)


def spoilt(seed: int) -> tuple[Payload, str | None]:
    """The payload of this number, spoilt up to four times over, and whose it is said to be."""
    chance = random.Random(seed)
    # The documents made by hand say most in few bytes: they come more often than the recorded ones.
    body = chance.choice(seeds()[:10] if chance.random() < 0.7 else seeds())
    for _ in range(chance.randrange(5)):
        body = chance.choice(SPOILS)(chance, body)
    fetched = datetime(2025, 11, 5, 20, tzinfo=UTC) + timedelta(minutes=chance.randrange(3000)) if chance.random() < 0.5 else None
    status = chance.choice((200, 200, 200, 204, 404)) if fetched else 0
    source = chance.choice((None, None, *SOURCES)) if chance.random() < 0.5 else None
    return Payload(body, f"fuzz {seed}", fetched, status), source


def _tree(change: Callable[[random.Random, Any, Way], Any]) -> Spoil:
    """A change at a random place of the document; bodies that are none go on as they are."""

    def spoil(chance: random.Random, body: bytes) -> bytes:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return body
        ways = _places(document)
        if not ways:
            return body
        changed = change(chance, document, chance.choice(ways))
        try:
            return json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass")
        except RecursionError:
            return body

    return spoil


def _places(node: Any, way: Way = (), depth: int = 0) -> list[Way]:
    if depth > 60:
        return []
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, value in children for place in [(*way, key), *_places(value, (*way, key), depth + 1)]]


def _holder(document: Any, way: Way) -> Any:
    for key in way[:-1]:
        document = document[key]
    return document


def _replace(chance: random.Random, document: Any, way: Way) -> Any:
    _holder(document, way)[way[-1]] = copy.deepcopy(chance.choice(ODD))
    return document


def _drop(_chance: random.Random, document: Any, way: Way) -> Any:
    del _holder(document, way)[way[-1]]
    return document


def _rename(chance: random.Random, document: Any, way: Way) -> Any:
    holder = _holder(document, way)
    if isinstance(holder, dict):
        holder[chance.choice(("price", "point", "Name", "", "data", "$.x[0]", "\n"))] = holder.pop(way[-1])
    return document


def _double(_chance: random.Random, document: Any, way: Way) -> Any:
    holder = _holder(document, way)
    if isinstance(holder, list):
        holder.insert(int(way[-1]), copy.deepcopy(holder[int(way[-1])]))
    return document


def _transplant(chance: random.Random, document: Any, way: Way) -> Any:
    _holder(document, way)[way[-1]] = copy.deepcopy(_at(document, chance.choice(_places(document))))
    return document


def _at(document: Any, way: Way) -> Any:
    for key in way:
        document = document[key]
    return document


def _bury(chance: random.Random, document: Any, way: Way) -> Any:
    value = _at(document, way)
    for _ in range(chance.choice((1, 3, 200))):
        value = [value] if chance.random() < 0.5 else {"data": value}
    _holder(document, way)[way[-1]] = value
    return document


def _nudge(chance: random.Random, document: Any, way: Way) -> Any:
    value = _at(document, way)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _holder(document, way)[way[-1]] = chance.choice((-value, value * 1e308, value + 0.1, str(value), [value]))
    return document


def _wrap(chance: random.Random, document: Any, _way: Way) -> Any:
    """Wrappers swapped: history's around what is none, or twice, or taken off; a list where one document is due."""
    if isinstance(document, dict) and "data" in document and chance.random() < 0.5:
        return document["data"]
    return chance.choice(([document], {"timestamp": "2025-11-05T22:00:00Z", "data": document}, {"game": document}, {"injuries": document}))


def _same_key_twice(chance: random.Random, body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    keys = ("price", "point", "key", "id", "points", "status")
    key = chance.choice(keys)
    return text.replace(f'"{key}":', f'"{key}": 7, "{key}":', 1).encode("utf-8", "replace")


def _truncate(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _flip(chance: random.Random, body: bytes) -> bytes:
    spoilt_body = bytearray(body)
    for _ in range(chance.choice((1, 3, 40))):
        if spoilt_body:
            spoilt_body[chance.randrange(len(spoilt_body))] ^= 1 << chance.randrange(8)
    return bytes(spoilt_body)


def _encode(chance: random.Random, body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    return text.encode(chance.choice(("utf-16", "utf-32", "latin-1", "utf-8-sig", "cp1252")), "replace")


def _raw(chance: random.Random, body: bytes) -> bytes:
    others = (b"", b"null", b"[" * 100_000, b"<html>502</html>", gzip.compress(body), gzip.compress(body)[:-20], body + body, b"\x00" * 64)
    return chance.choice(others)


SPOILS: tuple[Spoil, ...] = (
    *(_tree(change) for change in (_replace, _replace, _drop, _rename, _double, _transplant, _bury, _nudge, _nudge, _wrap)),
    _same_key_twice,
    _truncate,
    _flip,
    _encode,
    _raw,
)
