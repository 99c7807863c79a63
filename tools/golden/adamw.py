"""Golden values of torch.optim.AdamW after torch.nn.utils.clip_grad_norm_, for packages/training/src/golden/adamw.json.

usage: python tools/golden/adamw.py > packages/training/src/golden/adamw.json
"""
import json
import torch

torch.manual_seed(20261123)
matrix, vector = torch.randn(3, 4), torch.randn(4)
parameters = [torch.nn.Parameter(matrix.clone()), torch.nn.Parameter(vector.clone())]
options = dict(learningRate=0.01, beta1=0.9, beta2=0.95, epsilon=1e-8, weightDecay=0.1, maxGradientNorm=1.5)
optimizer = torch.optim.AdamW(
    [{"params": parameters[:1], "weight_decay": options["weightDecay"]}, {"params": parameters[1:], "weight_decay": 0.0}],
    lr=options["learningRate"], betas=(options["beta1"], options["beta2"]), eps=options["epsilon"],
)
steps = []
for step in range(4):
    gradients = [torch.randn(3, 4) * (0.3 + step), torch.randn(4) * (0.3 + step)]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient.clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, options["maxGradientNorm"])
    optimizer.step()
    steps.append({
        "gradients": [g.flatten().tolist() for g in gradients],
        "gradientNorm": norm.item(),
        "parameters": [p.detach().flatten().tolist() for p in parameters],
    })
print(json.dumps({"origin": f"torch {torch.__version__}", "options": options, "initial": [matrix.flatten().tolist(), vector.flatten().tolist()], "steps": steps}))
