"""Detect as a service: what the Kafka loop calls for each batch, and what must be ready before."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import simplejpeg

from schemas.camera_events import CAMERA_EVENT_CODEC, DEAD_LETTER_REASONS, FrameDetections, FrameOutcome, FrameShed
from schemas.cameras import Camera
from schemas.topics import CAMERA_EVENTS, FRAMES
from services.detect.admission import Admission
from services.detect.decode import JpegLimits
from services.detect.detector import DetectorOptions, load_detector
from services.detect.frame import Frame, read_frame
from services.detect.looking import Networks, StageSeconds, look
from services.detect.pipeline import CameraPolicy, Tools, judge_under, policies_for
from services.detect.preparation import Preparation, preparation_for
from services.detect.settings import DetectSettings
from services.detect.views import Asked
from services.detect.water import load_water
from services.runtime.camera_registry import CameraRegistry, CameraRevisions
from services.runtime.dead_letters import dead_letter
from services.runtime.errors import InvalidMessageError, RetryableError
from services.runtime.kafka import ConsumedRecord, OutgoingRecord, events_producer, frames_consumer
from services.runtime.logging import get_logger
from services.runtime.loop import LoopSettings, run_loop
from services.runtime.metrics import Metrics
from services.runtime.service import Service

SERVICE = "detect"
WARM_UP_HW = (720, 1280)
"""What most cameras of a city send."""
URGENT_KINDS = ("counter", "pump")
BATCH_SECONDS = 20.0
"""No more frames are taken from Kafka at once than can be judged in this time. In tiles a frame may cost five times
what is known yet, and Kafka gives the partitions of whoever has not polled for 300 s to others."""
_REGISTRY_WAIT_SECONDS = 10.0

log = get_logger(__name__)


def run(settings: DetectSettings, service: Service) -> None:
    """Load and warm the model, read the registry to its end, then judge frames until told to stop.

    Raises:
        FatalError: The detector can't be loaded, or Kafka's client can't go on.
    """
    service.health.wait_for("model", "registry", "partitions")
    cv2.setNumThreads(1)  # batches are small: its threads would only fight the network's
    networks = load_networks(settings)  # before all else: CUDA graphs are captured while nobody else uses the GPU
    preparation = preparation_for(networks.detector.device, settings.decode_threads, settings.decoded_ahead)
    frame_ms = warm_up(preparation, networks, service.health.touch)
    service.health.fulfil("model")
    registry = CameraRegistry(settings.kafka, SERVICE)
    try:
        if not _registry_read(registry, service):
            return
        service.health.fulfil("registry")
        loop = LoopSettings(FRAMES.name, settings.poll_frames, settings.poll_wait_seconds)
        consumer, producer = frames_consumer(settings.kafka, settings.group), events_producer(settings.kafka)
        policies = RegistryPolicies(registry.revisions, settings.stale_after_seconds, registry.wait_until_current)
        tools = build_tools(settings, networks, preparation, policies, frame_ms, service.health.touch)
        processor = FrameProcessor(tools, service.metrics)
        run_loop(loop, consumer, producer, processor.process, service, processor.most_frames)
    finally:
        registry.close()


def load_networks(settings: DetectSettings) -> Networks:
    """Load the detector and, where settings want it, the water network. Reads weights; takes seconds.

    Raises:
        ConfigurationError: There is no such detector, or weights are not there or damaged.
    """
    options = DetectorOptions(
        settings.models_folder,
        settings.weights,
        settings.device,
        batch_frames=settings.batch_frames,
        threads=settings.threads,
    )
    water = load_water(options) if settings.water else None
    return Networks(load_detector(settings.detector, options), water, settings.batch_frames)


def build_tools(
    settings: DetectSettings,
    networks: Networks,
    preparation: Preparation,
    policies: RegistryPolicies,
    first_frame_ms: float | None = None,
    alive: Callable[[], None] = lambda: None,
) -> Tools:
    """Give what the pipeline works with; ``first_frame_ms`` is what ``warm_up`` gave."""
    overload, whole_batch = settings.overload, min(networks.batch_size, settings.poll_frames)
    return Tools(
        detector=networks.detector,
        detector_name=settings.detector,
        policy_of=policies.of,
        look_up=policies.look_up,
        limits=JpegLimits(settings.limits.most_bytes, settings.limits.most_pixels),
        batch_size=networks.batch_size,
        admission=Admission(overload.patience_ratio, overload.lower_class_ratio, whole_batch, first_frame_ms),
        water=networks.water,
        preparation=preparation,
        alive=alive,
    )


def warm_up(preparation: Preparation, networks: Networks, alive: Callable[[], None] = lambda: None) -> float:
    """Let grey frames be decoded and looked at: the first runs allocate and choose algorithms.

    Batches grow by doubling, as the sizes do that there is a CUDA graph for; those were captured with the networks.

    Returns:
        What a frame of the last batch took, ms.
    """
    started = time.monotonic()
    grey_bgr = np.full((*WARM_UP_HW, 3), 128, np.uint8)
    jpeg = simplejpeg.encode_jpeg(grey_bgr, colorspace="BGR", colorsubsampling="420")
    asked = Asked(jpeg, WARM_UP_HW, "1x1", networks.water is not None, networks.detector.input_hw)
    doubling = {2**power for power in range(networks.batch_size.bit_length())}
    for count in sorted(doubling | {networks.batch_size}):
        last_started = time.monotonic()
        look(preparation.prepare([asked] * count), networks, StageSeconds(), alive)
    ended = time.monotonic()
    frame_ms = (ended - last_started) * 1000 / networks.batch_size
    log.info(
        "detect.warm",
        model=networks.detector.card.title,
        seconds=round(ended - started, 2),
        frame_ms=round(frame_ms, 1),
    )
    return frame_ms


@dataclass(frozen=True)
class RegistryPolicies:
    """How frames are treated, by the revision of the camera under which they were taken.

    A revision is in the registry before any frame of it is captured. One that is not known is therefore looked for by
    reading on, so that a frame that is judged twice is treated alike; what is still unknown then belongs to no camera
    of this registry, and aggregate puts its event aside.
    """

    cameras: CameraRevisions
    stale_after_seconds: float
    read_on: Callable[[float], None]
    _nowhere: set[tuple[str, int]] = field(default_factory=set)

    def look_up(self, frames: Sequence[Frame]) -> None:
        """Read on, once, where a revision of these frames is not known and was not looked for before. May block.

        Raises:
            RetryableError: The registry could not be read.
        """
        if unknown := self._unknown(frames) - self._nowhere:
            self.read_on(_REGISTRY_WAIT_SECONDS)
            self._nowhere.update(unknown & self._unknown(frames))

    def _unknown(self, frames: Sequence[Frame]) -> set[tuple[str, int]]:
        places = {(frame.camera_id, frame.headers.camera_revision) for frame in frames}
        return {place for place in places if self.cameras.find(*place) is None}

    def of(self, frame: Frame) -> CameraPolicy:
        """Give the policy of a frame; of a camera that is not in the registry, the settings' own."""
        camera = self.cameras.find(frame.camera_id, frame.headers.camera_revision)
        if camera is None:
            return CameraPolicy(stale_after_ms=int(self.stale_after_seconds * 1000))
        stale_after_ms = int(camera.source.stale_after_seconds * 1000)
        return CameraPolicy(camera.tiles, stale_after_ms, priority_of(camera), camera.has_water_zone)


def priority_of(camera: Camera) -> int:
    """Give 0 for cameras that watch for floods, pumps or counters, 1 for the rest: 0 is served first under overload."""
    return 0 if camera.has_water_zone or camera.kind in URGENT_KINDS else 1


@dataclass
class FrameProcessor:
    """Turns records of frames into records of events and dead letters."""

    tools: Tools
    metrics: Metrics
    _last_places: list[tuple[str, int, int]] = field(default_factory=list)
    _last_outgoing: list[OutgoingRecord] = field(default_factory=list)

    def process(self, records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
        """Give what follows from a batch: one event a frame, in their order, and dead letters. May be called again.

        The same batch again gives the same: part of it may be in Kafka already, and judged by a later clock its frames
        could be shed after all.

        Raises:
            RetryableError: The registry could not be read; nothing was judged or counted.
        """
        places = [(record.topic, record.partition, record.offset) for record in records]
        if places != self._last_places:
            self._last_outgoing = self._processed(records)
            self._last_places = places
        return self._last_outgoing

    def most_frames(self) -> int:
        """Give how many frames a batch may hold: what ``BATCH_SECONDS`` suffice for, or one batch of the network."""
        frame_ms = self.tools.admission.frame_ms
        if not frame_ms:
            return sys.maxsize
        return max(self.tools.batch_size, int(BATCH_SECONDS * 1000 / frame_ms))

    def _processed(self, records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
        read: list[tuple[ConsumedRecord, Frame]] = []
        invalid: list[tuple[ConsumedRecord, InvalidMessageError]] = []
        for record in records:
            try:
                read.append((record, read_frame(record)))
            except InvalidMessageError as error:
                invalid.append((record, error))
        frames = [frame for _, frame in read]
        policies = policies_for(frames, self.tools)
        started = time.monotonic()  # only now: to wait for the registry says nothing of the networks' rate
        outcomes = judge_under(policies, frames, self.tools)
        self._measure(policies, outcomes, time.monotonic() - started)
        outgoing = [self._dead_letter(record, error) for record, error in invalid]
        for (record, frame), outcome in zip(read, outcomes, strict=True):
            value = CAMERA_EVENT_CODEC.encode(outcome)
            outgoing.append(OutgoingRecord(CAMERA_EVENTS.name, frame.camera_id.encode(), value))
            if isinstance(outcome, FrameShed) and outcome.reason in DEAD_LETTER_REASONS:
                outgoing.append(self._dead_letter(record, InvalidMessageError(outcome.reason, outcome.detail)))
        return outgoing

    def _dead_letter(self, record: ConsumedRecord, error: InvalidMessageError) -> OutgoingRecord:
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        log.warning("detect.dead_letter", reason=error.reason, detail=error.detail, **place)
        self.metrics.count("tilik_dead_letters_total", reason=error.reason)
        return dead_letter(record, error, SERVICE)

    def _measure(self, policies: Sequence[CameraPolicy], outcomes: Sequence[FrameOutcome], seconds: float) -> None:
        judged = [outcome for outcome in outcomes if isinstance(outcome, FrameDetections)]
        self.tools.admission.served(len(judged), seconds)
        if judged and (frame_ms := self.tools.admission.frame_ms) is not None:
            self.metrics.set("tilik_detect_frame_seconds", frame_ms / 1000)
        for policy, outcome in zip(policies, outcomes, strict=True):
            reason = outcome.reason if isinstance(outcome, FrameShed) else "detected"
            self.metrics.count("tilik_detect_frames_total", outcome=reason, priority=str(policy.priority))
        for stage, spent in self.tools.times.taken().items():
            self.metrics.count("tilik_detect_stage_seconds_total", spent, stage=stage)
        for event in judged:
            self._observe_age("tilik_detect_kafka_to_event_seconds", event.detected_at_ms - event.frame.appended_at_ms)
            self._observe_age("tilik_detect_capture_to_event_seconds", event.detected_at_ms - event.captured_at_ms)
            for found in event.objects:
                self.metrics.count("tilik_detect_objects_total", label=found.label)
        if judged:
            self.metrics.observe("tilik_detect_judge_seconds_per_frame", seconds / len(judged))

    def _observe_age(self, name: str, milliseconds: int) -> None:
        self.metrics.observe(name, max(0, milliseconds) / 1000)


def _registry_read(registry: CameraRegistry, service: Service) -> bool:
    """Wait until the registry is read to its end, for as long as that takes; False if told to stop meanwhile."""
    while not service.stopping.is_set():
        service.health.touch()
        try:
            registry.wait_until_current(_REGISTRY_WAIT_SECONDS)
        except RetryableError as error:
            log.warning("detect.waiting_for_registry", error=str(error))
        else:
            return True
    return False
