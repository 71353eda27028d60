"""The pipeline's figures in Prometheus' text format (version 0.0.4).

In: figures. Out: text. It must never know where they come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tipoff.flow.figures import Figures

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Samples = Iterable[tuple[Mapping[str, str], float]]


def exposition(found: Figures) -> str:
    """The figures, each with what it means."""
    spent = found.credits
    limits = {"day": spent.day_limit, "month": spent.month_limit}
    families: list[tuple[str, str, Samples]] = [
        ("tipoff_batches", "Batches on record by feed and state.", _pairs(found.batches, ("feed", "state"))),
        ("tipoff_batches_retried", "Batches on record that were not the first attempt.", _one(found.retried)),
        (
            "tipoff_oldest_waiting_batch_seconds",
            "Age of the oldest batch that waits and may begin; 0 where none waits.",
            _one(found.oldest_waiting_seconds),
        ),
        ("tipoff_runs", "Phases on record by phase and status.", _pairs(found.runs, ("phase", "status"))),
        ("tipoff_workers", "Workers that are alive.", _one(found.workers)),
        ("tipoff_alerts_open", "Alerts that have not recovered.", _one(found.alerts_open)),
        ("tipoff_dead_letters", "Messages that were refused or not taken, and wait to be replayed.", _one(found.dead_letters)),
        (
            "tipoff_credits_spent",
            "Credits of The Odds API spent or reserved in this UTC day and month.",
            [({"period": "day"}, spent.day), ({"period": "month"}, spent.month)],
        ),
        (
            "tipoff_credits_limit",
            "The limits that are set on them.",
            [({"period": period}, limit) for period, limit in limits.items() if limit is not None],
        ),
        (
            "tipoff_credits_remaining",
            "Credits that the account said it had left.",
            _one(spent.remaining) if spent.remaining is not None else [],
        ),
    ]
    return "".join(line for name, about, samples in families for line in _family(name, about, samples))


def _one(value: float) -> Samples:
    return [({}, value)]


def _pairs(counts: Mapping[tuple[str, str], int], names: tuple[str, str]) -> Samples:
    return [(dict(zip(names, key, strict=True)), number) for key, number in counts.items()]


def _family(name: str, about: str, samples: Samples) -> Iterator[str]:
    """A gauge: each of these may fall again, since what is on record can be tidied away."""
    yield f"# HELP {name} {about}\n"
    yield f"# TYPE {name} gauge\n"
    for labels, value in samples:
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{shown}}} {value}\n" if shown else f"{name} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
