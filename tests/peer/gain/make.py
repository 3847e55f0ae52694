#!/usr/bin/env python3
"""Writes expected.csv for tests/unit/test_tree_gain_peer.c (pip install numpy scipy scikit-learn): random tables, which the test draws again by the same
rule, and what NumPy makes of them. Where scikit-learn or SciPy compute the same, the script insists that they agree to 1e-12.

A line: table, column (n numeric, m with missing cells, c categorical), weighted, entropy, gain, gain ratio, Gini decrease, chi-square, symmetric
uncertainty, corrected gain, threshold's rows on the left (-1 = none), gain of the best split into two sets (c only)."""
import csv
import itertools
import sys

import numpy as np
from scipy.stats import chi2_contingency
from sklearn.metrics import mutual_info_score
from sklearn.tree import DecisionTreeClassifier

TABLES = 40
state = 2718


def draw(n):
    global state
    state = (state * 1103515245 + 12345) % 2**31
    return (state >> 8) % n


def table(number):
    rows, classes = 5 + draw(300), 2 + draw(5)
    y, n, m, c, w = [], [], [], [], []
    for _ in range(rows):
        y.append(draw(classes))
        n.append((draw(4000) - 2000) * (1.0 if number % 2 else 0.125) + 300 * y[-1])
        m.append(float(draw(9) - 4 + (y[-1] == 1)) if draw(8) else np.nan)
        c.append(float(1 + (draw(7) + y[-1] * draw(2)) % 9) if draw(11) else 0.0)
        w.append((1 + draw(16)) / 8)
    return np.array(y), {"n": np.array(n), "m": np.array(m), "c": np.array(c)}, np.array(w), classes


def entropy(p):
    p = p[p > 0]
    return -(p * np.log2(p)).sum()


def counts(branch, y, w, classes):
    names = np.unique(branch)
    return np.array([[w[(branch == b) & (y == k)].sum() for k in range(classes)] for b in names])


def measures(branch, y, w, classes):
    t = counts(branch, y, w, classes)
    total, rows, of_class = t.sum(), t.sum(axis=1), t.sum(axis=0)
    whole = entropy(of_class / total)
    gain = whole - sum(r / total * entropy(b / r) for r, b in zip(rows, t))
    split = entropy(rows / total)
    gini = 1 - ((of_class / total) ** 2).sum() - sum(r / total * (1 - ((b / r) ** 2).sum()) for r, b in zip(rows, t))
    there = t[:, of_class > 0]
    expected = np.outer(there.sum(axis=1), there.sum(axis=0)) / total
    chi = ((there - expected) ** 2 / expected).sum()
    effective = w.sum() ** 2 / (w**2).sum()
    corrected = gain - (len(rows) - 1) * (there.shape[1] - 1) / (2 * effective * np.log(2))
    return [whole, gain, gain / split if split > 0 else 0.0, gini, chi, 2 * gain / (whole + split) if whole + split else 0.0, corrected]


def cut(x, y, w, classes):
    """The best threshold, of equally good ones the lowest, missing cells a branch of their own."""
    there = ~np.isnan(x)
    best, at = None, None
    for t in np.unique(x[there])[:-1]:
        gain = measures(np.where(there, x > t, 2), y, w, classes)[1]
        if best is None or gain > best + 1e-12:
            best, at = gain, t
    return np.where(there, False if at is None else x > at, 2), at


def sets(x, y, w, classes):
    values = np.unique(x)
    best = 0.0
    for size in range(1, len(values) // 2 + 1):
        for left in itertools.combinations(values, size):
            best = max(best, measures(np.isin(x, left), y, w, classes)[1])
    return best


def same(a, b):
    assert abs(a - b) <= 1e-12 * max(1, abs(a)), (a, b)


out = csv.writer(open(sys.argv[1] if len(sys.argv) > 1 else "tests/peer/gain/expected.csv", "w"), lineterminator="\n")
for number in range(TABLES):
    y, columns, weight, classes = table(number)
    for name, x in columns.items():
        for weighted in (0, 1):
            w = weight if weighted else np.ones(len(y))
            branch, at = cut(x, y, w, classes) if name != "c" else (x, None)
            found = measures(branch, y, w, classes)
            if not weighted:
                same(found[1], mutual_info_score(y, branch) / np.log(2))
                of_y = np.bincount(y)
                of_y = of_y[of_y > 0]
                if len(np.unique(branch)) > 1 and len(of_y) > 1:
                    t = counts(branch, y, w, classes)
                    same(found[4], chi2_contingency(t[:, t.sum(axis=0) > 0], correction=False)[0])
            if name == "n" and at is not None:
                for criterion, which in (("entropy", 1), ("gini", 3)):
                    tree = DecisionTreeClassifier(criterion=criterion, max_depth=1).fit(branch.reshape(-1, 1), y, sample_weight=w).tree_
                    share = tree.weighted_n_node_samples / tree.weighted_n_node_samples[0]
                    same(found[which], tree.impurity[0] - (share * tree.impurity)[1:].sum())
            left = -1 if at is None else int((x <= at).sum())
            out.writerow([number, name, weighted] + ["%.17g" % v for v in found] + [left, "%.17g" % (sets(x, y, w, classes) if name == "c" else 0)])
