"""Peer of ingest: OpenCV's VideoCapture, a thread a camera, one JPEG a second. Prints `camera seconds bytes` each time.

A stream is grabbed at its own rate and one picture a second retrieved; a snapshot camera is opened for each picture.
Usage: python -m benchmarks.peers.opencv_cameras URL...
"""

from __future__ import annotations

import os
import sys
import threading
import time

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp|threads;1"

import cv2  # it reads the options when it is loaded


def encode(camera: int, capture: cv2.VideoCapture) -> None:
    found, image = capture.retrieve()
    if found:
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
        sys.stdout.write(f"{camera} {time.time()} {len(jpeg)}\n")
        sys.stdout.flush()


def watch(camera: int, url: str) -> None:
    stream, due = cv2.VideoCapture(url), time.monotonic()
    while True:
        if not url.startswith("rtsp:"):
            time.sleep(max(0.0, due - time.monotonic()))
            stream = cv2.VideoCapture(url)
        if stream.grab() and time.monotonic() >= due:
            encode(camera, stream)
            due += 1.0


if __name__ == "__main__":
    for watched in enumerate(sys.argv[1:]):
        threading.Thread(target=watch, args=watched).start()
