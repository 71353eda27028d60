"""F41 A feature is added: scorer, gate, trainer and reference know it from the one registry, or the build fails.

It is added to a copy of the package, as a programmer would add it, and a process of its own tells what has become of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tipoff

NEW = "free_throw_luck"
LINE = f"65,{NEW},matchup,share,yes,0,1,no,last 10,free throws made beyond those expected\n"
RECIPE = f'''

@recipe("{NEW}", "raw.player_box")
def _(i: Ingredients) -> Value:
    """No luck so far."""
    return Value(np.full(i.size, np.nan), "calculated", "no_attempts")
'''
ASK = """
import json
import numpy as np
from tipoff.features.labels import Labels
from tipoff.features.quality import blocked, score
from tipoff.features.registry import feature_set, features
from tipoff.store.tables import table_named
from tipoff.store.tables.features import catalogue

new = features()[-1]
names = [entry.name for entry in catalogue()]
full = {name: np.ones(1) for name in names}
scores = score({**full, new.name: np.array([np.nan])}, {name: np.full(1, 100.0) for name in names},
               {new.name: Labels.all("no_attempts", 1)}, 1)
closed, why, _ = blocked(scores, "last_call")
print(json.dumps({
    "name": new.name,
    "how": new.how,
    "columns": [name for name in table_named("features.store").column_names if name.startswith(new.name)],
    "sets": [name for name in ("v9", "v12", "v18") if new.name in feature_set(name)],
    "missing": scores.missing[0],
    "score": scores.score[0],
    "closed": bool(closed[0]),
    "why": why[0],
}))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package whose catalogue has one feature more."""
    copied = tmp_path / "tipoff"
    shutil.copytree(Path(tipoff.__file__).parent, copied, ignore=shutil.ignore_patterns("__pycache__"))
    with (copied / "store" / "tables" / "features.csv").open("a", encoding="utf-8") as catalogue:
        catalogue.write(LINE)
    return copied


def ask(package: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    return subprocess.run((sys.executable, "-c", ASK), capture_output=True, text=True, check=False, env=environment)


def test_f41_a_feature_without_a_recipe_fails_the_build_by_name(package: Path) -> None:
    told = ask(package)
    assert told.returncode != 0
    assert f"Features without a recipe: {NEW}." in told.stderr


def test_f41_a_feature_with_a_recipe_is_known_to_the_store_the_scorer_the_gate_the_trainer_and_the_reference(package: Path) -> None:
    with (package / "features" / "recipes" / "matchup.py").open("a", encoding="utf-8") as recipes:
        recipes.write(RECIPE)
    told = ask(package)
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    assert (found["name"], found["how"]) == (NEW, "No luck so far.")
    assert found["columns"] == [NEW, f"{NEW}_quality", f"{NEW}_source"]
    assert found["sets"] == ["v18"]
    assert (found["missing"], found["score"]) == (f"{NEW}=no_attempts", 69.0)
    assert found["closed"]
    assert f"missing {NEW}=no_attempts" in found["why"]
