"""Summaries that features are built on, each as of a moment."""

from tipoff.store.schema import count, day, derived, flag, instant, number, string

PLAYER_GAME_SUMMARY = derived(
    "analytics.player_game_summary",
    ("game_id", "player_lookup"),
    (
        string("game_id", "the game"),
        string("player_lookup", "the player"),
        day("game_date", "the game day"),
        string("season", "such as 2025-26"),
        string("team", "tricode"),
        string("opponent", "tricode"),
        flag("home", "at home"),
        flag("started", "started"),
        flag("did_not_play", "no court time"),
        number("minutes", "playing time", "min"),
        number("points", "points", "pts"),
        number("usage_rate", "share of the team's possessions that he ended while on court", "%"),
        number("ts_pct", "true shooting: points / (2 x (FGA + .44 FTA))"),
        number("closing_line", "median over sportsbooks of the last pre-tip main line; a consensus source where there are none", "pts"),
        string("over_under_result", "OVER, UNDER or PUSH against it"),
        number("margin", "points - closing line", "pts"),
        instant("known_at", "when the newest box score that this rests on was known"),
    ),
    "One row a player and game, by the newest box score",
)

TEAM_GAME_SUMMARY = derived(
    "analytics.team_game_summary",
    ("game_id", "team"),
    (
        string("game_id", "the game"),
        string("team", "tricode"),
        string("opponent", "tricode"),
        day("game_date", "the game day"),
        string("season", "such as 2025-26"),
        flag("home", "at home"),
        number("points", "points scored", "pts"),
        number("opponent_points", "points allowed", "pts"),
        number("possessions", "mean over both sides of FGA + .44 FTA - OREB + TOV", "poss"),
        number("pace", "possessions per 48 minutes", "poss/48"),
        number("off_rating", "points per 100 possessions", "pts/100 poss"),
        number("def_rating", "points allowed per 100 possessions", "pts/100 poss"),
        flag("won", "won"),
        number("margin", "points - opponent's points", "pts"),
        instant("known_at", "when the newest box score that this rests on was known"),
    ),
    "One row a team and game, summed from its players' box scores",
)

UPCOMING_CONTEXT = derived(
    "analytics.upcoming_player_game_context",
    ("game_id", "player_lookup", "as_of"),
    (
        string("game_id", "the game"),
        string("player_lookup", "the player"),
        instant("as_of", "the moment of knowledge: the earlier of the one asked for and the tip-off"),
        day("game_date", "the game day"),
        string("season", "such as 2025-26"),
        instant("commence_time", "the tip-off as known then"),
        string("team", "tricode; missing where the player's team is not known to play"),
        string("opponent", "tricode"),
        flag("home", "at home"),
        string("game_type", "regular, playoff, play_in or cup_final"),
        number("days_rest", "days since his last game, less one", "days"),
        number("game_total", "median over books of the latest pre-tip total", "pts"),
        number("home_spread", "median over books of the latest pre-tip spread of the HOME side", "pts"),
        number("current_line", "consensus line", "pts"),
        number("opening_line", "median over books of each one's first quote", "pts"),
        string(
            "injury_status", "by the newest report; available where a report covers the game and is silent on him; missing where none does"
        ),
        number("star_teammates_out", "stars listed out or doubtful; missing without a report", "players"),
        count("streak_over", "games in a row over the closing line", "games"),
        count("streak_under", "games in a row under the closing line", "games"),
        instant("newest_known_at", "newest known_at of what this rests on"),
    ),
    "Who is scheduled to play, and in what circumstances, as of a moment",
)

LINE_SUMMARY = derived(
    "analytics.player_line_summary",
    ("game_id", "player_lookup", "as_of"),
    (
        string("game_id", "the game"),
        string("player_lookup", "the player"),
        instant("as_of", "the moment of knowledge"),
        day("game_date", "the game day"),
        string("line_kind", "sportsbook, or consensus where no sportsbook quotes"),
        number("consensus_line", "median main line over books, one a book", "pts"),
        number("line_std", "sample standard deviation over books; missing below two", "pts"),
        number("line_range", "largest - smallest", "pts"),
        count("book_count", "books with a current line", "books"),
        count("outlier_count", "books 1.5 points or more from the consensus", "books"),
        number("agreement_ratio", "share of books within half a point of the consensus"),
        number("sharp_avg", "mean line of the sharp group of sportsbooks; missing until it is measured", "pts"),
        number("soft_avg", "mean line of the soft group of sportsbooks; missing until it is measured", "pts"),
        number("sharp_soft_delta", "their difference", "pts"),
        number(
            "implied_over",
            "P(over) at the consensus line: devigged book by book, translated to it, pooled on the logit scale",
            "prob",
        ),
        number("juice_asymmetry", "implied_over - 0.5", "prob"),
        string("best_over_book", "book with the best over"),
        number("best_over_point", "its line", "pts"),
        number("best_over_price", "its price", "decimal"),
        string("best_under_book", "book with the best under"),
        number("best_under_point", "its line", "pts"),
        number("best_under_price", "its price", "decimal"),
        number("opening_line", "median over books of each one's first quote", "pts"),
        number("closing_line", "median over books of each one's last pre-tip quote, once the tip has passed", "pts"),
        number("close_minutes", "minutes before the tip of the newest quote behind it; missing where every such moment is assumed", "min"),
        number("line_movement", "median over books quoted at both instants of current - first", "pts"),
        number("velocity", "change an hour over the last six hours, median over books quoted at both ends", "pts/h"),
        count("snapshot_count", "distinct snapshots seen", "snapshots"),
        instant("newest_known_at", "newest quote that this rests on"),
    ),
    "The market on a player's points as of a moment",
)

TABLES = (PLAYER_GAME_SUMMARY, TEAM_GAME_SUMMARY, UPCOMING_CONTEXT, LINE_SUMMARY)
