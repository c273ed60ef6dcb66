"""C header: the five arrays as constants to compile into a program. Written, never read."""

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from umrnn.rnn.formats.arrays import in_float32
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["OPENING", "write"]

OPENING = b"/* umrnn: weights of an Elman network over bytes."
_SIZES = {"W_x": "[H][V]", "W_h": "[H][H]", "b_h": "[H]", "W_y": "[V][H]", "b_y": "[V]"}


def write(model: Elman, stream: IO[bytes], metadata: Mapping[str, Any]) -> None:
    """Write ``static const float`` arrays; weights are rounded to float32 and read back bit for bit."""
    single = in_float32(model)
    # An asterisk escaped as JSON allows: then no text of the caller can end the comment or open another.
    about = json.dumps(dict(metadata), sort_keys=True, allow_nan=False).replace("*", "\\u002a")
    lines = (
        "",
        "   h = tanh(W_x[.][byte] + W_h h + b_h), h = 0 at first; logits = W_y h + b_y predict the next byte.",
        f"   weights: sha256 {single.sha256}",
        f"   metadata: {about} */",
        "#ifndef UMRNN_MODEL_H",
        "#define UMRNN_MODEL_H",
        "",
        f"#define UMRNN_HIDDEN {single.hidden}",
        f"#define UMRNN_ALPHABET {ALPHABET}",
        "",
    )
    stream.write(OPENING + "\n".join(lines).encode("ascii"))
    for name, array in single.arrays().items():
        size = _SIZES[name].replace("H", "UMRNN_HIDDEN").replace("V", "UMRNN_ALPHABET")
        stream.write(f"\nstatic const float {name}{size} = ".encode("ascii"))
        if array.ndim == 1:
            stream.write(_row(array) + b";\n")
        else:
            stream.write(b"{\n" + b",\n".join(_row(row) for row in array) + b"\n};\n")
    stream.write(b"\n#endif\n")


def _row(values: NDArray[np.floating[Any]]) -> bytes:
    """One row in braces; nine significant digits name every float32, and the exponent makes each a float constant."""
    return ("{" + ", ".join(f"{value:.8e}f" for value in values.tolist()) + "}").encode("ascii")
