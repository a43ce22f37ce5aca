from __future__ import annotations

import pytest
import torch

from services.detect.accuracy.labelled_footage import pets_clip
from services.detect.decode import JpegLimits, decode, read_size
from services.detect.footage import Footage
from services.detect.letterbox import letterbox
from services.detect.models.nanodet_network import NanoDet, as_tensors
from services.detect.models.store import read_weights
from services.detect.resampling import ImageBgr
from services.runtime.errors import ConfigurationError
from tests.detect.pictures import street_bgr
from tests.detect.test_models import MODELS, ORIGINAL
from tests.detect.tfjs_graph import TfjsGraph

pytestmark = pytest.mark.torch

OUTPUTS = ["Identity", "Identity_1", "Identity_2", "Identity_3", "Identity_4", "Identity_5"]
LARGEST_ERROR = 1e-3


def real_frames() -> list[ImageBgr]:
    """Three moments of the PETS09 clip, and the drawn street."""
    try:
        clip = pets_clip()
    except ConfigurationError as error:
        pytest.skip(str(error))
    jpegs = [frame.jpeg for frame in Footage(clip, camera_id="pets", every=300).frames()]
    return [decode(jpeg, read_size(jpeg, JpegLimits())).image_bgr for jpeg in jpegs] + [street_bgr()]


def as_input(image_bgr: ImageBgr) -> torch.Tensor:
    image, _ = letterbox(image_bgr, (416, 416))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((103.53, 116.28, 123.675), (57.375, 57.12, 58.395)))
    return ((torch.from_numpy(image).permute(2, 0, 1).float() - mean) / std)[None]


def test_the_network_gives_what_the_published_graph_gives() -> None:
    graph = TfjsGraph(ORIGINAL / "nanodet.json", ORIGINAL / "nanodet.bin")
    network = NanoDet().eval()
    network.load_state_dict(as_tensors(read_weights(MODELS, "nanodet_g_416")[0]))
    for image in real_frames():
        with torch.inference_mode():
            published = graph.run(as_input(image), OUTPUTS)
            scores, logits = network(as_input(image))
        assert float((torch.cat(published[:3], dim=1) - scores).abs().max()) <= LARGEST_ERROR
        assert float((torch.cat(published[3:], dim=1) - logits).abs().max()) <= LARGEST_ERROR
