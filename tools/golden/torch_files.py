"""Torch files for @skipwise/checkpoints: what torch.save writes, and what a reader must refuse.

    python tools/golden/torch_files.py packages/checkpoints/test/golden/torch

Files ending in .bin and torch-files.json (the values of every tensor, as torch reads them) are committed.
"""
import io, json, pickle, sys, zipfile
from collections import OrderedDict
from pathlib import Path

import torch

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
generator = torch.Generator().manual_seed(20261124)


def dtypes(*extra):
    values = torch.tensor([0, 1, 2, 3, 100, 127])
    kinds = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool, *extra)
    return OrderedDict((str(kind).removeprefix("torch."), values.to(kind).reshape(2, 3)) for kind in kinds)


def views():
    """Tensors that share storages, transposed, sliced, with a gap, scalars and empty ones, parameters, and one with an attribute."""
    base = torch.randn(4, 6, 5, generator=generator)
    wide = torch.arange(280).to(torch.int32).reshape(10, 28)
    tagged = torch.nn.Parameter(torch.ones(2))
    tagged.tensor_model_parallel = True
    return OrderedDict([
        ("base", base), ("tied", base), ("transposed", base.transpose(0, 2)), ("permuted", base.permute(1, 2, 0)), ("half", base.half().transpose(0, 1)),
        ("slice", base[1:3, ::2, 1]), ("row", base[2]), ("wide.T", wide.T), ("columns", wide[:, 10:13]), ("every seventh", wide[::7, ::7]),
        ("double", torch.randn(3, 4, generator=generator, dtype=torch.float64).T), ("bytes", torch.arange(12, dtype=torch.uint8).reshape(3, 4).T),
        ("scalar", torch.tensor(2.5)), ("empty", torch.zeros(0, 3)), ("parameter", torch.nn.Parameter(torch.arange(3.0))), ("tagged", tagged),
    ])


def module():
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    return model.state_dict()  # with _metadata, and an integer buffer


class Shell:
    def __reduce__(self):
        import os
        return os.system, ("touch /tmp/skipwise-was-here",)


def describe(state):
    return {name: {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape), "values": tensor.detach().flatten().to(torch.float64).tolist()}
            for name, tensor in state.items()}


golden, legacy = {}, {"_use_new_zipfile_serialization": False}
files = {
    "dtypes.bin": (dtypes(torch.uint16, torch.uint32, torch.uint64), {}), "dtypes-legacy.bin": (dtypes(), legacy), "dtypes-protocol-5.bin": (dtypes(), {"pickle_protocol": 5}),
    "views.bin": (views(), {}), "views-legacy.bin": (views(), legacy), "module.bin": (module(), {}), "plain-dict.bin": (dict(module()), legacy),
}
for name, (state, options) in files.items():
    torch.save(state, out / name, **options)
    golden[name] = describe(torch.load(out / name, weights_only="protocol" not in name))

refused = {
    "system.bin": ({"a": Shell()}, {}), "system-legacy.bin": ({"a": Shell()}, legacy), "whole-module.bin": (torch.nn.Linear(1, 1), {}),
    "expanded.bin": ({"a": torch.ones(1).expand(1000)}, {}), "sparse.bin": ({"a": torch.eye(3).to_sparse()}, {}), "complex.bin": ({"a": torch.ones(2, dtype=torch.complex128)}, {}),
    "list.bin": ([torch.ones(1)], {}), "optimizer.bin": ({"model": {"a": torch.ones(1)}, "step": 3}, {}),
}
for name, (state, options) in refused.items():
    torch.save(state, out / name, **options)


def rewrite(source, target, change=lambda name, data: data, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(out / source) as old, zipfile.ZipFile(out / target, "w", compression) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), change(name, old.read(name)), compress_type=compression)


rewrite("module.bin", "python-zip.bin")
golden["python-zip.bin"] = golden["module.bin"]
rewrite("module.bin", "big-endian.bin", lambda name, data: b"big" if name.endswith("byteorder") else data)
rewrite("module.bin", "compressed.bin", compression=zipfile.ZIP_DEFLATED)
(out / "numbers.bin").write_bytes(pickle.dumps({"a": 1}, protocol=2))
(out / "torch-files.json").write_text(json.dumps(golden) + "\n")
