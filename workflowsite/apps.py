from django.apps import AppConfig
from django.core.checks import Tags, register

from workflowsite.checks import default_secrets


class WorkflowsiteConfig(AppConfig):
    name = "workflowsite"

    def ready(self) -> None:
        register(default_secrets, Tags.security)
