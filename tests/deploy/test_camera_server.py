from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import simplejpeg

from deploy.local.rendered_street import render_street

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    clip = tmp_path_factory.mktemp("footage") / "street.avi"
    render_street(clip)
    command = [sys.executable, "-m", "deploy.local.camera_server", "--port", "0", "--footage", str(clip)]
    with subprocess.Popen(
        [*command, "--many", "3", "--view", "gate=0,0,0.5,0.5", "--fps", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, process.stderr.read()
        yield line.split()[-1].rstrip("/")
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_a_snapshot_is_a_jpeg_with_a_tag(address: str) -> None:
    answer = httpx.get(f"{address}/snapshot/gate.jpg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    height, width, *_ = simplejpeg.decode_jpeg_header(answer.content)
    assert (width, height) == (384, 288)


def test_a_known_snapshot_is_not_sent_again(address: str) -> None:
    with httpx.Client() as client:
        for _ in range(3):  # a new picture may come between the two requests, but not three times within milliseconds
            tag = client.get(f"{address}/snapshot/gate.jpg").headers["etag"]
            again = client.get(f"{address}/snapshot/gate.jpg", headers={"If-None-Match": tag})
            if again.status_code == 304:
                break
        assert again.status_code == 304
        assert again.content == b""
        assert client.get(f"{address}/snapshot/gate.jpg", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_stream_gives_whole_jpegs_part_by_part(address: str) -> None:
    received = b""
    with httpx.stream("GET", f"{address}/mjpeg/many-0001") as answer:
        boundary = answer.headers["content-type"].partition("boundary=")[2]
        for chunk in answer.iter_raw():
            received += chunk
            if received.count(b"--" + boundary.encode()) >= 4:
                break
    parts = received.split(b"--" + boundary.encode() + b"\r\n")[1:4]
    for part in parts:
        head, _, body = part.partition(b"\r\n\r\n")
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        assert body[length:] == b"\r\n"
        simplejpeg.decode_jpeg(body[:length])
    assert len(set(parts)) > 1


def test_what_is_not_there_is_refused_and_the_server_goes_on(address: str) -> None:
    assert httpx.get(f"{address}/snapshot/nobody.jpg").status_code == 404
    assert httpx.get(f"{address}/mjpeg/nobody").status_code == 404
    assert httpx.post(f"{address}/mjpeg/gate").status_code == 405
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    assert httpx.get(address).text.split() == ["gate", "many-0000", "many-0001", "many-0002"]


def test_a_port_in_use_ends_with_one_clear_line(address: str, tmp_path: Path) -> None:
    clip = tmp_path / "street.avi"
    render_street(clip)
    port = address.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.camera_server", "--port", port, "--footage", clip, "--many", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("camera server: ")
    assert "Traceback" not in done.stderr
