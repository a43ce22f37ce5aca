"""Ask an ONVIF device for its streams: profiles, and for each the RTSP and snapshot URL.

Written on httpx, with five fixed requests. The library for it (onvif-zeep-async) was looked at: it follows redirects
and reads answers of any size, from devices for which nobody has vouched yet, and brings zeep, lxml and aiohttp along.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from xml.etree import ElementTree as Xml

import httpx

from services.cli.onvif.discovery import Device
from services.cli.onvif.messages import DEVICE, MEDIA, SCHEMA, AnswerError, parsed, request_message, text_at, url_at
from services.ingest.secret_store import Secret

_LARGEST_ANSWER_BYTES = 1_000_000
_MOST_PROFILES = 16
_TIMEOUT_SECONDS = 5.0


class DeviceError(Exception):
    """The device does not tell; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A stream that a camera offers. ``snapshot_url`` is empty where it has none; sizes are in px."""

    name: str
    encoding: str
    width: int
    height: int
    frames_per_second: float
    stream_url: str
    snapshot_url: str


class OnvifDevice:
    """A device's services, all at the address at which it was found.

    Args:
        device: Where it was found.
        secret: User and password.
    """

    def __init__(self, device: Device, secret: Secret) -> None:
        self._device = device
        self._secret = secret
        self._ahead = timedelta(0)
        # Some devices want HTTP digest instead of, or beside, the signed SOAP header.
        self._client = httpx.AsyncClient(
            auth=httpx.DigestAuth(secret.user, secret.password),
            follow_redirects=False,
            trust_env=False,
            timeout=_TIMEOUT_SECONDS,
            verify=False,  # noqa: S501  (a device just found has no name that a certificate could be for)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def profiles(self) -> list[Profile]:
        """Give the streams that the device offers.

        Raises:
            DeviceError: It can't be asked, or answers something else.
        """
        try:
            await self._set_clock()
            media_url = await self._media_url()
            answer = await self._ask(media_url, f'<GetProfiles xmlns="{MEDIA}"/>')
            found = answer.findall(f".//{{{MEDIA}}}Profiles")[:_MOST_PROFILES]
            return [profile for one in found if (profile := await self._profile(media_url, one)) is not None]
        except AnswerError as error:
            raise DeviceError(str(error)) from error
        except httpx.TimeoutException as error:
            raise DeviceError("it did not answer in time") from error
        except httpx.HTTPError as error:
            raise DeviceError(f"{type(error).__name__}: {error}") from error

    async def _set_clock(self) -> None:
        """Sign with the device's own time: it refuses what looks old, and its clock may be years behind."""
        answer = await self._ask(self._device.service_url, f'<GetSystemDateAndTime xmlns="{DEVICE}"/>', signed=False)
        utc = answer.find(f".//{{{SCHEMA}}}UTCDateTime")
        if utc is None:
            return
        names = ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")
        texts = [text_at(utc, "/".join(f"{{{SCHEMA}}}{part}" for part in name.split("/"))) for name in names]
        try:
            year, month, day, hour, minute, second = (int(text) for text in texts)
            theirs = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        except ValueError:
            return  # no time; ours will do
        self._ahead = theirs - datetime.now(UTC)

    async def _media_url(self) -> str:
        body = f'<GetCapabilities xmlns="{DEVICE}"><Category>Media</Category></GetCapabilities>'
        answer = await self._ask(self._device.service_url, body)
        named = text_at(answer, f".//{{{SCHEMA}}}Media/{{{SCHEMA}}}XAddr")
        return url_at(named, ("http", "https"), self._device.address) or self._device.service_url

    async def _profile(self, media_url: str, profile: Xml.Element) -> Profile | None:
        token = profile.get("token", "")
        stream = (
            f'<GetStreamUri xmlns="{MEDIA}"><StreamSetup><Stream xmlns="{SCHEMA}">RTP-Unicast</Stream>'
            f'<Transport xmlns="{SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
            f"{_token(token)}</GetStreamUri>"
        )
        stream_url = await self._uri(media_url, stream, ("rtsp", "rtsps"))
        if not stream_url:
            return None
        snapshot = f'<GetSnapshotUri xmlns="{MEDIA}">{_token(token)}</GetSnapshotUri>'
        encoder = f"{{{SCHEMA}}}VideoEncoderConfiguration"
        size = f"{encoder}/{{{SCHEMA}}}Resolution"
        rate = f"{encoder}/{{{SCHEMA}}}RateControl/{{{SCHEMA}}}FrameRateLimit"
        return Profile(
            name=text_at(profile, f"{{{SCHEMA}}}Name") or token,
            encoding=text_at(profile, f"{encoder}/{{{SCHEMA}}}Encoding"),
            width=_whole(text_at(profile, f"{size}/{{{SCHEMA}}}Width")),
            height=_whole(text_at(profile, f"{size}/{{{SCHEMA}}}Height")),
            frames_per_second=_whole(text_at(profile, rate)),
            stream_url=stream_url,
            snapshot_url=await self._uri(media_url, snapshot, ("http", "https")),
        )

    async def _uri(self, media_url: str, body: str, schemes: tuple[str, ...]) -> str:
        """Give the URI that the device answers; empty: it has none of this kind."""
        try:
            answer = await self._ask(media_url, body)
        except AnswerError:
            return ""  # optional in ONVIF, and refused by devices that have none
        return url_at(text_at(answer, f".//{{{SCHEMA}}}Uri"), schemes, self._device.address)

    async def _ask(self, url: str, body: str, signed: bool = True) -> Xml.Element:
        message = request_message(body, self._secret if signed else None, datetime.now(UTC) + self._ahead)
        # As it is on the wire: a small answer that is packed could unfold to any size.
        headers = {"Content-Type": "application/soap+xml; charset=utf-8", "Accept-Encoding": "identity"}
        async with self._client.stream("POST", url, content=message, headers=headers) as response:
            answer = b""
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > _LARGEST_ANSWER_BYTES:
                    raise AnswerError(f"the answer has more than {_LARGEST_ANSWER_BYTES} bytes")
        if response.status_code in (401, 403) or b"NotAuthorized" in answer:
            raise DeviceError("it refuses this user and password; many makes have users of their own for ONVIF")
        if response.status_code != 200:
            raise AnswerError(f"it answered {response.status_code}")
        return parsed(answer)


def _token(token: str) -> str:
    text = "".join(letter for letter in token[:64] if letter.isalnum() or letter in "-_.:/ ")
    return f"<ProfileToken>{text}</ProfileToken>"


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
