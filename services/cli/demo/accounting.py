"""The books of the frames: what was captured, and what became of it. They must balance exactly."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client
from msgspec import Struct

from schemas.topics import FRAMES
from services.cli.demo.offsets import unread_records
from services.runtime.clickhouse import translated_errors
from services.runtime.settings import KafkaSettings


class Accounting(Struct, frozen=True, kw_only=True):
    """All frames of all cameras. ``captured`` is what Kafka acknowledged to ingest; ``in_flight`` waits in Kafka."""

    captured: int
    detected: int
    shed: int
    dead_lettered: int
    expired: int
    in_flight: int

    @property
    def difference(self) -> int:
        """Give captured less everything that became of it: 0 where the books balance."""
        return self.captured - (self.detected + self.shed + self.dead_lettered + self.expired + self.in_flight)

    def fault(self) -> str | None:
        """Say in one sentence what is wrong with the books, or give None where they balance."""
        if self.difference == 0:
            return None
        became = (
            f"{self.detected} detected, {self.shed} shed, {self.dead_lettered} dead-lettered, {self.expired} expired, "
            f"{self.in_flight} in flight"
        )
        if self.difference > 0:
            return f"{self.difference} of {self.captured} captured frames have no outcome ({became})"
        return f"there are {-self.difference} more outcomes than the {self.captured} captured frames ({became})"


def account(client: Client, kafka: KafkaSettings, detect_group: str) -> Accounting:
    """Take the books: counters and outcomes from ClickHouse, frames in flight from Kafka's offsets. Blocks.

    Raises:
        RetryableError: ClickHouse or Kafka is away.
    """
    with translated_errors("taking the books"):
        captured = client.query("SELECT sum(captured) FROM capture_counters FINAL").result_rows[0][0]
        counted = client.query("SELECT outcome, count() FROM frame_outcomes FINAL GROUP BY outcome").result_rows
    outcomes = {str(outcome): int(count) for outcome, count in counted}
    return Accounting(
        captured=int(captured),
        detected=outcomes.get("detected", 0),
        shed=outcomes.get("shed", 0),
        dead_lettered=outcomes.get("dead_lettered", 0),
        expired=outcomes.get("expired", 0),
        in_flight=unread_records(kafka, FRAMES.name, detect_group),
    )
