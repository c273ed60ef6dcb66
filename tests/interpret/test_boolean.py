"""The Boolean reading: published figures, planted automata that must be read back exactly, nulls, bad input."""

import json
import re
import sys

import numpy as np
import pytest

from tests.naive import boolean as naive
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.boolean import boolean
from umrnn.interpret.saturation import saturation
from umrnn.interpret.signs.graph import graph_file, save_graph, transitions
from umrnn.interpret.signs.influence import boolean_influence, cycles, sampled_indices
from umrnn.interpret.signs.machine import SignMachine, hashes
from umrnn.interpret.signs.sign_pass import Ternary
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.shipped import shipped_file
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

FAST = {"null": Null(0)}
SIZES = [1, 63, 64, 65, 128, 130]


def random_model(hidden: int, dtype=np.float32, seed: int = 0, scale: float = 0.5) -> Elman:
    rng = np.random.default_rng(seed)
    shapes = ((hidden, 256), (hidden, hidden), (hidden,), (256, hidden), (256,))
    return Elman(*((scale * rng.standard_normal(shape)).astype(dtype) for shape in shapes))


def delay_line(hidden: int, dtype=np.float32) -> Elman:
    """Neuron 0 is +1 after an 'a' and -1 after any other byte, neuron k what neuron k - 1 was; weights saturate tanh.

    The read-out says 'a' where the last neuron is +1, else 'b'.
    """
    W_x, W_h, b_h = np.zeros((hidden, 256), dtype), np.zeros((hidden, hidden), dtype), np.zeros(hidden, dtype)
    W_x[0] = -50
    W_x[0, ord("a")] = 50
    b_h[1:] = -10  # the state before the first byte is -1
    W_h[np.arange(1, hidden), np.arange(hidden - 1)] = 50
    W_y, b_y = np.zeros((256, hidden), dtype), np.full(256, -99, dtype)
    W_y[ord("a"), -1], W_y[ord("b"), -1] = 5, -5
    b_y[[ord("a"), ord("b")]] = 0
    return Elman(W_x, W_h, b_h, W_y, b_y)


def letters(length: int, seed: int = 1) -> Corpus:
    return Corpus.from_bytes(np.random.default_rng(seed).integers(97, 99, length).astype(np.uint8))


def bits_of(words, hidden: int):
    return [[int(row[j // 64]) >> (j % 64) & 1 for j in range(hidden)] for row in words]


@pytest.mark.needs_jit
def test_boolean__published_figures(reference) -> None:
    model = rnn.load(reference / "sat-rnn-published.bin")
    found = boolean(model, Corpus.siteinfo(), **FAST).headline()
    rounded = {
        "bpc_float": 0.0792,
        "bpc_sign_readout": 0.129,
        "bpc_sign_dynamics": 12.08,
        "bpc_sign_dynamics_all_minus": 12.84,
        "bpc_sign_exponent_dynamics": 2.21,
        "mean_margin": 1.307,
        "share_margin_above_1": 0.476,
        "share_margin_below_1": 0.524,
        "share_margin_below_0_1": 0.060,
        "sign_agreement": 0.924,
        "influence_mean": 0.031,
        "influence_max": 0.423,
        "out_degree": 4.0,
        "max_mantissa_effect": 2.9e-6,
    }
    digits = {key: len(repr(value).split(".")[-1]) for key, value in rounded.items()} | {"share_margin_below_0_1": 3}
    assert {key: round(found[key], 7 if value < 1e-3 else digits[key]) for key, value in rounded.items()} == rounded
    exact = {
        "unique_sign_vectors": 983,
        "unique_sign_vectors_dynamics": 1023,
        "influence_max_source": 112,
        "influence_max_target": 73,
        "cycles_found": 0,
        "distinct_finals": 50,
    }
    assert {key: found[key] for key in exact} == exact


@pytest.mark.needs_jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", SIZES)
def test_boolean__planted_automaton_is_read_back_exactly(hidden: int, dtype) -> None:
    corpus = letters(400)
    reading = boolean(delay_line(hidden, dtype), corpus, **FAST)
    found = reading.headline()
    exact = ("fidelity", "fidelity_state", "fidelity_top_byte", "sign_agreement", "fidelity_free_state")
    # Neurons that have seen no byte yet are tanh(-10), already -1 as sign and, saturated, as number.
    assert [found[key] for key in exact] == [1.0] * 5
    assert found["first_counterexample"] is None
    assert reading.tables()["counterexamples"].rows == ()
    assert found["bpc_sign_dynamics"] == found["bpc_sign_readout"] == found["bpc_sign_dynamics_all_minus"]
    assert found["bpc_sign_readout"] == pytest.approx(found["bpc_float"], abs=1e-6)
    expected = np.zeros((hidden, hidden))
    expected[np.arange(1, hidden), np.arange(hidden - 1)] = 1
    assert np.array_equal(reading.influence, expected)
    # Under one byte for ever the line fills in H steps and then stands still.
    assert all(transient <= hidden and period == 1 for transient, period in reading.cycle_steps)
    assert found["distinct_finals"] == 1


@pytest.mark.needs_jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", SIZES)
def test_machine__is_the_definition_for_any_group(hidden: int, dtype) -> None:
    model, data = random_model(hidden, dtype), Corpus.siteinfo().data[:20]
    start = np.random.default_rng(2).integers(0, 2, hidden)
    expected = naive.run(model.arrays(), start.tolist(), data)
    for bits in (8, 4, 2, 1):
        machine = SignMachine(model, bits=bits)
        before = machine.pack(2.0 * start[np.newaxis] - 1)
        assert bits_of(machine.run(before[0], data), hidden) == expected


@pytest.mark.needs_jit
@pytest.mark.parametrize(
    ("dtype", "scale"),
    [(np.float32, 1e-42), (np.float32, 1e30), (np.float32, 1e37), (np.float64, 1e-315), (np.float64, 1e306)],
)
def test_machine__of_weights_at_the_ends_of_floating_point(dtype, scale: float) -> None:
    model, data = random_model(5, np.float64, scale=1).arrays(), Corpus.siteinfo().data[:20]
    extreme = Elman(**{name: (array * scale).astype(dtype) for name, array in model.items()})
    states = SignMachine(extreme).run(np.zeros(1, np.uint64), data)
    assert bits_of(states, 5) == naive.run(extreme.arrays(), [0] * 5, data)


@pytest.mark.needs_jit
@pytest.mark.parametrize("seed", range(5))
def test_machine__of_weights_of_all_sizes_in_one_network(seed: int) -> None:
    """Neurons whose weights differ in size a thousandfold and more, some of zero, inputs that drown the others."""
    rng, data = np.random.default_rng(seed), Corpus.siteinfo().data[:60]
    arrays = random_model(20, np.float64, scale=1).arrays()
    arrays = {name: array * 10.0 ** rng.integers(-9, 9, array.shape) for name, array in arrays.items()}
    arrays["W_h"][rng.integers(0, 20, 6)] = 0
    arrays["W_h"] *= 10.0 ** rng.integers(-30, 30, (20, 1))
    uneven = Elman(**arrays)
    for bits in (8, 2):
        states = SignMachine(uneven, bits=bits).run(np.zeros(1, np.uint64), data)
        assert bits_of(states, 20) == naive.run(uneven.arrays(), [0] * 20, data)


@pytest.mark.needs_jit
def test_machine__starts_from_zero_as_the_network_does() -> None:
    model, corpus = rnn.shipped(), Corpus.siteinfo()
    machine = SignMachine(model)
    first = machine.pack(trace(model, corpus.slice(0, 1)).states())
    assert np.array_equal(machine.run_from_zero(corpus.data)[0], first[0])


def test_hashes__are_distinct_and_fixed() -> None:
    words = np.random.default_rng(0).integers(0, 2**63, (5000, 2), np.uint64)
    words[1] = words[0]
    found = hashes(words)
    assert len(np.unique(found)) == 4999
    assert found[0] == found[1]
    assert hashes(words[:, ::-1].copy())[0] != found[0]
    mixed, mask = 0, 2**64 - 1
    for word in words[0].tolist():
        mixed = (mixed * 0xBF58476D1CE4E5B9 + word + 0x9E3779B97F4A7C15) & mask
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & mask
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & mask
        mixed ^= mixed >> 31
    assert int(found[0]) == mixed


@pytest.mark.needs_jit
def test_agreement__and_its_chance_level_are_their_definitions() -> None:
    model, corpus = random_model(7), letters(300)
    found = boolean(model, corpus, **FAST).headline()
    signs = (trace(model, corpus).states() >= 0).astype(int)
    predicted = np.array([naive.step(model.arrays(), s.tolist(), int(x)) for s, x in zip(signs, corpus.data[1:])])
    assert found["sign_agreement"] == pytest.approx(np.mean(predicted == signs[1:]), abs=1e-12)
    exact = (predicted == signs[1:]).all(axis=1)
    assert found["fidelity_state"] == exact.mean()
    assert found["null_sign_agreement"] == pytest.approx(
        np.mean([np.roll(predicted, k, axis=0) == signs[1:] for k in range(299)]), abs=1e-12
    )
    assert found["null_fidelity_state"] == pytest.approx(
        np.mean([(np.roll(predicted, k, axis=0) == signs[1:]).all(axis=1) for k in range(299)]), abs=1e-12
    )
    top = (trace(model, corpus).states() @ model.W_y.T + model.b_y).argmax(axis=1)[1:]
    guess = ((2 * predicted - 1) @ model.W_y.T.astype(np.float64) + model.b_y).argmax(axis=1)
    assert found["fidelity_top_byte"] == pytest.approx((top == guess).mean(), abs=1e-12)
    assert found["fidelity"] == pytest.approx((exact & (top == guess)).mean(), abs=1e-12)
    wrong = np.flatnonzero(~exact)
    assert found["first_counterexample"] == 1 + wrong[0]


@pytest.mark.needs_jit
def test_counterexamples__tell_where_and_what() -> None:
    corpus = Corpus.siteinfo().slice(100, 400)
    rows = boolean(rnn.shipped(), corpus, **FAST).tables()["counterexamples"].rows
    assert [row[0] for row in rows] == ["state"] * 5 + ["byte"] * 5
    for kind, position, context, after, network, automaton, differing in rows:
        here = position - corpus.start
        assert bytes(corpus.data[: here + 1]).endswith(context)
        assert corpus.data[here + 1 : here + 2].tobytes() == after
        assert differing > 0 if kind == "state" else network != automaton


@pytest.mark.needs_jit
def test_influence__is_every_flip_taken_anew() -> None:
    model, corpus = random_model(66), letters(40)
    sampled = list(sampled_indices(40))
    signs = (trace(model, corpus).states() >= 0).astype(int)[sampled]
    counts = naive.influence(model.arrays(), signs.tolist()[:2], corpus.data[1:3])
    found = boolean_influence(model, corpus.slice(0, 3))
    assert np.array_equal(found * 2, np.array(counts).T)


@pytest.mark.parametrize("length", [2, 3, 99, 101, 350, 1024, 1025, 5000, 10**6])
def test_sampled_positions__are_even_few_and_have_a_next_byte(length: int) -> None:
    found = sampled_indices(length)
    assert 1 <= len(found) <= 338
    assert 0 <= found[0] <= 10
    assert found[-1] <= length - 2
    assert found[-1] + found.step > length - 2


@pytest.mark.needs_jit
def test_cycles__of_a_ring_have_its_length() -> None:
    """Seven neurons that hand their signs on in a ring: the period is 7, or 1 where all are alike."""
    weights = random_model(7).arrays() | {"W_h": np.roll(np.eye(7, dtype=np.float32), 1, axis=0)}
    model = Elman(**weights | {"W_x": 0 * weights["W_x"], "b_h": 0 * weights["b_h"]})
    found, finals = cycles(SignMachine(model), 0, starts=20, limit=30, seed=1)
    assert {transient for transient, _ in found} == {0}
    assert {period for _, period in found} <= {1, 7}
    assert 7 in {period for _, period in found}
    assert 1 < finals <= 20


def test_transitions__are_the_definition() -> None:
    rng = np.random.default_rng(3)
    for length in (2, 3, 40, 200):
        states, data = rng.integers(0, 3, length), rng.integers(0, 2, length).astype(np.uint8)
        found = transitions(states, data)
        expected = naive.transitions(states.tolist(), data)
        assert (found.pairs, found.pairs_repeated, found.deterministic) == expected
        if length > 3:
            assert (found.held_out_seen, found.held_out_right) == naive.held_out(states.tolist(), data)


def test_transitions__of_two_bytes_hold_nothing_out() -> None:
    found = transitions(np.array([0, 1]), np.zeros(2, np.uint8))
    assert (found.held_out_seen, found.held_out_right, found.deterministic_repeated) == (None, None, None)


@pytest.mark.needs_jit
def test_graph__holds_every_step_or_says_what_it_lacks() -> None:
    model, corpus = random_model(3), letters(500)
    whole = boolean(model, corpus, **FAST).graph
    assert (whole.nodes_left_out, whole.steps_left_out) == (0, 0)
    assert whole.visits.sum() == 500
    assert whole.edges[:, 2].sum() == 499
    walk = (trace(model, corpus).states() >= 0) @ [1, 2, 4]
    numbers = {tuple(row): count for *row, count in zip(walk[:-1], corpus.data[1:], walk[1:], range(499))}
    node = whole.signs[:, 0].astype(int)
    assert {(node[s], x, node[t]) for s, x, _, t in whole.edges.tolist()} == {tuple(map(int, key)) for key in numbers}
    few = boolean(model, corpus, nodes=2, **FAST).graph
    assert few.visits.tolist() == whole.visits[:2].tolist()
    assert few.nodes_left_out == len(whole.visits) - 2
    assert few.steps_left_out == 499 - few.edges[:, 2].sum() > 0


# One statement of the DOT language a line: a comment, defaults, a node or an edge; quoted strings escape quotes.
QUOTED = r'"(?:[^"\\]|\\["\\])*"'
ATTRIBUTES = rf"\[\w+=(?:{QUOTED}|\w+)(?:, \w+=(?:{QUOTED}|\w+))*\]"
STATEMENT = re.compile(rf"  (?://.*|(?:graph|node) {ATTRIBUTES};|\d+ {ATTRIBUTES};|\d+ -> \d+ {ATTRIBUTES};)")


@pytest.mark.needs_jit
def test_graph__is_written_as_dot_and_json(tmp_path) -> None:
    corpus = Corpus.from_bytes(bytes(range(256)) * 2)
    reading = boolean(random_model(4), corpus, **FAST)
    graph, found, first = reading.graph, reading.headline(), reading.counterexamples["state"][0]
    save_graph(graph, tmp_path / "a.dot")
    lines = (tmp_path / "a.dot").read_text("utf-8").splitlines()
    assert f"fidelity {found['fidelity']:.4g}, fidelity_state {found['fidelity_state']:.4g}" in lines[3]
    assert f"counterexample at {first.position}: {first.differing_neurons} signs differ" in lines[2]
    assert (lines[0], lines[-1]) == ("digraph automaton {", "}")
    assert [line for line in lines[1:-1] if not STATEMENT.fullmatch(line)] == []
    assert sum("->" in line for line in lines) == len(graph.edges)
    labels = {match for line in lines if "->" in line for match in re.findall(rf"label=({QUOTED})", line)}
    assert {'"\\""', '"\\\\"', '"␣"', '"0x00"', '"a"'} <= {re.sub(" ×.*", '"', label) for label in labels}
    save_graph(graph, tmp_path / "a.JSON")
    record = json.loads((tmp_path / "a.JSON").read_text("utf-8"))
    assert [record["hidden"], len(record["nodes"]), len(record["edges"])] == [4, len(graph.visits), len(graph.edges)]
    assert sum(edge["count"] for edge in record["edges"]) == 511
    assert record["corpus"]["sha256"] == corpus.sha256
    assert record["fidelity"]["fidelity_top_byte"] == found["fidelity_top_byte"]
    assert record["first_counterexample"]["position"] == found["first_counterexample"] == first.position
    assert record["first_counterexample"]["context"] == list(first.context)
    for node in record["nodes"]:
        assert int(node["signs"], 16) == int(graph.signs[node["id"], 0])


@pytest.mark.needs_jit
def test_graph__without_a_counterexample_says_so() -> None:
    graph = boolean(delay_line(4), letters(50), **FAST).graph
    assert "// no counterexample" in graph.dot()
    assert json.loads(graph.json())["first_counterexample"] is None


@pytest.mark.needs_jit
def test_boolean__flips_are_those_of_saturation() -> None:
    model, corpus = random_model(70), letters(300)
    flips = {row.neuron: row.flips for row in saturation(model, corpus, null=Null(0)).rows}
    assert boolean(model, corpus, **FAST).neurons["flips"].tolist() == [flips[j] for j in range(70)]


def test_graph__refuses_other_files(tmp_path) -> None:
    with pytest.raises(InputError, match=r"graph must be a \.dot or \.json file, got .*a\.png"):
        graph_file(tmp_path / "a.png")
    with pytest.raises(InputError, match="graph cannot be written: the directory"):
        graph_file(tmp_path / "none" / "a.dot")
    (tmp_path / "model.json").write_text("x")
    for name in ("model.json", "later.json"):
        with pytest.raises(InputError, match="graph must not be the model itself"):
            graph_file(tmp_path / name, keep={"the model": tmp_path / name})


@pytest.mark.needs_jit
def test_ternary__without_dead_zone_is_the_sign() -> None:
    found = boolean(rnn.shipped(), Corpus.siteinfo(), ternary=0.0, **FAST).headline()
    assert found["bpc_ternary_readout"] == found["bpc_sign_readout"]
    assert found["bpc_ternary_dynamics"] == found["bpc_sign_dynamics"]
    wider = boolean(rnn.shipped(), Corpus.siteinfo(), ternary=0.3, **FAST).headline()
    assert wider["bpc_ternary_readout"] != found["bpc_ternary_readout"]


def test_ternary__reads_zero_inside_the_dead_zone() -> None:
    h = np.array([[-0.5, -0.1, 0.0, 0.1, 0.5]], np.float32)
    assert Ternary(SignMachine(Elman.zeros(5)), 0.2).read(h).tolist() == [[-1, 0, 0, 0, 1]]


@pytest.mark.needs_jit
def test_boolean__does_not_depend_on_threads_or_blocks(monkeypatch) -> None:
    model, corpus = random_model(70), letters(900)
    readings = [boolean(model, corpus, null=Null(3), work=Work(n), ternary=0.1) for n in (1, 2, 5)]
    assert all(r.headline() == readings[0].headline() for r in readings)
    assert all(r.tables() == readings[0].tables() for r in readings)
    monkeypatch.setattr(sys.modules["umrnn.rnn.trace"], "_LARGEST_BLOCK", 7)  # the name umrnn.rnn.trace is a function
    cut = boolean(model, corpus, null=Null(3), ternary=0.1)
    for key, value in readings[0].headline().items():
        assert cut.headline()[key] == (pytest.approx(value, rel=1e-5) if isinstance(value, float) else value), key
    assert cut.counterexamples == readings[0].counterexamples
    assert np.array_equal(cut.graph.edges, readings[0].graph.edges)


@pytest.mark.needs_jit
@pytest.mark.parametrize("hidden", [1, 2, 64])
@pytest.mark.parametrize("length", [2, 3, 42, 43])
def test_boolean__of_tiny_inputs(hidden: int, length: int) -> None:
    found = boolean(random_model(hidden), letters(length), null=Null(1)).headline()
    assert found["positions"] == length - 1
    assert 0 <= found["fidelity"] <= found["fidelity_state"] <= 1
    assert found["sign_agreement"] >= found["fidelity_state"]


@pytest.mark.needs_jit
def test_boolean__says_whether_the_bytes_were_learnt() -> None:
    learnt = boolean(shipped_file(), Corpus.siteinfo(), null=Null(2)).headline()
    assert learnt["scored"] == "in_sample"
    assert learnt["null_bpc_float"] > 8 > learnt["bpc_float"]
    assert learnt["null_sign_agreement"] < 0.6 < learnt["sign_agreement"]
    assert boolean(rnn.shipped(), Corpus.siteinfo(), **FAST).headline()["null_bpc_float"] is None


@pytest.mark.parametrize(
    ("data", "options", "match"),
    [
        (b"a", {}, "one byte has nothing to predict"),
        (b"ab", {"ternary": 1.0}, r"ternary must lie in \[0, 1\), states being between -1 and 1, got 1.0"),
        (b"ab", {"ternary": -0.1}, "ternary must lie in"),
        (b"ab", {"ternary": float("nan")}, "ternary must lie in"),
        (b"ab", {"nodes": 0}, "nodes must be at least 1, got 0"),
    ],
)
def test_boolean__bad_input(data: bytes, options: dict, match: str) -> None:
    with pytest.raises(InputError, match=match):
        boolean(Elman.zeros(2), Corpus.from_bytes(data), **options)
