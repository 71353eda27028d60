"""Who is meant: box scores and rosters make people known, by the league's id or their name; everybody else is resolved against them.

Comes in: offers without a `player_lookup`. Goes out: the same with it, and `ref.spellings`, `ref.players`, `ref.aliases` as functions of
all that box scores and rosters ever said, and of the names beside which quotes gave an id of the league. It must never know points or
prices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import game_date_of, season_of
from tipoff.load.columns import INSTANT, map_distinct
from tipoff.load.counts import Counts
from tipoff.load.identity import OPERATOR, QUOTES, Change, Identity, Mention, Resolution, Spelling, called, operator_aliases, resolve_all
from tipoff.load.offers import stamped_shots, with_columns
from tipoff.load.rekey import move, rename, resolve_again
from tipoff.names import player_lookup
from tipoff.store.tables import table_named, table_of
from tipoff.store.warehouse import Work

_MARK = "\x1f"
_KEY = ("seen_in", "name", "league_player_id", "team", "season")
Row = dict[str, Any]
Homeless = dict[str, pa.Table]


class Met:
    """What box scores and rosters on their way in change about who is who."""

    def __init__(self, work: Work, box: pa.Table | None, roster: pa.Table | None, quotes: pa.Table | None) -> None:
        self._work = work
        self.before = {_spelling(row): row for row in work.fetch(work.table("ref.spellings")).to_pylist()}
        self.after = dict(self.before)
        for offer, seen_in in ((box, "box"), (roster, "roster"), (quotes, QUOTES)):
            if offer is not None:
                for row in _said(offer, seen_in):
                    self.after[_spelling(row)] = _both(self.after.get(_spelling(row)), row)
        lookups = called({spelling: row["last_day"] for spelling, row in self.after.items()}, operator_aliases(work))
        self.after = {spelling: {**row, "player_lookup": lookups[spelling]} for spelling, row in self.after.items()}
        self.changed = {spelling: row for spelling, row in self.after.items() if row != self.before.get(spelling)}

    def lookups_of(self, box: pa.Table) -> pa.Array:
        """The `player_lookup` of each row of a box score."""
        keys = _mention_keys(box, ("team",))
        return map_distinct(keys, lambda key: self.after[_spelling_of(key)]["player_lookup"], pa.string())

    @property
    def moved(self) -> dict[Spelling, tuple[str, str]]:
        """The spellings that meant another player until now: (then, now)."""
        stood = {
            spelling: (self.before[spelling]["player_lookup"], row["player_lookup"])
            for spelling, row in self.after.items()
            if spelling in self.before and spelling.seen_in != QUOTES
        }
        return {spelling: pair for spelling, pair in stood.items() if pair[0] != pair[1]}

    @property
    def news(self) -> bool:
        """Whether anybody may be resolved otherwise than before."""
        return bool(self.moved) or any(spelling not in self.before for spelling in self.changed)

    def keep(self, counts: Counts) -> None:
        """Put it on record: spellings, players, aliases; rows of box scores and whatever was worked out from them follow their player."""
        work = self._work
        moved = self.moved
        if moved:
            self._move_boxes(counts, moved)
        if self.changed:
            rows = [{key: value for key, value in row.items() if key not in ("written_at", "run_id")} for row in self.changed.values()]
            work.merge("ref.spellings", table_of("ref.spellings", rows))
        touched = {row["player_lookup"] for row in self.changed.values()} | {then for then, _ in moved.values()}
        people = defaultdict(list)
        for row in self.after.values():
            if row["player_lookup"] in touched and row["seen_in"] != QUOTES:
                people[row["player_lookup"]].append(row)
        if people:
            work.merge("ref.players", table_of("ref.players", [_player(lookup, rows) for lookup, rows in sorted(people.items())]))
        renamed = _renamed(moved.values(), still=people)
        work.remove("ref.players", pa.table({"player_lookup": pa.array(sorted(renamed), pa.string())}))
        if self.news:
            _keep_aliases(work, self.after.values(), renamed)
        rename(work, counts, renamed)

    def _move_boxes(self, counts: Counts, moved: dict[Spelling, tuple[str, str]]) -> None:
        wanted = [{**_columns(spelling), "player_lookup": now} for spelling, (_, now) in moved.items() if spelling.seen_in == "box"]
        if not wanted:
            return
        box = self._work.table("raw.player_box")
        known = ibis.memtable(pa.Table.from_pylist(wanted)).rename(his_id="league_player_id", new_lookup="player_lookup").drop("seen_in")
        rows = box.mutate(his_id=box.league_player_id.fill_null(""))
        found = self._work.fetch(
            rows.inner_join(known, ["name", "his_id", "team", "season"]).select(*table_named("raw.player_box").column_names, "new_lookup")
        )
        move(self._work, counts, "raw.player_box", found.drop_columns(["new_lookup"]), found.column("new_lookup").combine_chunks())


def resolve_what_stands(work: Work, counts: Counts, before: Identity) -> tuple[Identity, Homeless]:
    """The identity index as it is now, once the rows that stand are resolved by it; and by table the rows of names that lead to nobody
    any more, which were taken away."""
    after = Identity.of(work)
    return after, resolve_again(work, counts, after, Change.between(before, after))


def _said(offer: pa.Table, seen_in: str) -> list[Row]:
    """The spellings of an offer, each with its first and last day; of a roster with the date of birth told last."""
    rows = with_columns(offer, league_player_id=pc.fill_null(offer.column("league_player_id").cast(pa.string()), ""))
    if seen_in == QUOTES:  # of which side he is, a quote does not say
        rows = with_columns(rows.select(["name", "league_player_id", "season", "game_date"]), team="")
        told = []
    elif seen_in == "roster":
        days = map_distinct(rows.column("known_at"), game_date_of, pa.date32())
        rows = with_columns(rows, game_date=days, season=map_distinct(days, season_of, pa.string()))
        rows = rows.sort_by([("known_at", "ascending"), ("birth_date", "ascending")])
        told = [("birth_date", "last"), ("known_at", "max")]
    else:
        rows = rows.select(["name", "league_player_id", "team", "season", "game_date"])
        told = []
    groups = rows.group_by(["name", "league_player_id", "team", "season"], use_threads=False)
    return [
        {
            "seen_in": seen_in,
            **{name: row[name] for name in ("name", "league_player_id", "team", "season")},
            "player_lookup": None,
            "first_day": row["game_date_min"],
            "last_day": row["game_date_max"],
            "birth_date": row.get("birth_date_last"),
            "told_at": row.get("known_at_max"),
        }
        for row in groups.aggregate([("game_date", "min"), ("game_date", "max"), *told]).to_pylist()
    ]


def _both(stood: Row | None, said: Row) -> Row:
    """Two sayings of one spelling as one, whichever came first."""
    if stood is None:
        return said
    told = max((row["told_at"], row["birth_date"] or date.min) for row in (stood, said)) if said["told_at"] else None
    return {
        **stood,
        "first_day": min(stood["first_day"], said["first_day"]),
        "last_day": max(stood["last_day"], said["last_day"]),
        "told_at": told and told[0],
        "birth_date": None if told is None or told[1] == date.min else told[1],
    }


def _spelling(row: Row) -> Spelling:
    return Spelling(*(row[name] for name in _KEY))


def _columns(spelling: Spelling) -> Row:
    return {name: getattr(spelling, name) for name in _KEY}


def _spelling_of(key: str) -> Spelling:
    name, league_id, season, team = key.split(_MARK)
    return Spelling("box", name, league_id, team, season)


def _player(lookup: str, rows: list[Row]) -> Row:
    """A player as all his spellings tell: named as the league's own box scores name him newest, of the team seen last."""
    named = max(
        rows,
        key=lambda row: (row["seen_in"] == "box" and row["league_player_id"] != "", row["seen_in"] == "box", row["last_day"], row["name"]),
    )
    seen = max(rows, key=lambda row: (row["last_day"], row["seen_in"] == "box", row["team"]))
    days = [day for row in rows if row["seen_in"] == "box" for day in (row["first_day"], row["last_day"])]
    births = [(row["told_at"], row["birth_date"]) for row in rows if row["birth_date"]]
    return {
        "player_lookup": lookup,
        "name": named["name"],
        "league_player_id": max(row["league_player_id"] for row in rows) or None,
        "birth_date": max(births)[1] if births else None,
        "team": seen["team"],
        "first_seen": min(days, default=None),
        "last_seen": max(days, default=None),
    }


def _renamed(moved: Iterable[tuple[str, str]], still: dict[str, list[Row]]) -> dict[str, str]:
    """Lookups that are nobody's any more, with the one whose all their rows are now; one whose rows went to two players is left out."""
    targets = defaultdict(set)
    for then, now in moved:
        if not still.get(then):
            targets[then].add(now)
    return {then: next(iter(now)) for then, now in targets.items() if len(now) == 1}


def _keep_aliases(work: Work, spellings: Iterable[Row], renamed: dict[str, str]) -> None:
    """Every other spelling of a player becomes an alias for its team and season; the operator's own aliases stand, and follow a rename."""
    wanted: dict[tuple[str, str, str], tuple[int, str, str]] = {}
    for row in spellings:
        alias = player_lookup(row["name"])
        if row["seen_in"] != QUOTES and alias and alias != row["player_lookup"]:
            key = (alias, row["team"], row["season"])
            origin = (2, "league-id") if row["league_player_id"] else (1, "box-score") if row["seen_in"] == "box" else (0, "roster")
            known = (origin[0], row["player_lookup"], origin[1])
            wanted[key] = max(known, wanted.get(key, known))
    gone, kept = [], []
    for row in work.fetch(work.table("ref.aliases")).to_pylist():
        key = (row["alias"], row["team"], row["season"])
        if row["origin"] == OPERATOR:
            wanted.pop(key, None)
            if row["player_lookup"] in renamed:
                kept.append((*key, renamed[row["player_lookup"]], OPERATOR))
        elif key not in wanted:
            gone.append({"alias": key[0], "team": key[1], "season": key[2]})
        elif wanted[key][1:] == (row["player_lookup"], row["origin"]):
            del wanted[key]
    kept += [(*key, lookup, origin) for key, (_, lookup, origin) in wanted.items()]
    work.remove("ref.aliases", table_of("ref.aliases", gone))
    names = ("alias", "team", "season", "player_lookup", "origin")
    work.merge("ref.aliases", table_of("ref.aliases", [dict(zip(names, row, strict=True)) for row in kept]))


def resolved(identity: Identity, offer: pa.Table, teams: tuple[str, ...]) -> tuple[pa.Table, pa.Table, dict[Mention, Resolution]]:
    """Rows of an offer with `player_lookup`, the rows whose name leads to nobody, and how each mention was resolved.

    `teams` are the columns that hold the teams among whom he is sought.
    """
    keys = _mention_keys(offer, teams)
    resolutions = resolve_all(identity, (_mention(key) for key in keys.unique().to_pylist()))
    found = map_distinct(keys, lambda key: resolutions[_mention(key)].player_lookup, pa.string())
    rows = with_columns(offer, player_lookup=found)
    if not found.null_count:
        return rows, rows.slice(0, 0), resolutions
    return rows.filter(pc.is_valid(found)), rows.filter(pc.is_null(found)), resolutions


def _mention_keys(rows: pa.Table, teams: tuple[str, ...]) -> pa.Array:
    """One text a row that says who is mentioned where, so that each distinct mention is resolved once."""
    parts = [rows.column("name"), pc.fill_null(rows.column("league_player_id"), ""), rows.column("season")]
    parts += [pc.fill_null(rows.column(team), "") for team in teams]
    return pc.binary_join_element_wise(*(part.cast(pa.string()) for part in parts), _MARK).combine_chunks()


def _mention(key: str) -> Mention:
    name, league_id, season, *teams = key.split(_MARK)
    return Mention(name, league_id or None, tuple(team for team in teams if team), season)


def with_next_game(work: Work, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Injury rows with the game day that they speak of: as given, else the team's next game day from the report's own New York day on;
    and those for which the schedule knows of none."""
    if rows.column("game_date").null_count:
        games = work.fetch(work.table("raw.schedule").select("game_date", "home", "away").distinct()).to_pylist()
        days: dict[str, list[date]] = {}
        for game in sorted(games, key=lambda game: game["game_date"]):
            for side in ("home", "away"):
                days.setdefault(game[side], []).append(game["game_date"])
        given = rows.column("game_date").to_pylist()
        teams, moments = rows.column("team").to_pylist(), rows.column("known_at").to_pylist()
        filled = [
            day or next((later for later in days.get(team, []) if later >= game_date_of(moment)), None)
            for day, team, moment in zip(given, teams, moments, strict=True)
        ]
        rows = with_columns(rows, game_date=pa.array(filled, pa.date32()))
    homeless = rows.filter(pc.is_null(rows.column("game_date")))
    rows = rows.filter(pc.is_valid(rows.column("game_date")))
    if "league_player_id" not in rows.column_names:
        rows = with_columns(rows, league_player_id=pa.nulls(rows.num_rows, pa.string()))
    return with_columns(rows, season=map_distinct(rows.column("game_date"), season_of, pa.string())), homeless


def with_league_game(work: Work, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Shots with the game of their league id, its day and season, and when they were known; and those whose id nobody has told of yet."""
    known = work.table("ref.game_ids").filter(lambda t: t.id_kind == "league")
    wanted = ibis.memtable(pa.table({"external_id": rows.column("league_game_id").unique()}))
    found = work.fetch(known.semi_join(wanted, "external_id").select("external_id", "game_id", "commence_time")).to_pylist()
    games = {row["external_id"]: row["game_id"] for row in found}
    tips = {row["external_id"]: row["commence_time"] for row in found}
    rows = with_columns(rows, game_id=map_distinct(rows.column("league_game_id"), games.get, pa.string()))
    rows = stamped_shots(rows, map_distinct(rows.column("league_game_id"), tips.get, INSTANT))
    days = map_distinct(rows.column("game_id"), lambda game: date(int(game[:4]), int(game[4:6]), int(game[6:8])), pa.date32())
    rows = with_columns(rows, game_date=days, season=map_distinct(days, season_of, pa.string()))
    placed = pc.is_valid(rows.column("game_id"))
    return rows.filter(placed), rows.filter(pc.invert(placed))
