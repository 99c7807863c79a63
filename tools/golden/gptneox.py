"""Tiny GPT-NeoX models with random weights: logits and gradients by transformers in float64, for packages/arch-gptneox.

usage: python tools/golden/gptneox.py > packages/arch-gptneox/test/golden/gptneox.json    # torch 2.13.0, transformers 5.18.0
"""
import base64
import json

import torch
import transformers
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

SIZES = dict(vocab_size=12, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64)
CASES = {
    "parallel residual, half a head turned": dict(rotary_pct=0.5),
    "one residual after the other, whole heads turned": dict(rotary_pct=1.0, use_parallel_residual=False, rotary_emb_base=500),
    "attention without biases, tied embeddings": dict(rotary_pct=0.25, attention_bias=False, tie_word_embeddings=True),
}
IDS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
POSITIONS = [0, 1, 2, 3, 20, 21, 22, 23, 60, 61, 62, 63]


def float32(tensor):
    return base64.b64encode(tensor.detach().float().numpy().tobytes()).decode()


def case(seed, change):
    torch.manual_seed(seed)
    model = GPTNeoXForCausalLM(GPTNeoXConfig(**SIZES, **change, attn_implementation="eager")).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_((torch.randn_like(parameter) * 0.3 + ("norm.weight" in name)).float())
    model = model.double()
    ids, positions = torch.tensor([IDS]), torch.tensor([POSITIONS])
    # without a mask transformers would take a jump of the position ids for a new document
    out = model(input_ids=ids, position_ids=positions, attention_mask=torch.ones_like(ids))
    loss = torch.nn.functional.cross_entropy(out.logits[0, :-1], ids[0, 1:])
    loss.backward()
    stored = lambda name: name.replace("lm_head.", "embed_out.")
    names = {stored(name): parameter for name, parameter in model.named_parameters()}
    return {
        "config": {"model_type": "gpt_neox", **SIZES, **change},
        "weights": {name: float32(parameter) for name, parameter in names.items()},
        "logits": [float(f"{x:.9g}") for x in out.logits.flatten().tolist()],
        "loss": loss.item(),
        "gradients": {name: float32(parameter.grad) for name, parameter in names.items()},
    }


cases = {name: case(seed, change) for seed, (name, change) in enumerate(CASES.items())}
print(json.dumps({"origin": f"transformers {transformers.__version__}", "ids": IDS, "positionIds": POSITIONS, "cases": cases}))
