"""Every table of the warehouse, one file a dataset."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tipoff.errors import BrokenInvariant
from tipoff.store.schema import Table
from tipoff.store.tables import analytics, features, models, ops, predictions, raw, ref

ALL: tuple[Table, ...] = (
    *raw.TABLES,
    *ref.TABLES,
    *analytics.TABLES,
    *features.TABLES,
    *predictions.TABLES,
    *models.TABLES,
    *ops.TABLES,
)

_BY_NAME = {table.name: table for table in ALL}


def table_named(name: str) -> Table:
    """The declaration of a table by its full name, such as `raw.player_box`."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise BrokenInvariant(f"No table is called {name!r}.") from None


def table_of(name: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows (dicts with the same keys) as Arrow in a table's declared types; columns that they do not name are left out."""
    declared = table_named(name).arrow_schema
    columns = list(rows[0]) if rows else [field.name for field in declared]
    return pa.Table.from_pylist(list(rows), schema=pa.schema([declared.field(column) for column in columns]))
