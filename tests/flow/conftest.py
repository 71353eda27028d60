"""The crew of processes and its data directory, as the tests of faults have them."""

from __future__ import annotations

from faults.control_room import control_crew as control_crew
from faults.crew import crew as crew
from faults.crew import yard as yard
