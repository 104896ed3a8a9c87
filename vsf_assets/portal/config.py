"""Makes Django's settings from ours: the only bridge between the two.

Here: the settings as one dictionary, and `set_up`, which gives them to Django once per process. Not here: reading
variables (config/portal_settings.py), and the server (serve.py).
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from vsf_assets.charts.scripts import STATIC as CHART_FILES
from vsf_assets.common.errors import VsfError
from vsf_assets.config.portal_settings import MailServer
from vsf_assets.config.settings import Settings
from vsf_assets.config.variable_values import LOOPBACK
from vsf_assets.web.secret_files import ensure_secret

FOLDER = Path(__file__).resolve().parent
DATABASE_FILE = "portal.sqlite3"
SECRET, PSEUDONYMS = "portal-secret", "pseudonym-secret"
"""Files in the folder of keys."""

_APPS = [
    "vsf_assets.portal.accounts.apps.AccountsConfig",
    "vsf_assets.portal.audit.apps.AuditConfig",
    "vsf_assets.portal.notices.apps.NoticesConfig",
    "vsf_assets.portal.deliveries.apps.DeliveriesConfig",
    "vsf_assets.portal.datasets.apps.DatasetsConfig",
    "vsf_assets.portal.made.apps.MadeConfig",
    "vsf_assets.portal.questions.apps.QuestionsConfig",
    "vsf_assets.portal.admin_app.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "ninja",
]
_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "vsf_assets.portal.middleware.headers",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "vsf_assets.portal.middleware.known_browsers",
    "vsf_assets.portal.middleware.second_factor",
    "vsf_assets.portal.middleware.one_snapshot",
]

POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
"""Content security policy of every page."""

_FORMS = {
    "signup": "SignUpForm",
    "change_password": "NewPasswordForm",
    "set_password": "FirstPasswordForm",
    "reset_password_from_key": "ForgottenPasswordForm",
}
"""Form of the library -> ours."""

_CACHE = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "portal_cache",
    "OPTIONS": {"MAX_ENTRIES": 100_000},  # counts of tries stand there, which must not push each other out
}

BODY_MAX = 1024 * 1024
"""Bytes of a request's body that Django sees."""


def set_up(settings: Settings, **changes: Any) -> None:
    """Give Django its settings; only the first call in a process counts.

    Args:
        settings: ours.
        changes: settings of Django that replace the made ones, for tests.

    Raises:
        SecretFileError: a secret cannot be created or read.
    """
    import django
    from django.conf import settings as of_django

    if not of_django.configured:
        of_django.configure(**{**django_settings(settings), **changes})
        django.setup()


def django_settings(settings: Settings) -> dict[str, Any]:
    """Return Django's settings.

    Raises:
        SecretFileError: a secret cannot be created or read.
    """
    portal = settings.portal
    secret, *earlier = ensure_secret(settings.keys, SECRET)
    return {
        "VSF": settings,
        "VSF_PORTAL": portal,
        "VSF_PSEUDONYM_KEY": bytes.fromhex(ensure_secret(settings.keys, PSEUDONYMS)[0]),
        "DEBUG": False,
        "SECRET_KEY": secret,
        "SECRET_KEY_FALLBACKS": earlier,
        "ALLOWED_HOSTS": [f"[{host}]" if ":" in host else host for host in sorted(portal.allowed_hosts)],
        "ROOT_URLCONF": "vsf_assets.portal.urls",
        "WSGI_APPLICATION": None,
        "INSTALLED_APPS": _APPS,
        "MIDDLEWARE": _MIDDLEWARE,
        "TEMPLATES": [_templates()],
        "FORM_RENDERER": "django.forms.renderers.TemplatesSetting",
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        "DATABASES": {"default": _database(settings)},
        "CACHES": {"default": _CACHE},
        "LANGUAGE_CODE": "en",
        "USE_I18N": False,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "STATIC_URL": "/static/",
        "STATICFILES_DIRS": [FOLDER / "static", ("charts", CHART_FILES)],
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is stored there
            "staticfiles": {"BACKEND": "vsf_assets.portal.shared.static_addresses.StaticAddresses"},
        },
        "DATA_UPLOAD_MAX_MEMORY_SIZE": BODY_MAX,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 1000,
        "LOGGING": _logging(),
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        **_accounts(portal.mail is not None),
        "CSRF_TRUSTED_ORIGINS": [portal.url] if portal.url else [],
        **_protection(portal.is_secure),
        **_mail(portal.mail),
    }


def _templates() -> dict[str, Any]:
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [FOLDER / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "vsf_assets.portal.page_context.page_context",
            ],
            "builtins": ["vsf_assets.portal.data.page_filters"],
        },
    }


def _database(settings: Settings) -> dict[str, Any]:
    if not settings.portal.database:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": settings.home / "portal" / DATABASE_FILE,
            "CONN_MAX_AGE": None,  # a connection per thread, of which the server has a fixed number
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "pragma journal_mode = wal; pragma synchronous = full",
            },
        }
    address = urlsplit(settings.portal.database)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(address.path.lstrip("/")),
        "USER": unquote(address.username or ""),
        "PASSWORD": unquote(address.password or ""),
        "HOST": unquote(address.hostname or ""),
        "PORT": address.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(address.query)),
    }


def check_database_driver(settings: Settings) -> None:
    """Check that the driver of the named database is installed.

    Raises:
        VsfError: it is not.
    """
    from importlib.util import find_spec

    if settings.portal.database and find_spec("psycopg") is None:
        raise VsfError("VSF_PORTAL_DATABASE needs the package psycopg: pip install 'vsf-assets[postgres]'")


def _accounts(has_mail: bool) -> dict[str, Any]:
    validation = "django.contrib.auth.password_validation"
    return {
        "AUTH_USER_MODEL": "accounts.User",
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "PASSWORD_HASHERS": ["vsf_assets.portal.accounts.password_hasher.Argon2idHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"{validation}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
            {"NAME": f"{validation}.UserAttributeSimilarityValidator"},
            {"NAME": f"{validation}.CommonPasswordValidator"},
        ],
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "home",
        "ACCOUNT_ADAPTER": "vsf_assets.portal.accounts.adapter.AccountAdapter",
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "email*", "password1*", "password2*"],
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory" if has_mail else "none",
        "ACCOUNT_CONFIRM_EMAIL_ON_GET": False,
        "ACCOUNT_LOGOUT_ON_GET": False,
        "ACCOUNT_LOGOUT_REDIRECT_URL": "account_login",
        "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE": False,
        "ACCOUNT_PREVENT_ENUMERATION": "strict",
        "ACCOUNT_FORMS": {form: f"vsf_assets.portal.accounts.account_forms.{name}" for form, name in _FORMS.items()},
        "ACCOUNT_EMAIL_SUBJECT_PREFIX": "[VSF portal] ",
        "ACCOUNT_EMAIL_NOTIFICATIONS": has_mail,
        "ACCOUNT_SESSION_REMEMBER": False,
        "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 900,
        "ACCOUNT_USERNAME_MIN_LENGTH": 2,
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes"],
        "MFA_TOTP_ISSUER": "VSF portal",
        "MFA_ALLOW_UNVERIFIED_EMAIL": True,  # who signed up and has not confirmed does not get so far
        "USERSESSIONS_ADAPTER": "vsf_assets.portal.accounts.adapter.SessionsAdapter",
        "USERSESSIONS_TRACK_ACTIVITY": False,  # it would write at each request
    }


def _protection(is_secure: bool) -> dict[str, Any]:
    prefix = "__Host-" if is_secure else ""
    return {
        "SESSION_COOKIE_NAME": f"{prefix}vsf_session",
        "SESSION_COOKIE_AGE": 14 * 86_400,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": is_secure,
        "CSRF_COOKIE_NAME": f"{prefix}vsf_csrf",
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SECURE": is_secure,
        "CSRF_FAILURE_VIEW": "vsf_assets.portal.shared.error_pages.csrf_failure",
        "SECURE_HSTS_SECONDS": 365 * 86_400 if is_secure else 0,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": POLICY},
    }


def _mail(mail: MailServer | None) -> dict[str, Any]:
    if mail is None:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    return {
        "EMAIL_HOST": mail.host,
        "EMAIL_PORT": mail.port,
        "EMAIL_HOST_USER": mail.user,
        "EMAIL_HOST_PASSWORD": mail.password,
        "EMAIL_USE_SSL": mail.is_tls,
        "EMAIL_USE_TLS": not mail.is_tls and mail.host not in LOOPBACK,
        "EMAIL_TIMEOUT": 10,  # a thread of the worker waits
        "DEFAULT_FROM_EMAIL": mail.sender,
    }


def _logging() -> dict[str, Any]:
    """Log warnings and errors to standard error, with tracebacks; pages show none of it."""
    handler = {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_secrets"]}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
        "filters": {"no_secrets": {"()": "vsf_assets.portal.shared.secret_paths.SecretPathFilter"}},
        "handlers": {"stderr": handler},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"django.request": {"level": "ERROR"}, "django.security.DisallowedHost": {"level": "CRITICAL"}},
    }
