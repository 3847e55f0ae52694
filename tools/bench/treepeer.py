"""What the benches gain and trees share: the sample, the peers' Python, and taking turns."""
import os
import subprocess
import sys
import tempfile

ROWS, COLUMNS, THREADS = (200000 if os.environ.get("QUICK") else 1000000), 28, 2
VENV = os.path.join("build", "bench-venv")


def python_with(module, package):
    """A Python that has the module: build/bench-venv, made and filled here if pip works. None if not."""
    python = os.path.join(VENV, "bin", "python")
    try:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if subprocess.run([python, "-c", "import numpy, " + module], stderr=subprocess.DEVNULL).returncode == 0:
            return python
        subprocess.run([python, "-m", "pip", "install", "-q", "numpy", package], check=True, timeout=400, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return python
    except (OSError, subprocess.SubprocessError):
        return None


def encoder_python():
    """A Python with the encoder's peers: build/encoder-venv, made and filled here if pip works (6 GB). None if not."""
    packages, python = ["numpy", "tokenizers", "torch", "transformers", "onnx", "onnxruntime", "openvino", "ctranslate2"], "build/encoder-venv/bin/python"
    try:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", "build/encoder-venv"], check=True)
        if subprocess.run([python, "-c", "import " + ", ".join(packages)], stderr=subprocess.DEVNULL).returncode:
            subprocess.run([python, "-m", "pip", "install", "-q"] + packages, check=True, stdout=subprocess.DEVNULL)
        return python
    except (OSError, subprocess.SubprocessError):
        return None


def ours(what):
    tool = os.path.join(os.path.dirname(os.environ.get("TOCSIN", "build/tocsin")), "treebench")
    done = subprocess.run([tool, what, str(ROWS), str(COLUMNS), str(THREADS)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(1)
    return [float(word) for word in done.stdout.split()]


def take_turns(what, peer, module, package, rounds):
    """Medians of seconds, ours and the peer's, and what else both printed last."""
    python = python_with(module, package)
    if python is None:
        print("bench %s: no %s (pip does not work here)" % (what, package), file=sys.stderr)
        sys.exit(77)
    tool = os.path.join(os.path.dirname(os.environ.get("TOCSIN", "build/tocsin")), "treebench")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sample")
        subprocess.run([tool, "write", str(ROWS), str(COLUMNS), path], check=True)
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(ours(what))
            done = subprocess.run([python, "-c", peer, path, str(ROWS), str(COLUMNS), str(THREADS)], stdout=subprocess.PIPE, text=True, check=True)
            theirs.append([float(word) for word in done.stdout.split()])
    middle = rounds // 2
    return sorted(r[0] for r in mine)[middle], sorted(r[0] for r in theirs)[middle], mine[-1][1:], theirs[-1][1:]
