"""What gallery-dl wrote beside the images of Instagram, Flickr and Weibo (`--write-metadata`) -> posts.

One JSON file an image, `NAME.jpg.json`, and with `--write-info-json` an `info.json`; metadata that its postprocessor
writes as JSON lines, and the answer of `--dump-json`, are read too. The keys are those of gallery-dl's extractors
(gallery_dl/extractor/instagram.py, flickr.py, weibo.py). The files of one post, which have its id, are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.downloaded_images import IMAGE_ENDINGS, ImageIndex, usable
from postplace.posts.dump import (
    NO_IMAGE,
    VIDEO,
    Dump,
    ImportReport,
    InvalidRecord,
    make_posts,
    not_a_post,
)
from postplace.posts.gallery_dl_sites import SITES, find_site
from postplace.posts.json_files import JSON_ENDINGS, dump_files, first_objects, json_values
from postplace.schema import Post

FURTHER = "further file of a post"
_VIDEOS = frozenset(("mp4", "webm", "mov", "m3u8", "mkv"))
_IN_ITS_DUMP = (2, 3, 6)  # what `--dump-json` puts before a folder's, a file's and a link's metadata


def gallery_dl_dump(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of a folder, or of one metadata file, in the order of their paths.

    Instagram: id: the shortcode; place and venue: the location, whose name is what its address keeps of it
    (`old-bridge`). Flickr: title and description; time of upload; place: the locality, if `info` was on. Weibo: as the
    source weibo, the check-in from the links of the text. Times are UTC where they have no zone. Metadata of other
    sites is refused by name. Iterating raises `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether a path holds metadata of gallery-dl; never raises."""
    return any(_is_metadata(record) for record in first_objects(path))


def _is_metadata(record: Mapping[str, object]) -> bool:
    return "category" in record and bool({"subcategory", "filename", "extension", "post_id", "status"} & set(record))


@dataclass(slots=True)
class _Member:
    """One record of a post: its file, where it stands, its values, and its number among those of its file."""

    file: Path
    where: str
    values: Mapping[str, object] | InvalidRecord
    alone: bool  # in its file


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    images = ImageIndex()
    found = ((members[0].where, members) for members in _grouped(path, tally))
    return make_posts(found, tally, record=lambda members: _record(members, images, tally))


# --- which files belong together


def _grouped(path: Path, tally: ImportReport) -> Iterator[list[_Member]]:
    """The records of each post, folder by folder: of a folder the files are looked through twice, first for the ids."""
    folder: Path | None = None
    files: list[Path] = []
    for file in dump_files(path, tally, wanted=lambda file: True, endings=JSON_ENDINGS):
        if file.parent != folder and files:
            yield from _of_folder(files, tally)
            files = []
        folder = file.parent
        files.append(file)
    yield from _of_folder(files, tally)


def _of_folder(files: list[Path], tally: ImportReport) -> Iterator[list[_Member]]:
    single: dict[str, list[Path]] = {}  # the files with one record, by the post
    for file in files:
        key = _key_of_only(file)
        single.setdefault(f"file {file.name}" if key is None else f"post {key}", []).append(file)
    for paths in single.values():
        if len(paths) > 1:
            yield [member for file in paths for member in _members(file, tally)]
        else:
            yield from _runs(_members(paths[0], tally))


def _key_of_only(file: Path) -> str | None:
    """The post that a file with a single record belongs to; None for any other file."""
    only: object = None
    for number, (_, value) in enumerate(json_values(file)):
        if number:
            return None
        only = value
    return _key(only) if isinstance(only, dict) else None


def _key(values: Mapping[str, object]) -> str | None:
    site = find_site(values)
    post_id = site.post_id(values) if site else None
    return None if post_id in (None, "") else f"{values.get('category')} {post_id}"


def _members(file: Path, tally: ImportReport) -> Iterator[_Member]:
    empty = True
    for where, value in json_values(file):
        empty = False
        if isinstance(value, list) and len(value) in (2, 3) and value[0] in _IN_ITS_DUMP:
            if value[0] != _IN_ITS_DUMP[1]:
                tally.left_out["metadata of a folder ignored"] += 1
                continue
            value = value[-1]
        alone = file.name.lower() == "info.json" or _image_name(file) is not None
        values = value if isinstance(value, dict | InvalidRecord) else not_a_post(value)
        yield _Member(file, f"{file}{where}", values, alone)
    if empty:
        tally.left_out["empty file"] += 1


def _runs(members: Iterator[_Member]) -> Iterator[list[_Member]]:
    """The records of one file that follow each other and are of one post."""
    run: list[_Member] = []
    for member in members:
        key = _key(member.values) if isinstance(member.values, dict) else None
        if run and (key is None or key != _key(run[0].values)):  # type: ignore[arg-type]  # a run begins with a mapping
            yield run
            run = []
        if key is None:
            yield [member]
        else:
            run.append(member)
    if run:
        yield run


# --- one post


def _record(members: list[_Member], images: ImageIndex, tally: ImportReport) -> dict[str, object]:
    """The records of a post -> what `parse` reads: its words from the first, an image from each."""
    tally.left_out[FURTHER] += len(members) - 1
    values = members[0].values
    if isinstance(values, InvalidRecord):
        raise values
    site = find_site(values)
    if site is None:
        category = values.get("category")
        if category is None:
            found = f"has no 'category' (it has {', '.join(map(str, list(values)[:8])) or 'nothing'})"
            remedy = "if another program wrote it, `postplace import auto` says which source reads it"
            raise InvalidRecord("not gallery-dl's", found, remedy)
        found = f"is of the site {str(category)[:40]!r}, and those that are read are {', '.join(SITES)}"
        raise InvalidRecord("another site of gallery-dl", found, "leave these files out")
    record = site.record(values, tally)
    if site.only_own_images(values):
        record["images"] = _images(members, images, tally)
    return record


def _images(members: list[_Member], images: ImageIndex, tally: ImportReport) -> list[str]:
    found = []
    for member in members:
        if not isinstance(member.values, dict):
            continue
        if str(member.values.get("extension", "")).lower() in _VIDEOS:
            tally.note(VIDEO)
        elif "extension" not in member.values and member.alone and len(members) > 1:
            continue  # an info.json beside the files of its images
        elif image := _image(member, images):
            found.append(image)
        else:
            tally.note(NO_IMAGE)
    return [path for image in dict.fromkeys(found) for path in usable(image, tally)]


def _image(member: _Member, images: ImageIndex) -> str | None:
    """The image of `NAME.jpg.json`, or the one that has a name of gallery-dl's for it."""
    if (name := _image_name(member.file)) is not None:
        path = member.file.with_name(name)
        return str(path) if path.is_file() else None
    values = member.values
    site = find_site(values) if isinstance(values, dict) else None
    stems = [member.file.name.partition(".json")[0]] if member.alone else []
    if site is not None and isinstance(values, dict):
        stems += [str(values.get("filename") or ""), *site.file_stems(values)]
    return images.find(member.file.parent, stems)


def _image_name(file: Path) -> str | None:
    """`NAME.jpg` of `NAME.jpg.json`."""
    stem, _, _ = file.name.rpartition(".")
    return stem if stem.lower().endswith(IMAGE_ENDINGS) else None
