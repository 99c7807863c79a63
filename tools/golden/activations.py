"""Activations of transformers at some points, in float64, for packages/nn/src/activations.test.ts.

python tools/golden/activations.py    # transformers 5.18.0, torch 2.13.0
"""
import torch
from transformers.activations import ACT2FN

NAMES = ["silu", "swish", "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "quick_gelu", "relu", "relu2", "tanh", "sigmoid"]
x = torch.tensor([-3, -1, -0.25, 0, 0.5, 1, 4], dtype=torch.float64)
for name in NAMES:
    print(f"  {name}: [{', '.join(repr(v) for v in ACT2FN[name](x).tolist())}],")
