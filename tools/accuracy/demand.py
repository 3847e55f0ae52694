"""What tools/accuracy/parts and retail-weekly share: forecasts by `tocsin forecast`, the measures, the lines."""
import csv
import io
import math
import os
import random
import subprocess
import sys

LEVELS = ("0.5", "0.8", "0.9", "0.95", "0.99")


def forecast(series, starts, end, period, horizon):
    """{id: (means, sum quantiles)} from what is before period number `end`. starts: the date of every period."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["id", "time", "value"])
    for key, values in series.items():
        rows.writerows((key, starts[t], "%g" % values[t]) for t in range(end))
    command = [os.environ.get("TOCSIN", "build/tocsin"), "forecast", "--value", "value", "--time", "time", "--id", "id",
               "--period", period, "--horizon", str(horizon), "--as-of", starts[end]]
    done = subprocess.run(command, input=text.getvalue(), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(1)
    found = {key: ([], []) for key in series}
    for row in csv.DictReader(io.StringIO(done.stdout)):
        means, quantiles = found[row["id"]]
        if row["step"] == "sum":
            quantiles.extend(float(row[q]) for q in ("q50", "q80", "q90", "q95", "q99"))
        else:
            means.append(float(row["mean"]))
    return found


def pinball(truth, quantile, level):
    error = truth - quantile
    return max(level * error, (level - 1.0) * error)


def measure(series, found, end, horizon):
    """RMSSE, WAPE and bias of the sum, and pinball of the sum at LEVELS, as data/README.md defines them."""
    ratios, wrong, bias, total, losses = [], 0.0, 0.0, 0.0, [0.0] * len(LEVELS)
    for key, values in series.items():
        means, quantiles = found[key]
        truth = values[end:end + horizon]
        change = sum((values[t] - values[t - 1]) ** 2 for t in range(1, end)) / (end - 1)
        if change > 0:
            ratios.append(math.sqrt(sum((a - b) ** 2 for a, b in zip(truth, means)) / horizon / change))
        wrong += abs(sum(truth) - sum(means))
        bias += sum(means) - sum(truth)
        total += sum(truth)
        for k, level in enumerate(LEVELS):
            losses[k] += pinball(sum(truth), quantiles[k], float(level))
    result = {"RMSSE": sum(ratios) / len(ratios), "WAPE of the sum": wrong / total, "bias of the sum": bias / total}
    for k, level in enumerate(LEVELS):
        result["pinball " + level] = losses[k] / total
    return result


def bootstrap(series, end, horizon, recent, draws=400):
    """The peer's quantiles: sums of periods drawn from the recent ones."""
    dice = random.Random(1)
    found = {}
    for key, values in series.items():
        past = values[end - recent:end]
        sums = sorted(sum(dice.choices(past, k=horizon)) for _ in range(draws))
        mean = sum(past) / len(past)
        found[key] = ([mean] * horizon, [sums[min(draws - 1, int(float(q) * draws))] for q in LEVELS])
    return found


def line(name, what, ours, peer=None, bar=None):
    limit = bar if bar is not None else peer
    verdict = "" if limit is None else "pass" if ours <= limit else "miss"
    print("%s,%s,%.4f,%s,%s,%s" % (name, what, ours, "" if peer is None else "%.4g" % peer, "" if bar is None else "%.4g" % bar, verdict))


def write(name, series, found, end, horizon):
    out = os.environ.get("OUT")
    if not out:
        return
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, name + ".csv"), "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "step", "forecast", "truth"] + ["q" + level for level in LEVELS])
        for key, values in series.items():
            means, quantiles = found[key]
            for h in range(horizon):
                rows.writerow([key, h + 1, means[h], values[end + h]] + [""] * len(LEVELS))
            rows.writerow([key, "sum", round(sum(means), 4), sum(values[end:end + horizon])] + quantiles)


def run(name, series, starts, period, horizon, recent, end, earlier, peers, bars, earlier_rmsse):
    found = forecast(series, starts, end, period, horizon)
    write(name, series, found, end, horizon)
    for what, value in measure(series, found, end, horizon).items():
        line(name, what, value if what != "bias of the sum" else abs(value), peers.get(what), bars.get(what))
    # Two earlier origins: the peers beside ours, and the mean difference to them.
    differences = {}
    for at, rmsse in zip(earlier, earlier_rmsse):
        ours = measure(series, forecast(series, starts, at, period, horizon), at, horizon)
        theirs = measure(series, bootstrap(series, at, horizon, recent), at, horizon)
        theirs["RMSSE"] = rmsse
        for what in bars:
            line(name, "%s (origin %d)" % (what, at), ours[what], theirs[what])
            differences.setdefault(what, []).append(ours[what] - theirs[what])
    for what, values in differences.items():
        line(name, "%s less peer's (mean of earlier origins)" % what, sum(values) / len(values), None, 0.0)
