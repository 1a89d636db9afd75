"""The ASGI entry point."""

import os

import django

from workflowsite.checks import require_own_secrets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")

django.setup(set_prefix=False)
require_own_secrets()

# What it imports needs the apps, which are loaded only now.
from common.handed_over import with_handed_over_streams  # noqa: E402
from workflowsite.one_thread import OneThreadHandler  # noqa: E402
from workflowsite.rest.body_limit import with_body_limit  # noqa: E402

application = with_body_limit(with_handed_over_streams(OneThreadHandler()))
