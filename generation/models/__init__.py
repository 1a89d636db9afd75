"""A request for a workflow, the job that answers it, and what came of it."""

from generation.models.application import Application
from generation.models.call import GenerationCall
from generation.models.event import GenerationEvent
from generation.models.generation import Generation

__all__ = ["Application", "Generation", "GenerationCall", "GenerationEvent"]
