"""The tree of `docs/architecture.md`, from the first sentence of each module: `python docs/make_tree.py`.

With `--check` nothing is written, and the exit code is 1 where the page does not show the tree as it is.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "postplace"
PAGE = ROOT / "docs" / "architecture.md"
FLOW = (  # the stages in the order in which a post passes them, then what they rest on, then who uses them
    "posts", "splitting", "preparation", "encoders", "features", "models", "training", "inference", "runs",
    "explain", "report", "experiments", "server", "cli", "text", "images", "geo", "places", "evaluation", "synthetic",
    "system",
)  # fmt: skip
BEGIN, END = "<!-- tree: python docs/make_tree.py -->", "<!-- end of tree -->"
WIDTH = 150  # characters of a line


def first_sentence(path: Path) -> str:
    """The first sentence of a module's docstring, on one line, without its full stop.

    A sentence ends at a full stop, or at a colon with more lines behind it.
    """
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    sentence = re.split(r"(?<=\w)(?<!\bsec)[.](?=\s|$)", " ".join(docstring.split("\n\n")[0].split()), maxsplit=1)[0]
    return sentence.strip().rstrip(".")


def tree_lines(folder: Path, *, depth: int = 0) -> list[str]:
    """A line for the folder, one for each of its modules, and those of the folders within."""
    indent = "    " * depth
    about = first_sentence(folder / "__init__.py")
    lines = [_line(f"{indent}{folder.name}/", about)]
    for path in sorted(folder.glob("*.py")):
        if path.name not in ("__init__.py", "__main__.py"):
            lines.append(_line(f"{indent}    {path.name}", first_sentence(path)))
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        lines += tree_lines(inner, depth=depth + 1)
    return lines


def tree() -> str:
    """The whole tree: the modules at the root, then the folders in the order of the flow."""
    names = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    if unknown := names ^ set(FLOW):
        raise SystemExit(f"{Path(__file__).name}: FLOW and the folders of the package differ in {sorted(unknown)}")
    lines = ["src/postplace/"]
    lines += [_line(f"    {path.name}", first_sentence(path)) for path in sorted(PACKAGE.glob("*.py"))]
    for name in FLOW:
        lines += ["", *(f"    {line}" for line in tree_lines(PACKAGE / name))]
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its tree made anew."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n```text\n{tree()}\n```\n{END}{after}"


def _line(name: str, about: str) -> str:
    line = f"{name:<36}{about}" if about else name
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3].rsplit(' ', 1)[0]} ..."


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description="The tree of docs/architecture.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the page differs")
    check: bool = parser.parse_args().check
    now = PAGE.read_text(encoding="utf-8")
    made = page(now)
    if check and made != now:
        print(f"{PAGE.name} does not show the tree as it is: python docs/make_tree.py")
        return 1
    if not check:
        PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
