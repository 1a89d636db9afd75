"""The Celery application; tasks live in the apps' `tasks.py`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init
from django.core.exceptions import ImproperlyConfigured
from django_structlog.celery.steps import DjangoStructLogInitStep

from workflowsite.checks import require_own_secrets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")

app = Celery("workflowsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@worker_init.connect
def _check_secrets(**_kwargs: Any) -> None:
    try:
        require_own_secrets()
    except ImproperlyConfigured as error:
        # Celery logs an exception of a handler and goes on; it lets this one through.
        raise SystemExit(str(error)) from error
