"""A report, or a map, as one HTML file: nothing is fetched, every text is escaped, only its own scripts may run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

from postplace.report.content import Content
from postplace.report.figures import Figure
from postplace.report.sections import Section, build_sections

# a style sheet for tiled maps that plotly would add, unless an element of that name is there; the policy forbids it
_ADDED_STYLE = re.compile(r'getElementById\("([0-9a-f]{64})"\)')

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>{title}</h1>
<p>{lead}</p>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main id="content">
{sections}
</main>
<footer>Made by postplace. Nothing on this page is fetched from anywhere.</footer>
{stands_in}
<script type="application/json" id="figures">{figures}</script>
<script>{plotly}</script>
<script>{script}</script>
</body>
</html>
"""


def build_page(content: Content) -> str:
    """The whole page."""
    lead = (
        f"Evaluated on {content.metrics.posts:,} posts that it has not learned from. "
        f"{content.metrics.left_out_as_seen:,} others were left out, because it had."
    )
    return render_page(content.title, lead, build_sections(content))


def render_page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """A page of sections under a title and a sentence, both plain text."""
    from plotly.offline import get_plotlyjs

    drawn = {name: figure for section in sections for name, figure in section.figures.items()}
    style, script, plotly = _packaged_file("page.css"), _packaged_file("page.js"), f"\n{get_plotlyjs()}\n"
    return _PAGE.format(
        policy=_policy(scripts=(plotly, script), style=style),
        title=escape(title),
        style=style,
        lead=escape(lead),
        links="".join(f'<li><a href="#{section.key}">{escape(section.title)}</a></li>' for section in sections),
        sections="\n".join(map(_section, sections)),
        stands_in="".join(f'<i hidden id="{name}"></i>' for name in sorted(set(_ADDED_STYLE.findall(plotly)))),
        figures=data_script(drawn),
        plotly=plotly,
        script=script,
    )


def data_script(figures: Mapping[str, Figure]) -> str:
    """JSON that no text in it can end the script element of.

    >>> data_script({"</script>": {}})
    '{"\\\\u003c/script\\\\u003e": {}}'
    """
    text = json.dumps(figures, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(*, scripts: tuple[str, ...], style: str) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    parts = ("default-src 'none'", f"script-src {allowed}", f"style-src {_hash(style)} {_hash('')}", "img-src data:")
    return "; ".join((*parts, "base-uri 'none'", "form-action 'none'"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _packaged_file(name: str) -> str:
    return (files("postplace.report") / name).read_text(encoding="utf-8")


def _section(section: Section) -> str:
    heading = f'<h2 id="{section.key}-title">{escape(section.title)}</h2>'
    return f'<section id="{section.key}" aria-labelledby="{section.key}-title">\n{heading}\n{section.body}\n</section>'
