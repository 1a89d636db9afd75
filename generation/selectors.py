"""Which generations a caller may read, and which workflows may serve as examples."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from common.ownership import Caller
from generation.models import Generation
from workflows.definition.steps import Definition
from workflows.selectors import templates_for

# More are not looked through for the two that are nearest to a request.
MAX_TEMPLATES = 200


def generations_for(caller: Caller) -> QuerySet[Generation]:
    """The caller's own; staff see all, the anonymous nothing."""
    rows = Generation.objects.select_related("created_by")
    if not isinstance(caller, User) or not caller.is_active:
        return rows.none()
    return rows if caller.is_staff else rows.filter(created_by=caller)


def example_templates(caller: Caller) -> list[Definition]:
    """Templates that the caller may see, by id."""
    rows = templates_for(caller).order_by("pk").values_list("definition_json", flat=True)
    return [Definition.model_validate(raw) for raw in rows[:MAX_TEMPLATES]]
