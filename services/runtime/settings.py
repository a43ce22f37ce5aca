"""What every service can be told, read from the environment: ``TILIK_<SERVICE>_<FIELD>``, nested fields by ``__``."""

from __future__ import annotations

import os
import socket
import time
from typing import Annotated, Any, Literal, TypeVar

from confluent_kafka import KafkaError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from services.runtime.errors import ConfigurationError
from services.runtime.logging import get_logger

log = get_logger(__name__)

Port = Annotated[int, Field(ge=0, le=65_535)]


class _UnreachableReport:
    """Logs what librdkafka can't attribute to a call: fatal errors, and, now and then, that no broker is left."""

    _EVERY_SECONDS = 10.0

    def __init__(self) -> None:
        self._said_at = -self._EVERY_SECONDS

    def __call__(self, error: KafkaError) -> None:
        down = error.code() == KafkaError._ALL_BROKERS_DOWN
        if error.fatal() or (down and time.monotonic() - self._said_at >= self._EVERY_SECONDS):
            self._said_at = time.monotonic()
            log.warning("kafka.unreachable", error=error.str())


class KafkaSettings(BaseModel):
    """How to reach Kafka. The only place that knows librdkafka's dotted keys of connections."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: str = Field("127.0.0.1:9092", description="Brokers to start from, host:port, comma-separated.")
    security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", description="How the connection is protected."
    )
    sasl_mechanism: str = Field("", description="SASL mechanism, for sasl_* protocols, such as SCRAM-SHA-512.")
    sasl_username: str = Field("", description="SASL user.")
    sasl_password: SecretStr = Field(SecretStr(""), description="SASL password.")
    ssl_ca_location: str = Field("", description="File with the certificates of the authority that signs the brokers'.")

    def client_config(self) -> dict[str, Any]:
        """Give librdkafka's connection settings."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "reconnect.backoff.ms": 100,
            "reconnect.backoff.max.ms": 2_000,
            "socket.keepalive.enable": True,
            "log_level": 2,  # at 3 every attempt to connect is a line; what matters comes by error_cb, once
            "error_cb": _UnreachableReport(),
        }
        if self.sasl_mechanism:
            config["sasl.mechanism"] = self.sasl_mechanism
            config["sasl.username"] = self.sasl_username
            config["sasl.password"] = self.sasl_password.get_secret_value()
        if self.ssl_ca_location:
            config["ssl.ca.location"] = self.ssl_ca_location
        return config


class ClickHouseSettings(BaseModel):
    """How to reach ClickHouse's HTTP interface: a server, a cluster's balancer, or the local face of the engine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Host of ClickHouse's HTTP interface.")
    port: Port = Field(8123, description="Port of ClickHouse's HTTP interface.")
    secure: bool = Field(False, description="Whether that port speaks TLS.")
    user: str = Field("default", description="User that reads and writes the tables.")
    password: SecretStr = Field(SecretStr(""), description="That user's password.")
    database: str = Field(
        "tilik", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", description="Database that holds the tables."
    )
    connect_timeout_seconds: float = Field(5.0, gt=0, le=60, description="How long a connection may take, in seconds.")
    write_timeout_seconds: float = Field(30.0, gt=0, le=45, description="How long one insert may take, in seconds.")


class ServiceSettings(BaseSettings):
    """What every service has. A service's own settings derive from this and set ``env_prefix``."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_nested_delimiter="__")

    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="The Kafka cluster.")
    instance: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        description="Name of this process in events, metrics and logs; a pod's name in Kubernetes.",
        min_length=1,
        max_length=200,
    )
    http_host: str = Field("127.0.0.1", description="Address that health and metrics listen on.")
    http_port: Port = Field(0, description="Port of /livez, /readyz and /metrics; 0 takes a free one.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "json", "pretty"] = Field(
        "auto", description="How log lines look; auto is pretty on a terminal and JSON elsewhere."
    )


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def load_settings(settings_type: type[SettingsT]) -> SettingsT:
    """Read the settings of a service from the environment.

    Raises:
        ConfigurationError: A variable with the service's prefix is unknown, or a value is not allowed. All of them are
            named at once.
    """
    prefix = settings_type.model_config.get("env_prefix", "")
    known = {f"{prefix}{name}".upper() for name in settings_type.model_fields}
    problems = [
        f"{name}: there is no such setting"
        for name in sorted(os.environ)
        if name.upper().startswith(prefix.upper()) and name.upper().split("__")[0] not in known
    ]
    try:
        settings = settings_type()
    except ValidationError as error:
        for fault in error.errors():
            variable = prefix + "__".join(str(part) for part in fault["loc"])
            problems.append(f"{variable.upper()}: {fault['msg']}")
        raise ConfigurationError("; ".join(problems)) from error
    except SettingsError as error:  # a list or a table that is not JSON
        raise ConfigurationError("; ".join([*problems, f"{prefix}*: {error}; lists and tables are JSON"])) from error
    if problems:
        raise ConfigurationError("; ".join(problems))
    return settings
