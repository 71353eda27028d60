"""A bucket over the S3 protocol: configured by the environment, whole objects or none, patient, and plain in what it complains of."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest

from s3 import S3, SECRET, Forwarder
from tipoff.errors import ConfigError, StorageError
from tipoff.store.bucket import exists, level, listed, open_bucket, place, put_once, put_whole, read, read_changed
from tipoff.store.payloads import Vault, digest
from tipoff.store.receipts import Receipt, Receipts

BODY = b'{"id": "e1"}\n' * 50


def test_objects_lie_below_the_prefix_and_nowhere_else(s3: S3) -> None:
    bucket = open_bucket(url := s3.fresh())
    put_whole(bucket, "v1/status.json", BODY)
    above = open_bucket(url.removesuffix("/house/of ours"))
    assert [entry["path"] for entry in listed(above, "")] == ["house/of ours/v1/status.json"]
    assert read(bucket, "v1/status.json") == BODY


def test_of_two_who_keep_one_name_the_first_has_kept_it(s3: S3) -> None:
    bucket = open_bucket(s3.fresh())
    assert [put_once(bucket, "a/b", b"first"), put_once(bucket, "a/b", b"second")] == [True, False]
    assert read(bucket, "a/b") == b"first"


def test_a_payload_is_kept_once_and_comes_back(s3: S3) -> None:
    vault = Vault(open_bucket(s3.fresh()))
    assert [vault.put(BODY), vault.put(BODY)] == [digest(BODY)] * 2
    assert vault.get(digest(BODY)) == BODY


def test_a_receipt_is_found_by_its_feed_and_day(s3: S3) -> None:
    receipts = Receipts(open_bucket(s3.fresh()))
    receipt = Receipt("a" * 64, "espn", "injuries", date(2026, 1, 28), datetime(2026, 1, 28, 12, tzinfo=UTC), "https://example.org", 200)
    receipts.put(receipt)
    receipts.put(receipt)
    (name,) = receipts.names("injuries", receipt.game_date)
    assert receipts.get("injuries", receipt.game_date, name) == receipt
    assert (receipts.feeds(), receipts.kept()) == (["injuries"], {("injuries", receipt.game_date)})


def test_more_objects_than_a_page_holds_are_all_listed(s3: S3) -> None:
    bucket = open_bucket(s3.fresh())
    names = [f"many/{number:04}" for number in range(1005)]
    for name in names:
        put_whole(bucket, name, b"1")
    assert [entry["path"] for entry in listed(bucket, "many")] == names
    assert level(bucket, "many") == ([], names)


def test_an_object_is_sent_again_only_where_it_is_another(s3: S3) -> None:
    bucket = open_bucket(s3.fresh())
    put_whole(bucket, "a", b"1")
    found = read_changed(bucket, "a", None)
    assert found is not None
    assert read_changed(bucket, "a", found[1]) is None
    put_whole(bucket, "a", b"2")
    found = read_changed(bucket, "a", found[1])
    assert found is not None
    assert found[0] == b"2"


def test_what_is_not_there_is_not_there(s3: S3) -> None:
    bucket = open_bucket(s3.fresh())
    assert not exists(bucket, "a")
    assert (list(listed(bucket, "a")), level(bucket, "a")) == ([], ([], []))
    with pytest.raises(FileNotFoundError):
        read(bucket, "a")


class TestComplaints:
    def test_a_bucket_that_is_missing_is_not_taken_for_an_empty_one(self, s3: S3) -> None:
        bucket = open_bucket("s3://nobodys/prefix")
        for use in (
            lambda: read(bucket, "a"),
            lambda: put_whole(bucket, "a", b""),
            lambda: put_once(bucket, "a", b""),
            lambda: list(listed(bucket, "a")),
            lambda: level(bucket, "a"),
            lambda: read_changed(bucket, "a", None),
        ):
            with pytest.raises(StorageError, match=r"no (such )?bucket") as refused:
                use()
            assert "s3://nobodys/prefix" in refused.value.message
            assert "`tipoff config`" in refused.value.hint

    def test_plain_http_is_only_for_those_who_say_so(self, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ALLOW_HTTP")
        with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL is http://127") as refused:
            open_bucket(s3.fresh())
        assert "AWS_ALLOW_HTTP" in refused.value.hint

    @pytest.mark.parametrize("endpoint", ["nonsense", "ftp://h", "https://", "https://key:secret@h"])
    def test_an_endpoint_that_is_no_address_is_refused(self, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL is no address") as refused:
            open_bucket("s3://bucket")
        assert "secret" not in str(refused.value)

    @pytest.mark.parametrize("url", ["s3://", "s3:///p", "s3://key:hunter2@bucket/p", "s3://bucket?secret=hunter2", "gs://u:hunter2@b"])
    def test_keys_do_not_stand_in_the_address(self, url: str) -> None:
        with pytest.raises(ConfigError, match="is no address of a bucket") as refused:
            open_bucket(url)
        assert "hunter2" not in str(refused.value)

    def test_without_credentials_it_says_which_to_set(self, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
        url = s3.fresh()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
        with pytest.raises(StorageError, match="no credentials are set") as refused:
            put_whole(open_bucket(url, 0.1), "a", b"")
        assert "AWS_ACCESS_KEY_ID" in refused.value.hint

    def test_a_key_file_of_google_that_is_missing_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
        with pytest.raises(ConfigError, match=r"gs://bucket/p cannot be opened.*/nowhere/key\.json"):
            open_bucket("gs://bucket/p")

    def test_one_out_of_reach_is_told_with_its_place_and_without_its_keys(self, s3: S3, way: Forwarder) -> None:
        bucket = open_bucket(s3.fresh("p"), 0.3)
        way.cut()
        for use in (lambda: put_whole(bucket, "a", b""), lambda: read(bucket, "a"), lambda: list(listed(bucket, "a"))):
            with pytest.raises(StorageError, match="could not be reached") as refused:
                use()
            assert place(bucket) in refused.value.message
            assert SECRET not in f"{refused.value!r} {refused.value} {refused.value.__cause__}"


class TestPatience:
    def test_a_server_that_is_away_for_a_while_is_waited_for(self, s3: S3, way: Forwarder) -> None:
        bucket = open_bucket(s3.fresh())
        put_whole(bucket, "a", b"1")
        way.cut()
        back = threading.Timer(2.0, way.mend)
        back.start()
        put_whole(bucket, "a", b"2")
        back.join()
        assert read(bucket, "a") == b"2"

    def test_a_payload_whose_receipt_was_lost_on_the_way_is_no_conflict(self, s3: S3, way: Forwarder) -> None:
        url = s3.fresh()
        vault = Vault(open_bucket(url))
        way.drop_answers_to = b"PUT "
        assert vault.put(BODY) == digest(BODY)
        assert way.drop_answers_to == b""
        assert way.taken >= 2
        assert vault.get(digest(BODY)) == BODY

    def test_a_reading_that_broke_off_is_asked_again(self, s3: S3, way: Forwarder) -> None:
        bucket = open_bucket(s3.fresh())
        put_whole(bucket, "a", body := BODY * 10_000)
        way.drop_answers_to = b"GET "
        assert read(bucket, "a") == body
        assert way.drop_answers_to == b""
