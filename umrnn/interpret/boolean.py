"""The network as a Boolean automaton: how much of it its signs alone hold, and how far they drive themselves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.interpret.rounding import rounded_bits
from umrnn.interpret.signs import (
    Counterexample,
    SignMachine,
    SignPass,
    Ternary,
    TransitionGraph,
    Transitions,
    boolean_influence,
    cycles,
    most_visited,
    null_bits,
    sampled_indices,
    transitions,
)
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.fitted import standing
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.weights import Elman

__all__ = ["BooleanReading", "boolean"]

_SHUFFLES = 3  # enough for a mean; each costs half a reading
_STARTS, _LIMIT = 50, 400  # random states followed under one byte; steps to follow them for
_CYCLE_POSITION = 42
_STRONGEST = 20  # influences listed


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BooleanReading(Result):
    """What the signs of a network's states say; all bits are of the bytes read, see ``scored``.

    Parameters
    ----------
    figures : the headline, in its order
    bits : bits per byte by configuration; with the mean over shuffles of the corpus, None where not measured
    neurons : arrays of shape (H,) by column: margins, flips, agreement
    influence : shape (H, H); [i, j] is the share of sampled positions at which flipping sign j flips sign i
    counterexamples : the first steps where the automaton misses the sign vector (``state``) or top byte (``byte``)
    cycle_steps : of each random start the steps before its cycle and the period; -1 where none was found
    transitions : how far (sign vector, byte) determines the sign vector after
    graph : the most visited sign vectors and the steps between them
    """

    figures: Mapping[str, Any]
    bits: Mapping[str, tuple[float, float | None]]
    neurons: Mapping[str, NDArray[Any]]
    influence: NDArray[np.float64]
    counterexamples: Mapping[str, list[Counterexample]]
    cycle_steps: list[tuple[int, int]]
    transitions: Transitions
    graph: TransitionGraph

    def headline(self) -> dict[str, Any]:
        """Bits of each configuration, margins, agreement and fidelity with their chance levels, influence, cycles."""
        return dict(self.figures)

    def tables(self) -> dict[str, Table]:
        """``configurations``, ``neurons``, ``influence``, ``counterexamples``, ``cycles``, ``transitions``."""
        columns = ("kind", *Counterexample.__dataclass_fields__)
        missed = [(kind, *asdict(row).values()) for kind, rows in self.counterexamples.items() for row in rows]
        cycle_rows = ((k, *(None if n < 0 else n for n in found)) for k, found in enumerate(self.cycle_steps))
        return {
            "configurations": Table.of(
                ("configuration", "bpc", "null_bpc"), ((name, *pair) for name, pair in self.bits.items())
            ),
            "neurons": self._neuron_table(),
            "influence": self._influence_table(),
            "counterexamples": Table.of(columns, missed),
            "cycles": Table.of(("start", "transient", "period"), cycle_rows),
            "transitions": Table.of(("statistic", "value"), asdict(self.transitions).items()),
        }

    def _neuron_table(self) -> Table:
        strongest = self.influence.argmax(axis=1)
        columns = {
            "neuron": np.arange(len(self.influence)),
            **self.neurons,
            "sensitivity": self.influence.sum(axis=1),
            "out_degree": self.influence.sum(axis=0),
            "strongest_source": strongest,
            "strongest_influence": self.influence.max(axis=1),
        }
        return Table.of(tuple(columns), zip(*(values.tolist() for values in columns.values())))

    def _influence_table(self) -> Table:
        ranked = np.argsort(-self.influence, axis=None, kind="stable")[:_STRONGEST]
        pairs = zip(*np.unravel_index(ranked, self.influence.shape))
        rows = ((int(j), int(i), float(self.influence[i, j])) for i, j in pairs)
        return Table.of(("source", "target", "influence"), rows)


@reads_text
def boolean(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    ternary: float | None = None,
    nodes: int = 2000,
    null: Null | None = None,
    work: Work = Work(),
) -> BooleanReading:
    """Read ``model`` as an automaton on signs, and say how faithful that is.

        σ_t = [h_t >= 0]        Boolean step: σ' = [W_h (2σ - 1) + W_x[:, x] + b_h >= 0]

    Memory grows by some 100 bytes per byte of the corpus, whatever H.

    Parameters
    ----------
    model : the network; in-sample scores are recognised where it is a file's, as in :func:`umrnn.rnn.evaluate`
    corpus : at least two bytes
    ternary : also try the states -1, 0, +1, with 0 where abs(h) < ``ternary``, in [0, 1)
    nodes : sign vectors kept in the graph, the most visited
    null : shuffles of the corpus on which bits are averaged (default: three); its seed also draws the starts of the
        cycles. Chance levels of agreement and fidelity are exact means over all shuffles

    Raises
    ------
    InputError
        If the corpus is a single byte, or ``ternary`` or ``nodes`` is out of range.

    Examples
    --------
    >>> reading = boolean(Elman.zeros(hidden=2), Corpus.from_bytes(b"abcd"), null=Null(1))
    >>> reading.headline()["fidelity"], reading.headline()["bpc_sign_dynamics"]
    (1.0, 8.0)
    """
    null = null or Null(_SHUFFLES)
    check_predicts(corpus)
    nodes = integer("nodes", nodes, 1)
    if ternary is not None and not 0 <= ternary < 1:
        raise InputError(f"ternary must lie in [0, 1), states being between -1 and 1, got {ternary}")
    network, facts, fitted = opened(model)
    machine = SignMachine(network)
    seen = SignPass(machine, corpus).run(work)
    bits = _configurations(seen, ternary, null, work)
    settings = _settings(corpus, ternary, nodes, null)
    known = provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts)
    numbers = np.unique(seen.states, return_inverse=True)[1].astype(np.int64)
    moves = transitions(numbers, corpus.data)
    faithful = _fidelity_figures(seen, moves, numbers)
    influence = boolean_influence(network, corpus, machine=machine, work=work)
    cycle_steps, cycle_figures = _cycles(machine, corpus, null.seed, work)
    figures = _bit_figures(bits, standing(corpus, fitted).scored) | _margin_figures(seen, network) | faithful
    return BooleanReading(
        figures=figures | _influence_figures(influence) | cycle_figures,
        bits=bits,
        neurons=_neuron_columns(seen),
        influence=influence,
        counterexamples=seen.examples,
        cycle_steps=cycle_steps,
        transitions=moves,
        graph=_graph(seen, numbers, nodes, faithful, known),
        provenance=known,
    )


_WITH_NULL = ("float", "sign_readout", "sign_dynamics")


def _bit_figures(bits: Mapping[str, tuple[float, float | None]], scored_on: str) -> dict[str, Any]:
    return {
        **{f"bpc_{name}": pair[0] for name, pair in bits.items()},
        "scored": scored_on,
        **{f"null_bpc_{name}": bits[name][1] for name in _WITH_NULL},
    }


def _cycles(
    machine: SignMachine, corpus: Corpus, seed: int, work: Work
) -> tuple[list[tuple[int, int]], dict[str, Any]]:
    """Where random states go under one byte of the corpus, and what the headline says of it."""
    byte = int(corpus.data[_cycle_index(len(corpus))])
    found, finals = cycles(machine, byte, starts=_STARTS, limit=_LIMIT, seed=seed, work=work)
    periodic = sum(period > 0 for _, period in found)
    return found, {"cycle_byte": bytes([byte]), "cycles_found": periodic, "distinct_finals": finals}


def _graph(
    seen: SignPass, numbers: NDArray[np.int64], nodes: int, faithful: Mapping[str, Any], known: Mapping[str, Any]
) -> TransitionGraph:
    return most_visited(
        seen.machine,
        seen.corpus,
        numbers,
        nodes,
        fidelity={name: faithful[name] for name in ("fidelity", "fidelity_state", "fidelity_top_byte")},
        counterexample=_first(seen),
        provenance={"corpus": known["corpus"], "model": known["model"]},
    )


def _shuffled(machine: SignMachine, corpus: Corpus, null: Null, work: Work) -> dict[str, float]:
    """Mean bits of the configurations on the bytes in random order; empty without shuffles."""
    work.progress.start("shuffles", null.permutations)
    drawn = []
    # BLAS is held here: what a worker asks of it is not obeyed, and products of two threads have other last bits.
    with one_thread(), pool(work.threads) as executor:

        def one(number: int) -> NDArray[np.float64]:
            return null_bits(machine, Corpus.from_bytes(null.shuffled(corpus.data, number)))

        for found in map_ordered(one, range(null.permutations), executor):
            drawn.append(found)
            work.progress.advance(1)
    work.progress.finish()
    return dict(zip(_WITH_NULL, np.mean(drawn, axis=0).tolist())) if drawn else {}


def _configurations(
    seen: SignPass, ternary: float | None, null: Null, work: Work
) -> dict[str, tuple[float, float | None]]:
    """Bits per byte by configuration, with the mean over shuffles where that is measured."""
    machine, corpus = seen.machine, seen.corpus
    exponent = rounded_bits(machine.model, corpus, mantissa_bits=0, fed_back=True, work=work)
    three = Ternary(machine, ternary).bits(corpus, work) if ternary is not None else (None, None)
    shuffled = _shuffled(machine, corpus, null, work)
    bits = {name: (total / seen.steps, shuffled.get(name)) for name, total in seen.bits.items()}
    bits["sign_exponent_dynamics"] = (exponent, None)
    for name, value in zip(("ternary_readout", "ternary_dynamics"), three):
        if value is not None:
            bits[name] = (value, None)
    return bits


def _settings(corpus: Corpus, ternary: float | None, nodes: int, null: Null) -> dict[str, Any]:
    sampled = sampled_indices(len(corpus))
    return {
        "ternary": ternary,
        "nodes": nodes,
        "permutations": null.permutations,
        "influence_positions": f"{corpus.start + sampled.start}:{corpus.start + sampled[-1] + 1}:{sampled.step}",
        "influence_samples": len(sampled),
        "cycle_position": corpus.start + _cycle_index(len(corpus)),
        "cycle_starts": _STARTS,
        "cycle_limit": _LIMIT,
    }


def _cycle_index(length: int) -> int:
    return _CYCLE_POSITION if length > _CYCLE_POSITION else length // 2


def _margin_figures(seen: SignPass, network: Elman) -> dict[str, Any]:
    cells = len(seen.corpus) * network.hidden
    rows = np.abs(network.W_h).sum(axis=1, dtype=np.float64)
    return {
        "mean_margin": float(seen.margin.sum()) / cells,
        "share_margin_above_1": float(seen.above_1.sum()) / cells,
        "share_margin_below_1": float(seen.below_1.sum()) / cells,
        "share_margin_below_0_1": float(seen.below_tenth.sum()) / cells,
        "max_mantissa_effect": float(rows.max()) * float(np.finfo(network.dtype).eps),
    }


def _first(seen: SignPass) -> Counterexample | None:
    """The first step whose sign vector the automaton misses; if none, the first whose likeliest byte it misses."""
    return next(iter(seen.examples["state"] or seen.examples["byte"]), None)


def _fidelity_figures(seen: SignPass, moves: Transitions, numbers: NDArray[np.int64]) -> dict[str, Any]:
    steps, first = seen.steps, _first(seen)
    return {
        "unique_sign_vectors": len(np.unique(numbers[:-1])),
        "unique_sign_vectors_dynamics": len(np.unique(seen.free_states[:-1])),
        "positions": steps,
        "sign_agreement": float((steps - seen.wrong).sum()) / (steps * len(seen.wrong)),
        "null_sign_agreement": seen.chance_agreement(),
        "fidelity": seen.both / steps,
        "fidelity_state": seen.exact / steps,
        "null_fidelity_state": seen.chance_state(),
        "fidelity_top_byte": seen.same_top / steps,
        "null_fidelity_top_byte": seen.chance_top_byte(),
        "fidelity_free_state": seen.free_exact / steps,
        "fidelity_free_top_byte": seen.free_same_top / steps,
        "first_counterexample": first.position if first else None,
        "deterministic_pairs": moves.deterministic,
        "held_out_seen": moves.held_out_seen,
        "held_out_right": moves.held_out_right,
    }


def _influence_figures(influence: NDArray[np.float64]) -> dict[str, Any]:
    target, source = np.unravel_index(int(influence.argmax()), influence.shape)
    return {
        "influence_mean": float(influence.mean()),
        "influence_max": float(influence[target, source]),
        "influence_max_source": int(source),
        "influence_max_target": int(target),
        "out_degree": float(influence.sum(axis=0).mean()),
    }


def _neuron_columns(seen: SignPass) -> dict[str, NDArray[Any]]:
    length = len(seen.corpus)
    return {
        "mean_margin": seen.margin / length,
        "share_margin_above_1": seen.above_1 / length,
        "share_margin_below_0_1": seen.below_tenth / length,
        "flips": seen.flips,
        "sign_agreement": (seen.steps - seen.wrong) / seen.steps,
    }
