"""All settings of the site, from the environment only. The table in the docs is kept true by a test."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import available_timezones

import dj_database_url
import dj_email_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.environment import envbool, envint, envlist, envnumber, envsecret

django_stubs_ext.monkeypatch()  # lets `forms.ModelForm[User]` and its kin run, which only type checkers know otherwise

BASE_DIR = Path(__file__).resolve().parent.parent.parent
STATE_DIR = Path(os.environ.get("STATE_DIR", "").strip() or BASE_DIR / "var").resolve()

# Counters of all processes of this machine meet in one folder; prometheus_client reads the variable when imported.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(STATE_DIR / "metrics"))
Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)

DEBUG = envbool("DEBUG", False)
SECRET_KEY = envsecret("SECRET_KEY", STATE_DIR / "secret_key")
ALLOWED_HOSTS = envlist("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = envlist("CSRF_TRUSTED_ORIGINS", [])
TRUSTED_PROXIES = envint("TRUSTED_PROXIES", 0, 0, 10)

INSTALLED_APPS = [
    "config.apps.SiteConfig",
    "accounts",
    "courses",
    "audit",
    "gradebook",
    "lti",
    "exercises",
    "quizzes",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "ninja",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "quizzes.middleware.SafeExamBrowserWall",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "platform" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    },
]

# ---- Database and cache ----------------------------------------------------------------------------------
# IMMEDIATE + WAL: with Django's defaults a quarter of concurrent writes failed. synchronous=FULL: a power cut
# may not take back a submission that the student was told is saved.
SQLITE_OPTIONS: dict[str, object] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
# A pool for each process: connections are cheap to reuse and bounded. It needs CONN_MAX_AGE 0.
POSTGRES_OPTIONS: dict[str, object] = {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}}


def _database() -> dict[str, object]:
    url = os.environ.get("DATABASE_URL", "").strip()
    if not url:
        STATE_DIR.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{STATE_DIR / 'db.sqlite3'}"
    try:
        config: dict[str, object] = dict(dj_database_url.parse(url))
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL: {error}") from None
    engine = str(config["ENGINE"])
    options: dict[str, object]
    if engine.endswith("sqlite3"):
        options = SQLITE_OPTIONS
    elif engine.endswith("postgresql"):
        options = POSTGRES_OPTIONS
    else:
        raise ImproperlyConfigured("DATABASE_URL: only sqlite:///… and postgres://… are supported")
    given = config.get("OPTIONS")
    # A thread keeps its SQLite connection: to open and close one for each request costs a millisecond, and closing the
    # last one of a quiet site writes the whole log back into the file.
    kept = {"CONN_MAX_AGE": 600 if engine.endswith("sqlite3") else 0}
    return config | kept | {"OPTIONS": (given if isinstance(given, dict) else {}) | options}


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# In the database, so that sign-in limits and codes are shared by all processes and web hosts.
# Django keeps 300 entries by default and drops live ones beyond: one lecture hall would erase the sign-in limits.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# ---- People and sign-in ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600  # seconds
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_EMAIL_VERIFICATION = "none"  # the code that signs in proves the address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
# A hall of 300 students behind one address asks within minutes: wide by address, tight by e-mail.
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "600/m/ip,4/m/key",
    "login": "600/m/ip",
    "login_failed": "300/m/ip,10/5m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"

EMAIL_FROM = os.environ.get("EMAIL_FROM", "").strip() or "Rendu <no-reply@localhost>"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = EMAIL_FROM
try:
    vars().update(dj_email_url.parse(os.environ.get("EMAIL_URL", "").strip() or "console:"))
except ValueError as error:
    raise ImproperlyConfigured(f"EMAIL_URL: {error}") from None

# ---- Languages and time ----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "platform" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "").strip() or "Europe/Paris"
if TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured(f"TIME_ZONE={TIME_ZONE!r} is not a time zone, such as Europe/Paris")

# ---- Files -----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "platform" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# ---- Security --------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
HTTPS = envbool("HTTPS", not DEBUG and ALLOWED_HOSTS != ["localhost", "127.0.0.1", "[::1]"])
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# A platform for trying LTI on one's own machine speaks http; anywhere else, everything of LTI is https.
LTI_LOOPBACK_HTTP = DEBUG and envbool("LTI_LOOPBACK_HTTP", False)
DATA_UPLOAD_MAX_MEMORY_SIZE = 48 << 20  # an exercise's bundle in the admin; a submission has its own, smaller cap
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000  # a question of a hundred options, field by field, in the admin

# ---- Broker and delivery ---------------------------------------------------------------------------------
REDIS_URL = os.environ.get("REDIS_URL", "").strip() or f"redis+socket://{STATE_DIR}/broker.sock"
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "record"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # redis-py retries ten times by itself: a publish with the broker down took 6 s
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 1}
CELERY_TIMEZONE = "UTC"

LEASE_SECONDS = envnumber("LEASE_SECONDS", 60, 1, 3600)
SWEEP_SECONDS = envnumber("SWEEP_SECONDS", 30, 0.1, 3600)
SUBMIT_INTERVAL_SECONDS = envnumber("SUBMIT_INTERVAL_SECONDS", 2, 0, 3600)
MAX_ATTEMPTS = 3
MAX_SOURCE_BYTES = 256 << 10

# ---- Logs ------------------------------------------------------------------------------------------------
LOG_LEVEL = os.environ.get("LOG_LEVEL", "").strip().upper() or "INFO"
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    raise ImproperlyConfigured(f"LOG_LEVEL={LOG_LEVEL!r}: write DEBUG, INFO, WARNING or ERROR")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    # A load balancer asks /readyz every second: while the site starts, each 503 would be an error in the log.
    "filters": {"no_probes": {"()": "config.logs.NoProbes"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_probes"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # Django gives this logger a handler of its own, and each line would come twice.
    "loggers": {"django": {"handlers": [], "propagate": True}},
}
