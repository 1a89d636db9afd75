"""Approvals in the admin: the list of questions, and a form with which those who are asked decide."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from audit.admin_recording import AuditedHistory
from audit.models import AuditEntry
from common.admin_status import status_label
from common.errors import DomainError
from executions.admin.rows import ROWS_PER_PAGE, ReadOnly, address_of, execution_link, shown
from executions.approvals.deciding import Vote, decide, require_open
from executions.approvals.opening import (
    MAX_COMMENT_CHARACTERS,
    content_revision_of,
    final_content,
)
from executions.models import Approval, ApprovalDecision

ASKED = Approval._meta
ANSWERS = (("yes", "Approve"), ("no", "Reject"))


class DecisionForm(forms.ModelForm[Approval]):
    """A decision; the content stands ready to be edited."""

    decision = forms.ChoiceField(choices=ANSWERS, widget=UnfoldAdminRadioSelectWidget)
    comment = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=MAX_COMMENT_CHARACTERS,
    )
    edited = forms.JSONField(
        required=False,
        label="Content",
        widget=UnfoldAdminTextareaWidget,
        help_text="Change it and the run goes on with the new form. It counts only with an approval.",
    )
    # Without it a form that was left open would undo what another approver changed meanwhile.
    content_revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Approval
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.content_json is None:
            del self.fields["edited"], self.fields["content_revision"]
        else:
            self.fields["content_revision"].initial = content_revision_of(self.instance)
            self.fields["edited"].initial = final_content(self.instance)

    @property
    def vote(self) -> Vote:
        """What the person says; content that was left as it is counts as untouched."""
        is_approved = self.cleaned_data["decision"] == "yes"
        has_edited = is_approved and "edited" in self.changed_data
        return Vote(
            approved=is_approved,
            comment=self.cleaned_data["comment"],
            edited=self.cleaned_data["edited"] if has_edited else None,
            content_revision=self.cleaned_data.get("content_revision"),
        )


class DecisionInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """Who decided what."""

    model = ApprovalDecision
    fields = readonly_fields = ("user", "approved", "comment", "created_at")
    extra = 0


@admin.register(Approval)
class ApprovalAdmin(AuditedHistory, ModelAdmin):  # type: ignore[misc]
    """Questions of runs; only those who are asked can decide."""

    object_kind = AuditEntry.ObjectKind.APPROVAL

    list_display = (
        "message",
        "path",
        execution_link,
        status_label,
        "expires_at",
        "created_at",
        "delivered_at",
    )
    list_filter = ("status", "created_at")
    list_select_related = ("execution__created_by",)
    search_fields = ("execution__id", "path", "message")
    ordering = ("-created_at",)
    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    inlines = (DecisionInline,)
    form = DecisionForm
    about = (
        execution_link,
        "path",
        "message",
        shown(ASKED.get_field("content_json")),
        shown(ASKED.get_field("edited_json")),
        "who_decides",
        "required_approvals",
        "status",
        "expires_at",
        "created_at",
        "closed_at",
        "delivered_at",
    )
    readonly_fields = about

    @admin.display(description="who decides")
    def who_decides(self, row: Approval) -> str:
        """Names; without any, the run's owner."""
        return ", ".join(row.approvers) or row.execution.created_by.get_username()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The question, and the form while it is open."""
        question = (None, {"fields": self.about})
        if obj is None or obj.status != Approval.Status.OPEN:
            return (question,)
        names = ["decision", "comment"]
        if obj.content_json is not None:
            names += ["edited", "content_revision"]
        return (question, ("Your decision", {"fields": names}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only runs ask."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was decided stays; whether one may decide is the service's to say."""
        may_see = self.has_view_permission(request, obj)
        return bool(may_see) and (obj is None or obj.status == Approval.Status.OPEN)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for runs."""
        return bool(request.user.has_perm("executions.view_approval"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened stays."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A refusal is shown above the question."""
        try:
            self._refuse_what_is_closed(request, object_id)
            answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(address_of(Approval, object_id))
        return answer

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Decide through the service, which checks and counts."""
        assert isinstance(request.user, User)
        row = decide(obj.execution, obj.path, form.vote, by=request.user)
        # The admin's transaction ends later, and the run is told only then.
        transaction.on_commit(partial(_tell_if_kept, request, row))

    def _refuse_what_is_closed(self, request: HttpRequest, object_id: str) -> None:
        """A decision that comes too late is told why; Django would answer a bare 403."""
        assert isinstance(request.user, User)
        row = self.get_object(request, object_id) if request.method == "POST" else None
        if row is not None and self.has_view_permission(request, row):
            require_open(row, request.user)


def _tell_if_kept(request: HttpRequest, row: Approval) -> None:
    if row.was_decided and not row.is_delivered:
        messages.warning(request, "Kept; the run hears of it as soon as Temporal is back.")
