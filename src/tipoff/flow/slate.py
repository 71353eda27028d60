"""Placeholder until the core lands; never merged."""
from __future__ import annotations
from datetime import date
from tipoff.flow.house import House
def anything_new(house: House, game_date: date) -> bool:
    """Stands in."""
    return True
