#!/usr/bin/env python3
"""Makes family-*/, small models of random weights of each family that encode reads, and families.json: their texts, ids and vectors by transformers.

Needs: pip install torch transformers tokenizers safetensors (the stored ones are of torch 2.15, transformers 5.23). No network."""
import csv
import json
import pathlib
import shutil

import numpy
import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

here = pathlib.Path(__file__).resolve().parent
SHAPE = {"vocab": 160, "hidden": 24, "layers": 2, "heads": 3, "inner": 40, "positions": 48}
POOLS = ["cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]


def texts():
    with open(here / "texts.csv", newline="", encoding="utf-8") as file:
        rows = [r["text"] for r in csv.DictReader(file)]
    return [t for t in rows if "\0" not in t and len(t) < 150][:70:2] + ["", " ", "word " * 60]


def bert(kind, config, name, **more):
    c = config(vocab_size=SHAPE["vocab"], hidden_size=SHAPE["hidden"], num_hidden_layers=SHAPE["layers"], num_attention_heads=SHAPE["heads"],
               intermediate_size=SHAPE["inner"], max_position_embeddings=SHAPE["positions"], **more)
    return name, kind(c)


def models():
    t = transformers
    yield bert(t.BertModel, t.BertConfig, "bert", hidden_act="gelu_pytorch_tanh", type_vocab_size=1, layer_norm_eps=1e-6)
    yield bert(t.ElectraModel, t.ElectraConfig, "electra", hidden_act="relu", embedding_size=SHAPE["hidden"])
    yield bert(t.RobertaModel, t.RobertaConfig, "roberta", pad_token_id=1, bos_token_id=0, eos_token_id=2, type_vocab_size=1)
    yield "distilbert", t.DistilBertModel(t.DistilBertConfig(vocab_size=SHAPE["vocab"], dim=SHAPE["hidden"], n_layers=SHAPE["layers"], n_heads=SHAPE["heads"],
                                                             hidden_dim=SHAPE["inner"], max_position_embeddings=SHAPE["positions"], sinusoidal_pos_embds=True))
    yield "gpt2", t.GPT2Model(t.GPT2Config(vocab_size=SHAPE["vocab"] + 160, n_embd=SHAPE["hidden"], n_layer=SHAPE["layers"], n_head=SHAPE["heads"],
                                           n_inner=SHAPE["inner"], n_positions=SHAPE["positions"], bos_token_id=0, eos_token_id=0))


def byte_pairs(folder, roberta):
    """vocab.json and merges.txt, learned from the texts."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if roberta else ["<|endoftext|>"]
    t = Tokenizer(BPE())
    t.pre_tokenizer = ByteLevel(add_prefix_space=False)
    t.train_from_iterator(texts(), BpeTrainer(vocab_size=SHAPE["vocab"] + 160, special_tokens=special, initial_alphabet=ByteLevel.alphabet(), show_progress=False))
    model = json.loads(t.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in model["merges"]), encoding="utf-8")
    return len(model["vocab"])


def tokenizer(name, folder):
    limit = SHAPE["positions"] - (2 if name == "roberta" else 0)
    if name in ("roberta", "gpt2"):
        kind = transformers.RobertaTokenizerFast if name == "roberta" else transformers.GPT2TokenizerFast
        return kind(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt")), limit
    return transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True), limit


def pool(states, modes):
    n = len(states)
    weights = numpy.arange(1, n + 1)[:, None]
    ways = {"cls_token": lambda: states[0], "max_tokens": lambda: states.max(0), "mean_tokens": lambda: states.mean(0), "mean_sqrt_len_tokens": lambda: states.sum(0) / n ** 0.5,
            "weightedmean_tokens": lambda: (states * weights).sum(0) / weights.sum(), "lasttoken": lambda: states[-1]}
    vector = numpy.concatenate([ways[m]() for m in modes])
    return vector / numpy.linalg.norm(vector)


def main():
    torch.manual_seed(11)
    result = {"texts": texts(), "families": {}}
    for name, model in models():
        folder = here / ("family-" + name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "1_Pooling").mkdir()
        if name in ("roberta", "gpt2"):
            size = byte_pairs(folder, name == "roberta")
            model.config.vocab_size = size
            model.resize_token_embeddings(size)
        else:
            shutil.copy(here / "tiny" / "vocab.txt", folder / "vocab.txt")
            (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}\n')
        with torch.no_grad():
            for parameter in model.parameters():  # as they begin, norms and biases would hide faults
                if parameter.requires_grad:
                    parameter.normal_(0.9 if parameter.ndim == 1 else 0, 0.3)
        model.eval().save_pretrained(folder, safe_serialization=True)
        modes = POOLS if name == "bert" else ["lasttoken"] if name == "gpt2" else ["cls_token"] if name == "roberta" else ["mean_tokens"]
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": SHAPE["hidden"], **{"pooling_mode_" + m: m in modes for m in POOLS}}) + "\n")
        t, limit = tokenizer(name, folder)
        ids = [t(text, truncation=True, max_length=limit)["input_ids"] for text in texts()]
        vectors = []
        for row in ids:
            with torch.no_grad():
                states = model(torch.tensor([row or [0]])).last_hidden_state[0].double().numpy()
            vectors.append([round(float(v), 7) for v in pool(states, modes)] if row else [0] * SHAPE["hidden"])
        result["families"][name] = {"ids": ids, "vectors": vectors}
        for extra in ("generation_config.json",):
            (folder / extra).unlink(missing_ok=True)
    (here / "families.json").write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


main()
