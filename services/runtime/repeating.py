"""A step that is done again and again on a thread of its own, and that no error of its own ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger

log = get_logger(__name__)

_LONGEST_PAUSE_SECONDS = 60.0


class RepeatingThread:
    """Does ``step`` until closed. After an error the pause doubles, up to a minute, until a step succeeds.

    What fails unexpectedly is a defect: it is logged with its trace, and the next step is tried all the same, since a
    thread that has silently ended would leave what it keeps up to date as it was.

    Args:
        name: Of the thread, and in the log.
        step: May block; is not called again before it has returned.
        pause_seconds: Between two steps.
        at_end: Called on the thread when it ends.
    """

    def __init__(
        self, name: str, step: Callable[[], object], pause_seconds: float, at_end: Callable[[], None] | None = None
    ) -> None:
        self._name = name
        self._step = step
        self._pause_seconds = pause_seconds
        self._at_end = at_end
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, timeout_seconds: float | None = None) -> None:
        """Stop; wait until the step under way has ended, at most so long. None: however long that takes."""
        self._stopping.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        pause = self._pause_seconds
        while not self._stopping.is_set():
            pause = self._pause_seconds if self._succeeds() else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            self._stopping.wait(pause)
        if self._at_end is not None:
            self._at_end()

    def _succeeds(self) -> bool:
        try:
            self._step()
        except RetryableError as error:
            log.warning("repeating.waits", thread=self._name, error=str(error))
            return False
        except Exception:
            log.exception("repeating.defect", thread=self._name)
            return False
        return True
