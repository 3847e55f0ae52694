"""What fake-reviews, womens and zh-sentiment share: vectors of all-MiniLM-L6-v2 (it learned English only), boosted trees over their 384 columns."""
import csv
import gzip
import os
import subprocess
import sys

from measures import auc, data

SETTINGS = ["model=boost", "trees=300", "rate=0.1", "leaves=15"]


def read(name, text, label):
    """(text, label as 0 or 1) of the rows that have a text."""
    with gzip.open(data(name), "rt", newline="", encoding="utf-8") as f:
        return [(r[text], int(r[label])) for r in csv.DictReader(f) if r[text].strip()]


def vectors(rows, path):
    """Writes the rows' vectors with their label as last column."""
    texts = path + ".texts"
    with open(texts, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["label", "text"])
        out.writerows([y, t] for t, y in rows)
    done = subprocess.run([os.environ["TOCSIN"], "encode", "--text", "text", "--id", "label", "--out", path, texts], stderr=subprocess.PIPE)
    if done.returncode == 2 and b"tools/get-model" in done.stderr:
        print("%s: no model; run tools/get-model" % os.path.basename(sys.argv[0]), file=sys.stderr)
        sys.exit(77)
    if done.returncode:
        sys.exit(done.stderr.decode())


def tree(*arguments):
    return subprocess.run([os.environ["TOCSIN"], "tree", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def report(name, train, test, peers):
    """Learns from `train`, scores `test` (what read() gives), prints each measure beside its peer."""
    if os.environ.get("QUICK"):
        print("%s: left out, minutes of encoding" % name, file=sys.stderr)
        sys.exit(77)
    folder = os.path.join(os.environ["OUT"], name)
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, part) for part in ("train.csv", "test.csv", "model.json")]
    vectors(train, paths[0])
    vectors(test, paths[1])
    tree("fit", "--target", "label", "--positive", "1", "--test-share", "0", "--model", paths[2], *[w for s in SETTINGS for w in ("--set", s)], paths[0])
    score = [float(r["score"]) for r in csv.DictReader(tree("predict", "--model", paths[2], paths[1]).splitlines())]
    truth = [y for _, y in test]
    with open(os.path.join(os.environ["OUT"], name + ".csv"), "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["row", "score", "truth"])
        out.writerows(zip(range(len(truth)), score, truth))
    hits = sum(1 for p, y in zip(score, truth) if p > 0.5 and y)
    f1 = 2 * hits / (sum(truth) + sum(1 for p in score if p > 0.5))
    ours = {"accuracy": sum((p > 0.5) == y for p, y in zip(score, truth)) / len(truth), "F1": f1, "AUC": auc(score, truth)}
    for measure, peer in peers.items():
        print("%s,%s,%.4f,%.3f,," % (name, measure, ours[measure], peer))
