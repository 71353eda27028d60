"""The guard that `tests/conftest.py` puts before the network."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest

BEYOND = ("192.0.2.1", 80)  # an address for documentation: nobody answers there, were it ever asked


def test_a_connection_beyond_this_machine_raises() -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match=r"connects to \('192\.0\.2\.1', 80\)"):
        sock.connect(BEYOND)


def test_a_connection_of_another_family_raises_too() -> None:
    with socket.socket(socket.AF_INET6) as sock, pytest.raises(AssertionError, match="2001:db8::1"):
        sock.connect_ex(("2001:db8::1", 80))


def test_a_name_is_not_even_looked_up() -> None:
    with pytest.raises(httpx.ConnectError, match=r"network is shut in tests: nobody knows 'cdn\.example'"):
        httpx.get("http://cdn.example/")


def test_an_event_loop_cannot_pass_by() -> None:
    async def reach() -> None:
        await asyncio.open_connection(*BEYOND)

    with pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        asyncio.run(reach())


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]) as client:
        assert client.getpeername() == server.getsockname()


def test_unix_sockets_are_open(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        assert client.getpeername() == path
