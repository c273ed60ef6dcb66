"""A text drawn from a network, with what the network itself thinks of it."""

from dataclasses import dataclass
from typing import Any, final

from umrnn.corpus import Corpus
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.sample import sample
from umrnn.rnn.score import bits_after
from umrnn.rnn.weights import Elman

__all__ = ["Sample", "draw"]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sample(Result):
    """Bytes drawn after a prompt.

    Parameters
    ----------
    prompt, text : the bytes read first, and those drawn
    bpc : mean of -log2 p of the drawn bytes that have a byte before them; None where there is none
    """

    prompt: bytes
    text: bytes
    bpc: float | None

    def headline(self) -> dict[str, Any]:
        """How much was drawn, how sure the network was of it, and the text."""
        return {"length": len(self.text), "bpc": self.bpc, "prompt": self.prompt, "text": self.text}

    def tables(self) -> dict[str, Table]:
        """``lines``: the drawn text line by line."""
        lines = self.text.splitlines(keepends=True)
        return {"lines": Table.of(("line", "text"), enumerate(lines, start=1))}


def draw(
    model: Elman | ModelFile,
    length: int,
    prompt: bytes = b"",
    *,
    seed: int = 0,
    temperature: float = 1.0,
    work: Work = Work(),
) -> Sample:
    """Draw ``length`` bytes from ``model`` as :func:`umrnn.rnn.sample` does, and score them with the same model.

    Examples
    --------
    >>> draw(Elman.zeros(hidden=2), 3, b"<").bpc
    8.0
    """
    network, facts, _ = opened(model)
    text = sample(network, length, prompt, seed=seed, temperature=temperature, work=work)
    whole = prompt + text
    bpc = None
    if text and len(whole) > 1:
        bpc = bits_after(network, Corpus.from_bytes(whole), max(1, len(prompt)), work=work)
    settings = {"length": length, "prompt": prompt.decode("latin-1"), "temperature": temperature}
    return Sample(
        prompt=prompt,
        text=text,
        bpc=bpc,
        provenance=provenance(None, parameters=settings, seed=seed, threads=1, model=facts),
    )
