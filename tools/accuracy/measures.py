"""Where the data sets are, and the measures of scored rows that several yardsticks share."""
import os
import sys


def data(name):
    """The path of a data set; without it the yardstick is skipped."""
    path = os.path.join(os.environ.get("TOCSIN_DATA", "../shared/data"), name)
    if not os.path.exists(path):
        print("%s: no file %s" % (os.path.basename(sys.argv[0]), path), file=sys.stderr)
        sys.exit(77)
    return path


def tied(score, truth):
    """(rows, positive ones) of every run of equal scores, the highest score first."""
    order = sorted(range(len(score)), key=lambda i: -score[i])
    i = 0
    while i < len(order):
        k = i
        while k < len(order) and score[order[k]] == score[order[i]]:
            k += 1
        yield k - i, sum(truth[m] for m in order[i:k])
        i = k


def auc(score, truth):
    wins, positive = 0.0, 0
    for rows, hits in tied(score, truth):
        wins += (rows - hits) * (positive + hits / 2)
        positive += hits
    return wins / (positive * (len(score) - positive))


def average_precision(score, truth):
    total, seen, found = 0.0, 0, 0
    for rows, hits in tied(score, truth):
        seen, found = seen + rows, found + hits
        total += hits * found / seen
    return total / found


def brier(score, truth):
    return sum((p - y) ** 2 for p, y in zip(score, truth)) / len(truth)
