"""Golden values of @skipwise/checkpoints, made with torch and the Python safetensors library.

    python tools/golden/checkpoints.py ../shared/fixtures/models packages/checkpoints/test/golden
"""
import base64, hashlib, json, struct, sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

models, out = Path(sys.argv[1]), Path(sys.argv[2])


def digest(tensor):
    return hashlib.sha256(tensor.contiguous().to(torch.float32).numpy().tobytes()).hexdigest()


def describe(folder):
    tensors = {}
    for file in sorted(folder.glob("model*.safetensors")):
        with safe_open(file, "pt") as reader:
            for name in reader.keys():
                tensor = reader.get_tensor(name)
                tensors[name] = {"dtype": str(tensor.dtype), "shape": list(tensor.shape), "file": file.name,
                                 "first": tensor.flatten()[:3].tolist(), "sha256AsFloat32": digest(tensor)}
    return tensors


def bits(tensor, kind, mask):
    return [value & mask for value in tensor.view(kind).tolist()]


def rounding():
    """float32 bit patterns: specials, ties of both formats, subnormals, and random ones; what torch rounds them to."""
    special = [0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc00001, 0x7f7fffff,
               0x00000001, 0x007fffff, 0x00800000, 0x3f808000, 0x3f818000, 0x3f807fff, 0x3f808001, 0x477fe000, 0x477fefff, 0x477ff000,
               0x33000000, 0x33000001, 0x33800000, 0x33c00000, 0x34200000, 0x38800000, 0x387fe000, 0x387ff000, 0x387fffff, 0x38801000, 0x38803000]
    generator = torch.Generator().manual_seed(20261123)
    drawn = torch.randint(-2**31, 2**31, (500,), generator=generator).tolist()
    # Random patterns seldom fall in the range of binary16: half of them get an exponent between 2^-26 and 2^17.
    near = [(value & 0x807fffff) | ((101 + value % 44) << 23) for value in torch.randint(0, 2**32, (500,), generator=generator).tolist()]
    patterns = [value & 0xffffffff for value in special + drawn + near]
    floats = torch.tensor([struct.unpack("<i", struct.pack("<I", value))[0] for value in patterns], dtype=torch.int32).view(torch.float32)
    return {"float32": patterns, "bfloat16": bits(floats.to(torch.bfloat16), torch.int16, 0xffff), "float16": bits(floats.to(torch.float16), torch.int16, 0xffff)}


def mixed():
    """One file with a tensor of every data type that can be read as numbers, an empty one and a scalar."""
    values = [0, 1, 2, 3, 100, 127]
    tensors = {str(dtype).removeprefix("torch."): torch.tensor(values).to(dtype).reshape(2, 3)
               for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)}
    tensors["precise"] = torch.tensor([1 / 3, -1e300], dtype=torch.float64)
    tensors["large"] = torch.tensor([2**40, -1], dtype=torch.int64)
    tensors["empty"] = torch.zeros(0, 3)
    tensors["scalar"] = torch.tensor(2.5)
    return {"file": base64.b64encode(save(tensors, {"origin": "python"})).decode(),
            "tensors": {name: {"shape": list(tensor.shape), "values": tensor.flatten().to(torch.float64).tolist()} for name, tensor in tensors.items()}}


out.mkdir(parents=True, exist_ok=True)
golden = {
    "models.json": {name: describe(models / name) for name in ("llama-default", "llama-sharded-bf16")},
    "rounding.json": rounding(),
    "mixed.json": mixed(),
}
for name, value in golden.items():
    (out / name).write_text(json.dumps({"torch": torch.__version__, **value}) + "\n")
