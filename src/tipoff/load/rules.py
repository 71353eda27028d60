"""The rules that input is held to, in words: what a name of the quarantine means, and the next thing to do about it.

Knows words only. Some names are made of a field's (`home_missing`, `unreadable_price`): those are told by their pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

_SOURCE = "Look at the source's document; if the source now sends it this way on purpose, its reader has to learn it. Then replay."
_FILE = "Mend the file or its mapping (docs/import.md), and import it again."
_NOTHING = "Nothing, as a rule: it is not meant to be loaded."
_FETCH = "Fetch it again; the document itself stays in the vault as it came."


@dataclass(frozen=True)
class Rule:
    """What a rule says, and what to do about what broke it."""

    meaning: str
    next_step: str


RULES: dict[str, Rule] = {
    "unresolved_name": Rule(
        "The name leads to nobody on record, or to two people.",
        "`tipoff names unresolved` lists such names; `tipoff names resolve` says who is meant, and loads the rows.",
    ),
    "no_next_game": Rule(
        "The report speaks of a team's next game, and the schedule knows of none.", "Load the schedule; the row loads then."
    ),
    "no_game_yet": Rule(
        "The play-by-play is of a game that nobody has told of yet.", "Load the schedule, or its box score; the row loads then."
    ),
    "game_not_over": Rule(
        "The play-by-play does not go to the end of its game: only a whole one is taken.", "Fetch it again when the game is over."
    ),
    "no_such_game": Rule("No game of this team is known on that day.", "Load or import the schedule of that season; the rows load then."),
    "other_league": Rule(
        "The document is of another league than this warehouse: invented data never mixes with real data.",
        "Load it into a data directory of its own (--data-dir).",
    ),
    "mixed_leagues": Rule("One document holds games of two leagues.", "Load each league by itself."),
    "not_points": Rule(
        "The lines stand too far from the players' own points: they are lines on something else.",
        "See what the file's lines are on. If they are on points after all, raise thresholds.level_points.",
    ),
    "market_refused": Rule("A market that was not asked for, such as assists: it is never taken for points.", _NOTHING),
    "not_json": Rule("The body is neither JSON nor a PDF: an error page, or a document that was cut off.", _FETCH),
    "empty_body": Rule("The body is empty, and the answer was not the status that says so (204).", _FETCH),
    "wrong_encoding": Rule("The body is not UTF-8, or a broken archive.", _FETCH),
    "too_deep": Rule("The body is nested deeper than any document of a source.", _FETCH),
    "too_large": Rule("The body is larger than any document of a source.", _FETCH),
    "broken_pdf": Rule("The PDF is damaged, and cannot be read.", _FETCH),
    "encrypted_pdf": Rule("The PDF is encrypted; no source sends such.", _FETCH),
    "empty_pdf": Rule("The PDF has no page.", _FETCH),
    "too_costly": Rule("To read the document would take more memory or time than any document of a source does.", _FETCH),
    "team_not_in_matchup": Rule("The team is none of the two of the game that it stands under.", _SOURCE),
    "kind_not_used": Rule("The document is of a kind of this source that nothing here is made of, such as a game book.", _NOTHING),
    "not_final": Rule(
        "The box score's own figures do not say that the game is over: minutes of a whole game on both sides, and a winner.",
        "Nothing: it is asked for again until it is final.",
    ),
    "unknown_game": Rule(
        "The document does not tell the tip, and its game is not on record: by the league's id, or by day and teams.",
        "Load the schedule; the rows load then.",
    ),
    "game_not_final": Rule(
        "A box score without a status came too early or too late to say by itself that the game is over, and the schedule does not say so.",
        "Load the schedule or the scoreboard of that day; the rows load once it says final.",
    ),
    "team_not_in_game": Rule("The team is neither side of the game.", _SOURCE),
    "unrecognised": Rule("The document has the shape of no known kind: perhaps an error that the source sent with status 200.", _SOURCE),
    "duplicate_key": Rule("An object names a key twice, and which value was meant cannot be known.", _SOURCE),
    "no_snapshot": Rule(
        "Nothing tells of which moment the document is: no wrapper, no fetch on record, no last_update.",
        "Fetch it by `tipoff scrape` or `tipoff backfill`, which note the moment.",
    ),
    "not_a_league_team": Rule("The side is none of the thirty teams: an exhibition, or another league.", _NOTHING),
    "not_a_league_game": Rule("The game's type is none that is loaded: pre-season or All-Star.", _NOTHING),
    "unknown_sport": Rule("The event is of another sport.", _NOTHING),
    "tied_final": Rule("A final score without a winner.", _FETCH),
    "points_do_not_add_up": Rule("The points are not those of the shots made.", _FETCH),
    "more_made_than_attempted": Rule("More shots made than attempted.", _FETCH),
    "points_without_playing": Rule("Points of a player who did not play.", _FETCH),
    "player_twice": Rule("One player stands twice in one list, with different figures.", _SOURCE),
    "same_team_twice": Rule("The list names one team twice.", _SOURCE),
    "team_against_itself": Rule("Home and away are one team.", _SOURCE),
    "tip_on_another_day": Rule("The tip-off lies on another New York day than the game.", _FILE),
    "conflicting_rows": Rule("Rows of the file say different things of one and the same; neither is believed.", _FILE),
    "known_before_the_tip": Rule("The box score says that it was known before its game began: it would tell the outcome ahead.", _FILE),
    "wrong_number_of_cells": Rule("The row has more or fewer cells than the header: a comma in a text without quotes, perhaps.", _FILE),
    "teams_undecided": Rule("The teams of this game are not known yet.", "Nothing: a later document names them."),
}

_PATTERNS: tuple[tuple[str, str, Rule], ...] = (
    ("prefix", "conflicting_", Rule("The document says two different things of one and the same {0}; neither is believed.", _SOURCE)),
    ("prefix", "unreadable_", Rule("The {0} is missing, or of a kind that it cannot be.", _SOURCE)),
    ("prefix", "unknown_", Rule("The {0} is none that is known.", _SOURCE)),
    ("prefix", "not_a_", Rule("Where a {0} is due stands something else.", _SOURCE)),
    ("prefix", "not_an_", Rule("Where an {0} is due stands something else.", _SOURCE)),
    ("suffix", "_out_of_range", Rule("The {0} lies outside of what it can be.", _SOURCE)),
    ("suffix", "_missing", Rule("The column {0} is empty in this row.", _FILE)),
    ("suffix", "_unreadable", Rule("The column {0} holds something in this row that cannot be read as what it should be.", _FILE)),
    ("suffix", "_unknown", Rule("The {0} is none that is known.", _FILE)),
)


def rule_named(name: str) -> Rule:
    """What a rule means; one that nobody put into words says so."""
    if name in RULES:
        return RULES[name]
    for kind, part, rule in _PATTERNS:
        if name.startswith(part) if kind == "prefix" else name.endswith(part):
            field = (name.removeprefix(part) if kind == "prefix" else name.removesuffix(part)).replace("_", " ")
            return Rule(rule.meaning.format(field), rule.next_step)
    return Rule(f"It broke the rule {name}.", _SOURCE)
