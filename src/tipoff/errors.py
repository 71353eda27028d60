"""Every error that Tipoff raises on purpose, sorted by what the operator should do next.

    TipoffError
    ├── ConfigError            fix the configuration: a setting is wrong or missing
    │   └── LeagueMismatch     invented and real data must not meet in one warehouse
    ├── BadInput               look at the data: a file, a document or an argument is not what it should be
    │   ├── UnknownFormat      its columns or its shape are not recognised
    │   ├── UnknownDate        a date that cannot be read, or that has no games
    │   └── UnknownBatch       no batch on record is called so
    ├── NotReady               run an earlier phase first: what this one needs is not there
    ├── Conflict               nothing to do: it is done already, and nothing is new; or force it
    ├── Busy                   wait, and try again: another process holds the resource
    ├── UpstreamError          a source did not answer as it should
    │   ├── UpstreamRefused    it said no, and will say no again: look at the key, the plan, the address
    │   └── UpstreamUnavailable  it may answer later
    ├── BudgetSpent            wait until the budget renews, or raise it: asking would cost more credits than allowed
    ├── StorageError           look at the disk or the bucket: it may not be written, or broke; nothing of the unit of work was kept
    │   └── StorageFull        make room: there is no space left
    ├── ArtefactMismatch       train again: a model file is not what its manifest says
    ├── SlateStopped           look at the named feature: the slate is not fit to be predicted on
    ├── PromotionRefused       look at the named gates: the model may not rise, or not yet
    └── BrokenInvariant        a defect of ours: report it

A message says what happened, where, and the next thing to do; `hint` carries that last part apart, so that
the command line can print it on a line of its own.
"""

from __future__ import annotations


class TipoffError(Exception):
    """The root of the tree. `exit_code` is what the command line exits with."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(TipoffError):
    """A setting is wrong or missing; nothing was done."""

    exit_code = 3


class LeagueMismatch(ConfigError):
    """Data of one league was offered to a warehouse of another; nothing was written."""


class BadInput(TipoffError):
    """A file, document or argument is not what it should be."""

    exit_code = 4


class UnknownFormat(BadInput):
    """No known kind of file has these columns, or this shape."""


class UnknownDate(BadInput):
    """A date that cannot be read, or on which there is nothing."""


class UnknownBatch(BadInput):
    """No batch on record has this id."""


class NotReady(TipoffError):
    """What this step needs has not been made yet."""

    exit_code = 5


class Conflict(TipoffError):
    """What was asked for is done already, and nothing is new; nothing was started."""

    exit_code = 13


class Busy(TipoffError):
    """Another process held the resource for longer than we were willing to wait."""

    exit_code = 6


class UpstreamError(TipoffError):
    """A source did not answer as it should. `status` is its HTTP status, 0 where there was none."""

    exit_code = 7

    def __init__(self, message: str, *, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class UpstreamRefused(UpstreamError):
    """The source refused: asking again would only cost credits."""


class UpstreamUnavailable(UpstreamError):
    """The source did not answer, or said to come back later."""


class BudgetSpent(TipoffError):
    """The credits allowed are spent; nothing was asked."""

    exit_code = 10


class StorageError(TipoffError):
    """A disk or a bucket did not take what was to be written, or does not answer.

    Nothing of that unit of work was kept, and the next run does it again.
    """

    exit_code = 11


class StorageFull(StorageError):
    """There is no room left on the disk, or the file may not grow."""


class ArtefactMismatch(TipoffError):
    """A model file differs from its manifest; it was not loaded."""

    exit_code = 8


class SlateStopped(TipoffError):
    """A check on the whole slate failed by name; no prediction was made."""

    exit_code = 9


class PromotionRefused(TipoffError):
    """A model may not change its state so; nothing was changed."""

    exit_code = 12


class BrokenInvariant(TipoffError):
    """Something that must always hold does not: a defect in Tipoff."""

    exit_code = 70
