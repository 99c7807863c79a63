"""Golden logits for docs/examples/architecture-phi: a tiny Phi with random weights, at positions that skip."""
import json, os, torch, transformers
from transformers import PhiConfig, PhiForCausalLM

torch.manual_seed(0)
config = dict(model_type="phi", vocab_size=11, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2,
              max_position_embeddings=64, partial_rotary_factor=0.5, hidden_act="gelu_new", layer_norm_eps=1e-5)
model = PhiForCausalLM(PhiConfig(**{k: v for k, v in config.items() if k != "model_type"}, rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5})).eval()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_((torch.randn_like(parameter) * 0.5).mul(1000).round().div(1000))
ids, positions = [3, 1, 4, 1, 5, 9], [0, 1, 2, 30, 31, 32]
with torch.no_grad():
    logits = model(torch.tensor([ids]), position_ids=torch.tensor([positions])).logits[0].flatten().tolist()
weights = {name: [round(x, 3) for x in value.flatten().tolist()] for name, value in model.state_dict().items()}
golden = dict(origin=f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]} (tools/golden/phi_example.py)",
              config=config, ids=ids, positions=positions, weights=weights, logits=[round(x, 6) for x in logits])
out = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "examples", "architecture-phi", "src", "golden.json")
with open(out, "w") as file:
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items() if key != "weights"]
    inner = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in weights.items())
    file.write("{\n" + ",\n".join(lines) + ',\n  "weights": {\n' + inner + "\n  }\n}\n")
