"""Golden values of @skipwise/interpolation: what transformers computes for the config.json of many families, and for what Skipwise converts.

    node tools/golden/rope-families.mjs | python tools/golden/rope_families.py > packages/interpolation/test/golden/families-by-transformers.json

The files hold published values (packages/interpolation/test/golden/families.json). Every conversion must load, and give the frequencies of
its source: the script ends with an error otherwise.
"""
import importlib
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from transformers import AutoConfig

transformers.logging.set_verbosity(logging.CRITICAL)
SHORT = 16


def load(text):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(text)
        return AutoConfig.from_pretrained(folder).get_text_config()


def embedding_class(config):
    module = importlib.import_module(type(config).__module__.replace("configuration", "modeling"))
    names = [name for name in vars(module) if name.endswith("RotaryEmbedding") and "Vision" not in name]
    return module, getattr(module, names[0]) if names else None


def of_sinusoids(module, config):
    """GPT-J keeps a table of sines and cosines: the angle at position 1 is the frequency."""
    dimensions = config.rotary_dim or config.hidden_size // config.num_attention_heads
    sin, cos = module.create_sinusoidal_positions(2, dimensions)[1].to(torch.float64).chunk(2)
    return {"": {"short": torch.atan2(sin, cos).tolist(), "attention_factor": 1}}


def tables(config, text):
    """Inverse frequencies at a short and at a long sequence, and the attention factor, by layer type ('' for one RoPE)."""
    module, rotary = embedding_class(config)
    if rotary is None:
        return of_sinusoids(module, config)
    kinds = [kind for kind in getattr(config, "rope_parameters", {}) if isinstance(config.rope_parameters[kind], dict)]
    found = {}
    for kind in kinds or [""]:
        by_length = []
        for length in (SHORT, 2 * config.max_position_embeddings):
            # a new one each time: a table that has grown stays for shorter sequences of some types
            embedding = rotary(load(text))
            positions = torch.tensor([[length - 1]])
            try:
                embedding(torch.zeros(1, 1, 1), positions, **({"layer_type": kind} if kind else {}))
            except Exception as error:
                if "mrope" not in text and "expand" not in str(error) and "dimension" not in str(error):
                    raise
            prefix = f"{kind}_" if kind else ""
            by_length.append(getattr(embedding, f"{prefix}inv_freq").to(torch.float64).tolist())
            factor = getattr(embedding, f"{prefix}attention_scaling", 1)
        found[kind] = {"short": by_length[0], **({} if by_length[0] == by_length[1] else {"long": by_length[1]}), "attention_factor": factor}
    return found


def near(some, others):
    return len(some) == len(others) and all(abs(a - b) <= 2e-6 * max(abs(a), abs(b)) for a, b in zip(some, others))


def same(ours, theirs):
    if ours.keys() != theirs.keys():
        return False
    return all(
        near(ours[kind]["short"], theirs[kind]["short"])
        and near(ours[kind].get("long", ours[kind]["short"]), theirs[kind].get("long", theirs[kind]["short"]))
        and near([ours[kind]["attention_factor"]], [theirs[kind]["attention_factor"]])
        for kind in ours
    )


def rounded(table):
    return {key: [float(f"{each:.9g}") for each in value] if isinstance(value, list) else value for key, value in table.items()}


golden, wrong, checked = {}, [], 0
for name, family in json.load(sys.stdin).items():
    expected = tables(load(family["text"]), family["text"])
    golden[name] = {kind: rounded(table) for kind, table in expected.items()}
    for how, text in family["converted"].items():
        checked += 1
        try:
            found = tables(load(text), text)
            if not same(expected, found):
                wrong.append(f"{name}, {how}: other frequencies")
        except Exception as error:
            wrong.append(f"{name}, {how}: {type(error).__name__}: {str(error)[:200]}")
print(f"{len(golden)} families, {checked} conversions, {len(wrong)} wrong", *wrong, sep="\n", file=sys.stderr)
print("{")
print(f'"transformers": "{transformers.__version__}",\n"families": {{')
print(",\n".join(f"{json.dumps(name)}: {json.dumps(tables)}" for name, tables in golden.items()))
print("}}")
sys.exit(1 if wrong else 0)
