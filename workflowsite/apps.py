from django.apps import AppConfig
from django.core.checks import Tags, register

from workflowsite.celery import app as celery_app
from workflowsite.checks import default_secrets


class WorkflowsiteConfig(AppConfig):
    name = "workflowsite"

    def ready(self) -> None:
        register(default_secrets, Tags.security)
        # For every thread: without it a web process would publish tasks to a broker that nobody configured.
        celery_app.set_default()
