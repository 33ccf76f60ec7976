"""A login by django-allauth, as its manual tells.

For each way a line of JSON says where the browser is to go; the address where it came
back is read, and a line says who it was.
"""

import json
import sys
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.urls import include, path

app = json.loads(sys.argv[1])
here = urlsplit(app["redirect"])

settings.configure(
    SECRET_KEY="of the test",
    ALLOWED_HOSTS=[here.hostname],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.dingtalk",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    LOGIN_REDIRECT_URL="/in",
    SOCIALACCOUNT_PROVIDERS={
        "dingtalk": {
            "APP": {"client_id": app["id"], "secret": app["secret"]},
            "AUTH_PARAMS": {"prompt": "consent"},
        }
    },
)
django.setup()

urlpatterns = [path("", include("allauth.urls"))]


def send(way, address):
    print(json.dumps({"way": way, "address": address}), flush=True)
    return sys.stdin.readline().strip()


def main():
    from allauth.socialaccount.models import SocialAccount
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    way = "django-allauth"
    site = Client(HTTP_HOST=here.netloc)
    began = site.post("/dingtalk/login/")
    back = urlsplit(send(way, began.headers["Location"]))
    ended = site.get(f"{back.path}?{back.query}")
    if ended.headers.get("Location") != "/in":
        sys.exit(f"{ended.status_code} {ended.headers} {ended.context and ended.context.get('auth_error')}")
    told = SocialAccount.objects.get(user__id=site.session["_auth_user_id"]).extra_data
    print(json.dumps({"way": way, "unionId": told["unionId"], "nick": told["nick"]}), flush=True)


main()
