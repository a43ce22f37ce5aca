"""The record's keys: which file signs daily roots, which keys seal originals. Nested in the recorder's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

KeyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class KeySettings(BaseModel):
    """Where the record's private keys are. Neither of them ever enters the store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signing_key_file: Path = Field(
        Path(".tilik/record-keys/signing.pem"),
        description="PEM file of the Ed25519 key that signs daily roots and exports; made at first use, mode 0600.",
    )
    sealing_dir: Path = Field(
        Path(".tilik/record-keys/sealing"),
        description="Folder with one file a key that seals originals: 32 bytes in base64, named by the key's id.",
    )
    sealing_key_id: KeyName = Field(
        "first",
        description="Id of the key that seals what is recorded from now on; made at first use where it is nowhere. "
        "Former ones stay, to open what they sealed.",
    )
    sealing_keys: dict[KeyName, SecretStr] = Field(
        default_factory=dict, description="Keys that seal originals, by id, where there is no such file."
    )
