"""Redux: what is left of a trained network when weights are taken away, and whether few weights train from nothing."""

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, cast, final

from umrnn._validate import integer
from umrnn.construct.sparse.pruned import BELOW, Pruned, published_prunings, run_pruned
from umrnn.construct.sparse.pruning import Pruning
from umrnn.construct.sparse.scaffold import KINDS, Scaffold, scaffold_trials
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row, as_table
from umrnn.construct.study.trials import Tried, order_0_of_all, spread_table, try_out
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import SILENT, Progress, Renamed
from umrnn.result import Result, Table, provenance
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.train import train
from umrnn.rnn.weights import Elman

__all__ = ["Effort", "Redux", "redux"]

_DROP, _NEURONS = 0.64, 20
_LONG = 20_000  # bytes
_SEED = 42  # of the published trainer
_OPTIMIZER = "adam"  # of the network trained on the counted part


@dataclass(frozen=True)
class Effort:
    """How much work goes into spreads and trainings.

    Parameters
    ----------
    epochs : passes of the networks that are trained from random weights
    starts : nearby runs of every pruned network
    draws : of initial weights and random masks
    """

    epochs: tuple[int, ...] = (50, 200)
    starts: int = 10
    draws: int = 3

    def __post_init__(self) -> None:
        if not self.epochs:
            raise InputError("epochs must name at least one number, got none")
        for count in self.epochs:
            integer("epochs", count, 1)
        integer("starts", self.starts, 0)
        integer("draws", self.draws, 1)

    @classmethod
    def usual(cls, length: int) -> "Effort":
        """The defaults, or one epoch, one draw and two nearby runs where passes over the text take long.

        Examples
        --------
        >>> Effort.usual(1_000_000)
        Effort(epochs=(1,), starts=2, draws=1)
        """
        return cls() if length < _LONG else cls((1,), 2, 1)


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Redux(Result):
    """A trained network with weights taken away, and sparse networks trained from random weights.

    Parameters
    ----------
    pruned : the network as it is, then with ever more taken away; the last is the one that was asked for
    scaffolds : by optimiser, epochs and kind of mask
    order_0 : the bytes' own frequencies
    """

    pruned: tuple[Pruned, ...]
    scaffolds: dict[Scaffold, Tried]
    order_0: Row

    def written(self, kind: str = "pruned") -> Elman:
        """The network pruned as asked, or the ``sparse`` one: Adam, most epochs, mask of the trained network."""
        if kind == "pruned":
            return self.pruned[-1].model
        epochs = max(epochs for _, epochs, _ in self.scaffolds)
        return cast(Elman, self.scaffolds["adam", epochs, "trained mask"].fit.model)

    def headline(self) -> dict[str, Any]:
        """The network, what is left of it, and the sparse network of fewest epochs beside dense and random ones."""
        trained, last = self.pruned[0], self.pruned[-1]
        inputs = next(one for one in self.pruned if one.pruning == Pruning(below=BELOW))
        optimizer, epochs, _ = next(iter(self.scaffolds))
        found = {
            "bpc_trained": trained.row.bpc,
            "bpc_pruned": last.row.bpc,
            "bpc_pruned_held_out": last.row.held_out_bpc,
            "null_bpc_pruned": last.row.null_bpc,
            "parameters_trained": trained.parameters,
            "parameters_pruned": last.parameters,
            "inputs_removable_share": 1 - inputs.counts["W_x"] / trained.counts["W_x"],
            "inputs_removable_delta_bpc": inputs.runs[0] - trained.runs[0],
            "optimizer": optimizer,
            "epochs": epochs,
        }
        for kind in KINDS:
            row = self.scaffolds[optimizer, epochs, kind].row
            name = kind.replace(" ", "_")
            found |= {f"bpc_{name}": row.bpc, f"bpc_{name}_held_out": row.held_out_bpc}
        return found

    def tables(self) -> dict[str, Table]:
        """``constructions``: all networks; ``pruning``: what is kept, nearby runs; ``draws``: spread over trainings."""
        tried = self.scaffolds.values()
        rows = [self.order_0, *(one.row for one in self.pruned), *(each.row for each in tried)]
        kept = ("detail", "W_x_kept", "W_h_kept", "W_y_kept", "parameters")
        columns = (*kept, "nearby_runs", "bpc_min", "bpc_median", "bpc_max")
        pruning = (
            (
                *(one.row.detail, *(one.counts[name] for name in ("W_x", "W_h", "W_y")), one.parameters),
                *(len(one.runs) - 1, min(one.runs), median(one.runs), max(one.runs)),
            )
            for one in self.pruned
        )
        return {
            "constructions": as_table(rows),
            "pruning": Table.of(columns, pruning),
            "draws": spread_table(tried),
        }


def redux(
    model: Elman | ModelFile,
    parts: Holdout | Corpus,
    pruning: Pruning | None = None,
    *,
    effort: Effort | None = None,
    null: Null | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Redux:
    """Take weights away from a trained network, and train sparse networks from random weights.

    Pruned are the smallest entries of W_h, all columns of W_y but those of the neurons whose knock-out costs most, and
    the small entries of W_x. Such dynamics are chaotic: every loss stands with those of runs that begin nearby. Held
    out, another network is pruned in the same way, trained on the counted part alone with Adam for the most epochs.

    From random weights four kinds of networks are trained by one recipe: dense; with only those entries of W_h that are
    the largest ``1 - drop`` of the trained network; with as many at random; with none.

    Parameters
    ----------
    model : a network trained on the text
    parts : the texts; a corpus stands for its halves
    pruning : what is asked for beside the published rows; by default 64 % of W_h dropped and up to 20 neurons read out
    effort : epochs, draws and nearby runs
    null : how many times as many weights are dropped at random, and targets shuffled; one unless said otherwise; its
        seed is that of the initial weights

    Raises
    ------
    InputError
        If the text has nothing to predict or the pruning asks for more neurons than there are.

    Examples
    --------
    >>> from umrnn import rnn
    >>> result = redux(rnn.initial(4), Corpus.siteinfo().slice(0, 60), effort=Effort((1,), 0, 1), null=Null(0))
    >>> result.headline()["parameters_trained"]
    2324
    """
    network, facts, _ = opened(model)
    parts = Holdout.of(parts) if isinstance(parts, Corpus) else parts
    null, effort = null or Null(1, _SEED), effort or Effort.usual(len(parts.whole))
    pruning = pruning or Pruning(_DROP, min(_NEURONS, network.hidden))
    if pruning.neurons is not None and pruning.neurons > network.hidden:
        raise InputError(f"neurons must be at most {network.hidden}, the size of the network, got {pruning.neurons}")
    other = _trained_on_part(network, parts, max(effort.epochs), null.seed, progress)
    prunings = [*published_prunings(network.hidden), pruning]
    pruned = run_pruned(
        network, other, parts, prunings, starts=effort.starts, null=null, threads=threads, progress=progress
    )
    trials = scaffold_trials(
        lambda text: network if text is parts.whole else other,
        1 - pruning.drop,
        effort.epochs,
        draws=effort.draws,
        seed=null.seed,
    )
    tried = try_out(
        list(trials.values()), parts, null, threads=threads, task="train sparse networks", progress=progress
    )
    settings = {"pruning": asdict(pruning), **asdict(effort), "permutations": null.permutations, **parts.parameters()}
    return Redux(
        pruned=pruned,
        scaffolds=dict(zip(trials, tried)),
        order_0=order_0_of_all(parts),
        provenance=provenance(parts.whole, parameters=settings, seed=null.seed, threads=threads, model=facts),
    )


def _trained_on_part(network: Elman, parts: Holdout, epochs: int, seed: int, progress: Progress) -> Elman:
    """A network of the same size trained on the part that is counted; ``network`` where that is the whole text."""
    if parts.once:
        return network
    told, hidden = Renamed(progress, "train on the counted part"), network.hidden
    return train(parts.counted, hidden=hidden, optimizer=_OPTIMIZER, epochs=epochs, seed=seed, progress=told).model
