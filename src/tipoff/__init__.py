"""Tipoff: NBA player points against the sportsbooks' lines, every night, before tip-off."""
