"""Families of models: each fits a matrix of features, gives one estimate a row, and keeps itself in its library's own format.

A new family is a class with three methods (`fit`, `predict` and `to_bytes`, and `from_bytes` to come back), named here, or by another
package under the entry point `tipoff.families`. No pickle: a model file is data (F62). Knows names, and where each class is.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import TYPE_CHECKING, Any, Protocol

from tipoff.errors import ArtefactMismatch
from tipoff.predict.families.sample import Columns, Fitting, HasColumns, Matrix, Sample, Vector

if TYPE_CHECKING:
    from tipoff.predict.systems import System

__all__ = ["Columns", "Family", "Fitting", "HasColumns", "Matrix", "Model", "Sample", "Vector", "families", "family_named", "load"]

_GROUP = "tipoff.families"
_OURS = {
    "moving_average": "tipoff.predict.families.moving_average:MovingAverage",
    "catboost": "tipoff.predict.families.catboost:CatBoost",
    "lightgbm": "tipoff.predict.families.lightgbm:LightGBM",
    "minutes_rate": "tipoff.predict.families.minutes_rate:MinutesRate",
    "xgboost": "tipoff.predict.families.xgboost:XGBoost",
    "market_anchored": "tipoff.predict.families.market_anchored:MarketAnchored",
}


class Model(Protocol):
    """A fitted model. `rounds` is how many trees or steps it has, 0 where that has no meaning."""

    suffix: str

    @property
    def rounds(self) -> int: ...

    def predict(self, features: Matrix) -> Vector:
        """One estimate a row; NaN where it has nothing to say."""
        ...

    def to_bytes(self) -> bytes:
        """In the library's own format; the same data, system and seed give the same bytes."""
        ...


class Family(Protocol):
    """A way to make models. `library` is the distribution whose version an artefact depends on; `voice` is what makes its estimates
    distributions (see `tipoff.predict.voices`)."""

    library: str
    voice: str

    def fit(self, system: System, train: Sample, stop: Sample | None, fitting: Fitting) -> Model:
        """Fit a system. `stop` are later rows, on which training stops early; without them it takes `fitting.rounds` steps."""
        ...

    def from_bytes(self, body: bytes) -> Model:
        """A model from its bytes. Raises ArtefactMismatch where they are not one."""
        ...


@lru_cache(maxsize=1)
def families() -> dict[str, str]:
    """Where each family's class is, by the family's name: ours, and those of packages that offer more."""
    return {point.name: point.value for point in entry_points(group=_GROUP)} | _OURS


def family_named(name: str) -> Family:
    """A family by its name. Raises ArtefactMismatch where none is called so, or its package does not bring it."""
    known = families()
    if name not in known:
        raise ArtefactMismatch(f"No family of models is called {name!r}.", hint=f"There are {', '.join(known)}.")
    module, _, attribute = known[name].partition(":")
    try:
        found: Any = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ArtefactMismatch(f"The family {name!r} is not at {known[name]}: {error}.", hint="Install its package again.") from error
    return found  # type: ignore[no-any-return]


def load(name: str, body: bytes) -> Model:
    """A model of a family from its bytes. Raises ArtefactMismatch where they are not one, or where no family is called so."""
    return family_named(name).from_bytes(body)


def library_version(name: str) -> str:
    """The library of a family with its version. Raises ArtefactMismatch where no family is called so, or its library is not there."""
    library = family_named(name).library
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        raise ArtefactMismatch(f"{library}, the library of the family {name!r}, is not installed.", hint="Install it.") from None
