"""Approval, wait, set and workflow steps that lack what they need, or whose settings contradict each other."""

import datetime
import re
from collections.abc import Iterator, Mapping

from workflows.definition.checks.patches import Patch
from workflows.definition.checks.subject import Subject
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.references import Expression, TemplateSyntaxError, parse_template
from workflows.definition.steps import ApprovalStep, SetStep, Step, WaitStep, WorkflowStep

MAX_APPROVER_CHARACTERS = 160
_GROUP = "group:"
# What `${context.KEY}` can name.
_CONTEXT_KEY = re.compile(r"[\w-]{1,100}\Z")
_TIME_HINT = "Such as 2030-01-31T09:00:00+01:00, or a template that gives such a time."


def check(subject: Subject) -> Iterator[Problem]:
    """Missing or contradictory configuration of the steps that steer a run."""
    for place in subject.all_places:
        yield from _step(place.step, place.pointer)


def _step(step: Step, pointer: str) -> Iterator[Problem]:
    match step:
        case ApprovalStep():
            yield from _approval(step, pointer)
        case WaitStep():
            yield from _wait(step, pointer)
        case SetStep():
            yield from _set(step, pointer)
        case WorkflowStep():
            if not step.workflow_id:
                hint = "Give `workflow_id`."
                yield _missing(pointer, f"{step.id!r} does not say which workflow to run.", hint)
            yield from _keys(step.context, join(pointer, "context"))
        case _:
            return


def _missing(pointer: str, message: str, hint: str) -> Problem:
    return Problem("missing_configuration", "error", pointer, message, hint)


def _approval(step: ApprovalStep, pointer: str) -> Iterator[Problem]:
    where = join(pointer, "approvers")
    for number, name in enumerate(step.approvers):
        if not _is_approver(name):
            message = f"{name[:60]!r} is neither a user name nor group:NAME."
            yield Problem("bad_approver", "error", join(where, number), message)
        elif name in step.approvers[:number]:
            again: Patch = ({"op": "remove", "path": join(where, number)},)
            message = f"{name!r} is named twice."
            yield Problem("duplicate_approver", "warning", join(where, number), message, fix=again)
    people = len(set(step.approvers)) or 1
    has_group = any(name.startswith(_GROUP) for name in step.approvers)
    if not has_group and step.required_approvals > people:
        who = f"only {people} may approve" if step.approvers else "only the owner may approve"
        message = f"{step.required_approvals} approvals are required, but {who}."
        required = join(pointer, "required_approvals")
        hint = "Name more `approvers`, or a group."
        fix: Patch = ({"op": "replace", "path": required, "value": people},)
        yield Problem("out_of_range", "error", required, message, hint, fix)


def _is_approver(name: str) -> bool:
    plain = name.removeprefix(_GROUP)
    is_short = 0 < len(plain) <= MAX_APPROVER_CHARACTERS
    return is_short and plain.isprintable() and plain == plain.strip()


def _wait(step: WaitStep, pointer: str) -> Iterator[Problem]:
    if step.duration_seconds is None and step.until is None:
        hint = "Give `duration_seconds`, or `until`."
        yield _missing(pointer, f"{step.id!r} does not say how long to wait.", hint)
    if step.duration_seconds is not None and step.until is not None:
        message = "`duration_seconds` and `until` exclude each other."
        where = join(pointer, "duration_seconds")
        fix = ({"op": "remove", "path": where},)
        yield Problem("conflicting_fields", "error", where, message, fix=fix)
    if step.until is not None and (reason := _bad_time(step.until)):
        yield Problem("bad_time", "error", join(pointer, "until"), reason, _TIME_HINT)


def _bad_time(text: str) -> str:
    """Why a literal is no time; empty where it is one, or where a template decides."""
    try:
        parts = parse_template(text)
    except TemplateSyntaxError:
        return ""
    if any(isinstance(part, Expression) for part in parts):
        return ""
    try:
        time = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        return f"{text[:60]!r} is no ISO 8601 time."
    return "" if time.tzinfo is not None else f"{text[:60]!r} has no time zone."


def _set(step: SetStep, pointer: str) -> Iterator[Problem]:
    if not step.values and not step.compute:
        hint = "Give `values`, or `compute`."
        yield _missing(pointer, f"{step.id!r} does not say what to set.", hint)
    yield from _keys(step.values, join(pointer, "values"))
    yield from _keys(step.compute, join(pointer, "compute"))
    for key in step.compute:
        if key in step.values:
            where = join(pointer, "compute", key)
            message = f"{key!r} stands in `values` too; only one of them can be meant."
            fix = ({"op": "remove", "path": where},)
            yield Problem("conflicting_fields", "error", where, message, fix=fix)


def _keys(written: Mapping[str, object], pointer: str) -> Iterator[Problem]:
    for key in written:
        if not _CONTEXT_KEY.match(key):
            message = f"{key[:60]!r} can't be referred to as context.KEY."
            hint = "A key has letters, digits, - and _, at most 100 in all."
            yield Problem("bad_key", "error", join(pointer, key), message, hint)
