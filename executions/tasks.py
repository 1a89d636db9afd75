"""The chores that mend what a crash left behind, at the start of a Celery worker and again and again."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from common.upkeep import mend


@shared_task(ignore_result=True)
def do_chores() -> None:
    """All chores of `settings.UPKEEP`; the Temporal worker does them as well, so that neither depends on the other."""
    mend()


@worker_ready.connect
def _mend_at_start(**_: Any) -> None:
    """What was left behind while no worker ran is found when one starts."""
    do_chores.delay()
