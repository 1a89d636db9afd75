"""The shapes of agents, MCP servers and tools in requests and answers."""

from typing import Any

from rest_framework import serializers

from common.rest import GroupNames, StrictFieldsMixin
from discovery.models import Agent, McpServer, McpTool, identifier


class SharedSerializer(StrictFieldsMixin):
    """What agents and servers have in common: an id, an owner, groups."""

    computed = frozenset({"updated_at"})

    id = serializers.CharField(
        required=False,
        trim_whitespace=False,
        validators=[identifier],
        help_text="Made from the name where absent; never changes.",
    )
    created_by = serializers.CharField(
        source="created_by.username",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="Null: it belongs to the installation.",
    )
    shared_with = GroupNames(
        child=serializers.CharField(max_length=150),
        max_length=50,
        required=False,
        help_text="Names of groups that may use and change it; yours to give if you are in them.",
    )

    def validate_id(self, value: str) -> str:
        """Ids are for ever: a change is refused, its repetition is not."""
        if isinstance(self.instance, Agent | McpServer) and value != self.instance.pk:
            raise serializers.ValidationError("The id never changes.", code="read_only")
        return value


class AgentSerializer(SharedSerializer, serializers.ModelSerializer[Agent]):
    computed = frozenset({"updated_at", "version"})

    tools = serializers.ListField(
        child=serializers.CharField(max_length=230),
        max_length=100,
        required=False,
        help_text="Tools it may call: 'server-id:tool' or 'native:tool'.",
    )
    output_schema = serializers.DictField(
        required=False, allow_null=True, help_text="JSON Schema of its answer. Null: free text."
    )

    class Meta:
        model = Agent
        fields = [
            "id",
            "name",
            "description",
            "agent_type",
            "model",
            "role",
            "goal",
            "instructions",
            "tools",
            "output_schema",
            "temperature",
            "max_turns",
            "is_active",
            "version",
            "created_by",
            "shared_with",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["version", "created_at", "updated_at"]


class ServerToolSerializer(serializers.ModelSerializer[McpTool]):
    id = serializers.SerializerMethodField(help_text="What a definition calls it.")

    class Meta:
        model = McpTool
        fields = [
            "id",
            "name",
            "description",
            "read_only",
            "destructive",
            "idempotent",
            "is_available",
            "schema_hash",
            "first_seen_at",
            "last_seen_at",
        ]
        read_only_fields = fields

    def get_id(self, tool: McpTool) -> str:
        return f"{tool.server_id}:{tool.name}"


class McpServerSerializer(SharedSerializer, serializers.ModelSerializer[McpServer]):
    computed = frozenset(
        {"updated_at", "status", "last_checked_at", "error", "tools", "header_names"}
    )

    # What an address must be is the outbound guard's to say; Django's URL field refuses hosts without a dot.
    url = serializers.CharField(
        max_length=1000, help_text="Empty for stdio servers; secrets belong into headers."
    )
    headers = serializers.DictField(
        child=serializers.CharField(max_length=4000, trim_whitespace=False),
        required=False,
        allow_null=True,
        write_only=True,
        help_text="Sent with every request. Stored encrypted and never shown; given ones replace all.",
    )
    header_names = serializers.SerializerMethodField(help_text="The stored headers, by name.")
    is_active = serializers.BooleanField(
        required=False, help_text="False: its tools can't be called."
    )
    tools = ServerToolSerializer(many=True, read_only=True)

    class Meta:
        model = McpServer
        fields = [
            "id",
            "name",
            "description",
            "transport",
            "url",
            "headers",
            "header_names",
            "is_active",
            "status",
            "last_checked_at",
            "error",
            "tools",
            "created_by",
            "shared_with",
            "created_at",
            "updated_at",
        ]
        read_only_fields = [
            "transport",
            "status",
            "last_checked_at",
            "error",
            "created_at",
            "updated_at",
        ]

    def get_header_names(self, server: McpServer) -> list[str]:
        headers: object = server.headers
        return sorted(headers) if isinstance(headers, dict) else []


class ToolSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="What a definition calls it.")
    source = serializers.CharField(  # type: ignore[assignment]  # the contract's name
        help_text="`native` or `mcp:{server_id}`."
    )
    name = serializers.CharField()
    description = serializers.CharField()
    input_schema = serializers.DictField()
    output_schema = serializers.DictField(allow_null=True)
    read_only = serializers.BooleanField()  # type: ignore[assignment]  # the contract's name
    destructive = serializers.BooleanField()
    idempotent = serializers.BooleanField()


class TrySerializer(StrictFieldsMixin):
    arguments = serializers.DictField(required=False, default=dict)


class OutcomeSerializer(serializers.Serializer[Any]):
    output = serializers.JSONField(
        help_text="Structured content if the tool gives any, else its text."
    )
    schema_hash = serializers.CharField()
    duration_ms = serializers.IntegerField()
