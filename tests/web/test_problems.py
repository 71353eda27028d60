"""Problem documents: a kind for every error of ours, nothing of what was sent, and the next thing to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from tipoff import errors
from tipoff.errors import Busy, NotReady, TipoffError, UpstreamRefused
from tipoff.web.problems import ALL, KINDS, MEDIA_TYPE, invalid, kind_of, told
from tipoff.web.token import Token

TREE = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, TipoffError)]
SECRET = "a-secret-that-nobody-guesses"


@pytest.mark.parametrize("error", TREE)
def test_every_error_of_ours_is_a_problem_with_a_status_and_a_next_step(error: type[TipoffError]) -> None:
    response = told(error("What happened."))
    body = json.loads(bytes(response.body))
    assert response.media_type == MEDIA_TYPE
    assert 400 <= response.status_code == body["status"] < 600
    assert body["detail"] == "What happened."
    assert all(body[name] for name in ("type", "title", "next"))


def test_an_error_of_its_own_kind_is_not_taken_for_the_one_above_it() -> None:
    assert {error.__name__: KINDS[error].status for error in (errors.UnknownDate, errors.BadInput, errors.Conflict, errors.NotReady)} == {
        "UnknownDate": 404,
        "BadInput": 422,
        "Conflict": 409,
        "NotReady": 503,
    }
    assert kind_of(UpstreamRefused("No.")) is KINDS[errors.UpstreamError]


def test_the_hint_of_an_error_is_the_next_step() -> None:
    assert json.loads(bytes(told(NotReady("No model.", hint="Run `tipoff train`.")).body))["next"] == "Run `tipoff train`."


def test_what_is_held_by_others_says_when_to_ask_again() -> None:
    assert int(told(Busy("Held.")).headers["retry-after"]) > 0


def test_every_kind_has_an_anchor_of_its_own() -> None:
    assert len({kind.name for kind in ALL}) == len(ALL)


class _Inner(BaseModel, extra="forbid"):
    number: int


class _Shape(BaseModel, extra="forbid"):
    inner: list[_Inner]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"inner": [{"number": "many"}]}, "$.inner[0].number"),
        ({"inner": [{}]}, "$.inner[0].number"),
        ({"inner": [], "surplus": 1}, "$.surplus"),
        ({}, "$.inner"),
    ],
)
def test_a_field_that_does_not_fit_is_named_by_its_path_and_not_sent_back(sent: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _Shape.model_validate(sent)
    faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in caught.value.errors()]
    body = json.loads(bytes(invalid(faults).body))
    assert [fault["path"] for fault in body["errors"]] == [path]
    assert path in body["detail"]
    assert "many" not in json.dumps(body)


def test_a_name_that_is_no_text_can_still_be_told() -> None:
    response = invalid([{"type": "extra_forbidden", "loc": ("body", "\ud800"), "msg": "Extra inputs are not permitted"}])
    assert response.status_code == 422
    assert json.loads(bytes(response.body))["errors"][0]["path"] == "$.\ud800"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("Basic " + SECRET, 401),
        (SECRET, 401),
        ("Bearer " + SECRET[:-1], 401),
        ("Bearer " + SECRET + "x", 401),
        ("Bearer \xff\xfe", 401),
        ("Bearer " + SECRET, None),
        ("bearer " + SECRET, None),
    ],
)
def test_f60_only_the_whole_token_lets_through(header: str | None, status: int | None) -> None:
    refusal = Token(SecretStr(SECRET)).refusal(header)
    assert (refusal.status_code if refusal else None) == status
    if refusal:
        assert refusal.headers["www-authenticate"].startswith("Bearer")
        assert SECRET not in bytes(refusal.body).decode()


def test_f60_without_a_token_nothing_is_open_and_the_answer_says_what_to_set() -> None:
    for header in (None, "Bearer ", "Bearer None", "Bearer " + SECRET):
        refusal = Token(None).refusal(header)
        assert refusal is not None
        assert refusal.status_code == 503
        assert "TIPOFF_API_TOKEN" in json.loads(bytes(refusal.body))["next"]


def test_f60_a_token_is_in_no_text_of_what_holds_it() -> None:
    assert SECRET not in repr(Token(SecretStr(SECRET))) + str(vars(Token(SecretStr(SECRET))))
