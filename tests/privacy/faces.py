"""A face detector that knows nothing of Tilik: MTCNN, with the weights of the package ``mtcnn``, run by torch.

The package's own code wants TensorFlow. Source: Zhang et al. 2016, Joint Face Detection and Alignment using Multitask
Cascaded Convolutional Networks, arXiv:1604.02878: a network looks for faces in a pyramid of the picture, two larger
ones look again at what it found.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

LEAST_FACE_PX = 16
_SCALE_STEP = 0.709
_THRESHOLDS = (0.6, 0.7, 0.7)
_PROPOSAL_PX = 12
Faces = NDArray[np.float32]
"""float32 [N, 5]: left, top, right, bottom in px, score."""


@dataclass
class _Weights:
    """A network's arrays, taken one after the other."""

    arrays: Iterator[NDArray[np.float32]]

    def conv(self, x: Tensor) -> Tensor:
        kernel, bias = next(self.arrays), next(self.arrays)
        return functional.conv2d(x, torch.from_numpy(kernel).permute(3, 2, 0, 1), torch.from_numpy(bias))

    def dense(self, x: Tensor) -> Tensor:
        kernel, bias = next(self.arrays), next(self.arrays)
        return x @ torch.from_numpy(kernel) + torch.from_numpy(bias)

    def prelu(self, x: Tensor) -> Tensor:
        return functional.prelu(x, torch.from_numpy(next(self.arrays)).reshape(-1))

    def conv_prelu(self, x: Tensor) -> Tensor:
        return self.prelu(self.conv(x))


def _pool(x: Tensor, size: int, same: bool) -> Tensor:
    return functional.max_pool2d(x, size, 2, ceil_mode=same)


def _flat(x: Tensor) -> Tensor:
    return x.permute(0, 3, 2, 1).flatten(1)


def _propose(x: Tensor, w: _Weights) -> tuple[Tensor, Tensor]:
    x = _pool(w.conv_prelu(x), 2, same=True)
    x = w.conv_prelu(w.conv_prelu(x))
    shifts = w.conv(x)
    return shifts, w.conv(x).softmax(1)[:, 1]


def _refine(x: Tensor, w: _Weights) -> tuple[Tensor, Tensor]:
    x = _pool(w.conv_prelu(x), 3, same=True)
    x = _pool(w.conv_prelu(x), 3, same=False)
    x = w.prelu(w.dense(_flat(w.conv_prelu(x))))
    shifts = w.dense(x)
    return shifts, w.dense(x).softmax(1)[:, 1]


def _decide(x: Tensor, w: _Weights) -> tuple[Tensor, Tensor]:
    x = _pool(w.conv_prelu(x), 3, same=True)
    x = _pool(w.conv_prelu(x), 3, same=False)
    x = _pool(w.conv_prelu(x), 2, same=True)
    x = w.prelu(w.dense(_flat(w.conv_prelu(x))))
    shifts = w.dense(x)
    w.dense(x)  # where eyes, nose and mouth are
    return shifts, w.dense(x).softmax(1)[:, 1]


Network = Callable[[Tensor], tuple[Tensor, Tensor]]


class FaceDetector:
    """Finds faces that look at the camera, or nearly so, from ``LEAST_FACE_PX`` on."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("mtcnn")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        folder = Path(spec.submodule_search_locations[0]) / "assets" / "weights"
        load = import_module("joblib").load
        self._arrays = {name: load(folder / f"{name}.lz4") for name in ("pnet", "rnet", "onet")}

    def find(self, image_bgr: NDArray[np.uint8]) -> Faces:
        """Give the faces in a picture."""
        rgb = np.asarray((image_bgr[..., ::-1] - 127.5) / 128, np.float32)
        with torch.inference_mode():
            faces = self._proposed(rgb)
            faces = _looked_at(rgb, faces, 24, lambda x: _refine(x, self._weights("rnet")), _THRESHOLDS[1])
            return _looked_at(rgb, faces, 48, lambda x: _decide(x, self._weights("onet")), _THRESHOLDS[2])

    def _weights(self, name: str) -> _Weights:
        return _Weights(iter([np.asarray(array, np.float32) for array in self._arrays[name]]))

    def _proposed(self, rgb: NDArray[np.float32]) -> Faces:
        found = [np.zeros((0, 5), np.float32)]
        scale = _PROPOSAL_PX / LEAST_FACE_PX
        while min(rgb.shape[:2]) * scale >= _PROPOSAL_PX:
            size = (int(rgb.shape[1] * scale), int(rgb.shape[0] * scale))
            small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
            shifts, scores = _propose(_tensor(small[None]), self._weights("pnet"))
            rows, columns = np.nonzero(scores[0].numpy() >= _THRESHOLDS[0])
            corners = np.stack((columns, rows, columns, rows), 1) * 2.0 + (0, 0, _PROPOSAL_PX, _PROPOSAL_PX)
            boxes = _shifted((corners / scale).astype(np.float32), shifts[0].numpy()[:, rows, columns].T)
            found.append(_best(np.hstack((boxes, scores[0].numpy()[rows, columns, None])), 0.5))
            scale *= _SCALE_STEP
        return _best(np.vstack(found), 0.7)


def _looked_at(rgb: NDArray[np.float32], faces: Faces, side: int, network: Network, threshold: float) -> Faces:
    """Give those of the faces that a larger network, which sees ``side`` px, takes for faces too."""
    if not len(faces):
        return faces
    squares = _squares(faces[:, :4])
    shifts, scores = network(_tensor(np.stack([_crop(rgb, square, side) for square in squares])))
    kept = scores.numpy() >= threshold
    return _best(np.hstack((_shifted(squares[kept], shifts.numpy()[kept]), scores.numpy()[kept, None])), 0.7)


def _tensor(pictures: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)


def _shifted(boxes: NDArray[np.float32], shifts: NDArray[np.float32]) -> NDArray[np.float32]:
    sides = boxes[:, 2:] - boxes[:, :2]
    moved: NDArray[np.float32] = boxes + shifts * np.hstack((sides, sides))
    return moved


def _squares(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.hstack((centres - half, centres + half))


def _crop(rgb: NDArray[np.float32], square: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    scale = max(1.0, float(square[2] - square[0])) / side
    to_picture = np.array([[scale, 0, square[0]], [0, scale, square[1]]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(rgb, to_picture, (side, side), flags=flags), np.float32)


def _best(faces: Faces, iou: float) -> Faces:
    if not len(faces):
        return faces.astype(np.float32)
    corner_and_size = np.hstack((faces[:, :2], faces[:, 2:4] - faces[:, :2]))
    kept = cv2.dnn.NMSBoxes(corner_and_size.tolist(), faces[:, 4].tolist(), 0.0, iou)
    return faces[np.asarray(kept, np.int64)].astype(np.float32)
