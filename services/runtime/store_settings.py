"""How the record's object store is reached: nested in the settings of whoever reads or writes it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class StoreSettings(BaseModel):
    """Where files lie: a folder, or a bucket that speaks S3.

    Without ``access_key_id`` S3's own ways hold: AWS_* variables, then the machine's or the pod's role.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        ".tilik/record",
        min_length=1,
        max_length=1000,
        description="Where the record lies: a folder, or s3://BUCKET/PREFIX.",
    )
    endpoint: str = Field("", description="URL of an S3-compatible server; empty: Amazon's.")
    region: str = Field("us-east-1", description="Region of the bucket.")
    access_key_id: str = Field("", description="Id of the access key; empty: what the environment or a role gives.")
    secret_access_key: SecretStr = Field(SecretStr(""), description="Secret of the access key.")
    path_style: bool = Field(True, description="Whether the bucket is named in the path, not in the host's name.")
    timeout_seconds: float = Field(
        20.0, gt=0, le=300, description="How long one request to S3 may take, in seconds; it is tried twice."
    )
