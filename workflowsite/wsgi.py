"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from workflowsite.checks import require_own_secrets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")

application = get_wsgi_application()
require_own_secrets()
