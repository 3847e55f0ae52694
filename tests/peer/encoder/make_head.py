#!/usr/bin/env python3
"""Makes head/, head-roberta/, head-distilbert/ and head.json with transformers' own BertForSequenceClassification: a small classifier of random weights, some texts' token ids, logits and scores;
two more heads of other layouts (RoBERTa's module of transformers; DistilBERT's layers of torch) that read the first token's state of that model.

Needs: pip install torch transformers. Uses the vocabulary of tiny/ and the texts and ids of tiny.json, which make.py writes.
"""
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification
from transformers.models.roberta.modeling_roberta import RobertaClassificationHead

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
        states = torch.stack([model.bert(torch.tensor([stored["ids"][k]])).last_hidden_state[0, 0] for k in rows])
        roberta = RobertaClassificationHead(config).eval()
        first, last = torch.nn.Linear(16, 16), torch.nn.Linear(16, 2)
        for p in [*roberta.parameters(), *first.parameters(), *last.parameters()]:
            p.copy_(torch.randn_like(p) * 0.4)
        others = {"roberta": roberta(states[:, None, :]), "distilbert": last(torch.relu(first(states)))}
    write = lambda kind, layers: ((here / kind).mkdir(exist_ok=True), save_file({n: t.contiguous() for n, t in layers.items()}, here / kind / "model.safetensors"))
    write("head-roberta", {"classifier." + n: t for n, t in roberta.state_dict().items()})
    write("head-distilbert", {k + "." + n: t for k, l in (("pre_classifier", first), ("classifier", last)) for n, t in l.state_dict().items()})
    model.save_pretrained(here / "head")
    shutil.copy(here / "tiny" / "vocab.txt", here / "head")
    shutil.copy(here / "tiny" / "tokenizer_config.json", here / "head")
    num = lambda x: [float("%.7g" % v) for v in x]
    out = {"texts": [stored["texts"][k] for k in rows], "logits": [num(x) for x in logits], "scores": [num(torch.softmax(x, 0)) for x in logits]}
    out.update({kind: [num(torch.softmax(x, 0)) for x in logits] for kind, logits in others.items()})
    (here / "head.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
