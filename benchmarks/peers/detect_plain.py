"""Peer of detect: the plain loop. cv2.imdecode, the same letterbox and post-processing, eager torch, frame by frame.

Usage: python -m benchmarks.peers.detect_plain FOLDER; `1 FRAMES` prints seconds, CPU-seconds, objects.
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from services.detect.detectors.nanodet import THRESHOLDS, WEIGHTS_NAME, objects_of
from services.detect.letterbox import letterbox, undo_letterbox
from services.detect.models.nanodet_network import load_nanodet
from services.detect.models.store import read_weights

INPUT_HW, FLOOR = (256, 416), min(THRESHOLDS["1x1"].values())
jpegs = [path.read_bytes() for path in sorted(Path(sys.argv[1]).glob("*.jpg"))]
torch.set_num_threads(2)
model = load_nanodet(read_weights(Path(".tilik/models"), WEIGHTS_NAME)[0])


def judged(jpeg: bytes) -> int:
    image = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    fitted, placement = letterbox(image, INPUT_HW)
    with torch.inference_mode():
        scores, distances = model(torch.from_numpy(fitted)[None])
    found = objects_of(scores.numpy(), distances.numpy(), INPUT_HW, FLOOR)[0]
    return len(undo_letterbox(found.boxes_xyxy_px, placement))


for line in sys.stdin:
    count = int(line.split()[1])
    start, cpu = time.perf_counter(), time.process_time()
    objects = sum(judged(jpegs[index % len(jpegs)]) for index in range(count))
    print(time.perf_counter() - start, time.process_time() - cpu, objects, flush=True)
