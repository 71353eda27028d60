"""The distribution of a player's points: exact given his share of the ball, mixed over what makes that share stray.

Each end is his with a chance (his share) and brings 0 to 3 points; the generating function of the sum is inverted by a
Fourier transform. It knows expectations, and must never know results, books or prices.
"""

from __future__ import annotations

import numpy as np

from tipoff.practice.expect import OVERTIME_ENDS, Outlook
from tipoff.practice.rosters import Floats, Ints, Sheets

SUPPORT = 80
"""Points 0 to 79 are told apart; more than that nobody is expected to score."""
_TURNS = np.exp(-2j * np.pi * np.arange(SUPPORT // 2 + 1) / SUPPORT)
_NODES = np.array([-np.sqrt(3.0), 0.0, np.sqrt(3.0)])
_WEIGHTS = np.array([1.0, 4.0, 1.0]) / 6.0


def distribution(sheets: Sheets, outlook: Outlook, weight: Floats, rows: Ints, slots: Ints, left: float = 1.0) -> Floats:
    """(players, 80) chances of each number of points for the players at (rows, slots), each given that he plays.

    `weight` is the chance to be available by which `outlook` was made; `left` the part of regulation still to be
    played, of which the points are counted (1 before the tip).
    """
    given = np.maximum(weight[rows, slots] * outlook.enters[rows, slots], 1e-3)
    share = outlook.share[rows, slots] / given[:, None]
    sigma = np.sqrt(np.log1p(outlook.spread[rows, slots] ** 2))
    strays = np.exp(sigma[:, None] * _NODES - sigma[:, None] ** 2 / 2)
    strays /= (strays * _WEIGHTS).sum(axis=1, keepdims=True)
    mixed = np.minimum(share[:, :, None] * strays[:, None, :], 0.7)
    odds = outlook.garbage[rows][:, :, None] * _WEIGHTS
    brought, pair = _end(sheets, rows, slots)
    ends = (sheets.ends[rows] * left)[:, None, None, None]
    powers = _power(mixed[..., None] * brought[:, None, None, :], ends)
    transform = (odds[..., None] * powers).sum(axis=(1, 2))
    later = 1 + np.minimum(outlook.overtime_share[rows, slots] / given, 0.7)[:, None] * brought
    overtime = outlook.overtime[rows][:, None]
    transform = transform * (1 - overtime + overtime * later**OVERTIME_ENDS)
    if outlook.extra.any():
        free = np.minimum(sheets.chances[rows, slots, 3] * sheets.effect[rows], 0.99)
        transform = transform * np.exp((outlook.extra[rows, slots] * left / (2 * free))[:, None] * pair)
    found = np.fft.irfft(transform, n=SUPPORT, axis=1)
    found = np.maximum(found, 0.0)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _power(less_one: np.ndarray, exponent: Floats) -> np.ndarray:
    """(1 + x) to a real power, in polar form: half the time of the complex logarithm."""
    real, imaginary = 1 + less_one.real, less_one.imag
    size = np.exp(0.5 * exponent * np.log(real * real + imaginary * imaginary))
    turn = exponent * np.arctan2(imaginary, real)
    return np.asarray(size * np.cos(turn) + 1j * (size * np.sin(turn)))


def _end(sheets: Sheets, rows: Ints, slots: Ints) -> tuple[np.ndarray, np.ndarray]:
    """Generating functions, less one, of the points of an end and of a pair of free throws."""
    effect = sheets.effect[rows][:, None]
    two, three, foul, free = (sheets.chances[rows, slots, kind][:, None] for kind in range(4))
    z = _TURNS[None, :]
    made = np.minimum(free * effect, 0.99)
    pair = (1 + made * (z - 1)) ** 2 - 1
    return two * effect * (z**2 - 1) + three * effect * (z**3 - 1) + foul * pair, pair


def survival(chances: Floats) -> Floats:
    """(players, 81) chances of at least k points, for k from 0 to 80."""
    tail = np.cumsum(chances[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([tail, np.zeros((len(tail), 1))], axis=1)
