"""Peer of ingest: OpenCV's VideoCapture, a thread a camera, one JPEG a second. Prints `camera seconds bytes` each time.

`usual`: as its documentation shows: each picture of a stream is read (decoded, and converted to BGR), with the threads
that it takes by itself. `frugal`, the least that can be done with it: each is grabbed (decoded), one a second is
retrieved, a decoder has one thread. A snapshot camera is opened for each picture.
Usage: python -m benchmarks.peers.opencv_cameras usual|frugal URL...
"""

from __future__ import annotations

import os
import sys
import threading
import time

FRUGAL = sys.argv[1:2] == ["frugal"]
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp" + ("|threads;1" if FRUGAL else "")

import cv2  # noqa: E402  (it reads the options when it is loaded)
from numpy import ndarray  # noqa: E402


def encode(camera: int, image: ndarray) -> None:
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    sys.stdout.write(f"{camera} {time.time()} {len(jpeg)}\n")
    sys.stdout.flush()


def watch(camera: int, url: str) -> None:
    stream, due = cv2.VideoCapture(url), time.monotonic()
    while True:
        if not url.startswith("rtsp:"):
            time.sleep(max(0.0, due - time.monotonic()))
            stream = cv2.VideoCapture(url)
        if FRUGAL:
            wanted = stream.grab() and time.monotonic() >= due
            found, image = stream.retrieve() if wanted else (False, None)
        else:
            found, image = stream.read()
            wanted = found and time.monotonic() >= due
        if wanted:
            due += 1.0
            if found and image is not None:
                encode(camera, image)


if __name__ == "__main__":
    for watched in enumerate(sys.argv[2:]):
        threading.Thread(target=watch, args=watched).start()
