"""The login of the server's own pages: what mozilla-django-oidc leaves to be said."""

import time
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import JsonResponse
from jwt import InvalidTokenError
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.middleware import SessionRefresh

from accounts.models import Person


class Backend(OIDCAuthenticationBackend):
    def verify_token(self, token, **kwargs):
        """The package checks signature and nonce; here from whom it is, for whom, and until when."""
        try:
            claims = super().verify_token(token, **kwargs)
        except InvalidTokenError as fault:
            raise SuspiciousOperation("the ID token is not valid") from fault
        if claims.get("iss") != settings.ISSUER:
            raise SuspiciousOperation("the ID token is from somebody else")
        if claims.get("aud") not in (settings.OIDC_RP_CLIENT_ID, [settings.OIDC_RP_CLIENT_ID]):
            raise SuspiciousOperation("the ID token is for somebody else")
        if claims.get("exp", 0) < time.time():
            raise SuspiciousOperation("the ID token has expired")
        return claims

    def get_userinfo(self, access_token, id_token, payload):
        return payload  # the ID token has it all, signed

    def verify_claims(self, claims):
        return bool(claims.get("sub"))

    def filter_users_by_claims(self, claims):
        """The package would look for the e-mail address."""
        return Person.objects.filter(issuer=claims["iss"], sub=claims["sub"])

    def create_user(self, claims):
        return Person.objects.told(claims["iss"], claims)

    def update_user(self, user, claims):
        return Person.objects.told(claims["iss"], claims)

    def get_user(self, user_id):
        """Whoever an administrator switched off here is out, whatever dingbridge says."""
        person = super().get_user(user_id)
        return person if person and person.is_active else None


class Recheck(SessionRefresh):
    """The package has whoever opens a page be asked again, and lets all else by: with forms, somebody
    who has left would go on for as long as the cookie lasts. They cannot be sent on, and are refused."""

    def process_request(self, request):
        if request.method == "GET":
            return super().process_request(request)
        over = request.session.get("oidc_id_token_expiration", 0) <= time.time()
        if over and request.user.is_authenticated and request.path not in self.exempt_urls:
            return JsonResponse({"error": "login_required"}, status=401)


def logout_url(request):
    """Where a logout goes on, so that the session at dingbridge ends too. The ID token shows
    that it is the person's own wish: without it dingbridge asks them first."""
    query = {"client_id": settings.OIDC_RP_CLIENT_ID, "post_logout_redirect_uri": settings.APP_URL + "/desk/"}
    if hint := request.session.get("oidc_id_token"):
        query["id_token_hint"] = hint
    return settings.ISSUER + "/end_session?" + urlencode(query)
