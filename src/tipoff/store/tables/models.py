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
        day("trained_from", "first game day trained on"),
        day("trained_until", "last game day trained on"),
        count("rows", "rows trained on", "rows"),
        string("data_hash", "hash of the training table"),
        count("seed", "seed"),
        string("artefact", "where the artefact lies in the bucket"),
        string("sha256", "of the artefact"),
        string("library_version", "library and version"),
        string("metrics", "measured on held-out days, JSON"),
        string("state", "candidate, shadow, champion or retired"),
        instant("state_since", "since when"),
        instant("created_at", "when it was trained"),
    ),
    "One row an artefact",
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
            )
        ),
        number("mae", "mean absolute error of 30 days", "pts"),
        number("bias", "mean of predicted - actual of 30 days", "pts"),
        number("brier", "of P(over), 30 days"),
        string("state", "health"),
    ),
    "Rolling performance of each system",
)

TABLES = (REGISTRY, PERFORMANCE_DAILY)
