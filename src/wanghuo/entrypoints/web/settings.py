"""Settings of the platform. One folder (`WANGHUO_HOME`) holds everything an embedded deployment owns.

Environment, each with its default:
  WANGHUO_HOME      ./var          records, journal, uploads, keys
  WANGHUO_DATABASE  (SQLite in home)  postgres://user:password@host:port/name, or postgres://user@/name?host=/socket/folder
  WANGHUO_JOURNAL   (a file in home)      nats://host:port/STREAM?sync=always: what devices sent, on a log of several machines
  WANGHUO_HISTORY   (a folder in home)    postgres://…: readings on a database server
  WANGHUO_MODE      production     `demo` and `test` loosen what only a deployment needs (TLS, second factor)
  WANGHUO_HOSTS     127.0.0.1,localhost   host names the web answers to
  WANGHUO_PUBLIC_URL  https://(first host)   where the public reaches this deployment; printed papers carry it in their QR code
  WANGHUO_REGION    0              code of the region this deployment runs (0: the whole country)
  WANGHUO_GATEWAY   127.0.0.1:26875     where device frames arrive
  WANGHUO_MAP_APPROVAL  (none)     审图号 of the maps, shown beside them; a published map of China needs one
  WANGHUO_PASSWORDS  dengbao       which rules passwords follow: dengbao (GB/T 22239) or asvs (OWASP ASVS 5.0)
  WANGHUO_FAIL      (none)         where processes are to fail on purpose (base/failpoints.py); refused in production
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from wanghuo.base import failpoints

HOME = Path(os.environ.get("WANGHUO_HOME", "var")).resolve()
MODE = os.environ.get("WANGHUO_MODE", "production")
if MODE not in ("production", "demo", "test"):
    raise ImproperlyConfigured(f"WANGHUO_MODE is {MODE!r}; use production, demo or test")
PRODUCTION = MODE == "production"
if (FAIL := os.environ.get("WANGHUO_FAIL", "")) and PRODUCTION:
    raise ImproperlyConfigured(
        "WANGHUO_FAIL makes processes fail on purpose; a production deployment does not start with it"
    )
try:
    failpoints.arm(FAIL)
except ValueError as error:
    raise ImproperlyConfigured(f"WANGHUO_FAIL: {error}") from None
HOME.mkdir(parents=True, exist_ok=True)
KEYS = HOME / "keys"


def _secret(name: str) -> str:
    """A secret kept in its own file under keys/, made on first use and readable by the owner alone."""
    path = KEYS / name
    if not path.exists():
        KEYS.mkdir(mode=0o700, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass  # another process of this start made it first
    return path.read_text()


def _database(url: str) -> dict[str, Any]:
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "wanghuo.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
                "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("WANGHUO_DATABASE must begin with postgres://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or parse_qs(parts.query).get("host", [""])[0],
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


SECRET_KEY = _secret("secret_key")
PASSWORD_PEPPER = _secret("password_pepper")
DEBUG = False
ALLOWED_HOSTS = os.environ.get("WANGHUO_HOSTS", "127.0.0.1,localhost").split(",") + (
    ["testserver"] if MODE == "test" else []
)
DATABASES = {"default": _database(os.environ.get("WANGHUO_DATABASE", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

KERNEL = (
    *("ui", "regions", "access", "accounts", "audit", "loops", "rulebook", "indicators", "ledgers", "papers"),
    *("outbox", "jobs", "files", "notify", "geo"),
)
MODULES = ("places", "sensing", "hazards", "alarms", "workplans", "accountability", "cockpit")
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    *(f"wanghuo.kernel.{name}" for name in KERNEL),
    *(f"wanghuo.modules.{name}" for name in MODULES),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "wanghuo.kernel.ui.middleware.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "wanghuo.kernel.accounts.middleware.SessionRules",
    "wanghuo.kernel.access.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "wanghuo.kernel.ui.middleware.Language",
    "wanghuo.kernel.audit.middleware.Refusals",
    "wanghuo.kernel.ui.middleware.AppErrors",
]
ROOT_URLCONF = "wanghuo.entrypoints.web.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["wanghuo.kernel.ui.templatetags.ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "wanghuo.kernel.ui.context.page",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["wanghuo.kernel.accounts.backend.PasswordBackend"]
PASSWORD_HASHERS = ["wanghuo.kernel.accounts.hashers.PepperedArgon2"]
LOGIN_URL = "/login"
PASSWORD_PROFILE = os.environ.get("WANGHUO_PASSWORDS", "dengbao")
SECOND_FACTOR = "staff" if PRODUCTION else "optional"  # who must have one: staff, or nobody must

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 365 * 86400 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = ["security.W002"]  # the header is set by kernel.ui's SecurityHeaders, with all the others
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = False  # texts carry both languages themselves (base.Text)

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
WHITENOISE_MAX_AGE = 3600
MEDIA_ROOT = HOME / "files"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
REGION = os.environ.get("WANGHUO_REGION", "0")
PUBLIC_URL = os.environ.get("WANGHUO_PUBLIC_URL", "").rstrip("/")
MAP_APPROVAL = os.environ.get("WANGHUO_MAP_APPROVAL", "")
GATEWAY = os.environ.get("WANGHUO_GATEWAY", "127.0.0.1:26875")
JOURNAL: Path | str = (
    os.environ.get("WANGHUO_JOURNAL") or HOME / "journal.sqlite3"
)  # or nats://host:port/STREAM?sync=always
HISTORY = os.environ.get("WANGHUO_HISTORY", "")  # where readings lie; "": in the folder beside the journal
if HISTORY and not HISTORY.startswith(("postgres://", "postgresql://")):
    raise ImproperlyConfigured("WANGHUO_HISTORY must begin with postgres://")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "wanghuo": {"level": "INFO"},
        "django.request": {"level": "ERROR"},  # a 404 or 403 is the visitor's affair, and those that matter are audited
        "django.security": {"level": "ERROR"},
    },
}
