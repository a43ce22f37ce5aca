"""Tests share the machine: one network thread, which busy cores slow down least."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
