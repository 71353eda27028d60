"""The credit budget as the client sees it: reserve before each exchange, settle after it. Who keeps the books is not its affair."""

from __future__ import annotations

from typing import Protocol

from tipoff.scrape.request import Request


class Reservation(Protocol):
    """Credits set aside for one exchange."""

    def settle(self, charged: int | None, remaining: int | None) -> None:
        """What it cost in the end, and what the account has left; None where nobody knows: then it cost what was reserved."""


class Budget(Protocol):
    """A budget."""

    def reserve(self, request: Request) -> Reservation:
        """Set the price of one exchange aside. Raises BudgetSpent where that would overrun a limit: nothing may then be asked."""
