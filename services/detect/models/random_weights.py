"""Weights that mean nothing but are always the same: for tests of code whose real weights can't be had."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

_SEED = 20_240_517
"""Any fixed number does."""


@contextmanager
def seeded() -> Iterator[None]:
    """Make networks that are built inside start from the same random weights; the caller's randomness is untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        yield


def state_sha256(network: nn.Module) -> str:
    """Give the SHA-256 of all parameters and buffers, by name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
