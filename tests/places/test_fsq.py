"""FSQ OS Places: the box, the classes, the cuts; every row is kept or counted."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.errors import BadOption, BadPlace
from postplace.places import fsq
from postplace.places.fsq import Box, FsqPlaces, PostCounts, parse_box
from postplace.places.semantic import CLASSES, RULES, semantic_class
from postplace.schema import Post


def load_maker() -> ModuleType:
    file = Path(__file__).parents[1] / "data" / "fsq" / "make.py"
    spec = importlib.util.spec_from_file_location("fsq_make", file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


maker = load_maker()
BOX = Box(50.0, 13.0, 52.0, 14.0)


def names(found: FsqPlaces) -> list[str]:
    """The names of the places; every row must be kept or counted."""
    result = [place.name for place in found]
    assert found.kept == len(result)
    assert found.rows == found.kept + found.left_out.total(), found.left_out
    return result


def test_one_flaw_a_row_and_each_is_counted(tmp_path: Path) -> None:
    found = FsqPlaces(maker.make(tmp_path), box=BOX)
    first, second, third = list(found)
    assert (first.place, first.name, first.category) == ("1".zfill(24), "Golden Dragon", "Restaurant")
    assert (first.latitude, first.longitude) == (51.001, 13.5)
    assert (second.category, third.category) == ("Gym", "Shopping")
    assert found.left_out == {
        fsq.OUTSIDE: 3,
        fsq.CLOSED: 1,
        "reported as doesnt exist": 1,
        fsq.NO_NAME: 1,
        fsq.NO_CLASS: 1,
        fsq.NO_CATEGORY: 1,
        fsq.AGAIN: 1,
    }
    assert found.without_class == {maker.CHURCH: 1}
    assert names(found) == ["Golden Dragon", "Iron Hall", "City Arcade"], "and again"


def test_a_single_file_and_places_of_any_category(tmp_path: Path) -> None:
    file = maker.write(tmp_path / "one.parquet", maker.rows())
    kept = list(FsqPlaces(file, box=BOX, any_category=True))
    assert [(place.name, place.category) for place in kept[3:]] == [("St. Mary", ""), ("Nothing Said", "")]


def test_the_most_complete_records(tmp_path: Path) -> None:
    found = FsqPlaces(maker.make(tmp_path), box=BOX, max_places=2)
    assert names(found) == ["Iron Hall", "Golden Dragon"]  # 3 details, 2; City Arcade has none
    assert found.left_out[fsq.LESS_COMPLETE] == 1
    newer = [maker.place(n, f"n{n}", maker.MALL, date_refreshed=f"202{n}-01-01") for n in range(5)]
    again = FsqPlaces(maker.write(tmp_path / "b" / "x.parquet", newer), box=BOX, max_places=2)
    assert names(again) == ["n4", "n3"]


def test_places_near_enough_posts(tmp_path: Path) -> None:
    folder = maker.make(tmp_path)
    near = [Post(str(n), latitude=51.002, longitude=13.5) for n in range(2)]
    by_venue = [Post("v", venue="3".zfill(24)), Post("w", venue="3".zfill(24), latitude=51.002, longitude=13.5)]
    counts = PostCounts([*near, *by_venue, Post("nowhere")], radius_km=0.1)
    # the places are 0.111 km apart: 3 posts at Iron Hall, 1 at City Arcade by its id, none at Golden Dragon
    assert counts.near(list(FsqPlaces(folder, box=BOX))).tolist() == [0, 3, 1]
    found = FsqPlaces(folder, box=BOX, visits=counts, min_posts=3)
    assert names(found) == ["Iron Hall"]
    assert found.left_out[fsq.FEW_POSTS] == 3  # the id that is there twice is left out for its posts first
    wider = PostCounts(near, radius_km=0.112)
    assert wider.near(list(FsqPlaces(folder, box=BOX))).tolist() == [2, 2, 2]


def test_a_box_across_the_date_line(tmp_path: Path) -> None:
    rows = [maker.place(n, f"n{n}", maker.MALL, longitude=x) for n, x in enumerate((179.0, -179.0, 0.0, 170.0))]
    file = maker.write(tmp_path / "x.parquet", rows)
    assert names(FsqPlaces(file, box=parse_box("50,175,52,-175"))) == ["n0", "n1"]


def test_a_place_at_zero_is_nowhere_and_counted(tmp_path: Path) -> None:
    rows = [maker.place(1, "n1", maker.MALL, latitude=0.0, longitude=0.0), maker.place(2, "n2", maker.MALL)]
    found = FsqPlaces(maker.write(tmp_path / "a.parquet", rows), box=Box(-60.0, -30.0, 60.0, 30.0))
    assert names(found) == ["n2"]
    assert found.left_out == {fsq.NO_POSITION: 1}


def test_only_the_row_groups_of_the_box_are_read(tmp_path: Path) -> None:
    rows = [maker.place(n, f"n{n}", maker.MALL, latitude=float(n)) for n in range(40)]
    file = maker.write(tmp_path / "x.parquet", rows, rows_a_group=4)
    whole = file.read_bytes()
    ten = pq.ParquetFile(file).metadata.row_group(0).column(1)
    start = ten.dictionary_page_offset or ten.data_page_offset
    file.write_bytes(whole[:start] + b"\0" * ten.total_compressed_size + whole[start + ten.total_compressed_size :])
    assert names(FsqPlaces(file, box=Box(19.5, 13.0, 22.5, 14.0))) == ["n20", "n21", "n22"]
    with pytest.raises(BadPlace, match=r"x\.parquet: cannot be read as Parquet"):
        list(FsqPlaces(file, box=Box(-1.0, 13.0, 2.0, 14.0)))


def test_releases_before_the_flags(tmp_path: Path) -> None:
    file = maker.write(tmp_path / "x.parquet", maker.rows())
    pq.write_table(pq.read_table(file).drop(["unresolved_flags", "bbox", "geom", "tel"]), file)
    assert "Reported Noodles" in names(FsqPlaces(file, box=BOX))


@pytest.mark.parametrize("missing", fsq.NEEDED)
def test_a_missing_column_is_named(tmp_path: Path, missing: str) -> None:
    file = maker.write(tmp_path / "x.parquet", maker.rows())
    pq.write_table(pq.read_table(file).drop([missing]), file)
    with pytest.raises(BadPlace, match=f"no column '{missing}'"):
        list(FsqPlaces(file, box=BOX))


def test_columns_of_another_type_are_named(tmp_path: Path) -> None:
    for name, kind in (("latitude", pa.string()), ("fsq_category_labels", pa.string())):
        file = maker.write(tmp_path / "x.parquet", maker.rows())
        table = pq.read_table(file)
        column = pa.array([None] * table.num_rows, kind)
        pq.write_table(table.set_column(table.schema.get_field_index(name), name, column), file)
        with pytest.raises(BadPlace, match=f"column '{name}'"):
            list(FsqPlaces(file, box=BOX))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BadPlace, match="does not exist"):
        FsqPlaces(tmp_path / "none", box=BOX)
    with pytest.raises(BadPlace, match=r"no \.parquet files"):
        FsqPlaces(tmp_path, box=BOX)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no table PAR1")
    with pytest.raises(BadPlace, match=r"x\.parquet"):
        list(FsqPlaces(tmp_path, box=BOX))


def test_the_longest_path_decides() -> None:
    college = "Community and Government > Education > College and University"
    assert semantic_class([college]) == "School"
    assert semantic_class([f"{college} > College Gym"]) == "Gym"
    assert semantic_class(["Travel and Transportation > Lodging > Hotel"]) == "Travel"
    assert semantic_class(["Travel and Transportation > Fuel Station"]) == ""
    assert semantic_class(["Travel and Transportation > Fuel Station", "Retail > Convenience Store"]) == "Shopping"
    assert semantic_class(["Retailer", "Dining and Drinking>Bar"]) == "Restaurant"
    assert semantic_class([]) == ""
    assert set(RULES.values()) == {*CLASSES, ""}


@given(st.text())
def test_any_text_is_a_box_or_a_bad_option(text: str) -> None:
    try:
        box = parse_box(text)
    except BadOption:
        return
    assert -90 <= box.south < box.north <= 90


@given(st.lists(st.text()))
def test_any_labels_have_a_class_or_none(labels: list[str]) -> None:
    assert semantic_class(labels) in {*CLASSES, ""}


APPLE_DOUBLE = bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(200)


def test_what_a_mac_or_a_nas_left_is_passed_over_and_counted(tmp_path: Path) -> None:
    folder = maker.make(tmp_path / "fsq")
    expected = names(FsqPlaces(folder, box=BOX))
    (folder / "._places.parquet").write_bytes(APPLE_DOUBLE)
    (folder / "@eaDir").mkdir()
    (folder / "@eaDir" / "places.parquet").write_bytes(b"an index")
    found = FsqPlaces(folder, box=BOX)
    assert names(found) == expected
    assert found.strays == 2
    with pytest.raises(BadPlace, match="is a file that a Mac left beside another one"):
        list(FsqPlaces(folder / "._places.parquet", box=BOX))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("export.csv", b"fsq_place_id,name\n1,Pier\n", "is a CSV file: it is not FSQ OS Places; give the Parquet"),
        ("places.geojson", b'{"type": "FeatureCollection"}', "is GeoJSON: it is not"),
        ("places.bin", b"", "is no Parquet file"),
    ],
)
def test_another_format_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(BadPlace, match=message):
        list(FsqPlaces(file, box=BOX))
    with pytest.raises(BadPlace, match=rf"holds no .parquet files \(it holds {name}\)"):
        FsqPlaces(tmp_path, box=BOX)


def test_places_of_overture_are_named(tmp_path: Path) -> None:
    file = tmp_path / "overture.parquet"
    rows = [{"id": "1", "names": {"primary": "Pier"}, "categories": {"primary": "pier"}, "geometry": b""}]
    pq.write_table(pa.Table.from_pylist(rows), file)
    with pytest.raises(BadPlace, match="it is places of Overture Maps, not FSQ OS Places"):
        list(FsqPlaces(file, box=BOX))
