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
    ("scope", "kind"),
    (
        string("scope", "a game's id; for the fence of a batch its game day"),
        string("kind", "facts: counts the commits that changed the game's facts; load:…: the fence of that feed's batches"),
        count("generation", "goes up by one; a holder of a batch with an older one cannot commit"),
        string("owner", "who holds the batch, where it is a fence"),
    ),
    "Generations: of each game's facts, so that what depends on them knows that they changed; of each batch, as the fence",
)

TABLES = (OUTBOX, GENERATIONS)
