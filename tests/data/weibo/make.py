"""Writes tiny exports as weibo-crawler does, one flaw each.

usage: python tests/data/weibo/make.py FOLDER    (writes every export into a folder of its name)
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")  # what matters is that it is there
USER, NICKNAME = 1669879400, "小安"
ID, BID = 4454572602912349, "ImTGkcdDn"  # they stand for the same number
HEADER = (
    *("id", "bid", "正文", "头条文章url", "原始图片url", "视频url", "Live Photo视频url", "位置", "日期", "工具"),
    *("点赞数", "评论数", "转发数", "话题", "@用户", "完整日期", "是否编辑过", "编辑次数"),
)
RETWEET_HEADER = ("是否原创", "源用户id", "源用户昵称", *(f"源微博{name}" for name in HEADER))
OTHER = {"user_id": 1684832145, "screen_name": "法国", "id": 4454028484570123, "bid": "ImFwIjaTF", "text": "#别人的#"}


def weibo(**changes: object) -> dict[str, Any]:
    """A post with one picture and a check-in, with the keys and in the order of the crawler; None removes a key."""
    whole: dict[str, Any] = {
        "user_id": USER,
        "screen_name": NICKNAME,
        "id": ID,
        "bid": BID,
        "text": "今天的#外滩夜景# 很美 &amp; 很冷",
        "article_url": "",
        "pics": "https://wx3.sinaimg.cn/large/63885668ly1gacppdn1nmj21yi2qp7wk.jpg",
        "video_url": "",
        "live_photo_url": "",
        "location": "上海·外滩",
        "created_at": "2019-12-28T10:30:00",
        "source": "iPhone客户端",
        "attitudes_count": 551894,
        "comments_count": 182010,
        "reposts_count": 1000000,
        "topics": "外滩夜景,上海",
        "at_users": "",
        "full_created_at": "2019-12-28 10:30:00",
        "edited": False,
        "edit_count": 0,
    }
    whole |= changes
    return {key: value for key, value in whole.items() if value is not None}


def save_json(folder: Path, *posts: object, user: bool = True) -> Path:
    """As `write_json` does."""
    path = folder / NICKNAME / f"{USER}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"user": {"id": str(USER), "screen_name": NICKNAME}} if user else {}
    path.write_text(json.dumps({**whole, "weibo": posts}, ensure_ascii=False), encoding="utf-8")
    return path


def cells(post: Mapping[str, object], *, original_only: bool = False) -> list[object]:
    """As `get_write_info` does: an original post has no cells under the headers of retweets."""
    own = [f"{value}\t" if key == "id" else value for key, value in post.items() if key in _OWN_KEYS]
    if original_only:
        return own
    retweet = post.get("retweet")
    return [*own, "False", *retweet.values()] if isinstance(retweet, dict) else [*own, "True"]


_OWN_KEYS = [key for key in weibo() if key not in ("user_id", "screen_name")]


def save_csv(
    folder: Path, rows: Iterable[Iterable[object]], *, header: Iterable[str] = HEADER + RETWEET_HEADER
) -> Path:
    """As `csv_helper` does."""
    path = folder / NICKNAME / f"{USER}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def picture(folder: Path, name: str = f"20191228T_{ID}.jpg", content: bytes = JPEG) -> None:
    """A downloaded picture."""
    images = folder / NICKNAME / "img" / "原创微博图片"
    images.mkdir(parents=True, exist_ok=True)
    (images / name).write_bytes(content)


def whole(folder: Path) -> None:
    """CSV, JSON, a picture and the list of users."""
    save_json(folder, weibo())
    save_csv(folder, [cells(weibo())])
    picture(folder)
    (folder / "users.csv").write_text(f"\ufeff用户id,昵称,性别\n{USER},{NICKNAME},女\n", encoding="utf-8")


def only_csv(folder: Path) -> None:
    """The default of the crawler, with pictures named as its older versions did."""
    save_csv(folder, [cells(weibo(created_at="2019-12-28"), original_only=True)], header=HEADER)
    picture(folder, f"20191228_{ID}.jpg")


def header_without_live_photo(folder: Path) -> None:
    """The versions of 2024 and 2025: every row is a cell longer than the header says."""
    header = [name for name in HEADER if "Live Photo" not in name]
    save_csv(folder, [cells(weibo(), original_only=True)], header=header)
    picture(folder)


def a_retweet(folder: Path) -> None:
    """A retweet, whose other part has a place and a picture of its own."""
    other = weibo(**OTHER, location="巴黎", pics="https://wx3.sinaimg.cn/large/other.jpg")
    save_csv(folder, [cells(weibo(text="转发微博", location="", pics="", topics="", retweet=other))])
    retweets = folder / NICKNAME / "img" / "转发微博图片"
    retweets.mkdir(parents=True)
    (retweets / "20191228T_4454028484570123.jpg").write_bytes(JPEG)


def a_retweet_in_json(folder: Path) -> None:
    """The same in JSON."""
    save_json(folder, weibo(text="转发微博", location="", pics="", topics="", retweet=weibo(**OTHER, location="巴黎")))


def three_images(folder: Path) -> None:
    """The second was not downloaded, the third is a GIF."""
    addresses = (
        "https://wx3.sinaimg.cn/large/a.jpg",
        "https://wx3.sinaimg.cn/large/b.jpg",
        "https://wx3.sinaimg.cn/c.gif",
    )
    save_json(folder, weibo(pics=",".join(addresses)))
    picture(folder, f"20191228T_{ID}_1.jpg")
    picture(folder, f"20191228T_{ID}_3.gif")


def an_empty_image(folder: Path) -> None:
    """A download that failed."""
    save_json(folder, weibo())
    picture(folder, content=b"")


def a_video(folder: Path) -> None:
    """A post with a video."""
    save_json(folder, weibo(pics="", video_url="https://f.video.weibocdn.com/x.mp4"))


def html_in_the_text(folder: Path) -> None:
    """`remove_html_tag: 0`."""
    text = (
        '在<a  href="https://m.weibo.cn/search?x=1"><span class="surl-text">#外滩#</span></a><br />看夜景'
        '<span class="url-icon"><img alt=[心] src="https://h5.sinaimg.cn/x.png" /></span> 3 &lt; 5'
    )
    save_json(folder, weibo(text=text))


def a_rounded_id(folder: Path) -> None:
    """A CSV that a spreadsheet has opened and saved."""
    post = weibo()
    save_csv(folder, [["4.45457E+15", *cells(post, original_only=True)[1:]]], header=HEADER)
    picture(folder)


def a_rounded_id_alone(folder: Path) -> None:
    """The same without a bid."""
    save_csv(folder, [["4.45457E+15", "x"]], header=("id", "正文"))


def weibo_search(folder: Path) -> None:
    """The table of the sibling that searches: users in a column, other headers."""
    header = (
        *("id", "bid", "user_id", "用户昵称", "微博正文", "头条文章url", "发布位置", "艾特用户", "话题", "转发数"),
        *("评论数", "点赞数", "发布时间", "发布工具", "微博图片url", "微博视频url", "retweet_id"),
    )
    row = [
        ID,
        BID,
        USER,
        NICKNAME,
        "在#外滩#",
        "",
        "上海·外滩",
        "",
        "外滩",
        0,
        0,
        0,
        "2019-12-28 10:30",
        "",
        "",
        "",
        "",
    ]
    save_csv(folder, [row], header=header).rename(folder / "外滩.csv")


def comments(folder: Path) -> None:
    """A table of comments beside the posts."""
    save_json(folder, weibo())
    rows = [["1", "b", str(ID), "1", "2", "2019-12-28", "她", "好看"]]
    header = ("id", "bid", "weibo_id", "root_id", "user_id", "created_at", "user_screen_name", "text")
    save_csv(folder, rows, header=header)


def a_cut_row(folder: Path) -> None:
    """A full disk while the CSV was written."""
    save_csv(folder, [cells(weibo()), ["4454572602912350\t", "ImTGkcdDo", "半"]])


def a_cut_json(folder: Path) -> None:
    """A full disk while the JSON was written."""
    path = save_json(folder, weibo(), weibo(id=2, bid="b"), weibo(id=3, bid="c"))
    path.write_bytes(path.read_bytes()[:-300])


def not_utf_8(folder: Path) -> None:
    """A CSV saved in China's old encoding."""
    path = save_csv(folder, [cells(weibo())])
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("gb18030"))


def a_relative_time(folder: Path) -> None:
    """Weibo's own words for a time, which nobody can date any more."""
    save_json(folder, weibo(created_at="昨天 10:30", full_created_at=None))


def no_id(folder: Path) -> None:
    """A record without its number."""
    save_json(folder, weibo(id=None, bid=None), "nonsense", weibo())


def no_user(folder: Path) -> None:
    """Posts of nobody knows whom."""
    path = save_json(folder, weibo(user_id=None), user=False)
    path.rename(folder / "posts.json")


def lost_records(folder: Path) -> None:
    """Pictures whose record is gone: beside a file of posts, and where the file itself is gone; one of an avatar."""
    whole(folder)
    picture(folder, "20191229T_1.jpg")
    (folder / NICKNAME / "img" / "头像图片").mkdir()
    (folder / NICKNAME / "img" / "头像图片" / "x.jpg").write_bytes(JPEG)
    lost = folder / "小平" / "img" / "原创微博图片"
    lost.mkdir(parents=True)
    (lost / "20191230T_2.PNG").write_bytes(JPEG)


def capitals(folder: Path) -> None:
    """Copied by way of a file system that writes endings large."""
    path = save_json(folder, weibo())
    path.rename(path.with_suffix(".JSON"))
    picture(folder, f"20191228T_{ID}.JPG")


DUMPS: dict[str, Callable[[Path], None]] = {
    make.__name__: make
    for make in (
        whole,
        only_csv,
        header_without_live_photo,
        a_retweet,
        a_retweet_in_json,
        three_images,
        an_empty_image,
        a_video,
        html_in_the_text,
        a_rounded_id,
        a_rounded_id_alone,
        weibo_search,
        comments,
        a_cut_row,
        a_cut_json,
        not_utf_8,
        a_relative_time,
        no_id,
        no_user,
        lost_records,
        capitals,
    )
}

if __name__ == "__main__":
    for name, make in DUMPS.items():
        make(Path(sys.argv[1]) / name)
