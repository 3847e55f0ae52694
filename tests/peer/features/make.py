#!/usr/bin/env python3
"""Writes the files of tests/cli/features/categories-peer (pip install numpy scikit-learn): random orders with categories, moments with labels, and what
NumPy makes of them: the most usual values, frequencies, and target encodings. Where scikit-learn's TargetEncoder computes the same, the script insists
that they agree to 1e-12."""
import csv
import os
from collections import Counter
from datetime import datetime, timedelta

import numpy as np
from sklearn.preprocessing import TargetEncoder

FOLDS, WEIGHT = 5, 10
COLUMNS = ["country", "category", "payment_method", "merchant"]
rng = np.random.default_rng(31)
folder = os.path.dirname(os.path.abspath(__file__))
start = datetime(2026, 1, 1)


def stamp(seconds):
    return (start + timedelta(seconds=int(seconds))).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(name, header, rows):
    with open(os.path.join(folder, name), "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(header)
        w.writerows(rows)


def draw(values, share_empty):
    return "" if rng.random() < share_empty else values[int(len(values) * rng.random() ** 2)]


def number(x):
    return "" if np.isnan(x) else repr(float(x))


customers = [f"c{i:03d}" for i in rng.permutation(60)]
countries, categories = ["DE", "FR", "GB", "US", "Ö, \"x\""], ["Books", "Garden", "Toys", "007", "8"]
methods, merchants = ["card", "invoice", "paypal"], [f"m{i}" for i in range(12)]
orders = []
for i in range(600):
    at = rng.integers(0, 90 * 86400)
    orders.append([f"o{i}", customers[int(60 * rng.random())], draw(merchants, 0.05), draw(categories, 0.1), draw(countries, 0.1), draw(methods, 0.2),
                   int(rng.choice([1, 2, 3, -1], p=[0.6, 0.2, 0.1, 0.1])), "5.00", stamp(at), at])
write("orders.csv", "order_id,customer_id,merchant_id,category,country,payment_method,quantity,unit_price,ordered_at".split(","), [o[:-1] for o in orders])


def usual(customer, before, place):
    counts = Counter(o[place] for o in orders if o[1] == customer and o[9] < before and o[6] > 0 and o[place])
    return min(counts, key=lambda v: (-counts[v], v.encode())) if counts else ""


def rows_at(moments):
    places = [4, 3, 5, 2]
    return [[usual(c, at, p) if any(o[1] == c and o[9] < at for o in orders) else "" for p in places] for c, at, _ in moments]


def learn(values, label):
    known = ~np.isnan(label)
    mean = label[known].mean()
    table = {"": mean}
    for v in sorted({v for v, k in zip(values, known) if v and k}):
        mine = known & (values == v)
        table[v] = (label[mine].sum() + WEIGHT * mean) / (mine.sum() + WEIGHT)
    return table


def encode(values, table):
    return np.array([np.nan if v == "" else table.get(v, table[""]) for v in values])


at1, at2 = 60 * 86400, 80 * 86400
moments = [(c, int(rng.choice([at1, at1 + 86400 * 9])), rng.choice([0.0, 1.0, 2.5, np.nan], p=[0.4, 0.4, 0.1, 0.1])) for c in customers[:55] for _ in range(2)]
moments += [("nobody", at1, 1.0)]
label = np.array([m[2] for m in moments])
text = np.array(rows_at(moments), dtype=object)
write("at.csv", ["customer_id", "at", "label"], [[c, stamp(a), number(y)] for c, a, y in moments])
order = {c: k for k, c in enumerate(sorted({m[0] for m in moments}))}
fold = np.array([order[m[0]] % FOLDS for m in moments])
later = [(c, at2, np.nan) for c in sorted(customers) if any(o[1] == c and o[9] < at2 for o in orders)]
text2 = np.array(rows_at(later), dtype=object)
write("text.csv", COLUMNS, text)
target, frequency, later_target, later_frequency = (np.full(t.shape, np.nan) for t in (text, text, text2, text2))
for j in range(len(COLUMNS)):
    for f in range(FOLDS):
        table = learn(text[fold != f, j], label[fold != f])
        target[fold == f, j] = encode(text[fold == f, j], table)
        known = (fold != f) & ~np.isnan(label)
        peer = TargetEncoder(smooth=WEIGHT, target_type="continuous").fit(text[known][:, [j]], label[known])
        for v, e in zip(peer.categories_[0], peer.encodings_[0]):
            assert v == "" or abs(e - table[v]) < 1e-12
    table = learn(text[:, j], label)
    later_target[:, j] = encode(text2[:, j], table)
    share = {v: (text[:, j] == v).mean() for v in set(text[:, j]) if v}
    frequency[:, j] = [np.nan if v == "" else share[v] for v in text[:, j]]
    later_frequency[:, j] = [np.nan if v == "" else share.get(v, 0.0) for v in text2[:, j]]
for name, values in (("target", target), ("frequency", frequency), ("later-target", later_target), ("later-frequency", later_frequency)):
    write(f"{name}.csv", COLUMNS, [[number(x) for x in row] for row in values])
