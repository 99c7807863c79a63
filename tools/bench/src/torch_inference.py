"""Prefill and decode of a Hugging Face LlamaForCausalLM on the CPU: what inference-against-torch.mjs compares with.

usage: python torch_inference.py '{"d":256,"L":4,"h":4,"kv":4,"ff":688,"V":2048}' PROMPT NEW_TOKENS [CHUNK] [THREADS]
Needs torch and transformers. Prefills PROMPT random tokens in chunks against a cache, then takes NEW_TOKENS greedy steps. Prints one JSON line.
"""
import json, resource, sys, time
import torch
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

c = dict(d=256, L=4, h=4, kv=4, ff=688, V=2048)
c.update(json.loads(sys.argv[1]))
prompt, new_tokens = int(sys.argv[2]), int(sys.argv[3])
chunk = int(sys.argv[4]) if len(sys.argv) > 4 else 512
torch.set_num_threads(int(sys.argv[5]) if len(sys.argv) > 5 else 2)
torch.manual_seed(0)
m = LlamaForCausalLM(LlamaConfig(hidden_size=c["d"], num_hidden_layers=c["L"], num_attention_heads=c["h"], num_key_value_heads=c["kv"], intermediate_size=c["ff"], vocab_size=c["V"], max_position_embeddings=prompt + new_tokens, attn_implementation="sdpa")).eval()
ids = torch.randint(0, c["V"], (1, prompt))
with torch.inference_mode():
    cache = DynamicCache()
    started = time.perf_counter()
    for begin in range(0, prompt, chunk):
        out = m(input_ids=ids[:, begin : begin + chunk], past_key_values=cache, use_cache=True, logits_to_keep=1)
    prefill = time.perf_counter() - started
    token = out.logits[:, -1:].argmax(-1)
    times = []
    for _ in range(new_tokens):
        t = time.perf_counter()
        token = m(input_ids=token, past_key_values=cache, use_cache=True).logits[:, -1:].argmax(-1)
        times.append(time.perf_counter() - t)
decode = sorted(times)[len(times) // 2]
print(json.dumps({"engine": f"torch {torch.__version__} sdpa f32", "config": c, "prompt": prompt, "prefill_s": prefill, "prefill_tokens_per_s": prompt / prefill, "decode_tokens_per_s": 1 / decode, "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}))
