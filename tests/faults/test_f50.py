"""F50 An artefact of another library version, feature list or hash, or one whose canary differs: refused, with what differs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faults.kept_models import keep
from tipoff.errors import ArtefactMismatch
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.predict.artefacts import manifest_path
from train import practice_house as house

WIDTH = len(feature_set("v18"))
Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("system_id", list(house.systems()))
def test_f50_an_artefact_as_it_was_saved_is_loaded(tmp_path: Path, system_id: str) -> None:
    assert keep(tmp_path, system_id).load().manifest == house.predicted().loaded[system_id].manifest


@pytest.mark.parametrize("system_id", list(house.systems()))
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document.update(sha256="0" * 64), "the artefact's sha256 was 0000"),
        (lambda document: document["features"].reverse(), "the feature list was"),
        (lambda document: document["features"].pop(), "the feature list was"),
        (lambda document: document.update(feature_hash="f00"), "the feature hash was f00 and is"),
        (lambda document: document.update(feature_version="99"), f"the feature version was 99 and is {FEATURE_VERSION}"),
        (lambda document: document.update(library_version="somebody 0.1"), "the library was somebody 0.1 and is"),
        (lambda document: document.update(feature_set="v99"), "v99"),
        (lambda document: document.update(feature_set=["v9"]), "does not fit"),
        (lambda document: document.update(family="oracle"), "'oracle'"),
        (lambda document: document.update(family=["catboost"]), "does not fit"),
        (lambda document: document["canary"]["means"].__setitem__(2, 19.5), "its canary gave"),
        (lambda document: document["canary"]["features"][1].__setitem__(0, 99.5), "its canary gave"),
        (lambda document: document.update(canary={"features": [], "means": []}), "it has no canary"),
        (lambda document: document["canary"].pop("means"), "does not fit"),
        (lambda document: document["canary"]["means"].pop(), "does not fit"),
        (lambda document: document["canary"]["features"][1].pop(), "does not fit"),
        (
            lambda document: [row.pop() for row in document["canary"]["features"]],
            f"its canary has {WIDTH - 1} features, and there are {WIDTH}",
        ),
        (lambda document: document.update(model_id="another-1"), "speaks of another-1"),
        (lambda document: document.update(artefact="models/another/model.json"), "speaks of"),
        (lambda document: document.update(artefact=document["artefact"].replace("model.", "../x/model.")), "speaks of"),
        (lambda document: document.pop("features"), "'features'"),
        (lambda document: document.pop("threshold"), "threshold"),
        (lambda document: document.update(surprise=1), "surprise"),
    ],
)
def test_f50_what_differs_is_refused_by_name(tmp_path: Path, system_id: str, change: Change, said: str) -> None:
    kept = keep(tmp_path, system_id)
    kept.tamper(change)
    with pytest.raises(ArtefactMismatch) as refused:
        kept.load()
    assert said in refused.value.message
    assert kept.model_id in refused.value.message or said == "'oracle'"
    assert refused.value.hint


@pytest.mark.parametrize("system_id", house.SINGLES)
def test_f50_a_voice_of_which_any_part_is_missing_or_none_is_refused(tmp_path: Path, system_id: str) -> None:
    kept = keep(tmp_path, system_id)
    whole = house.predicted().loaded[system_id].manifest.voice
    parts = [{name: value for name, value in whole.items() if name != left_out} for left_out in whole]
    for voice in ({}, *parts, *({**whole, name: wrong} for name in whole for wrong in (None, "many", 3))):
        kept.tamper(partial(dict.update, voice=voice))
        with pytest.raises(ArtefactMismatch):
            kept.load()
    kept.tamper(lambda document: document.update(voice=whole))
    assert kept.load().manifest.voice == whole


def test_f50_a_voice_that_nobody_has_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    kept = keep(tmp_path, "moving_average")
    kept.tamper(lambda document: document["voice"].update(kind="sung"))
    with pytest.raises(ArtefactMismatch, match="'sung'") as refused:
        kept.load()
    assert "scaled" in refused.value.hint


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff\xfe\x00"])
def test_f50_a_manifest_that_is_none_is_refused(tmp_path: Path, body: bytes) -> None:
    kept = keep(tmp_path, "moving_average")
    kept.bucket.put(manifest_path(kept.model_id), body)
    with pytest.raises(ArtefactMismatch, match="does not fit"):
        kept.load()


def test_f50_one_flipped_bit_in_the_model_is_refused(tmp_path: Path) -> None:
    kept = keep(tmp_path, "catboost_v9")
    body = bytearray(kept.bucket.get(kept.artefact).bytes().to_bytes())
    body[len(body) // 2] ^= 1
    kept.bucket.put(kept.artefact, bytes(body))
    with pytest.raises(ArtefactMismatch, match="sha256"):
        kept.load()
