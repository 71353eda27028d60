"""The gates that a model passes before its state may rise: each one small function of evidence, with value, threshold, N and verdict.

Three answers, told apart: PASSED, FAILED, and INSUFFICIENT_DATA where the evidence cannot tell yet, which is not passed. A fourth,
LEAK_ALARM, is what looks too good. Means stand with their 95 % interval, clustered by game date.

Knows evidence. It must never know a table, or a state.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from tipoff.grade.calibration import perfect_calibration_error
from tipoff.grade.metrics import calibration_error, log_losses, paired_difference
from tipoff.rates import Paired, clustered_mean, wilson
from tipoff.train.evidence import Evidence, Vector, on_the_same_rows

Word = Literal["PASSED", "FAILED", "INSUFFICIENT_DATA", "LEAK_ALARM"]

MEAN_VS_LINE, TIER_BIAS = 1.5, 1.0
TIER_EDGES = (10.0, 15.0, 20.0, 25.0)
TIERS = ("[0,10)", "[10,15)", "[15,20)", "[20,25)", "[25,)")
JUDGED_SHARE = 0.9
"""Tiers too small to be judged may together hold a tenth of the rows."""
MAE_MARGIN, LOG_LOSS_MARGIN = 0.03, 0.001
"""Points, nats: a difference to the champion below these does not matter."""
WIDEST_RATE, WIDEST_BAND = 0.20, 0.10
LEAK_ROWS, LEAK_HIT_RATE, LEAK_MAE = 300, 0.60, 0.15
_A_LEAK = "a leak until the leak check says otherwise (`tipoff leakcheck`)"


@dataclass(frozen=True)
class Gate:
    """One gate's answer. `value` and `threshold` are None where there is nothing to measure; `n` is the rows that were measured."""

    name: str
    value: float | None
    threshold: float | None
    n: int
    verdict: Word
    words: str

    @property
    def told(self) -> str:
        """In one line: which gate, which value, which threshold, which N."""
        value = "no value" if self.value is None else f"{self.value:+.4f}"
        limit = "" if self.threshold is None else f" against {self.threshold:.4f}"
        return f"{self.name} {self.verdict}: {value}{limit}, N {self.n:,}; {self.words}"


@dataclass(frozen=True)
class Verdict:
    """Every gate's answer on one system's evidence; `champion` is the source of the evidence that it was compared with."""

    system_id: str
    source: str
    champion: str | None
    gates: tuple[Gate, ...]

    @property
    def word(self) -> Word:
        """The worst of the gates' answers."""
        found = {gate.verdict for gate in self.gates}
        order: tuple[Word, ...] = ("LEAK_ALARM", "FAILED", "INSUFFICIENT_DATA")
        return next((word for word in order if word in found), "PASSED")

    @property
    def refusals(self) -> list[str]:
        """What stands in the way: which gate, which value, which threshold, which N."""
        return [gate.told for gate in self.gates if gate.verdict != "PASSED"]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`, and for the record."""
        gates = [asdict(gate) for gate in self.gates]
        return {"system_id": self.system_id, "source": self.source, "champion": self.champion, "verdict": self.word, "gates": gates}


def judge(evidence: Evidence, champion: Evidence | None = None) -> Verdict:
    """Every gate, on the evidence of a system and, where there is a champion, on his of the same kind."""
    gates = (
        leak_alarm(evidence),
        no_overlap(evidence),
        mean_against_line(evidence),
        bias_by_tier(evidence),
        mae_against_champion(evidence, champion),
        log_loss_against_champion(evidence, champion),
        beats_the_market(evidence),
        calibration(evidence),
    )
    return Verdict(evidence.system_id, evidence.source, champion.source if champion else None, gates)


def leak_alarm(evidence: Evidence) -> Gate:
    """What looks too good is a bug until the leak check says otherwise: a hit rate above 60 % over 300 bets or more, or an MAE more than
    .15 below the line's on the same rows (300 or more, for the same reason: below that, chance alone would ring it)."""
    name = "leak_alarm"
    if evidence.leaks:
        return Gate(
            name, float(evidence.leaks), 0.0, evidence.size, "LEAK_ALARM", "its leak check named columns that change with the future"
        )
    decided = evidence.side_wins[np.isfinite(evidence.side_wins)]
    rate = wilson(int(decided.sum()), decided.size)
    if rate.n >= LEAK_ROWS and rate.rate is not None and rate.rate > LEAK_HIT_RATE:
        words = f"hit rate {rate.rate:.1%}{_span(rate.low, rate.high)}: {_A_LEAK}"
        return Gate(name, rate.rate, LEAK_HIT_RATE, rate.n, "LEAK_ALARM", words)
    error = _paired(np.abs(evidence.whole - evidence.points), np.abs(evidence.line - evidence.points), evidence)
    if error.mean is None or error.n < LEAK_ROWS:
        return Gate(name, error.mean, -LEAK_MAE, error.n, "INSUFFICIENT_DATA", f"fewer than {LEAK_ROWS} rows with a line and an outcome")
    against = f"MAE - the line's MAE{_span(error.low, error.high)}"
    if error.mean < -LEAK_MAE:
        return Gate(name, error.mean, -LEAK_MAE, error.n, "LEAK_ALARM", f"{against}: {_A_LEAK}")
    rated = "no decided bet" if rate.rate is None else f"hit rate {rate.rate:.1%} of {rate.n:,} bets"
    return Gate(name, error.mean, -LEAK_MAE, error.n, "PASSED", f"{against}; {rated}")


def no_overlap(evidence: Evidence) -> Gate:
    """No row is of a day that the model which spoke had learnt from. Value: how many are."""
    name, unknown = "no_overlap", int(np.isnat(evidence.trained_until).sum())
    if evidence.size == 0:
        return Gate(name, None, 0.0, 0, "INSUFFICIENT_DATA", "nothing was predicted")
    overlapping = int(np.count_nonzero(evidence.days <= evidence.trained_until))
    if overlapping:
        return Gate(name, float(overlapping), 0.0, evidence.size, "FAILED", "rows of days that the model had learnt from")
    if unknown:
        return Gate(name, 0.0, 0.0, evidence.size, "INSUFFICIENT_DATA", f"of {unknown} rows it is not known what the model had learnt from")
    return Gate(name, 0.0, 0.0, evidence.size, "PASSED", "every row is later than what the model had learnt from")


def mean_against_line(evidence: Evidence) -> Gate:
    """|mean(predicted - line)| <= 1.5 points."""
    found = clustered_mean(evidence.predicted - evidence.line, evidence.days)
    return Gate("mean_against_line", found.mean, MEAN_VS_LINE, found.n, _within(found, MEAN_VS_LINE), _told(found, "predicted - line"))


def bias_by_tier(evidence: Evidence) -> Gate:
    """|mean(predicted - points)| <= 1 in every tier of the line; without a line, of the prediction; never of the outcome.

    A tier too small to be told apart from its limit is not judged; together such tiers may hold a tenth of the rows. Value: the bias
    that is largest, of the tiers that fail or else of those judged.
    """
    name, error = "bias_by_tier", evidence.predicted - evidence.points
    lined, known = np.isfinite(evidence.line), np.isfinite(error)
    level = np.where(lined, evidence.line, evidence.predicted)
    tier = np.where(known, np.searchsorted(TIER_EDGES, level, side="right"), -1)
    found: list[tuple[str, Paired, Word]] = []
    for kind, of_kind in (("line", lined), ("no line, predicted", ~lined)):
        for place, words in enumerate(TIERS):
            rows = of_kind & (tier == place)
            if rows.any():
                measured = clustered_mean(error[rows], evidence.days[rows])
                found.append((f"{kind} {words}", measured, _within(measured, TIER_BIAS)))
    total = sum(measured.n for _, measured, _ in found)
    if total == 0:
        return Gate(name, None, TIER_BIAS, 0, "INSUFFICIENT_DATA", "no prediction has an outcome")
    failed = [one for one in found if one[2] == "FAILED"]
    judged = [one for one in found if one[2] == "PASSED"]
    shown = failed or judged or found
    _, worst, _ = max(shown, key=lambda one: abs(one[1].mean or 0.0))
    unsure = {"INSUFFICIENT_DATA": " (not judged)"}
    words = "; ".join(f"{_told(measured, tier_name)}{unsure.get(word, '')}" for tier_name, measured, word in found)
    enough = sum(measured.n for _, measured, _ in judged) >= JUDGED_SHARE * total
    verdict: Word = "FAILED" if failed else "PASSED" if enough else "INSUFFICIENT_DATA"
    return Gate(name, worst.mean, TIER_BIAS, worst.n, verdict, words)


def mae_against_champion(evidence: Evidence, champion: Evidence | None) -> Gate:
    """The MAE (of the whole-number median) is no worse than the champion's on the same rows."""
    if champion is None:
        return _no_champion("mae_against_champion", MAE_MARGIN)
    ours, theirs = on_the_same_rows(evidence, champion)
    found = _paired(np.abs(ours.whole - ours.points), np.abs(theirs.whole - theirs.points), ours)
    return _no_worse("mae_against_champion", found, MAE_MARGIN, "points")


def log_loss_against_champion(evidence: Evidence, champion: Evidence | None) -> Gate:
    """The log loss of P(over) is no worse than the champion's on the same rows, at the same line."""
    if champion is None:
        return _no_champion("log_loss_against_champion", LOG_LOSS_MARGIN)
    ours, theirs = on_the_same_rows(evidence, champion)
    at_one_line = np.where(ours.line == theirs.line, ours.went_over, np.nan)
    found = _paired(log_losses(ours.over, at_one_line), log_losses(theirs.over, at_one_line), ours)
    return _no_worse("log_loss_against_champion", found, LOG_LOSS_MARGIN, "nats")


def beats_the_market(evidence: Evidence) -> Gate:
    """The paired log loss is below the recalibrated market's; or the hit rate's lower bound is above always-UNDER's rate on the same bets.

    Bets on OVER lose where UNDER wins, so that the two rates move against each other: the paired difference of the two must be above 0
    as well, and the rate's interval no wider than 20 points.
    """
    name, happened = "beats_the_market", evidence.went_over
    loss = _paired(log_losses(evidence.over, happened), log_losses(evidence.recalibrated_over, happened), evidence)
    decided = np.isfinite(evidence.side_wins)
    rate = wilson(int(evidence.side_wins[decided].sum()), int(decided.sum()))
    under, difference = clustered_mean(evidence.under_wins, evidence.days), _paired(evidence.side_wins, evidence.under_wins, evidence)
    words = [_told(loss, "log loss - the recalibrated market's") if loss.n else "no row beside the recalibrated market"]
    if rate.rate is None or under.mean is None or rate.low is None or rate.high is None:
        words.append("no decided bet")
    else:
        words.append(
            f"hit rate {rate.rate:.1%}{_span(rate.low, rate.high)} of {rate.n:,} bets, always-UNDER {under.mean:.1%} on the same"
            f", difference{_span(difference.low, difference.high) or ' without an interval'}"
        )
        wide = rate.high - rate.low > WIDEST_RATE
        if not wide and rate.low > under.mean and difference.low is not None and difference.low > 0 and not _below(loss):
            return Gate(name, rate.low, under.mean, rate.n, "PASSED", "; ".join(words))
    return Gate(name, loss.mean, 0.0, loss.n, "PASSED" if _below(loss) else "INSUFFICIENT_DATA", "; ".join(words))


def calibration(evidence: Evidence) -> Gate:
    """ECE of P(over), 10 equal-count bins, within the 95 % quantile of what a perfect model shows with these probabilities by chance."""
    happened = evidence.went_over
    known = np.isfinite(evidence.over) & np.isfinite(happened)
    found = calibration_error(evidence.over[known], happened[known])
    _, limit = perfect_calibration_error(evidence.over[known])
    if found.value is None or limit is None:
        return Gate("calibration", None, None, 0, "INSUFFICIENT_DATA", "no P(over) has an outcome")
    words = "ECE against the 95 % quantile of a perfect model's"
    if found.value > limit:
        return Gate("calibration", found.value, limit, found.n, "FAILED", words)
    if limit > WIDEST_BAND:
        return Gate("calibration", found.value, limit, found.n, "INSUFFICIENT_DATA", f"{words}, which is too wide to say much at this N")
    return Gate("calibration", found.value, limit, found.n, "PASSED", words)


def _paired(ours: Vector, theirs: Vector, evidence: Evidence) -> Paired:
    return paired_difference(ours, theirs, evidence.days)


def _within(found: Paired, limit: float) -> Word:
    """Whether |mean| <= limit, where the interval is narrow enough to say so: half of it no wider than the limit, or all of it beyond."""
    if found.mean is None or found.low is None or found.high is None:
        return "INSUFFICIENT_DATA"
    half = (found.high - found.low) / 2
    if abs(found.mean) - half > limit or (half <= limit < abs(found.mean)):
        return "FAILED"
    return "PASSED" if half <= limit else "INSUFFICIENT_DATA"


def _no_worse(name: str, found: Paired, margin: float, unit: str) -> Gate:
    """FAILED where the interval lies above 0: it is worse. PASSED where it lies below the margin: it is not worse by what matters."""
    words = f"ours - the champion's, in {unit}{_span(found.low, found.high)}"
    if found.mean is None or found.low is None or found.high is None:
        return Gate(name, found.mean, margin, found.n, "INSUFFICIENT_DATA", "too few rows in common with the champion")
    verdict: Word = "FAILED" if found.low > 0 else "PASSED" if found.high <= margin else "INSUFFICIENT_DATA"
    return Gate(name, found.mean, margin, found.n, verdict, words)


def _no_champion(name: str, margin: float) -> Gate:
    return Gate(name, None, margin, 0, "PASSED", "there is no champion to compare with")


def _below(found: Paired) -> bool:
    return found.high is not None and found.high < 0


def _told(found: Paired, what: str) -> str:
    return f"{what}: none" if found.mean is None else f"{what} {found.mean:+.4f}{_span(found.low, found.high)}, N {found.n:,}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None or math.isnan(low) else f" [{low:+.4f}, {high:+.4f}]"
