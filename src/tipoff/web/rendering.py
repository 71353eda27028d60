"""Templates and what they share: filters, the assets' version, the sections of the site, and the last few pages that were made.

In: a template's name and its values. Out: text, everything in it escaped. It must never know a document, nor HTTP.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tipoff.web import vega, words
from tipoff.web.latest import Latest

STATIC = Path(__file__).parent / "static"
SECTIONS = (
    ("tonight", "/", "Tonight"),
    ("lines", "/lines", "Lines"),
    ("players", "/players", "Players"),
    ("record", "/record", "Record"),
    ("fleet", "/fleet", "Fleet"),
    ("pipeline", "/pipeline", "Pipeline"),
    ("reports", "/reports", "Reports"),
)
"""Key, address and name of each section, as the top of every page has them."""
_KEPT = 128
_LEVEL = 6
_WORDS = (
    "points", "line", "whole", "signed", "moved", "percent", "gain", "share", "price", "long_date", "short_date", "eastern", "on_the_day",
    "iso", "team", "reason", "call", "feature", "lacking",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A page as it is sent: its bytes, plain and gzipped, and a digest of them."""

    body: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, text: str) -> Made:
        """The page of a text."""
        body = text.encode()
        return cls(body, gzip.compress(body, _LEVEL, mtime=0), hashlib.sha256(body).hexdigest()[:32])


class Rendering:
    """Renders templates and keeps the last few pages. Safe to share between threads."""

    def __init__(self) -> None:
        self._environment = _environment()
        self._kept: Latest[Made] = Latest(_KEPT)

    def page(self, template: str, here: str | None = None, **values: Any) -> str:
        """A page; `here` is the key of its section."""
        return self._environment.get_template(template).render(here=here, **values)

    def kept(self, place: tuple[Any, ...], version: tuple[Any, ...], make: Callable[[], str]) -> Made:
        """The page of a place, in a version: all that the page follows from. It is made if it is not at hand; while somebody else makes a
        newer one, the one before is given, so that a publication holds up one reader and not all of them."""
        return self._kept.get(place, version, lambda: Made.of(make()))[1]

    def add(self, **names: Any) -> None:
        """Names that templates may use beside the filters: a page's own functions."""
        self._environment.globals |= names


def _environment() -> Environment:
    made = Environment(loader=PackageLoader("tipoff.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {name: getattr(words, name) for name in _WORDS}
    made.filters |= {"breakable": breakable, "ticked": ticked}
    made.globals |= {"version": version(), "sections": SECTIONS, "vega": vega.RELEASE, "actions": "none"}
    return made


def version() -> str:
    """Changes with the style sheets and the scripts, so that a browser may keep them."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(STATIC.rglob("*.*")))).hexdigest()[:12]


def breakable(name: str) -> Markup:
    """A name, escaped, that may break after its underscores."""
    return Markup("_<wbr>").join(name.split("_"))


def ticked(text: str) -> Markup:
    """A sentence, escaped, in which what stands between back ticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    marked = [Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)]
    return Markup("").join(marked)
