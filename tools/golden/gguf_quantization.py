"""Bytes that the gguf package of Python gives for numbers in F16, BF16 and Q8_0.

usage: python tools/golden/gguf_quantization.py > packages/gguf/test/golden/quantization.json    # gguf 0.19.0, numpy
"""
import base64
import json
from importlib.metadata import version

import numpy as np
from gguf import GGMLQuantizationType as Q
from gguf import quants

rng = np.random.default_rng(20261130)
rows = [
    rng.standard_normal(64),
    rng.standard_normal(64) * 1e-3,
    rng.standard_normal(64) * 1e-6,  # scales that are subnormal in float16
    rng.standard_normal(64) * 1e3,
    np.zeros(64),
    np.concatenate([np.full(32, -1.0), np.arange(32) / 31]),
    np.concatenate([np.arange(-16, 16) * 127 / 16, np.arange(32) * 4 + 0.5]),  # halves
    np.concatenate([[2.0**-24], np.zeros(31), [-(2.0**-130)], np.zeros(31)]),
    np.concatenate([[65504, -65504, 65519, 65520, 1e30, -1e30], rng.standard_normal(58)]),
    rng.uniform(-8, 8, 64) * 2.0 ** rng.integers(-20, 4, 64),
]
values = np.stack(rows).astype(np.float32)
b64 = lambda a: base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()
with np.errstate(over="ignore"):
    golden = {name: b64(quants.quantize(values, getattr(Q, name))) for name in ["F16", "BF16", "Q8_0"]}
    # what F16 cannot hold is no number in the block either: its rows are left out there
    numbers = b64(quants.dequantize(quants.quantize(values[:8], Q.Q8_0), Q.Q8_0))
print(json.dumps({"origin": f"gguf {version('gguf')}", "shape": list(values.shape), "values": b64(values), **golden, "numbers": numbers}))
