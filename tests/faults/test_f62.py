"""F62 A model file is data: loading one cannot run code."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from faults.kept_models import keep
from tipoff.errors import ArtefactMismatch
from tipoff.predict import families
from train import practice_house as house


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("system_id", list(house.systems()))
def test_f62_a_pickle_in_place_of_the_model_is_refused_and_nothing_of_it_runs(tmp_path: Path, system_id: str) -> None:
    """Whoever put it there also wrote a manifest that vouches for its bytes."""
    mark = tmp_path / "it ran"
    body = pickle.dumps(Bomb(mark))
    kept = keep(tmp_path / "bucket", system_id)
    kept.replace(body)
    with pytest.raises(ArtefactMismatch):
        kept.load()
    assert not mark.exists()
    pickle.loads(body)
    assert mark.exists(), "the bomb is a dud, and the test proves nothing"


@pytest.mark.parametrize("system_id", list(house.systems()))
@pytest.mark.parametrize(
    "body", [b"", b"\x00" * 64, b"not a model", b"{}", b"[1]", b'{"weights": 1}', b"CBM1" + b"\xff" * 60, b"tree\nversion=v4\n"]
)
def test_f62_garbage_in_place_of_the_model_is_refused(tmp_path: Path, system_id: str, body: bytes) -> None:
    kept = keep(tmp_path, system_id)
    kept.replace(body)
    with pytest.raises(ArtefactMismatch):
        kept.load()


@pytest.mark.parametrize("family", [system.family for system in house.systems().values() if not system.is_ensemble])
def test_f62_one_familys_model_is_none_of_anothers(family: str) -> None:
    night = house.predicted()
    manifests = [loaded.manifest for loaded in night.loaded.values()]
    bodies = {manifest.family: night.stage.bucket.get(manifest.artefact).bytes().to_bytes() for manifest in manifests}
    for other, body in bodies.items():
        if other != family:
            with pytest.raises(ArtefactMismatch):
                families.load(family, body)
