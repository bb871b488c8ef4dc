"""What can be turned in a synthetic city."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from postplace.errors import BadOption, unknown_name

MODALITIES = ("text", "hashtags", "image")


@dataclass(frozen=True)
class CityParameters:
    """How a city is drawn; without a unit, a parameter is a probability between 0 and 1 that a post has the flaw."""

    places: int = 12  # number of places, 2 to 48; beyond 12 the scenes come again in other colours
    users: int = 150  # number of users, at least 2
    activity_skew: float = 0.8  # exponent of the users' activity: 0 all alike, 1 a few heavy posters
    gps_noise_km: float = 0.15  # standard deviation of a post's coordinates about its place, in km, each way
    chinese: float = 0.4  # written in Chinese
    single_modality: Literal["all", "text", "hashtags", "image"] = "all"  # what shows the place; the rest shows another

    missing_text: float = 0.08  # no text; the three are independent, but a post keeps one of them ...
    missing_hashtags: float = 0.3  # no hashtags
    missing_images: float = 0.15  # no image
    empty_posts: float = 0.0  # ... unless it is one of these: nothing at all
    several_images: float = 0.2  # two or three images

    irrelevant_text: float = 0.12  # talk about nothing
    irrelevant_hashtags: float = 0.2  # generic hashtags only
    irrelevant_image: float = 0.12  # an image (each one by itself) of a pet, a meal, a pattern, a flower
    portraits: float = 0.1  # an image (each one by itself) with somebody in front, `portraits.csv` says how large
    name_leak: float = 0.05  # the place's name or alias in the text or among the hashtags
    exif_gps: float = 0.0  # the post's coordinates in the EXIF of its images

    slang: float = 0.15  # written in slang
    misspelling: float = 0.02  # probability that a word (English) or a character (Chinese) is misspelt
    markup: float = 0.1  # a link, a mention or a bracketed emoticon in the text
    duplicates: float = 0.02  # a repost: another user's text, hashtags and images, re-encoded and slightly resized
    label_noise: float = 0.02  # recorded at another place than the one shown
    broken_images: float = 0.0  # an image (each one by itself) whose file is cut short

    def __post_init__(self) -> None:
        for parameter in fields(self):
            value = getattr(self, parameter.name)
            if parameter.name == "single_modality":
                if value not in ("all", *MODALITIES):
                    raise unknown_name("single_modality", str(value), ("all", *MODALITIES))
                continue
            low, high = _RANGES.get(parameter.name, (0.0, 1.0))
            whole = parameter.type == "int"
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                problem = f"{value!r} is not a {'whole ' if whole else ''}number"
                raise BadOption(parameter.name, problem, f"give one from {low:g} to {high:g}")
            if not low <= value <= high:
                remedy = f"give a number from {low:g} to {high:g}"
                raise BadOption(parameter.name, f"{value} is out of range", remedy)


_RANGES = {"places": (2.0, 48.0), "users": (2.0, 1e6), "activity_skew": (0.0, 5.0), "gps_noise_km": (0.0, 50.0)}
