"""How each feature is computed from its ingredients: the catalogue's definitions as arithmetic, a few lines each.

A recipe's docstring tells what the catalogue's definition leaves open. Recipes know ingredients, one array a column; they must never
know tables, rows of other players, or what a model makes of them.
"""

from tipoff.features.recipes import form, lines, matchup, teams

__all__ = ["form", "lines", "matchup", "teams"]
