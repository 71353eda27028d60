"""The one MERGE text that serves every engine: idempotent on the declared key, and blind to the order of arrival.

Knows declarations and standard SQL. It must never know a connection.
"""

from __future__ import annotations

from tipoff.store.schema import WRITTEN_NAMES, Table


def insert_sql(table: Table, target: str, staging: str, *, twins: bool) -> str:
    """The statement that `merge_sql` comes to where none of the staged keys stands in `target`: three times as fast."""
    return f"INSERT INTO {target} ({_columns(table)}) {best_of_batch(table, staging, twins=twins)}"


def merge_sql(table: Table, target: str, staging: str, *, twins: bool = True) -> str:
    """The statement that merges `staging` (same columns as `table`) into `target`; without `twins` no key may stand in it twice.

    Within the batch and against the table the same rule decides: the larger precedence wins, and where even that is
    equal the larger values do, so that any order of arrival ends in the same rows. A derived table has no precedence:
    the newcomer wins. A row whose values do not differ is not written again.
    """
    names = [quoted(name) for name in table.column_names]
    keys = [quoted(name) for name in table.key]
    on = " AND ".join(f"t.{key} = s.{key}" for key in keys)
    different = " OR ".join(f"t.{quoted(name)} IS DISTINCT FROM s.{quoted(name)}" for name in table.values) or "FALSE"
    wins = f" AND {_later(table)}" if table.precedence else ""
    assignments = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in (*table.values, *WRITTEN_NAMES))
    return (
        f"MERGE INTO {target} AS t USING ({best_of_batch(table, staging, twins=twins)}) AS s ON {on} "
        f"WHEN MATCHED AND ({different}){wins} THEN UPDATE SET {assignments} "
        f"WHEN NOT MATCHED THEN INSERT ({_columns(table)}) VALUES ({', '.join(f's.{name}' for name in names)})"
    )


def annotate_sql(table: Table, target: str, staging: str) -> str:
    """The statement that sets the computed columns of rows already there, where they differ."""
    keys = [quoted(name) for name in table.key]
    on = " AND ".join(f"t.{key} = s.{key}" for key in keys)
    different = " OR ".join(f"t.{quoted(name)} IS DISTINCT FROM s.{quoted(name)}" for name in table.computed)
    assignments = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in table.computed)
    return f"MERGE INTO {target} AS t USING {staging} AS s ON {on} WHEN MATCHED AND ({different}) THEN UPDATE SET {assignments}"


def remove_sql(table: Table, target: str, staging: str) -> str:
    """The statement that takes away the rows whose keys are staged. Keys are never null, so that they can be compared as they are."""
    keys = [quoted(name) for name in table.key]
    same = " AND ".join(f"s.{key} = t.{key}" for key in keys)
    return f"DELETE FROM {target} AS t WHERE EXISTS (SELECT 1 FROM {staging} AS s WHERE {same})"


def best_of_batch(table: Table, staging: str, *, twins: bool = True) -> str:
    """The staged rows, one a key; as they are where no key stands in them twice."""
    columns = _columns(table)
    if not table.precedence or not twins:
        return f"SELECT {columns} FROM {staging}"
    keys = ", ".join(quoted(name) for name in table.key)
    order = ", ".join(f"{quoted(name)} DESC NULLS LAST" for name in _rank(table))
    return (
        f"SELECT {columns} FROM (SELECT {columns}, ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY {order}) AS place "
        f"FROM {staging}) AS ranked WHERE place = 1"
    )


def _columns(table: Table) -> str:
    return ", ".join(quoted(name) for name in table.column_names)


def _rank(table: Table) -> tuple[str, ...]:
    """What decides between two rows of one key, first to last."""
    return (*table.precedence, *(name for name in table.values if name not in table.precedence))


def _later(table: Table) -> str:
    """SQL for: the staged row's rank is larger than the table's, column by column, nulls below everything."""
    terms: list[str] = []
    equal: list[str] = []
    for name in _rank(table):
        column = quoted(name)
        greater = f"(s.{column} > t.{column} OR (t.{column} IS NULL AND s.{column} IS NOT NULL))"
        terms.append(" AND ".join([*equal, greater]))
        equal.append(f"s.{column} IS NOT DISTINCT FROM t.{column}")
    return "(" + " OR ".join(f"({term})" for term in terms) + ")"


def quoted(name: str) -> str:
    """An identifier as the standard quotes it; names come from declarations only, never from outside."""
    return f'"{name}"'
