"""Opens a tokenizer and encodes texts by Python's tokenizers, for tokenizers.mjs.

usage: python tokenizers_python.py FOLDER TEXTS    prints one JSON line: opening, megabytes, seconds of each text, digests of their ids
"""
import hashlib
import json
import pathlib
import sys
import time

from tokenizers import Tokenizer

folder, texts = sys.argv[1], pathlib.Path(sys.argv[2])
contents = [(texts / f"{name}.txt").read_text() for name in ["english", "chinese", "spaceless"]]
started = time.perf_counter()
tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
opening = time.perf_counter() - started
status = pathlib.Path("/proc/self/status").read_text()
megabytes = int(status.split("VmRSS:")[1].split()[0]) / 1000
seconds, ids = [], []
for text in contents:
    begun = time.perf_counter()
    own = tokenizer.encode_batch([text], add_special_tokens=False)[0].ids
    seconds.append(time.perf_counter() - begun)
    ids.append(hashlib.sha256(",".join(map(str, own)).encode()).hexdigest())
print(json.dumps({"opening": opening, "megabytes": megabytes, "seconds": seconds, "ids": ids}))
