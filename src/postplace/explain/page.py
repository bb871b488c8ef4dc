"""An explanation as one HTML file: no script, nothing from outside, dark and light; images are drawn into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from postplace.explain.explanation import AttentionMap, Effect, Explanation
from postplace.explain.overlay import overlay
from postplace.explain.parts import Field, Part
from postplace.explain.variants import OpenedPost, open_post
from postplace.locator import PostLocator
from postplace.schema import Post
from postplace.system.html import data_address, html_table

NOTICEABLE = 0.0005  # nats
LEAST_SHADED = 0.03  # of the strongest part
ROWS = 40  # of the table of parts

_STYLE = """
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#5b6168;--paper:#fff;--line:#d8dbdf;
--for:0,114,178;--against:213,94,0}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a2a9b1;--paper:#16181b;--line:#3a3f45;
--for:86,180,233;--against:240,140,60}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:46rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.4rem;margin-bottom:.2rem}h2{font-size:1.05rem;margin:1.8rem 0 .4rem}
p.soft,figcaption,small{color:var(--soft)}
.post{border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem;overflow-wrap:anywhere;white-space:pre-wrap}
.post>span{display:block}.post>.tag{display:inline-block}
.for{background:rgba(var(--for),var(--a))}.against{background:rgba(var(--against),var(--a))}
s.unread{color:var(--soft)}
mark{color:inherit;border-radius:.2rem;padding:.05em .1em}mark.against{text-decoration:underline dotted}
.tag{border:1px solid var(--line);border-radius:1rem;
padding:.1rem .6rem;margin:.15rem .3rem .15rem 0}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.2rem .5rem;border-bottom:1px solid var(--line);
overflow-wrap:anywhere}th[scope=row]{font-weight:400}caption{text-align:left;color:var(--soft)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{display:block;height:.7rem;border-radius:.2rem;width:var(--w);--a:.8}td.b{width:30%}
figure{margin:.6rem 0}img{max-width:100%;height:auto;border-radius:.4rem}
.map{overflow:auto;max-height:24rem}.map td,.map th{padding:0 .25rem;font-size:.7rem;white-space:pre;border:0}
"""


def page(locator: PostLocator, post: Post, explanation: Explanation) -> str:
    """The whole file. The post is shown as far as the run looks at it, its images without metadata."""
    opened = open_post(locator, post)
    return written_page(opened, explanation)


def written_page(opened: OpenedPost, explanation: Explanation) -> str:
    """As `page`, of a post that was opened before."""
    body = "\n".join(
        [
            _heading(explanation),
            "<h2>What each modality gave</h2>",
            "<p class=soft>Shapley values: they add up to the difference between the post and nothing.</p>",
            _effects(explanation.modalities, "Log-odds and probability that each modality gave"),
            "<h2>The post</h2>",
            _texts(opened, explanation),
            *_images(opened, explanation),
            "<h2>What moved the answer, part by part</h2>",
            f"<p class=soft>{_HOW[explanation.method]}</p>",
            _effects(_ranked(explanation.parts)[:ROWS], "Log-odds and probability of each part, the strongest first"),
            *_not_read(explanation),
            *_evidence(explanation),
            *_attention(explanation.attention),
            *_notes(explanation),
        ]
    )
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"<title>Why {escape(explanation.place)}?</title>\n"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


_HOW = {
    "occlusion": "What is lost when this part alone is taken away; regions are covered with the image's mean colour.",
    "gradients": "Integrated gradients: each part's share of what it differs by from a baseline that says nothing.",
}


_UNREAD = '<s class=unread title="not read">{}</s>'


def _not_read(explanation: Explanation) -> list[str]:
    """How many words and hashtags were not; they are struck out above, and the notes say how far the post was read."""
    if not explanation.not_read:
        return []
    count = f"{len(explanation.not_read)} words and hashtags were not read (struck out)"
    return [f"<p>{count}: nothing is known of what they give away.</p>"]


def _heading(explanation: Explanation) -> str:
    whole, nothing = explanation.whole, explanation.nothing
    answer, differs = escape(explanation.answer), explanation.place != explanation.answer
    other = f" The run's own answer is <bdi>{answer}</bdi>." if differs else ""
    return (
        f"<h1>Why <bdi>{escape(explanation.place)}</bdi>?</h1>\n"
        f"<p>Probability {whole.probability:.1%} (log-odds {whole.log_odds:+.2f} nats); "
        f"of a post with nothing in it {nothing.probability:.1%} ({nothing.log_odds:+.2f}).{other}</p>\n"
        "<p class=soft>Blue speaks for the place, orange (dotted) against it. A part that another one repeats moves "
        "little by itself.</p>"
    )


def _texts(opened: OpenedPost, explanation: Explanation) -> str:
    strongest = _strongest(explanation.parts)
    fields: tuple[tuple[Field, str], ...] = ("text", opened.post.text), ("image_text", opened.post.image_text)
    paragraphs = [_shaded(text, name, explanation, strongest) for name, text in fields if text]
    tags = {effect.part.name: effect for effect in explanation.parts if effect.part.kind == "hashtag"}
    unread = {part.name for part in explanation.not_read if part.kind == "hashtag"}
    for tag in dict.fromkeys(opened.post.hashtags):
        named = _UNREAD.format(escape("#" + tag)) if tag in unread else _marked("#" + tag, tags.get(tag), strongest)
        paragraphs.append(f"<span class=tag dir=auto>{named}</span>")
    return f'<div class="post">{" ".join(paragraphs)}</div>' if paragraphs else "<p class=soft>No text.</p>"


def _shaded(text: str, name: Field, explanation: Explanation, strongest: float) -> str:
    """The text with its words marked, those that were not read too."""
    words: list[tuple[Part, Effect | None]] = [(effect.part, effect) for effect in explanation.parts]
    words += [(part, None) for part in explanation.not_read]
    in_field = [(part, effect) for part, effect in words if part.kind == "word" and part.field == name]
    pieces, last = [], 0
    for part, effect in sorted(in_field, key=lambda pair: pair[0].start or 0):
        start, end = part.start or 0, part.end or 0
        marked = (
            _UNREAD.format(escape(text[start:end])) if effect is None else _marked(text[start:end], effect, strongest)
        )
        pieces += [escape(text[last:start]), marked]
        last = end
    return f"<span dir=auto>{''.join([*pieces, escape(text[last:])])}</span>"


def _marked(text: str, effect: Effect | None, strongest: float) -> str:
    share = 0.0 if effect is None or not strongest else abs(effect.log_odds) / strongest
    if effect is None or share < LEAST_SHADED:
        return escape(text)
    side, opacity = _side(effect), f"--a:{0.05 + 0.65 * share:.2f}"
    return f'<mark class={side} style="{opacity}" title="{effect.log_odds:+.3f} nats">{escape(text)}</mark>'


def _images(opened: OpenedPost, explanation: Explanation) -> list[str]:
    if not opened.images:
        return []
    regions = [effect for effect in explanation.parts if effect.part.kind == "region"]
    strongest = _strongest(regions)
    figures = []
    for number, image in enumerate(opened.images):
        image_regions = [effect for effect in regions if effect.part.image == number]
        drawing = overlay(image, image_regions, strongest=strongest)
        caption = f"image {number + 1}" + (
            f": regions move it by up to {_strongest(image_regions):.2f} nats" if image_regions else ""
        )
        address = data_address(drawing, quality=85)
        figures.append(f'<figure><img src="{address}" alt="{caption}"><figcaption>{caption}</figcaption></figure>')
    return figures


def _effects(effects: Sequence[Effect], caption: str) -> str:
    strongest = _strongest(effects)
    rows = []
    for effect in effects:
        part = effect.part
        named = part.kind in ("modality", "image", "input")
        what = escape(part.name) if named else f"{part.kind} <b dir=auto>{escape(part.name)}</b>"
        width = f"--w:{100 * abs(effect.log_odds) / strongest if strongest else 0:.0f}%"
        numbers = f"<td class=n>{effect.log_odds:+.3f}</td><td class=n>{effect.probability:+.3f}</td>"
        bar = f'<td class=b><span class="bar {_side(effect)}" style="{width}"></span></td>'
        rows.append(f"<tr><th scope=row>{what}</th>{numbers}{bar}</tr>")
    names = "<th scope=col>part</th><th scope=col class=n>nats</th><th scope=col class=n>probability</th>"
    head = f"<thead><tr>{names}<td></td></tr></thead>"
    return f"<table><caption>{escape(caption)}</caption>{head}<tbody>{''.join(rows)}</tbody></table>"


def _evidence(explanation: Explanation) -> list[str]:
    if not explanation.evidence:
        return []
    rows = [(neighbour.id, neighbour.place, f"{neighbour.similarity:.3f}") for neighbour in explanation.evidence]
    table = html_table(["post", "where it was", "cosine"], rows, caption="Their similarity is that of their vectors")
    return ["<h2>Training posts most like it</h2>", table]


def _attention(maps: Sequence[AttentionMap]) -> list[str]:
    if not maps:
        return []
    note = "What is read by what, mean of the heads. It is shown as it is, and explains nothing by itself."
    return [f"<h2>Attention</h2>\n<p class=soft>{note}</p>", *map(_map, maps)]


def _map(attention_map: AttentionMap) -> str:
    mean = attention_map.weights.mean(axis=0)
    scale = float(mean.max()) or 1.0
    rows = []
    for name, weights in zip(attention_map.queries, mean, strict=True):
        cells = (f'<td class=for style="--a:{weight / scale:.2f}" title="{weight:.3f}"> </td>' for weight in weights)
        rows.append(f"<tr><th scope=row>{escape(name)}</th>{''.join(cells)}</tr>")
    keys = "".join(f"<th scope=col>{escape(name)}</th>" for name in attention_map.keys)
    caption = "A row reads the columns: the more colour, the more"
    head = f"<thead><tr><td></td>{keys}</tr></thead>"
    table = f"<table><caption>{caption}</caption>{head}<tbody>{''.join(rows)}</tbody></table>"
    return f"<details><summary>{escape(attention_map.name)}</summary><div class=map>{table}</div></details>"


def _notes(explanation: Explanation) -> list[str]:
    if not explanation.notes:
        return []
    return ["<h2>Notes</h2>", f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in explanation.notes)}</ul>"]


def _ranked(effects: Iterable[Effect]) -> list[Effect]:
    noticeable = (effect for effect in effects if abs(effect.log_odds) >= NOTICEABLE)
    return sorted(noticeable, key=lambda effect: -abs(effect.log_odds))


def _strongest(effects: Iterable[Effect]) -> float:
    return max((abs(effect.log_odds) for effect in effects), default=0.0)


def _side(effect: Effect) -> str:
    return "for" if effect.log_odds > 0 else "against"
