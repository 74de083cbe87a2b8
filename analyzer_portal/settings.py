"""Settings, all of them by environment variables. docs/operations.md lists them."""

from __future__ import annotations

import os
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from csp.constants import NONE, SELF
from environs import Env

from .embedded.folders import data_folder

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA = data_folder()


def _secret_key() -> str:
    """SECRET_KEY, or one that is made on the first start and kept in the data folder."""
    given = env.str("SECRET_KEY", "")
    if given:
        return given
    path = DATA / "secret-key"
    if not path.is_file():
        from django.core.management.utils import get_random_secret_key

        DATA.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_text(get_random_secret_key() + get_random_secret_key())
        with suppress(FileExistsError):
            os.link(temporary, path)
        temporary.unlink()
    return path.read_text().strip()


SECRET_KEY = _secret_key()
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "rest_framework",
    "analyzers",
    "findings",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "analyzer_portal.middleware.health_first",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "analyzer_portal.urls"
WSGI_APPLICATION = "analyzer_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]

DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgresql:///portal", conn_max_age=60, conn_health_checks=True)}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
COLLECT_ATTEMPTS = env.int("COLLECT_ATTEMPTS", 8)
# IAM's last-accessed reports are part of a collection: one job a user or role, at most once a day.
COLLECT_LAST_ACCESSED = env.bool("COLLECT_LAST_ACCESSED", True)
USAGE_UPLOAD_BYTES = env.int("USAGE_UPLOAD_BYTES", 200 * 1024 * 1024)
CHANGE_QUEUE_URL = env.str("CHANGE_QUEUE_URL", "")
# Quotas of the service, which are ours to choose: archive rules of an analyzer, values of one operator in a filter.
ARCHIVE_RULES_PER_ANALYZER = env.int("ARCHIVE_RULES_PER_ANALYZER", 100)
FILTER_VALUES = env.int("FILTER_VALUES", 20)
# What AWS charges, in USD, to compare with: for a role or user and month of unused access.
AWS_PRICE_UNUSED = env.decimal("AWS_PRICE_UNUSED", Decimal("0.20"))
AWS_PRICES_DATE = env.str("AWS_PRICES_DATE", "2026-11-24")
PREVIEWS_AN_HOUR = env.int("PREVIEWS_AN_HOUR", 1000)  # of all analyzers together, as with the service
PREVIEW_DAYS = env.int("PREVIEW_DAYS", 30)  # after which access previews are deleted
ARCHIVE_RULES_FILE_BYTES = env.int("ARCHIVE_RULES_FILE_BYTES", 2_000_000)
# Of each person: policies that are generated at the same time, and within 24 hours.
POLICY_GENERATIONS_AT_ONCE = env.int("POLICY_GENERATIONS_AT_ONCE", 1)
POLICY_GENERATIONS_A_DAY = env.int("POLICY_GENERATIONS_A_DAY", 50)
# Of pipelines: how often a token may ask, how much it may send, for how many days runs are kept (0: for ever).
CHECKS_RATE = env.str("CHECKS_RATE", "120/min")
CHECKS_BYTES = env.int("CHECKS_BYTES", 5_000_000)
CHECK_RUNS_DAYS = env.int("CHECK_RUNS_DAYS", 365)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        "KEY_PREFIX": "portal",
    }
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "visibility_timeout": 3600,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1_000_000  # kB
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "analyzer_portal.scheduler.Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "analyzers.tasks.sweep", "schedule": 15.0},
    "purge previews": {"task": "analyzers.tasks.purge_previews", "schedule": 3600.0},
    "schedule scans": {"task": "analyzers.tasks.schedule_scans", "schedule": 60.0},
    "give up generations": {"task": "analyzers.tasks.give_up_generations", "schedule": 60.0},
    "give up recommendations": {"task": "findings.tasks.give_up_recommendations", "schedule": 60.0},
    "forget old check runs": {"task": "analyzers.tasks.forget_check_runs", "schedule": 6 * 3600.0},
    "schedule collections": {"task": "analyzers.tasks.schedule_collections", "schedule": 60.0},
    "schedule usage": {"task": "analyzers.tasks.schedule_usage", "schedule": 600.0},
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = None  # WhiteNoise serves what the build left in static/; there is nothing to collect
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# Behind TLS: set SECURE=1. On a laptop, over plain HTTP on the loopback address, cookies must travel without it.
SECURE = env.bool("SECURE", False)
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {name: {"level": "WARNING"} for name in ("boto3", "botocore", "django.db.backends", "httpx", "urllib3")},
}
