"""Files of models that commands write: what they say of the bytes fitted to, and what ``eval`` makes of it."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

import umrnn as package
from umrnn.corpus import Corpus
from umrnn.rnn.formats import describe_predictor


def scored(umrnn, model: Path, corpus: Path, *options: str) -> tuple[str, float | None]:
    words = (
        "eval",
        "--model",
        str(model),
        "--corpus",
        str(corpus),
        "--permutations",
        "0",
        "--format",
        "json",
        *options,
    )
    headline = json.loads(umrnn(*words).out)["headline"]
    return headline["scored"], headline["fitted_share"]


@pytest.mark.needs_jit
@pytest.mark.parametrize(
    ("words", "fitted"),
    [
        ("train --optimizer adam --epochs 1 --hidden 2 --held-out .5", 1000),
        ("construct bigram --hidden 8 --draws 1 --permutations 0", 2000),
        ("construct spectral --hidden 4 --past 4 --permutations 0", 1000),
        ("construct multi-offset --offsets 1,2 --draws 1 --permutations 0", 2000),
    ],
)
def test_written__models_say_which_bytes_they_were_fitted_to(umrnn, tmp_path: Path, words: str, fitted: int) -> None:
    text = tmp_path / "text"
    text.write_bytes(np.random.default_rng(1).integers(97, 105, 2000, dtype=np.uint8).tobytes())
    model = tmp_path / "m.npz"
    assert umrnn(*words.split(), "--corpus", str(text), "--output", str(model)).code == 0
    (tmp_path / "copy").write_bytes(text.read_bytes()[10:fitted])
    (tmp_path / "link").symlink_to(text)
    (tmp_path / "longer").write_bytes(text.read_bytes() + bytes(range(256)) * 4)
    assert scored(umrnn, model, tmp_path / "copy") == ("in_sample", 1.0)
    assert scored(umrnn, model, tmp_path / "link", "--range", "0:900")[0] == "in_sample"
    assert scored(umrnn, model, tmp_path / "longer", "--range", f"0:{fitted}")[0] == "in_sample"
    assert scored(umrnn, model, tmp_path / "longer", "--range", f"{fitted}:") == ("held_out", 0.0)
    assert scored(umrnn, model, tmp_path / "longer")[0] == "overlaps"


def test_eval__a_text_that_begins_as_the_one_the_shipped_network_was_trained_on(umrnn, tmp_path: Path) -> None:
    text = tmp_path / "dump.xml"
    text.write_bytes(Corpus.siteinfo().data.tobytes() + b"more text " * 100)
    options = ("--corpus", str(text), "--range", "0:1000", "--permutations", "0", "--format", "json")
    headline = json.loads(umrnn("eval", *options).out)["headline"]
    assert (headline["scored"], headline["fitted_share"]) == ("in_sample", 1.0)


def test_written__metadata_survives_a_conversion(umrnn, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    source, there, back = (str(tmp_path / name) for name in ("a.npz", "b.safetensors", "c.npz"))
    umrnn("train", "--epochs", "1", "--hidden", "2", "--output", source)
    for one, other in ((source, there), (there, back)):
        assert umrnn("convert", one, other).code == 0
    for path in (there, back):
        fitted = describe_predictor(path).fitted_to()
        assert fitted is not None
        assert len(fitted.hashes) == 16


def test_written__by_one_function_alone() -> None:
    """No command saves a model past ``model_metadata``."""
    callers = set()
    for path in (Path(package.__file__).parent / "cli").rglob("*.py"):
        names = {n.id for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Name)}
        if "save" in names:
            assert "model_metadata" in names, path
            callers.add(path.name)
    assert callers == {"files.py", "written.py"}
