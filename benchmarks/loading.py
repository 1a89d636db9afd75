"""Many rows at once: PostgreSQL itself repeats one that was written as always."""

from collections.abc import Mapping

from django.db import connection, models

from executions.models import StepRun, WorkflowExecution
from executions.sums.adding import add_ended_runs

DAYS = 30


def repeat(row: models.Model, count: int, changes: Mapping[str, str]) -> None:
    """`count` more rows like `row`; `changes` are SQL by attribute, in which `n` counts them from 1."""
    fields = [
        field
        for field in row._meta.concrete_fields
        if not field.generated and (not field.primary_key or field.attname in changes)
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(changes.get(field.attname, f'template."{field.column}"') for field in fields)
    key = row._meta.pk.column
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} AS template,"  # noqa: S608 - names of models
            f' generate_series(1, %s) AS n WHERE template."{key}" = %s',
            [count, row.pk],
        )


def load_runs(template: WorkflowExecution, runs: int) -> None:
    """Runs like one that has ended, with its steps, over the last days; they took from 0.1 to some 10 seconds."""
    began = f"now() - interval '{DAYS - 1} days' * n / {runs}"
    took = "interval '1 s' * (0.1 + 10 * mod(n * 7919, 1000) / 1000.0)"
    key = f"'{template.pk}-' || n"
    moments = {"created_at": began, "started_at": began, "completed_at": f"{began} + {took}"}
    repeat(template, runs, {"id": key, **moments})
    for step in StepRun.objects.filter(execution=template).order_by("position"):
        ended = f"{began} + {took} / {step.position}"
        repeat(step, runs, {"execution_id": key, "started_at": began, "completed_at": ended})


def add_all_to_sums() -> None:
    """What the chore does, to its end; the chore itself may be at it too."""
    waiting = WorkflowExecution.objects.filter(
        is_summed=False, simulated=False, tested_step="", completed_at__isnull=False
    )
    while waiting.exists():
        add_ended_runs()


def analyse() -> None:
    """Let PostgreSQL look at all tables, as it does by itself after a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
