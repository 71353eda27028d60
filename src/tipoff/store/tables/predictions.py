"""What was said before the tip, why somebody was left out, and how it turned out."""

from tipoff.store.schema import WRITTEN, Table, count, day, derived, flag, instant, number, string

PREDICTIONS = derived(
    "predictions.player_prop_predictions",
    ("prediction_id",),
    (
        string("prediction_id", "hash of game, player, system, as_of and inputs"),
        string("game_id", "the game"),
        string("player_lookup", "the player"),
        string("system_id", "the system"),
        string("model_id", "the artefact that spoke"),
        day("game_date", "the game day"),
        string("team", "tricode"),
        string("opponent", "tricode"),
        number("predicted_points", "interpolated median of the predictive distribution, in [0, 60]", "pts"),
        number("predicted_mean", "its mean", "pts"),
        count("predicted_whole", "its whole-number median", "pts"),
        number("sd", "its standard deviation", "pts"),
        *(
            number(f"{end}_{level}", f"{words} end of the central interval of whole points that holds {level} % or more", "pts")
            for level in (80, 90)
            for end, words in (("low", "lower"), ("high", "upper"))
        ),
        number("p_over", "P(points > line)", "prob"),
        number("p_push", "P(points = line)", "prob"),
        number("p_under", "P(points < line)", "prob"),
        number("line", "the line taken, at one book", "pts"),
        string("line_source", "ACTUAL_PROP or NO_PROP_LINE"),
        string("line_kind", "sportsbook, or consensus where no sportsbook quotes"),
        string("bookmaker", "the book whose point and price it is"),
        number("over_price", "its price of over", "decimal"),
        number("under_price", "its price of under", "decimal"),
        instant("quote_at", "when that quote stood"),
        number("edge", "|predicted - line|", "pts"),
        number("line_margin", "predicted - line", "pts"),
        number("edge_probability", "P(the side leant to, no push) - 1 / its price; missing without a price", "prob"),
        string("side", "OVER or UNDER: the side leant to, recommended or not; missing without a line"),
        string("recommendation", "OVER, UNDER, PASS or NO_LINE"),
        flag("is_active", "the newest of this game, player and system"),
        string("superseded_by", "the prediction that took its place"),
        string("invalidation_reason", "why it was taken down"),
        number("quality_score", "of the feature row", "0-100"),
        string("tier", "of the feature row"),
        string("batch_id", "the batch"),
        string("run_mode", "first, retry, final_retry, line_check, line_update, last_call or backfill"),
        instant("as_of", "the moment of knowledge"),
        string("feature_version", "version of the features"),
        instant("created_at", "when it was first said"),
    ),
    "One row a prediction; one active a game, player and system",
)

ABSENCES = derived(
    "predictions.absences",
    ("game_id", "player_lookup", "system_id", "batch_id"),
    (
        string("game_id", "the game"),
        string("player_lookup", "the player"),
        string("system_id", "the system"),
        string("batch_id", "the batch"),
        day("game_date", "the game day"),
        string("team", "tricode, where it is known"),
        string("reason", "no_line, not_quality_ready, out, doubtful, unresolved_name, low_minutes, gate or model_blocked"),
        string("detail", "in words"),
        string("mended_by", "the phase that would mend it"),
        flag("has_line", "whether a book quotes him"),
        instant("as_of", "the moment of knowledge"),
    ),
    "One row a scheduled player and system without a prediction",
)

ACCURACY = derived(
    "predictions.prediction_accuracy",
    ("player_lookup", "game_id", "system_id"),
    (
        string("player_lookup", "the player"),
        string("game_id", "the game"),
        string("system_id", "the system"),
        string("prediction_id", "the prediction graded"),
        day("game_date", "the game day"),
        number("actual_points", "points in the newest box score; missing without court time", "pts"),
        string("result", "WIN, LOSS, PUSH or VOID; missing for PASS and NO_LINE with court time"),
        string("void_reason", "dnp_injury_confirmed, dnp_late_scratch, dnp_unknown or game_not_completed"),
        flag("prediction_correct", "true for WIN, false for LOSS, else missing"),
        string("recommendation", "as predicted"),
        number("line", "as predicted", "pts"),
        number("edge", "as predicted", "pts"),
        number("signed_error", "predicted - actual", "pts"),
        number("absolute_error", "|whole-number median - actual|", "pts"),
        number("predicted_margin", "predicted - line", "pts"),
        number("actual_margin", "actual - line", "pts"),
        number("line_absolute_error", "|line - actual|", "pts"),
        number("shifted_line_absolute_error", "|floor(line) on half lines, else line, - actual|", "pts"),
        number("p_over", "as predicted", "prob"),
        flag("went_over", "actual > line"),
        number("close_line", "the consensus at the tip", "pts"),
        number("close_minutes", "how long before the tip its newest quote stood; missing where that is assumed", "min"),
        number("clv_points", "of the side leant to: close - taken for OVER, taken - close for UNDER; missing where not measurable", "pts"),
        number("clv_prob", "closing probability at the taken point x taken price - 1; missing where not measurable"),
        number("price", "the price taken", "decimal"),
        number("units", "profit on a stake of one", "units"),
        instant("graded_at", "when it was graded"),
    ),
    "One row a player, game and system: how it turned out; re-grading replaces",
)

PUBLISHED_PICKS = Table(
    "predictions.published_picks",
    ("pick_id",),
    (
        string("pick_id", "hash of what was shown"),
        string("prediction_id", "the prediction shown"),
        day("game_date", "the game day"),
        string("document", "the document that showed it"),
        string("shown", "the entry as shown, JSON"),
        instant("published_at", "when it was first shown"),
        *WRITTEN,
    ),
    "Append-only: everything that was ever shown",
)

TABLES = (PREDICTIONS, ABSENCES, ACCURACY, PUBLISHED_PICKS)
