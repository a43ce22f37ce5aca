"""When something was wrong with a camera's picture, from ClickHouse."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client
from msgspec import convert

from services.privacy.troubles import TROUBLES, Trouble
from services.runtime.clickhouse import translated_errors


def troubles_of(client: Client, camera_id: str) -> list[Trouble]:
    """Give the incidents of a camera; of one that goes on the end is far away. Blocks.

    Raises:
        RetryableError: ClickHouse is away, or its tables are older than this program.
    """
    with translated_errors(f"reading the incidents of {camera_id}"):
        answer = client.query(TROUBLES, parameters={"camera_id": camera_id})
        return [convert(row, Trouble, strict=False) for row in answer.named_results()]
