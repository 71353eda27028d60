"""A model kept in a bucket, to be tampered with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obstore.store import ObjectStore

from tipoff.predict.artefacts import Loaded, load, manifest_path
from tipoff.store.payloads import open_bucket
from train import practice_house as house


@dataclass(frozen=True)
class Kept:
    """One of the night's models in a bucket of its own."""

    bucket: ObjectStore
    model_id: str
    artefact: str

    def load(self) -> Loaded:
        return load(self.bucket, self.model_id)

    def tamper(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the manifest."""
        document = json.loads(self.bucket.get(manifest_path(self.model_id)).bytes().to_bytes())
        change(document)
        self.bucket.put(manifest_path(self.model_id), json.dumps(document).encode())

    def replace(self, body: bytes) -> None:
        """Put other bytes in the model's place, with a manifest that vouches for them."""
        self.bucket.put(self.artefact, body)
        self.tamper(lambda document: document.update(sha256=hashlib.sha256(body).hexdigest()))


def keep(folder: Path, system_id: str) -> Kept:
    """A copy of a model that was trained for the practice night, with its members where it has some."""
    loaded = house.predicted().loaded
    bucket = open_bucket(folder.as_uri())
    for name in (*loaded[system_id].manifest.members, system_id):
        manifest = loaded[name].manifest
        bucket.put(manifest.artefact, house.predicted().stage.bucket.get(manifest.artefact).bytes().to_bytes())
        bucket.put(manifest_path(manifest.model_id), manifest.to_bytes())
    return Kept(bucket, manifest.model_id, manifest.artefact)
