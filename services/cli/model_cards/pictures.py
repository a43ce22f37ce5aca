"""Pictures of known failures for the model cards: only of footage that may be published, small, heads made unknowable.

Blue: what a detector reports. Yellow: occupied spaces that it missed. Red: empty ones that look occupied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.camera_events import FrameDetections

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.detect.detector import Tiles
    from services.detect.frame import Frame

_PKLOT = (
    "Picture: [PKLot](https://web.inf.ufpr.br/vri/databases/parking-lot-database/), de Almeida et al. 2015, CC BY 4.0."
)
_INTEL = "Picture: [Intel sample-videos](https://github.com/intel-iot-devkit/sample-videos), CC BY 4.0."
_WIDTH_PX = 640
_QUALITY = 72
"""With it such a picture has 30 to 55 KB."""
_BLOCK_PX = 18
"""Of a head that is made unknowable, at ``_WIDTH_PX``: three to four blocks are left of it."""
_BLUE, _YELLOW, _RED = (255, 160, 0), (0, 220, 255), (0, 0, 255)
"""Blue, green, red."""

Region = tuple[float, float, float, float]
"""Left, top, right, bottom, in parts of the picture."""


@dataclass(frozen=True)
class FailurePicture:
    """A frame in which ``detector`` fails, and what is to be seen.

    ``source`` is a still, or a clip with ``frame`` counted from 0, below the folder of labelled footage; ``heads`` are
    made unknowable. ``hidden_below``: what is hidden first, as in the measurement.
    """

    name: str
    detector: str
    title: str
    words: str
    attribution: str
    source: str
    tiles: Tiles = "1x1"
    frame: int = 0
    heads: tuple[Region, ...] = ()
    hidden_below: str | None = None


PICTURES = (
    FailurePicture(
        name="planting_is_a_bus",
        detector="nanodet",
        title="A planted island is taken for a bus, bushes beside empty spaces for cars",
        words="Whole frame. Islands stand still for ever: mask them. Cars far away are found twice.",
        attribution=_PKLOT,
        source="pklot/sequence1/frames/2013-02-22_07_10_01.png",
    ),
    FailurePicture(
        name="dark_car_is_missed",
        detector="nanodet",
        title="A dark car on dark ground is missed, a lamp is taken for a car",
        words="2x2 tiles, early on a wet morning.",
        attribution=_PKLOT,
        source="pklot/sequence3/frames/2013-03-19_07_10_01.png",
        tiles="2x2",
    ),
    FailurePicture(
        name="from_behind_is_missed",
        detector="nanodet",
        title="Seen from behind and from the elbows up, a person is missed",
        words="The lower part is hidden by a drawn counter.",
        attribution=_INTEL,
        source="clips/intel_one-by-one-person-detection.mp4",
        frame=300,
        heads=((0.52, 0.0, 0.68, 0.2),),
        hidden_below="elbows",
    ),
)


def draw_pictures(folder: Path) -> None:
    """Judge and draw all pictures into ``folder``, over what is there. Blocks for seconds.

    Raises:
        ConfigurationError: Footage or weights are not there.
    """
    import cv2

    from services.detect.accuracy.labelled_footage import data_folder

    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        image_bgr = _drawn(picture, data_folder())
        cv2.imwrite(str(folder / f"{picture.name}.jpg"), image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])


def unknowable(image_bgr: NDArray[np.uint8], heads: tuple[Region, ...]) -> NDArray[np.uint8]:
    """Give a picture uint8 [H, W, 3] whose ``heads`` are blocks of one colour of about ``_BLOCK_PX``."""
    import cv2
    import numpy as np

    hidden_bgr = image_bgr.copy()
    height, width = image_bgr.shape[:2]
    for left, top, right, bottom in heads:
        rows = slice(round(top * height), round(bottom * height))
        columns = slice(round(left * width), round(right * width))
        part = hidden_bgr[rows, columns]
        size_wh = max(1, part.shape[1] // _BLOCK_PX), max(1, part.shape[0] // _BLOCK_PX)
        few = cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA)
        whole = cv2.resize(few, part.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        hidden_bgr[rows, columns] = np.asarray(whole, np.uint8)
    return hidden_bgr


def _drawn(picture: FailurePicture, footage: Path) -> NDArray[np.uint8]:
    """Give a picture ``_WIDTH_PX`` wide with what is reported and what is wrong with it."""
    import cv2
    import numpy as np
    import simplejpeg

    frame, event = _judged(picture, footage)
    whole_bgr = np.asarray(simplejpeg.decode_jpeg(frame.jpeg, colorspace="BGR"), np.uint8)
    scale = _WIDTH_PX / event.width
    size_wh = _WIDTH_PX, round(event.height * scale)
    image_bgr = unknowable(
        np.asarray(cv2.resize(whole_bgr, size_wh, interpolation=cv2.INTER_AREA), np.uint8), picture.heads
    )
    spaces = footage / Path(picture.source).parents[1] / "bounding_boxes" / f"{Path(picture.source).stem}.xml"
    for outline_xy_px, colour in _wrong_spaces(spaces, event) if spaces.is_file() else []:
        cv2.polylines(image_bgr, [np.rint(outline_xy_px * scale).astype(np.int32)], True, colour, 2, cv2.LINE_AA)
    for each in event.objects:
        left, top, right, bottom = (round(side * size) for side, size in zip(each.box, size_wh * 2, strict=True))
        cv2.rectangle(image_bgr, (left, top), (right, bottom), _BLUE, 1, cv2.LINE_AA)
        text = f"{each.label} {each.score:.2f}"
        cv2.putText(image_bgr, text, (left, max(9, top - 3)), cv2.FONT_HERSHEY_SIMPLEX, 0.35, _BLUE, 1, cv2.LINE_AA)
    return image_bgr


def _judged(picture: FailurePicture, footage: Path) -> tuple[Frame, FrameDetections]:
    from services.detect.accuracy.altered_footage import AlteredFootage
    from services.detect.accuracy.visits import HIDDEN_BELOW_RATIO, counter_from
    from services.detect.detector import DetectorOptions
    from services.detect.footage import Footage
    from services.detect.offline import offline_tools
    from services.detect.pipeline import judge

    source = footage / picture.source
    pictures = Footage(source, camera_id="accuracy")
    if picture.hidden_below is not None:
        alteration = counter_from(HIDDEN_BELOW_RATIO[picture.hidden_below])
        pictures = AlteredFootage(source, camera_id="accuracy", alteration=alteration)
    frame = next(islice(pictures.frames(), picture.frame, None))
    (event,) = judge([frame], offline_tools(picture.detector, DetectorOptions(), picture.tiles))
    assert isinstance(event, FrameDetections), f"{picture.source} was not judged: {event}"
    return frame, event


def _wrong_spaces(path: Path, event: FrameDetections) -> Iterator[tuple[NDArray[np.float32], tuple[int, int, int]]]:
    """Give the outlines of spaces that look as they are not, and the colour for them."""
    from services.detect.accuracy.pklot import occupancy, read_spaces

    for space in read_spaces(path):
        counts = occupancy([([space], event)])
        if counts.occupied > counts.found:
            yield space.outline_xy_px, _YELLOW
        elif counts.false:
            yield space.outline_xy_px, _RED
