"""The web application: pages and documents, read-only, out of one bucket; and, where it is given one, the control API.

Knows HTTP. It must never open the warehouse, nor run a phase.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, Collection
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
from tipoff.errors import BadInput
from tipoff.web import problems, vega
from tipoff.web.lines import LinePages
from tipoff.web.pages import Pages
from tipoff.web.player import PlayerPages
from tipoff.web.published import Published
from tipoff.web.reference import calls, openapi
from tipoff.web.rendering import Rendering

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
_LOOKUP = re.compile(r"[a-z0-9]{1,80}")
_METHODS = ["GET", "HEAD"]


def create_app(bucket: ObjectStore, *, clock: Clock, control: Control | None = None) -> FastAPI:
    """The application over a bucket's published documents; `clock` tells the age of the data. With `control` also the calls of the API."""
    app = FastAPI(title="Tipoff", docs_url=None, redoc_url=None, openapi_url=None)
    published = Published(bucket)
    rendering = Rendering()
    pages = Pages(published, clock, rendering)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    _add_vega(app)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.middleware("http")(_with_headers)
    calls = _add_api(app, pages, control) if control is not None else frozenset()
    _add_pages(app, pages)
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
        return _page(request, pages.tonight(None))

    @app.api_route("/tonight/{day}", methods=_METHODS)
    def tonight(request: Request, day: str) -> Response:
        return _page(request, pages.tonight(_date(day)))

    @app.api_route("/health", methods=_METHODS)
    def health() -> dict[str, str]:
        return {"status": "alive"}


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
        response.headers["Vary"] = "HX-Request"
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
        tag = f'W/"{body.tag}"'
        headers = {"ETag": tag, "Cache-Control": FINAL if published.is_final(f"v1/{path}", body) else LIVE}
        if _matches(request, tag):
            return Response(status_code=304, headers=headers)
        return Response(body.content, media_type="application/json", headers=headers)


def _add_errors(app: FastAPI, pages: Pages, calls: Collection[str]) -> None:
    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if request.url.path in calls:
            allowed = (error.headers or {}).get("Allow", "")
            return problems.refused(error.status_code, f"{request.method} is not how this is asked; {allowed} is.", error.headers)
        if request.url.path.startswith("/v1/"):
            return _problem(error.status_code, "There is no such document.", "`tipoff publish DATE` publishes a date's documents.")
        return HTMLResponse(pages.missing(error.status_code), status_code=error.status_code, headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    def broken(_request: Request, _error: Exception) -> Response:
        """A defect of ours; uvicorn logs it. This answer does not pass the middleware, so it takes the headers along."""
        return HTMLResponse(pages.missing(500), status_code=500, headers=HEADERS)

    @app.exception_handler(BadInput)
    def unreadable(_request: Request, error: BadInput) -> Response:
        return HTMLResponse(pages.unreadable(error.message), status_code=500)


def _problem(status: int, title: str, detail: str) -> Response:
    return JSONResponse(
        {"type": "about:blank", "status": status, "title": title, "detail": detail}, status, media_type="application/problem+json"
    )


def _page(request: Request, html: str | None) -> Response:
    if html is None:
        raise HTTPException(404)
    body = html.encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _matches(request, tag):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(body, headers=headers)


def _matches(request: Request, tag: str) -> bool:
    """Whether the reader holds this very content already."""
    offered = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    return "*" in offered or tag in offered or tag.removeprefix("W/") in offered


def _lookup(text: str) -> str:
    """A player's lookup out of an address; anything else is a page that does not exist (F61)."""
    if _LOOKUP.fullmatch(text):
        return text
    raise HTTPException(404)


def _date(text: str) -> date:
    """A date out of an address; anything else is a page that does not exist (F61)."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise HTTPException(404)
