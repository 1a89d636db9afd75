"""Which form an answer has, by what is accepted."""

import pytest
from rest_framework.test import APIClient

URL = "/api/v1/workflows"


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/json", "text/html, */*;q=0.1", "application/*"]
)
def test_who_takes_json_gets_it(api: APIClient, accept: str) -> None:
    answer = api.get(URL, headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_who_takes_something_else_is_refused(api: APIClient) -> None:
    assert api.get(URL, headers={"Accept": "text/csv"}).status_code == 406
    assert api.get(f"{URL}?format=csv", headers={"Accept": "*/*"}).status_code == 404
