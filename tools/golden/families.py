"""Tiny models with random weights of the families that are configurations of the shared blocks: logits and gradients by transformers in float64.

usage: python tools/golden/families.py arch-llama/gemma > packages/arch-llama/test/golden/gemma.json    # torch 2.13.0, transformers 5.18.0

The argument is a key of CASES. What transformers itself computes in float32 whatever the model's type (RMS norms, softmax, angles) is so here too.
"""
import base64
import json
import sys

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

SIZES = dict(vocab_size=12, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=64)
WIDE = {**SIZES, "hidden_size": 16, "num_key_value_heads": 2}
CASES = {
    "arch-llama/families": {
        "OLMo 2": dict(SIZES, model_type="olmo2", rope_theta=500.0),
        "OLMo 2 with biases, tied embeddings": dict(SIZES, model_type="olmo2", attention_bias=True, tie_word_embeddings=True, num_key_value_heads=2),
        "Granite": dict(SIZES, model_type="granite", head_dim=6, embedding_multiplier=3.5, attention_multiplier=0.2, residual_multiplier=0.4, logits_scaling=2.5, tie_word_embeddings=True),
        "Granite with biases and the multipliers of the defaults": dict(SIZES, model_type="granite", attention_bias=True, mlp_bias=True),
        "SmolLM3": dict(SIZES, model_type="smollm3", no_rope_layer_interval=2, rope_theta=500.0),
        "SmolLM3 that slides where it has positions": dict(SIZES, model_type="smollm3", no_rope_layers=[0, 1], use_sliding_window=True, sliding_window=3, layer_types=["full_attention", "sliding_attention"], tie_word_embeddings=False, attention_bias=True),
        "StableLM": dict(WIDE, model_type="stablelm", partial_rotary_factor=0.5),
        "StableLM 2 with biases": dict(WIDE, model_type="stablelm", use_qkv_bias=True, num_key_value_heads=1),
        "StableLM 2 12B": dict(WIDE, model_type="stablelm", qk_layernorm=True, use_parallel_residual=True, num_key_value_heads=1, num_hidden_layers=1),
        "Phi-3": dict(SIZES, model_type="phi3", sliding_window=5),
        "Phi-4-mini": dict(WIDE, model_type="phi3", partial_rotary_factor=0.75, tie_word_embeddings=True, num_key_value_heads=1),
    },
    "arch-llama/gemma": {
        "Gemma": dict(SIZES, model_type="gemma", head_dim=6),
        "Gemma 2": dict(SIZES, model_type="gemma2", head_dim=4, query_pre_attn_scalar=9, attn_logit_softcapping=1.5, final_logit_softcapping=2.0, sliding_window=5),
        "Gemma 2 without soft caps, untied": dict(SIZES, model_type="gemma2", head_dim=4, attn_logit_softcapping=None, final_logit_softcapping=None, attention_bias=True, tie_word_embeddings=False, num_hidden_layers=1),
    },
    "arch-llama/local-rope": {
        "Gemma 3": dict(SIZES, model_type="gemma3_text", head_dim=4, query_pre_attn_scalar=9, sliding_window=5, rope_theta=500.0, rope_local_base_freq=20.0, layer_types=["sliding_attention", "full_attention"]),
        "Gemma 3, nested, with soft caps, untied, the first layer full": dict(SIZES, model_type="gemma3_text", head_dim=6, sliding_window=3, attn_logit_softcapping=1.5, final_logit_softcapping=2.0, attention_bias=True, tie_word_embeddings=False, layer_types=["full_attention", "sliding_attention"], rope_parameters={"full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 30.0}}),
        "OLMo 3": dict(SIZES, model_type="olmo3", sliding_window=4, layer_types=["sliding_attention", "full_attention"], rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 500.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 40.0}}),
    },
    "arch-phi/families": {
        "half a head turned": dict(SIZES, model_type="phi", hidden_size=16, num_key_value_heads=2),
        "grouped queries, norms of heads": dict(SIZES, model_type="phi", qk_layernorm=True, partial_rotary_factor=1.0, rope_theta=500.0),
        "tied embeddings": dict(SIZES, model_type="phi", num_key_value_heads=None, tie_word_embeddings=True),
    },
}
IDS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
POSITIONS = [0, 1, 2, 3, 20, 21, 22, 23, 60, 61, 62, 63]


def float32(tensor):
    return base64.b64encode(tensor.detach().float().numpy().tobytes()).decode()


def case(seed, given):
    torch.manual_seed(seed)
    # with a padding token transformers keeps the gradient of its row of the embedding at zero
    config = dict(given, pad_token_id=None, bos_token_id=None, eos_token_id=None)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), attn_implementation="eager").eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            about = 1 if "norm" in name and name.endswith("weight") else 0
            parameter.copy_((torch.randn_like(parameter) * 0.3 + about).float())
    model = model.double()
    ids, positions = torch.tensor([IDS]), torch.tensor([POSITIONS])
    # without a mask transformers would take a jump of the position ids for a new document
    out = model(input_ids=ids, position_ids=positions, attention_mask=torch.ones_like(ids))
    loss = torch.nn.functional.cross_entropy(out.logits[0, :-1], ids[0, 1:])
    loss.backward()
    names = dict(model.named_parameters())
    rope = model.config.rope_parameters
    full = rope.get("full_attention", rope)
    return {
        "config": given,
        "base": full["rope_theta"],
        **({"factor": full["factor"]} if "factor" in full else {}),
        "weights": {name: float32(parameter) for name, parameter in names.items()},
        "logits": [float(f"{x:.9g}") for x in out.logits.flatten().tolist()],
        "loss": loss.item(),
        "gradients": {name: float32(parameter.grad) for name, parameter in names.items()},
    }


cases = {name: case(seed, config) for seed, (name, config) in enumerate(CASES[sys.argv[1]].items())}
print(json.dumps({"origin": f"transformers {transformers.__version__}", "ids": IDS, "positionIds": POSITIONS, "cases": cases}))
