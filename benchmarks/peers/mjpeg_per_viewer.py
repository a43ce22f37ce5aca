"""Peer of the portal: MJPEG as it is mostly done. For each viewer the newest JPEG is decoded, blurred, encoded and
sent, once a second, as a part of an endless answer.
Usage: python -m benchmarks.peers.mjpeg_per_viewer PORT FRAME.jpg LEFT,TOP,RIGHT,BOTTOM...     Boxes are in px.
"""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

JPEG = Path(sys.argv[2])
BOXES_PX = [[int(side) for side in box.split(",")] for box in sys.argv[3:]]


class Viewer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        due = time.monotonic()
        while True:
            image = np.asarray(cv2.imdecode(np.frombuffer(JPEG.read_bytes(), np.uint8), cv2.IMREAD_COLOR))
            for left, top, right, bottom in BOXES_PX:
                image[top:bottom, left:right] = cv2.blur(image[top:bottom, left:right], (31, 31))
            _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg.tobytes() + b"\r\n")
            due += 1.0
            time.sleep(max(0.0, due - time.monotonic()))

    def log_message(self, *_: object) -> None: ...


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Viewer).serve_forever()
