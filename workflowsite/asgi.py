"""The ASGI entry point."""

import os

from django.core.asgi import get_asgi_application

from workflowsite.checks import require_own_secrets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")

_django = get_asgi_application()
require_own_secrets()

# What it imports needs the apps, which are loaded only now.
from common.handed_over import with_handed_over_streams  # noqa: E402
from workflowsite.rest.body_limit import with_body_limit  # noqa: E402

application = with_body_limit(with_handed_over_streams(_django))
