"""The sweep over unfinished runs, at the start of a worker and again and again."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from common.errors import Unavailable
from executions.reconciling import reconcile_all
from executions.starting import UNREACHABLE

logger = logging.getLogger(__name__)

# A start takes milliseconds; a row that is still PENDING after this was interrupted.
OLD_ENOUGH_SECONDS = 30.0


@shared_task(ignore_result=True)
def sweep_executions() -> None:
    """Start runs whose start was interrupted; end runs that Temporal ended or lost without their recording."""
    try:
        done = reconcile_all(older_than_seconds=OLD_ENOUGH_SECONDS)
    except (*UNREACHABLE, Unavailable) as error:
        logger.warning("executions: not compared with Temporal: %s", error)
        return
    if done["started"] or done["finished"]:
        logger.warning(
            "executions: %s started late, %s ended late",
            len(done["started"]),
            len(done["finished"]),
        )


@worker_ready.connect
def _sweep_at_start(**_: Any) -> None:
    """What was left behind while no worker ran is found when one starts."""
    sweep_executions.delay()
