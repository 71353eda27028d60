"""Whatever is sent to a call, within its shape as the OpenAPI document declares it or beside it, no answer is a failure of ours, and each
is one that the document declares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from web.controlled import NIGHT, Served, controlling, settings_in, with_fleet

CALLS = ("/start", "/reset", "/process-date", "/export", "/grade", "/backfill", "/train", "/promote", "/rollback", "/replay")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
"""Anything that JSON can say."""
NASTY = st.sampled_from(["", " ", "../..", "\x00", "\ud800", "'; DROP TABLE ops_batches; --", "<script>", "{{ 7 * 7 }}", "a" * 10_000, "ۯ"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with controlling(settings_in(with_fleet(tmp_path_factory.mktemp("fuzzed") / "data"))) as found:
        yield found


def fitting(shape: dict[str, Any], shapes: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a shape allows, as far as it says so."""
    if "$ref" in shape:
        return fitting(shapes[shape["$ref"].rpartition("/")[2]], shapes)
    if "anyOf" in shape:
        return st.one_of([fitting(part, shapes) for part in shape["anyOf"]])
    if "enum" in shape or "const" in shape:
        return st.sampled_from(shape.get("enum") or [shape["const"]])
    if shape.get("format") == "date":
        return st.sampled_from([NIGHT.isoformat(), "2025-10-21", "2025-10-25", "1950-02-28", "2099-12-31"])
    if shape["type"] == "string":
        words = st.text(alphabet="abcz019_-.", min_size=1, max_size=12).map(lambda text: f"a{text}")
        known = st.sampled_from(["moving_average", "catboost_v9", "ensemble", "T-3h", "T-15m", "season", "30d", "1095d"])
        return words | known
    if shape["type"] == "array":
        return st.lists(fitting(shape["items"], shapes), min_size=shape.get("minItems", 0), max_size=3)
    if shape["type"] == "object":
        needed = {name: fitting(part, shapes) for name, part in shape["properties"].items() if name in shape.get("required", ())}
        others = {name: fitting(part, shapes) for name, part in shape["properties"].items() if name not in needed}
        return st.fixed_dictionaries(needed, optional=others)
    found: st.SearchStrategy[Any] = {
        "boolean": st.booleans(),
        "integer": st.integers(shape.get("minimum", 0), shape.get("maximum", 10**6)),
        "null": st.none(),
    }[shape["type"]]
    return found


@st.composite
def bodies(draw: st.DrawFn, shape: dict[str, Any], shapes: dict[str, Any]) -> Any:
    """A body that fits, or one that was made not to fit in one place."""
    body = draw(fitting(shape, shapes))
    if draw(st.booleans()):
        return body
    name = draw(st.sampled_from(sorted(shape["properties"])) | st.text(max_size=8))
    return body | {name: draw(JSON | NASTY)}


@pytest.mark.parametrize("path", CALLS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_body_makes_a_call_fail(served: Served, path: str, data: st.DataObject) -> None:
    document = served.stranger.get("/openapi.json").json()
    call, shapes = document["paths"][path]["post"], document["components"]["schemas"]
    shape = shapes[call["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
    body = data.draw(bodies(shape, shapes) | JSON)
    response = served.client.post(path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    assert str(response.status_code) in call["responses"], response.text
    declared = call["responses"][str(response.status_code)]["content"]
    assert response.headers["content-type"] in declared
    assert json.loads(response.content) is not None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["game_date", "batch_id", "surplus"]), value=st.text(max_size=30) | NASTY.filter(lambda text: "\ud800" not in text)
)
@example(name="batch_id", value="slate-2025-11-05-" + "9" * 40)
@example(name="game_date", value="２０２５-11-05")
def test_no_question_makes_status_fail(served: Served, name: str, value: str) -> None:
    response = served.stranger.get("/status", params={name: value})
    assert response.status_code in (200, 404, 422), response.text
