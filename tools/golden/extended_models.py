"""Logits of models that Skipwise extended, by transformers in float64, for packages/skipwise/test/extended-models.test.ts, which says how to run it.

usage: python tools/golden/extended_models.py FOLDER > packages/skipwise/test/golden/extended-models.json    # torch 2.13.0, transformers 5.18.0

FOLDER has one folder a model, with input.json beside it. transformers has no RoPE scaling for GPT-J: there the model is transformers' and the
angles are those that transformers' LLaMA computes from the same keys of config.json.
"""
import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding


def scale_gptj(model, config):
    length, dim = config["n_positions"], config["rotary_dim"]
    like = LlamaConfig(hidden_size=dim, num_attention_heads=1, head_dim=dim, max_position_embeddings=length, rope_parameters=config["rope_parameters"])
    positions = torch.arange(length)[None]
    cos, sin = LlamaRotaryEmbedding(like)(torch.zeros(1, dtype=torch.float64), positions)
    table = torch.cat([sin[0, :, : dim // 2], cos[0, :, : dim // 2]], dim=1)
    for block in model.transformer.h:
        block.attn.embed_positions = table.to(torch.float64)


def logits_of(folder):
    config, given = json.loads((folder / "config.json").read_text()), json.loads((folder / "input.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
    if config["model_type"] == "gptj" and config["rope_parameters"]["rope_type"] != "default":
        scale_gptj(model, config)
    ids = torch.tensor([given["ids"]])
    with torch.no_grad():
        # without a mask transformers would take a jump of the position ids for a new document
        out = model(input_ids=ids, position_ids=torch.tensor([given["positionIds"]]), attention_mask=torch.ones_like(ids))
    return {"config": config, "logits": [float(f"{x:.7g}") for x in out.logits.flatten().tolist()]}


root = Path(sys.argv[1])
cases = {folder.name: logits_of(folder) for folder in sorted(root.iterdir()) if (folder / "config.json").exists()}
print(json.dumps({"origin": f"transformers {transformers.__version__}", "cases": cases}))
