"""The product's addresses, and those of the bare views."""

from django.urls import path

from benchmarks.web import bare
from workflowsite import urls

urlpatterns = [
    path("bare/read/<str:workflow_id>", bare.read),
    path("bare/list", bare.rows),
    path("bare/create", bare.create),
    path("bare/create-two-rows", bare.create_two_rows),
    path("bare/nothing", bare.nothing),
    path("bare/entry", bare.entry),
    *urls.urlpatterns,
]
