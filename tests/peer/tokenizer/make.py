#!/usr/bin/env python3
"""Makes the stored numbers of the tokenizer's test (tests/unit/test_text_peer.c): 110,000 texts of many scripts, every twelfth of them bytes that are mostly no
UTF-8, and behind them all code points in turn, go through the tokenizers library in every configuration of configs.json; hashes.json keeps a hash of each
thousand texts and of their ids.

    make.py            hashes.json from what is here
    make.py --vocabularies   also the invented vocabularies: wordpiece.json, bpe.json, bytes.json

Needs: pip install tokenizers==0.23.3. families.json holds what texts are made of; text() has its twin in the test, which makes the same texts.
Bytes that are no UTF-8 are dropped, as Python's errors="ignore" does, before the library sees the text.
"""
import collections, hashlib, json, pathlib, struct, sys
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).resolve().parent
BLOCKS, BLOCK, SWEEP = 128, 1000, 110000
MAKINGS = json.loads((HERE / "families.json").read_text(encoding="utf-8"))
WORDS, MARKED, FAMILIES = MAKINGS["words"].split(" "), MAKINGS["marked"], MAKINGS["families"]
WEIGHTS = sum(f["weight"] for f in FAMILIES)
BETWEEN = ["", "", " ", " ", " ", " "]
BLANKS = ["  ", "\n", "\t", "\u00a0", " \n "]


class Random:
    """splitmix64"""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (1 << 64) - 1
        x = self.state
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
        x = (x ^ x >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
        return (x ^ x >> 31) % n


def pick(rng):
    at = rng.below(WEIGHTS)
    for family in FAMILIES:
        at -= family["weight"]
        if at < 0:
            break
    return family


def run(rng, family, n):
    out = ""
    for _ in range(n):
        first, last = family["ranges"][rng.below(len(family["ranges"]))]
        out += chr(first + rng.below(last - first + 1))
    return out


def part(rng):
    kind = rng.below(8)
    if kind < 3:
        return WORDS[rng.below(len(WORDS))]
    if kind == 3:
        return MARKED[rng.below(len(MARKED))]
    if kind < 7:
        family = pick(rng)
        return run(rng, family, 1 + rng.below(12))
    if rng.below(8):
        family = pick(rng)
        return run(rng, family, 1 + rng.below(3))
    family = FAMILIES[1] if rng.below(2) else pick(rng)
    return run(rng, family, 1) * (80 + rng.below(60))


def broken(rng):
    out = b""
    for _ in range(rng.below(60)):
        kind = rng.below(4)
        if kind == 0:
            out += bytes([rng.below(256)])
        elif kind == 1:
            out += bytes([128 + rng.below(128)])
        elif kind == 2:
            out += bytes([32 + rng.below(95)])
        else:
            family = pick(rng)
            whole = run(rng, family, 1).encode()
            out += whole[:rng.below(len(whole) + 1)]
    return out


def text(number):
    if SWEEP <= number < 10**9:
        first = (number - SWEEP) * 64
        return "".join(chr(c) + "a" for c in range(first, min(first + 64, 0x110000)) if not 0xD800 <= c < 0xE000).encode()
    rng = Random(number)
    if number % 12 == 11:
        return broken(rng)
    out = ""
    for _ in range(rng.below(10)):
        out += part(rng)
        between = rng.below(8)
        if between < 6:
            out += BETWEEN[between]
        elif between == 6:
            out += BLANKS[rng.below(5)]
        else:
            out += "!?.,'-\""[rng.below(7)]
    return out.encode()


def digest(rows):
    return hashlib.sha256(b"".join(rows)).hexdigest()[:16]


# ---- vocabularies ----

SAMPLE = [text(10**9 + i).decode("utf-8", "ignore") for i in range(30000)] if "--vocabularies" in sys.argv else []


def make_wordpiece():
    """Characters and fronts and ends of words, small and capital, with accents and without."""
    rng, counts, chars = Random(7), collections.Counter(), collections.Counter()
    for flags in (dict(), dict(lowercase=False, strip_accents=False)):
        normal, split = normalizers.BertNormalizer(**flags), pre_tokenizers.BertPreTokenizer()
        for sample in SAMPLE:
            for word, _ in split.pre_tokenize_str(normal.normalize_str(sample)):
                counts[word] += 1
                chars.update(word)
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens += [mark + chr(c) for c in range(33, 127) for mark in ("", "##")]
    tokens += [("" if rng.below(2) else "##") + c for c, n in sorted(chars.items(), key=lambda x: (-x[1], x[0]))[:1800]]
    for word, n in sorted(counts.items(), key=lambda x: (-x[1], x[0]))[:1500]:
        cut = rng.below(len(word) + 1)
        tokens += [word[:cut or len(word)], "##" + word[cut:]] if len(word) > 1 else [word]
    vocabulary = {}
    for token in tokens:
        if token != "##":
            vocabulary.setdefault(token, len(vocabulary))
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    save(tokenizer, "wordpiece.json")


def make_bpe():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(SAMPLE, trainers.BpeTrainer(vocab_size=2000, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<|endoftext|>", "<mask>"],
                                                              initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    save(tokenizer, "bpe.json")


def make_bytes():
    """Bytes without a token of their own, merges of equal neighbours, and merges that a word can only reach by way of others."""
    letters = ["<unk>"] + list("abcdefgh.!") + ["\u0120"]
    merges = ["a a", "aa aa", "a b", "ab a", "b c", "a bc", "ab c", "\u0120 a", "\u0120a b", "aa a", "aaaa aaaa", "c d", "d c", "cd cd", "\u0120 \u0120", "\u0120\u0120 a"]
    vocabulary = {token: i for i, token in enumerate(letters)}
    for merge in merges:
        vocabulary.setdefault(merge.replace(" ", ""), len(vocabulary))
    model = dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=True, byte_fallback=False,
                 ignore_merges=False, vocab=vocabulary, merges=merges)
    splitter = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    write("bytes.json", dict(version="1.0", truncation=None, padding=None, added_tokens=[], normalizer=None, pre_tokenizer=splitter, post_processor=None,
                             decoder=None, model=model))


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def save(tokenizer, name):
    write(name, json.loads(tokenizer.to_str()))


# ---- hashes ----

def configured(configuration):
    value = json.loads((HERE / configuration["file"]).read_text(encoding="utf-8"))
    for path, new in configuration["set"].items():
        parent = value
        *above, last = path.split(".")
        for key in above:
            parent = parent[key]
        parent[last] = new
    return Tokenizer.from_str(json.dumps(value))


def main():
    if SAMPLE:
        make_wordpiece()
        make_bpe()
        make_bytes()
    texts = [text(i) for i in range(BLOCKS * BLOCK)]
    blocks = [range(b * BLOCK, (b + 1) * BLOCK) for b in range(BLOCKS)]
    hashes = {"texts": [digest(struct.pack("<I", len(texts[i])) + texts[i] for i in block) for block in blocks]}
    readable = [t.decode("utf-8", "ignore") for t in texts]
    for configuration in json.loads((HERE / "configs.json").read_text(encoding="utf-8")):
        rows = [struct.pack("<%dI" % (1 + len(e.ids)), len(e.ids), *e.ids) for e in configured(configuration).encode_batch(readable)]
        hashes[configuration["name"]] = [digest(rows[i] for i in block) for block in blocks]
        print(configuration["name"], sum(len(row) // 4 - 1 for row in rows), "tokens", file=sys.stderr)
    lines = ['"%s": [\n%s]' % (name, ",\n".join(" " + ", ".join('"%s"' % h for h in row[i:i + 8]) for i in range(0, BLOCKS, 8))) for name, row in hashes.items()]
    (HERE / "hashes.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()
