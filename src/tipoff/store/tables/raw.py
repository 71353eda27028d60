"""Facts as the sources gave them: payload index, odds, schedule, box scores, injuries, quarantine."""

from tipoff.store.schema import WRITTEN, Table, count, day, facts, flag, instant, number, string

PAYLOADS = Table(
    "raw.payloads",
    ("payload_id",),
    (
        string("payload_id", "sha256 of the verbatim bytes"),
        string("source", "who sent it"),
        string("kind", "what it is: event-odds, schedule, box, injuries, import …"),
        day("game_date", "the game day that it speaks of, where it is of one"),
        string("event_id", "the source's id of the game or event, where it is of one"),
        instant("fetched_at", "when we fetched it; missing where it came from a folder"),
        instant("snapshot_at", "the moment that it describes"),
        string("url", "the address asked, without its key"),
        count("bytes", "its size", "bytes"),
        count("status", "HTTP status; 0 where it came from a folder"),
        string("path", "where it lies in the bucket"),
        string("mapping", "how its columns were read, JSON, where it is an imported file: so that it can be read again"),
        *WRITTEN,
    ),
    "One row a payload in the vault; where the same bytes were fetched more than once, as fetched last",
    precedence=("fetched_at", "snapshot_at"),
)

ARRIVALS = Table(
    "raw.arrivals",
    ("payload_id", "arrived"),
    (
        string("payload_id", "what arrived"),
        string("arrived", "when it was fetched, as ISO 8601 in UTC; `folder` where that is not on record"),
        string("source", "who sent it"),
        string("feed", "what it was asked for as: props, lines, events, schedule, box, injuries …"),
        day("game_date", "the game day that it was asked for"),
        string("url", "the address asked, without its key; a file where it came from a folder"),
        count("status", "HTTP status; 0 where it came from a folder"),
        *WRITTEN,
    ),
    "One row a fetch whose rows are in: the same bytes fetched twice are two snapshots. What arrived and is not here is still to be loaded",
    precedence=("status", "url"),
)

ODDS_PLAYER_POINTS = facts(
    "raw.odds_player_points",
    ("event_id", "bookmaker", "market", "player_lookup", "point", "snapshot_at"),
    (
        string("event_id", "the source's id of the event"),
        string("bookmaker", "bookmaker key"),
        string("market", "player_points or player_points_alternate"),
        string("player_lookup", "the player"),
        number("point", "the line", "pts"),
        instant("snapshot_at", "when the quote stood"),
        string("game_id", "the game"),
        day("game_date", "the game day"),
        instant("commence_time", "the tip-off as this document gave it"),
        number("over_price", "price of over", "decimal"),
        number("under_price", "price of under", "decimal"),
        flag("is_main", "whether it is the book's main line at that snapshot"),
        number("minutes_to_tip", "minutes from the snapshot to the tip-off; negative in play", "min"),
        instant("last_update", "when the book last changed it, by its own account"),
        string("name", "the player as it was printed"),
        string("league_player_id", "the league's id of him, where it was given"),
    ),
    "Quotes on a player's points: one row an event, book, market, player, point and snapshot, both sides' prices",
    computed=("is_main",),
)

ODDS_GAME_LINES = facts(
    "raw.odds_game_lines",
    ("event_id", "bookmaker", "market", "outcome", "point", "snapshot_at"),
    (
        string("event_id", "the source's id of the event"),
        string("bookmaker", "bookmaker key"),
        string("market", "spreads, totals or h2h"),
        string("outcome", "home, away, over or under"),
        number("point", "the spread of that side, or the total; 0 for h2h", "pts"),
        instant("snapshot_at", "when the quote stood"),
        string("game_id", "the game"),
        day("game_date", "the game day"),
        instant("commence_time", "the tip-off as this document gave it"),
        number("price", "its price", "decimal"),
        string("team", "tricode of the side, missing for totals"),
        number("minutes_to_tip", "minutes from the snapshot to the tip-off; negative in play", "min"),
        instant("last_update", "when the book last changed it, by its own account"),
    ),
    "Quotes on games: spreads (signed, by side), totals, moneylines",
)

SCHEDULE = facts(
    "raw.schedule",
    ("game_id", "known_at"),
    (
        string("game_id", "YYYYMMDD_AWY_HOM"),
        string("league_game_id", "the league's id"),
        string("event_id", "the odds source's id"),
        day("game_date", "the game day"),
        string("season", "such as 2025-26"),
        instant("commence_time", "the tip-off"),
        flag("tip_assumed", "whether only the date was given: 19:00 at the home arena"),
        string("home", "tricode"),
        string("away", "tricode"),
        string("game_type", "regular, playoff, play_in or cup_final"),
        string("status", "scheduled, live, final, postponed or cancelled"),
        count("home_score", "points of the home team: while live so far, when final in all", "pts"),
        count("away_score", "points of the away team: while live so far, when final in all", "pts"),
    ),
    "The schedule in versions; the newest known is in force, the league's own before an odds source's",
)

PLAYER_BOX = facts(
    "raw.player_box",
    ("game_id", "player_lookup", "known_at"),
    (
        string("game_id", "the game"),
        string("player_lookup", "the player"),
        day("game_date", "the game day"),
        string("season", "such as 2025-26"),
        string("team", "his team in that game"),
        string("opponent", "the other team"),
        flag("home", "whether his team was at home"),
        flag("started", "whether he started"),
        number("minutes", "playing time", "min"),
        count("points", "points", "pts"),
        count("fgm", "field goals made"),
        count("fga", "field goals attempted"),
        count("fg3m", "three-pointers made"),
        count("fg3a", "three-pointers attempted"),
        count("ftm", "free throws made"),
        count("fta", "free throws attempted"),
        count("oreb", "offensive rebounds"),
        count("dreb", "defensive rebounds"),
        count("ast", "assists"),
        count("stl", "steals"),
        count("blk", "blocks"),
        count("tov", "turnovers"),
        count("pf", "personal fouls"),
        count("plus_minus", "score difference while on court", "pts"),
        flag("did_not_play", "listed, and without a second of court time"),
        string("reason", "why not, where it is said"),
        number("paint_fga", "attempts in the paint, of the shots on record"),
        number("mid_fga", "mid-range attempts, of the shots on record"),
        number("three_fga", "three-point attempts, of the shots on record"),
        instant("commence_time", "the tip-off as this document gave it"),
        string("name", "the player as it was printed"),
        string("league_player_id", "the league's id of him, where it was given"),
    ),
    "Box scores in versions: a correction is a new row with its own known_at. Shots have a known_at of their own, in raw.shots",
    computed=("paint_fga", "mid_fga", "three_fga"),
    precedence=("origin_rank", "fetched_at", "league_player_id", "payload_id"),
)

SHOTS = facts(
    "raw.shots",
    ("game_id", "action_id"),
    (
        string("game_id", "the game"),
        count("action_id", "the league's number of the action"),
        string("league_game_id", "the league's id of the game"),
        day("game_date", "the game day"),
        string("player_lookup", "the shooter"),
        string("team", "his team"),
        string("zone", "paint, mid or three"),
        flag("made", "whether it went in"),
        count("points", "its worth when made", "pts"),
        string("name", "the player as it was printed"),
        string("league_player_id", "the league's id of him, where it was given"),
    ),
    "Shots with their zone, from play-by-play",
)

INJURIES = facts(
    "raw.injuries",
    ("player_lookup", "game_date", "known_at"),
    (
        string("player_lookup", "the player"),
        day("game_date", "the game day that the status speaks of"),
        string("team", "tricode"),
        string("status", "available, probable, questionable, doubtful or out"),
        string("reason", "as the report gives it"),
        string("name", "the player as it was printed"),
        string("league_player_id", "the league's id of him, where it was given"),
    ),
    "Statuses from injury reports, in versions; never from box scores",
)

INJURY_SUBMISSIONS = facts(
    "raw.injury_submissions",
    ("team", "game_date", "known_at"),
    (
        string("team", "tricode"),
        day("game_date", "the game day that the report speaks of"),
        flag("submitted", "whether the team has told who is hurt; as long as it has not, silence about a player says nothing"),
    ),
    "Which teams had handed in their part of an injury report, in versions; only reports that tell it have rows here",
)

QUARANTINE = Table(
    "raw.quarantine",
    ("payload_id", "path"),
    (
        string("payload_id", "the document"),
        string("path", "where in it: a field path, or a row number of a file"),
        string("rule", "what it broke"),
        string("value", "what stood there, cut to 200 characters"),
        string("game_id", "of a name that leads to nobody, the game in which it was met; in a report without games, day and team"),
        string("league_player_id", "of a name that leads to nobody, the league's id beside it, where it was given"),
        string("source", "who sent the document"),
        string("kind", "what the document is"),
        string("origin", "where the document came from: an address or a file"),
        instant("first_seen", "when it was set apart first"),
        instant("replayed_at", "when its rows loaded after all"),
        *WRITTEN,
    ),
    "Input that was set apart, with its place and the rule that it broke",
)

TABLES = (PAYLOADS, ARRIVALS, ODDS_PLAYER_POINTS, ODDS_GAME_LINES, SCHEDULE, PLAYER_BOX, SHOTS, INJURIES, INJURY_SUBMISSIONS, QUARANTINE)
