"""Object stores to test on: a folder, and a real S3 server that is started once."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.ports import free_port
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore, StoredObject
from services.runtime.store_settings import StoreSettings

_BUCKET = "tilik-record"
_KEY, _SECRET = "tilik", "tilik-secret"
_READY_SECONDS = 60
_PORTS = ("s3", "filer", "master", "volume", "s3.port.grpc", "filer.port.grpc", "master.port.grpc", "volume.port.grpc")


@pytest.fixture
def folder_store(tmp_path: Path) -> ObjectStore:
    """An empty store in a folder."""
    return ObjectStore(StoreSettings(url=str(tmp_path / "record")))


class AwayStore(ObjectStore):
    """A store that can be away. ``was_asked`` is set once somebody asked it then."""

    def __init__(self, settings: StoreSettings) -> None:
        super().__init__(settings)
        self.is_away = False
        self.was_asked = threading.Event()

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """See ``ObjectStore.list``."""
        self._be_away()
        return super().list(prefix)

    def put(self, key: str, data: bytes) -> None:
        """See ``ObjectStore.put``."""
        self._be_away()
        super().put(key, data)

    def _be_away(self) -> None:
        if self.is_away:
            self.was_asked.set()
            raise RetryableError("the store is away")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreSettings]:
    """How to reach a bucket on a SeaweedFS of this run. Use a prefix of your own."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "data").mkdir()
    credentials = [{"accessKey": _KEY, "secretKey": _SECRET}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identities = {"identities": [{"name": "tilik", "credentials": credentials, "actions": actions}]}
    (folder / "identities.json").write_text(json.dumps(identities))
    ports = {name: free_port() for name in _PORTS}
    options = [f"-{name}={port}" if "." in name else f"-{name}.port={port}" for name, port in ports.items()]
    weed = str(Path(sys.executable).with_name("weed"))
    where = [f"-dir={folder / 'data'}", f"-s3.config={folder / 'identities.json'}", "-ip=127.0.0.1", "-volume.max=20"]
    options += ["-s3.port.iceberg=0", "-s3.port.lance=0"]  # their ports are fixed, and another run's server may be up
    with ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen([weed, "server", "-s3", *where, *options], stdout=log, stderr=log, cwd=folder)
        stack.callback(process.wait)
        stack.callback(process.kill)  # it takes half a minute to leave by itself
        settings = StoreSettings(
            url=f"s3://{_BUCKET}/tests",
            endpoint=f"http://127.0.0.1:{ports['s3']}",
            access_key_id=_KEY,
            secret_access_key=SecretStr(_SECRET),
            timeout_seconds=5,
        )
        _make_bucket(settings, ports["filer"], process)
        yield settings


def _make_bucket(settings: StoreSettings, filer_port: int, process: subprocess.Popen[bytes]) -> None:
    """Make the bucket as soon as the server can: in SeaweedFS it is a folder of its filer."""
    store = ObjectStore(settings)
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            made = httpx.post(f"http://127.0.0.1:{filer_port}/buckets/{_BUCKET}/", timeout=5)
            if made.status_code != httpx.codes.CONFLICT:  # it is there from the round before
                made.raise_for_status()
            store.check()
        except (httpx.HTTPError, RetryableError):
            assert process.poll() is None, "the S3 server ended"
            assert time.monotonic() < deadline, f"no S3 server within {_READY_SECONDS} s"
            time.sleep(0.2)
        else:
            return
