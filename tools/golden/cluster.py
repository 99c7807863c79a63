"""Runs of torchrun on folders that Skipwise exported, for packages/skipwise/test/cluster.test.ts, which says how to run it.

usage: python tools/golden/cluster.py FOLDER > packages/skipwise/test/golden/cluster.json

Every run has two processes on the CPU (gloo). Each case: data parallel, and sharded (FSDP2) with recomputed layers, killed after step 12
and started again. The losses of both must agree to 1e-5 and their weights to 1e-4. Then the traps: copies of a folder with one line of
train.py or one file changed, which train.py must stop with a sentence. The file holds the losses and the first elements of every tensor.
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

FIRST = 6
KILLED_AFTER = 12
root = Path(sys.argv[1])
environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def start(folder, *options, processes=2):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    log = open(folder / "log", "a")
    return subprocess.Popen([*command, "train.py", "--cpu", *options], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)


def run(folder, *options, processes=2):
    code = start(folder, *options, processes=processes).wait()
    return code, (folder / "log").read_text()


def losses_of(folder):
    file = folder / "out" / "losses.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return {line["step"]: line["loss"] for line in lines}


def kill_after(process, folder, steps):
    while len(losses_of(folder)) < steps:
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.1)
    # torchrun starts its workers in sessions of their own
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
    for child in [process.pid, *map(int, children)]:
        os.kill(child, signal.SIGKILL)
    process.wait()


def copy(folder, name):
    target = folder.with_name(f"{folder.name}-{name}")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("out", "log"))
    return target


def tensors(folder):
    file = folder / "out" / "model" / "model.safetensors"
    return load_file(file if file.exists() else file.with_name("adapter_model.safetensors"))


def case(folder):
    plain = copy(folder, "ddp")
    code, log = run(plain)
    assert code == 0, log
    sharded = copy(folder, "fsdp")
    kill_after(start(sharded, "--fsdp", "2", "--checkpointing"), sharded, KILLED_AFTER)
    done = max(losses_of(sharded))
    assert done < 20, done
    code, log = run(sharded, "--fsdp", "2", "--checkpointing")
    assert code == 0, log
    assert "going on from" in log
    one, other = losses_of(plain), losses_of(sharded)
    apart = max(abs(one[step] - other[step]) for step in one)
    assert apart < 1e-5, apart
    trained, again = tensors(plain), tensors(sharded)
    assert trained.keys() == again.keys(), trained.keys() ^ again.keys()
    distance = max((trained[name] - again[name]).abs().max().item() for name in trained)
    assert distance < 1e-4, distance
    print(f"{folder.name}: killed after {done}, losses {apart:.2g} apart, weights {distance:.2g}", file=sys.stderr)
    first = json.loads((folder / "first-loss.json").read_text())["loss"]
    assert abs(one[1] - first) < 1e-5
    return {
        "firstLoss": one[1],
        "losses": [one[step] for step in sorted(one)],
        "weights": {name: [float(f"{x:.7g}") for x in each.flatten()[:FIRST].tolist()] for name, each in sorted(trained.items())},
    }


def edit(folder, before, after):
    file = folder / "train.py"
    text = file.read_text()
    assert text.count(before) == 1, (before, text.count(before))
    file.write_text(text.replace(before, after))


def altered_table(folder):
    file = folder / "rope.safetensors"
    table = load_file(file)
    save_file({**table, "inv_freq": table["inv_freq"] * 1.01}, file)


def swapped_rows(folder):
    import pyarrow.parquet

    file = next((folder / "data").iterdir())
    table = pyarrow.parquet.read_table(file)
    pyarrow.parquet.write_table(table.take(list(reversed(range(table.num_rows)))), file)


ones = 'batch["attention_mask"] = torch.ones_like(batch["input_ids"])'
static = 'module.rope_type = "default"  # a static table: nothing is computed from the positions of a batch\n        module.register_buffer("inv_freq", ours.clone().to(theirs.device), persistent=False)\n'
scheduler = "self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: run[\"rates\"][min(step, last)])"
traps = {
    "the mask dropped": ("llama-yarn", lambda folder: edit(folder, ones, "pass")),
    "another RoPE table": ("llama-yarn", altered_table),
    "no fixed table": ("llama-dynamic-ntk", lambda folder: edit(folder, static, "pass\n")),
    "rows in another file": ("llama-yarn", swapped_rows),
    "rows shuffled": ("llama-yarn", lambda folder: edit(folder, 'train_sampling_strategy="sequential"', 'train_sampling_strategy="random"')),
    "another scheduler": ("llama-yarn", lambda folder: edit(folder, scheduler, "self.lr_scheduler = transformers.get_linear_schedule_with_warmup(optimizer, 3, num_training_steps)")),
    "processes that do not divide the batch": ("llama-yarn", lambda folder: None),
}


def trap(name):
    of, change = traps[name]
    folder = copy(root / f"{of}-run", "trap")
    change(folder)
    code, log = run(folder, processes=3 if "processes" in name else 2)
    said = [line for line in log.splitlines() if line.startswith("train.py: ")]
    assert code != 0 and said, log
    assert not (folder / "out" / "model").exists()
    print(f"{name}: {said[-1]}", file=sys.stderr)
    return said[-1].removeprefix("train.py: ")


folders = sorted(path for path in root.iterdir() if path.name.endswith("-run"))
names = {"llama-yarn": "llama yarn", "llama-longrope": "llama longrope", "llama-dynamic-ntk": "llama dynamic-ntk"}
names |= {"llama-yarn-adapters": "llama yarn, adapters", "tiny-llama-linear": "tiny-llama linear"}
result = {
    "origin": f"torch {torch.__version__}, transformers {transformers.__version__}, gloo, two processes",
    "program": hashlib.sha256((folders[0] / "train.py").read_bytes()).hexdigest(),
    "traps": {name: trap(name) for name in traps},
    "cases": {names[folder.name.removesuffix("-run")]: case(folder) for folder in folders},
}
print(json.dumps(result, indent=1))
