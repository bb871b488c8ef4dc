"""Who is in an image, and what becomes of it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from postplace.errors import BadOption, BadWeights
from postplace.images.inpaint import find_inpainter
from postplace.images.persons import embedded
from postplace.images.persons.u2net import FILE, cache_places
from postplace.images.portrait import Mask, clean_image, find_segmenter, person_ratio
from postplace.synthetic.distractions import Person, add_person

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("cv2")


@dataclass(frozen=True)
class Told:
    """A segmenter that says what it was told."""

    answer: Mask
    name: str = "told"
    fingerprint: str = "told"

    def mask(self, image: Image.Image) -> Mask:
        """The answer."""
        return self.answer


@dataclass(frozen=True)
class Recording:
    """An inpainter that remembers the masks it got and paints everything white."""

    masks: list[Mask] = field(default_factory=list)
    name: str = "recording"
    fingerprint: str = "recording"

    def fill(self, image: Image.Image, mask: Mask) -> Image.Image:
        """All white."""
        self.masks.append(mask)
        return Image.new("RGB", image.size, "white")


def rows(people: int, *, of: int = 20) -> Mask:
    """A mask whose first rows are people."""
    return np.arange(of)[:, None].repeat(10, axis=1) < people


def write_u2net(path: Path, *, side: int = 320, last: str = "Sigmoid") -> Path:
    """A network of U2-Net's signature: bright pixels are people. Its second output says the opposite."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    taken = helper.make_tensor_value_info("input.1", kind, [1, 3, side, side])
    given = [helper.make_tensor_value_info(name, kind, [1, 1, side, side]) for name in ("d0", "d1")]
    nodes = [
        helper.make_node("ReduceMean", ["input.1"], ["mean"], axes=[1], keepdims=1),
        helper.make_node(last, ["mean"], ["d0"]),
        helper.make_node("Neg", ["d0"], ["d1"]),
    ]
    graph = helper.make_graph(nodes, "u2net", [taken], given)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of rembg without anything in it."""
    monkeypatch.setenv("U2NET_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


# ---------------------------------------------------------------------- the rule


def test_the_ratio_is_person_pixels_over_all() -> None:
    assert person_ratio(rows(3)) == 0.15
    assert person_ratio(np.zeros((0, 4), dtype=np.bool_)) == 0


@pytest.mark.parametrize(
    ("people", "limit", "dropped"), [(10, 0.5, False), (11, 0.5, True), (1, 0.0, True), (20, 1.0, False)]
)
def test_only_more_than_the_limit_is_dropped(people: int, limit: float, dropped: bool) -> None:
    image = Image.new("RGB", (10, 20))
    cleaned = clean_image(image, segmenter=Told(rows(people)), inpainter=Recording(), max_ratio=limit)
    assert cleaned.dropped == dropped
    assert cleaned.ratio == people / 20
    assert (cleaned.image is None) == dropped
    if cleaned.image is not None:
        assert cleaned.image.getpixel((0, 0)) == (255, 255, 255)


def test_the_default_limit_is_the_papers() -> None:
    image, inpainter = Image.new("RGB", (10, 20)), find_inpainter("none")
    assert not clean_image(image, segmenter=Told(rows(10)), inpainter=inpainter).dropped
    assert clean_image(image, segmenter=Told(rows(11)), inpainter=inpainter).dropped


def test_an_image_without_people_is_not_touched() -> None:
    image, inpainter = Image.new("RGB", (10, 20)), Recording()
    cleaned = clean_image(image, segmenter=Told(rows(0)), inpainter=inpainter)
    assert cleaned.image is image
    assert not inpainter.masks


def test_the_ratio_is_taken_before_the_mask_is_widened() -> None:
    inpainter = Recording()
    cleaned = clean_image(Image.new("RGB", (10, 20)), segmenter=Told(rows(5)), inpainter=inpainter)
    assert cleaned.ratio == 0.25
    assert (cleaned.mask == rows(5)).all()
    assert (inpainter.masks[0] == rows(7)).all()


@pytest.mark.parametrize("limit", [-0.1, 1.5, float("nan")])
def test_a_limit_that_is_no_share_is_refused(limit: float) -> None:
    with pytest.raises(BadOption, match="not a share"):
        clean_image(
            Image.new("RGB", (10, 20)), segmenter=Told(rows(0)), inpainter=find_inpainter("none"), max_ratio=limit
        )


# ---------------------------------------------------------------------- U2-Net


def test_u2net_marks_what_the_network_says(tmp_path: Path) -> None:
    image = Image.new("RGB", (200, 100), "black")
    image.paste("white", (0, 0, 50, 100))
    mask = find_segmenter("u2net", weights=write_u2net(tmp_path / "net.onnx")).mask(image)
    assert mask.shape == (100, 200)
    assert mask.dtype == np.bool_
    assert (mask == (np.arange(200) < 50)[None, :].repeat(100, axis=0)).mean() > 0.99
    assert mask[50, 10]
    assert not mask[50, 100]


@pytest.mark.parametrize(("grey", "person"), [(0, False), (200, True)])
def test_u2net_does_not_stretch_a_flat_answer(tmp_path: Path, grey: int, person: bool) -> None:
    """An image without people must not get a mask made of the small differences in it."""
    image = Image.new("RGB", (64, 64), (grey, grey, grey))
    mask = find_segmenter("u2net", weights=write_u2net(tmp_path / "net.onnx")).mask(image)
    assert mask.all() if person else not mask.any()


def test_u2net_travels_to_a_worker(tmp_path: Path) -> None:
    segmenter = find_segmenter("u2net", weights=write_u2net(tmp_path / "net.onnx"))
    again = pickle.loads(pickle.dumps(segmenter))
    assert again == segmenter
    assert again.fingerprint == segmenter.fingerprint
    assert len(pickle.dumps(segmenter)) < 1000, "the file stays where it is"
    assert again.mask(Image.new("RGB", (9, 7), "white")).all()


def test_missing_weights_name_the_file_the_places_and_the_way_out(no_cache: Path) -> None:
    with pytest.raises(BadWeights) as caught:
        find_segmenter("u2net")
    message = str(caught.value)
    assert FILE in message
    assert "'embedded'" in message
    assert str(no_cache / "models" / "u2net_human_seg" / FILE) in message
    assert str(no_cache / FILE) in message
    assert "\n" not in message


@pytest.mark.parametrize("where", ["models/u2net_human_seg", "."])
def test_auto_takes_the_cached_weights(no_cache: Path, where: str) -> None:
    assert find_segmenter().name == "embedded"
    (no_cache / where).mkdir(parents=True)
    write_u2net(no_cache / where / FILE)
    assert find_segmenter().name == "u2net"


def test_auto_does_not_hide_damaged_weights(no_cache: Path) -> None:
    no_cache.mkdir()
    (no_cache / FILE).write_bytes(b"cut short")
    with pytest.raises(BadWeights, match="not an ONNX network"):
        find_segmenter()


@pytest.mark.parametrize(
    ("environment", "first", "second"),
    [
        ({}, "~/.rembg/models/u2net_human_seg", "~/.u2net"),
        ({"U2NET_HOME": "/u"}, "/u/models/u2net_human_seg", "/u"),
        ({"U2NET_HOME": "/u", "REMBG_HOME": "/r", "XDG_DATA_HOME": "/x"}, "/u/models/u2net_human_seg", "/u"),
        ({"REMBG_HOME": "/r"}, "/r/models/u2net_human_seg", "~/.u2net"),
        ({"XDG_DATA_HOME": "/x"}, "/x/rembg/models/u2net_human_seg", "/x/.u2net"),
    ],
)
def test_the_cache_is_where_rembg_keeps_it(environment: dict[str, str], first: str, second: str) -> None:
    assert cache_places(environment) == tuple(Path(folder).expanduser() / FILE for folder in (first, second))


@pytest.mark.parametrize(
    ("options", "message"), [({"side": 64}, r"takes \(1, 3, 64, 64\)"), ({"last": "Exp"}, "other than a probability")]
)
def test_another_network_is_refused(tmp_path: Path, options: dict[str, str], message: str) -> None:
    path = write_u2net(tmp_path / "net.onnx", **options)  # type: ignore[arg-type]
    with pytest.raises(BadWeights, match=message):
        find_segmenter("u2net", weights=path)


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [("u2nett", None, "did you mean 'u2net'"), ("embedded", Path("a.onnx"), "no use for a.onnx")],
)
def test_what_cannot_be_meant_is_refused(name: str, weights: Path | None, message: str) -> None:
    with pytest.raises(BadOption, match=message):
        find_segmenter(name, weights=weights)


# ---------------------------------------------------------------------- the embedded one


@pytest.fixture(scope="module")
def portrait() -> tuple[Image.Image, Mask]:
    """Somebody drawn in front of a wall."""
    person = Person(80, 80, 26)
    pixels = np.linspace(150, 215, 160)[:, None, None] * np.array([0.8, 0.95, 1.1])
    wall = Image.fromarray(np.broadcast_to(pixels, (160, 160, 3)).astype(np.uint8))
    return add_person(wall, person, Random(7)), person.mask(160, 160)


def test_the_embedded_one_finds_a_face_and_what_hangs_on_it(portrait: tuple[Image.Image, Mask]) -> None:
    image, truth = portrait
    found = find_segmenter("embedded").mask(image)
    assert found.shape == truth.shape
    assert found.dtype == np.bool_
    assert (found & truth).sum() / (found | truth).sum() > 0.75
    assert abs(found.mean() - truth.mean()) < 0.1


def test_a_face_is_found_at_the_edge_too(portrait: tuple[Image.Image, Mask]) -> None:
    image, _ = portrait
    selfie = image.crop((56, 56, 104, 112))
    assert find_segmenter("embedded").mask(selfie).mean() > 0.4


def test_the_mask_does_not_depend_on_what_came_before(portrait: tuple[Image.Image, Mask]) -> None:
    segmenter = find_segmenter("embedded")
    first = segmenter.mask(portrait[0])
    segmenter.mask(portrait[0].transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert (pickle.loads(pickle.dumps(segmenter)).mask(portrait[0]) == first).all()


def test_the_work_is_bounded(portrait: tuple[Image.Image, Mask], monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    original = embedded.find_faces

    def measured(grey: embedded.Grey) -> list[embedded.Face]:
        sizes.append(grey.shape)
        return original(grey)

    monkeypatch.setattr(embedded, "find_faces", measured)
    mask = find_segmenter("embedded").mask(portrait[0].resize((1600, 1600)))
    assert sizes == [(320, 320)]
    assert mask.shape == (1600, 1600)
    assert mask.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (3, 2), (64, 20), (320, 320)])
def test_images_of_any_shape_without_people(size: tuple[int, int]) -> None:
    mask = find_segmenter("embedded").mask(Image.new("RGB", size, (90, 160, 90)))
    assert mask.shape == size[::-1]
    assert not mask.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2), (30, 200)])
@pytest.mark.parametrize("face", [(0, 0, 24, 24), (-30, -30, 200, 200), (90, 90, 10, 10), (5, 5, 0.5, 0.5)])
def test_no_face_box_breaks_the_cut(size: tuple[int, int], face: tuple[float, float, float, float]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert embedded._cut(pixels, [embedded.Face(*face)]).shape == pixels.shape[:2]


def test_one_person_is_counted_once() -> None:
    face = embedded.Face(100, 50, 40, 40)
    assert embedded._same_person(embedded.Face(105, 52, 38, 38), face)
    assert embedded._same_person(embedded.Face(110, 120, 30, 30), face), "a badge on the chest"
    assert not embedded._same_person(embedded.Face(190, 50, 40, 40), face), "a neighbour"
