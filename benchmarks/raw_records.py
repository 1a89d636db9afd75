"""What our runs of steps without calls record, written by hand: the same rows by one statement, and nothing else done."""

import json
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool
from temporalio import activity

# The run's row, one of each step, and the events of their starts and ends.
WRITE = """
WITH run AS (
    UPDATE executions_workflowexecution SET
        status = 'COMPLETED', last_sequence = 1, started_at = %(began)s::timestamptz,
        completed_at = clock_timestamp(), last_event_number = 2 + 2 * json_array_length(%(steps)s::json)
    WHERE id = %(id)s AND status = 'PENDING'
    RETURNING id, last_event_number, started_at, completed_at
), given AS MATERIALIZED (
    SELECT id, path, output, place, started_at, completed_at
    FROM run, ROWS FROM (json_to_recordset(%(steps)s::json) AS (path text, output text))
        WITH ORDINALITY AS step(path, output, place)
), steps AS (
    INSERT INTO executions_steprun (
        execution_id, path, step_id, step_type, name, position, status, output_json, next_step, is_reused,
        is_edited, attempts, input_tokens, output_tokens, started_at, completed_at
    )
    SELECT id, path, path, 'set', '', place, 'COMPLETED', to_jsonb(output), '', FALSE, FALSE, 0, 0, 0,
        started_at, completed_at
    FROM given
)
INSERT INTO executions_executionevent (execution_id, number, kind, data, created_at)
SELECT id, 1, 'run', '{"status": "RUNNING"}'::jsonb, completed_at FROM run
UNION ALL
SELECT id, 2 * place, 'step', jsonb_build_object('path', path, 'step_id', path, 'step_type', 'set', 'name', '',
    'iteration', NULL, 'status', 'RUNNING'), completed_at FROM given
UNION ALL
SELECT id, 2 * place + 1, 'step', jsonb_build_object('path', path, 'step_id', path, 'step_type', 'set', 'name', '',
    'iteration', NULL, 'status', 'COMPLETED', 'duration_ms', 0, 'error', NULL), completed_at FROM given
UNION ALL
SELECT id, last_event_number, 'run', '{"status": "COMPLETED"}'::jsonb, completed_at FROM run
"""


@dataclass
class Written:
    """A run and its steps, `path` and `output` of each; `began` is ISO 8601."""

    execution_id: str
    began: str
    steps: list[dict[str, str]]


@dataclass
class Records:
    """The activity that writes, with connections that are kept open."""

    database: AsyncConnectionPool

    @activity.defn
    async def write(self, written: Written) -> None:
        """Write everything in one statement, which PostgreSQL has prepared."""
        values = {
            "id": written.execution_id,
            "began": written.began,
            "steps": json.dumps(written.steps),
        }
        async with self.database.connection() as connection:
            await connection.execute(WRITE, values, prepare=True)
