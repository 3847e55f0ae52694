"""What churn-cdnow and churn-retail share: running tocsin churn at a moment, joining with what happened, measuring, printing lines."""
import bisect
import csv
import datetime
import math
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
BINS = 10


def data(name):
    path = os.path.join(os.environ.get("TOCSIN_DATA", "../shared/data"), name)
    if not os.path.exists(path):
        print("churn: no file %s" % path, file=sys.stderr)
        sys.exit(77)
    return path


def auc(score, truth):
    order = sorted(range(len(score)), key=lambda i: score[i])
    positive = sum(truth)
    rank_sum, i = 0.0, 0
    while i < len(order):
        k = i
        while k < len(order) and score[order[k]] == score[order[i]]:
            k += 1
        rank_sum += (i + k + 1) / 2 * sum(truth[order[m]] for m in range(i, k))
        i = k
    return (rank_sum - positive * (positive + 1) / 2) / (positive * (len(score) - positive))


def brier(score, truth):
    return sum((p - y) ** 2 for p, y in zip(score, truth)) / len(truth)


def ece(score, truth):
    """Ten bins of equal count; rows of equal probability are ordered by truth's place in the input, which says nothing."""
    order = sorted(range(len(score)), key=lambda i: score[i])
    error = 0.0
    for b in range(BINS):
        rows = order[b * len(order) // BINS:(b + 1) * len(order) // BINS]
        error += abs(sum(score[i] for i in rows) - sum(truth[i] for i in rows))
    return error / len(order)


def window(days_of, cutoff, horizon):
    """Customers with a purchase before the cut-off: recency, and 1 where none follows within the horizon."""
    recency, left = {}, {}
    for customer, days in days_of.items():
        k = bisect.bisect_left(days, cutoff)
        if k == 0:
            continue
        recency[customer] = (cutoff - days[k - 1]).days
        left[customer] = int(k == len(days) or (days[k] - cutoff).days >= horizon)
    return recency, left


def recency_rates(days_of, cutoff, horizon):
    """Recency alone as a probability: the rates of its ten bins in the window before."""
    recency, left = window(days_of, cutoff - datetime.timedelta(days=horizon), horizon)
    order = sorted(recency, key=lambda c: recency[c])
    edges, rates = [], []
    for b in range(BINS):
        rows = order[b * len(order) // BINS:(b + 1) * len(order) // BINS]
        edges.append(recency[rows[-1]])
        rates.append(sum(left[c] for c in rows) / len(rows))
    return lambda days: rates[min(bisect.bisect_left(edges, days), BINS - 1)]


def run_tocsin(path, cutoff, horizon):
    tocsin = os.environ.get("TOCSIN", "build/tocsin")
    command = [tocsin, "churn", path, "--as-of", cutoff.isoformat(), "--horizon", str(horizon), "--top", "0", "--format", "csv"]
    with tempfile.TemporaryFile("w+") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
            sys.exit("churn: tocsin ended with %d" % done.returncode)
        out.seek(0)
        return {row["entity"]: float(row["score"]) for row in csv.DictReader(out)}


def line(name, measure, ours, peer, bar, high):
    passed = bar is None or (ours >= bar if high else ours <= bar)
    print("%s,%s,%.4f,%s,%s,%s" % (name, measure, ours, "" if peer is None else "%.4f" % peer, "" if bar is None else "%.4f" % bar,
                                   "pass" if passed else "miss"))


def measure(name, path, days_of, cutoff, horizon, key, peers, bars, label):
    """One window. peers and bars: by measure; where they have none, recency alone on the same rows is both."""
    recency, left = window(days_of, cutoff, horizon)
    scored = run_tocsin(path, cutoff, horizon)
    ids = sorted(recency)
    missing = [c for c in ids if key(c) not in scored]
    if missing:
        print("%s: %d of %d customers without a score, taken as the base rate" % (name, len(missing), len(ids)), file=sys.stderr)
    base = sum(scored.values()) / len(scored)
    score = [scored.get(key(c), base) for c in ids]
    truth = [left[c] for c in ids]
    rate = recency_rates(days_of, cutoff, horizon)
    plain = [rate(recency[c]) for c in ids]
    ours = {"AUC": auc(score, truth), "Brier": brier(score, truth), "ECE": ece(score, truth)}
    alone = {"AUC": auc([recency[c] for c in ids], truth), "Brier": brier(plain, truth), "ECE": ece(plain, truth)}
    for m in ("AUC", "Brier", "ECE"):
        if m in bars:
            line(name, m + label, ours[m], peers.get(m), bars[m], m == "AUC")
        else:
            line(name, m + label + " (peer: recency)", ours[m], alone[m], alone[m], m == "AUC")
    return ids, score, truth


def run(name, path, days_of, cutoff, horizon, earlier, key, peers, bars):
    ids, score, truth = measure(name, path, days_of, cutoff, horizon, key, peers, bars, "")
    folder = os.environ.get("OUT")
    if folder:
        with open(os.path.join(folder, name + ".csv"), "w") as file:
            file.write("customer,probability,left\n")
            file.writelines("%s,%r,%d\n" % row for row in zip(ids, score, truth))
    for date in earlier:
        measure(name, path, days_of, date, horizon, key, {}, {}, " at " + date.isoformat())
