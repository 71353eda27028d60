"""What to ask of balldontlie. Its key goes into the authorization header (`scrape.access`), never into a request."""

from __future__ import annotations

from datetime import date

from tipoff.errors import BadInput
from tipoff.scrape.request import Request

SOURCE = "balldontlie"
_PAGE = 100


def box_scores(day: date) -> Request:
    """The box scores of all games of one New York day, in one document."""
    return Request(SOURCE, "box", "/v1/box_scores", (("date", day.isoformat()),), game_date=day)


def injuries(cursor: str = "") -> Request:
    """A page of the current injuries; each page gives the cursor of the next. Raises BadInput for what is no cursor."""
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 20):
        raise BadInput(f"{cursor[:80]!r} is no cursor of balldontlie.", hint="It is meta.next_cursor of the page before.")
    page = (("cursor", cursor),) if cursor else ()
    return Request(SOURCE, "injuries", "/v1/player_injuries", (("per_page", str(_PAGE)), *page))
