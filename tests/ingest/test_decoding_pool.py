"""Decoding processes die, hang and are cancelled; exactly the job that was under way pays for it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from services.ingest.decoding import framing, lane, process
from services.ingest.decoding.jobs import CloseStream, DecodeChain, Decoded, FootageAt, Opened, OpenFootage, Rework
from services.ingest.decoding.pool import DecodingLimits, DecodingPool
from services.ingest.metrics import INGEST_METRICS
from services.ingest.source_errors import SourceFailed
from services.runtime.metrics import Metrics
from tests.ingest.builders import make_jpeg, square_left, write_video
from tests.ingest.decoding_footage import access_units, scene_rgb

pytestmark = pytest.mark.integration

LIMITS = DecodingLimits(largest_pixels=2_000_000, jpeg_quality=85)
HASTY = DecodingLimits(largest_pixels=2_000_000, jpeg_quality=85, job_seconds=2.0)


@asynccontextmanager
async def started(
    children: int = 1, limits: DecodingLimits = LIMITS, metrics: Metrics | None = None
) -> AsyncIterator[DecodingPool]:
    pool = DecodingPool(limits, children, metrics)
    try:
        async with asyncio.timeout(60):
            await pool.run("warm", Rework(make_jpeg()), Decoded)
            yield pool
    finally:
        await pool.close()


async def number(pool: DecodingPool, stream: str, shown: int) -> int:
    return square_left((await pool.run(stream, Rework(make_jpeg(shown)), Decoded)).jpeg)


async def under_way(pool: DecodingPool, stream: str, shown: int = 1) -> asyncio.Task[int]:
    """Have a job begun by a process that is stopped, so that it can't be done."""
    os.kill(pool.child_pids[0], signal.SIGSTOP)
    task = asyncio.create_task(number(pool, stream, shown))
    for _ in range(20):  # turns of the loop, in which the job goes out
        await asyncio.sleep(0)
    return task


def end(pid: int, how: signal.Signals) -> None:
    os.kill(pid, how)
    os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_process_that_dies_fails_the_job_under_way_and_no_other(how: signal.Signals) -> None:
    metrics = Metrics(INGEST_METRICS)

    async def work() -> list[int]:
        async with started(metrics=metrics) as pool:
            hostile = await under_way(pool, "hostile")
            others = [asyncio.create_task(number(pool, f"cam-{n}", n)) for n in range(1, 5)]
            await asyncio.sleep(0)
            end(pool.child_pids[0], how)
            with pytest.raises(SourceFailed, match=f"decoder_died.*{how.name}"):
                await hostile
            return [*await asyncio.gather(*others), await number(pool, "hostile", 7)]

    assert asyncio.run(work()) == [1, 2, 3, 4, 7]
    assert b'tilik_ingest_decoders_restarted_total{why="died"} 1.0' in metrics.exposition()


def test_a_job_that_hangs_is_ended_in_time_and_other_processes_go_on() -> None:
    metrics = Metrics(INGEST_METRICS)

    async def work() -> float:
        async with started(2, HASTY, metrics) as pool:
            began = time.monotonic()
            hanging = await under_way(pool, "hanging")
            assert await number(pool, "cam-1", 3) == 3  # by the second process, which is started for it
            with pytest.raises(SourceFailed, match="decoder_timeout"):
                await hanging
            seconds = time.monotonic() - began
            assert await number(pool, "hanging", 4) == 4
            return seconds

    assert 1.5 < asyncio.run(work()) < 30
    assert b'tilik_ingest_decoders_restarted_total{why="timeout"} 1.0' in metrics.exposition()


def test_a_process_that_died_between_two_jobs_costs_none() -> None:
    async def work() -> int:
        async with started() as pool:
            [pid] = pool.child_pids
            os.kill(pid, signal.SIGKILL)
            while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.01)
            return await number(pool, "cam", 5)

    assert asyncio.run(work()) == 5


def test_states_are_lost_with_their_process_until_their_streams_open_anew(tmp_path: Path) -> None:
    path = str(write_video(tmp_path / "clip.mp4"))
    units = access_units("libx264", [scene_rgb(n) for n in range(3)])

    async def work() -> None:
        async with started() as pool:
            await pool.run("file", OpenFootage(path, loop=True), Opened)
            await pool.run("rtsp", DecodeChain("h264", (units[0],), restart=True), Decoded)
            hostile = await under_way(pool, "hostile")
            waiting = asyncio.create_task(pool.find("file", FootageAt(0.0), Decoded))
            await asyncio.sleep(0)
            end(pool.child_pids[0], signal.SIGSEGV)
            await asyncio.gather(hostile, return_exceptions=True)
            for stateful in (waiting, pool.find("rtsp", DecodeChain("h264", (units[1],), restart=False), Decoded)):
                with pytest.raises(SourceFailed, match="decoder_died"):
                    await stateful
            await pool.run("file", OpenFootage(path, loop=True), Opened)
            assert square_left((await pool.run("file", FootageAt(0.3), Decoded)).jpeg) == 3
            await pool.run("rtsp", DecodeChain("h264", (units[0],), restart=True), Decoded)

    asyncio.run(work())


def test_jobs_of_a_stream_with_state_go_to_the_process_that_holds_it(tmp_path: Path) -> None:
    path = str(write_video(tmp_path / "clip.mp4", pictures=40))

    async def work() -> None:
        async with started(2) as pool:
            streams = [f"file-{n}" for n in range(6)]
            await asyncio.gather(*(pool.run(stream, OpenFootage(path, loop=False), Opened) for stream in streams))
            assert len(pool.child_pids) == 2
            for position in range(0, 12, 3):
                jobs = [pool.run(stream, FootageAt(position / 10), Decoded) for stream in streams]
                assert {square_left(found.jpeg) for found in await asyncio.gather(*jobs)} == {position}
            for stream in streams:
                pool.release(stream)
            with pytest.raises(SourceFailed, match="decoder_died"):
                await pool.run(streams[0], FootageAt(2.0), Decoded)

    asyncio.run(work())


def test_jobs_of_one_stream_are_done_in_their_order_and_a_cancelled_one_that_waits_is_not_done() -> None:
    async def work() -> list[str]:
        done: list[str] = []

        async def one(name: str) -> None:
            await number(pool, "cam", 1)
            done.append(name)

        metrics = Metrics(INGEST_METRICS)
        async with started(1, metrics=metrics) as pool:
            first = await under_way(pool, "cam")
            others = {name: asyncio.create_task(one(name)) for name in "abcd"}
            await asyncio.sleep(0)
            others["b"].cancel()
            first.cancel()
            end(pool.child_pids[0], signal.SIGCONT)
            await asyncio.gather(*others.values(), return_exceptions=True)
            assert b'decode_seconds_count{job="Rework"} 5.0' in metrics.exposition()  # warm, first, a, c, d
        return done

    assert asyncio.run(work()) == ["a", "c", "d"]


def test_far_too_many_jobs_that_wait_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "MOST_WAITING", 3)

    async def work() -> list[int | BaseException]:
        async with started() as pool:
            tasks = [await under_way(pool, "cam", 0)]
            tasks += [asyncio.create_task(number(pool, f"cam-{n}", n)) for n in range(1, 5)]
            await asyncio.sleep(0)
            end(pool.child_pids[0], signal.SIGCONT)
            return await asyncio.gather(*tasks, return_exceptions=True)

    *done, refused = asyncio.run(work())
    assert done == [0, 1, 2, 3]
    assert isinstance(refused, SourceFailed)
    assert refused.error_class == "decoder_busy"


def test_a_pool_closes_within_a_second_and_fails_what_is_not_done() -> None:
    async def work() -> tuple[float, list[int]]:
        async with started(2) as pool:
            tasks = [await under_way(pool, "a"), asyncio.create_task(number(pool, "a", 2))]
            await asyncio.sleep(0)
            pids = list(pool.child_pids)
            began = time.monotonic()
            await pool.close()
            seconds = time.monotonic() - began
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(result, SourceFailed)
            return seconds, pids

    seconds, pids = asyncio.run(work())
    assert seconds < 20.0  # a second, where others don't load the machine
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_nothing_is_started_before_the_first_job_and_release_starts_nothing() -> None:
    async def work() -> None:
        pool = DecodingPool(LIMITS, children=2)
        pool.release("cam")
        await pool.run("cam", CloseStream(), Opened)
        assert pool.child_pids == ()
        await pool.close()

    asyncio.run(work())


def test_a_process_that_can_not_be_started_fails_what_waits_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> int:
        pool = DecodingPool(LIMITS, children=1)
        with monkeypatch.context() as patched:
            patched.setattr(process, "_COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
            results = await asyncio.gather(*(number(pool, f"cam-{n}", n) for n in range(3)), return_exceptions=True)
        assert [str(result) for result in results] == [
            "decoder_died: no decoding process can be started: exit code 3"
        ] * 3
        try:
            return await number(pool, "cam", 6)
        finally:
            await pool.close()

    assert asyncio.run(work()) == 6


def test_what_can_not_even_be_run_fails_what_waits_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> int:
        pool = DecodingPool(LIMITS, children=1)
        before = len(list(Path("/proc/self/fd").iterdir()))
        with monkeypatch.context() as patched:
            patched.setattr(process, "_COMMAND", ("/nowhere/python",))
            for _ in range(2):
                with pytest.raises(SourceFailed, match=r"decoder_died.*No such file"):
                    await number(pool, "cam", 1)
        assert len(list(Path("/proc/self/fd").iterdir())) <= before
        try:
            return await number(pool, "cam", 6)
        finally:
            await pool.close()

    assert asyncio.run(work()) == 6


def test_a_defect_fails_its_job_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async def defective(_: object, stream: str, job: object) -> None:
        raise KeyError(stream, job)

    async def work() -> int:
        async with started() as pool:
            with monkeypatch.context() as patched:
                patched.setattr(process.Child, "ask", defective)
                with pytest.raises(SourceFailed, match="decoder_defect: KeyError"):
                    await number(pool, "cam", 1)
            return await number(pool, "cam", 2)

    assert asyncio.run(work()) == 2


def test_a_pool_that_is_closed_takes_no_job() -> None:
    async def work() -> None:
        async with started() as pool:
            await pool.close()
            with pytest.raises(SourceFailed, match="closed"):
                await number(pool, "cam", 1)

    asyncio.run(work())


def test_an_answer_beyond_measure_is_not_taken() -> None:
    async def work() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ours, theirs:
            theirs.sendall((framing.MOST_ANSWER_BYTES + 1).to_bytes(4))
            with pytest.raises(framing.FramingError):
                await framing.receive_answer(ours)

    asyncio.run(work())
    large = Decoded(bytes(framing.MOST_ANSWER_BYTES), 1, 1)
    assert b"too_large" in framing.framed_answer(large)


def test_a_child_has_no_secret_no_file_of_the_worker_and_bounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TILIK_INGEST_SECRETS__GATE", "admin:geheim")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    inheritable = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(inheritable, True)

    async def work() -> None:
        async with started() as pool:
            child = Path(f"/proc/{pool.child_pids[0]}")
            assert b"geheim" not in (child / "environ").read_bytes()
            assert b"://" not in (child / "cmdline").read_bytes()
            files = [str(file.readlink()) for file in (child / "fd").iterdir()]
            assert not [file for file in files if str(tmp_path) in file]
            assert len([file for file in files if file.startswith("socket:")]) == 1
            bounds = (child / "limits").read_text()
            assert "Max core file size        0 " in bounds
            assert (child / "oom_score_adj").read_text().strip() == "1000"
            assert "Max address space         unlimited" not in bounds
            assert (child / "status").read_text().count("NoNewPrivs:\t1") == 1

    try:
        asyncio.run(work())
    finally:
        os.close(inheritable)


def test_a_worker_that_hides_is_hidden_and_still_starts_children() -> None:
    source = (
        "import ctypes, subprocess, sys\n"
        "from services.ingest.decoding.confinement import hide\n"
        "hide()\n"
        "of_child = 'import ctypes; print(ctypes.CDLL(None).prctl(3))'\n"  # PR_GET_DUMPABLE
        "print(ctypes.CDLL(None).prctl(3), flush=True)\n"
        "subprocess.run([sys.executable, '-c', of_child], check=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1"]


_WORKER = """
import asyncio, os, signal
from services.ingest.decoding.jobs import Decoded, Rework
from services.ingest.decoding.pool import DecodingLimits, DecodingPool
from tests.ingest.builders import make_jpeg

async def work():
    pool = DecodingPool(DecodingLimits(largest_pixels=2_000_000, jpeg_quality=85), children=1)
    await pool.run("cam", Rework(make_jpeg()), Decoded)
    [pid] = pool.child_pids
    os.kill(pid, signal.SIGSTOP)  # it can't even see that the worker has gone
    print(pid, flush=True)
    await pool.run("cam", Rework(make_jpeg()), Decoded)

asyncio.run(work())
"""


def test_no_process_outlives_a_worker_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _WORKER], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        child = psutil.Process(int(worker.stdout.readline()))
        worker.kill()
    gone, _ = psutil.wait_procs([child], timeout=10)
    assert gone or child.status() == psutil.STATUS_ZOMBIE
