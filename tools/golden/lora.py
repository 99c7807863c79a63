"""Logits of PEFT with an adapter that Skipwise wrote, for packages/training/src/golden/lora.json.

usage: node tools/golden/lora-adapter.mjs FOLDER > OPTIONS.json &&
       python tools/golden/lora.py FOLDER OPTIONS.json > packages/training/src/golden/lora.json
and again with rslora behind the first FOLDER, for lora-rslora.json. The scale is PEFT's own, of the configuration that it loads.
"""
import hashlib
import json
import pathlib
import sys

import peft
import torch
import transformers

folder, options = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
base = transformers.AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
ids = [(5 * i * i + 3) % 32 for i in range(20)]
inputs = torch.tensor([ids])
with torch.no_grad():
    before = base(inputs).logits
    model = peft.PeftModel.from_pretrained(base, folder / "adapter").eval()
    logits = model(inputs).logits[0]
assert (logits - before[0]).abs().max() > 0.1, "the adapter changes nothing"
loaded = [name for name, _ in model.named_parameters() if "lora_" in name or "modules_to_save" in name]
print(json.dumps({
    "origin": f"peft {peft.__version__}, transformers {transformers.__version__}, torch {torch.__version__}",
    "options": options,
    "sha256": hashlib.sha256((folder / "adapter" / "adapter_model.safetensors").read_bytes()).hexdigest(),
    "config": json.loads((folder / "adapter" / "adapter_config.json").read_text()),
    "loaded": len(loaded),
    "scale": next(module.scaling["default"] for module in model.modules() if hasattr(module, "lora_A")),
    "ids": ids,
    "logits": logits.flatten().tolist(),
}))
