"""Writes those parts of the documentation that the source says itself: ``python -m tests.pages`` (or ``make docs``).

The picture of the house in ``docs/explanation/architecture.md`` comes from the imports, the classes in
``docs/reference/glossary.md`` from their docstrings; tests/test_layers.py holds that both are what this would write.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.house import FILES, LAYERS, imported, part, room, tree

__all__ = ["PAGES", "public_classes", "written"]

DOCS = Path(__file__).parent.parent / "docs"
BEGIN, END = "<!-- written by tests.pages -->", "<!-- end -->"
WIDTH = 110
MAPS = {"interpret": "ψ: numbers to events", "construct": "φ: events to numbers"}


def public_classes() -> Iterator[tuple[str, ast.ClassDef]]:
    """(module, class) of every class without an underscore; records that only kernels hand about are no nouns."""
    for module in FILES:
        if ".kernels." not in module:
            for node in tree(module).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield module, node


def classes() -> str:
    """A row of the glossary per class, in the order of the alphabet."""
    rows = sorted((node.name, module, described(node)) for module, node in public_classes())
    lines = [f"| `{name}` | {meaning} | {module} |" for name, module, meaning in rows]
    return "\n".join(["| term | meaning | in |", "|---|---|---|", *lines])


def described(node: ast.AST) -> str:
    """The first paragraph of a docstring, as Markdown in one cell of a table."""
    text = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text).replace("``", "`")
    return text.replace("|", "\\|")


def picture() -> str:
    """The layers, each of which imports from those above it alone, and the inside of the two maps."""
    lines = ["```text"]
    for number, layer in enumerate(LAYERS):
        lines += ["   ↓"] if number else []
        for name in layer:
            module = name if name in FILES else f"{name}.__init__"
            if module in FILES:
                lines.append(fitted(f"{name + ('/' if module != name else ''):<16}{first_line(module)}"))
    for name, title in MAPS.items():
        lines += ["", f"{name}/  {title}", *inside(name)]
    return "\n".join([*lines, "```"])


def inside(name: str) -> Iterator[str]:
    """Folders of parts with the folders they import, those that need nothing first; then the flat files."""
    needs: dict[str, set[str]] = {}
    flat: dict[str, set[str]] = {}
    for module in FILES:
        if part(module) == name and module != f"{name}.__init__":
            there = {room(n.removeprefix("umrnn.")) for n in imported(module) if n.startswith(f"umrnn.{name}.")}
            own = room(module)
            into = flat.setdefault(module.split(".")[1], set()) if own is None else needs.setdefault(own, set())
            into |= {folder for folder in there if folder not in (None, own)}
    for title, group, slash in (("folders of parts", needs, "/"), ("flat files", flat, "")):
        yield f"  {title}"
        for own in sorted(group, key=lambda own: (depth(own, group), own)):
            below = " ".join(sorted(group[own])) or "–"
            yield fitted(f"    {own + slash:<18}← {below}")


def depth(folder: str, needs: dict[str, set[str]]) -> int:
    """How many folders stand below this one, one on another."""
    return max((1 + depth(other, needs) for other in needs.get(folder, set()) if other in needs), default=0)


def first_line(module: str) -> str:
    """What a module says it is, in a line."""
    return (ast.get_docstring(tree(module)) or "").splitlines()[0].replace("``", "")


def fitted(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1].rsplit(" ", 1)[0] + " …"


PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "explanation" / "architecture.md": picture,
    DOCS / "reference" / "glossary.md": classes,
}


def written(page: Path) -> str:
    """The page with its stretch between the two marks written anew."""
    before, rest = page.read_text("utf-8").split(f"{BEGIN}\n")
    _, after = rest.split(f"{END}\n")
    return f"{before}{BEGIN}\n{PAGES[page]()}\n{END}\n{after}"


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(written(path), "utf-8")
        print(path, file=sys.stderr)
