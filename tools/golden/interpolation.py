"""Golden values of @skipwise/interpolation: what transformers makes of converted files, and what the code of the YaRN repository computes.

    node tools/golden/interpolation-configs.mjs | python tools/golden/interpolation.py YARN_REPOSITORY packages/interpolation/test/golden

YARN_REPOSITORY is a checkout of jquesnelle/yarn. Files are written by Skipwise, numbers by transformers and that repository alone.
"""
import importlib.util, json, sys
from pathlib import Path

import torch
import transformers
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

yarn, out = Path(sys.argv[1]) / "scaled_rope", Path(sys.argv[2])


def load(name):
    spec = importlib.util.spec_from_file_location(name, yarn / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def by_transformers(case):
    """Frequencies within the original window and at the end of the extended one, as the rotary embedding uses them."""
    config = {key: value for key, value in case["config"].items() if key != "model_type"}
    embedding = LlamaRotaryEmbedding(LlamaConfig(**json.loads(json.dumps(config))))
    tables = []
    for length in (16, config["max_position_embeddings"]):
        embedding(torch.zeros(1), torch.tensor([[length - 1]]))
        tables.append(embedding.inv_freq.to(torch.float64).tolist())
    return {"scheme": case["scheme"], "file": case["file"], "keys": case["keys"], "config": case["config"],
            "inverse_frequencies": tables, "attention_factor": embedding.attention_scaling}


def by_yarn_repository():
    part, dynamic = load("LlamaPartNTKScaledRotaryEmbedding"), load("LlamaDynamicYaRNScaledRotaryEmbedding")
    cases = []
    for dim, original, factor in ((128, 2048, 8), (64, 4096, 16), (128, 2048, 64)):
        embedding = part(dim, max_position_embeddings=original, scale=factor, original_max_position_embeddings=original)
        cases.append({"scheme": {"name": "ntk-by-parts"}, "rotaryDim": dim, "originalLength": original, "targetLength": original * factor, "length": None,
                      "inverse_frequencies": embedding.inv_freq.to(torch.float64).tolist(), "attention_factor": 1})
        for finetuned in (False, True):
            window = original * factor if finetuned else original
            for length in (original // 2, window + original):
                embedding = dynamic(dim, max_position_embeddings=window, original_max_position_embeddings=original, finetuned=finetuned)
                embedding(torch.zeros(1), seq_len=length)
                cases.append({"scheme": {"name": "dynamic-yarn", "config": {"finetuned": finetuned}}, "rotaryDim": dim, "originalLength": original,
                              "targetLength": original * factor, "length": length,
                              "inverse_frequencies": embedding.inv_freq.to(torch.float64).tolist(), "attention_factor": embedding.mscale})
    return cases


out.mkdir(parents=True, exist_ok=True)
origin = {"torch": torch.__version__, "transformers": transformers.__version__}
(out / "converted.json").write_text(json.dumps({**origin, "cases": [by_transformers(case) for case in json.load(sys.stdin)]}) + "\n")
(out / "yarn-repository.json").write_text(json.dumps({"torch": torch.__version__, "cases": by_yarn_repository()}) + "\n")
