"""Reports as documents: a backtest and findings, each by itself and in a list made from what lies there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from obstore.store import ObjectStore

from backtest.invented import fact, tables, word
from publish.reading import document
from tipoff.grade.backtest_document import backtest_document
from tipoff.grade.backtest_figures import figures
from tipoff.publish.reports import (
    BACKTESTS,
    FINDINGS,
    About,
    BacktestReport,
    backtest_path,
    document_name,
    finding_path,
    publish_backtest,
    publish_finding,
)
from tipoff.publish.write import is_document_path
from tipoff.research.answers import Answer, Comparison, Group

NOW = datetime(2025, 4, 14, 9, tzinfo=UTC)
ID = "20250414T081500-0a1b2c3d-a1b2c3d4e5"
ANSWER = Answer(
    question="tiers",
    asks="Do results differ by tier?",
    sentence="No: it is not shown (n = 90).",
    start=date(2025, 1, 1),
    end=date(2025, 3, 1),
    system="ridge_line",
    tested=1,
    coverage={"graded predictions": 90},
    groups=(Group("[10,15)", "hit rate", "share", 90, 90, 0.51, 0.41, 0.61),),
    comparisons=(Comparison("[10,15): hit rate", "share", 90, 40, -0.01, -0.11, 0.09, 0.8, 0.8, "tiers differ"),),
    notes=("A note.",),
)


def backtested(name: str = ID, created: datetime = NOW) -> BacktestReport:
    facts = [fact(number, actual_points=15.0 + number % 9) for number in range(40)]
    said = [
        word(row, system_id=system, consensus_over=0.4 + 0.01 * place) for place, row in enumerate(facts[:20]) for system in ("one", "two")
    ]
    about = About(
        name=document_name(name), backtest_id=name, created_at=created, start=date(2024, 11, 4), end=date(2024, 12, 13), refit_days=7,
        before_minutes=0, feature_version="2", folds=6, leak_days=3, leaks_found=0,
    )  # fmt: skip
    return backtest_document(figures(*tables(facts, said)), about, generated_at=created, league="nba")


def found(answer: Answer = ANSWER) -> dict[str, Any]:
    return answer.as_dict()


def test_a_backtest_has_a_document_with_its_figures_and_stands_in_the_list(bucket: ObjectStore) -> None:
    report = backtested()
    path = backtest_path("20250414t081500-0a1b2c3d-a1b2c3d4e5")
    assert publish_backtest(bucket, report) == [path, BACKTESTS]
    told = document(bucket, path)
    assert [one["system_id"] for one in told["systems"]] == ["one", "two"]
    one = told["systems"][0]
    assert one["bets"]["n"] == one["bets"]["won"] + one["bets"]["lost"] > 0
    assert one["days"][-1]["total"] == round(sum(day["units"] for day in one["days"]), 4)
    entry = document(bucket, BACKTESTS)["backtests"][0]
    assert entry["about"] == told["about"]
    assert [head["hit_rate"] for head in entry["systems"]] == [each["bets"]["hit_rate"] for each in told["systems"]]
    assert publish_backtest(bucket, report) == []


def test_the_list_is_made_from_what_lies_there_newest_first(bucket: ObjectStore) -> None:
    for place, name in enumerate(("b", "c", "a")):
        publish_backtest(bucket, backtested(name, NOW + timedelta(days=place)))
    bucket.put(backtest_path("older"), json.dumps({"schema_version": 0}).encode())
    publish_backtest(bucket, backtested("d", NOW - timedelta(days=1)))
    assert [one["about"]["name"] for one in document(bucket, BACKTESTS)["backtests"]] == ["a", "c", "b", "d"]


def test_a_finding_has_a_document_named_by_its_question(bucket: ObjectStore) -> None:
    path = finding_path("tiers-2025-01-01-2025-03-01-ridge_line")
    assert publish_finding(bucket, found(), "tipoff research tiers", now=NOW, league="nba") == [path, FINDINGS]
    told = document(bucket, path)
    assert (told["about"]["sentence"], told["comparisons"][0]["holds"]) == (ANSWER.sentence, False)
    other = replace(ANSWER, question="rest", system=None)
    publish_finding(bucket, found(other), "tipoff research rest", now=NOW + timedelta(days=1), league="nba")
    listed = document(bucket, FINDINGS)["findings"]
    assert [one["about"]["question"] for one in listed] == ["rest", "tiers"]
    assert publish_finding(bucket, found(other), "tipoff research rest", now=NOW + timedelta(days=2), league="nba") == []


def test_whatever_an_id_is_called_its_document_has_a_path() -> None:
    for text in (ID, "_Über/../a", "a  b", "x" * 90):
        assert is_document_path(backtest_path(document_name(text)))
