"""Every published document's shape, by the name of its JSON Schema; and the schemas as files.

Knows shapes. It must never know a document's content.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tipoff.errors import StorageError
from tipoff.publish.best_bets import BestBets
from tipoff.publish.calendar import Calendar
from tipoff.publish.documents import Document, Results, Tonight
from tipoff.publish.intake import Intake
from tipoff.publish.lines import Lines
from tipoff.publish.people import PlayerDocument, Players
from tipoff.publish.record import Record, SystemDetails
from tipoff.publish.reports import BacktestList, BacktestReport, Finding, FindingList
from tipoff.publish.status import Status
from tipoff.publish.systems import Health, Performance
from tipoff.publish.write import schema_of

SHAPES: Mapping[str, type[Document]] = {
    "tonight": Tonight,
    "best-bets": BestBets,
    "results": Results,
    "lines": Lines,
    "player": PlayerDocument,
    "players": Players,
    "model-health": Health,
    "performance": Performance,
    "record": Record,
    "record-system": SystemDetails,
    "backtest": BacktestReport,
    "backtests": BacktestList,
    "finding": Finding,
    "findings": FindingList,
    "calendar": Calendar,
    "intake": Intake,
    "status": Status,
}


def write_schemas(folder: Path) -> list[str]:
    """Write the schema of each document to a folder; their names. Raises StorageError where the disk does not take one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, shape in SHAPES.items():
            (folder / f"{name}.json").write_bytes(schema_of(shape, name))
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}.", hint="Give a folder that may be written.") from error
    return [f"{name}.json" for name in SHAPES]
