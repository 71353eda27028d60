"""The pages over a bucket that speaks S3: the same documents, a 503 in words while it is away, and the same again when it is back."""

from __future__ import annotations

from datetime import UTC, datetime

from s3 import S3, SECRET, Forwarder
from tipoff.store.bucket import open_bucket, put_whole
from web.serving import serving

NOW = datetime(2026, 1, 28, 12, tzinfo=UTC)
BODY = b'{"schema_version": 1}\n'


def test_a_document_is_served_with_a_tag_and_not_sent_twice(s3: S3) -> None:
    bucket = open_bucket(s3.fresh())
    put_whole(bucket, "v1/status.json", BODY)
    with serving(bucket, NOW) as client:
        first = client.get("/v1/status.json")
        assert (first.status_code, first.content) == (200, BODY)
        assert client.get("/v1/status.json", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        put_whole(bucket, "v1/status.json", b"{}\n")
        assert client.get("/v1/status.json", headers={"If-None-Match": first.headers["etag"]}).content == b"{}\n"
        assert client.get("/v1/nothing.json").status_code == 404


def test_while_the_bucket_is_away_it_is_said_and_nothing_old_is_shown(s3: S3, way: Forwarder) -> None:
    bucket = open_bucket(s3.fresh(), 0.2)
    put_whole(bucket, "v1/status.json", BODY)
    with serving(bucket, NOW) as client:
        assert client.get("/v1/status.json").content == BODY
        way.cut()
        for path in ("/v1/status.json", "/"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
            assert "retry-after" in answer.headers
            assert "out of reach" in answer.text
            assert SECRET not in answer.text
        lost = client.get("/nowhere")  # the page for it names the newest nights, where they can be had
        assert (lost.status_code, "There is no page here" in lost.text) == (404, True)
        assert "content-security-policy" in lost.headers
        way.mend()
        assert client.get("/v1/status.json").content == BODY
