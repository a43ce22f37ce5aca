"""Everybody asks for everything: no person's pixel, no source and no secret reaches who may not see it.

The addresses are those of the portal's own table of routes, each filled with what there really is: a route that can't
be filled fails, and so does one that answers nobody.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest
import simplejpeg
from fastapi.routing import iter_route_contexts

from services.portal.roles import ROLES
from services.runtime.settings import KafkaSettings
from tests.portal.delivery.scene import HEIGHT, PERSON, WIDTH, picture, within
from tests.portal.whole_world import EPISODES, FILM, NOBODY, OF_NO_CAMERA, OPEN, QUARANTINED, SHUT, WHO, World, original
from tests.portal.whole_world import whole_world as made_world

pytestmark = pytest.mark.integration

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EVERY_METHOD = (NOBODY, "admin")
"""Who asks by the methods that a route does not have, too."""
WITHOUT_ANSWER = {"/operations/sign-in/openid", "/operations/sign-in/openid/callback"}
"""There is no provider here: tests of signing in by one ask for these."""
HOST = "kamera.dinas.internal"
HIDDEN = within(PERSON.box)
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Asked(NamedTuple):
    """An answer, who got it, and the route's path as the table has it."""

    who: str
    method: str
    route: str
    url: str
    answer: httpx.Response

    @property
    def is_original(self) -> bool:
        """Tell whether this is what an operator gets who has typed a reason: the frame as it was captured."""
        by_right = self.who in ("operator", "admin") and self.method == "POST" and self.route.endswith("/original")
        return by_right and self.answer.status_code == 200


@pytest.fixture(scope="module")
def world(kafka: KafkaSettings, clickhouse_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(kafka, clickhouse_port, tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def asked(world: World) -> list[Asked]:
    """Everything that was asked for, with what was answered; what ends a session comes last."""
    return [one for who in WHO for one in _ask_all(world, who)]


def routes(world: World) -> list[Any]:
    """Give the table, with what lies beside it."""
    return sorted(iter_route_contexts(world.pages.router.routes), key=lambda route: route.path.endswith("/sign-out"))


def filled(world: World, route: Any) -> list[str]:
    """Give a route's addresses."""
    required = [each.alias for each in route.dependant.query_params if each.field_info.is_required()]
    names = [*_PARAMETER.findall(route.path), *required]
    unknown = set(names) - set(world.named)
    assert not unknown, f"{route.path}: say in whole_world what {unknown} may be, so that this route is asked for"
    found = []
    for values in itertools.product(*(world.named[name] for name in names)):
        told = dict(zip(names, values, strict=True))
        path = _PARAMETER.sub(lambda match, told=told: told[match[1]], route.path)  # type: ignore[misc]
        query = "&".join(f"{name}={told[name]}" for name in required)
        found.append(path + (f"?{query}" if query else ""))
    return found


def _ask_all(world: World, who: str) -> Iterator[Asked]:
    with world.client(who) as client:
        for url in [*world.named["frame"], *world.named["film"]]:
            yield Asked(who, "GET", url.rpartition("/")[0].replace(SHUT, "x"), url, client.get(url))
        for camera_id in world.named["camera_id"]:
            yield _live(client, who, f"/live/{camera_id}")
        for route in routes(world):
            first, *others = filled(world, route)
            methods = METHODS if who in EVERY_METHOD else sorted(route.methods)
            for url, asked_by in [(first, methods), *((each, sorted(route.methods)) for each in others)]:
                for method in asked_by:
                    data = None if method in ("GET", "HEAD") else {"form_token": world.tokens[who], "reason": "To see"}
                    yield Asked(who, method, route.path, url, client.request(method, url, data=data))


def _live(client: httpx.Client, who: str, url: str) -> Asked:
    """Take what a stream says at once: it has no end."""
    with client.stream("GET", url) as answer:
        text = next(answer.iter_bytes(), b"")
    told = httpx.Response(answer.status_code, headers=answer.headers, content=text, request=answer.request)
    return Asked(who, "GET", "/live/{camera_id}", url, told)


def pictures(asked: list[Asked]) -> list[Asked]:
    return [one for one in asked if one.answer.content and one.answer.headers.get("content-type") == "image/jpeg"]


def likeness(jpeg: bytes) -> float:
    """Give how much of the person in any of the frames a picture still shows: a correlation of pixels."""
    shown = simplejpeg.decode_jpeg(jpeg, "GRAY")[..., 0]
    rows, columns = (np.arange(size) * shown.shape[axis] // size for axis, size in enumerate((HEIGHT, WIDTH)))
    mine = shown[np.ix_(rows, columns)][HIDDEN].ravel().astype(float)
    frames = (picture(number)[..., 0][HIDDEN].ravel().astype(float) for number in range(7))
    return max(float(np.corrcoef(mine, frame)[0, 1]) for frame in frames)


def test_what_is_no_route_of_the_table_is_asked_for_too(world: World) -> None:
    assert world.prefixes == {"/frames/", "/live/", "/static/"}, "a new prefix: ask for what it answers, here"


def test_every_route_answers_somebody(world: World, asked: list[Asked]) -> None:
    answered = {one.route for one in asked if one.answer.status_code < 400}
    silent = {route.path for route in routes(world) if "GET" in route.methods} - answered
    assert silent <= WITHOUT_ANSWER
    assert {"/live/{camera_id}", f"/frames/{OPEN}", f"/recorded/{OPEN}"} <= answered


def test_nothing_breaks_by_being_asked(asked: list[Asked]) -> None:
    broken = [one[:4] for one in asked if one.answer.status_code >= 500 and one.answer.status_code != 503]
    assert broken == [], "503 says that what is asked for can't be had just now"


def test_only_operations_change_anything(world: World, asked: list[Asked]) -> None:
    for route in routes(world):
        assert route.path.startswith("/operations") or route.methods <= {"GET", "HEAD"}, route.path
    known = {(route.path, method) for route in routes(world) for method in route.methods}
    for one in asked:
        if (one.route, one.method) not in known and one.method not in ("GET", "HEAD"):
            assert 400 <= one.answer.status_code < 500, one[:4]


def test_nobody_reaches_what_is_for_people_who_are_signed_in(asked: list[Asked]) -> None:
    for one in asked:
        if one.who == NOBODY and one.url.startswith("/operations") and one.answer.status_code < 400:
            assert one.answer.status_code == 303 or one.route == "/operations/sign-in", one[:4]
            assert one.answer.headers.get("location", "/operations/sign-in").startswith("/operations/sign-in")


def test_no_picture_shows_anybody_but_an_original_to_an_operator_with_a_reason(asked: list[Asked]) -> None:
    found = pictures(asked)
    assert {one.who for one in found} == set(WHO)
    for one in found:
        assert one.is_original == (likeness(one.answer.content) > 0.6), one[:4]
    assert {one.who for one in found if one.is_original} == {"operator", "admin"}


def test_no_byte_of_an_original_lies_in_any_other_answer(asked: list[Asked]) -> None:
    slices = [original(number)[-600:-400] for number in range(7)]
    for one in asked:
        if not one.is_original:
            assert not any(each in one.answer.content for each in slices), one[:4]


def test_who_may_not_see_a_camera_gets_no_picture_and_no_film_of_it(asked: list[Asked]) -> None:
    for one in asked:
        if one.who not in (NOBODY, OF_NO_CAMERA) or one.answer.status_code >= 400:
            continue
        is_seen = one.answer.headers.get("content-type") == "image/jpeg" or FILM in one.answer.content
        assert not (is_seen and SHUT in one.url), one[:4]
        if is_seen and QUARANTINED in one.url:
            assert one.route == f"/frames/{QUARANTINED}", one[:4]
            assert int(one.url.rpartition("-")[2].removesuffix(".jpg")) < 2, "withdrawn from the third frame on"


def test_who_may_not_see_a_camera_does_not_read_of_it(asked: list[Asked]) -> None:
    for one in asked:
        if one.who in (NOBODY, OF_NO_CAMERA):
            if SHUT in one.url or EPISODES[SHUT] in one.url:
                to_sign_in = one.who == NOBODY and one.answer.headers.get("location", "").startswith(
                    "/operations/sign-in?"
                )
                assert one.answer.status_code >= 400 or to_sign_in, one[:4]
            else:
                assert SHUT not in one.answer.text, one[:4]


def test_a_source_is_read_by_operators_alone_and_a_secret_by_nobody(world: World, asked: list[Asked]) -> None:
    for one in asked:
        if HOST in one.answer.text:
            assert (one.who, one.route) in {(who, "/operations/cameras/{camera_id}") for who in ("operator", "admin")}
        assert not any(secret in one.answer.text for secret in world.secrets), one[:4]


def test_every_answer_has_its_policy_and_none_of_a_session_is_kept(asked: list[Asked]) -> None:
    for one in asked:
        headers = one.answer.headers
        assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"], one[:4]
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
        if one.url.startswith("/operations") or (SHUT in one.url and one.answer.status_code == 200):
            assert "no-store" in headers["cache-control"], one[:4]
            assert "public" not in headers["cache-control"], one[:4]


def test_a_cookie_is_out_of_reach_of_scripts_and_other_places(asked: list[Asked]) -> None:
    cookies = [(one, cookie) for one in asked for cookie in one.answer.headers.get_list("set-cookie")]
    assert cookies
    for one, cookie in cookies:
        assert "HttpOnly" in cookie, one[:4]
        assert "SameSite=lax" in cookie, one[:4]


def test_a_lower_role_is_refused_by_every_route_of_a_higher_one(world: World, asked: list[Asked]) -> None:
    least = {
        (route.path, method): call.least
        for route in routes(world)
        for method in route.methods
        for each in route.dependant.dependencies
        if hasattr(call := each.call, "least")
    }
    assert len(least) >= 20
    for one in asked:
        role = WHO[one.who] and WHO[one.who][0]  # type: ignore[index]
        needed = least.get((one.route, one.method))
        if role is not None and needed is not None and ROLES.index(role) < ROLES.index(needed):
            assert one.answer.status_code == 403, one[:4]
