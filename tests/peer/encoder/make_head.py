#!/usr/bin/env python3
"""Makes head/ and head.json with transformers' own BertForSequenceClassification: a small classifier of random weights, some texts' token ids, logits and scores.

Needs: pip install torch transformers. Uses the vocabulary of tiny/ and the texts and ids of tiny.json, which make.py writes.
"""
import json
import pathlib
import shutil

import torch
from transformers import BertConfig, BertForSequenceClassification

here = pathlib.Path(__file__).resolve().parent


def main():
    torch.manual_seed(11)
    stored = json.loads((here / "tiny.json").read_text())
    config = BertConfig(vocab_size=129, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, max_position_embeddings=48,
                        id2label={0: "bad", 1: "so, so", 2: "good"}, label2id={"bad": 0, "so, so": 1, "good": 2})
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.randn_like(p) * (0.4 if p.dim() > 1 else 0.2) + (1 if name.endswith("LayerNorm.weight") else 0))
        rows = stored["encoded"]
        logits = [model(torch.tensor([stored["ids"][k]])).logits[0] for k in rows]
    model.save_pretrained(here / "head")
    shutil.copy(here / "tiny" / "vocab.txt", here / "head")
    shutil.copy(here / "tiny" / "tokenizer_config.json", here / "head")
    num = lambda x: [float("%.7g" % v) for v in x]
    out = {"texts": [stored["texts"][k] for k in rows], "logits": [num(x) for x in logits], "scores": [num(torch.softmax(x, 0)) for x in logits]}
    (here / "head.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
