"""What the benches of whole commands share: a simulated file, runs in turn, medians of wall seconds."""
import os
import subprocess
import sys
import time

import treepeer

TOCSIN = os.environ.get("TOCSIN", "build/tocsin")
OUT = os.environ.get("OUT", "build/bench")


def lines(default):
    return int(os.environ.get("LINES", default if not os.environ.get("QUICK") else default // 10))


def peer(name, module, package):
    python = treepeer.python_with(module, package)
    if python is None:
        print("bench %s: no %s (pip does not work here)" % (name, package), file=sys.stderr)
        sys.exit(77)
    return python


def orders(n):
    """Canonical order lines of a simulated shop; written once."""
    folder = os.path.join(OUT, "shop-%d" % n)
    path = os.path.join(folder, "orders.csv")
    if not os.path.exists(path):
        subprocess.run([os.path.join(os.path.dirname(TOCSIN), "shopsim"), "--lines", str(n), "--out", folder], check=True, stdout=subprocess.DEVNULL)
    return path


def order_lines(n):
    """n order lines of 13 columns, 5 % of them with quotes (tools/linesim); written once."""
    path = os.path.join(OUT, "lines-%d.csv" % n)
    if not os.path.exists(path):
        os.makedirs(OUT, exist_ok=True)
        with open(path + ".part", "wb") as file:
            subprocess.run([os.path.join(os.path.dirname(TOCSIN), "linesim"), str(n)], check=True, stdout=file)
        os.rename(path + ".part", path)
    return path


def peak(command):
    """MiB of memory that a command takes at most."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit("bench: %s failed" % command[0])
    return usage.ru_maxrss / 1024


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def in_turn(commands, rounds=3):
    """Medians of the commands' wall seconds, A B C A B C ... after one round that does not count."""
    times = [[] for _ in commands]
    for round_ in range(rounds + 1):
        for k, command in enumerate(commands):
            t = seconds(command() if callable(command) else command)
            if round_:
                times[k].append(t)
    return [sorted(t)[rounds // 2] for t in times]


def ratio(name, words, value, bar):
    print("%s,%s,%.2f,,%s,%s" % (name, words, value, bar, "pass" if value >= bar else "miss"))
