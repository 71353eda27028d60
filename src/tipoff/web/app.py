"""The web application: pages and documents, read-only, out of one bucket; and, where it is given one, the control API.

Knows HTTP. It must never open the warehouse, nor run a phase.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from obstore.store import ObjectStore
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from tipoff.clock import Clock
from tipoff.errors import BadInput, ConfigError, StorageError, TipoffError
from tipoff.web import problems, vega
from tipoff.web.fleet import FleetPages
from tipoff.web.lines import LinePages
from tipoff.web.pages import Pages, query_of
from tipoff.web.player import PlayerPages
from tipoff.web.published import FIRST_DAY, LAST_DAY, Published
from tipoff.web.record import RecordPages
from tipoff.web.reference import calls, openapi
from tipoff.web.rendering import Made, Rendering
from tipoff.web.reports import ReportPages
from tipoff.web.slate_rows import asked_of

if TYPE_CHECKING:
    from tipoff.web.control import Control

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "; ".join(
        f"{what} {who}"
        for what, who in (
            ("default-src", "'none'"),
            ("script-src", "'self'"),
            ("style-src", "'self'"),
            ("img-src", "'self'"),
            ("connect-src", "'self'"),
            ("base-uri", "'none'"),
            ("form-action", "'self'"),
            ("frame-ancestors", "'none'"),
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LIVE, FINAL = "public, max-age=60", "public, max-age=86400"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_LOOKUP = re.compile(r"[a-z0-9]{1,80}")
_METHODS = ["GET", "HEAD"]
_SMALL = 1024
"""Bytes up to which nothing is compressed."""


def create_app(bucket: ObjectStore, *, clock: Clock, control: Control | None = None) -> FastAPI:
    """The application over a bucket's published documents; `clock` tells the age of the data. With `control` also the calls of the API."""
    app = FastAPI(title="Tipoff", docs_url=None, redoc_url=None, openapi_url=None)
    published = Published(bucket)
    rendering = Rendering()
    rendering.add(actions="none" if control is None else "on" if control.token.is_set else "off")
    pages = Pages(published, clock, rendering)
    app.add_middleware(GZipMiddleware, minimum_size=_SMALL, compresslevel=6)
    _add_vega(app)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.middleware("http")(_with_headers)
    calls = _add_api(app, pages, control) if control is not None else frozenset()
    _add_pipeline(app, published, rendering, clock, control)
    _add_pages(app, pages)
    _add_record(app, RecordPages(published, rendering))
    _add_fleet(app, FleetPages(published, rendering))
    _add_reports(app, ReportPages(published, rendering))
    _add_lines(app, LinePages(published, clock, rendering))
    _add_players(app, PlayerPages(published, clock, rendering))
    _add_documents(app, published)
    _add_errors(app, pages, calls)
    return app


def _add_api(app: FastAPI, pages: Pages, control: Control) -> frozenset[str]:
    """The calls, their document and their page; the calls' paths."""
    from tipoff.web.control import add_control  # brings the engine along, which pages alone do without

    document = openapi(add_control(app, control).routes)
    page = pages.reference(calls=calls(document), kinds=problems.ALL, token_set=control.token.is_set)

    @app.api_route("/openapi.json", methods=_METHODS)
    def as_openapi() -> JSONResponse:
        return JSONResponse(document)

    @app.api_route("/docs", methods=_METHODS)
    def docs(request: Request) -> Response:
        return _page(request, page)

    return frozenset(document["paths"])


def _add_vega(app: FastAPI) -> None:
    @app.get("/static/vega.js", include_in_schema=False)
    def vega_script(request: Request) -> Response:
        body, headers = vega.script(), {"Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
        return Response(body, media_type="text/javascript", headers=headers)


async def _with_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.update(HEADERS)
    if request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = FINAL if "v" in request.query_params else LIVE
    return response


def _add_pages(app: FastAPI, pages: Pages) -> None:
    @app.api_route("/", methods=_METHODS)
    def latest(request: Request) -> Response:
        return _page(request, pages.tonight(None, asked_of(request.query_params)))

    @app.api_route("/tonight/{day}.csv", methods=_METHODS)
    def as_csv(request: Request, day: str) -> Response:
        text = pages.csv(_date(day), asked_of(request.query_params))
        if text is None:
            raise HTTPException(404)
        name = f'attachment; filename="tonight-{_date(day)}.csv"'
        return Response(text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name, "Cache-Control": "no-cache"})

    @app.api_route("/tonight/{day}", methods=_METHODS)
    def tonight(request: Request, day: str) -> Response:
        asked = asked_of(request.query_params)
        response = _page(request, pages.tonight(_date(day), asked))
        if "hx-request" in request.headers:
            response.headers["HX-Push-Url"] = f"/tonight/{_date(day)}{query_of(asked)}"  # only the fields that ask for something
        return response

    @app.api_route("/tonight/{day}/players/{lookup}", methods=_METHODS)
    def inside(request: Request, day: str, lookup: str) -> Response:
        return _page(request, pages.inside(_date(day), lookup))

    @app.api_route("/health", methods=_METHODS)
    def health() -> dict[str, str]:
        return {"status": "alive"}


def _add_pipeline(app: FastAPI, published: Published, rendering: Rendering, clock: Clock, control: Control | None) -> None:
    from tipoff.web.pipeline import Pipeline, changes

    if control is None:

        @app.api_route("/pipeline", methods=_METHODS)
        def apart(request: Request) -> Response:
            return _page(request, rendering.page("pipeline_apart.html", "pipeline"))

        return
    house = control.desk.house
    pipeline = Pipeline(house.state, clock, house.settings, published, rendering)

    def shown(request: Request, day: date) -> Response:
        return _page(request, pipeline.page(day, open_to_look=control.open_to_look, token_set=control.token.is_set))

    @app.api_route("/pipeline", methods=_METHODS)
    def today(request: Request) -> Response:
        return shown(request, pipeline.today())

    @app.api_route("/pipeline/{day}", methods=_METHODS)
    def of_day(request: Request, day: str) -> Response:
        return shown(request, _date(day))

    @app.get("/pipeline/{day}/board")
    def board(request: Request, day: str) -> Response:
        return control.unseen(request) or HTMLResponse(pipeline.board(_date(day)), headers={"Cache-Control": "no-store"})

    @app.get("/pipeline/{day}/events")
    def events(request: Request, day: str) -> Response:
        """Server-sent events: `changed`, with the board's tag, whenever it is another one."""
        return control.unseen(request) or changes(pipeline, _date(day), getattr(app.state, "ending", lambda: False))


def _add_record(app: FastAPI, pages: RecordPages) -> None:
    @app.api_route("/record", methods=_METHODS)
    def record(request: Request, system: str | None = None) -> Response:
        return _page(request, pages.page(_named(system)))


def _add_fleet(app: FastAPI, pages: FleetPages) -> None:
    @app.api_route("/fleet", methods=_METHODS)
    def fleet(request: Request, alike: str | None = None) -> Response:
        return _page(request, pages.page(_named(alike)))


def _add_reports(app: FastAPI, pages: ReportPages) -> None:
    @app.api_route("/reports", methods=_METHODS)
    def reports(request: Request) -> Response:
        return _page(request, pages.listed())

    @app.api_route("/reports/backtests/{name}", methods=_METHODS)
    def backtest(request: Request, name: str) -> Response:
        return _page(request, pages.backtest(_name(name)))

    @app.api_route("/reports/findings/{name}", methods=_METHODS)
    def finding(request: Request, name: str) -> Response:
        return _page(request, pages.finding(_name(name)))

    @app.api_route("/reports/compare", methods=_METHODS)
    def compare(request: Request, a: str | None = None, b: str | None = None) -> Response:
        return _page(request, pages.compared(_named(a), _named(b)))


def _add_lines(app: FastAPI, pages: LinePages) -> None:
    @app.api_route("/lines", methods=_METHODS)
    def latest_lines(request: Request) -> Response:
        return _page(request, pages.lines(None))

    @app.api_route("/lines/{day}", methods=_METHODS)
    def lines(request: Request, day: str) -> Response:
        return _page(request, pages.lines(_date(day)))

    @app.api_route("/lines/{day}/{player_lookup}", methods=_METHODS)
    def movement(request: Request, day: str, player_lookup: str) -> Response:
        part = request.headers.get("hx-request") == "true"
        response = _page(request, pages.movement(_date(day), _lookup(player_lookup), part=part))
        response.headers["Vary"] = "Accept-Encoding, HX-Request"
        return response


def _add_players(app: FastAPI, pages: PlayerPages) -> None:
    @app.api_route("/players", methods=_METHODS)
    def players(request: Request, q: str = "") -> Response:
        return _page(request, pages.players(q[:100]))

    @app.api_route("/player/{player_lookup}", methods=_METHODS)
    def player(request: Request, player_lookup: str) -> Response:
        lookup = _lookup(player_lookup)
        page = pages.player(lookup)
        if page is None:
            return HTMLResponse(pages.nobody(lookup), status_code=404)
        return _page(request, page)


def _add_documents(app: FastAPI, published: Published) -> None:
    @app.api_route("/v1/{path:path}", methods=_METHODS)
    def document(request: Request, path: str) -> Response:
        body = published.body(f"v1/{path}")
        if body is None:
            raise HTTPException(404)
        cache = FINAL if published.is_final(f"v1/{path}", body) else LIVE
        return _sent(request, body.content, body.packed, body.tag, "application/json", cache)


def _add_errors(app: FastAPI, pages: Pages, calls: Collection[str]) -> None:
    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if request.url.path in calls:
            allowed = (error.headers or {}).get("Allow", "")
            return problems.refused(error.status_code, f"{request.method} is not how this is asked; {allowed} is.", error.headers)
        if request.url.path.startswith("/v1/"):
            if error.status_code == 405:
                return _problem(405, "Documents are only read.", "`tipoff publish DATE` publishes a date's documents.", error.headers)
            return _problem(error.status_code, "There is no such document.", "`tipoff publish DATE` publishes a date's documents.")
        if calls and request.method not in _METHODS:
            return problems.refused(error.status_code, "There is no such call.", error.headers)
        return HTMLResponse(pages.missing(error.status_code), status_code=error.status_code, headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    def broken(_request: Request, _error: Exception) -> Response:
        """A defect of ours; uvicorn logs it. This answer does not pass the middleware, so it takes the headers along."""
        return HTMLResponse(pages.missing(500), status_code=500, headers=HEADERS)

    @app.exception_handler(ConfigError)
    @app.exception_handler(StorageError)
    def out_of_reach(request: Request, error: TipoffError) -> Response:
        """The bucket does not answer, or not so: that is told. What is old is not shown in its place: a halt may stand in what is new."""
        headers = {"Retry-After": str(problems.AGAIN_SECONDS), "Cache-Control": "no-store"}
        if request.url.path.startswith("/v1/"):
            return _problem(503, "The documents are out of reach.", error.message, headers)
        return HTMLResponse(pages.out_of_reach(error.message), status_code=503, headers=headers)

    @app.exception_handler(BadInput)
    def unreadable(_request: Request, error: BadInput) -> Response:
        return HTMLResponse(pages.unreadable(error.message), status_code=500)


def _problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    said = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    return JSONResponse(said, status, headers, media_type="application/problem+json")


def _page(request: Request, made: Made | str | None) -> Response:
    if made is None:
        raise HTTPException(404)
    if isinstance(made, str):
        made = Made.of(made)
    return _sent(request, made.body, made.packed, made.tag, "text/html; charset=utf-8", "no-cache")


def _sent(request: Request, body: bytes, packed: bytes, tag: str, media_type: str, cache: str) -> Response:
    """Bytes as the reader takes them: nothing where he holds them already, gzipped where he says that he can."""
    headers = {"ETag": f'W/"{tag}"', "Cache-Control": cache, "Vary": "Accept-Encoding"}
    if _matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if len(body) > _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(body, media_type=media_type, headers=headers)


def _matches(request: Request, tag: str) -> bool:
    """Whether the reader holds this very content already."""
    offered = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    return "*" in offered or tag in offered or tag.removeprefix("W/") in offered


def _named(text: str | None) -> str | None:
    """The same of a name that may be left out."""
    return None if text is None else _name(text)


def _lookup(text: str) -> str:
    """A player's lookup out of an address; anything else is a page that does not exist (F61)."""
    if _LOOKUP.fullmatch(text):
        return text
    raise HTTPException(404)


def _name(text: str) -> str:
    """A name out of an address, as systems and reports have them; anything else is a page that does not exist (F61)."""
    if _NAME.fullmatch(text):
        return text
    raise HTTPException(404)


def _date(text: str) -> date:
    """A date out of an address; anything else is a page that does not exist (F61)."""
    try:
        if _DATE.fullmatch(text) and FIRST_DAY <= (found := date.fromisoformat(text)) <= LAST_DAY:
            return found
    except ValueError:
        pass
    raise HTTPException(404)
