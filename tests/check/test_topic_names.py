from __future__ import annotations

from pathlib import Path

import pytest

from checks.topic_names import topic_names_in_file, topic_names_in_python, topic_names_in_text
from schemas.topics import CAMERA_EVENTS, CAMERAS, EPISODES, FRAMES, TOPICS

EVENTS, FRAME, EPISODE, CAMERA = CAMERA_EVENTS.name, FRAMES.name, EPISODES.name, CAMERAS.name


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS])
def test_every_topic_of_the_table_is_found_as_a_literal_in_python(topic: str) -> None:
    assert list(topic_names_in_python(f'x = 1\nproducer.produce("{topic}", b"")\n')) == [(2, topic)]


@pytest.mark.parametrize(
    "source",
    [
        f'TOPIC = "{FRAME}"',
        f'consumer.subscribe(["{FRAME}"])',
        f'make(topic="{CAMERA}")',
        f'if record.topic == "{EPISODE}": pass',
        f'def f(topic: str = "{FRAME}") -> None: ...',
        f'routes = {{"frame": "{FRAME}"}}',
        'name = f"{topic}-dlq"',
        f'rows = {{"{EVENTS}": 1}}',
        f'rows["{EVENTS}"]',
    ],
)
def test_a_literal_where_a_topic_can_stand_is_found(source: str) -> None:
    assert len(list(topic_names_in_python(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        f'summary = {{"{CAMERA}": 6}}',
        f'summary["{CAMERA}"]',
        f'document.get("{CAMERA}")',
        f'TABLE: ClassVar[str] = "{EPISODE}"',
        f'_KEY = "{CAMERA}"',
        f'insert(table="{EPISODE}")',
        f'count_table("{EPISODE}")',
        f'@group.command("{CAMERA}")\ndef apply() -> None: ...',
        f'folder / "{FRAME}" / name',
        f'bars.add_task("{FRAME}", total=9)',
        f'make(name="{FRAME}")  # not a topic: a folder of the recorder',
        f'"""All {EVENTS} of a camera."""',
        f'log.info("{EVENTS} are read again from the start")',
        f"{FRAME} = 3",
    ],
)
def test_a_word_that_is_no_topic_is_let_through(source: str) -> None:
    assert list(topic_names_in_python(source)) == []


@pytest.mark.parametrize(
    ("suffix", "line"),
    [
        (".yaml", f"        topic: {FRAME}"),
        (".yaml", f"  - name: {EVENTS}"),
        (".yml", f'topics: ["{FRAME}"]'),
        (".properties", f"topic.name={CAMERA}"),
        (".sh", f"kafka-topics.sh --create --topic {EVENTS}"),
        (".json", f'{{"topic": "{FRAME}"}}'),
        (".sql", f"ENGINE = Kafka SETTINGS kafka_topic_list = '{FRAME}'"),
        (".sql", f"SELECT * FROM t WHERE topic = '{EVENTS}'"),
    ],
)
def test_a_topic_in_configuration_or_sql_is_found(suffix: str, line: str) -> None:
    assert [number for number, _ in topic_names_in_text(f"\n{line}\n", suffix)] == [2]


@pytest.mark.parametrize(
    ("suffix", "line"),
    [
        (".yaml", f"# topic: {FRAME}"),
        (".yaml", f"path: /var/lib/{EVENTS}/data"),
        (".yaml", f"{CAMERA}:"),
        (".sql", f"CREATE TABLE {EPISODE} (x UInt8) -- from '{EVENTS}'"),
        (".sql", f"offset UInt64 COMMENT 'in the topic {EVENTS}'"),
        (".sql", f"SELECT count() AS {FRAME} FROM frame_outcomes"),
    ],
)
def test_comments_paths_tables_and_prose_are_let_through(suffix: str, line: str) -> None:
    assert list(topic_names_in_text(line, suffix)) == []


def test_files_of_other_kinds_are_not_looked_into(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"`{EVENTS}`\n")
    assert list(topic_names_in_file(page)) == []
