"""Merkle trees over the heads of chains, hashed as RFC 6962, section 2.1, does. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from schemas.recordings import CHAIN_HEAD_CODEC, ChainHead


def leaf_hash(head: ChainHead) -> bytes:
    """Give the hash of a leaf."""
    return hashlib.sha256(b"\x00" + CHAIN_HEAD_CODEC.encode(head)).digest()


def merkle_root(heads: Sequence[ChainHead]) -> str:
    """Give the root over heads in their order, hex; of none it is the SHA-256 of nothing."""
    return _root([leaf_hash(head) for head in heads]).hex()


def inclusion_path(heads: Sequence[ChainHead], leaf: int) -> tuple[str, ...]:
    """Give the hashes, hex, that lead from a leaf up to the root."""
    return tuple(one.hex() for one in _path([leaf_hash(head) for head in heads], leaf))


def root_of_path(head: ChainHead, leaf: int, count: int, path: Sequence[str]) -> str:
    """Give the root, hex, to which a path leads from a leaf of a tree of ``count``; empty where it fits no such tree.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= leaf < count:
        return ""
    at, last, found = leaf, count - 1, leaf_hash(head)
    for step in path:
        if last == 0:
            return ""
        beside = bytes.fromhex(step)
        if at & 1 or at == last:
            found = _node(beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, beside)
        at, last = at >> 1, last >> 1
    return found.hex() if last == 0 else ""


def _root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = _cut(len(leaves))
    return _node(_root(leaves[:cut]), _root(leaves[cut:]))


def _path(leaves: Sequence[bytes], leaf: int) -> list[bytes]:
    if len(leaves) <= 1:
        return []
    cut = _cut(len(leaves))
    if leaf < cut:
        return [*_path(leaves[:cut], leaf), _root(leaves[cut:])]
    return [*_path(leaves[cut:], leaf - cut), _root(leaves[:cut])]


def _cut(count: int) -> int:
    """Give the largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
