"""The product's settings with two changes: nobody has to log in, and the bare views have addresses."""

from workflowsite.settings import *  # noqa: F403
from workflowsite.settings import REST_FRAMEWORK

REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] = ["benchmarks.web.trusting.Trusting"]
ROOT_URLCONF = "benchmarks.web.urls"
