"""OpenVINO as Tilik imports it: its report to its makers is switched off first."""

from __future__ import annotations

import sys

# OpenVINO reports each import and conversion to its makers unless this package is missing. Cameras of a city must not.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402  (see above)
from openvino import opset15 as opset  # noqa: E402

__all__ = ["openvino", "opset"]
