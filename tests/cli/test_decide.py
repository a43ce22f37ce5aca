"""``tilik decide``: what it understands, what it refuses, and the event that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from schemas.camera_events import CAMERA_EVENT_CODEC, Decision
from schemas.cameras import Zone
from schemas.topics import CAMERA_EVENTS, PARTITIONS
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.cli import decide, decide_store
from services.cli.cameras import confirmation, publish
from services.cli.decide_texts import instant_of, polygon_of
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError
from services.runtime.murmur2 import partition_of
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.aggregate.camera_stories import LEARNED, computed, shown
from tests.aggregate.make_events import LEFT_HALF, make_camera, ms
from tests.aggregate.scene_looks import shifted
from tests.integration.aggregate_worker import read_all

CAMERAS = [make_camera(camera_id="office-a"), make_camera((Zone("river", "water", LEFT_HALF),), camera_id="office-b")]
WHY = ("--by", "Sri Wahyuni", "--why", "looked at it")
NOW = ms(0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("newest", 77),
        ("2025-10-13T06:59:00", ms(-60)),
        ("2025-10-12T23:59:00+00:00", ms(-60)),
        ("2025-10-12T23:59:00Z", ms(-60)),
        ("2025-10-13T07:00:00", ms(0)),
    ],
)
def test_a_time_is_that_of_semarang_unless_it_says_another(text: str, expected: int) -> None:
    assert instant_of(text, 77, NOW) == expected


@pytest.mark.parametrize("text", ["2025-10-13T07:00:01", "yesterday", "", "1969-01-01"])
def test_a_time_that_is_not_over_or_is_none_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="--at"):
        instant_of(text, 77, NOW)


def test_the_newest_picture_is_refused_where_there_is_none() -> None:
    with pytest.raises(ConfigurationError, match="no picture"):
        instant_of("newest", 0, NOW)


def test_corners_are_pairs_in_the_picture() -> None:
    assert polygon_of("0,0 0.5,0  0.5,1") == ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0))
    assert len(polygon_of(" ".join(["0.1,0.2"] * 64))) == 64


@pytest.mark.parametrize(
    "text", ["0,0 1,1", "0,0 1,0 1,1.01", "0,0 1,0 nan,1", "0,0 1,0 1", "0,0 1,0 1,a", " ".join(["0,0"] * 65)]
)
def test_corners_that_are_no_part_of_a_picture_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="--corners"):
        polygon_of(text)


@pytest.mark.parametrize("said", [(), ("--by", "Sri"), ("--why", "so"), ("--by", " ", "--why", "so")])
def test_who_decides_and_why_must_be_said_where_nobody_can_be_asked(said: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(decide.command, ["confirm", "abcdef", "--yes", *said])
    assert answer.exit_code == 2
    assert "kept with who decided and why" in answer.output


@contextmanager
def no_clickhouse(_: object) -> Iterator[None]:
    yield None


def test_that_nothing_waits_is_said_and_is_no_line_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "clickhouse_client", no_clickhouse)
    monkeypatch.setattr(decide_store, "waiting", lambda *_: [])
    answer = CliRunner().invoke(decide.command, ["waiting"])
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "", "nothing waits\n")


@dataclass(frozen=True, slots=True)
class Office:
    """A registry and a database of its own, and a person in front of them."""

    kafka: KafkaSettings
    clickhouse: ClickHouseSettings
    rows: RowStore

    def run(self, *arguments: str, answers: str | None = None) -> Result:
        """Run a command; ``answers`` is what a person at a terminal types, None: there is none."""
        places = ("--clickhouse", f"127.0.0.1:{self.clickhouse.port}")
        kafka = () if arguments[0] == "waiting" else ("--bootstrap", self.kafka.bootstrap_servers)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(confirmation, "is_terminal", lambda: answers is not None)
            patch.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", self.clickhouse.database)
            return CliRunner().invoke(decide.command, [*arguments, *places, *kafka], input=answers)

    def decisions(self) -> list[Decision]:
        """Give those that were sent, in the order in which they were."""
        records = sorted(read_all(self.kafka, CAMERA_EVENTS.name), key=lambda record: record.timestamp_ms)
        ours = [record for record in records if (record.key or b"").startswith(b"office-")]
        events = [CAMERA_EVENT_CODEC.decode(record.value) for record in ours]
        return [event for event in events if isinstance(event, Decision)]


@pytest.fixture(scope="module")
def office(kafka: KafkaSettings, clickhouse_port: int) -> Iterator[Office]:
    settings = ClickHouseSettings(port=clickhouse_port, database="decide_tests")
    migrate(settings, known_migrations())
    choose_own_ruleset(settings)
    publish(kafka, CAMERAS)
    rows = RowStore(settings)
    tables = computed(shown([*LEARNED, *[shifted] * 70], camera_id="office-a"), CAMERAS[0])
    (incident,) = tables["episodes"]
    twins = [msgspec.structs.replace(incident, episode_id="eeeeee" + digit * 26, quarantined=False) for digit in "01"]
    tried = msgspec.structs.replace(twins[0], camera_id="office-b", episode_id="d" * 32, ruleset="tried")
    rows.write([incident, *twins, tried, *tables["detections"]])
    yield Office(kafka, settings, rows)
    rows.close()


@pytest.mark.integration
def test_a_release_shows_what_it_ends_asks_and_is_sent_to_the_partition_of_its_camera(office: Office) -> None:
    before = len(office.decisions())
    refused = office.run("release", "office-a", *WHY, answers="n\n")
    assert refused.exit_code == 1
    assert len(office.decisions()) == before
    answer = office.run("release", "office-a", "--at", "newest", *WHY, answers="y\n")
    assert answer.exit_code == 0, answer.output
    assert "camera incident shifted  office-a  from 2025-10-13 07:01:30, open; view_lost" in answer.output
    assert "quarantine_released, by Sri Wahyuni: 'looked at it'. Send it?" in answer.output
    sent = office.decisions()[-1]
    assert (sent.decision, sent.camera_id, sent.decided_at_ms) == ("quarantine_released", "office-a", ms(159))
    assert (sent.decided_by, sent.reason, sent.episode_id, sent.mask) == ("Sri Wahyuni", "looked at it", None, None)
    (partition,) = {
        record.partition for record in read_all(office.kafka, CAMERA_EVENTS.name) if record.key == b"office-a"
    }
    assert partition == partition_of(b"office-a", PARTITIONS["local"])


@pytest.mark.integration
def test_who_and_why_are_asked_for_at_a_terminal(office: Office) -> None:
    answer = office.run("release", "office-a", "--yes", answers="Budi\nit was wind\n")
    assert answer.exit_code == 0, answer.output
    sent = office.decisions()[-1]
    assert (sent.decided_by, sent.reason, abs(sent.decided_at_ms - now_ms()) < 60_000) == ("Budi", "it was wind", True)


@pytest.mark.integration
def test_a_decision_that_must_wait_for_pictures_says_so(office: Office) -> None:
    answer = office.run("release", "office-a", *WHY, "--yes")
    assert "The newest judged picture is of 2025-10-13 07:02:39: this waits for pictures of" in answer.output
    assert "waits" not in office.run("release", "office-a", "--at", "2025-10-13T07:12:39", *WHY, "--yes").output
    assert "waits" in office.run("release", "office-a", "--at", "2025-10-13T07:12:40", *WHY, "--yes").output


@pytest.mark.integration
def test_episodes_are_judged_by_the_first_digits_of_their_ids(office: Office) -> None:
    (line,) = [line for line in office.run("waiting").output.splitlines() if "quarantined" in line]
    episode_id = line.split()[0]
    for command, decision in (("confirm", "episode_confirmed"), ("reject", "episode_rejected")):
        answer = office.run(command, episode_id[:6], *WHY, "--yes")
        assert answer.exit_code == 0, answer.output
        sent = office.decisions()[-1]
        assert (sent.decision, sent.camera_id, sent.episode_id) == (decision, "office-a", episode_id)
        assert abs(sent.decided_at_ms - now_ms()) < 60_000


@pytest.mark.integration
def test_cameras_in_quarantine_come_first_and_episodes_of_a_ruleset_that_is_tried_wait_for_nobody(
    office: Office,
) -> None:
    ids = [line.split()[0] for line in office.run("waiting").output.splitlines()]
    assert set(ids[1:]) == {"eeeeee" + "0" * 26, "eeeeee" + "1" * 26}
    assert "quarantined" in office.run("waiting", "--limit", "1").output
    assert office.run("confirm", "dddddd", *WHY, "--yes").exit_code == 0


@pytest.mark.integration
def test_a_dry_reference_and_a_mask_are_sent_with_what_they_need(office: Office) -> None:
    assert office.run("dry", "office-b", *WHY, "--yes").exit_code == 0
    assert office.decisions()[-1].decision == "dry_reference_approved"
    corners = ("--corners", "0.1,0.2 0.3,0.2 0.3,0.4")
    assert office.run("mask", "office-b", *corners, *WHY, "--yes").exit_code == 0
    sent = office.decisions()[-1]
    assert (sent.decision, sent.mask) == ("static_object_masked", ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4)))


REFUSED = [
    (("release", "office-z"), "there is no camera 'office-z'"),
    (("dry", "office-z"), "there is no camera 'office-z'"),
    (("mask", "office-z", "--corners", "0,0 1,0 1,1"), "there is no camera 'office-z'"),
    (("release", "office-b"), "has no open incident"),  # but under a ruleset that is tried
    (("dry", "office-a"), "has no water zone"),
    (("dry", "office-b", "--at", "newest"), "no picture of the camera has been judged yet"),
    (("confirm", "0123456789"), "there is no episode '0123456789'"),
    (("confirm", "eeeeee"), "more than one episode begins with 'eeeeee'"),
    (("confirm", "abc"), "is not an episode's id"),
    (("release", "office-a", "--at", "tomorrow"), "not a time"),
]


@pytest.mark.integration
def test_what_is_not_known_is_refused_and_nothing_is_sent(office: Office) -> None:
    before = len(office.decisions())
    for arguments, reason in REFUSED:
        answer = office.run(*arguments, *WHY, "--yes")
        assert answer.exit_code != 0
        assert reason in (answer.output + str(answer.exception))
    assert len(office.decisions()) == before


@pytest.mark.integration
def test_nothing_is_sent_where_nobody_can_be_asked(office: Office) -> None:
    before = len(office.decisions())
    answer = office.run("release", "office-a", *WHY)
    assert (answer.exit_code, "--yes says so beforehand" in answer.output) == (2, True)
    assert len(office.decisions()) == before


@pytest.mark.integration
def test_what_breaks_the_contract_is_refused(office: Office) -> None:
    answer = office.run("dry", "office-b", "--by", "x" * 121, "--why", "so", "--yes")
    assert (answer.exit_code, "decided_by" in answer.output) == (2, True)
