"""Peer of ingest: OpenCV's VideoCapture, a thread a camera, one JPEG a second. Prints `camera seconds bytes` each time.

`documented`: as its documentation shows: each picture of a stream is read (decoded, and converted to BGR), with the
threads that it takes by itself; the first one of each second is encoded. `keyframes`: the demuxer and the decoder are
told to pass over everything but keyframes, which come once a second, and a decoder has one thread; few know of these
options. A snapshot camera is opened for each picture. A read that fails ends the whole process.
Usage: python -m benchmarks.peers.opencv_cameras documented|keyframes URL...
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import NoReturn

KEYFRAMES = sys.argv[1:2] == ["keyframes"]
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp" + ("|avdiscard;nonkey" if KEYFRAMES else "")
if KEYFRAMES:
    os.environ["OPENCV_FFMPEG_THREADS"] = "1"  # `threads` among the options above is not heeded

import cv2  # noqa: E402  (it reads the options when it is loaded)
from numpy import ndarray  # noqa: E402


def encode(camera: int, image: ndarray) -> None:
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    sys.stdout.write(f"{camera} {time.time()} {len(jpeg)}\n")
    sys.stdout.flush()


def watch_stream(camera: int, url: str) -> None:
    stream, due = cv2.VideoCapture(url), time.monotonic()
    while True:
        found, image = stream.read()
        if not found:
            give_up(url)
        if KEYFRAMES:
            encode(camera, image)
        elif time.monotonic() >= due:
            due += 1.0
            encode(camera, image)


def watch_snapshots(camera: int, url: str) -> None:
    due = time.monotonic()
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        found, image = cv2.VideoCapture(url).read()
        if not found:
            give_up(url)
        due += 1.0
        encode(camera, image)


def give_up(url: str) -> NoReturn:
    """End the process: a camera that is read no more would make this side cheaper than it is."""
    sys.stderr.write(f"OpenCV can't read {url}\n")
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    for number, watched in enumerate(sys.argv[2:]):
        watch = watch_stream if watched.startswith("rtsp:") else watch_snapshots
        threading.Thread(target=watch, args=(number, watched)).start()
