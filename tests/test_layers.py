"""The house keeps its shape: imports point one way, single owners stay single, modules stay short."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

import umrnn

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
    ("corpus", "alphabet", "result", "nulls", "compressors", "decomposition", "statistics"),
    ("um", "rnn"),
    ("interpret",),
    ("construct",),
    ("replicate", "demo", "environment"),
    ("report",),
    ("cli", "__main__"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
STRANGERS = {("um", "rnn"), ("rnn", "um")}

# Library: the parts of umrnn that may import it, at the top of a file or inside a function.
OWNERS = {
    "numba": {"_jit"},
    "llvmlite": {"_jit"},
    "typer": {"cli"},
    "click": set(),
    "rich": {"report"},
    "altair": {"report"},
    "vl_convert": {"report"},
    "matplotlib": {"report"},
    "plotly": {"report"},
}


def imported(module: str) -> Iterator[str]:
    """Dotted names of all that ``module`` imports, wherever in the file; relative ones made absolute."""
    path = FILES[module]
    parts = ["umrnn", *path.relative_to(PACKAGE).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[: -node.level] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            # ``from umrnn import um`` names a module, ``from umrnn.um import x`` is in one already
            yield from (f"{stem}.{alias.name}" if stem == "umrnn" else stem for alias in node.names)


def part(module: str) -> str:
    """``um`` for ``um.kernels.counts``: the room of the house a module stands in."""
    return module.split(".")[0]


@pytest.mark.parametrize("module", [name for name in FILES if name != "__init__"])
def test_imports__point_one_way(module):
    here = part(module)
    assert here in RANK, f"umrnn/{here} stands in no layer of DESIGN: add it to LAYERS"
    for name in imported(module):
        there = name.split(".")[1] if name.startswith("umrnn.") else None
        if there in RANK:
            assert RANK[there] <= RANK[here], f"{module} imports {name} from a later layer"
            assert (here, there) not in STRANGERS, f"{module} imports {name}: um and rnn do not know each other"


@pytest.mark.parametrize("module", FILES)
def test_imports__libraries_have_one_owner(module):
    for name in imported(module):
        library = name.split(".")[0]
        assert part(module) in OWNERS.get(library, {part(module)}), f"{module} imports {library}"


@pytest.mark.parametrize("module", [name for name in FILES if ".kernels." in name])
def test_kernels__import_only_kernels(module):
    """The folder of compiled kernels is named after them alone: what they call must be among them."""
    ours = [name for name in imported(module) if name.startswith("umrnn.")]
    assert [name for name in ours if ".kernels" not in name and name != "umrnn._jit"] == []


def test_modules__are_short():
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in FILES.items()}
    assert {name: n for name, n in lengths.items() if n > 400} == {}
    assert statistics.median(lengths.values()) <= 150


@pytest.mark.parametrize("module", [name for name in FILES if part(name) not in ("report", "cli")])
def test_library__never_prints(module):
    tree = ast.parse(FILES[module].read_text("utf-8"))
    calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
    assert not [f for f in calls if isinstance(f, ast.Name) and f.id == "print"]


def test_layers__hold_every_part_of_the_package():
    """What the walk relies on: a relative or lazy import would be seen."""
    assert "umrnn.corpus" in set(imported("result"))
    assert "umrnn.um.bytes" in set(imported("cli.corpus"))  # imported inside a function
