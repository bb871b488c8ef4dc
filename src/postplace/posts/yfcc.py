"""The table of YFCC100M (Thomee et al., Communications of the ACM 59 (2), 2016) -> posts.

Tab-separated, without a header: the 23 columns of `yfcc100m_dataset` as Yahoo gave it out, or the 25 of Multimedia
Commons, which begin with a line number and have the photo's hash after its identifier. Titles, descriptions and tags
are percent-encoded, with `+` for a space. Compressed files (.bz2, .gz) are read as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import unquote_plus

from postplace.errors import BadPost
from postplace.posts.downloaded_images import address_stem, usable
from postplace.posts.dump import VIDEO, Dump, ImportReport, InvalidRecord, make_posts
from postplace.posts.foreign_time import first_instant
from postplace.posts.json_files import dump_files, open_text, sample_files, text_lines
from postplace.posts.weibo_values import plain_text
from postplace.schema import Post

COLUMNS = (
    *("photoid", "uid", "unickname", "datetaken", "dateuploaded", "capturedevice", "title", "description"),
    *("usertags", "machinetags", "longitude", "latitude", "accuracy", "pageurl", "downloadurl", "licensename"),
    *("licenseurl", "serverid", "farmid", "secret", "secretoriginal", "ext", "marker"),
)
_LONG = ("line", "photoid", "hash", *COLUMNS[1:])
_BY_WIDTH = {len(COLUMNS): COLUMNS, len(_LONG): _LONG}
_ENDINGS = (".tsv", ".txt", "yfcc100m_dataset", *(f"yfcc100m_dataset-{part}" for part in range(10)))
_USER = re.compile(r"\d+@N\d\d")
_TOWN = 11  # of Flickr's accuracies, 1 (world) to 16 (street)

ROUGH = "position no finer than a town"
NO_TABLE = "file that is not of YFCC100M"


def yfcc_table(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The photos and videos of the table, or of all such tables below a folder.

    id: the photo's; text: title and description, without HTML; hashtags: the user's tags; user: Flickr's NSID; time:
    when it was uploaded (UTC; the camera's clock, `datetaken`, has no zone and is left out); coordinates as given, with
    a remark where Flickr's accuracy says that they are those of a town or more. Machine tags are left out. Images are
    found beside the table by the photo's id, by the name in its address, or as Multimedia Commons lays them out
    (`images/abc/def/HASH.jpg`). Iterating raises `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether a path holds such a table; never raises."""
    for file in sample_files(path, _ENDINGS):
        with suppress(OSError, EOFError, ValueError), open_text(file) as opened:
            for _, line in islice(text_lines(opened), 3):
                if isinstance(line, str) and _USER.fullmatch(_named(line.rstrip("\r\n").split("\t")).get("uid", "")):
                    return True
    return False


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    files = dump_files(path, tally, wanted=lambda file: True, endings=_ENDINGS)
    found = ((where, (file, row)) for file in files for where, row in _rows(file, tally))
    return make_posts(found, tally, record=lambda item: _record(*item, tally))


def _rows(file: Path, tally: ImportReport) -> Iterator[tuple[str, str | InvalidRecord]]:
    empty = True
    try:
        with open_text(file) as opened:
            for number, line in text_lines(opened):
                if empty and isinstance(line, str) and "photoid" in line.casefold().split("\t"):
                    continue  # a header, of those who added one
                empty = False
                yield f"{file}, line {number}", line
    except (OSError, EOFError) as error:
        found = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        yield str(file), InvalidRecord("file cannot be read", found, "check the permissions, or download it again")
        return
    if empty:
        tally.left_out["empty file"] += 1


def _named(cells: Sequence[str]) -> Mapping[str, str]:
    return dict(zip(_BY_WIDTH.get(len(cells), ()), cells, strict=False))


def _record(file: Path, line: str | InvalidRecord, tally: ImportReport) -> dict[str, object]:
    if isinstance(line, InvalidRecord):
        raise line
    cells = line.rstrip("\r\n").split("\t")
    row = _named(cells)
    if not row:
        found = f"has {len(cells)} columns where YFCC100M has {len(COLUMNS)} or {len(_LONG)}"
        raise InvalidRecord("row of another table, or cut short", found, "give the table as it was published")
    if not row["photoid"].isdecimal() or not _USER.fullmatch(row["uid"]):
        found = f"has {row['photoid'][:20]!r} and {row['uid'][:20]!r} where a photo's id and a user's stand"
        raise InvalidRecord(NO_TABLE, found, "give the table as it was published")
    if row["accuracy"].isdecimal() and 0 < int(row["accuracy"]) <= _TOWN:
        tally.note(ROUGH)
    words = [plain_text(_decoded(row[key])) for key in ("title", "description")]
    tags = [_decoded(tag) for tag in row["usertags"].split(",") if tag]
    return {
        "id": row["photoid"],
        "text": "\n".join(str(text) for text in words if text),
        "hashtags": tags or None,
        "images": _images(file, row, tally),
        "user": row["uid"],
        "time": first_instant([row["dateuploaded"]], tally),
        **tally.coordinates(row["latitude"], row["longitude"]),
    }


def _decoded(cell: str) -> str:
    return unquote_plus(cell, errors="replace")


def _images(file: Path, row: Mapping[str, str], tally: ImportReport) -> list[str]:
    """The photo, tried by name: folders of millions of images are not listed."""
    if row["marker"] == "1":
        tally.note(VIDEO)
        return []
    digest, ending = row.get("hash", ""), row["ext"] if row["ext"].isalnum() else "jpg"
    names = [f"{row['photoid']}.{ending}", f"{address_stem(row['downloadurl'])}.{ending}", f"{digest}.{ending}"]
    names += [f"images/{name}" for name in names]
    names += [f"{top}images/{digest[:3]}/{digest[3:6]}/{digest}.{ending}" for top in ("", "data/") if digest]
    for name in names:
        path = f"{file.parent}{os.sep}{name}"
        with suppress(OSError, ValueError):
            if not name.startswith(".") and Path(path).is_file():
                return usable(path, tally)
    return usable(None, tally)
