"""moto's server as a process of its own, and accounts on it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import urllib3

from .world import World


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    """Its address, on loopback."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    quiet = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "moto's server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("moto's server does not answer")


@pytest.fixture
def aws(moto_server: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> str:
    """The environment of the AWS CLI, pointing to an empty moto. What moto does not offer is not asked for again."""
    settings.COLLECT_ATTEMPTS = 1
    settings.COLLECT_LAST_ACCESSED = False
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    urllib3.request("POST", f"{moto_server}/moto-api/reset")
    return moto_server


@pytest.fixture
def make_world(aws: str) -> Callable[..., World]:
    def make(seed: int, size: int) -> World:
        return World(aws, seed, size).build()

    return make
