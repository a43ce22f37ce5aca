"""Which Kafka cluster a subcommand talks to: ``--bootstrap``, else the environment."""

from __future__ import annotations

import click
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import KafkaSettings, ServiceSettings, load_settings


class CliSettings(ServiceSettings):
    """How the command line reaches Kafka: ``TILIK_CLI_KAFKA__BOOTSTRAP_SERVERS`` and what else KafkaSettings has."""

    model_config = SettingsConfigDict(env_prefix="TILIK_CLI_", frozen=True, extra="forbid", env_nested_delimiter="__")


bootstrap_option = click.option(
    "--bootstrap", metavar="HOST:PORT", help="Kafka brokers to start from; else TILIK_CLI_KAFKA__BOOTSTRAP_SERVERS."
)


def kafka_settings(bootstrap: str | None) -> KafkaSettings:
    """Give how to reach the cluster; ``bootstrap`` is what ``--bootstrap`` says.

    Raises:
        ConfigurationError: A variable of the environment is wrong.
    """
    kafka = load_settings(CliSettings).kafka
    return kafka.model_copy(update={"bootstrap_servers": bootstrap}) if bootstrap else kafka
