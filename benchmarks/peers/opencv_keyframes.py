"""Peer of ingest: as ``opencv_cameras``, but told to pass over all but keyframes (one a second), one thread a decoder.

Few know of these options. Usage: python -m benchmarks.peers.opencv_keyframes URL...
"""

import os

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp|avdiscard;nonkey"
os.environ["OPENCV_FFMPEG_THREADS"] = "1"  # `threads` among the options above is not heeded

from benchmarks.peers.opencv_cameras import main

if __name__ == "__main__":
    main()
