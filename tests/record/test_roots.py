"""A day's root commits to every chain that grew, and is made once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.recordings import DAILY_ROOT_CODEC, ChainHead
from services.record.chain import Chains
from services.record.merkle import inclusion_path, merkle_root, root_of_path
from services.record.object_keys import heads_key, root_key
from services.record.roots import ROOT_AFTER_MS, end_of_day_ms, make_due_roots, proof_in, read_heads, read_root
from services.record.signatures import is_signed
from services.record.signing import Signer
from services.runtime.object_store import ObjectStore
from tests.record.facts import CAMERA, DAY, NOON_MS, make_minute

_DAY_MS = 86_400_000


def _head(number: int) -> ChainHead:
    return ChainHead(camera_id=f"cam-{number}", day=DAY, entry_count=number + 1, last_hash=f"{number:064x}")


@given(st.integers(1, 70), st.data())
def test_each_leaf_is_proved_and_no_other_head_or_place(count: int, data: st.DataObject) -> None:
    heads = [_head(number) for number in range(count)]
    root, leaf = merkle_root(heads), data.draw(st.integers(0, count - 1))
    path = inclusion_path(heads, leaf)
    assert root_of_path(heads[leaf], leaf, count, path) == root
    assert root_of_path(_head(count), leaf, count, path) != root
    if count > 1:
        assert root_of_path(heads[leaf], (leaf + 1) % count, count, path) != root
        assert root_of_path(heads[leaf], leaf, count, path[:-1]) != root
    assert root_of_path(heads[leaf], leaf, count, [*path, "00" * 32]) != root


def test_a_root_is_that_of_rfc_6962_for_two_leaves() -> None:
    heads = [_head(0), _head(1)]
    leaves = [bytes.fromhex(merkle_root([head])) for head in heads]
    assert merkle_root(heads) == hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).hexdigest()
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.open(tmp_path / "signing.pem")


def test_a_day_is_rooted_once_and_only_when_it_has_ended(folder_store: ObjectStore, signer: Signer) -> None:
    chains = Chains(folder_store, lambda: NOON_MS)
    chains.append(CAMERA, DAY, [make_minute(0)])
    chains.append("other-camera", DAY, [make_minute(0, camera_id="other-camera")])
    due = end_of_day_ms(DAY) + ROOT_AFTER_MS
    assert end_of_day_ms(DAY) == NOON_MS + _DAY_MS // 2
    assert make_due_roots(folder_store, chains, signer, due - 1) == []
    (signed,) = make_due_roots(folder_store, chains, signer, due)
    assert is_signed("root", DAILY_ROOT_CODEC.encode(signed.root), signed.signature, signer.public_key)
    assert signed.root.chain_count == 2
    assert signed.root.merkle_root == merkle_root(read_heads(folder_store, DAY))
    assert read_root(folder_store, DAY) == signed
    folder_store.put("roots/notes.txt", b"no root")
    assert make_due_roots(folder_store, chains, signer, due) == []


def test_roots_follow_each_other_and_take_up_what_grew_later(folder_store: ObjectStore, signer: Signer) -> None:
    time = NOON_MS
    chains = Chains(folder_store, lambda: time)
    chains.append(CAMERA, DAY, [make_minute(0)])
    make_due_roots(folder_store, chains, signer, NOON_MS + _DAY_MS)
    first = folder_store.get(root_key(DAY))
    assert first is not None
    time += _DAY_MS
    chains.append(CAMERA, DAY, [make_minute(1)])
    folder_store.put("roots/notes.txt", b"no root")
    (second,) = make_due_roots(folder_store, chains, signer, time + _DAY_MS)
    assert (second.root.day, second.root.previous_day) == ("2025-11-26", DAY)
    assert second.root.previous == hashlib.sha256(first).hexdigest()
    proof = proof_in(read_heads(folder_store, "2025-11-26"), "2025-11-26", CAMERA, DAY)
    assert proof is not None
    assert proof.head == chains.head(CAMERA, DAY)
    assert root_of_path(proof.head, proof.leaf_index, 1, proof.path) == second.root.merkle_root


def test_after_a_crash_between_heads_and_root_the_same_heads_are_rooted(
    folder_store: ObjectStore, signer: Signer
) -> None:
    chains = Chains(folder_store, lambda: NOON_MS)
    chains.append(CAMERA, DAY, [make_minute(0)])
    (signed,) = make_due_roots(folder_store, chains, signer, NOON_MS + _DAY_MS)
    kept = folder_store.get(heads_key(DAY))
    folder_store.delete(root_key(DAY))
    chains.append(CAMERA, DAY, [make_minute(1)])
    (again,) = make_due_roots(folder_store, chains, signer, NOON_MS + _DAY_MS)
    assert folder_store.get(heads_key(DAY)) == kept
    assert again.root.merkle_root == signed.root.merkle_root
