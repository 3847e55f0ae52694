"""What fake-reviews, womens and zh-sentiment share: an encoder fine-tuned on the training rows by `tocsin train classify`, judged on the test rows. What was chosen
(rates, epochs, shapes) was chosen on a tenth of the training rows."""
import csv
import gzip
import os
import shutil
import subprocess
import sys

from measures import auc, data


def read(name, text, label):
    """(text, label as 0 or 1) of the rows that have a text."""
    with gzip.open(data(name), "rt", newline="", encoding="utf-8") as f:
        return [(r[text].replace("\0", "").strip("\ufeff"), int(r[label])) for r in csv.DictReader(f) if r[text].strip()]


def begin(name):
    """The folder of a yardstick, emptied."""
    if os.environ.get("QUICK"):
        print("%s: left out, an encoder learns for minutes" % name, file=sys.stderr)
        sys.exit(77)
    folder = os.path.join(os.environ["OUT"], name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def small_model():
    """all-MiniLM-L6-v2."""
    base = os.environ.get("XDG_DATA_HOME", os.path.expanduser("~/.local/share"))
    model = os.environ.get("TOCSIN_MODEL", os.path.join(base, "tocsin/models/all-MiniLM-L6-v2"))
    if not os.path.exists(model):
        print("%s: no model; run tools/get-model" % os.path.basename(sys.argv[0]), file=sys.stderr)
        sys.exit(77)
    return model


def tocsin(*arguments):
    done = subprocess.run([os.environ["TOCSIN"], *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows([("text", "label")] + [(t, str(y)) for t, y in rows])
    return path


def train(what, source, model, out, settings=(), *more):
    words = [w for s in settings for w in ("--set", s)]
    tocsin("train", what, "--text", "text", "--out", out, *(["--model", model] if model else []), *words, *more, source)
    return out


def classify(source, model, out, settings):
    return train("classify", source, model, out, settings, "--target", "label")


def scores(head, path):
    """The probability of class 1 of each row."""
    return [float(r["1"]) for r in csv.DictReader(tocsin("encode", "--text", "text", "--id", "label", "--head", head, "--model", head, path).splitlines())]


def measures(score, truth):
    hits = sum(1 for p, y in zip(score, truth) if p > 0.5 and y)
    return {
        "accuracy": sum((p > 0.5) == y for p, y in zip(score, truth)) / len(truth),
        "F1": 2 * hits / (sum(truth) + sum(1 for p in score if p > 0.5)),
        "AUC": auc(score, truth),
    }


def line(name, what, ours, peer=None, bar=None):
    verdict = "" if bar is None else "pass" if ours >= bar else "miss"
    print("%s,%s,%.4f,%s,%s,%s" % (name, what, ours, "" if peer is None else "%.3f" % peer, "" if bar is None else "%.3f" % bar, verdict), flush=True)


def report(name, score, truth, peers, bars):
    """Keeps the scores, prints each measure beside its peer and bar."""
    with open(os.path.join(os.environ["OUT"], name + ".csv"), "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["row", "score", "truth"])
        out.writerows(zip(range(len(truth)), score, truth))
    ours = measures(score, truth)
    for measure, peer in peers.items():
        line(name, measure, ours[measure], peer, bars.get(measure))
