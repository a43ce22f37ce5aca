"""Create the topics of the table where they are missing."""

from __future__ import annotations

import time

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without __all__
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from schemas.topics import PARTITIONS, REPLICAS, TOPICS, Profile, Topic
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.settings import KafkaSettings


def ensure_topics(settings: KafkaSettings, profile: Profile) -> list[str]:
    """Create what is missing of the table of topics, and give the names of what was created.

    Safe to call again, also from several processes at once.

    Raises:
        RetryableError: The brokers can't be reached.
        ConfigurationError: A topic exists with another number of partitions: cameras would change their place.
    """
    admin = AdminClient(settings.client_config())
    try:
        existing = admin.list_topics(timeout=10).topics
    except KafkaException as error:
        raise RetryableError(f"Kafka is not reachable at {settings.bootstrap_servers}: {error.args[0]}") from error
    expected = PARTITIONS[profile]
    for topic in TOPICS:
        if topic.name in existing and len(existing[topic.name].partitions) != expected:
            raise ConfigurationError(
                f"topic {topic.name} has {len(existing[topic.name].partitions)} partitions, the profile {profile!r} "
                f"wants {expected}; use that profile, or start on an empty cluster"
            )
    missing = [topic for topic in TOPICS if topic.name not in existing]
    created = [topic.name for topic in missing if _create(admin, topic, profile)]
    if missing:
        _wait_until_known(admin, timeout_seconds=20.0)
    return created


def _wait_until_known(admin: AdminClient, timeout_seconds: float) -> None:
    """Wait until the brokers tell every topic: for a moment after its creation they may not know it yet.

    Raises:
        RetryableError: That took longer.
    """
    deadline = time.monotonic() + timeout_seconds
    while unknown := {topic.name for topic in TOPICS} - set(admin.list_topics(timeout=10).topics):
        if time.monotonic() > deadline:
            raise RetryableError(f"topics were created, but are not to be seen: {', '.join(sorted(unknown))}")
        time.sleep(0.1)


def _create(admin: AdminClient, topic: Topic, profile: Profile) -> bool:
    new = NewTopic(
        topic.name,
        num_partitions=PARTITIONS[profile],
        replication_factor=REPLICAS[profile],
        config=topic.settings_for(profile),
    )
    try:
        admin.create_topics([new], operation_timeout=10)[topic.name].result(timeout=20)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise RetryableError(f"topic {topic.name} could not be created: {error.args[0]}") from error
    return True


def topic_settings(settings: KafkaSettings, name: str) -> dict[str, str]:
    """Give the settings that a topic has on the cluster."""
    admin = AdminClient(settings.client_config())
    resource = ConfigResource(ResourceType.TOPIC, name)
    entries = admin.describe_configs([resource])[resource].result(timeout=10)
    return {key: entry.value for key, entry in entries.items()}
