"""The shapes of the canvas, of edits and of differences."""

from typing import Any

from rest_framework import serializers

from common.rest import StrictFieldsMixin
from workflows.api.fields import DefinitionField, StepField
from workflows.api.serializers import (
    LayoutField,
    PositionSerializer,
    ValidationReportSerializer,
)
from workflows.definition.steps import MAX_STEPS

MOST_EDGES = 10 * MAX_STEPS
# Conditions are the longest labels.
MOST_LABEL = 4_000


class SizeSerializer(serializers.Serializer[Any]):
    """Width and height in drawing units."""

    width = serializers.FloatField()
    height = serializers.FloatField()


class NodeSerializer(serializers.Serializer[Any]):
    """A step; `position` is relative to its container, the node `parent`."""

    id = serializers.CharField()
    type = serializers.CharField()
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    branch = serializers.CharField(
        allow_null=True, help_text="The branch of the parallel `parent` that it stands in."
    )
    position = PositionSerializer()
    size = SizeSerializer()
    data = serializers.DictField(  # type: ignore[assignment]
        help_text="The step's own fields, without the steps inside it and without its edges."
    )


class EdgeSerializer(serializers.Serializer[Any]):
    """A way from one node to another of its list, or to `end`."""

    id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField(help_text="A node, or `end`.")
    kind = serializers.ChoiceField(["next", "choice", "default", "reject", "error", "body"])
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="The text or condition of a choice, the kinds of an error, the branch of a body."
    )
    inferred = serializers.BooleanField(
        help_text="The order of the steps alone would draw it as well."
    )


class CanvasSerializer(serializers.Serializer[Any]):
    """A workflow as nodes and edges."""

    entry_step = serializers.CharField(allow_null=True)
    nodes = NodeSerializer(many=True)
    edges = EdgeSerializer(many=True)
    version = serializers.IntegerField()
    revision = serializers.IntegerField()


class CanvasChangeSerializer(serializers.Serializer[Any]):
    """The part of the canvas that an edit changed."""

    entry_step = serializers.CharField(allow_null=True)
    nodes = NodeSerializer(
        many=True, help_text="New ones, and those whose content or place differs."
    )
    edges = EdgeSerializer(many=True, help_text="New ones, and those that lead elsewhere.")
    removed_nodes = serializers.ListField(child=serializers.CharField())
    removed_edges = serializers.ListField(child=serializers.CharField())


class FieldChangeSerializer(serializers.Serializer[Any]):
    """One value before and after."""

    path = serializers.CharField(help_text="A JSON Pointer inside the step, or the definition.")
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class StepChangeSerializer(serializers.Serializer[Any]):
    """One step that differs."""

    step = serializers.CharField()
    change = serializers.ChoiceField(["added", "removed", "changed"])
    type = serializers.CharField()
    name = serializers.CharField()
    container = serializers.CharField()
    fields = FieldChangeSerializer(many=True)  # type: ignore[assignment]


class EdgeChangeSerializer(serializers.Serializer[Any]):
    """One way that is new or gone."""

    change = serializers.ChoiceField(["added", "removed"])
    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField()
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class DifferenceSerializer(serializers.Serializer[Any]):
    """What two definitions do differently; a step that only moved on the canvas is not changed."""

    steps = StepChangeSerializer(many=True)
    edges = EdgeChangeSerializer(many=True)
    settings = FieldChangeSerializer(many=True)


class EditedSerializer(serializers.Serializer[Any]):
    """The answer to an edit."""

    version = serializers.IntegerField()
    revision = serializers.IntegerField()
    summary = serializers.CharField(help_text="The changes in a line; empty: nothing changed.")
    changes = DifferenceSerializer()
    canvas = CanvasChangeSerializer()
    validation = ValidationReportSerializer()


class DiffSerializer(DifferenceSerializer):
    """The difference of two versions."""

    from_version = serializers.IntegerField()
    to_version = serializers.IntegerField()
    summary = serializers.CharField()
    json_patch = serializers.ListField(
        child=serializers.DictField(), help_text="RFC 6902, on the canonical definitions."
    )


class SentNodeSerializer(StrictFieldsMixin):
    """A node as an editor sends it back; what it got may stand in it."""

    id = serializers.CharField(max_length=100, trim_whitespace=False)
    type = serializers.CharField(max_length=20)
    parent = serializers.CharField(  # type: ignore[assignment]
        max_length=100, required=False, allow_null=True, default=None
    )
    branch = serializers.CharField(max_length=100, required=False, allow_null=True, default=None)
    position = PositionSerializer(required=False)
    size = serializers.DictField(required=False, help_text="Not read: it follows from the steps.")
    data = serializers.DictField()  # type: ignore[assignment]


class SentEdgeSerializer(StrictFieldsMixin):
    """An edge as an editor sends it back."""

    id = serializers.CharField(max_length=4_300, required=False, help_text="Not read.")
    source = serializers.CharField(max_length=100)  # type: ignore[assignment]
    target = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(["next", "choice", "default", "reject", "error", "body"])
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=MOST_LABEL,
        required=False,
        allow_blank=True,
        default="",
        trim_whitespace=False,
    )
    inferred = serializers.BooleanField(required=False, help_text="Not read.")


class EditSerializer(StrictFieldsMixin):
    """What every edit may bring: a word on why, kept with the version."""

    message = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class CanvasWriteSerializer(EditSerializer):
    """A whole workflow from an editor: its `definition`, or its `nodes` and `edges`."""

    definition = DefinitionField(required=False)
    nodes = SentNodeSerializer(many=True, required=False, max_length=MAX_STEPS)  # type: ignore[call-arg]
    edges = SentEdgeSerializer(many=True, required=False, max_length=MOST_EDGES)  # type: ignore[call-arg]
    entry_step = serializers.CharField(
        max_length=100,
        required=False,
        allow_null=True,
        help_text="Where it begins; absent: the first node of the outermost list.",
    )
    layout = LayoutField(
        required=False, help_text="Positions by step id; those of `nodes` count where it has none."
    )
    version = serializers.IntegerField(
        required=False, help_text="Not read; a canvas that was read has it."
    )
    revision = serializers.IntegerField(
        min_value=1, required=False, help_text="The one that was read: counts as `If-Match` does."
    )

    confirm = serializers.BooleanField(
        required=False, default=False, help_text="True: empty it, although it has steps."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Either form, not both."""
        if ("definition" in attrs) == ("nodes" in attrs):
            raise serializers.ValidationError(
                "Give `definition`, or `nodes` and `edges`.", code="definition_or_nodes"
            )
        return attrs


class NodePositionSerializer(PositionSerializer):
    """Where a node stands, relative to its container."""


class StepAddSerializer(EditSerializer):
    """A new step and its place; without a place it goes to the end of `container`."""

    step = StepField()
    container = serializers.CharField(
        max_length=201,
        required=False,
        allow_blank=True,
        default="",
        help_text="'' (the outermost list), a loop's id, or 'parallel/branch'.",
    )
    after = serializers.CharField(max_length=100, required=False, help_text="On its way out.")
    branch = serializers.CharField(
        max_length=MOST_LABEL,
        required=False,
        trim_whitespace=False,
        help_text="Which way out of `after`: a choice's text or condition, 'default', 'error', 'reject'.",
    )
    before = serializers.CharField(max_length=100, required=False, help_text="On every way to it.")


class StepMoveSerializer(StepAddSerializer):
    """A new place for a step."""

    step = None  # type: ignore[assignment]


class StepChangeBodySerializer(EditSerializer):
    """A step's new fields; what it leaves out of `next` and of the steps inside it stays."""

    step = StepField()


class StepOrderSerializer(EditSerializer):
    """A new order of all steps of a list."""

    order = serializers.ListField(child=serializers.CharField(max_length=100), max_length=MAX_STEPS)
    container = serializers.CharField(max_length=201, required=False, allow_blank=True, default="")


class StepConnectSerializer(EditSerializer):
    """Where a way out of a step leads."""

    to = serializers.CharField(max_length=100, help_text="A step of the same list, or `end`.")
    branch = serializers.CharField(
        max_length=MOST_LABEL,
        required=False,
        trim_whitespace=False,
        help_text="As for a new step; absent: `next`.",
    )


class CanvasLayoutSerializer(StrictFieldsMixin):
    """What is to be tidied up."""

    definition = DefinitionField(required=False, help_text="Unsaved; absent: the stored one.")
    save = serializers.BooleanField(  # type: ignore[assignment]
        required=False, default=False, help_text="Keep the positions of the stored definition."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Positions of a definition that is not stored can't be kept."""
        if attrs["save"] and "definition" in attrs:
            raise serializers.ValidationError(
                "Save the definition with PUT …/canvas; `save` keeps positions of the stored one.",
                code="unsaved",
            )
        return attrs


class StepTypeSerializer(serializers.Serializer[Any]):
    """A type of step, for forms."""

    type = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    is_container = serializers.BooleanField(help_text="Steps stand inside it.")
    schema = serializers.DictField(help_text="JSON Schema 2020-12 of its canonical form.")
