"""Celery's part: designing a workflow that somebody asked for, and finding jobs that got stuck."""

import logging

from asgiref.sync import async_to_sync
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_init

from common.upkeep import Done
from discovery.language_model.client import is_configured
from generation.drafting import DraftRequest
from generation.explaining.request import ExplainRequest
from generation.jobs import moving
from generation.jobs.provenance import provenance_of
from generation.jobs.running import designed
from generation.modelling.asking import Cancelled
from generation.models import Generation
from generation.planner import warm_up
from generation.refining.request import RefineRequest
from generation.selectors import example_templates
from workflows.definition.catalogue import Catalogue
from workflows.selectors import catalogue_read_for, definition_of

logger = logging.getLogger(__name__)


@worker_init.connect
def _warm_up(**_kwargs: object) -> None:
    """Before a worker forks, so that no child reads the vocabularies at somebody's first request."""
    warm_up()


@shared_task(ignore_result=True)
def design_workflow(generation_id: str) -> None:
    """Answer a generation. Delivered twice it does nothing the second time: a model is never paid for twice."""
    generation = moving.claim(generation_id)
    if generation is None:
        return
    try:
        design(generation)
    except Cancelled:
        logger.info("generation %s cancelled", generation_id)
    except SoftTimeLimitExceeded:
        logger.warning("generation %s took too long", generation_id)
        moving.fail(
            generation_id, kind="timeout", message="Designing took too long. Ask for less at once."
        )
    except Exception:
        # Whatever went wrong, the row must not stay RUNNING.
        logger.exception("generation %s failed", generation_id)
        moving.fail(
            generation_id,
            kind="internal",
            message="Something went wrong while designing; it was logged. Ask again.",
        )


def design(generation: Generation) -> None:
    """Draft and store the result of a claimed job; raises `Cancelled`."""
    request = request_of(generation, catalogue_read_for(generation.created_by))
    Generation.objects.filter(pk=generation.pk).update(**provenance_of(request))
    moving.finish(generation.pk, async_to_sync(designed)(generation.pk, request))


def request_of(generation: Generation, catalogue: Catalogue) -> DraftRequest:
    """What a generation's row asks for: a new workflow, a change of one, or an explanation."""
    if generation.workflow is not None:
        version, definition = definition_of(generation.workflow, generation.workflow_version)
        if generation.options.get("explain") is True:
            return ExplainRequest(
                prompt=generation.prompt,
                catalogue=catalogue,
                definition=definition,
                version=version,
                language=str(generation.options.get("language", "")),
            )
        return RefineRequest(
            prompt=generation.prompt,
            catalogue=catalogue,
            definition=definition,
            version=version,
            is_repair=generation.options.get("repair") is True,
        )
    options = generation.options
    return DraftRequest(
        prompt=generation.prompt,
        catalogue=catalogue,
        context=generation.context,
        preferred_complexity=str(options.get("preferred_complexity", "")),
        include_agents=options.get("include_agents") is not False,
        include_mcps=options.get("include_mcps") is not False,
        templates=example_templates(generation.created_by) if is_configured() else (),
    )


def mend_generations() -> Done:
    """A chore: as `sweep`."""
    queued, failed = sweep()
    return {"queued_again": queued, "failed": failed}


def sweep() -> tuple[int, int]:
    """Put waiting jobs on the queue again, and fail those whose worker is gone; how many of each."""
    waiting, lost = moving.stale()
    for generation_id in waiting:
        design_workflow.delay(generation_id)
    failed = [generation_id for generation_id in lost if moving.lose(generation_id)]
    if waiting or failed:
        logger.warning("generations: %s queued again, %s failed", len(waiting), len(failed))
    return len(waiting), len(failed)
