"""Who is meant: box scores make people known, by the league's id or their name; injuries and quotes are then resolved against them."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import game_date_of, season_of
from tipoff.load.columns import map_distinct
from tipoff.load.identity import Identity, Mention, Resolution, learnt_aliases, resolve_all
from tipoff.load.offers import with_columns
from tipoff.names import player_lookup
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Work

_MARK = "\x1f"


def merge_players(work: Work, identity: Identity, box: pa.Table) -> pa.Table:
    """Box rows with `player_lookup`: the league's id decides, under the name that it bears newest; else the normalised name.

    Everybody in a box score is thereby on record, with the other spellings that he was met under.
    """
    ids = box.column("league_player_id")
    newest = (
        box.select(["league_player_id", "name", "game_date"])
        .filter(pc.is_valid(ids))
        .sort_by([("game_date", "ascending"), ("name", "ascending")])
        .group_by(["league_player_id"], use_threads=False)
        .aggregate([("name", "last")])
    )
    taken = dict(identity.by_league_id)
    for league_id, name in zip(newest.column("league_player_id").to_pylist(), newest.column("name_last").to_pylist(), strict=True):
        taken.setdefault(league_id, player_lookup(name))
    by_id = map_distinct(ids, taken.get, pa.string())
    with_teams = with_columns(box, player_lookup=by_id)
    _remember_rosters(identity, with_teams.filter(pc.is_valid(by_id)))
    keys = _mention_keys(box, ("team",))
    by_name = map_distinct(keys, lambda key: _called(identity, _mention(key)), pa.string())
    box = with_columns(box, player_lookup=pc.coalesce(by_id, by_name))
    _remember_players(work, identity, box)
    return box


def _called(identity: Identity, mention: Mention) -> str:
    """Who stands in a box score without an id: somebody on record, or else somebody new."""
    return identity.resolve(mention).player_lookup or player_lookup(mention.name)


def _remember_rosters(identity: Identity, box: pa.Table) -> None:
    for row in box.group_by(["team", "season", "player_lookup"], use_threads=False).aggregate([]).to_pylist():
        identity.rosters[row["team"], row["season"]].add(row["player_lookup"])


def _remember_players(work: Work, identity: Identity, box: pa.Table) -> None:
    known = {row["player_lookup"]: row for row in work.fetch(work.table("ref.players")).to_pylist()}
    people = (
        box.sort_by([("game_date", "ascending"), ("name", "ascending")])
        .group_by(["player_lookup"], use_threads=False)
        .aggregate([("name", "last"), ("league_player_id", "max"), ("team", "last"), ("game_date", "min"), ("game_date", "max")])
    )
    rows = []
    for row in people.to_pylist():
        before = known.get(row["player_lookup"])
        newer = before is None or before["last_seen"] is None or row["game_date_max"] >= before["last_seen"]
        rows.append(
            {
                "player_lookup": row["player_lookup"],
                "name": row["name_last"] if newer or before is None else before["name"],
                "league_player_id": row["league_player_id_max"] or (before or {}).get("league_player_id"),
                "birth_date": (before or {}).get("birth_date"),
                "team": row["team_last"] if newer or before is None else before["team"],
                "first_seen": min(filter(None, (row["game_date_min"], (before or {}).get("first_seen")))),
                "last_seen": max(filter(None, (row["game_date_max"], (before or {}).get("last_seen")))),
            }
        )
        identity.add_player(row["player_lookup"], rows[-1]["name"], rows[-1]["league_player_id"])
    work.merge("ref.players", table_of("ref.players", rows))
    _remember_rosters(identity, box)
    learnt: dict[Mention, Resolution] = {}
    for row in box.group_by(["team", "season", "player_lookup", "name"], use_threads=False).aggregate([]).to_pylist():
        mention = Mention(row["name"], None, (row["team"],), row["season"])
        learnt[mention] = Resolution(row["player_lookup"], "league-id", row["team"])
    work.merge("ref.aliases", learnt_aliases(learnt))


def resolved(
    work: Work, identity: Identity, offer: pa.Table, teams: tuple[str, ...]
) -> tuple[pa.Table, pa.Table, dict[Mention, Resolution]]:
    """Rows of an offer with `player_lookup`, the rows whose name leads to nobody, and how each mention was resolved.

    `teams` are the columns that hold the teams among whom he is sought. Spellings that were learnt become aliases.
    """
    keys = _mention_keys(offer, teams)
    resolutions = resolve_all(identity, (_mention(key) for key in keys.unique().to_pylist()))
    work.merge("ref.aliases", learnt_aliases(resolutions))
    found = map_distinct(keys, lambda key: resolutions[_mention(key)].player_lookup, pa.string())
    rows = with_columns(offer, player_lookup=found)
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
