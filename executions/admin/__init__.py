"""Runs, approvals, schedules and webhooks in the admin; Django finds them by importing this package."""

from executions.admin import approvals, parts, runs, triggers

__all__ = ["approvals", "parts", "runs", "triggers"]
