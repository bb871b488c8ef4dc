"""How well people are found: ratio error, false alarms, misses, decisions at 0.5, pictures a second of one processor.

The pictures: two photographs of people that scikit-image carries, close-ups from them, their people cut out by hand and
put before other photographs (masks known); its photographs without people and scikit-learn's two; people and other
things drawn for the synthetic city (masks known); and the 25 x 25 faces and non-faces of scikit-image's `lfw_subset`,
which have no masks: a face counts as nothing but person there, and the ratio error leaves them out. The embedded
segmenter's few thresholds were chosen with some of these pictures in view: its false alarms are a lower bound.
`--skin` draws the same ten daylight pictures with people of each of the city's skin colours and counts who is found.
usage: python benchmarks/portraits.py [--weights u2net_human_seg.onnx] [--sheet portraits.png] [--skin]
"""

from __future__ import annotations

import argparse
import io
import itertools
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from postplace.errors import BadWeights
from postplace.images.decode import decode
from postplace.images.inpaint import find_inpainter
from postplace.images.portrait import MAX_RATIO, PersonSegmenter, clean_image, find_segmenter, person_ratio
from postplace.images.sheet import Row, contact_sheet
from postplace.synthetic import distractions
from postplace.synthetic.distractions import add_person, draw_irrelevant, person_covering
from postplace.synthetic.images import LIGHTS, SKIN, draw_place
from postplace.synthetic.landmarks import SCENES

SOME = 0.02  # a smaller ratio counts as nobody
DRAWN_BY_DAY = 10
PERSON_FREE = (
    "brick.png", "cell.png", "chelsea.png", "clock_motion.png", "coffee.png", "coins.png", "color.png", "grass.png",
    "gravel.png", "horse.png", "hubble_deep_field.jpg", "ihc.png", "logo.png", "moon.png", "motorcycle_left.png",
    "motorcycle_right.png", "page.png", "retina.jpg", "rocket.jpg", "text.png",
)  # fmt: skip
BACKGROUNDS = ("brick.png", "chelsea.png", "coffee.png", "grass.png", "motorcycle_left.png", "rocket.jpg")
SAME = "the same"
SMALL = 128  # px of the longer side: pictures as thumbnails, or as a data set ships them
SIZES = (0.4, 0.7, 1.0, 2.2)  # of the pasted 512 x 512 square to the background's height
CLOSE_UPS = {  # left, top, right, bottom: half length, head and shoulders, head
    "astronaut.png": ((20, 0, 365, 512), (100, 0, 340, 300), (150, 20, 305, 190)),
    "camera.png": ((0, 100, 260, 512), (0, 60, 290, 420), (150, 60, 275, 215)),
}
OUTLINES = {  # drawn by hand, in pixels of the 512 x 512 photograph; without the helmet, without the camera
    "astronaut.png": (
        190, 30, 210, 20, 235, 16, 262, 22, 285, 38, 298, 62, 301, 85, 294, 112, 278, 134, 268, 137, 262, 150, 256, 174,
        280, 190, 298, 215, 304, 235, 322, 246, 340, 265, 350, 290, 358, 320, 362, 348, 345, 352, 325, 365, 308, 382,
        293, 405, 282, 435, 277, 470, 277, 512, 35, 512, 28, 480, 25, 455, 20, 420, 22, 390, 27, 350, 33, 325, 45, 290,
        60, 260, 78, 240, 100, 222, 115, 210, 113, 190, 122, 185, 130, 165, 145, 152, 165, 148, 183, 148, 182, 132,
        172, 128, 160, 108, 154, 85, 156, 62, 170, 45,
    ),
    "camera.png": (
        160, 107, 165, 90, 178, 74, 195, 65, 215, 66, 240, 78, 258, 96, 270, 115, 269, 128, 254, 131, 253, 145,
        255, 160, 247, 172, 246, 185, 240, 194, 242, 213, 244, 230, 247, 245, 265, 228, 262, 215, 270, 208, 290, 210,
        292, 200, 300, 190, 318, 185, 321, 168, 330, 172, 332, 190, 325, 205, 312, 222, 300, 230, 295, 240, 304, 272,
        288, 285, 265, 303, 245, 312, 225, 305, 206, 293, 190, 315, 165, 350, 140, 380, 148, 420, 151, 512, 135, 512,
        128, 490, 110, 460, 99, 446, 95, 480, 91, 512, 0, 512, 0, 256, 20, 230, 35, 200, 55, 165, 75, 145, 100, 132,
        130, 124, 145, 110,
    ),
}  # fmt: skip

Mask = NDArray[np.bool_]


class Sample(NamedTuple):
    """A JPEG and the share of it that is people; `exact` where that is known from a mask."""

    jpeg: bytes
    ratio: float
    exact: bool = True


class Result(NamedTuple):
    """What a segmenter said of a group of pictures."""

    name: str
    truth: NDArray[np.float64]
    found: NDArray[np.float64]
    exact: bool


def main() -> None:
    """Print a table for each segmenter that can run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="U2-Net's ONNX file; else rembg's cache")
    parser.add_argument("--sheet", type=Path, help="write a sheet of some pictures, as the last segmenter sees them")
    parser.add_argument("--skin", action="store_true", help="only count who is found by the colour of their skin")
    options = parser.parse_args()
    segmenters = [find_segmenter("embedded")]
    try:
        segmenters.append(find_segmenter("u2net", weights=options.weights))
    except BadWeights as error:
        print(f"u2net: not run. {error}\n")
    if options.skin:
        for segmenter in segmenters:
            report_skin(segmenter)
        return
    groups = pictures()
    for segmenter in segmenters:
        report(segmenter, groups)
    if options.sheet:
        write_sheet(options.sheet, segmenters[-1], groups)


def pictures() -> dict[str, list[Sample]]:
    """The groups by name; the last two are those without masks."""
    faces = np.load(_sample("lfw_subset.npy"))  # 100 faces, then 100 pieces without a face
    small = [Image.fromarray((face * 255).astype(np.uint8)).convert("RGB") for face in faces]
    return {
        "photographs, people": [_sample_of(*pair) for pair in _people()],
        "photographs, nobody": [Sample(_jpeg(picture), 0.0) for picture in _nobody()],
        f"{SAME} at {SMALL} px, people": [_sample_of(*_shrunk(*pair)) for pair in _people()],
        f"{SAME} at {SMALL} px, nobody": [Sample(_jpeg(_shrunk(picture)[0]), 0.0) for picture in _nobody()],
        "drawn, people": [_sample_of(*pair) for pair in _drawn_people(24)],
        "drawn, nobody": [Sample(_jpeg(picture), 0.0) for picture in _drawn_nobody(24)],
        "25 x 25 faces": [Sample(_jpeg(picture), 1.0, exact=False) for picture in small[:100]],
        "25 x 25 other": [Sample(_jpeg(picture), 0.0, exact=False) for picture in small[100:]],
    }


def report(segmenter: PersonSegmenter, groups: dict[str, list[Sample]]) -> None:
    """The table and the speed of one segmenter."""
    segmenter.mask(Image.new("RGB", (64, 64)))  # loads what it needs
    results, bare, whole = [], 0.0, 0.0
    for name, samples in groups.items():
        found = []
        for sample in samples:
            started = time.process_time()
            picture = decode(sample.jpeg)
            decoded = time.process_time()
            found.append(person_ratio(segmenter.mask(picture)))
            whole += time.process_time() - started
            bare += decoded - started
        truth = np.array([sample.ratio for sample in samples])
        results.append(Result(name, truth, np.array(found), samples[0].exact))
    total = sum(map(len, groups.values()))
    print(f"**{segmenter.name}** ({segmenter.fingerprint[:60]})\n")
    print("| pictures | number | ratio error | false alarms | misses | dropped, rightly | kept, rightly |")
    print("|---|---|---|---|---|---|---|")
    for result in (
        *results,
        _together("all with masks, whole", [r for r in results if r.exact and SAME not in r.name]),
    ):
        print(_line(result))
    print(
        f"\n{total / whole:.1f} pictures a second of one processor with decoding, {total / bare:.0f} decoded alone: "
        f"{bare / whole:.3f} of bare decoding.\n",
        flush=True,
    )


def report_skin(segmenter: PersonSegmenter) -> None:
    """How many of ten drawn people are found, for each colour of skin, from the lightest to the darkest."""
    print(f"**{segmenter.name}** ({segmenter.fingerprint[:60]})\n")
    print("| skin (red, green, blue) | found |")
    print("|---|---|")
    for colour in sorted(SKIN, key=sum, reverse=True):
        drawn = [_drawn_by_day(number, colour) for number in range(DRAWN_BY_DAY)]
        found = sum(person_ratio(segmenter.mask(decode(_jpeg(picture)))) >= SOME for picture in drawn)
        print(f"| {colour} | {found} of {len(drawn)} |")
    print(flush=True)


def _line(result: Result) -> str:
    free, people = result.truth == 0, result.truth > 0
    error = f"{np.abs(result.found - result.truth).mean():.3f}" if result.exact else ""
    alarms = f"{(result.found[free] > SOME).sum()} of {free.sum()}" if free.any() else ""
    misses = f"{(result.found[people] < SOME).sum()} of {people.sum()}" if people.any() else ""
    full = result.truth > MAX_RATIO
    dropped = f"{(result.found[full] > MAX_RATIO).sum()} of {full.sum()}" if full.any() else ""
    kept = f"{(result.found[~full] <= MAX_RATIO).sum()} of {(~full).sum()}" if not full.all() else ""
    return f"| {result.name} | {len(result.truth)} | {error} | {alarms} | {misses} | {dropped} | {kept} |"


def _together(name: str, results: Sequence[Result]) -> Result:
    truth, found = (np.concatenate([getattr(result, part) for result in results]) for part in ("truth", "found"))
    return Result(name, truth, found, exact=True)


def write_sheet(path: Path, segmenter: PersonSegmenter, groups: dict[str, list[Sample]]) -> None:
    """Before, people and after of some pictures of each group with masks."""
    inpainter, rows = find_inpainter(), []
    for name, samples in groups.items():
        for sample in [sample for sample in samples if sample.exact][:: max(1, len(samples) // 4)]:
            picture = decode(sample.jpeg)
            cleaned = clean_image(picture, segmenter=segmenter, inpainter=inpainter)
            decision = "dropped" if cleaned.dropped else "filled" if cleaned.ratio > 0 else "unchanged"
            truth = f"{name}, truly {100 * sample.ratio:.0f} %"
            words = f"{truth}\npeople {100 * cleaned.ratio:.1f} %\n{decision}"
            rows.append(Row(picture, cleaned.mask, cleaned.image, words))
    contact_sheet(rows).save(path)


# ---------------------------------------------------------------------- the pictures


def _people() -> Iterator[tuple[Image.Image, Mask]]:
    """The two photographs, close-ups from them, and their people before eight others, every other one mirrored."""
    for name in OUTLINES:
        for box in ((0, 0, 512, 512), *CLOSE_UPS[name]):
            yield _photograph(name).crop(box), np.asarray(_outline(name).crop(box)) > 127
    random = Random(0)
    backgrounds = [*map(_photograph, BACKGROUNDS), *_scikit_learn()]
    for number, (background, name) in enumerate(itertools.product(backgrounds, OUTLINES)):
        side = round(SIZES[(number // 2 + number) % len(SIZES)] * background.height)
        person = _photograph(name).resize((side, side), Image.Resampling.LANCZOS)
        shape = _outline(name).filter(ImageFilter.GaussianBlur(1)).resize((side, side), Image.Resampling.LANCZOS)
        if number // 2 % 2:
            person, shape = ImageOps.mirror(person), ImageOps.mirror(shape)
        left = round(random.uniform(0.2, 0.8) * (background.width - side))
        top = background.height - side if side <= background.height else 0  # a large one is cut off below
        scene, mask = background.copy(), Image.new("L", background.size)
        scene.paste(person, (left, top), shape)
        mask.paste(shape, (left, top))
        yield scene, np.asarray(mask) > 127


def _nobody() -> list[Image.Image]:
    return [*map(_photograph, PERSON_FREE), *_scikit_learn()]


def _shrunk(picture: Image.Image, mask: Mask | None = None) -> tuple[Image.Image, Mask]:
    """A picture and its mask, `SMALL` pixels on the longer side."""
    scale = SMALL / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    shape = Image.new("L", picture.size) if mask is None else Image.fromarray(mask.astype(np.uint8) * 255)
    small = shape.resize(size, Image.Resampling.BOX)
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS), np.asarray(small) > 127


def _drawn_people(count: int) -> Iterator[tuple[Image.Image, Mask]]:
    """The city's portraits: every scene in turn, people of 12 to 82 % as the city draws them."""
    for number, scene in zip(range(count), itertools.cycle(sorted(SCENES)), strict=False):
        random = Random(f"portrait {number}")
        picture = draw_place(scene, variant=0, light=random.choice(sorted(LIGHTS)), random=random)
        ratio = 0.12 + 0.7 * number / (count - 1)
        person = person_covering(ratio, width=picture.width, height=picture.height, random=random)
        yield add_person(picture, person, random), person.mask(picture.width, picture.height)


def _drawn_by_day(number: int, colour: tuple[int, int, int]) -> Image.Image:
    """One of ten pictures of people of 15 to 60 % that differ in nothing but the colour of their skin."""
    random = Random(f"daylight {number}")
    picture = draw_place(sorted(SCENES)[number % len(SCENES)], variant=0, light="day", random=random)
    ratio = 0.15 + 0.45 * number / (DRAWN_BY_DAY - 1)
    person = person_covering(ratio, width=picture.width, height=picture.height, random=random)
    with patch.object(distractions, "SKIN", (colour,)):
        return add_person(picture, person, random)


def _drawn_nobody(count: int) -> Iterator[Image.Image]:
    """Pets, meals, patterns and flowers, and places on the water, which have no passers-by."""
    on_water = sorted(name for name, scene in SCENES.items() if scene.ground == "water")
    for number in range(count):
        random = Random(f"nobody {number}")
        if number % 2:
            yield draw_irrelevant(random)
        else:
            light = random.choice(sorted(LIGHTS))
            yield draw_place(on_water[number // 2 % len(on_water)], variant=0, light=light, random=random)


def _outline(name: str) -> Image.Image:
    shape = Image.new("L", (512, 512))
    ImageDraw.Draw(shape).polygon(OUTLINES[name], fill=255)
    return shape


def _photograph(name: str) -> Image.Image:
    return decode(_sample(name))


def _scikit_learn() -> list[Image.Image]:
    from sklearn.datasets import load_sample_image

    return [Image.fromarray(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")]


def _sample(name: str) -> Path:
    """A file that scikit-image carries inside; none of these is downloaded."""
    return Path(str(files("skimage") / "data" / name))


def _sample_of(picture: Image.Image, mask: Mask) -> Sample:
    return Sample(_jpeg(picture), person_ratio(mask))


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()


if __name__ == "__main__":
    main()
