"""Who is who: players, aliases, unresolved names, ids of games, bookmakers, and which sources supply what since when."""

from tipoff.store.schema import WRITTEN, Table, count, day, derived, flag, instant, number, string

PLAYERS = derived(
    "ref.players",
    ("player_lookup",),
    (
        string("player_lookup", "normalised name"),
        string("name", "the name as the league writes it"),
        string("league_player_id", "the league's id"),
        day("birth_date", "date of birth, where a roster gave it"),
        string("team", "the team seen last"),
        day("first_seen", "first game day on record"),
        day("last_seen", "last game day on record"),
    ),
    "Everybody who ever stood in a box score or roster",
)

ALIASES = derived(
    "ref.aliases",
    ("alias", "team", "season"),
    (
        string("alias", "a normalised spelling"),
        string("team", "the team for which it holds"),
        string("season", "the season for which it holds"),
        string("player_lookup", "who is meant"),
        string("origin", "how we know: league-id, box-score or operator"),
    ),
    "Other spellings of a player, each for a team and a season",
)

SPELLINGS = derived(
    "ref.spellings",
    ("seen_in", "name", "league_player_id", "team", "season"),
    (
        string("seen_in", "box, roster, or quotes that gave the league's id"),
        string("name", "as it was printed"),
        string("league_player_id", "the league's id beside it; empty where there was none"),
        string("team", "the team for which he stood there; empty for quotes, which do not say"),
        string("season", "the season"),
        string("player_lookup", "who is meant, by all spellings on record; missing while nobody is"),
        day("first_day", "first game day; of a roster the day on which it was told"),
        day("last_day", "last of them"),
        day("birth_date", "date of birth, as the roster told last gives it"),
        instant("told_at", "when that roster was told"),
    ),
    "Every name that ever stood in a box score, on a roster, or beside an id in quotes: from these identity is worked out",
)

UNRESOLVED_NAMES = Table(
    "ref.unresolved_names",
    ("name", "game_id", "source"),
    (
        string("name", "as it was printed"),
        string("game_id", "the game in which it was met; in a report without games, day and team"),
        string("source", "who printed it"),
        string("player_lookup", "its normalised form"),
        string("payload_id", "one document that holds it"),
        string("candidates", "who it might be, most alike first"),
        count("rows_waiting", "rows that wait for it"),
        instant("first_seen", "when it was met first"),
        instant("resolved_at", "when it was resolved"),
        *WRITTEN,
    ),
    "Names that lead to nobody, or to two people; their rows wait in quarantine",
)

GAME_IDS = derived(
    "ref.game_ids",
    ("id_kind", "external_id"),
    (
        string("id_kind", "league, odds or espn"),
        string("external_id", "the id there"),
        string("game_id", "the game here"),
        instant("commence_time", "the tip-off that came with it"),
    ),
    "Every id of every game",
)

BOOKMAKERS = derived(
    "ref.bookmakers",
    ("bookmaker",),
    (
        string("bookmaker", "the key under which its rows are stored"),
        string("kind", "sportsbook, pickem, consensus or unknown"),
        string("title", "its name for people"),
        string("spellings", "other keys that mean it, comma-separated"),
        count("rank", "which of several consensus sources is asked first: lower is first"),
        flag("known", "whether it was declared, not merely met"),
    ),
    "Bookmakers and what kind each is",
)

BOOK_GROUPS = derived(
    "ref.book_groups",
    ("bookmaker", "measured_at"),
    (
        string("bookmaker", "a sportsbook"),
        instant("measured_at", "the first instant of the New York day before which it was measured: the group serves from then on"),
        string("book_group", "sharp, soft or neither: where the interval of the difference below lies"),
        count("n", "its own closing lines against points, voids out", "lines"),
        number("mae", "mean absolute error of these lines", "pts"),
        number("bias", "mean of line - points", "pts"),
        count("paired_n", "of them those on players whom other books quoted too", "lines"),
        number("mae_difference", "on these, its error - the error of the other books' median", "pts"),
        number("difference_low", "its 95 % interval, clustered by game date: lower bound", "pts"),
        number("difference_high", "upper bound", "pts"),
        count("brier_n", "lines with both prices that were no push", "lines"),
        number("brier", "mean of (devigged P(over) - over)^2 on these"),
        number("calibration_gap", "mean of devigged P(over) - over on these", "prob"),
    ),
    "Which books are sharp, as measured on the past: never by reputation",
)

SOURCES = derived(
    "ref.sources",
    ("source", "kind"),
    (
        string("source", "who"),
        string("kind", "what it supplies: box, schedule, odds, game_lines, injuries, shots, births"),
        day("on_from", "first game day that it supplies"),
        day("on_until", "last game day; missing while it is switched on"),
    ),
    "Which source supplies what, and for which days: what no source supplies is waived, what a silent one owes is not",
)

LEAGUE = derived(
    "ref.league",
    ("singleton",),
    (count("singleton", "always 1"), string("league", "nba or practice")),
    "The one league of this warehouse",
)

TABLES = (PLAYERS, ALIASES, SPELLINGS, UNRESOLVED_NAMES, GAME_IDS, BOOKMAKERS, BOOK_GROUPS, SOURCES, LEAGUE)
