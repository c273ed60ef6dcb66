"""What the documentation says is true: examples run, commands exist, the reference is the program's own help."""

import ast
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import umrnn
from tests.pages import public_classes
from tests.training import train
from umrnn import cli, construct, interpret, rnn, um
from umrnn.construct.redux import Effort
from umrnn.corpus import Corpus
from umrnn.definitions import PAGES as PAGES_READ
from umrnn.definitions import definitions, explain
from umrnn.demo import demo
from umrnn.environment import environment
from umrnn.errors import InputError
from umrnn.interpret.export import export
from umrnn.nulls import Check, Null
from umrnn.report.reading import Seen
from umrnn.report.readings import READINGS
from umrnn.result import Result

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
# Figures that are there only where a program or an option is: bzip2's rival zstd, a recoded text.
ELSEWHERE = {("Evaluation", "bpc_per_source_byte")}
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(umrnn.__path__, "umrnn.") if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_module__examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__examples_run(page: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, str(page), 0)
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__names_only_commands_and_options_that_exist(page: Path) -> None:
    reference = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    for line in re.findall(r"^\$ (umrnn .*)$", page.read_text("utf-8"), flags=re.MULTILINE):
        words = line.split()
        name = " ".join(words[:3]) if f"## `{' '.join(words[:3])}`" in reference else " ".join(words[:2])
        section = reference.split(f"## `{name}`")
        assert len(section) > 1, line
        for option in re.findall(r"--[a-z-]+", line):
            assert option in section[1].split("\n## ")[0], f"{option} in {line}"


def test_reference__is_the_help_of_the_program() -> None:
    written = subprocess.run(
        [sys.executable, "-m", "umrnn.cli.reference"], capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout
    assert (ROOT / "docs/reference/cli.md").read_text("utf-8") == written
    assert cli.__doc__


def test_readme__test_command_is_what_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "@@" not in readme
    commands = [line for line in re.findall(r"^\s*(python3 -m venv .*)$", readme, flags=re.MULTILINE)]
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci/run").read_text("utf-8")
    assert commands[0].endswith("umrnn demo")


def one_of_each(folder: Path) -> Iterator[Result]:
    """The result of every command, on as little as shows all its keys and columns."""
    corpus, null = Corpus.siteinfo().slice(0, 300), Null(3)
    yield um.byte_statistics(corpus, check=Check(null=null))
    yield um.ngram_orders(corpus, 3, check=Check(null=null))
    yield um.skip_patterns(corpus, (1, 3), check=Check(null=null))
    yield um.greedy_patterns(corpus, 2, 5, check=Check(null=null))
    yield um.greedy_patterns(corpus, 2, 5, check=Check(null=Null(99)), stop=True)
    yield um.mutual_information(corpus, 4)
    yield um.backward_trie(corpus, corpus.data[-1].item(), depth=2, max_offset=3, check=Check(null=null))
    yield um.backward_trie(corpus, depth=2, max_offset=3, check=Check(null=null))
    yield um.pair_synergies(corpus, 3, check=Check(null=null))
    yield um.pattern_survival(corpus, null=null)
    training = train(corpus, hidden=2, epochs=1, held_out=0.25)
    yield training
    yield rnn.evaluate(training.model, corpus, null=null)
    yield rnn.draw(training.model, 5)
    rnn.save(training.model, folder / "a.npz")
    yield rnn.convert(folder / "a.npz", folder / "b.bin")
    yield demo(corpus.slice(0, 64))
    model = rnn.initial(3)
    yield interpret.factor_map(model, corpus, range(3), features=True, check=Check(null=null))
    yield interpret.boolean(model, corpus, ternary=0.1, null=null)
    yield interpret.knockout(model, corpus, null=null)
    yield interpret.saturation(model, corpus, null=null)
    yield interpret.precision(model, corpus, starts=1)
    yield interpret.read_weights(model, corpus)
    yield interpret.neuron(model, corpus, 1, range(2), check=Check(null=null))
    yield interpret.gradient(model, corpus, depth=3, null=null)
    yield interpret.attribution(model, corpus, depth=3, sharing=interpret.Sharing(3, 16), null=null)
    yield export(model, corpus, 5, 7, depth=2)
    yield interpret.offset_effects(model, corpus, max_lag=3)
    yield interpret.alignment(model, corpus, max_offset=3, null=null)
    yield interpret.intervene(model, corpus, draws=2, null=null)
    yield interpret.patch_positions(model, corpus, 20, 30, max_lag=3)
    yield interpret.patch_texts(model, b"abc", b"abd", max_lag=3)
    yield interpret.memory(model, corpus, depth=2, positions=50, horizon=9, null=Null(3))
    states = interpret.States.of(model, corpus)
    yield interpret.state_memory(states, corpus, depth=2, null=Null(3))
    yield interpret.state_alignment(states, corpus, max_offset=3, null=null)
    yield interpret.svd(model, corpus, components=2, null=null)
    yield interpret.lyapunov(model, corpus, steps=50)
    yield construct.predict(model, corpus, null=null, shuffles=1)
    yield construct.substitute(model, corpus, epochs=2, draws=1, null=Null(1))
    yield construct.spectral(corpus, 4, check=Check(null=null))
    yield construct.conjunctions(corpus, 9, rounds=2, check=Check(null=null))
    yield construct.compare(corpus.slice(0, 100), (8,), times=(), check=Check(null=Null(1)))
    carrier, check = construct.Carrier.of(groups=2), Check(null=Null(1))
    for readout in ("log-ratio", "pinv", "newton"):
        yield construct.shift_register(corpus, carrier, readout=readout, check=check)
    yield construct.continuum(corpus, carrier, check=check)
    yield construct.compare_hashes(corpus, groups=2, draws=1, check=check)
    yield construct.compare_carriers(corpus, groups=2, steps=2, check=check)
    yield construct.halves(corpus, carrier, check=check)
    few = corpus.slice(0, 60)
    yield construct.multi_offset(few, draws=1, descent_bytes=20, null=Null(0))  # the published designs
    yield construct.reverse(few, (1, 2), draws=1, null=Null(1))
    yield construct.bigram(corpus, hidden=4, draws=1, null=Null(1))
    yield construct.redux(model, few, effort=Effort((1,), 1, 1), null=Null(1))
    yield environment()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    folder = tmp_path_factory.mktemp("walk")
    found = [*one_of_each(folder), explain("loo_r2")]
    found[0].save(folder / "saved.json")
    return [*found, Result.load(folder / "saved.json")]


def test_tables__all_rows_of_one_have_read_the_same_bytes(results: list[Result]) -> None:
    """Otherwise their losses could not be compared; a fit that sees fewer says so in its detail."""
    read = {
        (type(result).__name__, name): {row[table.columns.index("bytes_read")] for row in table.rows}
        for result in results
        for name, table in result.tables().items()
        if "bytes_read" in table.columns
    }
    assert {key: counts for key, counts in read.items() if len(counts) != 1 or None in counts} == {}
    assert len(read) >= 11  # a table of nearly every construction


def test_readings__name_what_there_is_and_say_it_in_sentences(results: list[Result]) -> None:
    """Every kind of result has a reading; what it names exists somewhere; its sentences hold for a saved result too."""
    keys: Counter[tuple[str, str]] = Counter()
    columns: Counter[tuple[str, str, str]] = Counter()
    for result in results:
        keys.update((result.kind, key) for key in result.headline())
        columns.update((result.kind, n, column) for n, table in result.tables().items() for column in table.columns)
        sentences = list(READINGS[result.kind].says(Seen.of(result)))
        assert all(re.fullmatch(r".*[.!]", sentence) and "nan" not in sentence.lower() for sentence in sentences)
        assert "None" not in " ".join(sentences), (result.kind, sentences)
    named = {(kind, key) for kind, reading in READINGS.items() for key in reading.figures}
    assert {(kind, key) for kind, key in named if (kind, key) not in keys} - ELSEWHERE == set()
    shown = {
        (kind, table, column)
        for kind, reading in READINGS.items()
        for table, view in (reading.tables or {}).items()
        for column in (*view.columns, *filter(None, [view.bar, (view.sort or "").removeprefix("-")]))
    }
    assert shown - set(columns) == set()
    assert {kind for kind, _ in keys} - {"SavedResult"} == set(READINGS)


def test_columns__every_name_is_explained(results: list[Result]) -> None:
    explained = {name for known in definitions() for name in known.keys}
    missing = {
        f"{type(result).__name__}: {name}"
        for result in results
        for name in [*result.headline(), *(column for table in result.tables().values() for column in table.columns)]
        if name not in explained
    }
    assert missing == set()


def test_walk__misses_no_result(results: list[Result]) -> None:
    """A new kind of result joins ``one_of_each``, so that its columns are held to the reference."""
    kinds = [node.name for _, node in public_classes() if "Result" in {ast.unparse(base) for base in node.bases}]
    assert {type(result).__name__ for result in results} == set(kinds)


def test_definitions__give_a_name_one_meaning() -> None:
    """In one section, but for a remark that tells where it holds: the same name of the headline and of a table."""
    found = [(known.where, name, known.names.split("`")[-1]) for known in definitions() for name in known.keys]
    assert {entry for entry in found if found.count(entry) > 1} == set()


def test_definitions__of_terms_are_those_of_no_column() -> None:
    """The glossary says what words mean; where a column is called by one, the command's section says which it is."""
    terms = [known for known in definitions() if known.where == "terms"]
    assert len(terms) > 40
    assert [known.names for known in terms] == sorted((known.names for known in terms), key=str.lower)
    everywhere = {name for known in definitions() if known.where == "everywhere" for name in known.keys}
    assert everywhere & {name for known in terms for name in known.keys} == set()


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("offset", "distance back from the *predicted* byte"),
        ("elman", "Weights of an Elman network"),
        ("independent_jaccard", "from the two rates of flipping alone"),
    ],
)
def test_explain__says_what_stands_in_the_reference(name: str, meaning: str) -> None:
    assert meaning.replace("*", "") in str(explain(name).headline()["meaning"])


def test_explain__names_what_is_near() -> None:
    with pytest.raises(InputError, match="is called lo_r2") as refused:
        explain("lo_r2")
    assert "loo_r2" in (refused.value.hint or "")


def test_definitions__travel_with_an_installed_package() -> None:
    """What the wheel takes along is what is read here."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        wheel = tomllib.load(stream)["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {f"docs/reference/{page}": f"umrnn/reference/{page}" for page in PAGES_READ}
