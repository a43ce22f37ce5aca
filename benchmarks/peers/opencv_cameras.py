"""Peer of ingest: OpenCV's VideoCapture, a thread a camera, as its documentation shows: each picture of a stream is
read, one a second encoded; a snapshot camera is opened for each. A read that fails ends the process.
Usage: python -m benchmarks.peers.opencv_cameras URL...     Prints `camera seconds bytes` for each JPEG.
"""

import os
import sys
import threading
import time

os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")

import cv2  # it reads the options when it is loaded


def watch(camera: int, url: str) -> None:
    stream, due = cv2.VideoCapture(url), time.monotonic()
    while True:
        if not url.startswith("rtsp:"):
            time.sleep(max(0.0, due - time.monotonic()))
            stream = cv2.VideoCapture(url)
        found, image = stream.read()
        if not found:
            sys.stderr.write(f"OpenCV can't read {url}\n")
            sys.stderr.flush()
            os._exit(1)
        if time.monotonic() >= due:
            due += 1.0
            _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
            sys.stdout.write(f"{camera} {time.time()} {len(jpeg)}\n")
            sys.stdout.flush()


def main() -> None:
    for watched in enumerate(sys.argv[1:]):
        threading.Thread(target=watch, args=watched).start()


if __name__ == "__main__":
    main()
