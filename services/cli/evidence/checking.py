"""Check a file of evidence with nothing but itself, and the city's public key where one has it.

archive ─► manifest and its signature ─► each file's hash ─► the bytes between ─► chains ─► roots ─► files in chains
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress

from schemas.codec import ContractError
from schemas.recordings import (
    INCLUSION_PROOF_CODEC,
    PUBLIC_KEY_CODEC,
    SIGNED_ROOT_CODEC,
    InclusionProof,
    PublicKey,
    SignedRoot,
    files_of,
)
from services.cli.evidence.archive import first_difference, first_file, slices, unpack
from services.cli.evidence.findings import Findings
from services.cli.evidence.manifest import (
    MANIFEST,
    MANIFEST_CODEC,
    MANIFEST_SIGNATURE_CODEC,
    SIGNATURE,
    Manifest,
    ManifestSignature,
    PackedFile,
    key_path,
)
from services.record.chain_lines import LinkedEntry, check_lines
from services.record.merkle import root_of_path
from services.record.signatures import is_endorsed, is_own, is_root_by, is_signed, key_id_of, trusted_keys, vouched_days


def check_package(data: bytes, city_key: PublicKey | None = None) -> tuple[Manifest | None, Findings]:
    """Check an archive; give its manifest, if that can be read, and what was found.

    Args:
        data: The archive.
        city_key: The key by which it must be signed, as the city publishes it.
    """
    findings = Findings()
    unpacked = unpack(data)
    manifest_bytes = unpacked.contents.get(MANIFEST) or first_file(data, MANIFEST)
    try:
        manifest = MANIFEST_CODEC.decode(manifest_bytes or b"")
    except ContractError as error:
        findings.add(MANIFEST, f"it can't be read: {error}" if manifest_bytes else "it is no file of evidence of Tilik")
        return None, findings
    contents = _contents(data, unpacked.contents, manifest, manifest_bytes or b"")
    signature = _check_signature(manifest_bytes or b"", contents, city_key, findings)
    if not findings.is_whole:
        return manifest, findings  # a manifest that nobody signed says nothing of the other files
    _check_files(contents, manifest, unpacked.contents, findings)
    for name in sorted(
        {*unpacked.double, *unpacked.contents} - {MANIFEST, SIGNATURE, *(f.path for f in manifest.files)}
    ):
        findings.add(name, "it was added: the manifest does not name it")
    if findings.is_whole:
        _check_between(data, contents, findings)
    if findings.is_whole:
        findings.right.append(f"{len(manifest.files)} files are what the manifest says, byte for byte")
        _check_record(contents, manifest, signature, city_key, findings)
    return manifest, findings


def _contents(data: bytes, read: Mapping[str, bytes], manifest: Manifest, manifest_bytes: bytes) -> dict[str, bytes]:
    """Give the files in their order; where the archive's directory is damaged, from where they must lie."""
    names = [MANIFEST, SIGNATURE, *(file.path for file in manifest.files)]
    if read:
        return {name: read[name] for name in names if name in read}
    signature_at = 60 + len(MANIFEST) + len(manifest_bytes) + len(SIGNATURE)
    size = int.from_bytes(data[signature_at - len(SIGNATURE) - 8 : signature_at - len(SIGNATURE) - 4], "little")
    sizes = {MANIFEST: len(manifest_bytes), SIGNATURE: size} | {file.path: file.size for file in manifest.files}
    return slices(data, sizes)


def _check_signature(
    manifest_bytes: bytes, contents: Mapping[str, bytes], city_key: PublicKey | None, findings: Findings
) -> ManifestSignature | None:
    try:
        signed = MANIFEST_SIGNATURE_CODEC.decode(contents.get(SIGNATURE, b""))
    except ContractError as error:
        findings.add(SIGNATURE, f"it can't be read: {error}" if SIGNATURE in contents else "it was removed")
        return None
    if key_id_of(signed.public_key) != signed.key_id:
        findings.add(SIGNATURE, "its key is another one than it says")
    elif MANIFEST_SIGNATURE_CODEC.encode(signed) != contents[SIGNATURE]:
        findings.add(SIGNATURE, "it is not written as the record writes")
    elif not is_signed("export", manifest_bytes, signed.signature, signed.public_key):
        findings.add(MANIFEST, "it, or its signature, was altered: the signature is not over these bytes")
    elif city_key is not None and signed.key_id not in trusted_keys(_keys_in(contents), city_key):
        findings.add(SIGNATURE, f"it was signed with key {signed.key_id}, not with the city's, {city_key.key_id}")
    elif city_key is not None:
        findings.right.append(f"signed with the city's key {signed.key_id}")
    else:
        findings.notes.append(
            f"It was signed with key {signed.key_id}. Compare that with the key that the city's portal publishes, or "
            "give it with --public-key: anybody can sign with a key of their own."
        )
    return signed


def _keys_in(contents: Mapping[str, bytes]) -> dict[str, PublicKey]:
    """Give the public keys of the archive that are what they say, by their ids."""
    found = {}
    for name, data in contents.items():
        if name.startswith("keys/"):
            with suppress(ContractError):
                key = PUBLIC_KEY_CODEC.decode(data)
                if is_own(key):
                    found[key.key_id] = key
    return found


def _check_files(
    contents: Mapping[str, bytes], manifest: Manifest, read: Mapping[str, bytes], findings: Findings
) -> None:
    for file in manifest.files:
        data = contents.get(file.path)
        if data is None:
            findings.add(
                file.path,
                "it was removed, or can't be read: was the archive packed anew?" if read else "it can't be read",
            )
        elif len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
            findings.add(file.path, "its bytes were altered" + _where_in_chain(file.path, data, manifest))


def _where_in_chain(path: str, data: bytes, manifest: Manifest) -> str:
    if not path.startswith("chain/"):
        return ""
    fault = check_lines(data, manifest.camera_id, _day_in(path)).fault
    return "" if fault is None else f", first in entry {fault.line}: {fault.text}"


def _day_in(path: str) -> str:
    return path.removeprefix("chain/").removesuffix(".jsonl")


def _check_between(data: bytes, contents: Mapping[str, bytes], findings: Findings) -> None:
    different = first_difference(data, contents)
    if different is not None:
        at, name = different
        findings.add(
            name, f"each file is as it was signed, but the archive around them is another one, from byte {at} on"
        )


def _check_record(
    contents: Mapping[str, bytes],
    manifest: Manifest,
    signature: ManifestSignature | None,
    city_key: PublicKey | None,
    findings: Findings,
) -> None:
    try:
        roots = {name: SIGNED_ROOT_CODEC.decode(data) for name, data in contents.items() if name.startswith("roots/")}
        proofs = {
            name: INCLUSION_PROOF_CODEC.decode(data) for name, data in contents.items() if name.startswith("proofs/")
        }
    except ContractError as error:
        findings.add(MANIFEST, f"a root or proof is none: {error}")
        return
    keys = _keys_in(contents)
    chains = _check_chains(contents, manifest, findings)
    known = keys if city_key is None else {**keys, city_key.key_id: city_key}
    citys = keys if city_key is None else {key_id: known[key_id] for key_id in trusted_keys(keys, city_key)}
    vouched = vouched_days(sorted(roots.values(), key=lambda one: one.root.day), citys)
    for name, root in roots.items():
        if root.key_id in keys and root.key_id not in citys and root.root.day not in vouched:
            findings.add(name, f"it was signed with key {root.key_id}, which is none of the city's")
        _check_root(name, root, keys, findings)
    by_day = {root.root.day: root for root in roots.values()}
    for name, proof in proofs.items():
        _check_proof(name, proof, by_day, chains, findings)
    for day in chains:
        if all(proof.head.day != day for proof in proofs.values()):
            findings.notes.append(f"No root has been signed yet over the chain of {day}: the day was not over.")
    for file in manifest.files:
        _check_in_chain(file, chains, findings)
    _note_key_changes(keys, signature, findings)


def _check_chains(
    contents: Mapping[str, bytes], manifest: Manifest, findings: Findings
) -> dict[str, list[LinkedEntry]]:
    chains = {}
    for name, data in contents.items():
        if name.startswith("chain/"):
            day = _day_in(name)
            entries, fault = check_lines(data, manifest.camera_id, day)
            if fault is not None:
                findings.add(name, f"entry {fault.line} is wrong: {fault.text}")
            chains[day] = entries
            findings.right.append(f"the chain of {day}: {len(entries)} entries, each follows the one before")
    return chains


def _check_root(name: str, signed: SignedRoot, keys: Mapping[str, PublicKey], findings: Findings) -> None:
    key = keys.get(signed.key_id)
    if key is None:
        findings.add(name, f"key {signed.key_id}, which signed it, is not in {key_path(signed.key_id)}")
    elif not is_root_by(signed, key):
        findings.add(name, "its signature is not over what it says")
    else:
        findings.right.append(f"the root of {signed.root.day} is signed with key {signed.key_id}")


def _check_proof(
    name: str,
    proof: InclusionProof,
    roots: Mapping[str, SignedRoot],
    chains: Mapping[str, list[LinkedEntry]],
    findings: Findings,
) -> None:
    signed, entries, head = roots.get(proof.root_day), chains.get(proof.head.day), proof.head
    if signed is None or entries is None:
        findings.add(name, "the root or the chain of which it speaks is not there")
    elif root_of_path(head, proof.leaf_index, signed.root.chain_count, proof.path) != signed.root.merkle_root:
        findings.add(name, f"it does not lead to the root of {proof.root_day}")
    elif len(entries) < head.entry_count or entries[head.entry_count - 1].hash != head.last_hash:
        findings.add(name, f"the chain of {head.day} is another one than under the root of {proof.root_day}")
    else:
        findings.right.append(f"{head.entry_count} entries of {head.day} are under the root of {proof.root_day}")


def _check_in_chain(file: PackedFile, chains: Mapping[str, list[LinkedEntry]], findings: Findings) -> None:
    if file.of is None:
        return
    entries = chains.get(file.of.day, [])
    if file.of.entry >= len(entries):
        findings.add(file.path, f"the chain of {file.of.day} has no entry {file.of.entry}")
        return
    for stored in files_of(entries[file.of.entry].entry.fact):
        if stored.form == file.of.form and file.sha256 == (stored.plain_sha256 or stored.sha256):
            return
    findings.add(file.path, f"entry {file.of.entry} of {file.of.day} speaks of another file")


def _note_key_changes(keys: Mapping[str, PublicKey], signed: ManifestSignature | None, findings: Findings) -> None:
    signer = keys.get(signed.key_id) if signed is not None else None
    linked = trusted_keys(keys, signer) if signer is not None else set()
    for key in keys.values():
        before = keys.get(key.endorsed_by)
        if before is not None and is_endorsed(key, before):
            findings.right.append(f"key {key.key_id} was endorsed by key {before.key_id}")
        elif signed is not None and key.key_id not in linked:
            findings.notes.append(f"Key {key.key_id} signed roots too; compare it with the portal as well.")
