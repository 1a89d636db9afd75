"""Many workflows changed with one request."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.rest import StrictFieldsMixin, caller
from workflows.bulk import MAX_TAGS, MAX_WORKFLOWS, Done, change_many


class BulkSerializer(StrictFieldsMixin):
    """What is to be done, and with which workflows."""

    action = serializers.ChoiceField(["archive", "restore", "tag", "untag", "publish"])
    ids = serializers.ListField(
        child=serializers.CharField(max_length=100), min_length=1, max_length=MAX_WORKFLOWS
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=50),
        max_length=MAX_TAGS,
        required=False,
        default=list,
        help_text="For `tag` and `untag`, which need one at least.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Tags where they are meant, and only there."""
        if bool(attrs["tags"]) != (attrs["action"] in ("tag", "untag")):
            raise serializers.ValidationError(
                {"tags": ["Give tags with the actions tag and untag, and only with them."]}
            )
        return attrs


class BulkErrorSerializer(serializers.Serializer[Any]):
    """Why one workflow was not changed."""

    code = serializers.CharField()
    detail = serializers.CharField()


class BulkRowSerializer(serializers.Serializer[Any]):
    """What became of one workflow."""

    id = serializers.CharField()
    is_done = serializers.BooleanField()
    error = BulkErrorSerializer(allow_null=True)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """What became of each, in the order of the request."""

    done = serializers.IntegerField(help_text="How many.")
    results = BulkRowSerializer(many=True)


class BulkView(APIView):
    """Many workflows at once."""

    @extend_schema(
        operation_id="change_workflows",
        summary="Change many workflows",
        request=BulkSerializer,
        responses={200: BulkAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Each is changed for itself: those that can't be are told with a reason, the others are done."""
        body = BulkSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        results: list[Done] = change_many(
            given["action"], given["ids"], by=caller(request), tags=given["tags"]
        )
        done = sum(one.is_done for one in results)
        return Response(BulkAnswerSerializer({"done": done, "results": results}).data)
