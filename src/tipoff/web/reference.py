"""The reference of the control API: `/openapi.json`, and one page made from it, whole without a script and without a network.

In: the API's routes. Out: the OpenAPI document, and what the page shows of it. It must never know how a call is carried out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from tipoff.web.problems import MEDIA_TYPE

TWINS = {
    "/start": "tipoff start DATE",
    "/status": "tipoff status --date DATE",
    "/reset": "tipoff reset DATE",
    "/process-date": "tipoff process-date DATE",
    "/export": "tipoff export documents DATE",
    "/grade": "tipoff grade DATE",
    "/backfill": "tipoff backfill KIND",
    "/train": "tipoff train",
    "/promote": "tipoff promote MODEL",
    "/replay": "tipoff messages replay",
    "/rollback": "tipoff rollback",
}
"""Each call and the command that asks for the same."""


def openapi(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of these routes, problems under their own media type."""
    about = "Asks the pipeline for work, and tells how it stands. Every call is the twin of a command."
    document = get_openapi(title="Tipoff control", version=version("tipoff"), description=about, routes=list(routes))
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                if content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/Problem"):
                    answer["content"] = {MEDIA_TYPE: content["application/json"]}
    return document


@dataclass(frozen=True)
class Field:
    """A field of a request, as the page shows it."""

    name: str
    kind: str
    required: bool
    default: str
    about: str


@dataclass(frozen=True)
class Call:
    """A call, as the page shows it."""

    method: str
    path: str
    about: str
    twin: str
    needs_token: bool
    fields: list[Field]
    answers: list[tuple[str, str]]
    example: str


def calls(document: Mapping[str, Any]) -> list[Call]:
    """Every call of a document, those that change something first."""
    shapes = document["components"]["schemas"]
    found = [
        _call(method, path, operation, shapes) for path, operations in document["paths"].items() for method, operation in operations.items()
    ]
    return sorted(found, key=lambda call: call.method == "GET")


def _call(method: str, path: str, operation: Mapping[str, Any], shapes: Mapping[str, Any]) -> Call:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    fields = [_parameter(parameter, shapes) for parameter in operation.get("parameters", ())]
    if body is not None:
        shape = _resolved(body, shapes)
        needed = set(shape.get("required", ()))
        fields += [_field(name, about, name in needed, shapes) for name, about in shape.get("properties", {}).items()]
    answers = sorted((status, answer["description"]) for status, answer in operation["responses"].items())
    return Call(
        method.upper(),
        path,
        operation.get("description", operation.get("summary", "")),
        TWINS.get(path, ""),
        bool(operation.get("security")),
        fields,
        answers,
        _example(method, path, fields, bool(operation.get("security"))),
    )


def _resolved(shape: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = shape.get("$ref")
    return shapes[reference.rpartition("/")[2]] if reference else shape


def _parameter(parameter: Mapping[str, Any], shapes: Mapping[str, Any]) -> Field:
    found = _field(parameter["name"], parameter["schema"], parameter.get("required", False), shapes)
    return Field(found.name, found.kind, found.required, "", parameter.get("description", found.about))


def _field(name: str, about: Mapping[str, Any], required: bool, shapes: Mapping[str, Any]) -> Field:
    default = "" if required or about.get("default") is None else json.dumps(about["default"])
    return Field(name, _kind(about, shapes), required, default, about.get("description", ""))


def _kind(shape: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    """A shape in a few words."""
    shape = _resolved(shape, shapes)
    if "enum" in shape:
        return " | ".join(map(str, shape["enum"]))
    if "anyOf" in shape:
        return " | ".join(_kind(part, shapes) for part in shape["anyOf"])
    if shape.get("type") == "array":
        return f"list of {_kind(shape.get('items', {}), shapes)}"
    return "date" if shape.get("format") == "date" else str(shape.get("type", "any"))


def _example(method: str, path: str, fields: Sequence[Field], needs_token: bool) -> str:
    """The call as `curl` makes it, with what it cannot do without."""
    given = {field.name: _sample(field) for field in fields if field.required}
    if method == "get":
        query = "?game_date=2025-11-05" if fields else ""
        return f"curl -s http://127.0.0.1:8421{path}{query}"
    token = ' -H "Authorization: Bearer $TIPOFF_API_TOKEN"' if needs_token else ""
    return f"curl -s http://127.0.0.1:8421{path}{token} -H 'Content-Type: application/json' -d '{json.dumps(given)}'"


def _sample(field: Field) -> str:
    if field.kind == "date":
        return "2025-11-05"
    return field.kind.split(" | ")[0] if " | " in field.kind else f"<{field.name}>"
