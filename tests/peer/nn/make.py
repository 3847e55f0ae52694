#!/usr/bin/env python3
"""Writes tiny.json and tiny.f32, and below masked.json and masked.f32: a small BertForSequenceClassification of transformers with random weights, a batch, the gradients of its first step and the
losses of ten steps of AdamW with warm-up, decay and clipping, without dropout. tiny.f32 holds the values of all parameters in the order of tiny.json, then
their gradients; masked the same for a BertForMaskedLM and one step. Run in this folder with torch and transformers; made with torch 2.15, transformers 5.23."""
import json

import torch
import transformers

torch.manual_seed(7)
torch.set_num_threads(1)
SHAPE = dict(vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, max_position_embeddings=12, type_vocab_size=2)
config = transformers.BertConfig(**SHAPE, num_labels=3, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-12, initializer_range=0.3)
model = transformers.BertForSequenceClassification(config)
with torch.no_grad():
    for name, p in model.named_parameters():
        if p.dim() == 1:
            p.add_(torch.randn_like(p) * 0.1)
lengths = [5, 12, 1, 7, 9]
texts = [[int(x) for x in torch.randint(1, 40, (n,))] for n in lengths]
labels = [0, 2, 1, 2, 0]
ids, mask = torch.zeros(len(texts), 12, dtype=torch.long), torch.zeros(len(texts), 12, dtype=torch.long)
for i, text in enumerate(texts):
    ids[i, :len(text)], mask[i, :len(text)] = torch.tensor(text), 1
params = list(model.named_parameters())
groups = [{"params": [p for _, p in params if p.dim() == 2], "weight_decay": 0.01}, {"params": [p for _, p in params if p.dim() == 1], "weight_decay": 0.0}]
values, gradients, losses, norms = [p.detach().clone() for _, p in params], None, [], []
optimiser = torch.optim.AdamW(groups, lr=5e-3)
schedule = transformers.get_linear_schedule_with_warmup(optimiser, 3, 10)
for step in range(10):
    optimiser.zero_grad()
    loss = model(input_ids=ids, attention_mask=mask, labels=torch.tensor(labels)).loss
    loss.backward()
    losses.append(loss.item())
    if step == 0:
        gradients = [p.grad.clone() for _, p in params]
    norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
    optimiser.step()
    schedule.step()


def write_numbers(path, tensors):
    with open(path, "wb") as out:
        for tensor in tensors:
            out.write(tensor.detach().numpy().astype("<f4").tobytes())


write_numbers("tiny.f32", values + gradients)
with open("tiny.json", "w") as out:
    json.dump({"params": [[n, p.numel()] for n, p in params], "texts": texts, "labels": labels, "losses": losses, "norms": norms}, out, indent=0)
    out.write("\n")

masked = transformers.BertForMaskedLM(config)
with torch.no_grad():
    for name, p in masked.named_parameters():
        if p.dim() == 1:
            p.add_(torch.randn_like(p) * 0.1)
params = list(masked.named_parameters())
chosen, targets, wanted = [], [], torch.full_like(ids, -100)
for text, place, word in [(0, 2, 7), (1, 0, 30), (1, 11, 1), (3, 3, 39), (4, 8, 7)]:
    wanted[text, place] = word
    chosen.append(sum(lengths[:text]) + place)
    targets.append(word)
loss = masked(input_ids=ids, attention_mask=mask, labels=wanted).loss
loss.backward()
write_numbers("masked.f32", [p for _, p in params] + [p.grad for _, p in params])
with open("masked.json", "w") as out:
    json.dump({"params": [[n, p.numel()] for n, p in params], "texts": texts, "rows": chosen, "targets": targets, "losses": [loss.item()]}, out, indent=0)
    out.write("\n")
