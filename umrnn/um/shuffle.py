"""What chance alone gives: the conditional entropy of shuffled targets, with the contexts left as they are."""

import numpy as np
from numpy.typing import NDArray

from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.um.cells import Cells
from umrnn.um.fixed_point import growth, scale, weights_of
from umrnn.um.kernels import entropy as kernels

__all__ = ["shuffled_bits"]


def shuffled_bits(contexts: Cells, null: Null, *, work: Work = Work()) -> NDArray[np.float64]:
    """H(next byte | context) in bits for each shuffle of the whole column of next bytes, shape (permutations,).

    The grouping of positions into contexts is done once and serves every shuffle; a context that occurs once settles
    whatever byte falls to it and is left out of the count. Shuffle number k of the same positions is the same whatever
    the contexts are, so entropies of different contexts can be combined shuffle by shuffle.

    Parameters
    ----------
    contexts : cells over an unbroken run of positions

    Examples
    --------
    >>> from umrnn.corpus import Corpus
    >>> cells = Cells.whole(Corpus.siteinfo(), 20).refined(1)
    >>> bool(shuffled_bits(cells, Null(9)).mean() > 3.5)
    True
    """
    first = int(contexts.members.min())
    targets = contexts.data[first : first + len(contexts.members)]
    sizes = contexts.sizes
    repeated = sizes > 1
    order = contexts.members[np.repeat(repeated, sizes)] - np.int32(first)
    starts = np.concatenate(([0], np.cumsum(sizes[repeated])))
    largest = int(sizes.max(initial=1))
    steps = growth(largest, len(targets))
    known = weights_of(sizes[repeated], steps)
    unit = scale(len(targets)) * len(targets)

    def entropy(permutation: int) -> float:
        shuffled = null.shuffled(targets, permutation)
        patterns = int(kernels.target_weight(shuffled, order, starts, steps, np.empty(256, np.uint32)))
        work.progress.advance(1)
        return (known - patterns) / unit

    with pool(work.threads) as executor:
        return np.array(list(map_ordered(entropy, range(null.permutations), executor)))
