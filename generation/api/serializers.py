"""Generations as JSON: what is asked, what came of it, and what applying takes and gives."""

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.definition_problems import DefinitionProblemSerializer
from common.rest import StrictFieldsMixin
from generation.models import Generation, GenerationCall, GenerationEvent
from generation.refining.request import MIN_INSTRUCTION, MIN_PROMPT
from workflows.api.fields import DefinitionField
from workflows.api.serializers import WorkflowWrittenSerializer

MAX_WAIT_SECONDS = 60
MAX_CONTEXT_BYTES = 8_000
_OF_NEW_WORKFLOWS = ("context", "preferred_complexity", "include_agents", "include_mcps")
IDENTIFIER = r"\A[a-zA-Z][a-zA-Z0-9_-]{0,99}\Z"


class WaitSerializer(serializers.Serializer[Any]):
    wait = serializers.IntegerField(
        min_value=0,
        max_value=MAX_WAIT_SECONDS,
        default=0,
        help_text="Seconds to wait for the result; 200 if it is ready in time.",
    )


class GenerateSerializer(StrictFieldsMixin):
    """A request for a workflow."""

    prompt = serializers.CharField(
        min_length=MIN_INSTRUCTION,
        max_length=4_000,
        help_text="What the workflow is to do, in your words, at least 10 characters; with `workflow_id` what is to "
        "change in it.",
    )
    workflow_id = serializers.RegexField(
        IDENTIFIER, required=False, help_text="Change this workflow instead of designing a new one."
    )
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="The version that you read."
    )
    context = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="Facts that become the workflow's `context` defaults."
    )
    preferred_complexity = serializers.ChoiceField(
        choices=["simple", "moderate", "complex"],
        required=False,
        help_text="A wish to the model; the offline planner follows the words alone.",
    )
    include_agents = serializers.BooleanField(
        required=False, default=True, help_text="false: no agents, neither existing nor new ones."
    )
    include_mcps = serializers.BooleanField(
        required=False, default=True, help_text="false: no MCP servers; native tools stay."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A change needs the version that was read; a new workflow more than a word."""
        if ("workflow_id" in attrs) != ("version" in attrs):
            missing = "version" if "workflow_id" in attrs else "workflow_id"
            raise serializers.ValidationError({missing: "Give workflow_id and version together."})
        if "workflow_id" not in attrs and len(attrs["prompt"]) < MIN_PROMPT:
            raise serializers.ValidationError(
                {"prompt": f"Ensure this field has at least {MIN_PROMPT} characters."}, "min_length"
            )
        for name in _OF_NEW_WORKFLOWS if "workflow_id" in attrs else ():
            if name in self.initial_data:
                raise serializers.ValidationError({name: "Only for new workflows."}, "not_allowed")
        return attrs

    def validate_context(self, value: dict[str, Any]) -> dict[str, Any]:
        """Small, since it goes into the definition and to the model."""
        if len(json.dumps(value)) > MAX_CONTEXT_BYTES:
            raise serializers.ValidationError(f"At most {MAX_CONTEXT_BYTES} bytes of JSON.")
        return value


class SuggestedAgentSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    agent_type = serializers.CharField()
    role = serializers.CharField()
    goal = serializers.CharField()
    instructions = serializers.CharField()
    tools = serializers.ListField(child=serializers.CharField())


class ServerVariableSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="A header or an environment variable.")
    description = serializers.CharField()
    is_required = serializers.BooleanField()
    is_secret = serializers.BooleanField()


class SuggestedServerSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    reason = serializers.CharField(help_text="The part of the request that needs it.")
    tools = serializers.ListField(child=serializers.CharField())
    known = serializers.CharField(
        allow_null=True, required=False, help_text="Its name in the list of well-known servers."
    )
    registration = serializers.DictField(
        allow_null=True,
        required=False,
        help_text="The body for POST /mcp-servers, without the secrets.",
    )
    mcp_json = serializers.DictField(
        allow_null=True, required=False, help_text="What the operator writes into mcp.json."
    )
    variables = ServerVariableSerializer(many=True, required=False)


class SuggestedScheduleSerializer(serializers.Serializer[Any]):
    """When the request says that it is to run; nothing is scheduled by itself."""

    words = serializers.CharField(help_text="The part of the request that says it.")
    body = serializers.DictField(help_text="The body for POST /workflows/{id}/schedules.")


class RefinesSerializer(serializers.Serializer[Any]):
    workflow_id = serializers.CharField()
    version = serializers.IntegerField(help_text="The version that was changed.")


class ChangeSerializer(serializers.Serializer[Any]):
    """One difference: a step with its changed `fields`, an edge, or a setting of the workflow."""

    kind = serializers.ChoiceField(choices=["step", "edge", "setting"])
    change = serializers.ChoiceField(choices=["added", "removed", "changed"])
    text = serializers.CharField(help_text="The change in a sentence.")
    step = serializers.CharField(required=False)
    type = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    container = serializers.CharField(required=False, help_text="'', loop or parallel/branch.")
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.DictField(), required=False, help_text="`path`, `before`, `after` each."
    )
    source = serializers.CharField(required=False)  # type: ignore[assignment]
    target = serializers.CharField(required=False)
    edge_kind = serializers.CharField(
        required=False, help_text="As on the canvas: next, choice, default, error, entry …"
    )
    label = serializers.CharField(required=False)  # type: ignore[assignment]
    path = serializers.CharField(required=False)
    before = serializers.JSONField(required=False)
    after = serializers.JSONField(required=False)


class GenerationResultSerializer(serializers.Serializer[Any]):
    """A designed workflow; every list is computed from its steps."""

    workflow = DefinitionField()
    agents_to_create = SuggestedAgentSerializer(many=True)
    existing_agents_used = serializers.ListField(child=serializers.CharField())
    mcps_suggested = SuggestedServerSerializer(many=True)
    existing_mcps_used = serializers.ListField(child=serializers.CharField())
    suggested_schedule = SuggestedScheduleSerializer(allow_null=True, required=False)
    explanation = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())
    estimated_complexity = serializers.ChoiceField(choices=["simple", "moderate", "complex"])
    ready_steps = serializers.ListField(child=serializers.CharField())
    blocked_steps = serializers.ListField(
        child=serializers.CharField(), help_text="They wait for a suggested server."
    )
    can_execute = serializers.BooleanField(help_text="Nothing but the suggested agents is missing.")
    refines = RefinesSerializer(required=False)
    changes = ChangeSerializer(
        many=True, required=False, help_text="Of a refinement: what it changes; [] is nothing."
    )
    operations = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="Of a refinement: what leads from the version that was read to `workflow`.",
    )


class GenerationUsageSerializer(serializers.Serializer[Any]):
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost_usd = serializers.FloatField(allow_null=True, help_text="null: not known.")


class GenerationRowSerializer(serializers.ModelSerializer[Generation]):
    """A generation in a list: without its result."""

    is_finished = serializers.BooleanField(read_only=True)
    generator = serializers.ChoiceField(
        choices=[*Generation.Generator.values, ""],
        read_only=True,
        help_text="Empty until it ended.",
    )
    usage = GenerationUsageSerializer(source="*", read_only=True)
    applied_workflow_id = serializers.CharField(allow_null=True, read_only=True)
    workflow_id = serializers.CharField(
        allow_null=True, read_only=True, help_text="The workflow that it is to change."
    )

    class Meta:
        model = Generation
        fields: tuple[str, ...] = (
            "id", "prompt", "workflow_id", "workflow_version", "status", "stage", "is_finished", "generator", "model", "usage", "error", "error_kind",
            "applied_workflow_id", "applied_at", "created_at", "started_at", "completed_at",
        )  # fmt: skip
        read_only_fields = fields


class GenerationSerializer(GenerationRowSerializer):
    """A generation with its result and what validation says of it."""

    options = serializers.DictField(read_only=True)
    context = serializers.DictField(read_only=True)  # type: ignore[assignment]
    result = GenerationResultSerializer(allow_null=True, read_only=True)
    problems = DefinitionProblemSerializer(many=True, read_only=True)

    class Meta(GenerationRowSerializer.Meta):
        fields = (
            *GenerationRowSerializer.Meta.fields,
            *("options", "context", "result", "problems", "catalogue_hash", "schema_version"),
        )
        read_only_fields = fields


class GenerationEventSerializer(serializers.ModelSerializer[GenerationEvent]):
    """Something that happened in a job."""

    class Meta:
        model = GenerationEvent
        fields = ("number", "kind", "data", "created_at")
        read_only_fields = fields


class GenerationEventsSerializer(serializers.Serializer[Any]):
    """Events after a number; ask again with `after=last` until `is_finished` and nothing more comes."""

    results = GenerationEventSerializer(many=True)
    last = serializers.IntegerField(help_text="The number to give as `after` next.")
    is_finished = serializers.BooleanField()


class GenerationCallSerializer(serializers.ModelSerializer[GenerationCall]):
    """One call of a language model and what it answered, word for word."""

    usage = GenerationUsageSerializer(source="*", read_only=True)

    class Meta:
        model = GenerationCall
        fields = (
            "number", "purpose", "model", "answer", "error", "usage", "tokens_counted", "started_at", "completed_at",
        )  # fmt: skip
        read_only_fields = fields


class GenerationAnswersSerializer(serializers.Serializer[Any]):
    """All that the model was asked and answered for one generation."""

    results = GenerationCallSerializer(many=True)


class AgentChoicesSerializer(StrictFieldsMixin):
    """Which suggested agents to make, and which existing ones to use in their place."""

    accept = serializers.ListField(
        child=serializers.CharField(max_length=100),
        max_length=50,
        required=False,
        help_text="Suggested agents to create; absent: all that are not mapped.",
    )
    map = serializers.DictField(
        child=serializers.CharField(max_length=100),
        required=False,
        help_text="Suggested (or any used) agent id → the id of an agent of yours.",
    )


@extend_schema_field({"type": "object", "additionalProperties": True})
class EditedResultField(serializers.JSONField):
    """A whole result as it was edited; checked like everything that comes from outside."""


class ApplySerializer(StrictFieldsMixin):
    """What to apply: a generation, or a whole (edited) result; both: the edited result of that generation."""

    generation_id = serializers.CharField(max_length=60, required=False)
    result = EditedResultField(required=False)
    workflow_id = serializers.RegexField(
        IDENTIFIER,
        required=False,
        help_text="Store it as a new version of this workflow; send `If-Match` with the ETag that you read.",
    )
    name = serializers.CharField(max_length=200, required=False)
    agents = AgentChoicesSerializer(required=False)
    rebase = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Of a refinement whose workflow moved on: carry it out on the current version.",
    )

    def validate_result(self, value: Any) -> Any:
        """An object."""
        if not isinstance(value, dict):
            raise serializers.ValidationError("Give an object.", "wrong_type")
        return value


class AppliedSerializer(serializers.Serializer[Any]):
    """The workflow, and what was made for it or still is missing."""

    workflow = WorkflowWrittenSerializer()
    agents_created = serializers.ListField(child=serializers.CharField())
    blocked_steps = serializers.ListField(child=serializers.CharField())
    missing_mcps = serializers.ListField(child=serializers.CharField())
    can_execute = serializers.BooleanField()
