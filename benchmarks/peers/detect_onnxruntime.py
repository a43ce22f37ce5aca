"""Peer of detect: the same network in onnxruntime, the same decoding, letterbox and post-processing; two threads each.

Usage: python -m benchmarks.peers.detect_onnxruntime FOLDER MODEL; `BATCH FRAMES` prints seconds, CPU-seconds, objects.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import onnxruntime

from services.detect.decode import JpegLimits, decode, read_size
from services.detect.detectors.nanodet import THRESHOLDS, objects_of
from services.detect.letterbox import Placement, letterbox, undo_letterbox
from services.detect.resampling import ImageBgr

jpegs, INPUT_HW = [path.read_bytes() for path in sorted(Path(sys.argv[1]).glob("*.jpg"))], (256, 416)
cv2.setNumThreads(1)
(options := onnxruntime.SessionOptions()).intra_op_num_threads = 2
options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # faster so on busy cores
session, pool = onnxruntime.InferenceSession(sys.argv[2], options), ThreadPoolExecutor(2)


def prepared(jpeg: bytes) -> tuple[ImageBgr, Placement]:
    return letterbox(decode(jpeg, read_size(jpeg, JpegLimits()), INPUT_HW).image_bgr, INPUT_HW)


def judged(batch: list[bytes]) -> int:
    inputs, placements = zip(*pool.map(prepared, batch), strict=True)
    scores, distances = session.run(None, {"inputs": list(inputs)})
    found = objects_of(scores, distances, INPUT_HW, min(THRESHOLDS["1x1"].values()))
    return sum(map(len, map(undo_letterbox, (one.boxes_xyxy_px for one in found), placements)))


for batch, count in (map(int, line.split()) for line in sys.stdin):
    frames, start, cpu = [jpegs[n % len(jpegs)] for n in range(count)], time.perf_counter(), time.process_time()
    objects = sum(judged(frames[first : first + batch]) for first in range(0, count, batch))
    print(time.perf_counter() - start, time.process_time() - cpu, objects, flush=True)
