"""What transformers takes for the RoPE of each model type where config.json does not say it.

    python tools/golden/rope_model_types.py > packages/interpolation/src/model-types.ts

Every number is read from configuration classes: from their defaults, and from instances with other sizes.
"""
import json
import logging
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

transformers.logging.set_verbosity(logging.CRITICAL)
# GPT-J and CodeGen turn by tables of their own, Jamba, Kimi Linear and Nemotron-H have no positions at all
TURN_BY_TABLE = {"gptj", "codegen"}
# what stands between tokens in the models without RoPE that people extend or convert; others are of another kind
WITHOUT_ROPE = {
    "bloom": "ALiBi", "mpt": "ALiBi", "gpt2": "learned positions", "gpt-sw3": "learned positions",
    "gpt_bigcode": "learned positions", "gpt_neo": "learned positions", "opt": "learned positions",
    "openai-gpt": "learned positions", "biogpt": "learned positions", "xglm": "sinusoidal positions",
    "ctrl": "sinusoidal positions", "bert": "learned positions", "roberta": "learned positions",
    "jamba": "no positions", "nemotron_h": "no positions", "kimi_linear": "no positions", "mamba": "no attention",
    "mamba2": "no attention", "falcon_mamba": "no attention", "rwkv": "no attention",
}
NOT_TEXT = ("vision", "encoder", "audio", "dit", "depth", "patcher", "talker", "mimi", "codec", "esm", "detr", "module",
            "decoder_model", "local", "global", "dinov3", "loftr", "edgetam", "sam", "timesfm", "mlcd", "pixtral", "dia_",
            "csm", "EvollaModel", "evolla", "idefics", "privacy", "neomme", "moonshine", "higgs", "musicflamingo", "blt", "kyutai", "flamingo", "pe_", "lasr", "gte", "jina", "nomic", "eurobert", "assistant", "step3p", "t5gemma2_", "chameleon", "moshi")


def value(instance, key):
    try:
        return getattr(instance, key, None)
    except Exception:
        return None


def make(config_class, **sizes):
    try:
        return config_class(**sizes)
    except Exception:
        return None


def head_of(config_class, entry, default):
    """How the class comes to `head_dim`, which its RoPE goes by."""
    fields = getattr(config_class, "__dataclass_fields__", {})
    rope_head = value(default, "qk_rope_head_dim")
    if isinstance(rope_head, int) and "layers" not in entry:
        # multi-head latent attention: a part of its own turns
        entry["headDimKey"] = "qk_rope_head_dim"
        entry["headDim"] = rope_head
        return
    key = getattr(config_class, "attribute_map", {}).get("head_dim")
    if key:
        entry["headDimKey"] = key
    by_layer = value(default, "per_layer_config")
    full = value(by_layer["full_attention"], "head_dim") if by_layer is not None and default.is_heterogeneous else None
    if isinstance(full, int):
        entry["globalHeadDim"] = full
    other = make(config_class, hidden_size=1200, num_attention_heads=12, num_key_value_heads=12) or make(config_class, hidden_size=1200, num_attention_heads=12)
    try:
        head = default.head_dim
    except AttributeError:
        return
    except Exception:
        # a configuration that differs by layer says it for each of them
        entry["headDim"] = fields["head_dim"].default
        return
    if "head_dim" in fields and head is None:
        entry["headDimNone"] = True
    elif isinstance(head, int) and other is not None and head == value(other, "head_dim"):
        entry["headDim"] = head


# names under which files have the base of one kind of layers
BASE_KEYS = ("rope_theta", "global_rope_theta", "local_rope_theta", "rope_local_base_freq")


def layers_of(config_class, nested):
    """The RoPE of each kind of layers, and which keys at the top of a file it goes by."""
    layers = {}
    scaled = make(config_class, rope_scaling={"rope_type": "linear", "factor": 4.0})
    for name, rope in nested.items():
        layer = {}
        if rope.get("rope_theta", 10000) != 10000:
            layer["base"] = rope["rope_theta"]
        if rope.get("partial_rotary_factor", 1) != 1:
            layer["share"] = rope["partial_rotary_factor"]
        if rope.get("rope_type", "default") != "default":
            layer["type"] = rope["rope_type"]
        for key in BASE_KEYS:
            probe = make(config_class, **{key: 12345.0})
            if probe is not None and (probe.rope_parameters.get(name) or {}).get("rope_theta") == 12345.0:
                layer["baseKey"] = key
        if scaled is not None and (scaled.rope_parameters.get(name) or {}).get("factor") == 4.0:
            layer["scaled"] = True
        layers[name] = layer
    # full attention goes first
    return dict(sorted(layers.items(), key=lambda item: item[0] != "full_attention"))


def entry_of(config_class, default):
    rope = default.rope_parameters
    entry = {}
    nested = {key: each for key, each in rope.items() if isinstance(each, dict)}
    if nested:
        entry["layers"] = layers_of(config_class, nested)
    else:
        bare = make(config_class, rope_parameters={"rope_type": "default"}) or default
        base = bare.rope_parameters.get("rope_theta") or config_class.default_theta
        share = bare.rope_parameters.get("partial_rotary_factor") or 1
        latent = isinstance(value(default, "qk_rope_head_dim"), int)
        if base != 10000:
            entry["base"] = base
        if share != 1 and not latent:
            entry["share"] = share
        kind = rope.get("rope_type", rope.get("type", "default"))
        if kind != "default":
            # without any RoPE keys the class takes these; with keys only what stands in them counts
            ours = ("rope_theta", "factor", "original_max_position_embeddings", "beta_fast", "beta_slow", "mscale", "mscale_all_dim",
                    "low_freq_factor", "high_freq_factor", "truncate")
            entry["scaling"] = {"rope_type": kind, **{key: rope[key] for key in ours if key in rope}}
    head_of(config_class, entry, default)
    probe = make(config_class, rotary_dim=16)
    share = (probe.rope_parameters or {}).get("partial_rotary_factor") if probe is not None and not nested else None
    if share is not None and share == 16 / (value(default, "head_dim") or 0.5):
        entry["rotaryDim"] = True
    if isinstance(value(default, "original_max_position_embeddings"), int):
        entry["original"] = default.original_max_position_embeddings
    return entry


def sizes_of(default):
    keys = {"hidden": "hidden_size", "heads": "num_attention_heads", "window": "max_position_embeddings"}
    return {name: value(default, key) for name, key in keys.items() if isinstance(value(default, key), int) and value(default, key) > 0}


def main():
    types = {}
    for name in sorted(CONFIG_MAPPING.keys()):
        try:
            config_class = CONFIG_MAPPING[name]
        except Exception:
            continue
        default = make(config_class)
        if default is None:
            continue
        fields = getattr(config_class, "__dataclass_fields__", {})
        text = value(default, "text_config")
        if name in WITHOUT_ROPE:
            types[name] = {"positions": WITHOUT_ROPE[name], **sizes_of(default)}
        elif name in TURN_BY_TABLE:
            types[name] = {"rotaryDim": default.rotary_dim, **sizes_of(default)}
        elif any(part in name for part in NOT_TEXT):
            continue
        elif "text_config" in fields and text is not None and hasattr(text, "rope_parameters"):
            types[name] = {"text": text.model_type}
        elif "rope_parameters" in fields:
            try:
                types[name] = {**entry_of(config_class, default), **sizes_of(default)}
            except Exception as error:
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"// Made by tools/golden/rope_model_types.py from transformers {transformers.__version__}; do not edit.")
    print("import type { ModelType } from './model-type.js'\n")
    print("/** What transformers takes for keys that a `config.json` leaves out, by `model_type`. */")
    print("export const modelTypes: Readonly<Record<string, ModelType>> = {")
    print(",\n".join(f"  {quoted(name)}: {literal(entry, 2, len(name) + 5)}" for name, entry in sorted(types.items())))
    print("}")


def quoted(key):
    return key if key.isidentifier() else f"'{key}'"


def literal(entry, indent, before=0):
    """A JavaScript literal, on one line where it fits."""
    if not isinstance(entry, dict):
        number = entry if isinstance(entry, bool) or not isinstance(entry, float) or entry != int(entry) else int(entry)
        return json.dumps(number).replace('"', "'")
    if not entry:
        return "{}"
    line = "{ " + ", ".join(f"{quoted(key)}: {literal(each, 0)}" for key, each in entry.items()) + " }"
    if indent == 0 or len(line) + before <= 118:
        return line
    inner = " " * (indent + 2)
    members = f",\n{inner}".join(f"{quoted(key)}: {literal(each, indent + 2, indent + len(key) + 5)}" for key, each in entry.items())
    return "{\n" + inner + members + "\n" + " " * indent + "}"


main()
