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
        string("scope", "a game's id; a game day where it is of a date, or the fence of a batch"),
        string("kind", "facts, features, predict:SYSTEM, publish, grade: what has this version; load:…: the fence of that feed's batches"),
        count("generation", "goes up by one with each change; a holder of a batch with an older one cannot commit"),
        string("owner", "who holds the batch, where it is a fence"),
        string("made_from", "the versions that this one was made from: it is up to date while they are the same"),
    ),
    "Generations: of each game's facts and of what is made from them, so that a phase knows what changed; of each batch, as the fence",
)

TABLES = (OUTBOX, GENERATIONS)
