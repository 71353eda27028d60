"""A small JSON Schema checker: the keywords that our published schemas use, and a refusal of any other.

Written apart from pydantic, so that the schema beside a document is checked, and not the class that made both.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

_NOTES = {"$schema", "$id", "$defs", "title", "description", "default"}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, path: str = "$") -> list[str]:
    """Where a value does not fit a schema; empty where it does. Raises AssertionError for a keyword that is not understood."""
    root = root or schema
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, path)
    known = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "format"} | _NOTES
    assert set(schema) <= known, f"{path}: {set(schema) - known}"
    if "anyOf" in schema and all(faults(value, part, root, path) for part in schema["anyOf"]):
        return [f"{path}: none of anyOf"]
    if "const" in schema and value != schema["const"]:
        return [f"{path}: not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path}: {value!r} not in the enumeration"]
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{path}: {value!r} is no {kind}"]
    found = _format(value, schema.get("format"), path)
    if isinstance(value, dict):
        found += _object(value, schema, root, path)
    if isinstance(value, list):
        found += [fault for place, item in enumerate(value) for fault in faults(item, schema.get("items", {}), root, f"{path}[{place}]")]
    return found


def _object(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [f"{path}.{name}: missing" for name in schema.get("required", ()) if name not in value]
    for name, item in value.items():
        if name in properties:
            found += faults(item, properties[name], root, f"{path}.{name}")
        elif more is False:
            found.append(f"{path}.{name}: not declared")
        elif isinstance(more, dict):
            found += faults(item, more, root, f"{path}.{name}")
    return found


def _format(value: Any, name: str | None, path: str) -> list[str]:
    try:
        if name == "date-time":
            assert datetime.fromisoformat(value).tzinfo is not None
        elif name == "date":
            date.fromisoformat(value)
    except (ValueError, AssertionError):
        return [f"{path}: {value!r} is no {name}"]
    return []
