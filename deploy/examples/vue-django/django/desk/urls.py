from django.urls import include, path

from accounts import api, pages

urlpatterns = [
    path("oidc/", include("mozilla_django_oidc.urls")),
    path("desk/", pages.home, name="home"),
    path("api/me", api.me),
]
