"""Grading: what became of each prediction, and figures that stand with their N and interval."""
