"""Who wants to be told of what: the subscriptions in ``webhooks.yaml``.

subscriptions:
  - name: dishub
    url: https://dishub.example.go.id/tilik
    secret: dishub                      # name of a secret, never the secret itself
    types: [parking_case]
    phases: [open, ended]
    kecamatan: [Semarang Tengah]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import httpx
import msgspec
import yaml
from msgspec import Meta, Struct
from msgspec.structs import replace

from schemas.cameras import Name
from schemas.episodes import Episode, Phase
from services.runtime.errors import ConfigurationError

EpisodeType = Literal["flood_episode", "parking_case", "counter_episode", "camera_incident"]
SubscriptionName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$(?!\n)")]
_SCHEMES = ("http", "https")


class Subscription(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One receiver. A filter that is left out takes everything.

    ``secret`` names an entry of the secret store. ``kinds`` are those of counter episodes and camera incidents.
    ``allow_http`` lets the URL be without TLS, for receivers inside the own network.
    """

    name: SubscriptionName
    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    secret: SubscriptionName
    types: tuple[EpisodeType, ...] = ()
    kinds: tuple[Annotated[str, Meta(max_length=40)], ...] = ()
    phases: tuple[Phase, ...] = ()
    kecamatan: tuple[Name, ...] = ()
    simulated: bool = False
    allow_http: bool = False

    def may_want(self, episode: Episode) -> bool:
        """Tell whether a change of ``episode`` is for this receiver, wherever its camera stands."""
        if episode.simulated and not self.simulated:
            return False
        kind = getattr(episode, "kind", "")
        return (
            _passes(self.types, type_of(episode)) and _passes(self.kinds, kind) and _passes(self.phases, episode.phase)
        )

    def wants(self, episode: Episode, kecamatan: str) -> bool:
        """Tell whether a change of ``episode``, of a camera in ``kecamatan``, is for this receiver."""
        return self.may_want(episode) and _passes(self.kecamatan, kecamatan)


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    subscriptions: tuple[Subscription, ...]


def type_of(episode: Episode) -> str:
    """Give the name of the episode's type, as its messages say it."""
    return str(type(episode).__struct_config__.tag)


def read_subscriptions(path: Path) -> tuple[Subscription, ...]:
    """Read the file.

    Raises:
        ConfigurationError: It can't be read, or an entry is wrong.
    """
    try:
        found = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), _File)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    names = [one.name for one in found.subscriptions]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"{path}: two subscriptions have one name")
    return tuple(replace(each, url=_checked_url(path, each)) for each in found.subscriptions)


def _checked_url(path: Path, subscription: Subscription) -> str:
    """Give the URL with its host in ASCII, as names are looked up and certificates are made out."""
    try:
        parts = urlsplit(subscription.url)
        host, port = parts.hostname, "" if parts.port is None else f":{parts.port}"
    except ValueError:
        host, port, parts = None, "", urlsplit("")
    where = f"{path}: subscription {subscription.name}"
    if parts.scheme not in _SCHEMES or not host:
        raise ConfigurationError(f"{where}: the url is none of http or https with a host")
    if parts.scheme == "http" and not subscription.allow_http:
        raise ConfigurationError(f"{where}: the url is not https; allow_http: true allows that")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{where}: the url holds credentials; the signature says who sends")
    try:
        ascii_host = _ascii_host(host)
    except ValueError as error:
        raise ConfigurationError(f"{where}: the url's host is not a name that can be looked up: {error}") from error
    return subscription.url if ascii_host == host else parts._replace(netloc=f"{ascii_host}{port}").geturl()


def _ascii_host(host: str) -> str:
    """Give a host's name in ASCII, by IDNA 2008 where it is not; the codec only holds it to DNS's lengths.

    Raises:
        ValueError: It can't be encoded.
    """
    if ":" in host:  # an IPv6 address
        return host
    try:
        found = host if host.isascii() else httpx.URL(scheme="https", host=host).raw_host.decode("ascii")
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    found.encode("idna")
    return found


def _passes(wanted: tuple[str, ...], value: str) -> bool:
    return not wanted or value in wanted
