"""A finding of the validation of a definition, as every answer shows it."""

from typing import Any

from rest_framework import serializers


class DefinitionProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with a definition, where, and what removes it."""

    code = serializers.CharField(help_text="Stable; for programs.")
    severity = serializers.ChoiceField(choices=["error", "warning", "note"])
    path = serializers.CharField(
        allow_blank=True, help_text="JSON Pointer (RFC 6901) into the definition."
    )
    message = serializers.CharField()
    hint = serializers.CharField(allow_blank=True)
    fix = serializers.ListField(
        child=serializers.DictField(),
        allow_null=True,
        help_text="A JSON Patch (RFC 6902) that removes the problem.",
    )
