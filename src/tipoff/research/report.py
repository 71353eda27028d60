"""An answer as Markdown with a picture beside it, or as one HTML page that needs nothing else.

In: an answer. Out: text, everything that comes from data escaped. It must never compute a figure: what it shows stands in the JSON as well.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tipoff.errors import BadInput
from tipoff.grade import backtest_charts
from tipoff.grade.backtest_words import DASH, count, number
from tipoff.rates import Paired
from tipoff.research.answers import DIGITS, Answer, Comparison, Group, Unit, probability, shown

_FORMS: dict[Unit, str] = {"points": "+.2f", "share": "+.1%", "stake": "+.1%", "brier": "+.4f", "slope": "+.2f"}
_AXES: dict[Unit, str] = {
    "points": "difference in points",
    "share": "difference in share",
    "stake": "profit per unit staked",
    "brier": "difference in Brier loss",
    "slope": "slope",
}
MOST_DRAWN = 24


def write(answer: Answer, path: Path) -> list[Path]:
    """Write the report, `.md` with its picture as `.svg` beside it, or `.html`; the files written.

    Raises BadInput for another ending, or a folder that is not there.
    """
    if path.suffix not in (".md", ".html"):
        raise BadInput(f"{path.name} is neither Markdown nor HTML.", hint="End the report's name in .md or .html.")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"{path.parent} is no folder.", hint="Make it first.")
    if path.suffix == ".html":
        path.write_text(page(answer), encoding="utf-8")
        return [path]
    drawn, beside = picture(answer), path.with_suffix(".svg")
    path.write_text(markdown(answer, beside.name if drawn else None), encoding="utf-8")
    if drawn:
        beside.write_text(_by_itself(drawn), encoding="utf-8")
    return [path, beside] if drawn else [path]


# --- the picture ------------------------------------------------------------------------------------------------------


def picture(answer: Answer) -> Markup | None:
    """The comparisons in the unit of the one that the sentence speaks of first, each with its interval; None where none has one."""
    drawn = _drawn(answer)
    if not drawn:
        return None
    unit = drawn[0].unit
    marks = {one.name: Paired(one.n, one.difference, one.low, one.high, one.dates) for one in drawn}
    return backtest_charts.differences(_AXES[unit], {answer.question: marks}, form=_FORMS[unit])


def _drawn(answer: Answer) -> list[Comparison]:
    known = [one for one in answer.comparisons if one.low is not None]
    lead = next((one for one in known if one.claim), None)
    return [one for one in known if lead and one.unit == lead.unit][:MOST_DRAWN]


def _by_itself(drawn: Markup) -> str:
    """The picture as a file of its own, in the report's light colours on its paper: no page is there to give it any."""
    styles = files("tipoff.grade").joinpath("templates", "backtest.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", styles.split("@media")[0]))
    coloured = re.sub(r"var\(--([a-z-]+)\)", lambda found: colours[found[1]], str(drawn))
    return re.sub(r"(<svg [^>]*>)", rf'\1<rect width="100%" height="100%" fill="{colours["card"]}"/>', coloured, count=1)


# --- tables -----------------------------------------------------------------------------------------------------------

GROUP_COLUMNS = ("group", "figure", "N", "player-games", "estimate", "95 % interval")
COMPARISON_COLUMNS = ("comparison", "N", "dates", "difference", "95 % interval", "p", "corrected p", "holds")
_RIGHT = {"N", "player-games", "estimate", "dates", "difference", "p", "corrected p"}


def group_cells(group: Group) -> tuple[str, ...]:
    """A group as text, in step with `GROUP_COLUMNS`."""
    low, high = (_plain(end, group.unit) for end in (group.low, group.high))
    between = DASH if group.low is None else f"{low} to {high}"
    estimate = _plain(group.estimate, group.unit) + _sign(group.estimate, group.unit)
    return group.name, group.figure, count(group.n), count(group.player_games), estimate, between


def _plain(value: float | None, unit: Unit) -> str:
    return number(value if value is None or unit not in ("share", "stake") else 100 * value, DIGITS[unit])


def _sign(value: float | None, unit: Unit) -> str:
    return " %" if value is not None and unit in ("share", "stake") else ""


def comparison_cells(one: Comparison) -> tuple[str, ...]:
    """A comparison as text, in step with `COMPARISON_COLUMNS`."""
    between = DASH if one.low is None else f"{shown(one.low, one.unit)} to {shown(one.high, one.unit)}"
    difference = shown(one.difference, one.unit) + _sign(one.difference, one.unit)
    holds = DASH if one.p is None else "yes" if one.holds else "no"
    tested = (probability(one.p), probability(one.p_corrected), holds)
    return one.name, count(one.n), count(one.dates), difference, between, *tested


def about_correction(answer: Answer) -> str:
    """How many comparisons were tested, in words."""
    return (
        f"{answer.tested} comparisons were tested; p-values are corrected for that number by Holm's method, and one below .05 holds. "
        "Intervals are at 95 %, before the correction, clustered by game date; those of shares within a group are Wilson's. Differences of "
        "shares are in percentage points."
    )


# --- Markdown and HTML ------------------------------------------------------------------------------------------------


def markdown(answer: Answer, picture_name: str | None) -> str:
    """The report as Markdown; `picture_name` is the file beside it."""
    of = f", {answer.system}" if answer.system else ""
    parts = [f"# {answer.asks}", f"`{command(answer)}`", f"**{answer.sentence}**"]
    if picture_name:
        parts.append(f"![Each comparison with its 95 % interval]({picture_name})")
    parts += [f"## Comparisons ({answer.start} to {answer.end}{of})", about_correction(answer)]
    parts.append(_table(COMPARISON_COLUMNS, [comparison_cells(one) for one in answer.comparisons]))
    parts += ["## Groups", _table(GROUP_COLUMNS, [group_cells(group) for group in answer.groups])]
    parts += ["## What it rests on", _table(("rows", "N"), [(name, count(n)) for name, n in answer.coverage.items()])]
    parts.append("\n".join(f"- {note}" for note in answer.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def command(answer: Answer) -> str:
    """The command that asks it again."""
    of = f" --system {answer.system}" if answer.system else ""
    return f"tipoff research {answer.question} --start {answer.start} --end {answer.end}{of}"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = [f"| {' | '.join(columns)} |", f"|{'|'.join('---:' if name in _RIGHT else '---' for name in columns)}|"]
    return "\n".join([*head, *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)])


def page(answer: Answer) -> str:
    """The report as one HTML page: no script, no request."""
    loader = ChoiceLoader([PackageLoader("tipoff.research"), PackageLoader("tipoff.grade")])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    tables = (
        ("Comparisons", about_correction(answer), COMPARISON_COLUMNS, [comparison_cells(one) for one in answer.comparisons]),
        ("Groups", "", GROUP_COLUMNS, [group_cells(group) for group in answer.groups]),
        ("What it rests on", "", ("rows", "N"), [(name, count(n)) for name, n in answer.coverage.items()]),
    )
    template = environment.get_template("answer.html")
    return template.render(answer=answer, command=command(answer), picture=picture(answer), tables=tables, right=_RIGHT)
