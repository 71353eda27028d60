"""The exception tree: drawn as it is, sorted by what to do next, whole on its way between processes."""

from __future__ import annotations

import pickle

import pytest

from tipoff import errors
from tipoff.errors import (
    ArtefactMismatch,
    BadInput,
    BrokenInvariant,
    BudgetSpent,
    Busy,
    ConfigError,
    Conflict,
    LeagueMismatch,
    NotReady,
    PromotionRefused,
    SlateStopped,
    StorageError,
    StorageFull,
    TipoffError,
    UnknownBatch,
    UnknownDate,
    UnknownFormat,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnavailable,
)

TREE: dict[type[TipoffError], type[BaseException]] = {
    TipoffError: Exception,
    ConfigError: TipoffError,
    LeagueMismatch: ConfigError,
    BadInput: TipoffError,
    UnknownFormat: BadInput,
    UnknownDate: BadInput,
    UnknownBatch: BadInput,
    NotReady: TipoffError,
    Conflict: TipoffError,
    Busy: TipoffError,
    UpstreamError: TipoffError,
    UpstreamRefused: UpstreamError,
    UpstreamUnavailable: UpstreamError,
    BudgetSpent: TipoffError,
    StorageError: TipoffError,
    StorageFull: StorageError,
    ArtefactMismatch: TipoffError,
    SlateStopped: TipoffError,
    PromotionRefused: TipoffError,
    BrokenInvariant: TipoffError,
}


def _declared() -> dict[type[TipoffError], type[BaseException]]:
    found = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, TipoffError)]
    return {error: error.__bases__[0] for error in found}


def _drawn() -> dict[str, str]:
    """Each name in the drawing on top of the module, with the name that it hangs from."""
    parents: dict[str, str] = {}
    branch: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        text = line.lstrip(" │├└─")
        name = text.split(" ")[0]
        if not line.startswith("    ") or not name.isidentifier():
            continue
        depth = len(line) - len(text)
        branch = [(other, parent) for other, parent in branch if other < depth]
        parents[name] = branch[-1][1] if branch else "Exception"
        branch.append((depth, name))
    return parents


def test_the_tree_is_the_one_that_programs_rely_on() -> None:
    assert _declared() == TREE


def test_the_drawing_shows_the_tree_as_it_is() -> None:
    assert _drawn() == {error.__name__: parent.__name__ for error, parent in TREE.items()}


def test_what_is_to_be_done_next_is_told_by_the_exit_code() -> None:
    codes = {error: error.exit_code for error, parent in TREE.items() if parent is TipoffError}
    assert len(set(codes.values())) == len(codes)
    assert not {0, TipoffError.exit_code, 2} & set(codes.values()), "0 is success, 1 an unknown error, 2 the command line's own"
    assert all(error.exit_code == parent.exit_code for error, parent in TREE.items() if issubclass(parent, TipoffError) and parent in codes)


@pytest.mark.parametrize("error", TREE)
def test_an_error_says_what_happened_and_then_what_to_do(error: type[TipoffError]) -> None:
    raised = error("The file is empty.", hint="Fetch it again.")
    assert str(raised) == "The file is empty. Fetch it again."
    assert (raised.message, raised.hint) == ("The file is empty.", "Fetch it again.")
    assert str(error("The file is empty.")) == "The file is empty."


def test_an_upstream_error_carries_the_status() -> None:
    assert UpstreamRefused("No.", status=401).status == 401
    assert UpstreamUnavailable("Nothing came.").status == 0


@pytest.mark.parametrize("raised", [Busy("Held.", hint="Wait."), UpstreamRefused("No.", hint="Look at the key.", status=401)])
def test_an_error_comes_whole_out_of_another_process(raised: TipoffError) -> None:
    again = pickle.loads(pickle.dumps(raised))
    assert type(again) is type(raised)
    assert (str(again), vars(again)) == (str(raised), vars(raised))
