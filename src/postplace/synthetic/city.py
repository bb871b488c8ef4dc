"""Write a synthetic city to disk: posts, images and places, as a dump that anybody could have."""

from __future__ import annotations

import csv
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from postplace.errors import BadOption, unknown_name, write_failed
from postplace.synthetic.distractions import Person, add_person, draw_irrelevant, person_covering
from postplace.synthetic.gazetteer import SITES, Site, sites
from postplace.synthetic.images import draw_place
from postplace.synthetic.parameters import MODALITIES, CityParameters
from postplace.synthetic.people import Draft, Shot, draft_posts
from postplace.system.json_types import JsonObject
from postplace.system.option_checks import check_seed, check_whole
from postplace.system.targets import final_path

_GPS_IFD = 0x8825


@dataclass(frozen=True)
class CityReport:
    """What was made. `flaws` counts posts by what happened to them ("broken_images" and "portraits" count images).

    `ceilings` is the best accuracy, between 0 and 1, of somebody who reads one modality ("text", "hashtags", "image")
    or "all" of them without error; see `planted_ceiling`.
    """

    folder: Path
    posts: int
    images: int
    users: int
    places: int
    flaws: Mapping[str, int]
    ceilings: Mapping[str, float]


def make_city(
    folder: Path,
    *,
    posts: int = 2000,
    seed: int = 0,
    parameters: CityParameters = CityParameters(),  # noqa: B008
) -> CityReport:
    """Make an invented city in `folder`, which must be empty or not there: same seed and parameters, same bytes.

    Writes `posts.jsonl` (the keys of `Post`, absent ones left out; images relative to the folder), `images/*.jpg`
    (about 160 x 160), `places.csv` (place, name, latitude, longitude, category, aliases joined by `;`) and
    `portraits.csv` (for each image with a person in front: image, person_ratio, and the x, y and radius in pixels of
    a `Person`, whose `mask` is the person). The folder appears when it is complete.

    A `BadOption` for a folder with something in it or a number out of range; a `WriteFailed` when writing fails.
    """
    posts, seed = check_whole("posts", posts, least=1), check_seed(seed)
    folder = Path(folder)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadOption(str(folder), "it is there and not empty", "name a new folder, or remove this one")
        folder.parent.mkdir(parents=True, exist_ok=True)
        target = final_path(folder)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            city = Path(scratch) / "city"  # inside, so that it gets the usual permissions
            report = _write(
                city,
                folder,
                build_drafts(posts, seed=seed, parameters=parameters),
                sites(parameters.places),
                seed,
                parameters,
            )
            if target.exists():
                target.rmdir()
            city.rename(target)
    except OSError as error:
        raise write_failed(folder, error) from error
    return report


def planted_ceiling(report: CityReport, modality: str = "all") -> float:
    """The best accuracy, between 0 and 1, that the parameters leave to a reader of that modality.

    The reader knows the place of every post whose modality shows one (wrong where the label is), and answers the most
    frequent place for the rest. Counted on all posts of the city; a test part differs by chance.
    """
    if modality not in report.ceilings:
        raise unknown_name("modality", modality, report.ceilings)
    return report.ceilings[modality]


def build_drafts(posts: int, *, seed: int, parameters: CityParameters) -> list[Draft]:
    """The posts of a city before anything is drawn."""
    return draft_posts(posts, sites=sites(parameters.places), seed=seed, parameters=parameters)


def _write(
    city: Path, folder: Path, drafts: Sequence[Draft], places: Sequence[Site], seed: int, parameters: CityParameters
) -> CityReport:
    (city / "images").mkdir(parents=True)
    people: list[tuple[str | float, ...]] = []
    with (city / "posts.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for draft in drafts:
            names = []
            for index, shot in enumerate(draft.shots):
                name = f"images/{draft.id}-{index}.jpg"
                image, person = _developed(shot, places, repost=draft.id if draft.repeats else None)
                (city / name).write_bytes(_encoded(image, shot, draft, f"{seed}/{name}", parameters))
                names.append(name)
                if person:
                    ratio = float(person.mask(image.width, image.height).mean())
                    people.append((name, f"{ratio:.4f}", *person))
            lines.write(json.dumps(_record(draft, names, places), ensure_ascii=False) + "\n")
    rows = [(s.name, s.chinese_name, s.latitude, s.longitude, s.category, ";".join(s.aliases)) for s in places]
    _write_csv(city / "places.csv", ("place", "name", "latitude", "longitude", "category", "aliases"), rows)
    _write_csv(city / "portraits.csv", ("image", "person_ratio", "x", "y", "radius"), people)
    return _reported(folder, drafts, places)


def _record(draft: Draft, images: Sequence[str], places: Sequence[Site]) -> JsonObject:
    record: JsonObject = {
        "id": draft.id,
        "text": draft.text,
        "hashtags": list(draft.hashtags),
        "images": list(images),
        "user": draft.user,
        "time": draft.time.isoformat(),
        "place": places[draft.place].name,
        "category": places[draft.place].category,
        "latitude": draft.latitude,
        "longitude": draft.longitude,
    }
    return {key: value for key, value in record.items() if value not in ("", [])}


def _developed(shot: Shot, places: Sequence[Site], *, repost: str | None) -> tuple[Image.Image, Person | None]:
    """The image, and who stands in front. A repost (its id) shows the same image a little smaller."""
    random = Random(shot.stream)
    if shot.site is None:
        image = draw_irrelevant(random)
    else:
        variant = shot.site // len(SITES)
        image = draw_place(places[shot.site].scene, variant=variant, light=shot.light, random=random)
    person = None
    if shot.person is not None:
        person = person_covering(shot.person, width=image.width, height=image.height, random=random)
        image = add_person(image, person, random)
    if repost is not None:
        factor = Random(f"{shot.stream}/{repost}").uniform(0.9, 0.97)
        image = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)
        person = person and Person(*(round(part * factor, 1) for part in person))
    return image, person


def _encoded(image: Image.Image, shot: Shot, draft: Draft, stream: str, parameters: CityParameters) -> bytes:
    """The bytes of a JPEG file."""
    random, exif = Random(stream), Image.Exif()
    quality, leaks, kept = (
        random.randrange(*((62, 76) if draft.repeats else (80, 91))),
        random.random(),
        random.uniform(0.3, 0.7),
    )
    if leaks < parameters.exif_gps:
        exif[_GPS_IFD] = {1: "N" if draft.latitude >= 0 else "S", 2: _degrees(draft.latitude),
                          3: "E" if draft.longitude >= 0 else "W", 4: _degrees(draft.longitude)}  # fmt: skip
    with BytesIO() as file:
        image.save(file, "JPEG", quality=quality, exif=exif)
        content = file.getvalue()
    return content[: int(len(content) * kept)] if shot.broken else content


def _degrees(angle: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and seconds, as EXIF has them."""
    seconds = round(abs(angle) * 3600 * 1000)
    return (
        IFDRational(seconds // 3_600_000, 1),
        IFDRational(seconds // 60_000 % 60, 1),
        IFDRational(seconds % 60_000, 1000),
    )


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _reported(folder: Path, drafts: Sequence[Draft], places: Sequence[Site]) -> CityReport:
    shots = [shot for draft in drafts for shot in draft.shots]
    flaws = {
        "missing_text": sum(not draft.text for draft in drafts),
        "missing_hashtags": sum(not draft.hashtags for draft in drafts),
        "missing_images": sum(not draft.shots for draft in drafts),
        "empty_posts": sum(not (draft.text or draft.hashtags or draft.shots) for draft in drafts),
        "duplicates": sum(draft.repeats is not None for draft in drafts),
        "name_leak": sum(draft.leaked for draft in drafts),
        "portraits": sum(shot.person is not None for shot in shots),
        "broken_images": sum(shot.broken for shot in shots),
    }
    read = {modality: [draft.shown[modality] for draft in drafts] for modality in MODALITIES}
    read["all"] = [next((shown for shown in draft.shown.values() if shown is not None), None) for draft in drafts]
    truth = [draft.place for draft in drafts]
    ceilings = {modality: _ceiling(shown, truth) for modality, shown in read.items()}
    users = len({draft.user for draft in drafts})
    return CityReport(folder, len(drafts), len(shots), users, len(places), flaws, ceilings)


def _ceiling(shown: Sequence[int | None], truth: Sequence[int]) -> float:
    blind = Counter(place for place, seen in zip(truth, shown, strict=True) if seen is None)
    right = sum(place == seen for place, seen in zip(truth, shown, strict=True))
    return (right + max(blind.values(), default=0)) / len(truth)
