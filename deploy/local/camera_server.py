"""An HTTP server that plays a clip as cameras: for the demonstration, and for tests with hundreds of them.

    GET /mjpeg/NAME            multipart/x-mixed-replace, a JPEG a part, until the client goes
    GET /snapshot/NAME.jpg     the picture of now, with an ETag; 304 where If-None-Match names it
    GET /                      the names, one a line

Run: ``python -m deploy.local.camera_server --port 8090 --footage vtest.avi --view gate=0,0,0.5,1@12``. It listens on
loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.camera_protocol import CameraConnection
from deploy.local.camera_views import Playback, encoded_reels, many_views, parse_view, read_reels

HOST = "127.0.0.1"

_BACKLOG = 4096
"""Hundreds of clients that come at once are all taken; as many as Linux takes (net.core.somaxconn)."""


class CameraServer:
    """Serve the views of a playback.

    Args:
        playback: The pictures.
        clock: Seconds that have passed on some steady clock.
    """

    def __init__(self, playback: Playback, clock: Callable[[], float] = time.monotonic) -> None:
        began = clock()
        self._connection = lambda: CameraConnection(playback, lambda: clock() - began)

    async def listen(self, port: int) -> asyncio.Server:
        """Listen on loopback; port 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        loop = asyncio.get_running_loop()
        return await loop.create_server(self._connection, HOST, port, backlog=_BACKLOG)


async def _run(server: CameraServer, port: int) -> None:
    listening = await server.listen(port)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    print(f"cameras are played on http://{HOST}:{listening.sockets[0].getsockname()[1]}/", flush=True)
    await stopping.wait()
    listening.close()


def main() -> None:
    """Read the arguments, load the pictures, serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="camera_server", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True, help="port on loopback; 0 takes a free one")
    pictures = parser.add_mutually_exclusive_group(required=True)
    pictures.add_argument("--footage", type=Path, help="a video file; its pictures are encoded when the server starts")
    pictures.add_argument("--pictures", type=Path, help="folder of JPEGs: LEFT,TOP,RIGHT,BOTTOM/*.jpg, --fps a second")
    parser.add_argument("--fps", type=float, default=5.0, help="pictures a second of each camera")
    parser.add_argument("--view", type=parse_view, action="append", default=[], metavar="NAME=L,T,R,B@SECONDS")
    parser.add_argument("--many", type=int, default=0, help="so many more cameras, named many-0000 and so on")
    arguments = parser.parse_args()
    if not arguments.view and not arguments.many:
        parser.error("no --view and no --many: there is nothing to play")
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(CameraServer(_playback(arguments)), arguments.port))
    except (OSError, ValueError) as error:
        sys.exit(f"camera server: {error}")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give uvloop where it is installed: it serves a picture at half the cost."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _playback(arguments: argparse.Namespace) -> Playback:
    """Load what is to be played.

    Raises:
        OSError: Footage or pictures can't be read.
        ValueError: There are no pictures in them.
    """
    if arguments.pictures:
        reels = read_reels(arguments.pictures)
        reel_seconds = min(len(pictures) for pictures in reels.values()) / arguments.fps
        views = arguments.view + many_views(arguments.many, list(reels), reel_seconds)
        return Playback(reels, views, arguments.fps)
    views = arguments.view + many_views(arguments.many)
    reels = encoded_reels(arguments.footage, [view.window for view in views], arguments.fps)
    return Playback(reels, views, arguments.fps)


if __name__ == "__main__":
    main()
