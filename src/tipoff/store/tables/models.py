"""Artefacts of the fleet and how they fare."""

from tipoff.store.schema import count, day, derived, instant, number, string

REGISTRY = derived(
    "models.registry",
    ("model_id",),
    (
        string("model_id", "system, end of training and data hash"),
        string("system_id", "the system"),
        string("family", "moving_average, catboost, lightgbm …"),
        string("feature_set", "the named set of features"),
        string("feature_hash", "hash of their names in order"),
        string("feature_version", "version of the code that computed them"),
        string("loss", "what was minimised"),
        string("window", "how far back it was trained, such as 1095d"),
        day("trained_from", "first game day trained on"),
        day("trained_until", "last game day trained on"),
        count("rows", "rows trained on", "rows"),
        string("data_hash", "hash of the training table"),
        count("seed", "seed"),
        string("artefact", "where the artefact lies in the bucket"),
        string("sha256", "of the artefact"),
        string("library_version", "library and version"),
        string("metrics", "measured on held-out days, JSON"),
        string("gates", "the verdicts on which it was last raised, JSON: each gate with value, threshold, N"),
        string("state", "candidate, shadow, champion or retired"),
        instant("state_since", "since when"),
        instant("created_at", "when it was trained"),
    ),
    "One row an artefact",
)

STATE_CHANGES = derived(
    "models.state_changes",
    ("change",),
    (
        count("change", "1, 2, … in the order in which they were made"),
        string("model_id", "the model"),
        string("system_id", "its system"),
        string("from_state", "what it was; missing for one that is new"),
        string("to_state", "what it became"),
        instant("changed_at", "when"),
        string("changed_by", "who decided: a person's name, or the command that trained it"),
        string("reason", "why, in their words"),
        string("gates", "the verdicts that the decision rested on, JSON; missing where none were asked for"),
    ),
    "Append-only: every change of a model's state",
)

PERFORMANCE_DAILY = derived(
    "models.performance_daily",
    ("system_id", "game_date"),
    (
        string("system_id", "the system"),
        day("game_date", "up to and with this game day"),
        *(
            column
            for days in (7, 14, 30)
            for column in (
                count(f"n_{days}d", f"decided bets of {days} days", "bets"),
                number(f"hit_rate_{days}d", f"won / decided over {days} days"),
                number(f"low_{days}d", "lower end of the 95 % Wilson interval"),
                number(f"high_{days}d", "upper end"),
                number(f"break_even_{days}d", "mean of 1 / price of these bets: the rate from which they do not lose"),
            )
        ),
        count("n_error", "predictions with an outcome of 30 days", "predictions"),
        number("mae", "mean absolute error of the whole-number median, 30 days", "pts"),
        number("bias", "mean of predicted - actual of 30 days", "pts"),
        count("n_brier", "predictions whose line was passed or missed, 30 days", "predictions"),
        number("brier", "of P(over | no push), 30 days"),
        string("state", "state of the model that served, when this was computed"),
        string("health", "INSUFFICIENT_DATA, BLOCKED, DEGRADING, WATCH or HEALTHY"),
        count("health_days", "the window that the health was judged on", "days"),
    ),
    "Rolling performance of each system",
)

TABLES = (REGISTRY, STATE_CHANGES, PERFORMANCE_DAILY)
