from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from services.detect.accuracy.measured import Measured
from services.detect.detector import DetectorOptions
from services.detect.models.store import read_weights
from services.detect.models.water_layout import FEATURE_CHANNELS
from services.detect.models.water_network import WaterNetwork
from services.detect.networks import InputsBgr, Outputs
from services.detect.views import WATER_INPUT_HW
from services.detect.water import TrainingSource, load_water, read_manifest
from training.water.augmentation import augmented
from training.water.composite import CLIP, composite_pictures, flooded
from training.water.drawn.run import draw_pictures
from training.water.drawn.texture import make_tiles
from training.water.examples import Examples, Pictures, cell_shares, make_examples
from training.water.export import add_figures, export, halved
from training.water.fitting import FitOptions, fit_decoder, held_out_loss
from training.water.picture_folder import DRY, UNSURE, WATER, LabelledPicture, append, read_index
from training.water.steps import Plan, example_count, training_sources

pytestmark = pytest.mark.torch

SEED = 4


def test_a_cells_target_is_the_share_of_water_among_what_is_labelled() -> None:
    mask = np.full((288, 512), DRY, np.uint8)
    mask[:16, :8] = WATER
    mask[16:32, :16] = UNSURE
    water, labelled = cell_shares(mask)
    assert water.shape == labelled.shape == (18, 32)
    assert water[0, 0] == pytest.approx(0.5)
    assert labelled[1, 0] == 0
    assert water.sum() == pytest.approx(0.5)


def test_augmentation_moves_the_mask_with_the_picture_and_leaves_the_originals() -> None:
    mask = np.full((144, 256), DRY, np.uint8)
    mask[70:, 100:] = WATER
    image = np.repeat(mask[..., None], 3, axis=2)
    differences = []
    for seed in range(12):
        changed, labels = augmented(image, mask, np.random.default_rng(seed), WATER_INPUT_HW)
        assert changed.shape == (*WATER_INPUT_HW, 3)
        assert set(np.unique(labels)) <= {DRY, UNSURE, WATER}
        differences.append(changed[labels == WATER].mean() - changed[labels == DRY].mean())
    assert min(differences) > 40
    assert set(np.unique(mask)) == {DRY, WATER}


def test_examples_are_the_same_whatever_comes_before_them(tmp_path: Path) -> None:
    folder_of(tmp_path, 3)
    whole = make_examples([Pictures(tmp_path, 2)], mean_colour, seed=1)
    assert whole.features.shape == (6, FEATURE_CHANNELS, 18, 32)
    assert whole.held_out.tolist() == [True, True, False, False, False, False]
    again = make_examples([Pictures(tmp_path, 1)], mean_colour, seed=1)
    assert torch.equal(again.features, whole.features[::2])
    assert not torch.equal(whole.features[0], whole.features[1])


def test_no_pictures_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pictures"):
        make_examples([Pictures(tmp_path, 1)], mean_colour, seed=1)


def test_the_same_seed_gives_the_same_weights_and_fitting_learns_what_can_be_learnt() -> None:
    examples = bright_cells(24)
    options = FitOptions(epochs=5)
    losses: list[float] = []
    first = fit_decoder(examples, options, lambda _epoch, loss: losses.append(loss))
    second = fit_decoder(examples, options)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    assert losses[-1] == held_out_loss(first, examples)
    assert losses[-1] < 0.6 * losses[0]
    other = fit_decoder(examples, FitOptions(epochs=1, seed=1))
    assert not torch.equal(other.out.weight, first.out.weight)


def test_exported_weights_are_read_back_and_figures_are_added_without_touching_them(tmp_path: Path) -> None:
    network = WaterNetwork().eval()
    source = TrainingSource(name="drawn", pictures=3, licence="Apache-2.0")
    manifest = export(tmp_path, network, [source], {"start": "00"})
    state, sha256 = read_weights(tmp_path, "water")
    assert sha256 == manifest.sha256
    assert np.array_equal(state["decoders.0.out.weight"], halved(network)["decoders.0.out.weight"].float())
    add_figures(tmp_path, manifest, [Measured("water_auc_roads", 0.91234, 0.9, 1.0, 7)], [])
    whole = read_manifest(tmp_path)
    assert whole.development_figures["water_auc_roads"].value == 0.9123
    assert whole.training == [source]
    assert read_weights(tmp_path, "water")[1] == sha256
    assert load_water(DetectorOptions(), tmp_path).identity.weights_sha256 == sha256


def test_drawn_scenes_are_the_same_again_and_go_on_where_they_were_cut_off(tmp_path: Path, drawn: Path) -> None:
    draw_pictures(tmp_path, 2, seed=SEED)
    draw_pictures(tmp_path, 3, seed=SEED)
    assert read_index(tmp_path) == read_index(drawn)[:3]
    for line in read_index(tmp_path):
        for name in (line.file, f"{Path(line.file).stem}.png"):
            assert (tmp_path / name).read_bytes() == (drawn / name).read_bytes()


def test_drawn_water_has_a_mask_and_dry_or_filmed_ground_has_none(drawn: Path) -> None:
    lines = read_index(drawn)
    assert {line.split for line in lines} == {"train", "val"}
    for line in lines:
        is_wet = bool((mask_in(drawn, line) == WATER).any())
        assert is_wet == (line.tags["water"] not in {"dry", "film"})


def test_shipped_weights_tell_water_from_ground_in_scenes_that_they_were_not_trained_with(drawn: Path) -> None:
    detector = load_water(DetectorOptions())
    wet, dry = [], []
    for line in read_index(drawn):
        image = cv2.imread(str(drawn / line.file))
        assert image is not None
        grid = detector.infer(np.asarray(image, np.uint8)[None])[0] / 255
        water, _ = cell_shares(mask_in(drawn, line))
        wet += grid[water > 0.9].tolist()
        dry += grid[water < 0.1].tolist()
    assert np.mean(wet) > np.mean(dry) + 0.4


def test_painted_water_hides_the_ground_where_its_mask_is_and_nothing_elsewhere() -> None:
    image = np.random.default_rng(1).integers(90, 160, (144, 256, 3), dtype=np.uint8)
    tiles = make_tiles(1)
    shares = []
    for seed in range(8):
        picture, mask = flooded(image, np.random.default_rng(seed), tiles)
        shares.append((mask == WATER).mean())
        dry = np.abs(picture.astype(int) - image)[mask == DRY]
        wet = np.abs(picture.astype(int) - image)[mask == WATER]
        assert dry.mean() < 4
        assert wet.mean() > 10
    assert min(shares) < 0.5 < max(shares)


def test_composites_are_the_same_again(tmp_path: Path) -> None:
    footage = tmp_path / "data"
    (footage / "pklot" / "timelapse").mkdir(parents=True)
    (footage / "clips").mkdir()
    chance = np.random.default_rng(1)
    for number in range(3):
        noise = chance.integers(0, 255, (72, 128, 3), dtype=np.uint8)
        cv2.imwrite(str(footage / "pklot" / "timelapse" / f"{number}.jpg"), noise)
    clip = cv2.VideoWriter(str(footage / CLIP), cv2.VideoWriter.fourcc(*"mp4v"), 12, (128, 72))
    clip.write(chance.integers(0, 255, (72, 128, 3), dtype=np.uint8))
    clip.release()
    for out in (tmp_path / "first", tmp_path / "second"):
        composite_pictures(out, footage, 10, seed=2)
    lines = read_index(tmp_path / "first")
    assert [line.tags["water"] for line in lines].count("flood") >= 3
    for line in lines:
        assert (tmp_path / "first" / line.file).read_bytes() == (tmp_path / "second" / line.file).read_bytes()


def test_the_card_lists_the_pictures_that_were_used_and_no_others(tmp_path: Path) -> None:
    for name, count in (("drawn", 4), ("render", 3), ("photographs", 2)):
        (tmp_path / name).mkdir()
        folder_of(tmp_path / name, count)
    plan = Plan(tmp_path, tmp_path, tmp_path, drawn=3, composed=0, rendered=3)
    assert [source.pictures for source in training_sources(plan)] == [3, 3, 2]
    assert example_count(plan) == 3 * 1 + 3 * 1 + 2 * 6


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten scenes of a seed that nothing was trained with."""
    folder = tmp_path_factory.mktemp("drawn")
    draw_pictures(folder, 10, seed=SEED)
    return folder


def mask_in(folder: Path, line: LabelledPicture) -> NDArray[np.uint8]:
    mask = cv2.imread(str(folder / f"{Path(line.file).stem}.png"), cv2.IMREAD_GRAYSCALE)
    assert mask is not None
    return np.asarray(mask, np.uint8)


def mean_colour(inputs_bgr: InputsBgr) -> Outputs:
    """Stands for the backbone: each cell's mean colour, repeated."""
    cells = np.asarray(inputs_bgr).reshape(len(inputs_bgr), 18, 16, 32, 16, 3).mean(axis=(2, 4)).transpose(0, 3, 1, 2)
    return (np.tile(cells / 255, (1, FEATURE_CHANNELS // 3 + 1, 1, 1))[:, :FEATURE_CHANNELS].astype(np.float32),)


def folder_of(folder: Path, count: int) -> None:
    chance = np.random.default_rng(1)
    for number in range(count):
        image = chance.integers(0, 255, (72, 128, 3), dtype=np.uint8)
        mask = np.where(image[..., 0] > 128, WATER, DRY).astype(np.uint8)
        split = "val" if number == 0 else "train"
        append(folder, number, image, mask, LabelledPicture(f"{number:06d}.jpg", number, split))  # type: ignore[arg-type]


def bright_cells(count: int) -> Examples:
    """Water is where the features are high."""
    generator = torch.Generator().manual_seed(2)
    water = (torch.rand((count, 18, 32), generator=generator) > 0.5).float()
    noise = torch.rand((count, FEATURE_CHANNELS, 18, 32), generator=generator)
    held_out = torch.arange(count) % 4 == 0
    return Examples((noise + water[:, None]).half(), water, torch.ones_like(water), held_out)
