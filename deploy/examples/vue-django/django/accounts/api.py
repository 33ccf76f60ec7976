"""The API of the page: a resource server, that takes access tokens and no cookies."""

from functools import wraps

import requests
from django.conf import settings
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.models import Person


def refused(status, error):
    return JsonResponse({"error": error}, status=status, headers={"WWW-Authenticate": f'Bearer error="{error}"'})


def bearer(view):
    """The view is for who shows an access token that is alive, and for this app (RFC 7662).

    dingbridge is asked each time, so that a logout, and a leaver, are noticed at the next
    call. Whoever cannot ask lets nobody in.
    """

    @csrf_exempt  # no cookie counts, so no other page can make use of one
    @wraps(view)
    def checked(request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return refused(401, "invalid_request")
        try:
            answer = requests.post(
                settings.ISSUER + "/introspect",
                data={"token": token},
                auth=(settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET),
                timeout=settings.OIDC_TIMEOUT,
            )
            answer.raise_for_status()
            told = answer.json()
        except requests.RequestException:
            return refused(503, "temporarily_unavailable")
        audience = told.get("aud") or []
        mine = settings.OIDC_RP_CLIENT_ID in ([audience] if isinstance(audience, str) else audience)
        if told.get("active") is not True or told.get("iss") != settings.ISSUER or not mine:
            return refused(401, "invalid_token")
        return view(request, token, told["sub"])

    return checked


@bearer
def me(request, token, sub):
    """Who it is. A view that needs no names does without the second question."""
    try:
        answer = requests.get(settings.OIDC_OP_USER_ENDPOINT, headers={"Authorization": "Bearer " + token}, timeout=settings.OIDC_TIMEOUT)
        if answer.status_code == 401:  # it has ended since the question before
            return refused(401, "invalid_token")
        answer.raise_for_status()
        claims = answer.json()
    except requests.RequestException:
        return refused(503, "temporarily_unavailable")
    if claims.get("sub") != sub:
        return refused(401, "invalid_token")
    person = Person.objects.told(settings.ISSUER, claims)
    if not person.is_active:
        return refused(403, "access_denied")
    return JsonResponse({"account": person.pk, "nick": person.nick, "name": person.name}, headers={"Cache-Control": "no-store"})
