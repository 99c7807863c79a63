"""200 steps of PyTorch on a tiny LLaMA, for tools/composition/src/golden/loss-curve.json: batches and first weights are formulas, so nothing is drawn.

usage: python tools/golden/loss_curve.py > tools/composition/src/golden/loss-curve.json
"""
import json

import numpy as np
import torch
import transformers

V, T, B, STEPS = 64, 48, 4, 200
CONFIG = dict(
    model_type="llama", vocab_size=V, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=256, rms_norm_eps=1e-6, rope_theta=10000.0, tie_word_embeddings=False,
)
OPTIONS = dict(learningRate=3e-3, warmup=20, weightDecay=0.1, beta1=0.9, beta2=0.95, epsilon=1e-8, maxGradientNorm=1.0)

torch.set_num_threads(1)
model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**CONFIG, attn_implementation="eager")).float()
with torch.no_grad():
    for index, parameter in enumerate(model.parameters()):
        # norms stay 1; element i of matrix k is sin(0.7 + 0.37 i² + 17 k) / 5, computed in float64
        if parameter.ndim == 2:
            values = np.sin(0.7 + 0.37 * np.arange(parameter.numel(), dtype=np.float64) ** 2 + 17.0 * index) / 5
            parameter.copy_(torch.from_numpy(values.astype(np.float32)).reshape(parameter.shape))


def example(index: int):
    """A repeating sequence with one skip in its positions; every seventh label is masked."""
    period, first, cut, skip = 3 + index % 5, 7 * (index % 8), 5 + (11 * index) % 37, (13 * index) % 200
    ids = [first + (t + index) % period for t in range(T)]
    positions = [t if t < cut else t + skip for t in range(T)]
    labels = [0 if t == 0 or t % 7 == 3 else 1 for t in range(T)]
    return ids, positions, labels


matrices = [p for p in model.parameters() if p.ndim > 1]
vectors = [p for p in model.parameters() if p.ndim == 1]
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": OPTIONS["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}],
    lr=OPTIONS["learningRate"], betas=(OPTIONS["beta1"], OPTIONS["beta2"]), eps=OPTIONS["epsilon"],
)
warmup = OPTIONS["warmup"]
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (step + 1) / warmup if step < warmup else 1 - (step - warmup) / (STEPS - warmup))
causal = torch.full((T, T), float("-inf")).triu(1)[None, None]
losses, norms = [], []
for step in range(STEPS):
    ids, positions, mask = (torch.tensor(rows) for rows in zip(*[example(step * B + i) for i in range(B)]))
    # an explicit mask: without one, transformers takes a skip of positions for a new document
    logits = model(ids, position_ids=positions, attention_mask=causal.expand(B, 1, T, T)).logits
    labels = torch.where(mask[:, 1:] == 1, ids[:, 1:], -100)
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, V), labels.reshape(-1), ignore_index=-100)
    optimizer.zero_grad()
    loss.backward()
    norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), OPTIONS["maxGradientNorm"]).item())
    optimizer.step()
    schedule.step()
    losses.append(loss.item())
print(json.dumps({
    "origin": f"torch {torch.__version__}, transformers {transformers.__version__}",
    "config": CONFIG, "window": T, "batch": B, "steps": STEPS, "options": OPTIONS, "losses": losses, "gradientNorms": norms,
    "parameters": [name for name, _ in model.named_parameters()],
}))
