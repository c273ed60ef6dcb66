"""The transition graph of a network: the sign vectors it visits, and which byte leads from one to which."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._files import writable_file, write_atomically
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.signs.machine import SignMachine, Words
from umrnn.interpret.signs.sign_pass import Counterexample
from umrnn.nulls import Split
from umrnn.rnn.trace import trace

__all__ = ["TransitionGraph", "Transitions", "graph_file", "most_visited", "save_graph", "transitions"]


@final
@dataclass(frozen=True)
class Transitions:
    """How far the pairs (sign vector, byte read next) determine the sign vector after.

    ``deterministic`` is the share of distinct pairs with one successor; a pair met once cannot have two, so
    ``deterministic_repeated`` counts only those met at least twice, None without any. ``held_out_seen`` is the share of
    steps of the second half whose pair the first half knows, ``held_out_right`` that of steps whose successor is the
    one the first half met most often (the earliest met among equals); pairs not known count as wrong.
    """

    pairs: int
    pairs_repeated: int
    deterministic: float
    deterministic_repeated: float | None
    held_out_seen: float | None
    held_out_right: float | None


def transitions(states: NDArray[np.int64], data: NDArray[np.uint8], split: Split | None = None) -> Transitions:
    """Statistics of the steps (states[t], data[t + 1]) → states[t + 1].

    Parameters
    ----------
    states : shape (n,), n >= 2, numbers of the sign vectors, all below 2⁵⁵
    data : shape (n,), the bytes read

    Examples
    --------
    >>> transitions(np.array([0, 1, 0, 1, 0]), np.zeros(5, np.uint8)).deterministic_repeated
    1.0
    """
    pairs = states[:-1] * 256 + data[1:]
    after = states[1:]
    _, pair = np.unique(pairs, return_inverse=True)
    met = np.bincount(pair)
    edges = np.unique(np.stack([pair, after], axis=1), axis=0)
    successors = np.bincount(edges[:, 0])
    boundary = (split or Split()).boundary(len(states)) - 1  # steps before it end in the first part
    repeated = met > 1
    seen, right = _held_out(pair, after, max(0, boundary))
    return Transitions(
        pairs=len(met),
        pairs_repeated=int(repeated.sum()),
        deterministic=float((successors == 1).mean()),
        deterministic_repeated=float((successors[repeated] == 1).mean()) if repeated.any() else None,
        held_out_seen=seen,
        held_out_right=right,
    )


def _held_out(pair: NDArray[np.int64], after: NDArray[np.int64], boundary: int) -> tuple[float | None, float | None]:
    """Share of steps from ``boundary`` on whose pair was met before it, and whose successor was the commonest there."""
    if boundary == 0:
        return None, None
    edges, first, counts = np.unique(
        np.stack([pair[:boundary], after[:boundary]], axis=1), axis=0, return_index=True, return_counts=True
    )
    order = np.lexsort((first, -counts))
    guess = np.full(int(pair.max()) + 1, -1, np.int64)
    guess[edges[order[::-1], 0]] = edges[order[::-1], 1]  # the best of a pair is written last
    guessed = guess[pair[boundary:]]
    return float((guessed >= 0).mean()), float((guessed == after[boundary:]).mean())


@final
@dataclass(frozen=True, eq=False, repr=False)
class TransitionGraph:
    """The most visited sign vectors and the steps between them.

    Parameters
    ----------
    hidden : neurons
    visits : shape (N,), times each node was visited, most first, the earlier visited first among equals
    first : shape (N,), position of the byte read at the first visit, in the source
    signs : shape (N, W), packed sign vectors
    edges : shape (E, 4), rows (node, byte, count, next node)
    nodes_left_out, steps_left_out : distinct vectors, and steps from or to one of them, that are not in the graph
    fidelity : how far the automaton is the network: shares of steps by what is compared, as in the reading
    counterexample : the first step where it is not; None if there is none
    provenance : the corpus and the model they are of
    """

    hidden: int
    visits: NDArray[np.int64]
    first: NDArray[np.int64]
    signs: Words
    edges: NDArray[np.int64]
    nodes_left_out: int
    steps_left_out: int
    fidelity: Mapping[str, float]
    counterexample: Counterexample | None
    provenance: Mapping[str, Any]

    def sign_text(self, node: int) -> str:
        """The sign vector of ``node`` in hexadecimal: bit b of byte k, the k-th pair of digits, is neuron 8k + b."""
        data: bytes = self.signs[node].astype("<u8").tobytes()
        return data[: -(-self.hidden // 8)].hex()

    def json(self) -> str:
        """The graph as a JSON object: how faithful it is, nodes, edges, what was left out, corpus and model."""
        nodes = [
            {"id": k, "visits": int(self.visits[k]), "first": int(self.first[k]), "signs": self.sign_text(k)}
            for k in range(len(self.visits))
        ]
        edges = [dict(zip(("source", "byte", "count", "target"), row)) for row in self.edges.tolist()]
        left_out = {"nodes": self.nodes_left_out, "steps": self.steps_left_out}
        missed = asdict(self.counterexample) if self.counterexample else None
        record = {
            "hidden": self.hidden,
            "fidelity": dict(self.fidelity),
            "first_counterexample": missed,
            "nodes": nodes,
            "edges": edges,
            "left_out": left_out,
            **self.provenance,
        }
        return json.dumps(record, indent=1, default=lambda value: list(value)) + "\n"  # bytes as numbers

    def dot(self) -> str:
        """The graph in the DOT language of Graphviz; an edge is labelled by its byte, and by its count above 1."""
        lines = [
            "digraph automaton {",
            f"  // {self.nodes_left_out} nodes and {self.steps_left_out} steps left out",
            f"  // {self._missed()}",
            f'  graph [label="{", ".join(f"{name} {share:.4g}" for name, share in self.fidelity.items())}"];',
            "  node [shape=circle];",
        ]
        for k in range(len(self.visits)):
            lines.append(f'  {k} [label="{self.first[k]}", tooltip="{self.sign_text(k)}", visits={self.visits[k]}];')
        for source, byte, count, target in self.edges.tolist():
            times = f" ×{count}" if count > 1 else ""
            lines.append(f'  {source} -> {target} [label="{_shown(byte)}{times}", count={count}];')
        return "\n".join([*lines, "}", ""])

    def _missed(self) -> str:
        """The counterexample in one line."""
        if self.counterexample is None:
            return "no counterexample"
        row = self.counterexample
        network, automaton = (_shown(byte[0]) for byte in (row.network, row.automaton))
        return (
            f"first counterexample at {row.position}: {row.differing_neurons} signs differ, "
            f"likeliest next byte {network} of the network, {automaton} of the automaton"
        )


def most_visited(
    machine: SignMachine, corpus: Corpus, states: NDArray[np.int64], nodes: int, **known: Any
) -> TransitionGraph:
    """The graph of the ``nodes`` most visited of ``states``, numbers (n,) of the vectors after each byte of ``corpus``.

    The network is run once more for the vectors themselves, so that they need not all be held. ``known`` are the
    fidelity, the counterexample and the provenance of the graph.
    """
    _, first, visits = np.unique(states, return_index=True, return_counts=True)
    kept = np.lexsort((first, -visits))[:nodes]
    rank = np.full(len(first), -1, np.int64)
    rank[kept] = np.arange(len(kept))
    walk = rank[states]
    inside = (walk[:-1] >= 0) & (walk[1:] >= 0)
    steps = np.stack([walk[:-1], corpus.data[1:].astype(np.int64), walk[1:]], axis=1)[inside]
    edges, counts = np.unique(steps, axis=0, return_counts=True)
    return TransitionGraph(
        hidden=machine.hidden,
        visits=visits[kept],
        first=first[kept] + corpus.start,
        signs=_signs_at(machine, corpus, first[kept]),
        edges=np.column_stack([edges[:, :2], counts, edges[:, 2]]).astype(np.int64),
        nodes_left_out=len(first) - len(kept),
        steps_left_out=int(np.count_nonzero(~inside)),
        **known,
    )


def graph_file(
    path: str | os.PathLike[str] | None, keep: Mapping[str, str | os.PathLike[str] | None] | None = None
) -> None:
    """Check, before the work, that a graph can be written at ``path``, if any; ``keep`` as in :func:`writable_file`.

    Raises
    ------
    InputError
        If the suffix is neither .dot nor .json, or nothing can be written there.
    """
    if path is None:
        return
    target = writable_file(path, "graph", keep=keep)
    if target.suffix.lower() not in (".dot", ".json"):
        raise InputError(f"graph must be a .dot or .json file, got {path}")
    for role, kept in (keep or {}).items():  # one that does not exist yet is no file to keep, but must stay another
        if kept is not None and target.resolve() == Path(kept).resolve():
            raise InputError(f"graph must not be {role} itself, got {path}", hint="name another file")


def save_graph(graph: TransitionGraph, path: str | os.PathLike[str] | None) -> None:
    """Write ``graph`` as DOT or JSON, by the suffix of ``path``, if any; the file appears whole or not at all.

    Raises
    ------
    InputError
        As :func:`graph_file`.
    """
    if path is None:
        return
    graph_file(path)
    target = writable_file(path, "graph")
    text = graph.dot() if target.suffix.lower() == ".dot" else graph.json()
    write_atomically(target, lambda stream: stream.write(text.encode()))


def _signs_at(machine: SignMachine, corpus: Corpus, positions: NDArray[np.int64]) -> Words:
    signs = np.empty((len(positions), machine.words), np.uint64)
    for block in trace(machine.model, corpus):
        here = np.flatnonzero((positions >= block.start) & (positions < block.start + len(block.h)))
        signs[here] = machine.pack(block.h[positions[here] - block.start])
    return signs


def _shown(byte: int) -> str:
    r"""A byte inside a quoted string of DOT, where only ``"`` and the backslash are special."""
    if byte == 0x20:
        return "␣"
    return {0x22: '\\"', 0x5C: "\\\\"}.get(byte, chr(byte)) if 0x20 < byte < 0x7F else f"0x{byte:02x}"
