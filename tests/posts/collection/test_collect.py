"""Collecting with Instaloader's own objects; Instagram is a class in this file, and any other request fails."""

from __future__ import annotations

import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

instaloader = pytest.importorskip("instaloader")

import requests  # noqa: E402  # comes with instaloader
import urllib3  # noqa: E402

from postplace.errors import BadOption, WriteFailed  # noqa: E402
from postplace.posts.collection import collect as module  # noqa: E402
from postplace.posts.collection.collect import JOURNAL, Location, collect, log_in, make_loader  # noqa: E402

OPERA, BRIDGE = Location("111", "Opera"), Location("222", "Bridge")
IMAGE = b"\xff\xd8 an image"
PAGE = 3  # posts


def media(code: str, second: int, *, kind: int = 1) -> dict[str, Any]:
    """A post as Instagram sends it to a location's page: 1 image, 2 video, 8 several images."""
    image = {"image_versions2": {"candidates": [{"url": f"https://cdn.example/{code}.jpg?x=1"}]}}
    found: dict[str, Any] = {
        "code": code,
        "pk": str(second),
        "media_type": kind,
        "taken_at": 1_700_000_000 + second,
        "caption": {"text": f"caption of {code} #tag"},
        "has_liked": False,
        "like_count": 1,
        "user": {"pk": "7", "username": "someone", "is_private": False, "full_name": "", "profile_pic_url": ""},
        "location": {"pk": 111, "name": "Opera", "lat": 51.05, "lng": 13.73},
    }
    if kind == 2:
        found["video_versions"] = [{"url": f"https://cdn.example/{code}.mp4?x=1"}]
    if kind == 8:
        found["carousel_media"] = [image | {"media_type": 1}, image | {"media_type": 1}]
    return found | image


class Instagram:
    """The answers to the library's requests; `fail[n]` is the answer to the n-th page asked for instead (from 1)."""

    def __init__(self) -> None:
        self.places: dict[str, list[Any]] = {}
        self.fail: dict[int, tuple[int, Any]] = {}
        self.no_image: dict[str, int] = {}
        self.pages: list[tuple[str, str | None]] = []  # location, cursor
        self.images: list[str] = []

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        url = urlsplit(request.url or "")
        if url.hostname == "cdn.example":
            code = url.path.strip("/").partition(".")[0]
            self.images.append(code)
            return self.no_image.get(code, 200), {"Content-Type": "image/jpeg"}, IMAGE
        if url.hostname == "www.instagram.com" and url.path.startswith("/explore/locations/"):
            cursor = parse_qs(url.query).get("max_id", [None])[0]
            return self.page(url.path.split("/")[3], cursor)
        raise AssertionError(f"an unexpected request: {request.url}")

    def page(self, location: str, cursor: str | None) -> tuple[int, dict[str, str], bytes]:
        self.pages.append((location, cursor))
        status, said = self.fail.get(len(self.pages), (200, None))
        if status == 302:
            return 302, {"location": said}, b""
        if said is not None:
            return status, {}, json.dumps(said).encode()
        start = int(cursor or 0)
        if location not in self.places:
            return 404, {}, b"{}"
        posts = self.places[location]
        rows = [{"layout_content": {"medias": [{"media": post}]}} for post in posts[start : start + PAGE]]
        more = start + PAGE < len(posts)
        recent = {"sections": [*rows, {"layout_content": {}}], "more_available": more}
        recent |= {"next_max_id": str(start + PAGE)} if more else {}
        return 200, {}, json.dumps({"native_location_data": {"recent": recent}, "status": "ok"}).encode()


@pytest.fixture
def instagram(monkeypatch: pytest.MonkeyPatch) -> Instagram:
    """What answers in place of the network."""
    server = Instagram()

    def send(_: object, request: requests.PreparedRequest, **options: object) -> requests.Response:
        status, headers, body = server.answer(request)
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url or "", request
        response.headers.update(headers)
        response.raw = urllib3.HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    server.places = {
        "111": [media(f"o{n}", n) for n in range(1, 8)],
        "222": [media("b1", 1), media("b2", 2, kind=8), media("b3", 3, kind=2)],
    }
    return server


Loader = Callable[[], Any]


def logged_in(folder: Path, **options: Any) -> Any:
    """A loader that takes no pauses of its own."""
    made = make_loader(folder, **options)
    made.context.sleep, made.context.quiet = False, True
    made.load_session("tester", {"csrftoken": "c", "sessionid": "s"})
    return made


@pytest.fixture
def loader(dump: Path) -> Loader:
    """`loader()`: a new one, as a new process would make it."""
    return lambda: logged_in(dump, pause=0, sleep=lambda seconds: None)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """The folder that `loader` fills; its braces must not be taken for a pattern."""
    return tmp_path / "dump {1}"


def codes(dump: Path) -> list[str]:
    """The shortcodes of the posts in a dump, each read from its metadata."""
    found = []
    for file in sorted(dump.rglob("*.json.xz")):
        with lzma.open(file) as content:
            found.append(json.load(content)["node"]["shortcode"])
    return sorted(found)


def test_the_dump_is_the_one_instaloader_writes(instagram: Instagram, loader: Loader, dump: Path) -> None:
    got = collect([OPERA, BRIDGE], dump, loader=loader())
    assert (got.finished, got.posts, got.stopped) == (2, 9, None)
    assert got.left_out == {module.VIDEO: 1}
    assert sorted(path.name for path in (dump / "%222").iterdir()) == [
        "2023-11-14_22-13-21_UTC.jpg",
        "2023-11-14_22-13-21_UTC.json.xz",
        "2023-11-14_22-13-21_UTC.txt",
        "2023-11-14_22-13-22_UTC.json.xz",
        "2023-11-14_22-13-22_UTC.txt",
        "2023-11-14_22-13-22_UTC_1.jpg",
        "2023-11-14_22-13-22_UTC_2.jpg",
    ]
    assert (dump / "%222" / "2023-11-14_22-13-21_UTC.jpg").read_bytes() == IMAGE
    post = instaloader.load_structure_from_file(
        loader().context, str(dump / "%222" / "2023-11-14_22-13-21_UTC.json.xz")
    )
    assert (post.shortcode, post.caption) == ("b1", "caption of b1 #tag")
    assert instagram.pages == [("111", None), ("111", "3"), ("111", "6"), ("222", None)]


def test_a_video_among_images_is_not_downloaded(instagram: Instagram, loader: Loader, dump: Path) -> None:
    mixed = media("m", 1, kind=8)
    mixed["carousel_media"][0] |= {"media_type": 2, "video_versions": [{"url": "https://cdn.example/m.mp4?x=1"}]}
    instagram.places["222"] = [mixed]
    assert collect([BRIDGE], dump, loader=loader()).posts == 1
    assert [path.name for path in (dump / "%222").glob("*_[0-9].*")] == ["2023-11-14_22-13-21_UTC_2.jpg"]


def test_what_is_finished_is_not_asked_for_again(instagram: Instagram, loader: Loader, dump: Path) -> None:
    collect([OPERA, BRIDGE], dump, loader=loader())
    instagram.pages.clear()
    instagram.images.clear()
    got = collect([OPERA, BRIDGE], dump, loader=loader())
    assert (got.finished, got.posts, instagram.pages, instagram.images) == (2, 0, [], [])


@pytest.mark.parametrize("after", range(1, 9))
def test_killed_anywhere_it_goes_on(
    instagram: Instagram, loader: Loader, dump: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    class Killed(BaseException):
        pass

    whole = instaloader.InstaloaderContext.get_raw

    def get_raw(context: Any, url: str) -> Any:
        if len(instagram.images) == after:
            raise Killed
        return whole(context, url)

    with monkeypatch.context() as patch:
        patch.setattr(instaloader.InstaloaderContext, "get_raw", get_raw)
        with pytest.raises(Killed):
            collect([OPERA, BRIDGE], dump, loader=loader())
    got = collect([OPERA, BRIDGE], dump, loader=loader())
    assert got.finished == 2
    assert codes(dump) == ["b1", "b2", *(f"o{n}" for n in range(1, 8))]
    assert len(instagram.images) == 10, "no image is downloaded twice"


def test_a_dump_without_its_journal_is_not_downloaded_again(instagram: Instagram, loader: Loader, dump: Path) -> None:
    collect([OPERA], dump, loader=loader())
    (dump / JOURNAL).unlink()
    half = next((dump / "%111").glob("*.json.xz"))
    half.write_bytes(half.read_bytes()[:40])
    instagram.images.clear()
    got = collect([OPERA], dump, loader=loader())
    assert (got.posts, got.known, instagram.images) == (1, 6, [])
    assert len(codes(dump)) == 7


def test_two_posts_of_one_second_are_both_kept(instagram: Instagram, loader: Loader, dump: Path) -> None:
    instagram.places["111"] = [media("one", 5), media("two", 5), media("three", 5, kind=8)]
    collect([OPERA], dump, loader=loader())
    assert codes(dump) == ["one", "three", "two"]
    assert (dump / "%111" / "2023-11-14_22-13-25_UTC_two.jpg").exists()
    assert (dump / "%111" / "2023-11-14_22-13-25_UTC_three_2.jpg").exists()
    (dump / JOURNAL).unlink()
    assert collect([OPERA], dump, loader=loader()).known == 3


def test_at_most_so_many_posts_a_place_and_more_later(instagram: Instagram, loader: Loader, dump: Path) -> None:
    assert collect([OPERA], dump, loader=loader(), max_posts=4).posts == 4
    assert collect([OPERA], dump, loader=loader(), max_posts=4).posts == 0
    assert collect([OPERA], dump, loader=loader(), max_posts=6).posts == 2
    assert codes(dump) == [f"o{n}" for n in range(1, 7)]
    assert collect([OPERA], dump, loader=loader()).posts == 1


LOGIN = "https://www.instagram.com/accounts/login/?next=/explore/"
STOPS = {
    "were too many requests": (429, {"status": "fail", "message": "rate limited"}),
    "too many requests": (401, {"status": "fail", "message": "Please wait a few minutes before you try again."}),
    "wants a login": (302, LOGIN),
    "wants the account confirmed": (400, {"status": "fail", "message": "checkpoint_required"}),
    "account confirmed": (400, {"status": "fail", "message": "feedback_required"}),
    "cannot be reached": (201, {}),
}


@pytest.mark.parametrize("found", STOPS)
def test_a_limit_ends_it_with_what_it_has(instagram: Instagram, loader: Loader, dump: Path, found: str) -> None:
    instagram.fail = dict.fromkeys(range(3, 9), STOPS[found])
    got = collect([OPERA, BRIDGE], dump, loader=loader())
    assert (got.finished, got.posts) == (0, 6)
    assert got.stopped is not None
    assert found in got.stopped.found
    assert got.stopped.remedy
    assert len(codes(dump)) == 6
    tries = 3 if STOPS[found][0] in (201, 401) else 1  # a limit is not tried again, a failure as the library has it
    assert len(instagram.pages) == 2 + tries
    instagram.fail = {}
    instagram.pages.clear()
    got = collect([OPERA, BRIDGE], dump, loader=loader())
    assert (got.finished, got.stopped) == (2, None)
    assert instagram.pages[0] == ("111", "6"), "it goes on where it was"
    assert len(codes(dump)) == 9


def test_a_location_that_is_gone_is_counted_and_passed(instagram: Instagram, loader: Loader, dump: Path) -> None:
    said: list[str] = []
    got = collect([Location("999", "Old Mill"), BRIDGE], dump, loader=loader(), log=said.append)
    assert (got.finished, got.posts, got.stopped) == (1, 2, None)
    assert got.without == {module.UNKNOWN: 1}
    assert said == ["Old Mill: unknown to Instagram", "Bridge: 2 posts"]


def test_an_expired_bookmark_begins_again(instagram: Instagram, loader: Loader, dump: Path) -> None:
    collect([OPERA], dump, loader=loader(), max_posts=5)
    instagram.fail = {len(instagram.pages) + 1: (400, {"status": "fail", "message": "bad cursor"})}
    instagram.images.clear()
    got = collect([OPERA], dump, loader=loader())
    assert (got.posts, got.known, got.stopped) == (2, 5, None)
    assert instagram.images == ["o6", "o7"]


def test_answers_of_another_form_end_it_after_five(instagram: Instagram, loader: Loader, dump: Path) -> None:
    instagram.fail = dict.fromkeys(range(1, 9), (200, {"status": "ok", "data": None}))
    got = collect([Location(str(n)) for n in range(1, 9)], dump, loader=loader())
    assert got.without == {module.UNREADABLE: 5}
    assert got.stopped is not None
    assert len(instagram.pages) == 5


def test_posts_of_another_form_are_counted(instagram: Instagram, loader: Loader, dump: Path) -> None:
    strange = media("s", 1) | {"media_type": 99}
    instagram.places["111"] = [None, strange, media("good", 2), "text", {"code": "t"}]
    got = collect([OPERA], dump, loader=loader())
    assert (got.posts, got.left_out, got.stopped) == (1, {module.ODD: 4}, None)
    instagram.places["222"] = [media(f"s{n}", n) | {"media_type": 99} for n in range(9)]
    got = collect([BRIDGE], dump, loader=loader())
    assert got.stopped is not None
    assert "5 posts in a row" in got.stopped.found


def test_images_that_are_gone_are_counted(instagram: Instagram, loader: Loader, dump: Path) -> None:
    instagram.no_image = {"o2": 404, "o3": 403, "o5": 500}
    got = collect([OPERA], dump, loader=loader())
    assert (got.posts, got.stopped) == (4, None)
    assert got.left_out == {module.NO_IMAGE: 2, module.NO_DOWNLOAD: 1}
    assert codes(dump) == ["o1", "o4", "o6", "o7"]


def test_no_image_at_all_ends_it(instagram: Instagram, loader: Loader, dump: Path) -> None:
    instagram.no_image = {f"o{n}": 500 for n in range(1, 8)}
    got = collect([OPERA], dump, loader=loader())
    assert got.stopped is not None
    assert got.posts == 0
    instagram.no_image = {}
    assert collect([OPERA], dump, loader=loader()).posts >= 4, "those of the page it was at are tried again"


def test_pages_without_end_and_without_posts(instagram: Instagram, loader: Loader, dump: Path) -> None:
    def page(number: int) -> tuple[int, Any]:
        recent = {"sections": [], "more_available": True, "next_max_id": str(number)}
        return 200, {"native_location_data": {"recent": recent}, "status": "ok"}

    instagram.fail = {number: page(number) for number in range(1, 99)}
    assert collect([OPERA], dump, loader=loader()).finished == 1
    assert len(instagram.pages) == 5


def test_a_full_disk_is_said(instagram: Instagram, loader: Loader, monkeypatch: pytest.MonkeyPatch, dump: Path) -> None:
    def write_raw(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(instaloader.InstaloaderContext, "write_raw", write_raw)
    with pytest.raises(WriteFailed, match="No space left"):
        collect([OPERA], dump, loader=loader())


def test_requests_lie_apart(instagram: Instagram, dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    slept: list[float] = []
    said: list[str] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("time.monotonic", lambda: now[0])
    collect([OPERA], dump, loader=logged_in(dump, pause=20, log=said.append, sleep=sleep))
    assert slept == [20.0, 20.0], "before the second and the third page"
    assert said == ["waiting 20 s, as Instaloader's rule asks"] * 2


def test_a_damaged_journal_is_named(instagram: Instagram, loader: Loader, dump: Path) -> None:
    dump.mkdir()
    for content in ('{"format": 1, "loc', "[]", '{"format": 9}', '{"format": 1, "locations": {"1": {"posts": "x"}}}'):
        (dump / JOURNAL).write_text(content)
        with pytest.raises(BadOption, match=JOURNAL):
            collect([OPERA], dump, loader=loader())


@pytest.mark.parametrize("wrong", ["", "4bf58dd8", "-1", "１２"])
def test_an_id_must_be_digits(loader: Loader, dump: Path, wrong: str) -> None:
    with pytest.raises(BadOption, match="location id"):
        collect([Location(wrong, "x")], dump, loader=loader())


def test_no_session_and_nobody_to_ask(loader: Loader, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="instaloader --login me"):
        log_in(loader(), "me", session=tmp_path / "none", ask=False)
    (tmp_path / "bad").write_bytes(b"no session")
    with pytest.raises(BadOption, match="cannot be read"):
        log_in(loader(), "me", session=tmp_path / "bad", ask=True)


def test_a_session_is_used_and_a_password_only_asked_for(
    loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, file = loader(), tmp_path / "session"
    asked: list[str] = []

    def login(self: Any, user: str, password: str) -> None:
        asked.append(password)
        self.context.load_session(user, {"csrftoken": "c", "sessionid": "new"})

    monkeypatch.setattr(instaloader.Instaloader, "login", login)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "secret")
    log_in(made, "me", session=file, ask=True)
    assert (asked, made.context.username, made.context.quiet) == (["secret"], "me", True)
    assert b"secret" not in file.read_bytes()
    again = loader()
    log_in(again, "me", session=file, ask=False)
    assert (len(asked), again.save_session()["sessionid"]) == (1, "new")


def test_a_refused_password_is_said(loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def login(self: Any, user: str, password: str) -> None:
        raise instaloader.LoginException("Login error: fail status")

    monkeypatch.setattr(instaloader.Instaloader, "login", login)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "secret")
    with pytest.raises(BadOption, match="could not log in"):
        log_in(loader(), "me", session=tmp_path / "none", ask=True)
