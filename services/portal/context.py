"""What the pages, the operations and the delivery of frames share: one ``Portal`` a process."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from services.portal.access import Access
from services.portal.assets import Assets
from services.portal.delivery.live import Live
from services.portal.delivery.pictures import Pictures
from services.portal.delivery.recorded import RecordedMinutes
from services.portal.delivery.shown import Shown
from services.portal.outgoing import Outgoing
from services.portal.questions import Questions
from services.portal.settings import PortalSettings
from services.portal.store_reads import StoreReads
from services.runtime.camera_registry import CameraRevisions
from services.runtime.metrics import Metrics
from services.runtime.records_at import RecordsAt


@dataclass(frozen=True)
class Portal:
    """The parts of a running portal.

    ``cameras`` is the registry as it is now. ``shown`` says which frames may be shown and how cameras are, ``pictures``
    makes them fit for it, ``live`` tells viewers, ``recorded`` has the minutes that were kept, ``store`` reads
    what else lies in the record's store, for the public pages. ``records`` gives frames as they were captured: for
    operations alone. ``clickhouse`` answers questions of pages. ``outgoing`` writes what people decide. ``assets``
    gives the URLs of scripts and styles. ``access`` says who sees cameras that are not public. ``closing`` ends with
    the portal: what a page or a list opens for itself is closed by it.
    """

    settings: PortalSettings
    metrics: Metrics
    cameras: CameraRevisions
    shown: Shown
    pictures: Pictures
    live: Live
    recorded: RecordedMinutes
    store: StoreReads
    records: RecordsAt
    clickhouse: Questions
    outgoing: Outgoing
    assets: Assets
    access: Access
    closing: ExitStack = field(default_factory=ExitStack)
