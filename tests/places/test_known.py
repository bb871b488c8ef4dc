"""places.csv, and the place of a post: by id, else by the nearest one, all counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.errors import BadOption, BadPlace, WriteFailed
from postplace.places.distance import great_circle_km
from postplace.places.known import (
    BY_DISTANCE,
    BY_ID,
    BY_NAME,
    COLUMNS,
    NO_LOCATION,
    SEVERAL,
    TOO_FAR,
    UNLISTED,
    KnownPlace,
    KnownPlaces,
    read_places,
    write_places,
)
from postplace.schema import Post

OPERA = KnownPlace("111", "Opera", 51.05, 13.73, "Travel", ("Semperoper", "opera house"))
BRIDGE = KnownPlace("222", "Bridge", 51.06, 13.73)
TOWN = KnownPlace("333", "The Town")
CITY = (OPERA, BRIDGE, TOWN)


def assigned(post: Post, *, radius_km: float = 0.5) -> tuple[Post, str]:
    """The post, and how its place was found."""
    known = KnownPlaces(CITY)
    post = known.assign(post, radius_km=radius_km)
    (how,) = known.counts
    return post, how


def test_the_location_id_comes_first() -> None:
    post, how = assigned(Post("1", venue="222", latitude=51.05, longitude=13.73, category="own", text="kept"))
    assert (post.place, how) == ("Bridge", BY_ID)
    assert (post.latitude, post.longitude) == (51.05, 13.73), "the post's own coordinates stay"
    assert (post.category, post.text, post.venue) == ("own", "kept", "222")


def test_a_place_gives_its_coordinates_and_category_where_the_post_has_none() -> None:
    post, _ = assigned(Post("1", venue="111", category="own"))
    assert (post.latitude, post.longitude, post.category) == (51.05, 13.73, "Travel")


def test_a_place_without_coordinates_is_found_by_id_alone() -> None:
    post, how = assigned(Post("1", venue="333"))
    assert (post.place, post.latitude, how) == ("The Town", None, BY_ID)
    assert KnownPlaces([TOWN]).assign(Post("1", latitude=0.0, longitude=0.0), radius_km=9e9).place is None


def test_the_nearest_within_the_radius() -> None:
    # 0.003 degrees of latitude are 0.003 * pi / 180 * 6371.0088 = 0.33358 km
    near = Post("1", venue="unknown", latitude=51.053, longitude=13.73)
    assert assigned(near, radius_km=0.3336)[1] == BY_DISTANCE
    assert assigned(near, radius_km=0.3336)[0].place == "Opera"
    post, how = assigned(Post("1", place="old", latitude=51.053, longitude=13.73), radius_km=0.3335)
    assert (post.place, how) == (None, TOO_FAR)


def test_without_a_location() -> None:
    post, how = assigned(Post("1"))
    assert (post.place, how) == (None, NO_LOCATION)


@pytest.mark.parametrize(
    ("place", "venue"),
    [("Opera", "Opera"), ("OPERA", None), (None, "ｏｐｅｒａ"), ("Semperoper", "999"), ("Opera  House", None)],
)
def test_a_check_in_is_found_by_its_name_or_an_alias(place: str | None, venue: str | None) -> None:
    post, how = assigned(Post("1", place=place, venue=venue))
    assert (post.place, post.category, post.latitude, how) == ("Opera", "Travel", 51.05, BY_NAME)


def test_a_name_that_is_not_in_the_list_is_no_place_of_it_and_is_counted() -> None:
    known = KnownPlaces(CITY)
    posts = [Post("1", place="Zoo", venue="7"), Post("2", place="Zoo", venue="Zoo"), Post("3", venue="unknown")]
    left = [(post.place, post.venue) for post in known.assign_many(posts, radius_km=1)]
    assert left == [(None, "7"), (None, "Zoo"), (None, "unknown")]
    assert known.counts == {UNLISTED: 3}
    assert known.unlisted == {"Zoo": 2, "unknown": 1}


def test_of_several_places_of_a_name_the_nearest_and_none_where_nobody_knows() -> None:
    branches = [KnownPlace("1", "Cafe", 51.05, 13.73), KnownPlace("2", "cafe", 51.06, 13.73), KnownPlace("3", "Cafe")]
    known = KnownPlaces([*branches, KnownPlace("4", "Kiosk", 51.0601, 13.73), TOWN])
    asked = [
        Post("a", place="CAFE", latitude=51.0601, longitude=13.73),  # at the kiosk, eleven metres from the second
        Post("b", place="Cafe"),
        Post("c", place="Cafe", latitude=40.0, longitude=13.73),  # another city's
        Post("d", place="Cafe (3)"),  # what a place of three is called
        Post("e", place="the town", latitude=40.0, longitude=13.73),  # a place without coordinates cannot be too far
    ]
    found = [post.place for post in known.assign_many(asked, radius_km=0.2)]
    assert found == ["cafe (2)", None, None, "Cafe (3)", "The Town"]
    assert known.counts == {BY_NAME: 3, SEVERAL: 1, TOO_FAR: 1}


def test_a_name_far_from_its_place_is_another_place() -> None:
    far = Post("1", place="Opera", latitude=51.06, longitude=13.73)  # 1.1 km from the opera, at the bridge
    assert assigned(far)[0].place == "Bridge"
    assert assigned(far, radius_km=2)[1] == BY_NAME


def test_near_the_pole_and_across_the_date_line() -> None:
    known = KnownPlaces([KnownPlace("w", "West", 0.0, -179.99), KnownPlace("p", "Pole", 89.99, 0.0), OPERA])
    assert known.assign(Post("1", latitude=0.0, longitude=179.99), radius_km=5).place == "West"
    assert known.assign(Post("2", latitude=89.99, longitude=180.0), radius_km=5).place == "Pole"


def test_many_posts_as_one_by_one_and_in_their_order() -> None:
    random = np.random.default_rng(0)
    points = random.uniform((51.0, 13.6), (51.1, 13.9), (200, 2))
    known = KnownPlaces(KnownPlace(str(n), f"p{n}", float(y), float(x)) for n, (y, x) in enumerate(points))
    posts = [Post(str(n), latitude=51.0 + n % 97 / 970, longitude=13.6 + n % 89 / 300) for n in range(10_000)]
    found = list(known.assign_many(posts, radius_km=0.7))
    assert [post.id for post in found] == [post.id for post in posts]
    assert known.counts.total() == 10_000
    for post in found[::501]:
        distances = great_circle_km(post.latitude or 0.0, post.longitude or 0.0, *points.T)
        expected = f"p{distances.argmin()}" if distances.min() <= 0.7 else None
        assert post.place == expected


def test_posts_are_taken_as_they_come() -> None:
    taken = 0

    def posts() -> Iterator[Post]:
        nonlocal taken
        for taken in range(1, 100_000):
            yield Post(str(taken))

    next(KnownPlaces(CITY).assign_many(posts(), radius_km=1))
    assert taken < 10_000


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan"), float("inf")])
def test_a_radius_is_above_zero(radius: float) -> None:
    with pytest.raises(BadOption, match=r"^radius_km: "):
        KnownPlaces(CITY).assign_many([], radius_km=radius)


def test_labels_are_names_where_they_are_unique() -> None:
    places = [KnownPlace("1", "Café"), KnownPlace("2", "CAFÉ"), KnownPlace("3", ""), KnownPlace("4", "Mill")]
    assert KnownPlaces(places).labels == ("Café (1)", "CAFÉ (2)", "3", "Mill")
    clash = KnownPlaces([KnownPlace("1", "A"), KnownPlace("2", "A"), KnownPlace("3", "A (1)")]).labels
    assert len(set(clash)) == 3


def write(path: Path, *lines: str, bom: bool = False) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig" if bom else "utf-8")
    return path


@pytest.mark.parametrize("bom", [False, True])
def test_a_file_of_places(tmp_path: Path, bom: bool) -> None:
    lines = ("category,place,name,latitude,longitude,aliases,extra", "Travel,111,森林 Opera,51.05,13.73, a;b ;;a,x")
    known = read_places(write(tmp_path / "places.csv", *lines, "", ',222,"A, B",,,,', bom=bom))
    assert known.places[0] == KnownPlace("111", "森林 Opera", 51.05, 13.73, "Travel", ("a", "b"))
    assert known.places[1] == KnownPlace("222", "A, B")


def test_only_the_id_is_needed(tmp_path: Path) -> None:
    assert read_places(write(tmp_path / "places.csv", "place", "111")).places == (KnownPlace("111", ""),)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    odd = KnownPlace("4", 'a "quoted", name', -33.123456789012345, -0.1, "x", ("y",))
    write_places([*CITY, odd], tmp_path / "places.csv")
    assert read_places(tmp_path / "places.csv").places == (*CITY, odd)
    assert (tmp_path / "places.csv").read_text().splitlines()[0] == ",".join(COLUMNS)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_places(CITY, tmp_path / "places.csv")

    def failing() -> Iterator[KnownPlace]:
        yield OPERA
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_places(failing(), tmp_path / "places.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["places.csv"]
    assert len(read_places(tmp_path / "places.csv")) == 3
    with pytest.raises(WriteFailed):
        write_places(CITY, tmp_path / "none" / "places.csv")


HEADER = ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((HEADER, "1,A,51,13,,", "1,B,52,13,,"), r"line 3, column 'place': '1' is the id of line 2 already; give"),
        ((HEADER, ",A,51,13,,"), r"line 2, column 'place': is empty"),
        ((HEADER, "1,A,91,13,,"), r"line 2, column 'latitude': '91' is not a latitude; .* -90 and 90"),
        ((HEADER, "1,A,51,180.5,,"), r"line 2, column 'longitude': '180.5' is not a longitude"),
        ((HEADER, '1,A,"51,05,1",13,,'), r"column 'latitude': '51,05,1' is not a latitude; .* as 51.05"),
        ((HEADER, "1,A,nan,13,,"), r"column 'latitude': 'nan'"),
        ((HEADER, "1,A,51,,,"), r"line 2, column 'longitude': is empty; give both"),
        ((HEADER, "1,A,51,13"), r"line 2: has 4 fields, the header has 6"),
        ((HEADER, "1,A,x,13,,", "2,B,51", ",C,51,13,,"), r"line 2.*and 2 more bad rows"),
        ((HEADER, '1,"A,51,13,,'), r"line 2: is not a row of CSV"),
        ((HEADER,), r"holds no places"),
        (("id,name", "1,A"), r"no column 'place' among 'id', 'name'"),
        (("place,name,name,place", "1,A,B,2"), r"the column 'place' is there twice"),
        (("place,latitude", "1,51"), r"no column 'longitude'"),
        (("",), r"no column 'place'"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadPlace, match=message) as raised:
        read_places(write(tmp_path / "places.csv", *lines))
    assert "places.csv" in raised.value.where


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadPlace, match="does not exist"):
        read_places(tmp_path / "none.csv")
    with pytest.raises(BadPlace, match="cannot be read"):
        read_places(tmp_path)
    (tmp_path / "latin.csv").write_bytes(b"place,name\n1,Caf\xe9\n")
    with pytest.raises(BadPlace, match="is not UTF-8"):
        read_places(tmp_path / "latin.csv")


@given(st.binary(max_size=200), st.booleans())
def test_no_file_makes_it_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes, header: bool) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes((HEADER.encode() + b"\n" if header else b"") + content)
    try:
        known = read_places(file)
    except BadPlace:
        return
    assert len(set(known.labels)) == len(known.places) > 0


@given(st.lists(st.tuples(st.text("1a() ", max_size=3), st.text("1a() ", max_size=3)), unique_by=lambda pair: pair[0]))
def test_no_two_labels_are_alike(pairs: list[tuple[str, str]]) -> None:
    known = KnownPlaces(KnownPlace(place, name) for place, name in pairs)
    assert len(set(known.labels)) == len(pairs)


def test_rows_that_are_the_header_again_are_passed_over_and_told(tmp_path: Path) -> None:
    header, path = "place,name,latitude,longitude", tmp_path / "places.csv"
    path.write_text(f"{header}\n1,Pier,1,2\n{header}\n2,Mill,3,4\n{header}\n", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"places\.csv: rows that are the header again, passed over: 2"):
        known = read_places(path)
    assert [place.name for place in known.places] == ["Pier", "Mill"]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_are_read(tmp_path: Path, separator: str) -> None:
    rows = (HEADER.replace(",", separator), separator.join(("1", "Mill", "51.5", "13.5", "sight", "Old Mill")))
    (place,) = read_places(write(tmp_path / "places.csv", *rows)).places
    assert place == KnownPlace("1", "Mill", 51.5, 13.5, "sight", ("Old Mill",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"PAR1\0",
            "is Parquet, not a table in CSV; give places.csv; `postplace import places` makes one of open data",
        ),
        (b'{"type": "FeatureCollection"}', "is JSON, not a table in CSV"),
        (b'\xef\xbb\xbf [{"place": 1}]', "is JSON, not a table in CSV"),
        (b"PK\x03\x04", "is an archive or a workbook, not a table in CSV"),
        (
            "place,name\n1,外滩的夜景".encode("gb18030"),
            "is not UTF-8 .it looks like GB18030 or GBK.*; save the file as UTF-8",
        ),
        ("place,name\n1,A".encode("utf-16"), "is not UTF-8 but UTF-16; save the file as UTF-8"),
    ],
)
def test_what_is_no_list_of_places_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "places.csv").write_bytes(content)
    with pytest.raises(BadPlace, match=message):
        read_places(tmp_path / "places.csv")
    with pytest.raises(BadPlace, match="it is a folder; give a file of places"):
        read_places(tmp_path)


def test_ids_of_places_are_the_ids_of_posts(tmp_path: Path) -> None:
    """A column of ids with a gap is one of floats in pandas, and `213385402.0` in its CSV."""
    known = read_places(write(tmp_path / "places.csv", HEADER, "213385402.0,Mill,51,13,,"))
    assert known.assign(Post("1", venue="213385402"), radius_km=1).place == "Mill"
    with pytest.raises(
        BadPlace, match=r"line 2, column 'place': '2.13385E\+08' is a rounded number; format the column"
    ):
        read_places(write(tmp_path / "places.csv", HEADER, "2.13385E+08,Mill,51,13,,"))


def test_a_table_of_excel_in_europe(tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text('place;name;latitude;longitude;category;aliases\n1;Pier, old;51,05;-13,5;Bar;"a;b"\n')
    assert read_places(file).places == (KnownPlace("1", "Pier, old", 51.05, -13.5, "Bar", ("a", "b")),)
    file.write_text("place;name;latitude;longitude;category;aliases\n1;Pier;51,05;-13,5;Bar;a;b\n")
    with pytest.raises(BadPlace, match="line 2: has 7 fields, the header has 6; put names with commas or semicolons"):
        read_places(file)
    file.write_text('place,latitude,longitude\n1,"51,05","13,5"\n')
    assert read_places(file).positions.tolist() == [[51.05, 13.5]]
