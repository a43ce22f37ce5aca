from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from schemas.episodes import EPISODE_CODEC, Episode
from schemas.topics import EPISODES
from services.runtime.errors import InvalidMessageError
from services.runtime.kafka import ConsumedRecord
from services.runtime.metrics import Metrics
from services.webhooks.delivery import Delivery, Subscriber
from services.webhooks.message import Standing
from services.webhooks.metrics import WEBHOOK_METRICS
from services.webhooks.settings import WebhookSettings
from services.webhooks.subscriptions import Subscription
from tests.webhooks.make_episodes import AT_MS, make_counter, make_flood


class Registry:
    """A registry that does not have the revision; keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Episode] = []

    def of(self, episode: Episode) -> Standing:
        self.asked.append(episode)
        raise InvalidMessageError("unknown_revision", "revision 7 of camera c is not in the registry")


def understood(registry: Registry, value: bytes, **filters: Any) -> InvalidMessageError | None:
    """Give the fault that a subscription finds in a record."""
    subscription = Subscription(name="dishub", url="https://a.example/x", secret="a", **filters)
    nothing = cast("Any", None)  # neither posts nor writes: the record only is looked at
    delivery = Delivery(WebhookSettings(), nothing, nothing, registry.of, Metrics(WEBHOOK_METRICS), threading.Event())
    record = ConsumedRecord(EPISODES.name, 0, 1, AT_MS, b"k", value, ())
    change = Subscriber(subscription, delivery)._understood(record)
    assert change is not None
    return change.fault


@pytest.mark.parametrize(
    ("filters", "episode"),
    [
        ({"types": ("parking_case",)}, make_flood()),
        ({"kinds": ("after_hours",)}, make_counter()),
        ({"phases": ("ended",)}, make_flood()),
        ({}, make_flood(simulated=True)),
    ],
    ids=["type", "kind", "phase", "simulated"],
)
def test_a_change_that_nobody_wants_is_no_dead_letter_whatever_is_wrong_with_it(
    filters: dict[str, Any], episode: Episode
) -> None:
    registry = Registry()
    assert understood(registry, EPISODE_CODEC.encode(episode), **filters) is None
    assert registry.asked == [], "only where its camera stands needs the registry"


def test_a_fault_of_a_change_that_is_wanted_says_whose_it_is() -> None:
    fault = understood(Registry(), EPISODE_CODEC.encode(make_flood()), types=("flood_episode",), kecamatan=("Genuk",))
    assert fault is not None
    assert (fault.reason, fault.detail) == ("unknown_revision", "dishub: revision 7 of camera c is not in the registry")
    fault = understood(Registry(), b"{")
    assert fault is not None
    assert fault.reason == "invalid_episode"
    assert fault.detail.startswith("dishub: ")
