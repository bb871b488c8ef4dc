"""Why a request is not answered."""

from __future__ import annotations

from postplace.server.http_errors import refuse


def test_a_refusal_has_a_status_and_the_three_parts_of_an_error() -> None:
    refusal = refuse(413, "body", "is too long", "send less")
    assert refusal.status == 413
    assert refusal.record == {"where": "body", "found": "is too long", "remedy": "send less"}
    assert refusal.headers == {}


def test_a_refusal_says_when_to_come_back_also_at_once() -> None:
    assert [refuse(429, "", "", "", retry_s=seconds).headers for seconds in (5, 0)] == [
        {"Retry-After": "5"},
        {"Retry-After": "0"},
    ]


def test_what_may_be_logged_of_a_refusal_is_its_status_alone() -> None:
    refusal = refuse(422, "key 'secret place'", "holds a secret", "send another")
    assert "secret" not in str(refusal)
    assert "secret" not in repr(refusal)
    assert str(refusal) == "422"
