"""The shapes of the /auth endpoints."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from common.rest import StrictFieldsMixin


class LoginSerializer(StrictFieldsMixin):
    name = serializers.CharField(max_length=150, trim_whitespace=False)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)


class NewTokenRequestSerializer(StrictFieldsMixin):
    """An empty object: a token has nothing to choose."""


class TokenSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="token_key", help_text="The token's first characters.")
    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(source="expiry", allow_null=True)


class MeSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="username")
    groups = serializers.SlugRelatedField(  # type: ignore[var-annotated]
        slug_field="name", many=True, read_only=True
    )

    class Meta:
        model = User
        fields = ["id", "name", "email", "is_staff", "groups"]
        read_only_fields = fields


class NewTokenSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    token = serializers.CharField(help_text="Shown this once; only its hash is kept.")
    expires_at = serializers.DateTimeField(allow_null=True)
    user = MeSerializer()
