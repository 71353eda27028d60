"""How axe-core looks at a page: what is amiss is told whole; of all that is well, whose telling took longer than the looking, one each."""

from __future__ import annotations

from typing import Any

WHAT_IS_AMISS: dict[str, Any] = {"resultTypes": ["violations"]}
