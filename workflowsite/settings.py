"""Every setting of the product; docs/configuration.md explains those that an operator may give."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
import structlog

from workflowsite.admin_navigation import navigation
from workflowsite.env import BASE_DIR, STATE_DIR, env, secret, service
from workflowsite.log_masking import mask_tokens

# ModelAdmin[...] and the like are generic only for the type checker.
django_stubs_ext.monkeypatch()

# --- what kind of installation this is
DEBUG = env.bool("DEBUG", default=True)
INSECURE_SECRET_KEY = "insecure-local-key-never-use-it-on-a-server"
SECRET_KEY = secret("SECRET_KEY", INSECURE_SECRET_KEY)
# Encrypts stored secrets together with SECRET_KEY; a list rotates: the first encrypts, all decrypt.
INSECURE_SALT = "insecure-local-salt"
SALT_KEY = secret("ENCRYPTION_SALTS", INSECURE_SALT).split(",")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- apps
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_filters",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "knox",
    "rest_framework",
    "audit",
    "discovery",
    "workflows",
    "executions",
    "generation",
    "workflowsite",
]
MIDDLEWARE = [
    "workflowsite.health.health_first",
    # First, so that even a refused host has a request_id.
    "django_structlog.middlewares.RequestMiddleware",
    "workflowsite.rest.problem_pages.api_problem_middleware",
    "workflowsite.rest.log_context.LogContextMiddleware",
    "workflowsite.rest.repeated_parameters.RepeatedParametersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "workflowsite.rest.origin.origin_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "workflowsite.urls"
ASGI_APPLICATION = "workflowsite.asgi.application"
WSGI_APPLICATION = "workflowsite.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- PostgreSQL
DATABASE_URL = service("DATABASE_URL", "postgres://workflow@127.0.0.1:5432/workflow")
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(DATABASE_URL)}
# Django's own statements are never prepared; this is for those of common/prepared.py.
_prepared = env.bool("DATABASE_PREPARED_STATEMENTS", default=True)
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options["prepare_threshold"] = 5 if _prepared else None
# Without a pool an ASGI process opens a connection per request, which costs three times WSGI. 0 means no pool.
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=10)
if DATABASE_POOL_SIZE:
    _options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 10}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis
REDIS_URL = service("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # Seconds: what is kept here can be done without, so nobody waits long for it.
        "OPTIONS": {"socket_connect_timeout": 2.0, "socket_timeout": 2.0},
    }
}

# --- Celery
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The hard limit lies below the visibility timeout, or Redis would deliver a running task a second time.
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900}
# Its lines are written like ours.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", default="celery")
# Chores that mend what a crash left behind. The Temporal worker and Celery both do them, one process at a time, so
# that neither Redis nor Temporal alone can stop them for ever.
UPKEEP = {
    "executions": "executions.reconciling.mend_executions",
    "decisions": "executions.approvals.deciding.mend_decisions",
    "schedules": "executions.triggers.syncing.mend_schedules",
    "generations": "generation.tasks.mend_generations",
    "refreshes": "discovery.tasks.mend_refreshes",
    "sums": "executions.sums.adding.mend_sums",
    "drift": "workflows.drift.telling.tell_of_changes",
    "audit": "audit.retention.forget_old_entries",
    "workflow_events": "workflows.drift.retention.forget_old_events",
    "log_ins": "workflowsite.accounts.retention.forget_expired_log_ins",
}
UPKEEP_SECONDS = env.float("UPKEEP_SECONDS", default=60.0)
CELERY_BEAT_SCHEDULE = {
    "do-chores": {"task": "executions.tasks.do_chores", "schedule": UPKEEP_SECONDS},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "celerybeat-schedule")

# --- Temporal
TEMPORAL_ADDRESS = service("TEMPORAL_ADDRESS", "127.0.0.1:7233")
TEMPORAL_NAMESPACE = env.str("TEMPORAL_NAMESPACE", default="default")
TEMPORAL_TASK_QUEUE = env.str("TEMPORAL_TASK_QUEUE", default="workflow-engine")
TEMPORAL_UI_URL = service("TEMPORAL_UI_URL")

# --- triggers
# The least that `interval_seconds` of a schedule may be.
SCHEDULE_MIN_INTERVAL_SECONDS = env.int("SCHEDULE_MIN_INTERVAL_SECONDS", default=60)
SCHEDULE_MAX_FAILURES = env.int("SCHEDULE_MAX_FAILURES", default=10)

# --- models (any endpoint that speaks the chat-completions protocol)
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="")
OPENAI_MODEL = env.str("OPENAI_MODEL", default="gpt-4o")
OPENAI_TIMEOUT_SECONDS = env.float("OPENAI_TIMEOUT_SECONDS", default=60.0)
# How many workflows one user may have designed within an hour.
GENERATIONS_PER_HOUR = env.int("GENERATIONS_PER_HOUR", default=60)
# Tokens that all generations of one user may use within a day (UTC); 0 is no limit.
GENERATION_TOKENS_PER_DAY = env.int("GENERATION_TOKENS_PER_DAY", default=0)
# US dollars that one generation may cost; 0 is no limit. With a limit a model without a price is not asked.
GENERATION_MAX_COST_USD = env.float("GENERATION_MAX_COST_USD", default=0.0)
# How long models may be asked for one workflow; then the planner designs it. Ends before Celery ends the task.
GENERATION_TIMEOUT_SECONDS = min(
    env.float("GENERATION_TIMEOUT_SECONDS", default=240.0), CELERY_TASK_SOFT_TIME_LIMIT - 60.0
)
# Under a budget an answer may have at most so many tokens: they are set aside before each call.
BUDGET_OUTPUT_TOKENS = env.int("BUDGET_OUTPUT_TOKENS", default=8192)
# Tokens that all runs of one user may use within a day (UTC); 0 is no limit.
USER_DAILY_TOKENS = env.int("USER_DAILY_TOKENS", default=0)
# US dollars per million tokens: {"model": [input, output]}. A model that is not listed has cost null, never 0.
MODEL_PRICES: dict[str, list[float]] = env.json(
    "MODEL_PRICES", default={"gpt-4o": [2.5, 10.0], "gpt-4o-mini": [0.15, 0.6]}
)

# --- MCP and outgoing calls
MCP_CONFIG = Path(env.str("MCP_CONFIG", default=str(BASE_DIR / "mcp.json")))
MCP_TIMEOUT_SECONDS = env.float("MCP_TIMEOUT_SECONDS", default=30.0)
# Networks (CIDR) or host names that outgoing calls may reach although they are not public.
OUTBOUND_ALLOWLIST = env.list("OUTBOUND_ALLOWLIST", default=[])
OUTBOUND_MAX_BYTES = env.int("OUTBOUND_MAX_BYTES", default=2 * 1024 * 1024)
OUTBOUND_TIMEOUT_SECONDS = env.float("OUTBOUND_TIMEOUT_SECONDS", default=30.0)

# --- accounts
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        # Django's MinimumLengthValidator, which also hears of every password that is set.
        "audit.log_ins.RecordedPasswordValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
    )
]
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=not DEBUG)
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# How often: '10/min', '1/s', '1000/hour' or 'none'. Log-ins per client address, the others per user.
LOGIN_RATE = env.str("LOGIN_RATE", default="10/min")
EXECUTE_RATE = env.str("EXECUTE_RATE", default="600/min")
TRY_RATE = env.str("TRY_RATE", default="120/min")
EXPLAIN_RATE = env.str("EXPLAIN_RATE", default="120/min")

# --- audit
# How long the trail is kept, in days; 0 is for ever.
AUDIT_DAYS = env.int("AUDIT_DAYS", default=365)
# Anybody can make failed log-ins: an hour keeps so many of them.
AUDIT_FAILED_LOG_INS_PER_HOUR = env.int("AUDIT_FAILED_LOG_INS_PER_HOUR", default=1000)

# How long the events of published workflows are kept, in days; 0 is for ever.
WORKFLOW_EVENT_DAYS = env.int("WORKFLOW_EVENT_DAYS", default=365)

# --- REST
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workflowsite.rest.tokens.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["workflowsite.rest.bodies.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["workflowsite.rest.bodies.OrjsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "workflowsite.rest.negotiation.JsonFirst",
    "DEFAULT_PAGINATION_CLASS": "workflowsite.rest.pages.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "workflowsite.rest.schema.ProblemAutoSchema",
    # How many proxies in front may say who the client is. With 0 X-Forwarded-For is ignored: anyone can send it, and
    # a new value for each attempt would be a way round the limit on log-ins.
    "NUM_PROXIES": env.int("TRUSTED_PROXIES", default=0),
    # OPTIONS would describe a row's form to whoever asks, by other rules than those of the views; OpenAPI does it.
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "workflowsite.rest.problem_details.ProblemHandler",
    "EXCEPTION_FORMATTER_CLASS": "workflowsite.rest.problem_details.ProblemFormatter",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=env.int("TOKEN_DAYS", default=30)),
    "TOKEN_LIMIT_PER_USER": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Workflow builder",
    "DESCRIPTION": "Store, design, run and explain workflows of AI agents and MCP tools.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "TAGS": [
        {"name": name, "description": text}
        for name, text in {
            "auth": "Log in and out; tokens for programs.",
            "audit": "Who did what, and when.",
            "agents": "Agents of your own and those you may use.",
            "mcp-servers": "MCP servers and their tools.",
            "resources": "What a workflow can use, for palettes.",
            "workflows": "Stored workflows: make, read, change, copy, check, take along.",
            "steps": "Edits of single steps.",
            "canvas": "A workflow as nodes and edges, and as a drawing.",
            "versions": "What a workflow was, what changed, and what others run.",
            "templates": "Ready-made workflows.",
            "executions": "Runs: start, follow, explain, retry, decide.",
            "schedules": "Runs by the clock.",
            "webhooks": "Runs by other programs.",
            "generation": "From a description to a workflow, and what it says in words.",
        }.items()
    ],
    "DEFAULT_GENERATOR_CLASS": "workflowsite.rest.schema.SchemaMadeOnce",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "workflowsite.rest.schema.null_is_any_value_too",
        "workflowsite.rest.examples.with_examples",
    ],
    # Sets of choices that share a field's name get names of their own.
    "ENUM_NAME_OVERRIDES": {
        "Complexity": ["simple", "moderate", "complex"],
        "ChangedThing": ["step", "edge", "setting"],
        "ChangeMade": ["added", "removed", "changed"],
        "ResourceKind": ["agent", "tool"],
        "KindEnum": ["next", "choice", "default", "reject", "error", "body"],
        "ErrorKind": "workflows.definition.steps.ERROR_KINDS",
        "ExecutionStatus": "executions.models.WorkflowExecution.Status",
        "StepRunStatus": "executions.models.StepRun.Status",
        "ApprovalStatus": "executions.models.Approval.Status",
        "GenerationStatus": "generation.models.Generation.Status",
        "McpServerStatus": "discovery.models.McpServer.Status",
        "AuditAction": "audit.models.AuditEntry.Action",
        "AuditActorKind": "audit.models.AuditEntry.ActorKind",
        "AuditChannel": "audit.models.AuditEntry.Channel",
        "AuditObjectKind": "audit.models.AuditEntry.ObjectKind",
    },
}

# Seconds of silence after which a stream of events shows that it lives, and between checks of its viewer's rights.
EVENTS_HEARTBEAT_SECONDS = env.float("EVENTS_HEARTBEAT_SECONDS", default=15.0)

# --- language, time, files
LANGUAGE_CODE = "en"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- logs
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_JSON = env.bool("LOG_JSON", default=not DEBUG)
_SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    mask_tokens,
    structlog.processors.StackInfoRenderer(),
]
# A request has one line, when it ends: with LOG_LEVEL=DEBUG one when it begins as well, with the client's software.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
# workflowsite.rest.log_context binds the address.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# Tasks know the request that sent them; that each begins and ends is said by Celery itself.
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_TASK_SUCCESS_LOG_LEVEL = logging.DEBUG
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer()
            if LOG_JSON
            # Plain: a rich traceback takes seconds to draw, and a Temporal workflow task may take two.
            else structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
            "foreign_pre_chain": _SHARED_PROCESSORS,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "httpx2": {"level": "WARNING"},
        "mcp": {"level": "WARNING"},
        # A pool without its database repeats itself; whoever asks it for a connection says it once.
        "psycopg.pool": {"level": "ERROR"},
        "temporalio": {"level": "WARNING"},
    },
}

# --- admin
UNFOLD = {
    "SITE_TITLE": "Workflow builder",
    "SITE_HEADER": "Workflow builder",
    "SIDEBAR": {"show_search": True, "navigation": navigation()},
}
