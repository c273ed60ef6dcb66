"""The house keeps its shape: imports point one way, owners stay single, modules and functions stay short."""

import ast
import statistics
from graphlib import TopologicalSorter

import pytest

from tests.house import FILES, LAYERS, functions, imported, names_imported, part, room, tree
from tests.pages import PAGES, public_classes, written

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

# Shared by the whole package though their names begin with an underscore: no business of its users.
SHARED = {"_jit", "_cache", "_files", "_validate", "_siteinfo", "_locks", "_mapped", "_stretches"}
MAPS = [
    n for n in FILES if part(n) in ("interpret", "construct") and n not in ("interpret.__init__", "construct.__init__")
]
EVERY = [function for module in FILES for function in functions(module)]

# What two things were called, or one thing beside its proper name.
GIVEN_UP = {
    *(
        "Parts",
        "Trial",
        "Tried",
        "Constructed",
        "Stage",
        "Carried",
        "ReadOut",
        "AdditiveReadOut",
        "Weights",
        "StateSums",
    ),
    *("READ_OUTS", "Design", "one_pass", "mapped", "fitting", "hebbian_influence", "spectrum", "Spectrum"),
}


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


def test_maps__folders_of_parts_know_no_flat_file():
    """Inside interpret/ and construct/: kernels, then folders of parts, then flat files, which are the commands."""
    found = [
        f"{module} imports {name}"
        for module in MAPS
        if room(module)
        for name in imported(module)
        if name.startswith(f"umrnn.{part(module)}") and room(name.removeprefix("umrnn.")) is None
    ]
    assert found == []


@pytest.mark.parametrize("name", ["interpret", "construct"])
def test_maps__folders_make_no_circle(name):
    needs = {room(module): set() for module in MAPS if part(module) == name and room(module)}
    for module in MAPS:
        if part(module) == name and room(module):
            there = [room(n.removeprefix("umrnn.")) for n in imported(module) if n.startswith(f"umrnn.{name}.")]
            needs[room(module)] |= {folder for folder in there if folder != room(module)}
    assert len(list(TopologicalSorter(needs).static_order())) == len(needs) > 5


def test_modules__make_no_circle():
    """Of flat files and parts too; packages are left out, since ``__init__`` gathers what stands below it."""
    modules = {f"umrnn.{name}" for name in FILES if not name.endswith("__init__")}
    needs = {name: {n for n in imported(name.removeprefix("umrnn.")) if n in modules} for name in modules}
    assert len(list(TopologicalSorter(needs).static_order())) == len(modules)


def test_maps__no_command_imports_a_constant_of_another():
    found = [
        f"{module} imports {name} of {stem}"
        for module in MAPS
        if room(module) is None
        for stem, name in names_imported(module)
        if stem.startswith(f"umrnn.{part(module)}.") and room(stem.removeprefix("umrnn.")) is None
        if name is not None and name.isupper()
    ]
    assert found == []


@pytest.mark.parametrize("module", FILES)
def test_imports__take_no_underscore_name(module):
    """What another module needs has a public name; inside one package ``from ._x`` counts as another module too."""
    for stem, name in names_imported(module):
        if stem.startswith("umrnn"):
            private = {word for word in [*stem.split("."), name or ""] if word.startswith("_")} - {"__version__"}
            assert private <= SHARED, f"{module} imports {name} of {stem}"


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


def test_functions__fit_a_screen():
    """Docstrings are not counted; nor is the signature of a command, which is the list of its options."""
    assert {f"{f.module}.{f.name}" for f in EVERY if f.lines > 40} == set()


def test_public_functions__take_at_most_eight_parameters():
    """Commands, whose parameters are their options, and kernels, which numba gives no nouns, are left out."""
    library = [f for f in EVERY if f.is_public and part(f.module) != "cli" and ".kernels." not in f.module]
    assert {f"{f.module}.{f.name}" for f in library if len(f.parameters) > 8} == set()


@pytest.mark.parametrize("name", ["um", "rnn", "interpret"])
def test_functions__take_threads_and_progress_as_one_work(name):
    public = [f for f in EVERY if f.is_public and part(f.module) == name and ".kernels." not in f.module]
    named = [(f.module, f.name, {a.arg for a in f.parameters}) for f in public]
    assert [(m, n) for m, n, arguments in named if {"threads", "progress"} <= arguments] == []
    assert any("work" in arguments for _, _, arguments in named)


def test_functions__take_no_bag_of_parameters():
    assert [f"{f.module}.{f.name}" for f in EVERY if "how" in [a.arg for a in f.parameters]] == []


@pytest.mark.parametrize(
    ("module", "name", "lines", "parameters", "public"),
    [
        ("result", "Table.of", 2, 2, True),
        ("result", "_short", 2, 1, False),
        ("_validate", "integer", 8, 4, True),
        ("cli.patterns", "ngram", 9, 9, True),
    ],
)
def test_walk__sees_methods_and_leaves_docstrings_and_options_out(module, name, lines, parameters, public):
    (function,) = [f for f in EVERY if f.name == name and f.module == module]
    assert (function.lines, len(function.parameters), function.is_public) == (lines, parameters, public)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages__are_what_the_source_says(page):
    assert page.read_text("utf-8") == written(page), "run `make docs`"


def test_classes__have_names_of_their_own_and_say_what_they_are():
    found = [(node.name, ast.get_docstring(node)) for _, node in public_classes()]
    names = [name for name, _ in found]
    assert {name for name in names if names.count(name) > 1} == set()
    assert [name for name, text in found if not text] == []


def test_names__that_were_given_up_stay_away():
    """Each of them stood for two things, or was a second name of one."""
    found = {f"umrnn.{module}": GIVEN_UP & set(_defined(module)) for module in FILES}
    assert {module: names for module, names in found.items() if names} == {}


def _defined(module):
    """Names of what a module holds: functions, classes, constants, types; and its own."""
    yield module.split(".")[-1]
    for node in tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
