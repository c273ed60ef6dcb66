"""Networks over the characters of an alphabet: over bytes they are the same, and impossible bytes cost nothing."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.rnn.model_files import refused
from umrnn.alphabet import Alphabet
from umrnn.cli.main import main
from umrnn.corpus import Corpus
from umrnn.errors import CheckFailed, InputError
from umrnn.nulls import Null
from umrnn.rnn.convert import convert
from umrnn.rnn.evaluate import evaluate
from umrnn.rnn.formats import describe, save
from umrnn.rnn.verify import LogitCheck, pytorch_logits, verification_text

ALPHABET = Alphabet(tuple("\n abcdé日ß"))
TEXT = "abé dc日\nßab" * 9
V, H, E = len(ALPHABET), 4, 3
RNG = np.random.default_rng(2)


def drawn(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def state(*, embedding: bool) -> dict:
    width = E if embedding else V
    arrays = {"rnn.weight_ih_l0": drawn(H, width), "rnn.weight_hh_l0": drawn(H, H), "rnn.bias_ih_l0": drawn(H)}
    arrays |= {"rnn.bias_hh_l0": drawn(H), "out.weight": drawn(V, H), "out.bias": drawn(V)}
    return arrays | ({"emb.weight": drawn(V, E)} if embedding else {})


def naive_logits(arrays: dict, numbers: list[int]) -> np.ndarray:
    """As the owner of the network has it: symbols by their numbers, (T, V)."""
    h, rows = np.zeros(H), []
    for number in numbers:
        x = arrays["emb.weight"][number] if "emb.weight" in arrays else np.eye(V)[number]
        z = arrays["rnn.weight_ih_l0"] @ x + arrays["rnn.weight_hh_l0"] @ h
        h = np.tanh(z + arrays["rnn.bias_ih_l0"] + arrays["rnn.bias_hh_l0"])
        rows.append(arrays["out.weight"] @ h + arrays["out.bias"])
    return np.array(rows)


def naive_bits(arrays: dict) -> float:
    """Bits of all but the first symbol of TEXT."""
    numbers = [ALPHABET.symbols.index(character) for character in TEXT]
    logits = naive_logits(arrays, numbers)[:-1]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return float(-np.log2(shares[np.arange(len(logits)), numbers[1:]]).sum())


@pytest.fixture(params=[True, False])
def arrays(request) -> dict:
    return state(embedding=request.param)


@pytest.fixture
def files(tmp_path: Path, arrays: dict) -> Path:
    """A folder with the network, its vocabulary and a text."""
    np.savez(tmp_path / "net.npz", **arrays)
    (tmp_path / "v.json").write_text(json.dumps(list(ALPHABET.symbols)))
    (tmp_path / "text").write_bytes(TEXT.encode())
    return tmp_path


def test_evaluate__per_symbol_and_per_byte(files: Path, arrays: dict) -> None:
    file = describe(files / "net.npz", alphabet=ALPHABET)
    found = evaluate(file, ALPHABET.recode(Corpus.open(files / "text")), null=Null(0)).headline()
    total = naive_bits(arrays)
    assert found["bpc"] == found["bits_per_symbol"] == pytest.approx(total / (len(TEXT) - 1), abs=1e-5)
    assert found["bits_per_byte"] == pytest.approx(total / len(TEXT[1:].encode()), abs=1e-5)


def test_describe__without_its_alphabet_is_refused(files: Path) -> None:
    refused(files / "net.npz", "one column per byte, got")
    other = Alphabet(("a", "b"))
    with pytest.raises(ValueError, match="one column per symbol, got"):
        describe(files / "net.npz", alphabet=other)
    np.savez(files / "own.npz", W_x=drawn(H, V), W_h=drawn(H, H), b_h=drawn(H), W_y=drawn(V, H), b_y=drawn(V))
    assert describe(files / "own.npz", alphabet=ALPHABET).model.hidden == H
    raw = save(describe(files / "own.npz", alphabet=ALPHABET).model, files / "m.bin")
    with pytest.raises(InputError, match="alphabet must be left out"):
        describe(raw, alphabet=ALPHABET)


def test_convert__the_alphabet_travels_where_there_is_a_place(files: Path) -> None:
    file = describe(files / "net.npz", alphabet=ALPHABET)
    for name in ("m.npz", "m.safetensors"):
        if name.endswith("safetensors"):
            pytest.importorskip("safetensors")
        assert convert(file, files / name).max_abs_logit_difference == 0
        carried = describe(files / name)
        assert carried.alphabet == ALPHABET
        assert carried.model.sha256 == file.model.sha256
    with pytest.raises(InputError, match="a raw file has no place for the alphabet"):
        convert(file, files / "m.bin")


def test_check__of_the_framework_over_symbols(files: Path, arrays: dict) -> None:
    numbers = [ALPHABET.symbols.index(character) for character in TEXT]
    np.save(files / "logits.npy", naive_logits(arrays, numbers))
    file = describe(files / "net.npz", alphabet=ALPHABET)
    check = LogitCheck.in_files(files / "logits.npy", files / "text", alphabet=ALPHABET)
    assert check.difference(file.model) < 1e-4
    np.save(files / "logits.npy", naive_logits(arrays, numbers)[:, ::-1])
    with pytest.raises(CheckFailed):
        LogitCheck.in_files(files / "logits.npy", files / "text", alphabet=ALPHABET).difference(file.model)
    np.save(files / "logits.npy", np.zeros((len(TEXT), 256)))
    with pytest.raises(InputError, match=rf"of shape \({len(TEXT)}, {V}\), one row per symbol"):
        LogitCheck.in_files(files / "logits.npy", files / "text", alphabet=ALPHABET)


def test_pytorch__verified_and_home(files: Path, arrays: dict) -> None:
    torch = pytest.importorskip("torch")
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, files / "net.pt")
    file = describe(files / "net.pt", alphabet=ALPHABET)
    assert pytorch_logits(file, verification_text(ALPHABET)).difference(file.model) < 1e-5
    if file.roles.embedding:
        return
    convert(file, files / "home.pt")
    home = torch.load(files / "home.pt", weights_only=True)
    assert {name: tuple(tensor.shape) for name, tensor in home.items()} == {n: a.shape for n, a in arrays.items()}
    np.testing.assert_array_equal(home["out.weight"].numpy(), arrays["out.weight"])


# On the command line


def run(capsys, *words) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


@pytest.mark.needs_jit
def test_commands__read_and_show_symbols(files: Path, arrays: dict, capsys) -> None:
    network = files / "m.npz"
    code, out, _ = run(
        capsys, "convert", files / "net.npz", network, "--alphabet", files / "v.json", "--format", "json"
    )
    assert (code, json.loads(out)["headline"]["max_abs_logit_difference"]) == (0, 0)
    read = ("--model", network, "--corpus", files / "text", "--format", "json")
    code, out, err = run(capsys, "eval", *read, "--permutations", "1")
    assert code == 0
    assert f"is read as {len(TEXT)} symbols of the network" in err
    assert json.loads(out)["headline"]["bits_per_symbol"] == pytest.approx(
        naive_bits(arrays) / (len(TEXT) - 1), abs=1e-5
    )
    code, out, _ = run(capsys, "interpret", "attribution", *read, "--at", "7")
    assert code == 0
    assert "日" in out
    assert "日".encode().hex() in out
    code, out, _ = run(capsys, "sample", "--model", network, "--length", "40", "--prompt", "日é", "--format", "json")
    assert code == 0
    headline = json.loads(out)["headline"]
    assert headline["prompt"]["text"] == "日é"
    assert set(bytes.fromhex(headline["text"]["hex"]).decode()) <= set(ALPHABET.symbols)
    code, out, _ = run(capsys, "corpus", "info", "--corpus", files / "text", "--format", "json")
    assert "日" not in out  # another command reads bytes again


@pytest.mark.needs_jit
def test_commands__networks_made_from_one_keep_its_alphabet(files: Path, capsys) -> None:
    run(capsys, "convert", files / "net.npz", files / "m.npz", "--alphabet", files / "v.json")
    read = ("--model", files / "m.npz", "--corpus", files / "text")
    code, _, err = run(capsys, "construct", "substitute", *read, "--permutations", "0", "--output", files / "s.npz")
    assert code == 0, err
    assert describe(files / "s.npz").alphabet == ALPHABET
    code, _, err = run(capsys, "construct", "redux", *read)
    assert code == 1
    assert "is a network over characters, and this command trains on bytes" in err


def test_commands__refuse_what_is_not_in_the_alphabet(files: Path, capsys) -> None:
    run(capsys, "convert", files / "net.npz", files / "m.npz", "--alphabet", files / "v.json")
    code, _, err = run(capsys, "eval", "--model", files / "m.npz", "--corpus", "siteinfo")
    assert code == 1
    assert "is not in the alphabet of the network" in err
    assert err.count("\n") == 1
