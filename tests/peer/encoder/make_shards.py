#!/usr/bin/env python3
"""make_shards.py FROM TO: a model in two files with an index; tiny-shards is tiny."""
import json, os, shutil, struct, sys
src, dst = sys.argv[1:3]
os.makedirs(dst, exist_ok=True)
for n in os.listdir(src):
    if not n.startswith("model.safetensors") and os.path.isfile(os.path.join(src, n)): shutil.copy(os.path.join(src, n), dst)
b = open(os.path.join(src, "model.safetensors"), "rb").read()
n = struct.unpack("<Q", b[:8])[0]; h = json.loads(b[8:8+n]); h.pop("__metadata__", None)
names = sorted(h); half = [names[::2], names[1::2]]; m = {}
for k, part in enumerate(half):
    name = "model-%05d-of-00002.safetensors" % (k + 1); head, data = {}, b""
    for t in part:
        x, y = h[t]["data_offsets"]; head[t] = dict(h[t], data_offsets=[len(data), len(data) + y - x]); data += b[8+n+x:8+n+y]; m[t] = name
    j = json.dumps(head).encode(); j += b" " * (-len(j) % 8)
    open(os.path.join(dst, name), "wb").write(struct.pack("<Q", len(j)) + j + data)
json.dump({"metadata": {}, "weight_map": m}, open(os.path.join(dst, "model.safetensors.index.json"), "w"))
