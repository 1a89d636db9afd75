"""Threads for requests: as many as requests are under way, of which a few are kept for the next ones."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any

# More would seldom have anything to do: one of them runs at a time, and the database has few connections.
KEPT = 4
Work = tuple[Future[Any], Callable[[], Any]]


class RequestThreads(Executor):
    """Starts a thread when none is idle, so that requests that wait for news never keep others from being answered.

    The standard library's pool has a limit and keeps every thread that it ever started. The one that was busy last is
    taken first. They are daemons: when the process ends, no request is under way any more.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._idle: list[SimpleQueue[Work]] = []
        self._lock = threading.Lock()

    @property
    def idle(self) -> int:
        """How many threads wait for the next call."""
        return len(self._idle)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call `fn` in a thread; the future has what it returns or raises."""
        future: Future[Any] = Future()
        work = (future, lambda: fn(*args, **kwargs))
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            threading.Thread(target=self._run, args=(work,), name="request", daemon=True).start()
        else:
            inbox.put(work)
        return future

    def _run(self, work: Work) -> None:
        inbox: SimpleQueue[Work] = SimpleQueue()
        _do(*work)
        del work
        while self._may_stay(inbox):
            _do(*inbox.get())

    def _may_stay(self, inbox: SimpleQueue[Work]) -> bool:
        with self._lock:
            if len(self._idle) >= self._kept:
                return False
            self._idle.append(inbox)
            return True


def _do(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
        future.set_exception(error)
    else:
        future.set_result(result)
