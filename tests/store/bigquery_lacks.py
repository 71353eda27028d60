"""What BigQuery itself refuses, and an emulator that is another engine inside lets through: found in the text of a statement.

Knows GoogleSQL's rules. It must never know which question a statement puts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import sqlglot as sg
import sqlglot.expressions as sge
from sqlglot.errors import SqlglotError

HAS = frozenset(
    [
        "ABS",
        "ANY_VALUE",
        "APPROX_QUANTILES",
        "ARRAY_AGG",
        "AVG",
        "BIT_COUNT",
        "CAST",
        "CEIL",
        "COALESCE",
        "CONCAT",
        "CORR",
        "COUNT",
        "COUNTIF",
        "DATE",
        "DATE_ADD",
        "DATE_DIFF",
        "DATE_SUB",
        "DATE_TRUNC",
        "DATETIME",
        "DENSE_RANK",
        "ENDS_WITH",
        "EXISTS",
        "EXP",
        "EXTRACT",
        "FIRST_VALUE",
        "FLOOR",
        "FORMAT_DATE",
        "FORMAT_TIMESTAMP",
        "GREATEST",
        "IEEE_DIVIDE",
        "IF",
        "IFNULL",
        "INSTR",
        "IS_INF",
        "IS_NAN",
        "LAG",
        "LAST_VALUE",
        "LEAD",
        "LEAST",
        "LENGTH",
        "LN",
        "LOG",
        "LOG10",
        "LOGICAL_AND",
        "LOGICAL_OR",
        "LOWER",
        "LPAD",
        "LTRIM",
        "MAX",
        "MAX_BY",
        "MIN",
        "MIN_BY",
        "MOD",
        "NTILE",
        "NULLIF",
        "PERCENT_RANK",
        "PERCENTILE_CONT",
        "POW",
        "POWER",
        "RANK",
        "REGEXP_CONTAINS",
        "REGEXP_EXTRACT",
        "REGEXP_REPLACE",
        "REPLACE",
        "ROUND",
        "ROW_NUMBER",
        "RTRIM",
        "SAFE_CAST",
        "SAFE_DIVIDE",
        "SIGN",
        "SPLIT",
        "SQRT",
        "STARTS_WITH",
        "STDDEV_POP",
        "STDDEV_SAMP",
        "STRING",
        "STRING_AGG",
        "SUBSTR",
        "SUBSTRING",
        "SUM",
        "TIMESTAMP",
        "TIMESTAMP_ADD",
        "TIMESTAMP_DIFF",
        "TIMESTAMP_MICROS",
        "TIMESTAMP_SUB",
        "TIMESTAMP_TRUNC",
        "TRIM",
        "UNIX_MICROS",
        "UNIX_SECONDS",
        "UNNEST",
        "UPPER",
        "VAR_POP",
        "VAR_SAMP",
    ]
)
"""The functions of BigQuery that a transform may come to: one that is not here is looked up in its reference first."""
WORDS = frozenset(
    [
        "AND",
        "AS",
        "BY",
        "CASE",
        "ELSE",
        "EXCEPT",
        "FROM",
        "IN",
        "INSERT",
        "INTERVAL",
        "JOIN",
        "NOT",
        "ON",
        "OR",
        "OVER",
        "SELECT",
        "THEN",
        "USING",
        "VALUES",
        "WEEK",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)
LONGEST, MOST_PARAMETERS = 2**20, 10_000
_CALL = re.compile(r"(?<![`\w])([A-Za-z_][A-Za-z0-9_]*)\s*\(")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_QUOTED = re.compile(r"`[^`]*`|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def lacks(sql: str) -> list[str]:
    """Each way in which BigQuery would refuse this statement."""
    try:
        tree = _read(sql)
    except SqlglotError as error:
        return [f"it cannot be read: {error}"]
    return [
        *(f"no function {name}" for name in sorted(_called(sql) - HAS - WORDS)),
        *(f"{what} is not GoogleSQL" for what in ("ASOF", "RECURSIVE", "LATERAL") if re.search(rf"\b{what}\b", _QUOTED.sub("", sql))),
        *_of_joins(tree),
        *_of_windows(tree),
        *(
            f"{name!r} is no name of a column"
            for name in (tree.named_selects if isinstance(tree, sge.Query) else [])
            if name != "*" and not _NAME.fullmatch(name)
        ),
        *([f"a text of {len(sql)} characters"] if len(sql) > LONGEST else []),
        *([f"{count} parameters"] if (count := len({p.name for p in tree.find_all(sge.Parameter)})) > MOST_PARAMETERS else []),
    ]


def _read(sql: str) -> Any:
    return sg.parse_one(sql, read="bigquery")


def _called(sql: str) -> set[str]:
    return {name.upper() for name in _CALL.findall(_QUOTED.sub("``", sql))}


def _of_joins(tree: sge.Expression) -> Iterator[str]:
    for join in tree.find_all(sge.Join):
        if join.kind in ("SEMI", "ANTI", "ASOF"):
            yield f"no {join.kind} JOIN"
        elif join.side and not join.args.get("using") and not _equates(join.args.get("on")):
            yield f"a {join.side} JOIN without an equality: {join.args.get('on')}"
    for exists in tree.find_all(sge.Exists):
        where = exists.this.args.get("where")
        if where is not None and not _equates(where.this):
            yield f"a correlated subquery without an equality: {where}"


def _equates(condition: Any) -> bool:
    """Whether one of the terms that must all hold is an equality of two columns."""
    if isinstance(condition, sge.Paren):
        return _equates(condition.this)
    if isinstance(condition, sge.And):
        return _equates(condition.left) or _equates(condition.right)
    return isinstance(condition, sge.EQ) and all(any(side.find_all(sge.Column)) for side in (condition.left, condition.right))


def _of_windows(tree: sge.Expression) -> Iterator[str]:
    for window in tree.find_all(sge.Window):
        spec, order = window.args.get("spec"), window.args.get("order")
        placed = isinstance(window.this, sge.RowNumber | sge.Rank | sge.DenseRank | sge.Lag | sge.Lead | sge.Ntile | sge.PercentRank)
        if order is None or placed or (spec is not None and spec.args.get("kind") == "ROWS"):
            continue
        for key in order.expressions:
            if bool(key.args.get("desc")) == bool(key.args.get("nulls_first")):
                yield f"nulls at the far end of a RANGE: {window.sql('bigquery')}"


def unfiltered(sql: str, parted: Collection[str], day: str) -> set[str]:
    """Tables, of those parted by `day` (`dataset.table`), that a statement reads without a condition on it by which parts are left out.

    It stands where the table is read: nothing hangs on what BigQuery moves where. It counts where it compares the day with something that
    is no column, or says that there is none; of several by OR all must.
    """
    tables = _read(sql).find_all(sge.Table)
    return {name for table in tables if (name := f"{table.db}.{table.name}") in parted and not is_cut(table, day)}


def is_cut(table: sge.Table, day: str) -> bool:
    """Whether a table is read with such a condition, or is not read at all: rows are put into it."""
    reader = table.find_ancestor(sge.Select, sge.Merge, sge.Delete, sge.Update)
    if reader is None:
        return True
    where = reader.args.get("on") if isinstance(reader, sge.Merge) else reader.args.get("where")
    condition = where.this if isinstance(where, sge.Where) else where
    terms = condition.flatten() if isinstance(condition, sge.And) else [condition]
    return any(_is_of_day(term, day, table.alias_or_name) for term in terms)


def _is_of_day(term: Any, day: str, alias: str) -> bool:
    if isinstance(term, sge.Paren):
        return _is_of_day(term.this, day, alias)
    if isinstance(term, sge.Or):
        return _is_of_day(term.left, day, alias) and _is_of_day(term.right, day, alias)
    if not isinstance(term, sge.EQ | sge.GT | sge.GTE | sge.LT | sge.LTE | sge.Between | sge.In | sge.Is):
        return False
    columns = list(term.find_all(sge.Column))
    return len(columns) == 1 and columns[0].name == day and columns[0].table in (alias, "")
