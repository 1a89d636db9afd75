"""What the list of generations can be narrowed to."""

import django_filters as filters

from common.filters import StrictFilterSet
from generation.models import Generation


class GenerationFilter(StrictFilterSet):
    """`?status=&generator=`; both may be repeated."""

    status = filters.MultipleChoiceFilter(choices=Generation.Status.choices)
    generator = filters.MultipleChoiceFilter(choices=Generation.Generator.choices)

    class Meta:
        model = Generation
        fields: tuple[str, ...] = ()
