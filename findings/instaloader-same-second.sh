#!/usr/bin/env bash
# People expect the image, the caption and the metadata of one name in an Instaloader folder to be of one post.
# The default name is the second of the post. Of two posts of one second (in the folder of a hashtag, a location or a feed)
# the second one's caption takes the place of the first's, which is kept as NAME_old_01.txt; an image that is there is
# not downloaded again: the first post's image lies under the second post's caption.
# Seen with instaloader 4.16; nothing is fetched. Discussed: https://github.com/instaloader/instaloader/issues/244
# Output seen:
#   instaloader 4.16
#     2024-05-17_09-41-07_UTC.jpg: image of the first post
#     2024-05-17_09-41-07_UTC.txt: caption of the second post
#     2024-05-17_09-41-07_UTC_old_01.txt: caption of the first post
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$folder/packages" instaloader==4.16
cd "$folder"
PYTHONPATH=$folder/packages "${PYTHON:-python3}" - <<'PYTHON'
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from instaloader import Instaloader

time = datetime(2024, 5, 17, 9, 41, 7)
name = f"{time:%Y-%m-%d_%H-%M-%S}_UTC"
loader = Instaloader(quiet=True)
Path(f"{name}.jpg").write_text("image of the first post")
loader.save_caption(name, time, "caption of the first post")
downloaded = loader.download_pic(name, "https://example.invalid/second.jpg", time)
loader.save_caption(name, time, "caption of the second post")

print("instaloader", version("instaloader"))
found = {path.name: path.read_text().strip() for path in sorted(Path().glob("*_UTC*"))}
for file, content in found.items():
    print(f"  {file}: {content}")
assert not downloaded and found == {
    f"{name}.jpg": "image of the first post",
    f"{name}.txt": "caption of the second post",
    f"{name}_old_01.txt": "caption of the first post",
}, "the behaviour has changed"
PYTHON
