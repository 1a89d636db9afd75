"""Entries: bounded, without secrets, neither changed nor deleted but by age."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from audit import retention
from audit.changes import compared, named
from audit.models import AuditEntry
from audit.origin import Origin, coming_from
from audit.recording import MAX_BYTES, Action, ObjectKind, Subject, record
from discovery.models import McpServer
from discovery.services import create_mcp_server, delete_mcp_server, save_mcp_server
from tests.audit.conftest import Trail
from tests.workflows.conftest import stats_step
from workflows.services import create_workflow

FLOW = Subject(ObjectKind.WORKFLOW, "flow", "Flow")
SECRET = "s3cr3t"
# As it stands in the host of an address that only those who know it can call.
KEY = "s3cr3tk3y9x"


def all_rows() -> str:
    """Every entry, as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(json_agg(e)::text, '') FROM audit_auditentry e")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_of_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="outside"):
        record(Action.CREATED, FLOW, by=None)
    assert not AuditEntry.objects.exists()


def test_who_is_deleted_stays_in_the_trail(bob: User, trail: Trail) -> None:
    number = bob.pk
    record(Action.CREATED, FLOW, by=bob)
    bob.delete()
    row = trail.one()
    assert (row.actor_name, row.actor_id, row.actor_kind) == ("bob", number, "user")


def test_it_says_where_a_change_comes_from(bob: User, trail: Trail) -> None:
    origin = Origin(channel="rest", via="abc", request_id="1" * 100, client_address="::1")
    with coming_from(lambda: origin):
        record(Action.CREATED, FLOW, by=bob)
    record(Action.CREATED, FLOW, by=None)
    first, second = trail.added()
    assert (first.channel, first.via, first.client_address) == ("rest", "abc", "::1")
    assert first.request_id == "1" * 64
    assert (second.channel, second.actor_kind, second.actor) == ("system", "system", None)


@pytest.mark.parametrize("statement", ["UPDATE audit_auditentry SET action = 'updated'", "DELETE FROM audit_auditentry"])  # fmt: skip
def test_the_database_refuses_to_change_or_delete_one(db: None, statement: str) -> None:
    record(Action.CREATED, FLOW, by=None)
    with (
        pytest.raises(IntegrityError, match="neither changed nor deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEntry.objects.get().action == "created"


class TestRetention:
    @pytest.fixture
    def ages(self, db: None) -> list[int]:
        """Entries that are so many days old."""
        ages = [0, 1, 29, 31, 400]
        for days in ages:
            AuditEntry.objects.create(
                action="created",
                actor_kind="system",
                channel="system",
                object_kind="agent",
                object_id=f"{days}",
                created_at=timezone.now() - timedelta(days=days),
            )
        return ages

    def left(self) -> set[int]:
        return {int(row.object_id) for row in AuditEntry.objects.all()}

    def test_what_is_older_goes(self, ages: list[int], settings: Settings) -> None:
        settings.AUDIT_DAYS = 30
        assert retention.forget_old_entries() == {"forgotten": 2}
        assert self.left() == {0, 1, 29}
        # The guard is closed again.
        with pytest.raises(IntegrityError), transaction.atomic():
            AuditEntry.objects.all().delete()

    def test_zero_is_for_ever(self, ages: list[int], settings: Settings) -> None:
        settings.AUDIT_DAYS = 0
        assert retention.forget_old_entries() == {"forgotten": 0}
        assert self.left() == set(ages)

    def test_a_pass_is_bounded(
        self, ages: list[int], settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.AUDIT_DAYS = 10
        monkeypatch.setattr(retention, "BATCH", 1)
        monkeypatch.setattr(retention, "MAX_BATCHES_PER_PASS", 2)
        assert retention.forget_old_entries() == {"forgotten": 2}
        assert self.left() == {0, 1, 29}

    def test_it_is_a_chore(self, settings: Settings) -> None:
        assert settings.UPKEEP["audit"] == "audit.retention.forget_old_entries"
        assert settings.AUDIT_DAYS == 365


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.text(max_size=20).map(lambda text: text * 30),
    st.lists(st.text(max_size=5), max_size=5),
)
states = st.dictionaries(st.sampled_from("abcdefghij"), values)


# How long it takes to make values is no matter of these facts.
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(states, states)
def test_changes_are_small_and_name_exactly_what_differs(before: Any, after: Any) -> None:
    changes = compared(before, after, hidden={"a"})
    assert set(changes) == {name for name in after if before.get(name) != after[name]}
    assert all(len(json.dumps(change)) < 6_000 for change in changes.values())
    assert "a" not in changes or changes["a"] == {"changed": True}


def test_an_entry_has_a_largest_size(trail: Trail) -> None:
    changes = {f"field-{n}": {"before": "x" * 250, "after": "y" * 250} for n in range(100)}
    subject = Subject(ObjectKind.AGENT, "i" * 500, "n" * 500)
    details = {"text": "z" * 10_000}
    record(Action.UPDATED, subject, by=None, changes=changes, summary="s" * 900, details=details)
    row = trail.one()
    assert len(row.changes) == 100
    assert row.changes["field-7"] == {"changed": True}
    assert len(json.dumps(row.changes)) < MAX_BYTES
    assert (row.details, len(row.object_id), len(row.object_name)) == ({}, 100, 200)
    assert len(row.summary) == 500


def test_what_could_steer_a_terminal_is_left_out(trail: Trail) -> None:
    record(Action.UPDATED, Subject(ObjectKind.AGENT, "a", "x\x1b[31m\x00\ny"), by=None)
    assert trail.one().object_name == "x[31my"


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"name": {"before": "a", "after": "b"}}, "updated"),
        ({"name": {}, "headers": {"changed": True}, "shared_with": {}}, "secret_changed"),
        ({"name": {}, "shared_with": {}, "is_active": {"after": False}}, "shared"),
        ({"published_version": {"before": 1, "after": 2}, "name": {}}, "published"),
        ({"published_version": {"before": 1, "after": None}}, "unpublished"),
        ({"is_published": {"before": True, "after": False}}, "unpublished"),
        ({"is_active": {"before": True, "after": False}, "name": {}}, "deactivated"),
    ],
)
def test_a_mixed_change_is_called_by_what_weighs_most(changes: Any, action: str) -> None:
    assert named(changes, secret={"headers"}) == action


words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
# Everything in which a secret can hide, each with the mark in it.
secret_headers = st.dictionaries(
    words.map(lambda word: f"X-{word}"), words.map(lambda word: f"{word}{SECRET}"), min_size=1, max_size=3
)  # fmt: skip
secret_urls = st.builds(
    "https://{}{}.example.org/{}{}?k={}{}".format,
    st.sampled_from("abc"), st.sampled_from(["", f"-{KEY}", f".{KEY}"]),
    words, st.just(SECRET), words, st.just(SECRET),
)  # fmt: skip


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(secret_urls, secret_headers), min_size=1, max_size=4))
def test_no_secret_of_a_server_is_in_any_entry(alice: User, given_ones: Any) -> None:
    with transaction.atomic():
        url, headers = given_ones[0]
        server = create_mcp_server(by=alice, name="CRM", url=url, headers=headers)
        for url, headers in given_ones[1:]:
            save_mcp_server(server, by=alice, url=url, headers=headers)
        delete_mcp_server(McpServer.objects.get(pk=server.pk), by=alice)
        told = all_rows()
        transaction.set_rollback(True)
    assert server.pk in told
    assert SECRET not in told


def test_no_definition_is_in_any_entry(alice: User) -> None:
    steps = [stats_step(arguments={"text": SECRET})]
    create_workflow(by=alice, definition={"name": "Flow", "context": {"k": SECRET}, "steps": steps})
    assert SECRET not in all_rows()
