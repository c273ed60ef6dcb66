"""Bytes drawn from a network."""

import numpy as np

from umrnn._validate import integer, positive
from umrnn.corpus import Corpus
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.forward import run_states
from umrnn.rnn.kernels.records import allocate
from umrnn.rnn.kernels.sampling import draw_bytes
from umrnn.rnn.layout import parameters
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["sample"]

LONGEST = 10**9  # bytes, held in memory: hours of 128 neurons
_BLOCK = 4096  # bytes per kernel call, so that an interruption comes soon


def sample(
    model: Elman,
    length: int,
    prompt: bytes = b"",
    *,
    seed: int = 0,
    temperature: float = 1.0,
    work: Work = Work(),
) -> bytes:
    """Draw ``length`` bytes, each from softmax((W_y h + b_y) / temperature), and feed it back.

    Parameters
    ----------
    model : the network
    length : bytes to draw, in [0, 10^9]; the prompt is not among them
    prompt : bytes read first; without any, the first byte is drawn from the state 0
    seed : of numpy's default generator; equal seeds draw equal bytes
    temperature : above 0; below 1 sharpens, above 1 flattens the distribution
    work : its progress counts the bytes drawn; one thread draws them

    Returns
    -------
    bytes
        The bytes drawn.

    Raises
    ------
    InputError
        If the length is out of range or the temperature not above 0.

    Examples
    --------
    >>> len(sample(Elman.zeros(hidden=2), 5, prompt=b"<"))
    5
    """
    length = integer("length", length, 0, LONGEST)
    temperature = positive("temperature", temperature)
    generator = np.random.default_rng(integer("seed", seed, 0, None))
    weights = parameters(model)
    space = allocate(ALPHABET, model.hidden, 1, model.dtype)
    space.W_h_transposed[:] = weights.W_h.T
    with one_thread():
        for byte in Corpus.from_bytes(prompt).data.reshape(-1, 1) if prompt else ():
            run_states(byte, weights, space.W_h_transposed, space.z, space.h)
            space.h[0] = space.h[1]
        drawn = []
        work.progress.start("sample", length, "B")
        for begin in range(0, length, _BLOCK):
            out = np.zeros(min(_BLOCK, length - begin), np.uint8)
            draw_bytes(weights, temperature, generator.random(len(out)), space, out)
            drawn.append(out.tobytes())
            work.progress.advance(len(out))
        work.progress.finish()
    return b"".join(drawn)
