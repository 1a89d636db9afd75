"""Commands whose database does not answer say so in a sentence."""

import os
import subprocess
import sys

from workflowsite.env import BASE_DIR
from workflowsite.localstack.ports import free_port


def run_without_database(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` against a port where nothing listens; without a pool, which would wait ten seconds."""
    nowhere = f"postgres://nobody:nothing@127.0.0.1:{free_port()}/nothing"
    return subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
        env=os.environ | {"DATABASE_URL": nowhere, "DATABASE_POOL_SIZE": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_command_without_its_database_names_the_setting_and_shows_no_traceback() -> None:
    """Exit code 1, the reason and what to do."""
    outcome = run_without_database("run_workflow", "address-book", "--wait")
    assert outcome.returncode == 1
    assert "The database failed: " in outcome.stderr
    assert "DATABASE_URL" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == ""
