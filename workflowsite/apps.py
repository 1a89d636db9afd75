from django.apps import AppConfig


class WorkflowsiteConfig(AppConfig):
    name = "workflowsite"
