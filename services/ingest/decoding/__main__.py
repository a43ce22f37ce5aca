"""A decoding child: ``python -m services.ingest.decoding PARENT_PID LIMITS``, its jobs on standard input, a socket."""

from __future__ import annotations

import sys

from services.ingest.decoding.confinement import bind_life

if __name__ == "__main__":
    bind_life(int(sys.argv[1]))  # before the libraries are loaded: that takes half a second

    from services.ingest.decoding.child import serve

    serve(sys.argv[2])
