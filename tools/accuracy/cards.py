"""What fraud, fraud-unlabelled and orders-tree share: card transactions as orders, the handbook's splits, its measures."""
import csv
import datetime
import gzip
import os
import subprocess

from measures import auc, average_precision, data

DAY = datetime.timedelta(days=1)
DELAY = 7 * DAY  # a fraud is known a week after the transaction
TEST = datetime.date(2018, 8, 8)
EARLIER = [datetime.date(2018, 7, 11), datetime.date(2018, 7, 18), datetime.date(2018, 7, 25)]
FIRST = datetime.date(2018, 5, 16)


def read():
    """The transactions from FIRST on: (id, time, customer, terminal, amount, fraud)."""
    rows = []
    with gzip.open(data("card-transactions.csv.gz"), "rt", newline="") as f:
        for r in csv.DictReader(f):
            if r["TX_DATETIME"] >= str(FIRST):
                rows.append((r["TRANSACTION_ID"], datetime.datetime.fromisoformat(r["TX_DATETIME"]), r["CUSTOMER_ID"], r["TERMINAL_ID"], r["TX_AMOUNT"],
                             int(r["TX_FRAUD"])))
    rows.sort(key=lambda r: (r[1], r[0]))
    return rows


def write_shop(rows, end, orders, labels):
    """Orders placed before `end`, and every fraud label (the program looks only at those known before its moment)."""
    with open(orders, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["order_id", "customer_id", "merchant_id", "quantity", "unit_price", "ordered_at"])
        out.writerows([r[0], "c" + r[2], "m" + r[3], 1, r[4], r[1].isoformat() + "Z"] for r in rows if r[1].date() < end)
    with open(labels, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["entity", "id", "label", "labelled_at"])
        out.writerows(["order", r[0], "fraud", (r[1] + DELAY).isoformat() + "Z"] for r in rows if r[5] and r[1].date() < end)


def tested(rows, start):
    """The test week's rows, without those of customers with a fraud that is known since two weeks before the week and before the row's day less a week."""
    known = {}
    for r in rows:
        if r[5] and r[1].date() >= start - 14 * DAY:
            known.setdefault(r[2], []).append(r[1].date())
    week = [r for r in rows if start <= r[1].date() < start + 7 * DAY]
    return [r for r in week if not any(d < r[1].date() - DELAY for d in known.get(r[2], []))]


def card_precision(rows, score, n=100):
    """CP@100: the mean over days of the share of compromised customers among the 100 whose highest score of the day is highest."""
    days = {}
    for r, s in zip(rows, score):
        top = days.setdefault(r[1].date(), {}).setdefault(r[2], [0.0, 0])
        top[0] = max(top[0], s)
        top[1] |= r[5]
    shares = []
    for customers in days.values():
        worst = sorted(customers.items(), key=lambda c: (-c[1][0], c[0]))[:n]
        shares.append(sum(c[1][1] for c in worst) / n)
    return sum(shares) / len(shares)


def measures(rows, score_of):
    truth = [r[5] for r in rows]
    score = [score_of[r[0]] for r in rows]
    return auc(score, truth), average_precision(score, truth), card_precision(rows, score)


def run(*arguments):
    subprocess.run([os.environ["TOCSIN"], *arguments], check=True, stdout=subprocess.DEVNULL)


def column(path, name, key="order_id"):
    with open(path, newline="") as f:
        return {r[key]: float(r[name] or 0) for r in csv.DictReader(f)}


def report(name, rows, score_week, peers, bars):
    """score_week(start, folder) gives {order: score} of the week that starts then. Prints the named window and the mean of the earlier ones."""
    folder = os.path.join(os.environ["OUT"], name)
    os.makedirs(folder, exist_ok=True)
    words = ("AUC", "AP", "CP@100")
    for start in [TEST] + ([] if os.environ.get("QUICK") else EARLIER):
        week = tested(rows, start)
        scores = score_week(start, folder)
        values = measures(week, scores)
        if start == TEST:
            with open(os.path.join(os.environ["OUT"], name + ".csv"), "w", newline="") as f:
                out = csv.writer(f)
                out.writerow(["id", "score", "truth"])
                out.writerows([r[0], scores[r[0]], r[5]] for r in week)
        for word, value, peer, bar in zip(words, values, peers, bars):
            if start == TEST:
                verdict = "" if bar is None else "pass" if value >= bar else "miss"
                print("%s,%s,%.4f,%.3f,%s,%s" % (name, word, value, peer, "" if bar is None else bar, verdict), flush=True)
            else:
                print("%s,%s at %s,%.4f,,," % (name, word, start, value), flush=True)
