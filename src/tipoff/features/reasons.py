"""Why a value is missing, in words: what each reason of a recipe means, and the phase that would mend it.

Knows words only. A recipe that gives a reason which does not stand here fails the build.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tipoff.errors import BrokenInvariant

Phase = Literal["scrape", "load", "analyze", "features"]
PHASES: tuple[Phase, ...] = ("scrape", "load", "analyze", "features")


@dataclass(frozen=True)
class Reason:
    """What a reason means; `phase` would mend it, None where only time does."""

    meaning: str
    phase: Phase | None


REASONS: dict[str, Reason] = {
    "no_games": Reason("No game that he played in the last 400 days is on record.", "load"),
    "fewer_than_2_games": Reason("Fewer than two games that he played are on record.", "load"),
    "fewer_than_3_games": Reason("Fewer than three games that he played are on record.", "load"),
    "fewer_than_4_games": Reason("Fewer than four games that he played are on record.", "load"),
    "fewer_than_5_games": Reason("Fewer than five games that he played are on record.", "load"),
    "too_few_games_in_60_days": Reason("Fewer than two games in 60 days, or all with the same points: there is no deviation.", "load"),
    "season_too_young": Reason("Fewer than two games that he played this season are on record.", "load"),
    "no_season_average": Reason("He has a line, and no game this season yet.", "load"),
    "no_attempts": Reason("No field-goal attempt in his last ten games.", "load"),
    "no_points": Reason("No point in his last ten games.", "load"),
    "no_team_games": Reason("No game of his team's is on record.", "load"),
    "opponent_fewer_than_5_games": Reason("Fewer than five games of the opponent's are on record.", "load"),
    "team_unknown": Reason("The last team that he was listed for is none of the two: a trade, or a name that is somebody else's.", "load"),
    "game_type_unknown": Reason("No schedule says whether it is a playoff game.", "scrape"),
    "no_schedule_before": Reason("No earlier game of his team, or of the opponent, is on the schedule.", "scrape"),
    "no_report_covers_the_game": Reason("No injury report known by then speaks of the game and his team.", "scrape"),
    "out": Reason("The newest report lists him as out; only a newer one says otherwise.", "scrape"),
    "no_shots": Reason("No shot of his last ten games is on record.", "scrape"),
    "no_line": Reason("No book has a current line on him.", "scrape"),
    "no_game_line": Reason("No book has a line on the game.", "scrape"),
    "fewer_than_2_books": Reason("One book alone has a line on him.", "scrape"),
    "no_prices": Reason("No book's line on him has both prices.", "scrape"),
    "no_line_6h_ago": Reason("No book had a line on him six hours before, and again since.", "scrape"),
    "no_line_at_previous_game": Reason("No book of now had a line on him at the tip of his previous game.", "scrape"),
    "no_lined_games": Reason("Too few past games with a closing line are on record.", "scrape"),
    "lines_not_out": Reason("Fewer than two sportsbooks have lines on the game's players yet.", "scrape"),
    "group_without_line": Reason("No sharp book, or no soft one, has a line on him.", "scrape"),
    "groups_not_measured": Reason("Which books are sharp has not been measured (`tipoff books --keep`).", "analyze"),
    "no_slope": Reason("Too few box scores to learn how far points stray at that level.", "load"),
    "no_game_in_14_days": Reason("He has not played for 14 days: there is no recent line to compare with.", None),
    "out_of_range": Reason("The value was computed, and lies outside the feature's range.", "features"),
    "not_supplied": Reason("No source that is switched on supplies what it is made of for that day.", "scrape"),
    "warm_up": Reason("The season is too young for it.", None),
}


def reason_named(word: str) -> Reason:
    """Raises BrokenInvariant for a word that is no reason."""
    if word not in REASONS:
        raise BrokenInvariant(f"{word!r} is no reason for a missing value: `tipoff.features.reasons` does not say who would mend it.")
    return REASONS[word]
