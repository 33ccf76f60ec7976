from uuid import uuid4

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models


class People(UserManager):
    def told(self, issuer, claims):
        """The account of whom the claims tell of; made at the first login, by either way.

        It is found by issuer and sub, which never change hands. Nick, name, e-mail address
        and username are shown to people, and nobody is found by them.
        """
        return self.update_or_create(
            issuer=issuer,
            sub=claims["sub"],
            defaults={"nick": claims.get("nickname", ""), "name": claims.get("name", "")},
            create_defaults={
                "nick": claims.get("nickname", ""),
                "name": claims.get("name", ""),
                # Django wants one. Nobody logs in by it.
                "username": uuid4().hex,
            },
        )[0]


class Person(AbstractUser):
    issuer = models.CharField(max_length=255)
    sub = models.CharField(max_length=255)
    nick = models.CharField(max_length=255)
    name = models.CharField(max_length=255)

    objects = People()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "sub"], name="one_account_for_each_sub")]
