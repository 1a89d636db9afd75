"""The shapes of workflows in requests and answers."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from common.definition_problems import DefinitionProblemSerializer
from common.rest import FieldsMadeOnce, GroupNames, StrictFieldsMixin
from discovery.models import identifier
from workflows.api.fields import DefinitionField
from workflows.drift.current import drift_count
from workflows.models import Workflow, WorkflowVersion

MOST_COORDINATE = 1_000_000
DRIFT = (
    "How many agents and tools of the published version are others today; null: none is published."
)
# JSON Schema's expressions are ECMAScript's, which has no `\\Z`; Python's `$` alone lets a newline through.
ID_PATTERN = r"^[a-zA-Z][a-zA-Z0-9_-]{0,99}$(?!\n)"


class IdField(serializers.RegexField):
    """An id as people choose it; the pattern is in the OpenAPI file."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            ID_PATTERN,
            trim_whitespace=False,
            error_messages={"invalid": str(identifier.message)},
            **options,
        )


class NameField(serializers.RegexField):
    """A name with at least one visible character."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"\S", max_length=200, trim_whitespace=False, **options)


class PositionSerializer(StrictFieldsMixin):
    x = serializers.FloatField(min_value=-MOST_COORDINATE, max_value=MOST_COORDINATE)
    y = serializers.FloatField(min_value=-MOST_COORDINATE, max_value=MOST_COORDINATE)


class LayoutField(serializers.DictField):
    """Node positions by step id."""

    child = PositionSerializer()

    def to_internal_value(self, data: Any) -> dict[Any, Any]:
        """The positions; raises `ValidationError` for more than a definition has steps."""
        if isinstance(data, dict) and len(data) > 2_000:
            raise serializers.ValidationError("At most 2,000 positions.", code="too_many")
        return dict(super().to_internal_value(data))


class ValidationReportSerializer(serializers.Serializer[Any]):
    is_valid = serializers.BooleanField(  # type: ignore[assignment]
        help_text="No error was found."
    )
    can_execute = serializers.BooleanField()
    problems = DefinitionProblemSerializer(many=True)
    blocked_steps = serializers.ListField(child=serializers.CharField())
    missing_agents = serializers.ListField(child=serializers.CharField())
    missing_tools = serializers.ListField(child=serializers.CharField())
    missing_mcps = serializers.ListField(child=serializers.CharField())


class StoredReportSerializer(ValidationReportSerializer):
    """What is to be said about a stored workflow."""

    drift = serializers.IntegerField(allow_null=True, help_text=DRIFT)


class WorkflowSerializer(StrictFieldsMixin, FieldsMadeOnce):
    """A workflow, as it is read and written."""

    computed = frozenset(
        {"validation", "updated_at", "revision", "version", "can_execute", "drift"}
    )

    id = IdField(required=False, help_text="Made from the name where absent; never changes.")
    name = NameField(required=False)
    description = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    category = serializers.CharField(max_length=50, required=False, allow_blank=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=20, required=False
    )
    definition = DefinitionField(source="definition_json", required=False)
    layout = LayoutField(required=False, help_text="Node positions by step id.")
    published_version = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2**31 - 1
    )
    created_by = serializers.CharField(
        source="created_by.username", read_only=True, allow_null=True, default=None
    )
    source_template_id = serializers.CharField(read_only=True, allow_null=True)
    shared_with = GroupNames(
        child=serializers.CharField(max_length=150),
        max_length=50,
        required=False,
        help_text="Names of groups that may use and change it; yours to give if you are in them.",
    )
    message = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="What changed; kept with the version.",
    )
    drift_state = serializers.CharField(
        max_length=64,
        required=False,
        write_only=True,
        help_text="With a `published_version` that accepts changes of agents and tools: the `state` that was seen.",
    )
    drift = serializers.SerializerMethodField(help_text=DRIFT)

    class Meta:
        model = Workflow
        fields = [
            "id",
            "name",
            "description",
            "category",
            "tags",
            "is_template",
            "source_template_id",
            "definition",
            "layout",
            "version",
            "revision",
            "published_version",
            "is_active",
            "is_published",
            "can_execute",
            "created_by",
            "shared_with",
            "created_at",
            "updated_at",
            "drift",
            "message",
            "drift_state",
        ]
        read_only_fields = [
            "version",
            "revision",
            "is_active",
            "can_execute",
            "created_at",
            "updated_at",
        ]
        # What is unique is said by the service.
        validators: ClassVar[list[Any]] = []

    def get_drift(self, row: Workflow) -> int | None:
        """As things stand now."""
        return drift_count(row.pk, row.published_version)

    def validate_tags(self, tags: list[str]) -> list[str]:
        """Each tag once, in the order given."""
        return list(dict.fromkeys(tags))


class WorkflowCreateSerializer(WorkflowSerializer):
    """A new workflow: a name is needed, beside the definition or in it; nothing of it can have drifted."""

    class Meta(WorkflowSerializer.Meta):
        fields = [name for name in WorkflowSerializer.Meta.fields if name != "drift_state"]

    drift_state = None  # type: ignore[assignment]
    needs_body = True

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The fields; raises `ValidationError` for a missing name or two ids."""
        definition = attrs.get("definition_json", {})
        if attrs.get("name") is None and definition.get("name") is None:
            raise serializers.ValidationError({"name": [_required("A workflow needs a name.")]})
        given = {attrs.get("id"), definition.get("id")} - {None}
        if len(given) > 1:
            raise serializers.ValidationError(
                {"id": [ErrorDetail("The definition has another id.", code="two_ids")]}
            )
        return attrs


class WorkflowWrittenSerializer(WorkflowSerializer):
    """A workflow just written, with what validation says of it."""

    validation = ValidationReportSerializer(read_only=True)

    class Meta(WorkflowSerializer.Meta):
        fields = [*WorkflowSerializer.Meta.fields, "validation"]


class LastRunSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.CharField()
    created_at = serializers.DateTimeField()


class RecentRunsSerializer(serializers.Serializer[Any]):
    finished = serializers.IntegerField()
    completed = serializers.IntegerField()
    success_rate = serializers.FloatField(allow_null=True, help_text="0 to 1; null: none ended.")


class WorkflowRowSerializer(WorkflowSerializer):
    """A workflow in a list: no definition, but how it did lately."""

    last_run = LastRunSerializer(allow_null=True, help_text="Of the runs that the caller may see.")
    last_30_days = RecentRunsSerializer(source="recent_runs", allow_null=True)

    class Meta(WorkflowSerializer.Meta):
        fields = [
            *(
                name
                for name in WorkflowSerializer.Meta.fields
                if name not in ("definition", "layout", "message", "drift", "drift_state")
            ),
            "last_run",
            "last_30_days",
        ]

    definition = None  # type: ignore[assignment]
    drift_state = None  # type: ignore[assignment]
    drift = None  # type: ignore[assignment]


class VersionRowSerializer(serializers.ModelSerializer[WorkflowVersion]):
    created_by = serializers.CharField(
        source="created_by.username", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = WorkflowVersion
        fields = ["number", "message", "summary", "content_hash", "created_by", "created_at"]


class VersionSerializer(VersionRowSerializer):
    definition = DefinitionField(source="definition_json")

    class Meta(VersionRowSerializer.Meta):
        fields = [*VersionRowSerializer.Meta.fields, "definition"]


class CopySerializer(StrictFieldsMixin):
    new_id = IdField(required=False, help_text="Made from the new name where absent.")
    new_name = NameField(required=False)


class UnsavedSerializer(StrictFieldsMixin):
    definition = DefinitionField(required=False)


def _required(text: str) -> ErrorDetail:
    return ErrorDetail(text, code="required")
