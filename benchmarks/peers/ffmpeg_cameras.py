"""Peer of ingest: an ffmpeg process a camera, one JPEG a second. Prints `camera seconds bytes` for each JPEG.

RTSP: keyframes only, TCP, one thread, Tilik's size within 5 %. Snapshots: polled by the image demuxer, copied.
Usage: python -m benchmarks.peers.ffmpeg_cameras URL...
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time

START = ["ffmpeg", "-nostdin", "-loglevel", "fatal", "-threads", "1"]
RTSP = [*START, "-rtsp_transport", "tcp", "-skip_frame", "nokey", "-i"]
ENCODED = ["-an", "-fps_mode", "passthrough", "-threads", "1", "-q:v", "2", "-f", "image2pipe", "-"]
SNAPSHOT = [*START, "-analyzeduration", "0", "-re", "-framerate", "1", "-loop", "1", "-f", "image2", "-i"]
UNTOUCHED = ["-c", "copy", "-f", "image2pipe", "-"]


def main(urls: list[str]) -> None:
    selector = selectors.DefaultSelector()
    for camera, url in enumerate(urls):
        command = [*RTSP, url, *ENCODED] if url.startswith("rtsp:") else [*SNAPSHOT, url, *UNTOUCHED]
        output = subprocess.Popen(command, stdout=subprocess.PIPE).stdout
        assert output is not None
        selector.register(output, selectors.EVENT_READ, (camera, bytearray()))
    while True:
        for key, _ in selector.select():
            camera, jpeg = key.data
            jpeg += (chunk := os.read(key.fd, 1 << 20))
            assert chunk, f"ffmpeg has ended: {urls[camera]}"
            if jpeg.endswith(b"\xff\xd9"):
                print(camera, time.time(), len(jpeg), flush=True)
                jpeg.clear()


if __name__ == "__main__":
    main(sys.argv[1:])
