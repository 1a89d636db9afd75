"""The /auth endpoints."""

from typing import Any

from django.contrib.auth import authenticate, logout
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from knox.models import AuthToken
from knox.settings import knox_settings
from rest_framework import permissions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.errors import DomainError
from common.rest import caller
from workflowsite.accounts.serializers import (
    LoginSerializer,
    MeSerializer,
    NewTokenRequestSerializer,
    NewTokenSerializer,
    TokenSerializer,
)
from workflowsite.accounts.throttling import LoginThrottle
from workflowsite.accounts.tokens import (
    create_token,
    issue_token,
    revoke_token,
    revoke_tokens,
    valid_tokens,
)


class WrongCredentials(DomainError):
    """A name and password that do not belong together, or a user who may not log in: they look alike."""

    status = 401
    code = "wrong_credentials"


class LoginView(APIView):
    """Name and password for a token."""

    # No session here: an old cookie must not ask for a CSRF token.
    authentication_classes: list[Any] = []
    permission_classes = [permissions.AllowAny]
    throttle_classes = [LoginThrottle]

    @extend_schema(
        operation_id="log_in",
        summary="Log in",
        request=LoginSerializer,
        responses={
            200: NewTokenSerializer,
            401: OpenApiResponse(description="Name and password do not belong together."),
        },
    )
    def post(self, request: Request) -> Response:
        """Log in; the token is shown this once."""
        body = LoginSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        name, password = body.validated_data["name"], body.validated_data["password"]
        user = authenticate(request, username=name, password=password)
        if not isinstance(user, User):
            raise WrongCredentials("This name and password do not belong together.")
        with transaction.atomic():
            given = issue_token(user)
            user_logged_in.send(sender=User, request=request, user=user, token=given["id"])
        return Response(NewTokenSerializer(given).data)


class LogoutView(APIView):
    """The end of a token or session."""

    @extend_schema(operation_id="log_out", summary="Log out", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Delete the token that was sent, or end the session."""
        if isinstance(request.auth, AuthToken):
            with transaction.atomic():
                request.auth.delete()
                user_logged_out.send(sender=User, request=request, user=request.user)
        else:
            logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """The caller."""

    @extend_schema(operation_id="read_me", summary="Who am I", responses={200: MeSerializer})
    def get(self, request: Request) -> Response:
        """Who is asking."""
        assert isinstance(request.user, User)
        return Response(MeSerializer(request.user).data)


class TokensView(APIView):
    """The caller's tokens."""

    @extend_schema(
        operation_id="list_tokens",
        summary="List tokens",
        responses={200: TokenSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The caller's valid tokens, newest first, at most 50: never the tokens themselves, and no expired ones."""
        rows = valid_tokens(caller(request))[: knox_settings.TOKEN_LIMIT_PER_USER]
        return Response(TokenSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="create_token",
        summary="Make a token",
        request=NewTokenRequestSerializer,
        responses={201: NewTokenSerializer},
    )
    def post(self, request: Request) -> Response:
        """One more token, shown this once."""
        NewTokenRequestSerializer(data=request.data).is_valid(raise_exception=True)
        given = create_token(caller(request))
        return Response(NewTokenSerializer(given).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="delete_tokens", summary="Delete all tokens", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Delete all of the caller's tokens, this request's too."""
        revoke_tokens(caller(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TokenView(APIView):
    """One of the caller's tokens."""

    @extend_schema(
        operation_id="delete_token",
        summary="Delete a token",
        parameters=[OpenApiParameter("token_id", str, OpenApiParameter.PATH)],
        responses={204: None},
    )
    def delete(self, request: Request, token_id: str) -> Response:
        """Delete one token, named by its first characters."""
        revoke_token(caller(request), token_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
