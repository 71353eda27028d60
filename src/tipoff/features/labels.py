"""A word for each row out of a handful of words: the source of a value, or the reason why there is none.

Kept as numbers, so that half a million rows cost no more than their bytes. Knows words; it must never know what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tipoff.analyze.past import Bools, Floats

Codes = np.ndarray[tuple[int], np.dtype[np.int8]]


@dataclass(frozen=True)
class Labels:
    """By row one of `words`, as an index into them."""

    words: tuple[str, ...]
    codes: Codes

    @classmethod
    def all(cls, word: str, size: int) -> Labels:
        """The same word for every row."""
        return cls((word,), np.zeros(size, dtype=np.int8))

    @classmethod
    def of(cls, words: str | Labels, size: int) -> Labels:
        """Labels as they are, or one word for every row."""
        return words if isinstance(words, Labels) else cls.all(words, size)

    def where(self, condition: Bools, word: str | Labels) -> Labels:
        """The given word where the condition holds, elsewhere what stands here."""
        other = Labels.of(word, len(self.codes))
        words = tuple(dict.fromkeys((*self.words, *other.words)))
        translated = np.array([words.index(name) for name in other.words], dtype=np.int8)
        return Labels(words, np.where(condition, translated[other.codes], self.codes))

    def is_(self, word: str) -> Bools:
        """Where this word stands."""
        return self.codes == self.words.index(word) if word in self.words else np.zeros(len(self.codes), dtype=np.bool_)

    def graded(self, grades: dict[str, int]) -> Floats:
        """The number that each row's word has. Raises KeyError for a word without one."""
        return np.array([grades[word] for word in self.words], dtype=np.float64)[self.codes]

    def column(self) -> pa.Array:
        """As text."""
        return pa.DictionaryArray.from_arrays(pa.array(self.codes), pa.array(self.words, pa.string()))


def choose(condition: Bools, yes: str | Labels, no: str | Labels) -> Labels:
    """A reason or source by row."""
    return Labels.of(no, len(condition)).where(condition, yes)


class Lists:
    """By row a list of words, added column by column; rows with the same list share one text."""

    def __init__(self, size: int) -> None:
        self._lists: list[str] = [""]
        self._which = np.zeros(size, dtype=np.int64)

    def add(self, wanted: Bools, labels: Labels) -> None:
        """Append each wanted row's word to its list."""
        if not wanted.any():
            return
        width = len(labels.words) + 1
        pairs = self._which * width + np.where(wanted, labels.codes + 1, 0)
        seen = np.zeros(len(self._lists) * width, dtype=np.bool_)
        seen[pairs] = True
        met = np.flatnonzero(seen)
        grown = []
        for pair in met:
            before, word = self._lists[pair // width], pair % width
            grown.append(", ".join(part for part in (before, labels.words[word - 1] if word else "") if part))
        self._lists = grown
        self._which = (np.cumsum(seen) - 1)[pairs]

    def texts(self) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        """The lists, comma-separated."""
        return np.array(self._lists, dtype=object)[self._which]
