"""Where the labelled footage lies that accuracy is measured on. None of it is part of Tilik.

The PETS09-S2L1 clip comes with Debian's package ``opencv-doc``; everything else lies in the folder that the environment
variable ``TILIK_TEST_DATA`` names.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

from services.detect.accuracy.persons import LabelledClip
from services.runtime.errors import ConfigurationError

VARIABLE = "TILIK_TEST_DATA"
_PACKAGE, _CLIP = "opencv-doc", "vtest.avi"
_FOOTAGE = Path(".tilik/footage")
"""Where set-up puts the clip."""


def person_clips() -> dict[str, LabelledClip]:
    """Give the clips with labelled persons, by name. Every fifth picture of PETS09: it is the longest, and the slowest.

    Raises:
        ConfigurationError: A clip or its truth is not there; the text says how to get it.
    """
    clips = data_folder() / "clips"
    return {
        "pets": LabelledClip(pets_clip(), clips / "PETS09-S2L1.gt.txt", every=5),
        "tud_stadtmitte": LabelledClip(clips / "TUD-Stadtmitte.mp4", clips / "TUD-Stadtmitte.gt.txt"),
        "tud_campus": LabelledClip(clips / "TUD-Campus.mp4", clips / "TUD-Campus.gt.txt"),
    }


def pklot_folder() -> Path:
    """Give the folder of PKLot's sequences.

    Raises:
        ConfigurationError: The labelled footage is not there.
    """
    return data_folder() / "pklot"


def data_folder() -> Path:
    """Give the folder of labelled footage.

    Raises:
        ConfigurationError: ``TILIK_TEST_DATA`` is not set, or names no folder.
    """
    value = os.environ.get(VARIABLE, "")
    if not value or not Path(value).is_dir():
        raise ConfigurationError(f"the labelled footage is not here: {VARIABLE} names no folder ({value or 'not set'})")
    return Path(value)


def pets_clip() -> Path:
    """Give the PETS09-S2L1 clip: as set-up has put it, or as the package has, unpacked where that compresses it.

    Raises:
        ConfigurationError: It is in neither place.
    """
    if (_FOOTAGE / _CLIP).is_file():
        return _FOOTAGE / _CLIP
    advice = f"the clip {_CLIP} is not here. On Debian: apt-get install {_PACKAGE}"
    try:
        listed = subprocess.run(["dpkg", "-L", _PACKAGE], capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise ConfigurationError(advice) from error
    for line in listed.splitlines():
        path = Path(line)
        if path.name == _CLIP and path.is_file():
            return path
        if path.name == f"{_CLIP}.gz" and path.is_file():
            return _unpacked(path)
    raise ConfigurationError(advice)


def _unpacked(path: Path) -> Path:
    target = _FOOTAGE / _CLIP
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    with gzip.open(path, "rb") as packed, partial.open("wb") as file:
        shutil.copyfileobj(packed, file)
    return partial.replace(target)
