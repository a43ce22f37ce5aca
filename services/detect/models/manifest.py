"""What says that weights on disk are whole: ``<name>.json`` beside ``<name>.safetensors``."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from services.runtime.errors import ConfigurationError

HOW_TO_GET = "run `tilik models fetch`"


class WeightsManifest(Struct, frozen=True, kw_only=True):
    """Where weights came from. ``sources`` are the SHA-256 of the files that they were made from, by name."""

    name: str
    sha256: str
    size_bytes: int
    package: str
    licence: str
    sources: dict[str, str]


def write_whole(folder: Path, manifest: WeightsManifest, data: bytes) -> None:
    """Write weights, and after them their manifest: where there is a manifest, they are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / f"{manifest.name}.safetensors", data)
    _replace(folder / f"{manifest.name}.json", msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")


def read_whole(folder: Path, name: str) -> tuple[WeightsManifest, bytes]:
    """Give the manifest and the bytes of the weights.

    Raises:
        ConfigurationError: They were not fetched, or the file is not the one that was written.
    """
    path = folder / f"{name}.safetensors"
    try:
        manifest = msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=WeightsManifest)
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigurationError(f"the weights {name} are not in {folder}: {HOW_TO_GET}") from error
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{folder / name}.json is damaged ({error}): delete it and {HOW_TO_GET}") from error
    if sha256_of(data) != manifest.sha256:
        raise ConfigurationError(f"{path} does not have the SHA-256 of its manifest: delete both and {HOW_TO_GET}")
    return manifest, data


def sha256_of(data: bytes) -> str:
    """Give the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
