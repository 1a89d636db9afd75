"""Celery's part: designing a workflow that somebody asked for, and finding jobs that got stuck."""

import hashlib
import logging

import orjson
from asgiref.sync import async_to_sync, sync_to_async
from celery import shared_task

from common.upkeep import Done
from generation import jobs
from generation.drafting import DraftRequest, draft
from generation.modelling.asking import Cancelled
from generation.models import Generation
from workflows.definition.catalogue import Catalogue
from workflows.selectors import catalogue_for

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def design_workflow(generation_id: str) -> None:
    """Answer a generation. Delivered twice it does nothing the second time: a model is never paid for twice."""
    generation = jobs.claim(generation_id)
    if generation is None:
        return
    try:
        design(generation)
    except Cancelled:
        logger.info("generation %s cancelled", generation_id)
    except Exception:
        # Whatever went wrong, the row must not stay RUNNING; Celery's soft time limit arrives here as well.
        logger.exception("generation %s failed", generation_id)
        jobs.fail(
            generation_id,
            kind="internal",
            message="Something went wrong while designing; it was logged. Ask again.",
        )


def design(generation: Generation) -> None:
    """Draft and store the result of a claimed job; raises `Cancelled`."""
    catalogue = catalogue_for(generation.created_by)
    Generation.objects.filter(pk=generation.pk).update(catalogue_hash=catalogue_hash(catalogue))

    async def on_stage(stage: str) -> bool:
        return await sync_to_async(jobs.enter)(generation.pk, stage)

    made = async_to_sync(draft)(request_of(generation, catalogue), on_stage=on_stage)
    if not jobs.finish(generation.pk, made):
        # Cancelled during the last call: what was spent is still told.
        Generation.objects.filter(pk=generation.pk).update(**jobs.spent_fields(made))


def request_of(generation: Generation, catalogue: Catalogue) -> DraftRequest:
    """What a generation's row asks for."""
    options = generation.options
    return DraftRequest(
        prompt=generation.prompt,
        catalogue=catalogue,
        context=generation.context,
        preferred_complexity=str(options.get("preferred_complexity", "")),
        include_agents=options.get("include_agents") is not False,
        include_mcps=options.get("include_mcps") is not False,
    )


def catalogue_hash(catalogue: Catalogue) -> str:
    """The SHA-256 of everything that was offered, so that a result can be explained later."""
    offered = [
        sorted((agent.id, agent.description) for agent in catalogue.agents.values()),
        sorted((tool.id, tool.description) for tool in catalogue.tools.values()),
    ]
    return hashlib.sha256(orjson.dumps(offered)).hexdigest()


def mend_generations() -> Done:
    """A chore: as `sweep`."""
    queued, failed = sweep()
    return {"queued_again": queued, "failed": failed}


def sweep() -> tuple[int, int]:
    """Put waiting jobs on the queue again, and fail those whose worker is gone; how many of each."""
    waiting, lost = jobs.stale()
    for generation_id in waiting:
        design_workflow.delay(generation_id)
    failed = [
        generation_id
        for generation_id in lost
        if jobs.fail(
            generation_id,
            kind="worker_lost",
            message="The worker that designed this is gone. Ask again.",
        )
    ]
    if waiting or failed:
        logger.warning("generations: %s queued again, %s failed", len(waiting), len(failed))
    return len(waiting), len(failed)
