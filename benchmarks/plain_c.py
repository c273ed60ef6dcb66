"""The training step of the network in plain C loops, compiled with gcc when a benchmark asks for it.

The baseline is the step as one writes it down: sizes known to the compiler, each loop over contiguous memory, no
blocking by hand and no BLAS.
"""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

FLAGS = ("-O3", "-march=native", "-ffast-math", "-shared", "-fPIC")

SOURCE = r"""
#include <math.h>
#include <string.h>
#define V 256
#define H 128
#define T 50

typedef struct { float W_x[H][V], W_h[H][H], b_h[H], W_y[V][H], b_y[V]; } network;

static network gradient;
static float h[T + 1][H], delta[T][V];

double train_chunk(network *w, const unsigned char *x, int length, float *state, float rate, float clip) {
    double loss = 0;
    memcpy(h[0], state, sizeof h[0]);
    memset(&gradient, 0, sizeof gradient);
    for (int t = 0; t < length; t++) {
        for (int i = 0; i < H; i++) {
            float z = w->b_h[i] + w->W_x[i][x[t]];
            for (int k = 0; k < H; k++) z += w->W_h[i][k] * h[t][k];
            h[t + 1][i] = tanhf(z);
        }
        float top = -INFINITY, total = 0;
        for (int v = 0; v < V; v++) {
            float logit = w->b_y[v];
            for (int k = 0; k < H; k++) logit += w->W_y[v][k] * h[t + 1][k];
            delta[t][v] = logit;
            if (logit > top) top = logit;
        }
        float chosen = delta[t][x[t + 1]] - top;
        for (int v = 0; v < V; v++) { delta[t][v] = expf(delta[t][v] - top); total += delta[t][v]; }
        for (int v = 0; v < V; v++) delta[t][v] /= total;
        loss += logf(total) - chosen;
        delta[t][x[t + 1]] -= 1;
    }
    float dh[H], back[H] = {0};
    for (int t = length - 1; t >= 0; t--) {
        memcpy(dh, back, sizeof dh);
        memset(back, 0, sizeof back);
        for (int v = 0; v < V; v++) {
            float d = delta[t][v];
            gradient.b_y[v] += d;
            for (int k = 0; k < H; k++) gradient.W_y[v][k] += d * h[t + 1][k];
            for (int k = 0; k < H; k++) dh[k] += d * w->W_y[v][k];
        }
        for (int i = 0; i < H; i++) {
            float d = dh[i] * (1 - h[t + 1][i] * h[t + 1][i]);
            gradient.b_h[i] += d;
            gradient.W_x[i][x[t]] += d;
            for (int k = 0; k < H; k++) gradient.W_h[i][k] += d * h[t][k];
            for (int k = 0; k < H; k++) back[k] += d * w->W_h[i][k];
        }
    }
    float squares = 0, *g = (float *)&gradient, *p = (float *)w;
    for (int i = 0; i < (int)(sizeof gradient / sizeof(float)); i++) squares += g[i] * g[i];
    float norm = sqrtf(squares), step = norm > clip ? rate * clip / norm : rate;
    for (int i = 0; i < (int)(sizeof gradient / sizeof(float)); i++) p[i] -= step * g[i];
    memcpy(state, h[length], sizeof h[0]);
    return loss;
}
"""


def compiled(folder: Path) -> Callable[..., float]:
    """``train_chunk`` as a Python function; skips where there is no gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("gcc is not installed: no plain C to compare with")
    source, library = folder / "step.c", folder / "step.so"
    source.write_text(SOURCE)
    subprocess.run([gcc, *FLAGS, str(source), "-o", str(library), "-lm"], check=True)
    function = ctypes.CDLL(str(library)).train_chunk
    floats = np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")
    function.argtypes = (floats, ctypes.c_void_p, ctypes.c_int, floats, ctypes.c_float, ctypes.c_float)
    function.restype = ctypes.c_double
    return function
