from __future__ import annotations

import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.errors import ConfigurationError
from services.runtime.kafka import events_producer
from services.runtime.settings import KafkaSettings, ServiceSettings, load_settings


class ExampleSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TILIK_EXAMPLE_")

    batch_records: int = Field(8, ge=1, le=64, description="Records a batch.")


class ListedSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TILIK_LISTED_")

    networks: tuple[str, ...] = Field((), description="Names.")


def test_nested_field_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILIK_EXAMPLE_KAFKA__BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("TILIK_EXAMPLE_BATCH_RECORDS", "16")

    settings = load_settings(ExampleSettings)

    assert settings.kafka.bootstrap_servers == "kafka:9092"
    assert settings.batch_records == 16


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILIK_EXAMPLE_BATCH_RECORD", "16")
    monkeypatch.setenv("TILIK_EXAMPLE_BATCH_RECORDS", "65")
    monkeypatch.setenv("TILIK_EXAMPLE_KAFKA__SERVERS", "kafka:9092")

    with pytest.raises(ConfigurationError) as caught:
        load_settings(ExampleSettings)

    text = str(caught.value)
    assert "TILIK_EXAMPLE_BATCH_RECORD: there is no such setting" in text
    assert "TILIK_EXAMPLE_BATCH_RECORDS: Input should be less than or equal to 64" in text
    assert "TILIK_EXAMPLE_KAFKA__SERVERS" in text


def test_other_services_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILIK_OTHER_NONSENSE", "1")

    assert load_settings(ExampleSettings).batch_records == 8


def test_sasl_password_reaches_the_client_and_no_text() -> None:
    settings = KafkaSettings.model_validate(
        {
            "security_protocol": "sasl_ssl",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "ingest",
            "sasl_password": "hunter2",
        }
    )

    assert settings.client_config()["sasl.password"] == "hunter2"
    assert "hunter2" not in repr(settings)


def test_list_that_is_no_json_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILIK_LISTED_NETWORKS", "loopback")

    with pytest.raises(ConfigurationError, match="lists and tables are JSON"):
        load_settings(ListedSettings)


def test_setting_that_kafkas_client_refuses_is_a_wrong_setting() -> None:
    settings = KafkaSettings(security_protocol="sasl_plaintext", sasl_mechanism="NO-SUCH")

    with pytest.raises(ConfigurationError, match="Kafka client"):
        events_producer(settings)
