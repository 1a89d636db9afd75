"""The address of webhooks, outside /api: whoever knows one needs no log-in."""

from django.urls import URLPattern, URLResolver, path

from executions.api.webhooks import HookView

urlpatterns: list[URLPattern | URLResolver] = [
    path("<slug:token>", HookView.as_view(), name="hook"),
]
