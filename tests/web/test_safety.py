"""Access: headers, escaping, containment, caching (F60's loopback, F61)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from obstore.store import ObjectStore

from publish.invented import NIGHT, fill, filling
from publish.reading import BEFORE
from tipoff.config import Settings
from tipoff.errors import ConfigError
from tipoff.publish.export import publish_date
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.web.server import Listener
from web.page import Page
from web.serving import serving

Site = Callable[[str], httpx.Client]
NASTY = "<script>alert('x')</script> \"O'Neil\" &amp; {{ 7 * 7 }}"


def test_f61_a_players_name_is_text_and_nothing_else(tmp_path: Path, bucket: ObjectStore) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    night = fill(warehouse)
    rows = [{"player_lookup": man.lookup, "name": f"{NASTY} {place}"} for place, man in enumerate(night.men())]
    warehouse.merge("ref.players", filling("ref.players", rows), "nasty")
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, failure="<img src=x onerror=alert(1)>")
    with serving(bucket, BEFORE) as client:
        html = client.get("/").text
    page = Page(html)
    assert all((script.get("src") or "").startswith("/static/") for script in page.all("script"))
    assert page.all("img") == []
    assert NASTY in page.text


@pytest.mark.parametrize("path", ["/", "/nowhere", "/health", "/static/tipoff.css", "/v1/tonight/latest.json", "/v1/nothing.json"])
def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    headers = site("tonight").get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../secret.json",
        "/v1/%2e%2e/secret.json",
        "/v1/tonight/%2e%2e/%2e%2e/secret.json",
        "/v1/..%2fsecret.json",
        "/v1//etc/passwd",
        "/v1/%2fetc%2fpasswd",
        "/v1/tonight/latest.json%00",
        "/v1/tonight",
        "/v1/tonight/",
        "/v1/tonight/..\\..\\secret.json",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/tonight/..%2f..%2fsecret",
        "/payloads/aa/secret.json",
    ],
)
def test_f61_no_address_leads_out_of_the_documents(tmp_path: Path, bucket: ObjectStore, path: str) -> None:
    (tmp_path / "secret.json").write_text("SECRET")
    bucket.put("secret.json", b"SECRET")
    bucket.put("payloads/aa/secret.json", b"SECRET")
    bucket.put("v1/tonight/latest.json", b"{}")
    with serving(bucket, BEFORE) as client:
        address = httpx.URL(str(client.base_url)).copy_with(raw_path=path.encode())
        response = client.get(address)
    assert response.status_code == 404
    assert "SECRET" not in response.text
    assert "root:" not in response.text


def test_a_document_is_served_as_published_and_not_again_while_it_stands(site: Site) -> None:
    client = site("tonight")
    first = client.get("/v1/tonight/2031-02-12.json")
    assert first.headers["content-type"] == "application/json"
    assert first.json()["game_date"] == "2031-02-12"
    again = client.get("/v1/tonight/2031-02-12.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = client.get("/v1/tonight/2031-02-12.json", headers={"If-None-Match": '"something-else"'})
    assert other.status_code == 200


def test_a_page_is_not_sent_again_while_it_stands(site: Site) -> None:
    client = site("tonight")
    first = client.get("/")
    assert client.get("/", headers={"If-None-Match": f'"x", {first.headers["etag"]}'}).status_code == 304


def test_a_document_that_changes_gets_another_tag(tmp_path: Path, bucket: ObjectStore) -> None:
    bucket.put("v1/status.json", b'{"a":1}')
    with serving(bucket, BEFORE) as client:
        first = client.get("/v1/status.json").headers["etag"]
        bucket.put("v1/status.json", b'{"a":2}')
        second = client.get("/v1/status.json", headers={"If-None-Match": first})
    assert (second.status_code, second.json()) == (200, {"a": 2})


def test_a_live_date_is_cached_for_a_minute_and_a_final_one_for_a_day(site: Site) -> None:
    assert site("tonight").get("/v1/tonight/2031-02-12.json").headers["cache-control"] == "public, max-age=60"
    assert site("graded").get("/v1/tonight/2031-02-12.json").headers["cache-control"] == "public, max-age=86400"
    assert site("graded").get("/v1/results/2031-02-12.json").headers["cache-control"] == "public, max-age=86400"
    assert site("graded").get("/v1/tonight/latest.json").headers["cache-control"] == "public, max-age=60"


def test_a_missing_document_is_a_problem_in_json(site: Site) -> None:
    response = site("tonight").get("/v1/tonight/1999-01-01.json")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 404


def test_pages_are_read_only_and_answer_head(site: Site) -> None:
    client = site("tonight")
    assert client.post("/").status_code == 405
    written = client.delete("/v1/tonight/latest.json")
    assert (written.status_code, written.json()["title"]) == (405, "Documents are only read.")
    assert (client.head("/").status_code, client.head("/").content) == (200, b"")
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/docs").status_code == client.get("/openapi.json").status_code == 404


def test_a_document_of_another_version_is_a_page_that_says_so(bucket: ObjectStore) -> None:
    bucket.put("v1/tonight/latest.json", b'{"schema_version": 99}')
    with serving(bucket, BEFORE) as client:
        response = client.get("/")
    assert response.status_code == 500
    assert "published by another version" in response.text
    assert "tipoff night DATE" in response.text


def test_f60_the_server_listens_on_loopback_unless_it_is_told_otherwise() -> None:
    listener = Listener(FastAPI())
    try:
        assert listener.url == f"http://127.0.0.1:{listener.port}/"
        assert Settings.model_fields["host"].default == "127.0.0.1"
    finally:
        listener.close()


def test_an_address_that_is_taken_is_an_error_that_says_what_to_do() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(ConfigError, match="port"):
            Listener(FastAPI(), port=holder.getsockname()[1])
