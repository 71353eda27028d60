"""What must commit with the data: messages to be sent, and each game's generation."""

from tipoff.store.schema import count, day, derived, instant, string

OUTBOX = derived(
    "ops.outbox",
    ("message_id",),
    (
        string("message_id", "the message"),
        day("game_date", "the game day"),
        string("body", "the completion message, JSON"),
        instant("created_at", "when it was written"),
        instant("sent_at", "when it was delivered"),
    ),
    "Completion messages that commit with the data they speak of",
)

GENERATIONS = derived(
    "ops.generations",
    ("game_id", "kind"),
    (
        string("game_id", "the game"),
        string("kind", "the kind of work"),
        count("generation", "the fence: a holder with an older one cannot commit"),
    ),
    "Each game's generation",
)

TABLES = (OUTBOX, GENERATIONS)
