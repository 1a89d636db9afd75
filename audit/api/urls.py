from django.urls import URLPattern, URLResolver, path

from audit.api.views import AuditView

urlpatterns: list[URLPattern | URLResolver] = [path("audit", AuditView.as_view(), name="audit")]
