"""The control API: what may be asked of the pipeline over HTTP, each call the twin of a command.

In: requests. Out: what the coordinator answers, or a problem document. A call asks for work and never does it: it must never run a phase.

Whoever changes anything needs the bearer token, which is looked at before a body is read. Looking (`/status`, `/ready`, `/metrics`) needs
it only where the server listens on more than this machine; `/health` never does.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from tipoff.clock import game_date_of
from tipoff.errors import TipoffError
from tipoff.flow import coordinator
from tipoff.flow.dead_letter_log import dead_letters
from tipoff.flow.dead_letters import replay as take_again
from tipoff.flow.engine import Desk
from tipoff.flow.figures import figures
from tipoff.flow.fleet import promote as promote_model
from tipoff.flow.fleet import roll_back
from tipoff.flow.living import living
from tipoff.flow.reactions import react
from tipoff.flow.readiness import readiness
from tipoff.web import metrics
from tipoff.web.asked import (
    BackfillAnswer,
    BackfillRequest,
    BatchId,
    DependencyAnswer,
    ExportRequest,
    GameDay,
    GradeRequest,
    PlannedDay,
    ProcessDateAnswer,
    ProcessDateRequest,
    PromoteAnswer,
    PromoteRequest,
    ReadyAnswer,
    ReplayAnswer,
    ReplayRequest,
    ResetAnswer,
    ResetRequest,
    RollbackAnswer,
    RollbackRequest,
    StartAnswer,
    StartRequest,
    StatusAnswer,
    TicketAnswer,
    TrainRequest,
)
from tipoff.web.problems import BROKEN, Problem, invalid, problem, refused, told
from tipoff.web.reference import openapi
from tipoff.web.token import Token

PATIENCE = 20.0
"""So many seconds a call waits at most to tell what ran; it goes on without it."""
_LOG = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class Control:
    """What the control part of a server rests on: a desk, the token, and whether looking needs it too."""

    desk: Desk
    token: Token
    open_to_look: bool

    @classmethod
    def of(cls, desk: Desk) -> Control:
        """As the settings of the desk's house have it."""
        settings = desk.house.settings
        return cls(desk, Token(settings.api_token), is_loopback(settings.host))

    def unseen(self, request: Request) -> Response | None:
        """Why somebody may not look; None where he may."""
        return None if self.open_to_look else self.token.refusal(request.headers.get("authorization"))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def add_control(app: FastAPI, control: Control) -> APIRouter:
    """Put the calls on an application; the router, from which their documents are made."""

    class Looking(APIRoute):
        """Whoever asks is looked at before what he asks; what goes wrong is told as a problem."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            return _guarded(super().get_route_handler(), None if control.open_to_look else control.token)

    class Changing(APIRoute):
        """The same; the token is needed wherever the server listens."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            return _guarded(super().get_route_handler(), control.token)

    bearer = HTTPBearer(auto_error=False, description="the value of TIPOFF_API_TOKEN")  # for the page of the API; `_guarded` looks at it
    looking = APIRouter(route_class=Looking, tags=["look"])
    changing = APIRouter(route_class=Changing, tags=["control"], dependencies=[Security(bearer)])
    _add_looking(looking, control)
    _add_slate(changing, control.desk)
    _add_others(changing, control.desk)
    _add_replay(changing, control.desk)
    router = APIRouter()

    @router.get("/health", tags=["look"])
    def health() -> dict[str, str]:
        """Whether the server is alive; it looks at nothing else, and never needs the token."""
        return {"status": "alive"}

    router.include_router(changing)
    router.include_router(looking)
    app.include_router(router)
    return router


def declared() -> dict[str, Any]:
    """The OpenAPI document of every call, as any server has it; nothing is opened for it."""
    nobody: Any = None
    return openapi(add_control(FastAPI(), Control(nobody, Token(None), open_to_look=True)).routes)


def _guarded(
    answer: Callable[[Request], Coroutine[Any, Any, Response]], token: Token | None
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def guarded(request: Request) -> Response:
        if token is not None and (refusal := token.refusal(request.headers.get("authorization"))) is not None:
            return refusal
        try:
            return await answer(request)
        except RequestValidationError as error:
            return invalid(error.errors(), request.headers.get("content-type", ""))
        except TipoffError as error:
            return told(error)
        except HTTPException as error:
            return refused(error.status_code, error.detail)
        except Exception:  # noqa: BLE001 - a defect of ours, told in the log with its trace, and to the caller without
            _LOG.exception("%s %s failed", request.method, request.url.path)
            return problem(BROKEN, "The call failed by a defect of ours; the server's log says where.")

    return guarded


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in statuses}


def _add_slate(router: APIRouter, desk: Desk) -> None:
    @router.post("/start", status_code=202, responses={200: {"model": StartAnswer}, **_problems(401, 404, 409, 422, 503)})
    def start(asked: StartRequest, response: Response) -> StartAnswer:
        """Start a date: phases 3 to 6, as far as they are not up to date. 202 for a new batch, 200 for the one that waits or runs."""
        begun = coordinator.start(desk, asked.game_date, asked.run_mode, asked.force, asked.systems or None)
        response.status_code = 202 if begun.fresh else 200
        return StartAnswer.model_validate(_ticket(desk, begun) | {"expected": begun.expected})

    @router.post("/reset", responses=_problems(401, 404, 422, 503))
    def reset(asked: ResetRequest) -> ResetAnswer:
        """End whatever waits or runs of a date; its rows stay, and a start begins anew."""
        ended = coordinator.reset(desk, asked.game_date)
        return ResetAnswer(game_date=asked.game_date, ended=[ticket.batch_id for ticket in ended])

    @router.post("/process-date", responses=_problems(401, 404, 422, 503))
    def process_date(asked: ProcessDateRequest) -> ProcessDateAnswer:
        """Do phases 2 to 4 of a date, or those of the named processors: what ran, what was up to date, what is still open."""
        patience = PATIENCE if (alive := _workers(desk)) else 0.0
        done = coordinator.process_date(desk, asked.analysis_date, asked.processors, asked.skip_dependency_check, patience)
        return ProcessDateAnswer.model_validate(vars(done) | {"workers": alive})

    @router.post("/export", status_code=202, responses=_problems(401, 404, 422, 503))
    def export(asked: ExportRequest) -> TicketAnswer:
        """Publish a date's documents again."""
        return TicketAnswer.model_validate(_ticket(desk, coordinator.export(desk, asked.game_date, asked.documents)))


def _add_others(router: APIRouter, desk: Desk) -> None:
    @router.post("/grade", status_code=202, responses=_problems(401, 404, 422, 503))
    def grade(asked: GradeRequest) -> TicketAnswer:
        """Grade a date against the newest box scores, and publish it again."""
        return TicketAnswer.model_validate(_ticket(desk, coordinator.grade(desk, asked.game_date)))

    @router.post("/backfill", status_code=202, responses={200: {"model": BackfillAnswer}, **_problems(401, 422, 503)})
    def backfill(asked: BackfillRequest, response: Response) -> BackfillAnswer:
        """Fetch history. 200 for a plan, and where everything is there already; 202 where it was started."""
        wanted = coordinator.wanted_backfill(asked.kind, asked.historical, asked.snapshots)
        plans, backfill_id = coordinator.backfill(desk, wanted, asked.start_date, asked.end_date, asked.plan_only, asked.max_credits)
        response.status_code = 202 if backfill_id else 200
        days = [
            PlannedDay(
                game_date=plan.game_date,
                requests=len(plan.planned),
                there=len(plan.planned) - len(plan.left),
                left=len(plan.left),
                credits=plan.credits,
            )
            for plan in plans
        ]
        left, price = sum(day.left for day in days), sum(day.credits for day in days)
        return BackfillAnswer(backfill_id=backfill_id, kind=asked.kind, left=left, credits=price, days=days)

    @router.post("/train", status_code=202, responses=_problems(401, 422, 503))
    def train(asked: TrainRequest) -> TicketAnswer:
        """Train systems for a day, on the days before it alone."""
        until = asked.until or game_date_of(desk.house.clock.now())
        return TicketAnswer.model_validate(_ticket(desk, coordinator.train(desk, until, asked.systems or None, asked.window)))

    @router.post("/promote", responses=_problems(401, 409, 422, 503))
    def promote(asked: PromoteRequest) -> PromoteAnswer:
        """Raise a model, where the gates let it through."""
        was, verdicts = promote_model(desk.house, asked.model_id, asked.to, by=asked.by, reason=asked.reason, backtest_id=asked.backtest_id)
        gates = [verdict.as_dict() for verdict in verdicts]
        return PromoteAnswer(model_id=asked.model_id, was=was["state"], state=asked.to, gates=gates)

    @router.post("/rollback", responses=_problems(401, 422, 503))
    def rollback(asked: RollbackRequest) -> RollbackAnswer:
        """Bring the champion before back in one step, without gates; the present one is retired."""
        left, back = roll_back(desk.house, by=asked.by, reason=asked.reason)
        return RollbackAnswer(champion=back["model_id"], was=back["state"], retired=left["model_id"] if left else None)


def _add_replay(router: APIRouter, desk: Desk) -> None:
    @router.post("/replay", responses=_problems(401, 422, 503))
    def replay(asked: ReplayRequest) -> ReplayAnswer:
        """Take dead letters again: received again here, or delivered again to their target. What is refused again stays."""
        taken = take_again(desk, react, asked.letters or None)
        return ReplayAnswer(taken=taken, left=len(dead_letters(desk.house.state)))


def _add_looking(router: APIRouter, control: Control) -> None:
    desk = control.desk

    @router.get("/status", responses=_problems(401, 404, 422, 503))
    def status(
        game_date: Annotated[GameDay | None, Query(description="a game day (New York)")] = None,
        batch_id: Annotated[BatchId | None, Query(description="a batch, such as slate-2025-11-05-1")] = None,
    ) -> StatusAnswer:
        """How a date or a batch stands: state, lease, progress, counts by system, absences by reason. Give one of the two."""
        if (game_date is None) == (batch_id is None):
            loc = ("query", "game_date" if game_date is None else "batch_id")
            raise RequestValidationError([{"type": "one_of", "loc": loc, "msg": "Give either game_date or batch_id."}])
        of = game_date if game_date is not None else batch_id
        assert of is not None
        return StatusAnswer.model_validate(coordinator.status(desk.house.state, of))

    @router.get("/ready", responses={503: {"model": ReadyAnswer}, **_problems(401)})
    def ready(response: Response) -> ReadyAnswer:
        """Whether every dependency can be used: each is used for this answer. 503 where one cannot, and which."""
        found = readiness(desk.house)
        whole = all(dependency.ready for dependency in found)
        response.status_code = 200 if whole else 503
        response.headers["Cache-Control"] = "no-store"
        return ReadyAnswer(ready=whole, dependencies=[DependencyAnswer.model_validate(vars(dependency)) for dependency in found])

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **_problems(401, 503)})
    def prometheus() -> Response:
        """The pipeline's figures, in Prometheus' text format."""
        return Response(metrics.exposition(figures(desk.house.state, desk.house.clock, desk.house.settings)), media_type=metrics.MEDIA_TYPE)


def _ticket(desk: Desk, ticket: coordinator.Ticket) -> dict[str, Any]:
    return {"batch_id": ticket.batch_id, "game_date": ticket.game_date, "state": ticket.state, "workers": _workers(desk)}


def _workers(desk: Desk) -> int:
    return len(living(desk.house.state, desk.house.clock))
