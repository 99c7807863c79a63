"""Scores windows of token ids with transformers, for perplexity.mjs: the same windows, logits only of the tokens that are scored.

usage: python torch_perplexity.py MODEL WINDOWS.json [threads]    prints one JSON line: seconds, tokens, nll
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM

folder, file, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 2
torch.set_num_threads(threads)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
windows = [(torch.tensor([window["ids"]]), window["from"]) for window in json.load(open(file))]


@torch.inference_mode()
def score(ids, first):
    """Sum of -log p of ids[first + 1:]."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state[0, first:]
    return torch.nn.functional.cross_entropy(model.lm_head(hidden), ids[0, first + 1:], reduction="sum").item()


score(*windows[0])
started = time.perf_counter()
nll = sum(score(ids, first) for ids, first in windows)
seconds = time.perf_counter() - started
print(json.dumps({"engine": f"torch {torch.__version__} sdpa f32", "seconds": seconds, "tokens": sum(ids.shape[1] - 1 - first for ids, first in windows), "nll": nll}))
