from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tipoff.clock import parse_instant
from tipoff.names import find_team
from tipoff.practice import Season
from tipoff.practice.wire_espn import injuries


def _entries(document: Any) -> dict[str, Any]:
    return {entry["athlete"]["displayName"]: (team, entry) for team in document["injuries"] for entry in team["injuries"]}


def test_the_list_is_the_newest_report_of_each_player_who_is_not_available(season: Season) -> None:
    now = parse_instant("2026-01-14T23:30:00Z")
    entries = _entries(injuries(season, now))
    assert 20 < len(entries) < 120
    for player in season.players:
        item = season.status(player, now)
        listed = item is not None and item.status != "Available"
        assert (player.name in entries) == listed
        if item is not None and listed:
            entry = entries[player.name][1]
            assert entry["status"] in (item.status, "Day-To-Day")
            assert datetime.fromisoformat(entry["date"]) == item.at.replace(second=0, microsecond=0)


def test_teams_are_named_as_espn_names_them(season: Season) -> None:
    now = parse_instant("2026-01-14T23:30:00Z")
    for team, entry in _entries(injuries(season, now)).values():
        named = find_team(team["displayName"])
        assert named is not None
        assert find_team(entry["athlete"]["team"]["abbreviation"]) == named


def test_a_report_is_not_in_the_list_before_it_is_published(season: Season) -> None:
    item = next(item for item in season.news[2000:] if item.status == "Out")
    name = season.players[item.player].name
    seen = _entries(injuries(season, item.at))
    assert seen[name][1]["status"] == "Out"
    before = _entries(injuries(season, item.at - timedelta(minutes=1)))
    assert name not in before or before[name][1]["date"] < seen[name][1]["date"]


def test_every_word_for_a_status_occurs_in_the_season(season: Season) -> None:
    found: set[str] = set()
    for game in season.games[::25]:
        found |= {entry["status"] for _, entry in _entries(injuries(season, game.tip - timedelta(hours=7))).values()}
    assert found == {"Out", "Questionable", "Doubtful", "Probable", "Day-To-Day"}
