"""The package as its own source says it: modules, what each imports, the functions it defines."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import umrnn

__all__ = [
    "FILES",
    "LAYERS",
    "PACKAGE",
    "Function",
    "folder",
    "functions",
    "imported",
    "names_imported",
    "part",
    "room",
    "tree",
]

PACKAGE = Path(umrnn.__file__).parent
FILES = {".".join(p.relative_to(PACKAGE).with_suffix("").parts): p for p in sorted(PACKAGE.rglob("*.py"))}

# A module may import from its own layer and from those above it in this list, from nowhere else.
LAYERS = (
    (
        "errors",
        "_cache",
        "_jit",
        "_validate",
        "progress",
        "parallel",
        "_files",
        "_locks",
        "_siteinfo",
        "_mapped",
        "_stretches",
    ),
    ("corpus", "alphabet", "result", "nulls", "compressors", "decomposition", "statistics", "journal"),
    ("um", "rnn"),
    ("interpret",),
    ("construct",),
    ("replicate", "demo", "environment", "definitions"),
    ("report",),
    ("cli", "__main__"),
)


@dataclass(frozen=True)
class Function:
    """A function or method, by the dotted name it has in its module."""

    module: str
    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def lines(self) -> int:
        """From ``def`` to the last line, the docstring not counted; from the first statement for a command."""
        first = self.node.body[0].lineno if self.is_command else self.node.lineno
        return (self.node.end_lineno or 0) - first + 1 - self._docstring_lines

    @property
    def is_command(self) -> bool:
        """A function of ``umrnn.cli`` that Typer calls: it takes a format."""
        return part(self.module) == "cli" and self.is_public and "format" in [a.arg for a in self.parameters]

    @property
    def parameters(self) -> list[ast.arg]:
        """All of them but ``self`` and ``cls``."""
        given = self.node.args
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        return [a for a in every if a.arg not in ("self", "cls")] + [a for a in (given.vararg, given.kwarg) if a]

    @property
    def is_public(self) -> bool:
        """Neither it nor what it stands in begins with an underscore."""
        return not any(word.startswith("_") for word in self.name.split(".")) and "<locals>" not in self.name

    @property
    def _docstring_lines(self) -> int:
        first = self.node.body[0]
        if ast.get_docstring(self.node) is None or not isinstance(first, ast.Expr):
            return 0
        return (first.end_lineno or 0) - first.lineno + 1


@cache
def tree(module: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(FILES[module].read_text("utf-8"))


@cache
def imported(module: str) -> list[str]:
    """Dotted names of all modules that ``module`` imports, wherever in the file; relative ones made absolute."""
    return list(dict.fromkeys(stem for stem, _ in names_imported(module)))


@cache
def names_imported(module: str) -> list[tuple[str, str | None]]:
    """(module, name) of all that ``module`` imports; the name is None where the module itself is meant."""
    return list(_imports(module))


def _imports(module: str) -> Iterator[tuple[str, str | None]]:
    parts = ["umrnn", *FILES[module].relative_to(PACKAGE).with_suffix("").parts]
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[: -node.level] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:  # ``from umrnn import um`` names a module, ``from umrnn.um import x`` is in one
                inner = f"{stem}.{alias.name}"
                is_module = stem.startswith("umrnn") and _file(inner.removeprefix("umrnn.")) is not None
                yield (inner, None) if is_module or stem == "umrnn" else (stem, alias.name)


def functions(module: str) -> Iterator[Function]:
    """Every function of a module, methods and inner ones too."""

    def inside(node: ast.AST, prefix: str) -> Iterator[Function]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(module, prefix + child.name, child)
                yield from inside(child, f"{prefix}{child.name}.<locals>.")
            elif isinstance(child, ast.ClassDef):
                yield from inside(child, f"{prefix}{child.name}.")
            else:
                yield from inside(child, prefix)

    yield from inside(tree(module), "")


def part(module: str) -> str:
    """``um`` for ``um.kernels.counts``: the room of the house a module stands in."""
    return module.split(".")[0]


def room(module: str) -> str | None:
    """``readout`` for ``construct.readout.newton``: the folder inside a room; None for a flat file."""
    words = module.removesuffix(".__init__").split(".")
    is_folder = len(words) > 2 or f"{'.'.join(words)}.__init__" in FILES
    return words[1] if len(words) > 1 and is_folder else None


def folder(module: str) -> str:
    """``construct/readout`` for ``construct.readout.newton``, ``construct`` for ``construct.redux``."""
    words = module.removesuffix(".__init__").split(".")
    return "/".join(words if f"{'.'.join(words)}.__init__" in FILES else words[:-1])


def _file(module: str) -> Path | None:
    return FILES.get(module) or FILES.get(f"{module}.__init__")
