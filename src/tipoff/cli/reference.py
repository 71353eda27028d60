"""The reference in `docs/reference`, made out of what it describes: commands, the control API, tables, documents, settings.

In: the declarations. Out: pages in Markdown. Nothing on them is written by hand, so that nothing on them can be out of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tipoff.cli.common import print_line

MADE = "<!-- Made by `tipoff reference`; changes belong into what it describes. -->\n"


def reference(folder: Annotated[Path, typer.Argument(help="Where the pages go, such as docs/reference.")]) -> None:
    """Write the reference: commands, control API, tables, documents, settings, each as a page in Markdown."""
    from tipoff.errors import StorageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages().items():
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}.", hint="Give a folder that may be written.") from error
    print_line(f"Wrote {', '.join(f'{name}.md' for name in pages())} to {folder}.")


def pages() -> Mapping[str, str]:
    """Each page by its name."""
    return {"commands": commands(), "api": api(), "tables": tables(), "documents": documents(), "settings": settings()}


def commands() -> str:
    """Every command with its arguments and options."""
    from tipoff.cli import app

    root: Any = typer.main.get_command(app)
    parts = [MADE, "# Commands\n", f"{root.help}\n", "Each tells its own by `--help`; most can say it as JSON (`--json`).\n"]
    for name, command in _walk(root, "tipoff"):
        parts.append(f"## {name}\n")
        parts.append(f"{_flat(command.help)}\n")
        parts.append(f"    {_usage(name, command)}\n")
        rows = [_parameter(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
        parts.append(_table(("what", "meaning", "default"), rows))
    return _page(parts)


def _walk(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for key, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _walk(command, f"{name} {key}")
        else:
            yield f"{name} {key}", command


def _usage(name: str, command: Any) -> str:
    return f"{name} {' '.join(command.collect_usage_pieces(typer.Context(command)))}"


def _parameter(parameter: Any) -> tuple[str, str, str]:
    default = parameter.default
    shown = "" if default is None or callable(default) or default in (False, ()) or default is ... else f"`{default}`"
    if parameter.param_type_name == "option":
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        return names, _flat(parameter.help), "" if parameter.is_flag else shown
    return f"`{parameter.metavar or parameter.name.upper()}`", _flat(parameter.help), shown


def api() -> str:
    """Every call of the control API."""
    from tipoff.web.control import declared
    from tipoff.web.problems import ALL
    from tipoff.web.reference import calls

    parts = [MADE, "# Control API\n"]
    parts.append("JSON over HTTP. Calls that change anything need `Authorization: Bearer` with the value of `TIPOFF_API_TOKEN`.\n")
    for call in calls(declared()):
        parts.append(f"## {call.method} {call.path}\n")
        token = " Needs the token." if call.needs_token else ""
        twin = f" The same by command: `{call.twin}`." if call.twin else ""
        parts.append(f"{_flat(call.about)}{token}{twin}\n")
        rows = [(f"`{field.name}`{' *' if field.required else ''}", field.kind, field.about, field.default) for field in call.fields]
        parts.append(_table(("field", "type", "meaning", "default"), rows))
        parts.append(f"    {call.example}\n")
        parts.append(f"Answers: {', '.join(status for status, _ in call.answers)}.\n")
    parts.append("## Problems\n")
    parts.append("What goes wrong is told as `application/problem+json` (RFC 9457), with the next thing to do.\n")
    parts.append(_table(("kind", "status", "what", "next"), [(f"`{one.name}`", str(one.status), one.title, one.next) for one in ALL]))
    return _page(parts)


def tables() -> str:
    """Every table of the warehouse."""
    from tipoff.store.tables import ALL

    parts = [MADE, "# Tables\n", "Times are UTC. Columns of the key are marked by a star.\n"]
    for table in ALL:
        parts.append(f"## {table.name}\n")
        parts.append(f"{_flat(table.description)}.\n")
        rows = [
            (f"`{column.name}`{' *' if column.name in table.key else ''}", column.kind, column.unit or "", _flat(column.description))
            for column in table.columns
        ]
        parts.append(_table(("column", "type", "unit", "meaning"), rows))
    return _page(parts)


def documents() -> str:
    """Every published document, by its schema."""
    from tipoff.publish.schemas import SHAPES

    parts = [
        MADE,
        "# Documents\n",
        "What each is for, and where it lies: [documents.md](../documents.md). The schemas: [docs/schemas](../schemas).\n",
    ]
    for name, shape in SHAPES.items():
        schema = shape.model_json_schema(mode="serialization")
        parts.append(f"## {name}\n")
        parts += _shape(schema)
        for part, inner in sorted(schema.get("$defs", {}).items()):
            if inner.get("properties"):
                parts.append(f"### {name}: {part}\n")
                parts += _shape(inner)
    return _page(parts)


def _shape(schema: Mapping[str, Any]) -> list[str]:
    rows = [(f"`{name}`", _kind(about)) for name, about in schema.get("properties", {}).items()]
    return [f"{_flat(schema.get('description'))}\n", _table(("field", "type"), rows)]


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return ", or ".join(_kind(part) for part in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"text to {_kind(schema['additionalProperties'])}"
    words = {"string": "text", "null": "none", "integer": "whole number"}
    kind = str(schema.get("format") or schema.get("type", "any"))
    return {"date-time": "instant, UTC", "date": "date"}.get(kind, words.get(kind, kind))


def settings() -> str:
    """Every setting."""
    from tipoff.config import Settings

    parts = [MADE, "# Settings\n"]
    parts.append(
        "Each by the environment (`TIPOFF_` and its name in capitals, parts of a group after two underscores), or in `tipoff.toml`.\n"
    )
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if hasattr(default, "model_dump"):
            shown = ", ".join(f"`{key}={value}`" for key, value in default.model_dump().items())
        else:
            shown = "" if default is None else f"`{default}`"
        rows.append((f"`{name}`", _flat(field.description), shown))
    parts.append(_table(("setting", "meaning", "default"), rows))
    return _page(parts)


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; nothing where it has no row."""
    lines = ["| " + " | ".join(_flat(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *lines]) + "\n"


def _page(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)
