"""Threads of requests: none waits for another, and few are kept."""

import threading
import time
from concurrent.futures import Future

import pytest

from workflowsite.request_threads import RequestThreads


def _ended(threads: list[threading.Thread], count: int) -> bool:
    deadline = time.monotonic() + 10
    while sum(not thread.is_alive() for thread in threads) < count:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_all_run_at_once_and_few_are_kept() -> None:
    pool = RequestThreads(kept=2)
    everybody = threading.Barrier(10)

    def meet() -> threading.Thread:
        everybody.wait(10)
        return threading.current_thread()

    futures: list[Future[threading.Thread]] = [pool.submit(meet) for _ in range(10)]
    threads = [future.result(10) for future in futures]
    assert len(set(threads)) == 10
    assert _ended(threads, 8)
    assert sum(thread.is_alive() for thread in threads) == 2


def test_the_next_call_takes_a_thread_that_is_there() -> None:
    pool = RequestThreads(kept=2)
    first = pool.submit(threading.current_thread).result(10)
    deadline = time.monotonic() + 10
    while not pool.idle and time.monotonic() < deadline:
        time.sleep(0.01)
    assert pool.submit(threading.current_thread).result(10) is first


def test_what_is_raised_reaches_the_caller() -> None:
    def fail() -> None:
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        RequestThreads().submit(fail).result(10)
