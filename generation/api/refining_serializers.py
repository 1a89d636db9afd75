"""Explanations and repairs as JSON."""

from typing import Any

from rest_framework import serializers

from common.definition_problems import DefinitionProblemSerializer
from common.rest import StrictFieldsMixin
from generation.api.serializers import GenerationResultSerializer

# RFC 5646 in short: a language, then any subtags.
LANGUAGE_TAG = r"\A[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z"


class ExplainRequestSerializer(StrictFieldsMixin):
    """Which version is to be explained, and by whom."""

    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Absent: the current one."
    )
    with_model = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Have a model write it; answers 202 with the job, whose `result.explanation` it is.",
    )
    language = serializers.RegexField(
        LANGUAGE_TAG,
        max_length=35,
        required=False,
        help_text="A BCP 47 tag ('de', 'pt-BR'), only with `with_model`. Absent: the language of the workflow's texts.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Our own sentences are English."""
        if "language" in attrs and not attrs["with_model"]:
            raise serializers.ValidationError({"language": "Only with with_model."}, "not_allowed")
        return attrs


class ExplainedStepSerializer(serializers.Serializer[Any]):
    """One step in sentences."""

    id = serializers.CharField()
    type = serializers.CharField()
    container = serializers.CharField(
        allow_blank=True, help_text="'' for the outermost list, else loop or parallel/branch."
    )
    text = serializers.CharField(help_text="What it does, reads, and where it leads.")


class ExplanationSerializer(serializers.Serializer[Any]):
    """A workflow in sentences; the steps are in document order, containers before what they hold."""

    workflow_id = serializers.CharField()
    version = serializers.IntegerField()
    summary = serializers.CharField()
    steps = ExplainedStepSerializer(many=True)


class RepairRequestSerializer(StrictFieldsMixin):
    """How far the repair goes."""

    with_model = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Also ask the model about what has no patch; answers 202 with the job.",
    )


class RepairSerializer(serializers.Serializer[Any]):
    """A proposal: apply it with `POST /workflows/generate/apply` `{result, workflow_id}` and `If-Match`."""

    result = GenerationResultSerializer()
    problems = DefinitionProblemSerializer(many=True, help_text="Those that remain.")
