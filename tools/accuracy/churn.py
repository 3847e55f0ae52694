"""What churn-cdnow and churn-retail share: running tocsin churn at a moment, joining with what happened, measuring, printing lines."""
import bisect
import csv
import datetime
import math
import os
import subprocess
import sys
import tempfile

from measures import auc, brier

BINS = 10


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
