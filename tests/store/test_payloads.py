"""The vault: bytes as they came, kept once, under no name but their own; and the bucket that it lies in."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore, ObjectStore

from tipoff.config import Settings
from tipoff.errors import BadInput, BrokenInvariant, ConfigError
from tipoff.store.payloads import Vault, digest, open_bucket

BODY = b'{"id": "e1", "bookmakers": []}\n' * 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bucket"


@pytest.fixture
def vault(folder: Path) -> Vault:
    return Vault(open_bucket(folder.as_uri()))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


class TestKeeping:
    @settings(deadline=None)
    @given(st.binary(max_size=5000))
    @example(b"")
    @example(b"\0" * 100_000)
    @example(gzip.compress(BODY, mtime=0))
    @example("caf\u00e9 \ud83c\udfc0".encode("utf-16", "surrogatepass"))
    def test_bytes_come_back_as_they_came(self, body: bytes) -> None:
        vault = Vault(MemoryStore())
        assert vault.get(vault.put(body)) == body

    def test_bytes_come_back_from_a_folder_that_is_opened_again(self, vault: Vault, folder: Path) -> None:
        kept = [vault.put(body) for body in (b"", BODY)]
        again = Vault(open_bucket(folder.as_uri()))
        assert [again.get(payload_id) for payload_id in kept] == [b"", BODY]

    def test_the_id_is_the_sha256_of_the_bytes(self, vault: Vault) -> None:
        assert vault.put(BODY) == digest(BODY) == hashlib.sha256(BODY).hexdigest()

    def test_keeping_twice_is_keeping_once(self, vault: Vault, folder: Path) -> None:
        first = vault.put(BODY)
        (file,) = _files(folder)
        before = (file.read_bytes(), file.stat().st_mtime_ns)
        assert vault.put(BODY) == first
        assert _files(folder) == [file]
        assert (file.read_bytes(), file.stat().st_mtime_ns) == before

    def test_a_payload_lies_where_its_path_says_and_smaller_than_it_is(self, vault: Vault, folder: Path) -> None:
        payload_id = vault.put(BODY)
        file = folder / Vault.path(payload_id)
        assert _files(folder) == [file]
        assert file.relative_to(folder).parts == ("payloads", payload_id[:2], f"{payload_id}.zst")
        assert file.stat().st_size < len(BODY) / 2


class TestAsking:
    @pytest.mark.parametrize(
        "payload_id",
        [
            "",
            "../../../../etc/passwd",
            "../" * 21 + "a",
            "/" * 64,
            "a" * 62 + "..",
            "a" * 63,
            "a" * 65,
            "A" * 64,
            "g" * 64,
            "a" * 63 + "\n",
            "a" * 63 + "\0",
            "٣" * 64,
        ],
    )
    def test_f61_what_is_no_id_never_becomes_a_path(self, payload_id: str, vault: Vault) -> None:
        with pytest.raises(BadInput, match="is no payload id"):
            vault.get(payload_id)
        with pytest.raises(BadInput, match="is no payload id"):
            Vault.path(payload_id)

    @given(st.text())
    def test_f61_any_text_is_an_id_or_refused(self, text: str) -> None:
        try:
            path = Vault.path(text)
        except BadInput:
            return
        assert path == f"payloads/{text[:2]}/{text}.zst"
        assert int(text, 16) >= 0

    @pytest.mark.parametrize("store", [MemoryStore(), None], ids=["memory", "folder"])
    def test_a_payload_that_is_not_there_is_bad_input(self, store: ObjectStore | None, vault: Vault) -> None:
        asked = vault if store is None else Vault(store)
        with pytest.raises(BadInput, match=f"holds no payload {digest(BODY)}"):
            asked.get(digest(BODY))


def _damaged(packed: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "no body": packed[:8],
        "cut": packed[:-5],
        "cut short": packed[:20],
        "flipped in the middle": packed[:30] + bytes([packed[30] ^ 1]) + packed[31:],
        "flipped at the end": packed[:-1] + bytes([packed[-1] ^ 0xFF]),
        "longer": packed + b"x",
        "something else": b"\xff" * len(packed),
    }


class TestDamage:
    @pytest.mark.parametrize("damage", list(_damaged(b"\0" * 99)))
    def test_a_payload_that_is_not_what_it_was_is_never_given_out(self, damage: str, vault: Vault, folder: Path) -> None:
        payload_id = vault.put(BODY)
        file = folder / Vault.path(payload_id)
        file.write_bytes(_damaged(file.read_bytes())[damage])
        with pytest.raises(BrokenInvariant, match=f"{payload_id} is not what it was"):
            vault.get(payload_id)

    def test_another_payload_in_its_place_is_not_given_out(self, vault: Vault, folder: Path) -> None:
        kept, other = vault.put(BODY), vault.put(b"another")
        (folder / Vault.path(kept)).write_bytes((folder / Vault.path(other)).read_bytes())
        with pytest.raises(BrokenInvariant, match=kept):
            vault.get(kept)

    @settings(deadline=None)
    @given(st.data())
    def test_whatever_single_byte_is_wrong_the_right_bytes_come_or_none(self, data: st.DataObject) -> None:
        store = MemoryStore()
        vault = Vault(store)
        payload_id = vault.put(BODY)
        packed = bytearray(store.get(Vault.path(payload_id)).bytes().to_bytes())
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
        store.put(Vault.path(payload_id), bytes(packed))
        try:
            body = vault.get(payload_id)
        except BrokenInvariant:
            return
        assert body == BODY


class TestBuckets:
    def test_a_folder_is_made_where_it_is_missing(self, tmp_path: Path) -> None:
        open_bucket((tmp_path / "a" / "b").as_uri())
        assert (tmp_path / "a" / "b").is_dir()

    def test_the_folder_is_the_one_that_was_named_whatever_its_name(self, tmp_path: Path) -> None:
        folder = tmp_path / "my data, 100 % é#?"
        payload_id = Vault(open_bucket(Settings(data_dir=folder).bucket_url)).put(BODY)
        assert _files(tmp_path) == [folder / Vault.path(payload_id)]

    @pytest.mark.parametrize("url", ["", "data", "/tmp/data", "http://h/x", "ftp://h", "duckdb:///x"])
    def test_what_is_no_bucket_is_refused_with_those_that_are(self, url: str) -> None:
        with pytest.raises(ConfigError, match="is no bucket") as refused:
            open_bucket(url)
        assert "file://" in refused.value.hint

    @pytest.mark.parametrize("url", ["file://data", "file://data/payloads", "file://"])
    def test_a_folder_without_a_whole_path_is_refused_and_not_guessed(self, url: str) -> None:
        with pytest.raises(ConfigError, match="names no folder") as refused:
            open_bucket(url)
        assert "file:///" in refused.value.hint

    def test_a_password_in_the_url_is_not_told(self) -> None:
        with pytest.raises(ConfigError) as refused:
            open_bucket("http://u:hunter2@h/x")
        assert "hunter2" not in str(refused.value)

    def test_a_file_in_place_of_the_folder_is_a_matter_of_configuration(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        for place in (tmp_path / "file", tmp_path / "file" / "bucket"):
            with pytest.raises(ConfigError, match="cannot be made") as refused:
                open_bucket(place.as_uri())
            assert "--data-dir" in refused.value.hint

    def test_a_bucket_that_cannot_be_written_or_read_says_so(self, vault: Vault, folder: Path) -> None:
        (folder / "payloads").write_text("in the way")
        with pytest.raises(ConfigError, match="could not be kept") as refused:
            vault.put(BODY)
        assert "disk" in refused.value.hint
        with pytest.raises(ConfigError, match="could not be read"):
            vault.get(digest(BODY))
