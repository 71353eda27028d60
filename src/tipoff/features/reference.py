"""The registry in words: each feature, set, quality, gate and reason, for commands and for the reference page.

Knows the registry and the rules of quality. It must never know a value.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tipoff.errors import BadInput, StorageError
from tipoff.features.quality import CAPS, MIN_SCORE, READY_MATCHUP, READY_SCORE, TIERS
from tipoff.features.reasons import REASONS
from tipoff.features.registry import EXCUSED, FEATURE_SETS, FEATURE_VERSION, NOT_SUPPLIED, QUALITY, Feature, Supply, feature_set, features
from tipoff.store.tables.features import CATEGORIES, Category

_SOURCES = {
    "store": "read as it stands: a schedule, a report",
    "odds": "sportsbooks' quotes",
    "calculated": "computed from box scores, shots and schedules",
    "calculated_partial": "the same, with a term left out that nothing is known of: an age",
    "minutes": "rests on minutes played",
    "opponent_history": "rests on the few games against one opponent",
    "consensus": "somebody else's mean of the books, where no sportsbook quotes",
    "fallback": "a stand-in that says so: no such game is on record",
}
_NEEDS: dict[Supply, str] = {
    "injuries": "injury reports",
    "shots": "shots with their place on court (play-by-play)",
}


@dataclass(frozen=True)
class Described:
    """A feature as people read it: its entry in the catalogue, what it is made of, and how it is computed."""

    index: str
    name: str
    category: Category
    unit: str
    range: str
    required: bool
    may_be_constant: bool
    window: str
    definition: str
    how: str
    inputs: tuple[str, ...]
    needs: Supply | None
    sets: tuple[str, ...]


def described(feature: Feature) -> Described:
    """One feature in words; `needs` is the kind of source without which it is waived."""
    entry = feature.entry
    return Described(
        index=f"f{entry.index}",
        name=entry.name,
        category=entry.category,
        unit=entry.unit,
        range=entry.span,
        required=entry.required,
        may_be_constant=entry.may_be_constant,
        window=entry.window,
        definition=entry.definition,
        how=feature.how,
        inputs=feature.inputs,
        needs=feature.needs,
        sets=tuple(name for name in FEATURE_SETS if entry.name in feature_set(name)),
    )


def feature_called(text: str) -> Feature:
    """The feature of this name or index (`f38`). Raises BadInput, with the names that are alike."""
    known = features()
    wanted = text.strip().casefold()
    for feature in known:
        if wanted in (feature.name, f"f{feature.entry.index}"):
            return feature
    near = difflib.get_close_matches(wanted, [feature.name for feature in known], n=4, cutoff=0.5)
    hint = f"Perhaps {', '.join(near)}?" if near else f"There are f0 to f{len(known) - 1}; `tipoff features list` names them."
    raise BadInput(f"No feature is called {text!r}.", hint=hint)


def features_in(set_name: str | None = None, category: str | None = None) -> list[Feature]:
    """The features of a trainer's set and of a category, in the order of the catalogue. Raises BadInput for an unknown one."""
    for given, known, what in ((set_name, FEATURE_SETS, "set"), (category, CATEGORIES, "category")):
        if given is not None and given not in known:
            raise BadInput(f"No {what} of features is called {given!r}.", hint=f"There are {', '.join(known)}.")
    names = set(feature_set(set_name)) if set_name else None
    return [
        feature
        for feature in features()
        if (names is None or feature.name in names) and (category is None or feature.entry.category == category)
    ]


def reference_page() -> str:
    """docs/features.md, whole: Markdown."""
    told = [described(feature) for feature in features()]
    parts = [
        "# Features",
        f"What a prediction rests on: {len(told)} features of every player of a slate, as of a moment before the tip. This page "
        "is made from the "
        f"registry (`tipoff features reference --write docs/features.md`), feature version {FEATURE_VERSION}. An index is a "
        "stable name: f38 "
        "stays f38.",
        "A value that cannot be computed is missing, with a reason; zero is a value. `tipoff features list` and `show` tell "
        "the same in the "
        "terminal, `tipoff features check DATE` what a slate has of it, and why a player is held back.",
        *_index(told),
        *_quality(),
        *_missing(told),
        *_stops(),
        "## Feature by feature",
        *(part for category in CATEGORIES for part in _category(category, told)),
    ]
    return "\n\n".join(parts) + "\n"


def write_reference(path: Path) -> None:
    """Write the page to a file. Raises StorageError where the disk does not take it."""
    try:
        path.write_text(reference_page(), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.", hint="Give --write a file in a folder that is there.") from error


def _index(told: Sequence[Described]) -> Iterable[str]:
    yield "## All of them"
    yield _table(
        ("", "feature", "category", "unit", "range", "required", "may be constant", "needs", "in"),
        [
            (
                item.index,
                f"[`{item.name}`](#{item.index}-{item.name})",
                item.category,
                item.unit,
                item.range,
                _yes(item.required),
                _yes(item.may_be_constant),
                item.needs or "",
                ", ".join(item.sets),
            )
            for item in told
        ],
    )
    yield "The sets that models are trained on:"
    yield _table(("set", "features", "which"), [(f"`{name}`", len(feature_set(name)), _which(name, told)) for name in FEATURE_SETS])


def _which(set_name: str, told: Sequence[Described]) -> str:
    """A set as `f0 to f53`, and the categories that it leaves out."""
    last = max(place for place, item in enumerate(told) if set_name in item.sets)
    without = sorted({item.category for item in told[: last + 1] if set_name not in item.sets})
    return f"f0 to {told[last].index}" + (f", without the category {', '.join(without)}" if without else "")


def _quality() -> Iterable[str]:
    yield "## Quality, tier and gate"
    yield "Each value has a source, and from it a quality:"
    yield _table(("source", "quality", "what it is"), [(f"`{name}`", grade, _SOURCES[name]) for name, grade in QUALITY.items()])
    caps = ", ".join(f"{'one' if least == 1 else least} or more cap it at {most:.0f}" for least, most in CAPS)
    yield (
        "A missing value has 0. The row's score is the plain mean over the catalogue; what is optional and missing, waived or "
        "excused is left "
        f"out. Missing required features: {caps}. Each category ({', '.join(CATEGORIES)}) has its own mean."
    )
    yield _table(("tier", "score"), [(name, f"from {floor:g}" if floor > 0 else "below") for floor, name in TIERS])
    yield (
        f"*Quality-ready*: a score of {READY_SCORE:.0f} or more, {READY_MATCHUP:.0f} or more in the category matchup, no required feature "
        "missing. The gate asks for the same with a floor by run mode, and for no red alert on the slate; what it cannot judge "
        "it does not let "
        "through."
    )
    yield _table(
        ("run mode", "score at least", "matchup at least", "required features missing"),
        [(f"`{mode}`", f"{floor:.0f}", f"{READY_MATCHUP:.0f}", 0) for mode, floor in MIN_SCORE.items()],
    )


def _missing(told: Sequence[Described]) -> Iterable[str]:
    yield "## What is missing, waived or excused"
    kinds = {kind: [item.name for item in told if item.needs == kind and item.required] for kind in _NEEDS}
    yield (
        f"A required feature that no switched-on source supplies for that day is *waived* (`{NOT_SUPPLIED}`): listed on the row "
        "and the slate, "
        "and out of the score, the category and the count. A source that is on and silent waives nothing. One that is too "
        "early in the season "
        f"is *excused* (`{EXCUSED}`): neither counted nor listed."
    )
    waivable = [(kind, _NEEDS[kind], ", ".join(f"`{name}`" for name in names)) for kind, names in kinds.items() if names]
    yield _table(("needs", "which are", "waived without"), waivable)
    yield "Reasons for a missing value, and the phase that would mend each. Where none is named, only time mends it."
    yield _table(("reason", "means", "mended by"), [(f"`{word}`", item.meaning, item.phase or "–") for word, item in REASONS.items()])


def _stops() -> Iterable[str]:
    yield "## What stops a slate"
    yield (
        "A value out of its range becomes missing (`out_of_range`). More than 5 % of a feature's values out of range, or their "
        "median, is a "
        "red alert: the slate is stopped by the feature's name, and the gate is closed to everybody; one stray is one missing value, "
        "unless it is half of all. So is a slate of 3 games on which a feature has one value alone for 30 players or more, and for "
        "half of the slate (a feature of the category vegas: of those with a line), unless it may be constant, everybody has rested, or no "
        "line has moved."
    )


def _category(category: Category, told: Sequence[Described]) -> Iterable[str]:
    yield f"### {category}"
    for item in told:
        if item.category == category:
            yield f"#### {item.index} {item.name}"
            standing = ["required" if item.required else "optional", *(["may be constant"] if item.may_be_constant else [])]
            facts = [item.unit, item.range, *standing, *([item.window] if item.window else [])]
            made_of = ", ".join(f"`{name}`" for name in item.inputs)
            without = "Waived" if item.required else "Missing"
            unsupplied = f" {without} where no source supplies {_NEEDS[item.needs]}." if item.needs else ""
            yield f"*{'; '.join(facts)}.* {_defined(item)}{item.how} From {made_of}.{unsupplied}"


def _defined(item: Described) -> str:
    """The catalogue's definition as a sentence; nothing where it only repeats the name."""
    if item.definition == item.name.replace("_", " "):
        return ""
    return f"{item.definition[:1].upper()}{item.definition[1:].rstrip('.')}. "


def _yes(value: bool) -> str:
    return "yes" if value else "–"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
