"""The webhooks as a service: one thread a subscription, and one that watches them.

::

    episodes ─┬─► group <name> ─► filter ─► newest revision ─► sign ─► post ─► commit
              ├─► group <name> ─► …
              └─► …                            refused or too old ─► episodes-dlq
"""

from __future__ import annotations

import time

from schemas.episodes import Episode
from services.runtime.addresses import AddressPolicy
from services.runtime.camera_registry import CameraRegistry
from services.runtime.errors import ConfigurationError, InvalidMessageError, RetryableError
from services.runtime.kafka import events_producer
from services.runtime.logging import get_logger
from services.runtime.service import Service
from services.webhooks.delivery import SERVICE, Delivery, Subscriber
from services.webhooks.message import Standing, standing_of
from services.webhooks.posting import Poster
from services.webhooks.secrets import key_named
from services.webhooks.settings import WebhookSettings
from services.webhooks.subscriptions import Subscription, read_subscriptions

__all__ = ["SERVICE", "poster_for", "run"]

_REGISTRY_WAIT_SECONDS = 10.0
_STUCK_AFTER_SECONDS = 240.0
"""An attempt takes three time-outs at most, and looking up a name some 30 s; a dead letter 35 s."""
_LEAVING_SECONDS = 20.0

log = get_logger(__name__)


def run(settings: WebhookSettings, service: Service) -> None:
    """Deliver until told to stop.

    Raises:
        ConfigurationError: The subscriptions or a secret are wrong.
        FatalError: Kafka's client can't go on.
    """
    service.health.wait_for("registry", "partitions")
    subscriptions = read_subscriptions(settings.subscriptions)
    if not subscriptions:
        raise ConfigurationError(f"{settings.subscriptions} has no subscription")
    posters = {each.name: poster_for(each, settings) for each in subscriptions}
    registry = CameraRegistry(settings.kafka, SERVICE)
    try:
        if _registry_read(registry, service):
            service.health.fulfil("registry")
            producer = events_producer(settings.kafka)
            standings = Standings(registry)
            _watch(
                [
                    Subscriber(
                        each,
                        Delivery(
                            settings, posters[each.name], producer, standings.of, service.metrics, service.stopping
                        ),
                    )
                    for each in subscriptions
                ],
                service,
            )
    finally:
        registry.close()


def poster_for(subscription: Subscription, settings: WebhookSettings) -> Poster:
    """Give what posts to a receiver.

    Raises:
        ConfigurationError: Its secret is missing or none, or a setting is wrong.
    """
    key = key_named(subscription.secret, settings.secrets_dir, settings.secrets)
    policy = AddressPolicy(settings.allowed_networks)
    try:
        return Poster(subscription.url, key, policy, settings.timeout_seconds, settings.certificates)
    except OSError as error:
        raise ConfigurationError(f"certificates {settings.certificates}: {error}") from error


class Standings:
    """Where the cameras of episodes stand, by the revision under which they were judged."""

    def __init__(self, registry: CameraRegistry) -> None:
        self._registry = registry

    def of(self, episode: Episode) -> Standing:
        """Give where it stands.

        Raises:
            InvalidMessageError: The registry, read to its end, does not have the revision.
            RetryableError: It can't be read.
        """
        revisions = self._registry.revisions
        camera = revisions.find(episode.camera_id, episode.camera_revision)
        if camera is None:
            self._registry.wait_until_current(_REGISTRY_WAIT_SECONDS)
            camera = revisions.find(episode.camera_id, episode.camera_revision)
        if camera is None:
            text = f"revision {episode.camera_revision} of camera {episode.camera_id} is not in the registry"
            raise InvalidMessageError("unknown_revision", text)
        return standing_of(camera)


def _watch(subscribers: list[Subscriber], service: Service) -> None:
    for each in subscribers:
        each.start()
    try:
        while not service.stopping.wait(0.5):
            failed = next((each.failure for each in subscribers if each.failure is not None), None)
            if failed is not None:
                raise failed
            oldest = min((each.beat_at for each in subscribers if not each.disabled), default=time.monotonic())
            if time.monotonic() - oldest < _STUCK_AFTER_SECONDS:
                service.health.touch()
            if all(each.assigned or each.disabled for each in subscribers):
                service.health.fulfil("partitions")
    finally:
        service.stopping.set()
        for each in subscribers:
            each.join(_LEAVING_SECONDS)


def _registry_read(registry: CameraRegistry, service: Service) -> bool:
    while not service.stopping.is_set():
        try:
            registry.wait_until_current(_REGISTRY_WAIT_SECONDS)
        except RetryableError as error:
            log.warning("webhooks.registry_waits", error=str(error))
            service.health.touch()
        else:
            return True
    return False
