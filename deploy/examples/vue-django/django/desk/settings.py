"""What differs from place to place comes from the environment; README.md lists it."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).resolve().parent.parent


def from_file(name):
    """Secrets are in files that this service alone can read."""
    return Path(os.environ[name]).read_text(encoding="utf-8").strip()


APP_URL = os.environ["APP_URL"]  # https://desk.example.com, no slash at the end
ISSUER = os.environ["OIDC_ISSUER"]  # https://sso.example.com, byte for byte as in config.yaml
HTTPS = urlsplit(APP_URL).scheme == "https"

SECRET_KEY = from_file("DJANGO_SECRET_KEY_FILE")
ALLOWED_HOSTS = [urlsplit(APP_URL).hostname]
ROOT_URLCONF = "desk.urls"
WSGI_APPLICATION = "desk.wsgi.application"
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DESK_DATABASE", FOLDER / "desk.sqlite3"),
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "mozilla_django_oidc",
    "accounts",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Asks dingbridge again, by a redirect that nobody sees, once the time below is over.
    "accounts.login.Recheck",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]},
    }
]

# Cookies know no ports: without a name of its own the session would get in the way of
# another Django on the same host.
SESSION_COOKIE_NAME = "desk_session"
SESSION_COOKIE_SECURE = HTTPS
CSRF_USE_SESSIONS = True  # no cookie of its own
# The proxy in front speaks https, sets this header, and takes it from nobody else.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["accounts.login.Backend"]  # no passwords here
LOGIN_REDIRECT_URL = LOGIN_REDIRECT_URL_FAILURE = LOGOUT_REDIRECT_URL = "/desk/"

OIDC_RP_CLIENT_ID = "desk"
OIDC_RP_CLIENT_SECRET = from_file("OIDC_CLIENT_SECRET_FILE")
OIDC_RP_SCOPES = "openid profile"
OIDC_RP_SIGN_ALGO = "RS256"  # the package's default is HS256
OIDC_USE_PKCE = True  # S256; the package's default is none
OIDC_TOKEN_USE_BASIC_AUTH = True
OIDC_TIMEOUT = 10  # seconds; the package's default is for ever
OIDC_STORE_ID_TOKEN = True  # for the logout
OIDC_OP_AUTHORIZATION_ENDPOINT = ISSUER + "/authorize"
OIDC_OP_TOKEN_ENDPOINT = ISSUER + "/token"
OIDC_OP_USER_ENDPOINT = ISSUER + "/userinfo"
OIDC_OP_JWKS_ENDPOINT = ISSUER + "/jwks"
OIDC_OP_LOGOUT_URL_METHOD = "accounts.login.logout_url"
OIDC_EXEMPT_URLS = [re.compile("^/api/")]  # where no session counts, and a script would not follow
OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS = int(os.environ.get("DESK_RECHECK_SECONDS", "600"))
