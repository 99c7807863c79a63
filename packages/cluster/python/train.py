"""Trains the model of this folder on its examples, as Skipwise would: the same rows, rates and arithmetic.

    python train.py                                                one process
    torchrun --standalone --nproc-per-node 2 train.py              data parallel (DDP)
    torchrun --standalone --nproc-per-node 8 train.py --fsdp 2     sharded (FSDP2)
    torchrun --standalone --nproc-per-node 8 train.py --deepspeed ds.json

All settings are in run.json. The same command goes on from the last checkpoint. Nothing of Skipwise is needed.
Before the first step it compares its loss with that of Skipwise; where they differ it stops and says why.
"""
import argparse
import glob
import hashlib
import json
import os
import shutil
import sys
import time

import torch
import torch.distributed as dist
import transformers
from datasets import load_dataset
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from transformers import AutoConfig, AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments

HERE = os.path.dirname(os.path.abspath(__file__))
RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
IGNORED = -100


def path(*parts):
    return os.path.join(HERE, *parts)


def read_json(*parts):
    with open(path(*parts), encoding="utf8") as file:
        return json.load(file)


def stop(sentence, rank=RANK):
    """Ends this process with a sentence, said once where every process finds the same; torchrun ends the others."""
    if rank == RANK:
        print(f"train.py: {sentence}", file=sys.stderr, flush=True)
    sys.exit(1)


def say(sentence):
    if RANK == 0:
        print(f"train.py: {sentence}", flush=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fsdp", type=int, choices=[2], help="shard model and optimizer over the processes (FSDP2)")
    parser.add_argument("--deepspeed", metavar="FILE", help="DeepSpeed's configuration, without optimizer")
    parser.add_argument("--micro", type=int, help="rows at once on a process; default what run.json says, or less")
    parser.add_argument("--checkpointing", action="store_true", help="less memory: layers are computed twice")
    parser.add_argument("--bf16", action="store_true", help="matrix products in bfloat16; weights stay in float32")
    parser.add_argument("--attention", default=run["attention"], help="sdpa, eager, flash_attention_2, …")
    parser.add_argument("--cpu", action="store_true", help="do not use a GPU")
    parser.add_argument("--out", default=path("out"), help="folder for checkpoints, losses and the model")
    return parser.parse_args()


def digest_of(file):
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def check_files():
    """The files are those that Skipwise wrote: another order of rows is another run."""
    for file in run["files"]:
        if digest_of(path("data", file["name"])) != file["sha256"]:
            stop(f"data/{file['name']} is not the file that Skipwise wrote: its rows or their order have changed")


class Rows(torch.utils.data.Dataset):
    """The examples in the order of the steps, each with its number."""

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return {**self.data[index], "row": index}


def collate(rows):
    names = ["input_ids", "position_ids", "labels", "row"]
    batch = {name: torch.tensor([row[name] for row in rows]) for name in names}
    # A mask of ones: without one, transformers takes every jump of position_ids for the beginning of a document.
    batch["attention_mask"] = torch.ones_like(batch["input_ids"])
    if args.attention.startswith("flash") and len(rows) == 1:
        # flash attention looks at the positions of a single row itself: here are its bounds
        length = batch["input_ids"].shape[1]
        bounds = torch.tensor([0, length], dtype=torch.int32)
        batch |= {"cu_seq_lens_q": bounds, "cu_seq_lens_k": bounds, "max_length_q": length, "max_length_k": length}
    return batch


def open_model():
    config = AutoConfig.from_pretrained(path("model"))
    for key, value in config.to_dict().items():
        # Skipwise trains without dropout
        if ("drop" in key or "pdrop" in key) and isinstance(value, float):
            setattr(config, key, 0.0)
    model = AutoModelForCausalLM.from_pretrained(
        path("model"), config=config, dtype=torch.float32, attn_implementation=args.attention
    )
    use_table(model)
    if run["lora"]:
        from peft import PeftModel

        return PeftModel.from_pretrained(model, path("model", "adapter"), is_trainable=True)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name not in run["frozen"]
    return model


def use_table(model):
    """One RoPE table for all rows. Some schemes would choose theirs by the longest row of each micro-batch."""
    table = load_file(path("rope.safetensors"))
    ours, scale = table["inv_freq"], table["attention_scaling"].item()
    rotary = [module for module in model.modules() if hasattr(module, "inv_freq")]
    if not rotary:
        stop("this version of transformers has no module with inv_freq in this model: its RoPE cannot be checked", 0)
    for module in rotary:
        theirs = module.inv_freq
        scaling = getattr(module, "attention_scaling", 1.0)
        if run["rope"]["checked"]:
            same = theirs.shape == ours.shape and torch.allclose(theirs.cpu(), ours, rtol=1e-5, atol=0)
            if not same or abs(scaling - scale) > 1e-5 * scale:
                stop(
                    f"the RoPE table that transformers {transformers.__version__} makes of model/config.json "
                    f"({run['rope']['scheme']}) is not that of rope.safetensors: one of the two files has changed, "
                    "or this version reads the keys in another way",
                    0,
                )
        module.rope_type = "default"  # a static table: nothing is computed from the positions of a batch
        module.register_buffer("inv_freq", ours.clone().to(theirs.device), persistent=False)
        module.attention_scaling = scale


class SameRun(Trainer):
    """The Trainer of transformers, with the rates of run.json and a look at what each step takes."""

    def create_scheduler(self, num_training_steps, optimizer=None):
        last = len(run["rates"]) - 1
        optimizer = optimizer or self.optimizer
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: run["rates"][min(step, last)])
        return self.lr_scheduler

    def get_decay_parameter_names(self, model):
        # matrices only; a partition of ZeRO-3 is flat and has its shape elsewhere
        return [name for name, each in model.named_parameters() if len(getattr(each, "ds_shape", each.shape)) > 1]

    def training_step(self, model, inputs, *rest):
        rows = inputs.pop("row")
        first = self.state.global_step * run["batch"]
        wrong = [row for row in rows.tolist() if not first <= row < first + run["batch"]]
        if wrong:
            stop(
                f"step {self.state.global_step + 1} takes row {wrong[0]}, and its rows are {first} to "
                f"{first + run['batch'] - 1}: the rows come in another order than in Skipwise"
            )
        return super().training_step(model, inputs, *rest)


class Checks(TrainerCallback):
    """Compares with Skipwise before the first step, and the rate before every step; writes the losses."""

    def on_train_begin(self, arguments, state, control, **_):
        if state.global_step == 0:
            first_act()

    def on_step_begin(self, arguments, state, control, optimizer=None, **_):
        expected = run["rates"][state.global_step]
        rates = {group["lr"] for group in optimizer.param_groups}
        if any(abs(rate - expected) > 1e-9 * abs(expected) for rate in rates):
            stop(
                f"the rate of step {state.global_step + 1} is {max(rates)}, and run.json says {expected}: "
                "another scheduler is at work",
                0,
            )

    def on_log(self, arguments, state, control, logs=None, **_):
        if logs is None or "loss" not in logs:
            return
        if state.global_step == 1 and not is_close(logs["loss"], expected_loss):
            stop(
                f"the Trainer reports a loss of {logs['loss']:.6f} for the first step, and it is {expected_loss:.6f}: "
                "it does not take the mean over all labels of the batch",
                0,
            )
        if RANK == 0:
            line = {"step": state.global_step, "loss": logs["loss"], "gradientNorm": float(logs.get("grad_norm", 0))}
            line |= {"learningRate": logs["learning_rate"], "time": time.time()}
            with open(os.path.join(args.out, "losses.jsonl"), "a", encoding="utf8") as file:
                file.write(json.dumps(line) + "\n")


def is_close(loss, expected):
    return abs(loss - expected) <= (2e-2 if args.bf16 else 1e-4) * max(1.0, abs(expected))


def logits_of(batch):
    model = trainer.model_wrapped
    inputs = {name: each.to(training.device) if torch.is_tensor(each) else each for name, each in batch.items()}
    inputs = {name: each for name, each in inputs.items() if name not in ("labels", "row")}
    with torch.no_grad(), trainer.accelerator.autocast():
        return model(**inputs, use_cache=False).logits.float()


def first_loss(**changes):
    """Mean over the labels of the first batch, of which every process takes its share."""
    total = torch.zeros(2, dtype=torch.float64)
    share = range(RANK * run["batch"] // WORLD, (RANK + 1) * run["batch"] // WORLD)
    for begin in range(share.start, share.stop, micro):
        batch = {**trainer.data_collator([rows[i] for i in range(begin, begin + micro)]), **changes}
        logits, labels = logits_of(batch), batch["labels"][:, 1:].reshape(-1)
        nats = cross_entropy(logits[:, :-1].flatten(0, 1).cpu(), labels, ignore_index=IGNORED, reduction="sum")
        total += torch.tensor([nats.item(), (labels != IGNORED).sum().item()])
    if dist.is_initialized():
        total = total.to(training.device, torch.float32 if training.device.type == "mps" else torch.float64)
        dist.all_reduce(total)
    return (total[0] / max(total[1], 1)).item()


def first_act():
    """Where a row jumps, its second part must see the first; and the first loss must be that of Skipwise."""
    trainer.model_wrapped.eval()
    check_chunks()
    loss = first_loss()
    if not is_close(loss, expected_loss):
        ones = torch.ones((micro, run["length"]), dtype=torch.long)
        if is_close(first_loss(attention_mask=ones), expected_loss):
            stop("the attention mask of collate() is not of ones, and the first loss is that of another model", 0)
        stop(
            f"the loss of the first batch is {loss:.6f}, and {expected_loss:.6f} in Skipwise: model, data or "
            f"transformers {transformers.__version__} (attention {args.attention}) differ from those of the export",
            0,
        )
    say(f"the loss of the first batch is {loss:.6f}, and {expected_loss:.6f} in Skipwise")
    trainer.model_wrapped.train()


def check_chunks():
    """Changes the tokens before a jump and looks whether the first token after it notices."""
    for index in range(run["batch"]):
        ids = rows[index]["position_ids"]
        jump = next((i for i in range(1, len(ids)) if ids[i] != ids[i - 1] + 1), None)
        if jump is None:
            continue
        batch = trainer.data_collator([rows[index]])
        changed = {**batch, "input_ids": batch["input_ids"].clone()}
        changed["input_ids"][:, :jump] = (changed["input_ids"][:, :jump] + 1) % run["vocabulary"]
        if torch.equal(logits_of(batch)[0, jump], logits_of(changed)[0, jump]):
            stop(
                f"the tokens of a row do not see those before its jump of positions (row {index}, token {jump}): "
                "transformers takes the jump for the beginning of a document. collate() must give an attention_mask "
                "of ones",
                0,
            )
        return


def last_checkpoint():
    """The last one that was written whole; its state comes last."""
    folders = glob.glob(os.path.join(glob.escape(args.out), "checkpoint-*"))
    whole = [folder for folder in folders if os.path.exists(os.path.join(folder, "trainer_state.json"))]
    return max(whole, key=lambda folder: int(folder.rsplit("-", 1)[1]), default=None)


def finish():
    """Writes the model, and what `skipwise import` checks: which files it is made of."""
    folder = os.path.join(args.out, "model")
    trainer.save_model(folder)
    if RANK != 0:
        return
    names = sorted(os.listdir(folder))
    parts = [name for name in names if ".safetensors" in name or name in ("config.json", "adapter_config.json")]
    files = {name: digest_of(os.path.join(folder, name)) for name in parts}
    for name in os.listdir(path("model")):
        if "token" in name or name.endswith((".model", ".jinja", "generation_config.json")):
            shutil.copy(path("model", name), folder)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    result = {"version": 1, "runKey": run["runKey"], "processes": WORLD, "versions": versions, "files": files}
    with open(os.path.join(args.out, "result.json"), "w", encoding="utf8") as file:
        json.dump(result, file, indent=2)
    say(f"the model is in {folder}: skipwise import {HERE}")


run = read_json("run.json")
expected_loss = read_json("first-loss.json")["loss"]
args = options()
if run["batch"] % WORLD:
    stop(f"a batch of {run['batch']} rows cannot be divided by {WORLD} processes: use a divisor of {run['batch']}", 0)
micro = args.micro or max(m for m in range(1, run["microBatch"] + 1) if run["batch"] % (m * WORLD) == 0)
if run["batch"] % (micro * WORLD):
    stop(f"a batch of {run['batch']} rows cannot be divided into {micro} rows on each of {WORLD} processes", 0)
if int(os.environ.get("LOCAL_RANK", 0)) == 0:
    check_files()

sharded = {}
if args.fsdp and WORLD > 1:
    # the whole model is loaded by every process, so that the table above is the same on all
    plan = {"version": 2, "auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "cpu_ram_efficient_loading": False}
    plan |= {"state_dict_type": "FULL_STATE_DICT", "activation_checkpointing": args.checkpointing}
    sharded = {"fsdp": True, "fsdp_config": plan}
training = TrainingArguments(
    output_dir=args.out,
    max_steps=run["steps"],
    per_device_train_batch_size=micro,
    gradient_accumulation_steps=run["batch"] // (micro * WORLD),
    train_sampling_strategy="sequential",
    learning_rate=1.0,  # times the rates of run.json
    optim="adamw_torch",
    adam_beta1=run["beta1"],
    adam_beta2=run["beta2"],
    adam_epsilon=run["epsilon"],
    weight_decay=run["weightDecay"],
    max_grad_norm=run["maxGradientNorm"],
    average_tokens_across_devices=True,
    remove_unused_columns=False,
    dataloader_drop_last=True,
    gradient_checkpointing=args.checkpointing and not sharded,
    ddp_find_unused_parameters=False,
    bf16=args.bf16,
    use_cpu=args.cpu or not torch.cuda.is_available(),
    deepspeed=args.deepspeed,
    seed=run["seed"],
    save_strategy="steps",
    save_steps=run["checkpointEvery"],
    save_total_limit=2,
    logging_steps=1,
    logging_nan_inf_filter=False,
    report_to=[],
    disable_tqdm=True,
    **sharded,
)
files = [path("data", file["name"]) for file in run["files"]]
data = load_dataset("parquet", data_files=files, split="train", cache_dir=os.path.join(args.out, "cache"))
if len(data) != run["steps"] * run["batch"]:
    stop(f"data/ has {len(data)} rows, and {run['steps']} steps take {run['batch']} each", 0)
rows = Rows(data)
trainer = SameRun(model=open_model(), args=training, train_dataset=rows, data_collator=collate, callbacks=[Checks()])
resumed = last_checkpoint()
if resumed:
    say(f"going on from {resumed}")
trainer.train(resume_from_checkpoint=resumed)
finish()
if dist.is_initialized():
    dist.destroy_process_group()
