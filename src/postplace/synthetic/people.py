"""What happens in the synthetic city: who posts what, when and where. Nothing is drawn or written to disk here.

Every choice has a random stream named after the seed, the post and the purpose: changing one parameter leaves what it
does not concern as it was, and nothing depends on the hash seed of the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import accumulate
from random import Random
from typing import NamedTuple

from postplace.synthetic.gazetteer import CATEGORY_HOURS, KM_PER_DEGREE, KM_PER_DEGREE_EAST, Site
from postplace.synthetic.images import light_at
from postplace.synthetic.language import add_markup, leak_name, misspell, use_slang, write_hashtags, write_text
from postplace.synthetic.parameters import MODALITIES, CityParameters

FIRST_DAY = datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=8)))


class Shot(NamedTuple):
    """An image to be drawn; `site` is None for an irrelevant one, `person` the share of it that a person covers."""

    stream: str
    site: int | None
    light: str
    person: float | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A post to be written. `shown` is the place (index) that each modality shows, None where it shows none."""

    id: str
    user: str
    place: int
    shown: dict[str, int | None]
    text: str
    hashtags: tuple[str, ...]
    shots: tuple[Shot, ...]
    time: datetime
    latitude: float
    longitude: float
    leaked: bool = False
    repeats: str | None = None


class Resident(NamedTuple):
    """A user and the places they go to, with the weight of each."""

    name: str
    haunts: tuple[int, ...]
    weights: tuple[int, ...]


def draft_posts(number: int, *, sites: Sequence[Site], seed: int, parameters: CityParameters) -> list[Draft]:
    """That many posts. A repost repeats an earlier post of another user of the same circle of about five friends."""
    residents = [_resident(index, sites, Random(f"{seed}/user/{index}")) for index in range(parameters.users)]
    activity = list(accumulate((rank + 1) ** -parameters.activity_skew for rank in range(parameters.users)))
    drafts: list[Draft] = []
    originals: list[Draft] = []
    for index in range(number):
        post = f"{seed}/post/{index}"
        random = Random(f"{post}/repost")
        if random.random() < parameters.duplicates and originals:
            source = random.choice(originals)
            user = random.choice(_friends(source.user, residents)).name
            drafts.append(_repost(source, index=index, post=post, user=user, sites=sites, parameters=parameters))
            continue
        resident = Random(f"{post}/who").choices(residents, cum_weights=activity)[0]
        draft = _draft(resident, index=index, post=post, sites=sites, parameters=parameters)
        drafts.append(draft)
        if draft.text and draft.shots:
            originals.append(draft)
    return drafts


def _resident(index: int, sites: Sequence[Site], random: Random) -> Resident:
    """A home, a place of work or school, and one to three others."""
    homes = [number for number, site in enumerate(sites) if site.category == "home"] or list(range(len(sites)))
    days = [number for number, site in enumerate(sites) if site.category in ("work", "school")] or list(
        range(len(sites))
    )
    others = random.sample(range(len(sites)), min(len(sites), random.randrange(1, 4)))
    haunts = (random.choice(homes), random.choice(days), *others)
    return Resident(f"u{index:05d}", haunts, (3, 3, *(2 for _ in others)))


def _friends(user: str, residents: Sequence[Resident]) -> list[Resident]:
    """The other users of a user's circle: reposts would otherwise tie the whole city into one group."""
    circles = max(1, len(residents) // 5)
    number = int(user.removeprefix("u"))
    return [residents[index] for index in range(number % circles, len(residents), circles) if index != number]


def _draft(resident: Resident, *, index: int, post: str, sites: Sequence[Site], parameters: CityParameters) -> Draft:
    random = Random(f"{post}/where")
    usual = random.choices(resident.haunts, weights=resident.weights)[0]
    place = usual if random.random() < 0.8 else random.randrange(len(sites))
    decoys = {modality: random.randrange(len(sites)) for modality in MODALITIES}
    carriers = MODALITIES if parameters.single_modality == "all" else (parameters.single_modality,)
    place_shown = {modality: place if modality in carriers else decoys[modality] for modality in MODALITIES}
    there = _present(Random(f"{post}/missing"), parameters)
    time = _time(sites[place], Random(f"{post}/when"))
    text, tags, leaked = _words(place_shown, there, post=post, sites=sites, parameters=parameters)
    shots = _shots(place_shown["image"], time, post=post, parameters=parameters) if there["image"] else ()
    recorded = _misrecorded(place, len(sites), Random(f"{post}/label"), parameters)
    latitude, longitude = _near(sites[recorded], Random(f"{post}/gps"), parameters)
    shows = {m: there[m] and (leaked == m or not _idle(post, m, parameters)) for m in ("text", "hashtags")}
    shows["image"] = _seen(shots) is not None
    return Draft(
        id=f"p{index:06d}",
        user=resident.name,
        place=recorded,
        shown={m: place if shows[m] and m in carriers else None for m in MODALITIES},
        text=text,
        hashtags=tags,
        shots=shots,
        time=time,
        latitude=latitude,
        longitude=longitude,
        leaked=bool(leaked),
    )


def _repost(
    source: Draft, *, index: int, post: str, user: str, sites: Sequence[Site], parameters: CityParameters
) -> Draft:
    """Another user's post again, a while later, from about the same place."""
    latitude, longitude = _near(sites[source.place], Random(f"{post}/gps"), parameters)
    random = Random(f"{post}/broken")
    shots = tuple(shot._replace(broken=random.random() < parameters.broken_images) for shot in source.shots)
    later = source.time + timedelta(minutes=Random(f"{post}/when").randrange(30, 6000))
    shown = {**source.shown, "image": _seen(shots) if source.shown["image"] is not None else None}
    return replace(
        source, id=f"p{index:06d}", user=user, shown=shown, shots=shots, time=later, latitude=latitude,
        longitude=longitude, repeats=source.id,
    )  # fmt: skip


def _present(random: Random, parameters: CityParameters) -> dict[str, bool]:
    """Which modalities a post has."""
    rolls = [random.random() for _ in range(4)]
    missing = (parameters.missing_text, parameters.missing_hashtags, parameters.missing_images)
    last = random.choice(MODALITIES)
    if rolls[3] < parameters.empty_posts:
        return dict.fromkeys(MODALITIES, False)
    there = {modality: roll >= rate for modality, roll, rate in zip(MODALITIES, rolls, missing, strict=False)}
    return there if any(there.values()) else {**there, last: True}


def _words(
    place_shown: dict[str, int], there: dict[str, bool], *, post: str, sites: Sequence[Site], parameters: CityParameters
) -> tuple[str, tuple[str, ...], str]:
    """Text, hashtags, and which of the two the place's name leaked into ("" for neither)."""
    chinese = Random(f"{post}/language").random() < parameters.chinese
    text = ""
    tags: tuple[str, ...] = ()
    if there["text"]:
        site = None if _idle(post, "text", parameters) else sites[place_shown["text"]]
        text = write_text(site, chinese=chinese, random=Random(f"{post}/text"))
        if (random := Random(f"{post}/slang")).random() < parameters.slang:
            text = use_slang(text, chinese=chinese, random=random)
        text = misspell(text, rate=parameters.misspelling, chinese=chinese, random=Random(f"{post}/misspelling"))
    if there["hashtags"]:
        tags = write_hashtags(
            None if _idle(post, "hashtags", parameters) else sites[place_shown["hashtags"]], Random(f"{post}/hashtags")
        )
    leaked, random = "", Random(f"{post}/leak")
    if random.random() < parameters.name_leak and (text or tags):
        leaked = random.choice([name for name, present in (("text", text), ("hashtags", tags)) if present])
        text, tags = leak_name(sites[place_shown[leaked]], text, tags, into=leaked, chinese=chinese, random=random)
    if text and (random := Random(f"{post}/markup")).random() < parameters.markup:
        text = add_markup(text, random)
    return text, tags, leaked


def _idle(post: str, modality: str, parameters: CityParameters) -> bool:
    """Whether the text, or the hashtags, are about nothing."""
    rate = parameters.irrelevant_text if modality == "text" else parameters.irrelevant_hashtags
    return Random(f"{post}/idle/{modality}").random() < rate


def _shots(site: int, time: datetime, *, post: str, parameters: CityParameters) -> tuple[Shot, ...]:
    random = Random(f"{post}/pictures")
    rolls = [[random.random() for _ in range(6)] for _ in range(3)]
    several = random.choice((2, 2, 3))
    number = several if random.random() < parameters.several_images else 1
    shots = []
    for index, (idle, portrait, broken, person, earlier, hour) in enumerate(rolls[:number]):
        irrelevant = idle < parameters.irrelevant_image
        taken = time.hour if earlier < 0.6 else 8 + int(hour * 11)
        light = light_at(taken, Random(f"{post}/light/{index}"))
        covered = round(0.12 + 0.7 * person, 3) if portrait < parameters.portraits and not irrelevant else None
        shots.append(
            Shot(
                f"{post}/picture/{index}",
                None if irrelevant else site,
                light,
                covered,
                broken < parameters.broken_images,
            )
        )
    return tuple(shots)


def _seen(shots: Sequence[Shot]) -> int | None:
    return next((shot.site for shot in shots if shot.site is not None and not shot.broken), None)


def _time(site: Site, random: Random) -> datetime:
    hour = random.choice(CATEGORY_HOURS[site.category])
    return FIRST_DAY + timedelta(days=random.randrange(365), hours=hour, seconds=random.randrange(3600))


def _misrecorded(place: int, places: int, random: Random, parameters: CityParameters) -> int:
    if random.random() >= parameters.label_noise:
        return place
    return (place + random.randrange(1, places)) % places


def _near(site: Site, random: Random, parameters: CityParameters) -> tuple[float, float]:
    """Latitude and longitude in degrees."""
    north, east = (random.gauss(0, 1) * parameters.gps_noise_km for _ in range(2))
    return round(site.latitude + north / KM_PER_DEGREE, 6), round(site.longitude + east / KM_PER_DEGREE_EAST, 6)
