"""What no login in a browser shows. Run with `python manage.py test`."""

import json
import time
from unittest import mock

import requests
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.test import TestCase
from jwt import ExpiredSignatureError
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from accounts.login import Backend
from accounts.models import Person


class Login(TestCase):
    def verify(self, **other):
        claims = {"iss": settings.ISSUER, "aud": "desk", "sub": "one", "exp": time.time() + 60} | other
        with mock.patch.object(OIDCAuthenticationBackend, "verify_token", return_value=claims):
            return Backend().verify_token("signed")

    def test_tokens_of_others_are_refused(self):
        self.assertEqual(self.verify()["sub"], "one")
        for other in (
            {"iss": settings.ISSUER + "/"},
            {"aud": "desk-web"},
            {"aud": ["desk", "desk-web"]},
            {"aud": None},
            {"exp": time.time() - 1},
            {"exp": 0},
        ):
            with self.subTest(other), self.assertRaises(SuspiciousOperation):
                self.verify(**other)
        expired = mock.patch.object(OIDCAuthenticationBackend, "verify_token", side_effect=ExpiredSignatureError)
        with expired, self.assertRaises(SuspiciousOperation):
            Backend().verify_token("signed")

    def test_accounts_are_found_by_issuer_and_sub_alone(self):
        told = {"iss": settings.ISSUER, "sub": "one", "nickname": "三哥", "name": "张三", "email": "z@example.com", "preferred_username": "zhangsan"}
        backend = Backend()
        first = backend.create_user(told)
        self.assertEqual(backend.filter_users_by_claims(told).get(), first)
        self.assertEqual(backend.update_user(first, told | {"nickname": "老三"}).pk, first.pk)
        self.assertEqual(Person.objects.get().nick, "老三")
        for other in ({"sub": "two"}, {"sub": "ONE"}, {"iss": "https://other.example.com"}):
            self.assertFalse(backend.filter_users_by_claims(told | other).exists(), other)
            self.assertNotEqual(backend.create_user(told | other).pk, first.pk, other)

    def test_who_is_switched_off_here_is_out(self):
        person = Backend().create_user({"iss": settings.ISSUER, "sub": "one"})
        self.assertEqual(Backend().get_user(person.pk), person)
        Person.objects.update(is_active=False)
        self.assertIsNone(Backend().get_user(person.pk))


class Leaver(TestCase):
    def test_whose_time_is_over_sends_no_form(self):
        self.client.force_login(Backend().create_user({"iss": settings.ISSUER, "sub": "one"}))
        for left, status in ((60, 200), (-1, 401)):
            session = self.client.session
            session["oidc_id_token_expiration"] = time.time() + left
            session.save()
            for method in ("post", "put", "delete", "head"):
                self.assertEqual(getattr(self.client, method)("/desk/").status_code, status, method)
        self.assertEqual(self.client.get("/desk/").status_code, 302)  # to be asked again
        self.assertEqual(self.client.post("/oidc/logout/").status_code, 302)  # whoever wants to go may


class API(TestCase):
    def me(self, introspection, userinfo=None, status=200, **headers):
        answers = {settings.ISSUER + "/introspect": introspection, settings.ISSUER + "/userinfo": userinfo}

        def answer(url, **_):
            said = requests.Response()
            said.status_code, said._content = 200, json.dumps(answers[url]).encode()
            if url.endswith("/userinfo"):
                said.status_code = status
            return said

        with mock.patch("requests.post", answer), mock.patch("requests.get", answer):
            return self.client.get("/api/me", headers=headers or {"Authorization": "Bearer token"})

    def test_only_live_tokens_for_this_app_count(self):
        alive = {"active": True, "iss": settings.ISSUER, "aud": ["desk-web", "desk"], "sub": "one"}
        claims = {"sub": "one", "nickname": "三哥"}
        self.assertEqual(self.me(alive, claims).json()["nick"], "三哥")
        for other in ({"active": False}, {"active": "true"}, {"iss": "https://other.example.com"}, {"aud": ["desk-web"]}, {"aud": "desk-web"}, {"aud": None}):
            self.assertEqual(self.me(alive | other, claims).status_code, 401, other)
        self.assertEqual(self.me({}, claims).status_code, 401)
        self.assertEqual(self.me(alive, {"sub": "two"}).status_code, 401)
        self.assertEqual(self.me(alive, claims, 401).status_code, 401)  # over since the first question
        self.assertEqual(self.me(alive, claims, 503).status_code, 503)
        for header in ("", "Bearer", "Bearer ", "Basic token"):
            self.assertEqual(self.me(alive, claims, Authorization=header).status_code, 401, header)
        self.assertEqual(Person.objects.count(), 1)

    def test_a_session_is_no_token(self):
        person = Backend().create_user({"iss": settings.ISSUER, "sub": "one"})
        self.client.force_login(person)
        self.assertEqual(self.client.get("/api/me").status_code, 401)

    def test_who_is_switched_off_here_is_out(self):
        alive = {"active": True, "iss": settings.ISSUER, "aud": "desk", "sub": "one"}
        self.me(alive, {"sub": "one"})
        Person.objects.update(is_active=False)
        self.assertEqual(self.me(alive, {"sub": "one"}).status_code, 403)
