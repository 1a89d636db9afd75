"""The admin's forms for agents and MCP servers: the same rules as over REST."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from common.errors import Invalid
from discovery.agent_rules import check_output_schema, check_tools
from discovery.models import Agent, McpServer
from discovery.outbound.headers import check_headers, require_same_origin
from discovery.outbound.network import check_url
from discovery.reserved import RESERVED_SERVER_IDS


class AgentForm(forms.ModelForm[Agent]):
    """An agent; its tools must exist."""

    # Set by the admin: tools are looked up as this user sees them.
    by: User

    class Meta:
        model = Agent
        fields: list[str] = []

    def clean_tools(self) -> list[str]:
        """The list of tools; raises `ValidationError` for one that does not exist."""
        tools = self.cleaned_data["tools"] or []
        if not isinstance(tools, list) or not all(isinstance(tool, str) for tool in tools):
            raise forms.ValidationError('Give a list of names, such as ["native:text_stats"].')
        _as_form_error(check_tools, tools, by=self.by, already=self.instance.tools)
        return tools

    def clean_output_schema(self) -> dict[str, Any] | None:
        """The schema; raises `ValidationError` for what is none."""
        schema = self.cleaned_data["output_schema"]
        if schema is not None and not isinstance(schema, dict):
            raise forms.ValidationError("Give an object, or nothing.")
        _as_form_error(check_output_schema, schema)
        return schema


class McpServerForm(forms.ModelForm[McpServer]):
    """An HTTP server. Stored headers never come back into the form; new ones replace them."""

    url = forms.CharField(max_length=1000, help_text="The endpoint; it often ends in /mcp.")
    new_headers = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        help_text='Replaces all stored headers: {"Authorization": "Bearer …"}. {} removes them, empty keeps them.',
    )
    is_active = forms.BooleanField(
        required=False, initial=True, help_text="Off: its tools can't be called."
    )

    class Meta:
        model = McpServer
        fields: list[str] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk and "is_active" in self.fields:
            self.fields["is_active"].initial = self.instance.is_active

    def clean_id(self) -> str:
        """The id; raises `ValidationError` for a reserved one."""
        if self.cleaned_data["id"] in RESERVED_SERVER_IDS:
            raise forms.ValidationError("This id is reserved; take another.")
        return str(self.cleaned_data["id"])

    def clean_new_headers(self) -> dict[str, str] | None:
        """The headers, or null for no change; raises `ValidationError`."""
        headers = self.cleaned_data["new_headers"]
        if headers is None:
            return None
        if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
            raise forms.ValidationError("Give an object of texts by header name.")
        _as_form_error(check_headers, headers)
        return headers

    def clean_url(self) -> str:
        """The address; raises `ValidationError` for one that outgoing calls may not reach."""
        _as_form_error(check_url, self.cleaned_data["url"])
        return str(self.cleaned_data["url"])

    def clean(self) -> dict[str, Any]:
        """The whole; raises `ValidationError` where stored headers would go to another server."""
        cleaned = super().clean() or self.cleaned_data
        if self.initial.get("url") and "url" in cleaned and cleaned.get("new_headers") is None:
            _as_form_error(
                require_same_origin,
                self.instance.headers,
                before=self.initial["url"],
                after=cleaned["url"],
            )
        return cleaned


def _as_form_error(check: Any, *args: Any, **options: Any) -> None:
    try:
        check(*args, **options)
    except Invalid as refusal:
        raise forms.ValidationError(refusal.detail) from refusal
