"""The ASGI entry point."""

import os

from django.core.asgi import get_asgi_application

from workflowsite.checks import require_own_secrets
from workflowsite.rest.body_limit import with_body_limit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")

application = with_body_limit(get_asgi_application())
require_own_secrets()
