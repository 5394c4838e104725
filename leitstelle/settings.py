"""Settings of one node. Everything that differs between nodes comes from the environment (written by ``ops``)."""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from celery.schedules import crontab
from csp.constants import NONCE

BASE_DIR = Path(__file__).resolve().parent.parent


def _list(name: str, default: str) -> list[str]:
    return [item for item in os.environ.get(name, default).split(",") if item]


def _peers(text: str) -> list[tuple[str, str, str]]:
    """name=ws://host:port#key by comma as (name, address of its link, public key). Raises ValueError."""
    peers = []
    for item in text.split(","):
        if item.strip():
            name, equals, rest = item.strip().partition("=")
            url, hash_sign, key = rest.partition("#")
            if not (name and equals and url and hash_sign and key):
                raise ValueError(f"LEITSTELLE_PEERS: {item!r} is not name=ws://host:port#key")
            peers.append((name, url.rstrip("/"), key))
    return peers


def _database(url: str) -> dict[str, object]:
    """postgresql://user:password@host:port/name?host=/socket/dir&port=5433 as Django's settings."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", parts.hostname or ""),
        "PORT": query.get("port", str(parts.port or "")),
    }


# --- this node -------------------------------------------------------------------------------------------------
# Origin of the entries made here. One database may be shared by several nodes.
LEITSTELLE_NODE = os.environ.get("LEITSTELLE_NODE", "jena")
# Centres whose timers and calls this node looks after.
LEITSTELLE_CENTRES = _list("LEITSTELLE_CENTRES", "jena,gera")
LEITSTELLE_WEB_PORT = int(os.environ.get("LEITSTELLE_WEB_PORT", "8000"))
LEITSTELLE_SOCKETS_PORT = int(os.environ.get("LEITSTELLE_SOCKETS_PORT", "8001"))
# Set where a proxy serves the websockets under another address.
LEITSTELLE_SOCKETS_URL = os.environ.get("LEITSTELLE_SOCKETS_URL", "")
# Where the other centres' nodes reach the process `link`.
LEITSTELLE_LINK_PORT = int(os.environ.get("LEITSTELLE_LINK_PORT", "8002"))
# This node's public addresses, as consoles and as other nodes reach it; empty: known to nobody else.
LEITSTELLE_URL = os.environ.get("LEITSTELLE_URL", "").rstrip("/")
LEITSTELLE_LINK_URL = os.environ.get("LEITSTELLE_LINK_URL", "").rstrip("/")
# The nodes this one trusts before the Node table says more: (name, address of its link, public key). An address given
# here wins over the table's. Empty: a lone node, unless the table knows others.
LEITSTELLE_PEERS = _peers(os.environ.get("LEITSTELLE_PEERS", ""))
# Files of the link's certificates, for mutual TLS beside the check of keys at hello; empty: no TLS.
LEITSTELLE_LINK_TLS_CERT = os.environ.get("LEITSTELLE_LINK_TLS_CERT", "")
LEITSTELLE_LINK_TLS_KEY = os.environ.get("LEITSTELLE_LINK_TLS_KEY", "")
LEITSTELLE_LINK_TLS_CA = os.environ.get("LEITSTELLE_LINK_TLS_CA", "")
# Origins (https://host:port) of other nodes' pages and sockets that a console may go on at, beside ALLOWED_HOSTS.
LEITSTELLE_NODE_ORIGINS = _list("LEITSTELLE_NODE_ORIGINS", "")
LEITSTELLE_RUN_DIR = Path(os.environ.get("LEITSTELLE_RUN_DIR", BASE_DIR / ".run"))
# A seat token is good for so long; an open console gets a fresh one in good time. Who has sat for as long as a session
# lasts signs in again. Both can be revoked at any time.
SEAT_TOKEN_SECONDS = int(os.environ.get("LEITSTELLE_SEAT_TOKEN_SECONDS", str(16 * 3600)))
SEAT_SESSION_SECONDS = int(os.environ.get("LEITSTELLE_SEAT_SESSION_SECONDS", str(36 * 3600)))
# A call this close to an open incident, in metres and minutes, is offered for attachment.
LEITSTELLE_NEARBY_METRES = 300
LEITSTELLE_NEARBY_MINUTES = 30

# --- web -------------------------------------------------------------------------------------------------------
# Without a key given, sessions end with the process; every real node gets one from its environment.
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_urlsafe(48)
# Sign seat tokens, which are good at every node: shared by all. The first signs, all verify, so keys can be changed.
LEITSTELLE_TOKEN_KEYS = _list("LEITSTELLE_TOKEN_KEYS", "") or [SECRET_KEY]
SECRET_KEY_FALLBACKS = _list("SECRET_KEY_FALLBACKS", "")
DEBUG = False
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", "localhost,127.0.0.1")
ROOT_URLCONF = "leitstelle.urls"
WSGI_APPLICATION = "leitstelle.wsgi.application"
ASGI_APPLICATION = "leitstelle.asgi.application"

HTTPS = os.environ.get("LEITSTELLE_HTTPS", "1") == "1"
SECURE_SSL_REDIRECT = HTTPS
# Supervisors and containers ask the process itself, without the proxy in front.
SECURE_REDIRECT_EXEMPT = ["^health$"]
CSRF_FAILURE_VIEW = "leitstelle.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = SEAT_TOKEN_SECONDS
CSRF_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# 10 MB bodies have no business here; the largest legitimate one is a batch of positions.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "channels",
    "leaflet",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "journal",
    "resources",
    "incidents",
    "federation",
    "leitstelle.accounts",
    "leitstelle.console",
    "leitstelle.api",
    "leitstelle.simulator",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "leitstelle.language.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# A console whose own node is gone goes on at another node: in the demo on other ports of the same host.
_NODE_SOURCES = [
    f"{scheme}://{'*' if host.startswith('.') else ''}{host}:*"
    for scheme in ("ws", "wss", "http", "https")
    for host in ALLOWED_HOSTS
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # The nonce is sent only with pages that ask for it: forms with a map in the administration, whose widget
        # (django-leaflet) starts itself by an inline script.
        "script-src": ["'self'", NONCE],
        "connect-src": ["'self'", *_NODE_SOURCES, *LEITSTELLE_NODE_ORIGINS],
        "img-src": ["'self'", "data:"],
        # Leaflet and the admin set style attributes; no inline script anywhere.
        "style-src": ["'self'", "'unsafe-inline'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# --- data ------------------------------------------------------------------------------------------------------
DATABASES = {
    "default": _database(os.environ.get("DATABASE_URL", "postgresql:///leitstelle"))
    | {
        # The pool, not CONN_MAX_AGE, which leaks a connection per thread under ASGI.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # Statements are prepared at their third use: a quarter of a command's time was planning the same again.
            "server_side_binding": True,
            "prepare_threshold": 2,
            "pool": {
                "min_size": 1,
                # One for each thread of the process that has most, and some.
                "max_size": 16,
                "timeout": 5,
                # Seconds until one that was not needed is closed, and until any is replaced by a fresh one.
                "max_idle": int(os.environ.get("LEITSTELLE_POOL_IDLE_SECONDS", "600")),
                "max_lifetime": int(os.environ.get("LEITSTELLE_POOL_LIFETIME_SECONDS", "3600")),
            },
            # A forgotten transaction must not hold locks; a lock must not hold a dispatcher.
            "options": "-c lock_timeout=3000 -c idle_in_transaction_session_timeout=10000"
            " -c statement_timeout=30000 -c synchronous_commit=on"
            # Every disk of today; with the default the place search reads the table instead of its index (20 times
            # slower). Half the letters right is enough: "Jenna" finds Jena.
            " -c random_page_cost=1.1 -c jit=off -c pg_trgm.word_similarity_threshold=0.5",
        },
        "TEST": {"TEMPLATE": os.environ.get("LEITSTELLE_DB_TEMPLATE", "template_gis")},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["leitstelle.accounts.backend.AccountBackend"]
SILENCED_SYSTEM_CHECKS = [
    # Two centres may give one user name while the link is down; our backend settles which one logs in.
    "auth.W004",
    # Debian 12 has GDAL 3.6; the only spatial files read are those an administrator names on the command line.
    "gis.W001",
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- background work that may wait -----------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Europe/Berlin"
CELERY_BEAT_SCHEDULE = {
    "count-hours": {"task": "incidents.tasks.count_hours", "schedule": 300.0},
    "mail-yesterday": {"task": "incidents.tasks.mail_yesterday", "schedule": crontab(hour=6, minute=0)},
    "tidy-up": {"task": "journal.tasks.tidy_up", "schedule": crontab(hour=3, minute=30)},
}
# Who gets the daily figures; nobody unless told.
LEITSTELLE_REPORT_RECIPIENTS = _list("LEITSTELLE_REPORT_RECIPIENTS", "")
DEFAULT_FROM_EMAIL = os.environ.get("LEITSTELLE_MAIL_FROM", "leitstelle@localhost")
EMAIL_HOST = os.environ.get("LEITSTELLE_MAIL_HOST", "localhost")
# Gets the file's name as its last word, e.g. "lp -d wache"; empty: the sheet stays in the spool.
LEITSTELLE_PRINT_COMMAND = os.environ.get("LEITSTELLE_PRINT_COMMAND", "")

# --- language, files, log --------------------------------------------------------------------------------------
LANGUAGE_CODE = "de"
LANGUAGES = [("de", "Deutsch"), ("en", "English")]
# Read and set by the console's scripts too (static/console/i18n.js), hence no LANGUAGE_COOKIE_HTTPONLY.
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Europe/Berlin"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("LEITSTELLE_STATIC_ROOT", BASE_DIR / ".run" / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "leitstelle.staticfiles.ModuleStaticFilesStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["leitstelle.api.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["leitstelle.api.throttles.PerCaller"],
    "DEFAULT_RENDERER_CLASSES": ["leitstelle.api.content.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["leitstelle.api.content.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "leitstelle.api.problems.problem_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Leitstelle",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "POSTPROCESSING_HOOKS": ["leitstelle.api.openapi.add_problems"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
LEAFLET_CONFIG = {
    "DEFAULT_CENTER": (50.85, 11.9),
    "DEFAULT_ZOOM": 9,
    "TILES": [],
    "SPATIAL_EXTENT": (10.8, 50.3, 12.8, 51.2),
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LEITSTELLE_LOG_LEVEL", "INFO")},
    "loggers": {"httpx": {"level": "WARNING"}},
}
