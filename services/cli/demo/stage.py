"""What the demonstration plays on: the clip as a video file, as stills and as HTTP cameras, and their registry."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Template

import simplejpeg
import yaml

import deploy.local
from deploy.local.camera_views import sampled
from deploy.local.footage import Footage
from deploy.local.platform import http_probe
from deploy.local.ports import HOST
from deploy.local.process import ProcessSpec
from schemas.cameras import Camera
from services.ingest.registry.file import read_registry_file
from services.runtime.errors import ConfigurationError

_CAMERAS_TEMPLATE = Path(deploy.local.__file__).with_name("demo_cameras.yaml")
_STILLS_BEGIN = datetime(2026, 1, 5, 8, 0, 0)  # names of files: local time
_DATA_FOLDERS = ("kafka", "clickhouse", "record")


@dataclass(frozen=True)
class Stage:
    """Everything is in place. ``views`` are what the camera server is told, one text a camera."""

    cameras: tuple[Camera, ...]
    footage: Footage
    views: tuple[str, ...]
    server_port: int

    def camera_server(self) -> ProcessSpec:
        """Give how to run the HTTP cameras."""
        argv = [sys.executable, "-m", "deploy.local.camera_server", "--port", str(self.server_port)]
        argv += ["--footage", str(self.footage.path)]
        for view in self.views:
            argv += ["--view", view]
        return ProcessSpec("camera-server", argv, ready=http_probe(self.server_port, "/"), port=self.server_port)


def forget_former_runs(folder: Path) -> bool:
    """Delete what former runs of the demonstration have left in Kafka and ClickHouse; tell whether there was any.

    The caller holds the folder, so no other demonstration uses it.
    """
    left = [folder / name for name in _DATA_FOLDERS if (folder / name).exists()]
    for path in left:
        shutil.rmtree(path)
    return bool(left)


def set_stage(folder: Path, footage: Footage, server_port: int) -> Stage:
    """Write stills and registry file into ``folder`` and give what they hold.

    Raises:
        ConfigurationError: The registry file that comes with Tilik is wrong.
    """
    stills = (folder / f"stills-of-{footage.path.stem}").resolve()
    _extract_stills(footage.path, stills)
    values = {
        "footage": str(footage.path.resolve()),
        "stills": str(stills),
        "camera_server": f"http://{HOST}:{server_port}",
    }
    path = folder / "cameras.yaml"
    text = Template(_CAMERAS_TEMPLATE.read_text(encoding="utf-8")).substitute(values)
    path.write_text(text, encoding="utf-8")
    found = read_registry_file(path)
    if found.faults:
        raise ConfigurationError(found.explain())
    return Stage(found.cameras, footage, tuple(yaml.safe_load(text)["x-views"]), server_port)


def _extract_stills(clip: Path, folder: Path) -> None:
    """Write one still a second of the clip, named by time. A folder that is there was complete when it got its name."""
    if folder.exists():
        return
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for second, image_rgb in enumerate(sampled(clip, 1.0)):
        at = _STILLS_BEGIN + timedelta(seconds=second)
        jpeg = simplejpeg.encode_jpeg(image_rgb, quality=85, colorspace="RGB")
        (partial / f"{at:%Y-%m-%d_%H-%M-%S}.jpg").write_bytes(jpeg)
    partial.rename(folder)


def camera_ids(cameras: Sequence[Camera]) -> list[str]:
    """Give their ids, in the order of the registry file."""
    return [camera.camera_id for camera in cameras]
