"""What TensorBoard reads of an event file that Skipwise wrote, for packages/training/src/golden/event-file.json.

usage: node tools/golden/event-file.mjs FOLDER && python tools/golden/event_file.py FOLDER > packages/training/src/golden/event-file.json
"""
import base64
import json
import pathlib
import sys

import tensorboard
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

[path] = pathlib.Path(sys.argv[1]).glob("events.out.tfevents.*")
events = list(LegacyEventFileLoader(str(path)).Load())
assert events[0].file_version == "brain.Event:2", events[0]
data = path.read_bytes()
# the first record holds the time of the run
header = 12 + int.from_bytes(data[:8], "little") + 4
print(json.dumps({
    "origin": f"tensorboard {tensorboard.__version__}",
    "header": header,
    "bytes": base64.b64encode(data[header:]).decode(),
    "events": [{"step": e.step, "wallTime": e.wall_time, "scalars": {v.tag.removeprefix("train/"): v.simple_value for v in e.summary.value}} for e in events[1:]],
}))
