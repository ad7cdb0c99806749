"""Django settings. docs/reference/configuration.md lists every variable read here with its default."""

from typing import Any

import config.celery  # noqa: F401 - tasks belong to its application wherever these settings are used
from config import env
from config.parts import addresses, logs, mail, own_apps, seller
from config.parts.database import database_settings
from config.parts.media import media
from config.parts.metrics import metrics_port
from config.parts.openapi import openapi_settings
from config.parts.payment_gateway import payment_gateway, stripe_addresses, stripe_keys
from config.parts.release import release_of
from config.parts.schedule import beat_schedule
from config.parts.secret_key import secret_key, secret_key_fallbacks
from config.parts.telemetry import telemetry
from messaging.broker.settings import celery_settings

env.follow_note()
BASE_DIR = env.BASE_DIR
VAR_DIR = env.var_dir()
CONVEYOR_OUTAGES_DIR = VAR_DIR / "outages"

CONVEYOR_DEMO = env.flag("CONVEYOR_DEMO")
CONVEYOR_ALLOW_SIMULATED = env.flag("CONVEYOR_ALLOW_SIMULATED")
DEBUG = env.flag("DEBUG")
SECRET_KEY, SECRET_KEY_FALLBACKS = secret_key(), secret_key_fallbacks()
METRICS_TOKEN = env.line("METRICS_TOKEN")
METRICS_PORT = metrics_port()
HOST = env.host()
PORT = env.port()
SITE_URL = addresses.site_url(port=PORT)
ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS = addresses.hosts_and_origins(SITE_URL)
HTTPS = env.flag("CONVEYOR_HTTPS")
CONVEYOR_TRUSTED_PROXIES = env.trusted_proxies(https=HTTPS)
TELEMETRY = telemetry(demo=CONVEYOR_DEMO)

INSTALLED_APPS = [
    "shop",
    "payments",
    "shipping",
    "orders",
    "messaging",
    "messaging.operations",
    "django.contrib.admin.apps.SimpleAdminConfig",  # config.urls discovers the admin: only the web process needs it
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "rest_framework",
    "shop.office.apps.TokensConfig",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "shop.office.apps.SecurityConfig",
    "csp",
    *own_apps.app_configs(),
    "shop.health.apps.MeasuringConfig",  # after all that declare tasks and circuits
    *TELEMETRY.apps,
]

MIDDLEWARE = [
    "shop.health.middleware.ProbesMiddleware",  # the first: probes have another host name, and no TLS
    "messaging.tracing.TraceMiddleware",
    *logs.middleware(),
    "shop.limits.clients.ClientMiddleware",  # before all others, which see the client instead of the proxy
    "shop.health.request_metrics.RequestMetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "shop.site.body_limit.BodyLimitMiddleware",
    "shop.site.input_guard.InputGuardMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "shop.accounts.sessions.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "shop.site.signed_out.SignedOutMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "shop.site.time_zones.TimeZoneMiddleware",
    "shop.accounts.erased_meanwhile.ErasedMeanwhileMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.site.context.shop",
            ],
        },
    },
]

DATABASES: dict[str, Any] = {"default": database_settings()}
# In debug mode a change of a template shows at once.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"} if DEBUG else env.cache(),
    "limits": env.limits_cache(),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# SQLite ignores the INCLUDE columns of covering indexes and creates the index without them.
SILENCED_SYSTEM_CHECKS = ["models.W040"]

AUTH_USER_MODEL = "shop.User"
SESSION_ENGINE = "shop.accounts.sessions"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "shop.accounts.authentication.NameOrEmail"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# shop.limits.policy has the limits; 0 switches them off.
CONVEYOR_LIMITS = env.number("CONVEYOR_LIMITS", default=1, minimum=0, maximum=1_000_000)
AXES_CLIENT_IP_CALLABLE = "shop.limits.clients.network_of"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_CALLABLE = "shop.site.error_pages.locked_out"
AXES_VERBOSE = False
AXES_USERNAME_CALLABLE = "shop.accounts.authentication.typed_name"
LOGIN_URL = "shop:login"
PASSWORD_RESET_TIMEOUT = 60 * 60 * 24
CSRF_FAILURE_VIEW = "shop.site.error_pages.csrf_failure"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True
TIME_ZONE = seller.time_zone()

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
_media = media(var_dir=VAR_DIR)
MEDIA_ROOT, MEDIA_URL = _media.root, _media.url
STORAGES = {
    "default": _media.storage,
    "staticfiles": {"BACKEND": "config.static_files.Storage"},
}
WHITENOISE_MAX_AGE = 31_536_000 if not DEBUG else 0

_mail = mail.mail_server()
EMAIL_BACKEND = mail.email_backend(_mail, demo=CONVEYOR_DEMO)
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.tls
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_TIMEOUT = 10
_seller = seller.seller()
DEFAULT_FROM_EMAIL = _seller.sender

# Security: strict everywhere behind HTTPS (CONVEYOR_HTTPS=1).
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", *_media.origins],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# Messaging
CONVEYOR_RELEASE = env.line("CONVEYOR_RELEASE")[:40] or release_of(BASE_DIR)
CONVEYOR_PUBLISH = env.demo_choice("CONVEYOR_PUBLISH", ("ledger", "on_commit", "naive"), demo=CONVEYOR_DEMO)
CONVEYOR_VISIBILITY = env.number("CONVEYOR_VISIBILITY", default=60, minimum=1, maximum=86_400)
CONVEYOR_IN_FLIGHT = env.integer("CONVEYOR_IN_FLIGHT", default=1000, minimum=1, maximum=100_000)
CONVEYOR_MAX_WAIT = env.number("CONVEYOR_MAX_WAIT", default=300, minimum=1, maximum=86_400)
CONVEYOR_TASK_TIME_LIMIT = env.number("CONVEYOR_TASK_TIME_LIMIT", default=25, minimum=1, maximum=3600)
CONVEYOR_RETRY_BASE = env.number("CONVEYOR_RETRY_BASE", default=2, minimum=1, maximum=3600)
CONVEYOR_RETRY_MAX_SECONDS = env.integer("CONVEYOR_RETRY_MAX_SECONDS", default=600, minimum=1, maximum=86_400)
CONVEYOR_KEEP_DAYS = env.integer("CONVEYOR_KEEP_DAYS", default=30, minimum=1, maximum=36_500)
CONVEYOR_QUARANTINE_AFTER = env.integer("CONVEYOR_QUARANTINE_AFTER", default=3, minimum=1, maximum=1000)
CONVEYOR_BULK_CANARY_SECONDS = env.integer("CONVEYOR_BULK_CANARY_SECONDS", default=300, minimum=1, maximum=86_400)
CONVEYOR_KEEP_DISCARDED_DAYS = env.integer("CONVEYOR_KEEP_DISCARDED_DAYS", default=90, minimum=1, maximum=36_500)
CONVEYOR_KEEP_BULK_DAYS = env.integer("CONVEYOR_KEEP_BULK_DAYS", default=90, minimum=1, maximum=36_500)
CONVEYOR_ALERT_EMAILS = list(env.emails("CONVEYOR_ALERT_EMAILS"))
CONVEYOR_ALERT_GROWTH = env.integer("CONVEYOR_ALERT_GROWTH", default=50, minimum=1, maximum=10**9)
CONVEYOR_ALERT_GROWTH_MINUTES = env.integer("CONVEYOR_ALERT_GROWTH_MINUTES", default=10, minimum=1, maximum=1440)
CONVEYOR_ALERT_OLDEST_HOURS = env.integer("CONVEYOR_ALERT_OLDEST_HOURS", default=24, minimum=1, maximum=8760)
CONVEYOR_ALERT_RELAY_SECONDS = env.integer("CONVEYOR_ALERT_RELAY_SECONDS", default=120, minimum=5, maximum=86_400)
CONVEYOR_ALERT_BEAT_SECONDS = env.integer("CONVEYOR_ALERT_BEAT_SECONDS", default=120, minimum=30, maximum=86_400)
CONVEYOR_RETRY_MAX_ATTEMPTS = env.integer("CONVEYOR_RETRY_MAX_ATTEMPTS", default=5, minimum=1, maximum=100)
CONVEYOR_CIRCUIT_FAILURES = env.integer("CONVEYOR_CIRCUIT_FAILURES", default=3, minimum=0, maximum=1000)
CONVEYOR_CIRCUIT_SECONDS = env.number("CONVEYOR_CIRCUIT_SECONDS", default=10, minimum=0.1, maximum=3600)
MESSAGING: dict[str, Any] = {
    "exchange": "conveyor",
    "dead_letter_exchange": "conveyor.dead",
    "queues": own_apps.queues(
        payments="payment.#", shipping="shipment.#", notifications="notification.#", maintenance="maintenance.#"
    ),
    "queue_type": env.choice("QUEUE_TYPE", ("classic", "quorum")),
    "delivery_limit": CONVEYOR_RETRY_MAX_ATTEMPTS,
}
BROKER_URL = env.broker_url()
CELERY: dict[str, Any] = celery_settings(
    BROKER_URL,
    topology=MESSAGING,
    visibility=CONVEYOR_VISIBILITY,
    hard_limit=CONVEYOR_TASK_TIME_LIMIT,
    ca_certs=env.text("BROKER_CA_CERTS"),
) | {"beat_schedule": beat_schedule()}

# Shop
CONVEYOR_DESK_URL = f"{SITE_URL}/admin/operations/failuregroup/"
SHOP_CURRENCY = seller.currency()
SHOP_TAX_COUNTRY = seller.tax_country()
SHOP_EXTENSION_PERMISSIONS = own_apps.permissions()
CONVEYOR_SELLER_NAME, CONVEYOR_SELLER_EMAIL = _seller.name, _seller.email
CONVEYOR_SELLER_ADDRESS, CONVEYOR_SELLER_VAT_NUMBER = _seller.address, _seller.vat_number
# The seller as printed on papers: name, address lines, e-mail.
SHOP_SELLER = _seller.lines
# Full calendar years after the one of issue.
CONVEYOR_KEEP_INVOICES_YEARS = env.integer("CONVEYOR_KEEP_INVOICES_YEARS", default=10, minimum=1, maximum=100)
SHOP_EXPRESS_PRICE = 990
# Default `reorder_level` of new products: stock at or below it is low.
SHOP_REORDER_LEVEL = 5
# Orders placed before this hour (in TIME_ZONE) ship the same working day, Monday to Friday.
SHIPPING_CUTOFF_HOUR = 15
# Promised delivery window in working days after dispatch: (earliest, latest).
SHIPPING_WORKING_DAYS = {"standard": (2, 4), "express": (1, 1)}
# Carriers in order of preference; the cheapest wins, the first of equally cheap ones.
_SIMULATED_CARRIERS = ("shipping.carriers.simulated.Swiftpost", "shipping.carriers.simulated.Landpost")
SHIPPING_CARRIERS = env.classes(
    "SHIPPING_CARRIERS",
    _SIMULATED_CARRIERS
    if CONVEYOR_DEMO or CONVEYOR_ALLOW_SIMULATED
    else ("shipping.carriers.untracked.UntrackedPost",),
)
CARRIER_WEBHOOK_SECRETS = env.secrets_by_name("CARRIER_WEBHOOK_SECRETS")
PAYMENT_GATEWAY = payment_gateway()
STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRETS = stripe_keys(
    gateway=PAYMENT_GATEWAY, rehearsal=CONVEYOR_DEMO or CONVEYOR_ALLOW_SIMULATED
)
STRIPE_API_BASE, STRIPE_JS_URL = stripe_addresses(secret_key=STRIPE_SECRET_KEY)
PAYMENT_RECONCILE_DAYS = 3
CONVEYOR_GATEWAY_LATENCY = env.number("CONVEYOR_GATEWAY_LATENCY", default=0.2, minimum=0, maximum=60)
CONVEYOR_SETTLE_SECONDS = env.number("CONVEYOR_SETTLE_SECONDS", default=20, minimum=0)
CONVEYOR_ACTION_SECONDS = env.number("CONVEYOR_ACTION_SECONDS", default=3600, minimum=1)
CONVEYOR_UNPAID_SECONDS = env.number("CONVEYOR_UNPAID_SECONDS", default=1800, minimum=1)
CONVEYOR_RESERVATION_SECONDS = env.number("CONVEYOR_RESERVATION_SECONDS", default=86_400, minimum=1)
CONVEYOR_RETURN_DAYS = env.number("CONVEYOR_RETURN_DAYS", default=14, minimum=0, maximum=3650)
CONVEYOR_RETURN_WAIT_DAYS = env.number("CONVEYOR_RETURN_WAIT_DAYS", default=30, minimum=1, maximum=3650)
CONVEYOR_TRANSIT_SECONDS = env.number("CONVEYOR_TRANSIT_SECONDS", default=180, minimum=0)
CONVEYOR_TRACK_SECONDS = env.number("CONVEYOR_TRACK_SECONDS", default=CONVEYOR_TRANSIT_SECONDS, minimum=0)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["shop.api.authentication.Token"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["messaging.operations.api.parsers.Json"],
    "DEFAULT_PAGINATION_CLASS": "messaging.operations.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "shop.api.problems.exception_handler",
    "PAGE_SIZE": 24,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"TOKEN_LIMIT_PER_USER": None, "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = openapi_settings(desk="messaging.operations" in INSTALLED_APPS)

LOGGING = logs.logging_settings()
