"""Every table of the warehouse, one file a dataset."""

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
