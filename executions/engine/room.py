"""What one workflow task may carry: Temporal's messages hold 4 MB, whatever many branches do at the same moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio import workflow

# Half of the message; a single value may be larger than what is left.
MAX_BYTES_PER_TASK = 2 * 1024 * 1024


class Room:
    """Bytes that leave with the workflow task under way: commands, and the results of local activities."""

    def __init__(self) -> None:
        self._sent = 0
        self._expected = 0
        self._is_turning = False

    def note(self, size: int) -> None:
        """`size` bytes leave with this workflow task."""
        self._sent += size

    def turned(self) -> None:
        """A new workflow task began, after a timer that this one waited for."""
        self._sent = 0

    @asynccontextmanager
    async def held(self, *, sends: int, expects: int) -> AsyncIterator[None]:
        """Wait until a command of `sends` bytes and its result of at most `expects` bytes fit, and keep their place.

        What really came must be noted.
        """
        await self._until_free(sends + expects)
        self._sent += sends
        self._expected += expects
        try:
            yield
        finally:
            self._expected -= expects

    def _is_free(self, size: int) -> bool:
        taken = self._sent + self._expected
        return taken == 0 or taken + size <= MAX_BYTES_PER_TASK

    async def _until_free(self, size: int) -> None:
        while not self._is_free(size):
            if self._is_turning:
                await workflow.wait_condition(lambda: not self._is_turning or self._is_free(size))
            else:
                await self._next_task()

    async def _next_task(self) -> None:
        """Let the workflow task end: a timer fires in the next one."""
        self._is_turning = True
        try:
            await workflow.sleep(timedelta(milliseconds=1))
            self.turned()
        finally:
            self._is_turning = False
