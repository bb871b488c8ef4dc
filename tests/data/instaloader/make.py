"""Writes tiny dumps as Instaloader 4.16 does, one flaw each.

usage: python tests/data/instaloader/make.py FOLDER    (writes every dump into a folder of its name)
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")  # what matters is that it is there
TAKEN = 1_664_191_650  # 2022-09-26 11:27:30 UTC
NAME = "2022-09-26_11-27-30_UTC"
BRIDGE = {"id": "213385402", "has_public_page": True, "name": "Old Bridge", "slug": "old-bridge"}


def node(shortcode: str = "CaBcDeFgHiJ", **changes: object) -> dict[str, Any]:
    """The node of a post with one picture, in the web form; a change to None removes the key."""
    whole: dict[str, Any] = {
        "__typename": "GraphImage",
        "id": "2934512345678901234",
        "shortcode": shortcode,
        "dimensions": {"height": 1350, "width": 1080},
        "display_url": "https://instagram.example/v/t51/12345_n.jpg?stp=dst-jpg",
        "edge_media_to_tagged_user": {"edges": []},
        "edge_media_to_caption": {"edges": [{"node": {"text": "Night at the #bund\n#夜景 #bund"}}]},
        "edge_media_to_comment": {"count": 3},
        "edge_media_preview_like": {"count": 42},
        "is_video": False,
        "location": dict(BRIDGE),
        "owner": {"id": "17841400001", "username": "anna"},
        "taken_at_timestamp": TAKEN,
    }
    whole |= changes
    return {key: value for key, value in whole.items() if value is not None}


def iphone_node(shortcode: str = "CaBcDeFgHiJ", **changes: object) -> dict[str, Any]:
    """The node of a post that a location lists: the iPhone form inside a thin web form."""
    media = {
        "pk": "2934512345678901234",
        "code": shortcode,
        "media_type": 1,
        "taken_at": TAKEN,
        "caption": {"text": "Night at the #bund"},
        "user": {"pk": 17841400001, "username": "anna"},
        "location": {"pk": 213385402, "name": "Old Bridge", "lat": 31.2397, "lng": 121.4998, "address": ""},
        "image_versions2": {"candidates": [{"url": "https://instagram.example/v/t51/12345_n.jpg"}]},
    }
    media |= changes
    return {
        "shortcode": shortcode,
        "id": media["pk"],
        "__typename": {1: "GraphImage", 2: "GraphVideo", 8: "GraphSidecar"}[int(str(media["media_type"]))],
        "is_video": media["media_type"] == 2,
        "date": TAKEN,
        "caption": "Night at the #bund",
        "iphone_struct": media,
    }


def structure(content: Mapping[str, object], kind: str = "Post") -> dict[str, object]:
    """What Instaloader wraps a node in."""
    return {"node": content, "instaloader": {"version": "4.16", "node_type": kind}}


def save(path: Path, content: object) -> Path:
    """As `save_structure_to_file` does: compressed without a check, or indented."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xz":
        with lzma.open(path, "wt", check=lzma.CHECK_NONE) as file:
            json.dump(content, file, separators=(",", ":"))
    else:
        path.write_text(json.dumps(content, indent=4, sort_keys=True))
    return path


def post(
    folder: Path, content: Mapping[str, object] | None = None, *, name: str = NAME, pictures: str = ".jpg"
) -> Path:
    """A post with its caption file and its pictures: the endings, separated by spaces."""
    content = node() if content is None else content
    path = save(folder / f"{name}.json.xz", structure(content))
    for ending in pictures.split():
        (folder / f"{name}{ending}").write_bytes(JPEG)
    (folder / f"{name}.txt").write_text("Night at the #bund\n#夜景 #bund\n", encoding="utf-8")
    return path


def sidecar(*videos: bool) -> dict[str, object]:
    """A post of several parts, each a picture or a video."""
    parts = [{"node": {"is_video": video, "display_url": "https://instagram.example/x_n.jpg"}} for video in videos]
    return node(__typename="GraphSidecar", edge_sidecar_to_children={"edges": parts})


def whole(folder: Path) -> None:
    """A profile's folder without a flaw."""
    post(folder / "anna")
    (folder / "anna" / "id").write_text("17841400001\n")
    (folder / "anna" / "2022-01-01_00-00-00_UTC_profile_pic.jpg").write_bytes(JPEG)


def not_compressed(folder: Path) -> None:
    """`--no-compress-json`."""
    post(folder / "anna").unlink()
    save(folder / "anna" / f"{NAME}.json", structure(node()))


def three_images(folder: Path) -> None:
    """A sidecar whose second part is a video with its cover, its third a WebP."""
    post(folder / "anna", sidecar(False, True, False), pictures="_1.jpg _2.jpg _2.mp4 _3.webp")


def a_lost_image(folder: Path) -> None:
    """The second of three pictures was not downloaded; the third is empty."""
    post(folder / "anna", sidecar(False, False, False), pictures="_1.jpg _3.png")
    (folder / "anna" / f"{NAME}_3.png").write_bytes(b"")


def a_video(folder: Path) -> None:
    """A video with its cover."""
    post(folder / "anna", node(__typename="GraphVideo", is_video=True), pictures=".jpg .mp4")


def a_video_without_cover(folder: Path) -> None:
    """`--no-video-thumbnails`."""
    post(folder / "anna", node(__typename="GraphVideo", is_video=True), pictures=".mp4")


def a_location_target(folder: Path) -> None:
    """`instaloader %213385402`: nodes in the iPhone form."""
    post(folder / "%213385402", iphone_node())


def a_geotag_file(folder: Path) -> None:
    """`--geotags`: coordinates only in the file beside."""
    post(folder / "anna")
    link = "https://maps.google.com/maps?q=31.2397,121.4998&ll=31.2397,121.4998\n"
    (folder / "anna" / f"{NAME}_location.txt").write_bytes(b"Old Bridge\n" + link.encode())


def no_location(folder: Path) -> None:
    """A post that was not made anywhere."""
    content = node()
    content["location"] = None
    post(folder / "anna", content)


def no_caption(folder: Path) -> None:
    """A post without words, and no `.txt`."""
    post(folder / "anna", node(edge_media_to_caption={"edges": []}))
    (folder / "anna" / f"{NAME}.txt").unlink()


def no_caption_in_the_node(folder: Path) -> None:
    """The words are only in the `.txt`."""
    post(folder / "anna", node(edge_media_to_caption=None))


def only_metadata(folder: Path) -> None:
    """`--no-pictures --post-metadata-txt=`."""
    save(folder / "anna" / f"{NAME}.json.xz", structure(node()))


def twice(folder: Path) -> None:
    """The same post from a profile and from a hashtag."""
    post(folder / "anna")
    post(folder / "#bund")


def other_files(folder: Path) -> None:
    """A post among everything else that has an ending of metadata."""
    post(folder / "anna")
    save(folder / "anna" / "anna_17841400001.json.xz", structure({"id": "17841400001", "username": "anna"}, "Profile"))
    save(folder / "anna" / "2022-09-27_10-00-00_UTC.json.xz", structure({"id": "1", "taken_at": TAKEN}, "StoryItem"))
    save(folder / "#bund" / "#bund.json.xz", structure({"name": "bund"}, "Hashtag"))
    save(folder / "anna" / "iterator_AbC.json.xz", structure({"query_hash": "x"}, "FrozenNodeIterator"))
    save(folder / "anna" / f"{NAME}_comments.json", [{"id": 1, "text": "nice", "created_at": TAKEN}])


def a_cut_xz(folder: Path) -> None:
    """The download was interrupted."""
    path = post(folder / "anna")
    path.write_bytes(path.read_bytes()[:-40])


def a_damaged_xz(folder: Path) -> None:
    """Bytes that are no .xz."""
    post(folder / "anna").write_bytes(b"\0" * 300)


def a_cut_json(folder: Path) -> None:
    """A full disk."""
    not_compressed(folder)
    path = folder / "anna" / f"{NAME}.json"
    path.write_bytes(path.read_bytes()[:300])


def no_shortcode(folder: Path) -> None:
    """A node without its name."""
    post(folder / "anna", node(shortcode=None))  # type: ignore[arg-type]


def an_impossible_position(folder: Path) -> None:
    """A latitude beyond the pole."""
    post(folder / "anna", node(location=BRIDGE | {"lat": 131.2, "lng": 121.5}))


def no_time(folder: Path) -> None:
    """Neither the node nor the file name says when."""
    post(folder / "anna", node(taken_at_timestamp=None), name="CaBcDeFgHiJ")


def named_by_address(folder: Path) -> None:
    """`--filename-pattern={filename}`."""
    post(folder / "anna", sidecar(False), name="other_n", pictures="")
    (folder / "anna" / "x_n.jpg").write_bytes(JPEG)


def lost_metadata(folder: Path) -> None:
    """A post, and three without their metadata files: of two pictures, of one in an album, of words alone."""
    post(folder / "anna")
    other = folder / "anna" / "2022-09-28_10-00-00_UTC"
    for ending in ("_1.jpg", "_2.JPG", ".txt"):
        other.with_name(other.name + ending).write_bytes(JPEG)
    (folder / "berta").mkdir()
    (folder / "berta" / f"{NAME}.webp").write_bytes(JPEG)
    (folder / "anna" / "read me.txt").write_text("mine")


def capitals(folder: Path) -> None:
    """Copied by way of a file system that writes endings large."""
    path = post(folder / "anna", node(edge_media_to_caption=None), pictures=".JPG")
    path.rename(path.with_name(f"{NAME}.JSON.XZ"))
    (folder / "anna" / f"{NAME}.txt").rename(folder / "anna" / f"{NAME}.TXT")


def an_album_without_its_parts(folder: Path) -> None:
    """A node that does not name its parts; of them the second and the fifth, a video without cover, are left."""
    post(folder / "anna", node(__typename="GraphSidecar"), pictures="_2.jpg _5.mp4")


def an_album_without_anything(folder: Path) -> None:
    """A node that does not name its parts, and none is there."""
    post(folder / "anna", node(__typename="GraphSidecar"), pictures="")


def foreign_json(folder: Path) -> None:
    """A post beside the settings of another program."""
    post(folder / "anna")
    save(folder / "anna" / "notes.json", {"theme": "dark"})


DUMPS: dict[str, Callable[[Path], None]] = {
    make.__name__: make
    for make in (
        whole,
        not_compressed,
        three_images,
        a_lost_image,
        a_video,
        a_video_without_cover,
        a_location_target,
        a_geotag_file,
        no_location,
        no_caption,
        no_caption_in_the_node,
        only_metadata,
        twice,
        other_files,
        a_cut_xz,
        a_damaged_xz,
        a_cut_json,
        no_shortcode,
        an_impossible_position,
        no_time,
        named_by_address,
        lost_metadata,
        capitals,
        an_album_without_its_parts,
        an_album_without_anything,
        foreign_json,
    )
}

if __name__ == "__main__":
    for name, make in DUMPS.items():
        make(Path(sys.argv[1]) / name)
