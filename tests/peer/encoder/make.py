#!/usr/bin/env python3
"""Makes the stored numbers of the encoder's tests with independent implementations: tokenizers (Rust) for ids, transformers' FlaxBertModel for vectors.

    make.py MODEL_FOLDER     (the folder of all-MiniLM-L6-v2 that tools/get-model installs)

Needs: pip install 'transformers==4.48.3' 'jax<0.5' 'flax<0.11' safetensors tokenizers. Writes beside itself:
  texts.csv   200 invented texts            full.json  their ids under the full vocabulary
  full.npy    their vectors (float16)       tiny/, tiny-half/  small models of random weights (fp32; fp16 and bf16)
  tiny.json   texts, ids (both kinds of rules) and vectors of the small models
"""
import csv, json, pathlib, random, shutil, struct, sys, tempfile
import numpy as np
from tokenizers import Tokenizer, AddedToken
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

here = pathlib.Path(__file__).resolve().parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

ODD = [
    "", " ", "   \t\n ", "a", ".", "!!!", "...", "?!?!", "[SEP]", "[CLS] in the text [SEP]", "the [MASK] of [unk] and [UNK]x", "[PAD][PAD]", "[ SEP ]", "[[SEP]]",
    "control\x01char\x02acters\x1f\x7f here", "tab\tand\rreturn\nand feed\x0cand vertical\x0bend", "zero\u200bwidth\u200djoin\ufeffmark", "soft\u00adhyphen",
    "non\u00a0breaking\u2003em\u3000wide\u2028line\u2029paragraph\u0085next", "replacement \ufffd character", "private \ue000 use \U000f0000",
    "café crème brûlée à la carte", "cafe\u0301 cre\u0300me", "Ünïcödé Übergröße STRASSE straße", "İstanbul ISPARTA ığdır", "ΟΔΥΣΣΕΥΣ σίσυφος ς", "Łódź Kraków Święto",
    "Đà Nẵng Phở ngon quá", "ﬁne ﬂow ﬃ ligature", "ＦＵＬＬ ｗｉｄｔｈ １２３！", "H₂O x² ½ ™ © ®", "K Å Ω kelvin angstrom ohm", "Ǆ ǅ ǆ ẞ", "Привет, ДОСТАВКА быстрая! Ёлка й",
    "مرحبا، جودة ممتازة", "שָׁלוֹם איכות טובה", "हिन्दी में अच्छा है।", "ราคาดีมาก ส่งเร็ว", "とても良い商品です。また買います！", "カタカナ ガギグ ｶﾞｷﾞ", "배송이 빨라요 감사합니다", "각각 가가",
    "物流很快，质量不错，值得购买", "差评！！！退货了", "和描述一样,好評", "𠀀𪜀𫝀𫠠 rare ideographs", "豈更車", "第1次购买iPhone15手机壳，OK的", "😀😃🥰👍🏽👩‍👩‍👧 great!!", "❤️ love ♥ it ✨✨", "🇩🇪🇨🇳 flags 1️⃣",
    "👍", "🫠🫡 newer", "x" * 100, "y" * 101, "z" * 300, "é" * 100 + " ok", "e\u0301" * 60, "字" * 300, "word " * 300, "a.b,c;d:e!f?g" * 40, "don't can't it's I'll we've",
    "rock'n'roll state-of-the-art e-mail", "https://example.com/a?b=c&d=e#f user@example.com", "$19.99 €5,00 £3 ¥100 ₹250", "100% cotton, 3-pack (2\" x 4')", "<br/>so <b>good</b> &amp; cheap",
    "snake_case camelCase kebab-case", "C++ C# .NET #1 @home ~tilde^caret`tick|pipe\\slash", "1234567890 0.001 1e10 -5", "2.02E+18", "A" * 50 + "b" * 51, "«quotes» „low“ ‚single‘ —dash– …",
    "¡Hola! ¿Qué tal?", "،؛؟ ۔ ।॥ ፡።", "\u202eoverride\u202c \u2066isolate\u2069", "a\u0300\u0316\u0301b order of marks", "\u0300lone mark", "Z̸͓͝á̷l̵g̶o̴ ȩ̵x̶",
    "mixed 中文 and English 混合 text テスト", "   leading and trailing   ", "UPPER lower MiXeD", "thé thë thè the", "\U0001d400\U0001d401 math bold", "𐐀𐐁 deseret", "ⅣⅤ ⓐⓑ ㊀㊁",
    "\u061d \u2e43 \u1734x \u166d \u180f newer or other classes", "\ud7a3\u1100\u1161\u11a8", "ٱلْعَرَبِيَّة", "ৰ ক্ষ ড়", "க்ஷ தமிழ்", "မြန်မာ", "ខ្មែរ", "ལྷ་ས", "ქართული ᲥᲐᲠᲗᲣᲚᲘ", "ᏣᎳᎩ Ꭰ ꭰ",
]


def texts():
    rng = random.Random(20260801)
    things = "dress shirt kettle lamp phone backpack headphones jacket teapot carpet toy drill".split()
    good = ["fits perfectly", "works as described", "arrived a day early", "looks even better than in the photo", "is soft and warm", "was worth every cent"]
    bad = ["broke after two days", "smelled of plastic", "came in the wrong colour", "runs two sizes small", "never arrived", "has a loose seam on the left side"]
    ends = ["I would buy it again.", "Returned it.", "My sister wants one too!", "Customer service did not answer...", "5 stars.", "Not recommended :(", "Thanks, seller!"]
    zh = ["物流很快", "质量不错", "颜色和图片一样", "客服态度很好", "有点色差", "穿着很舒服", "用了两天就坏了", "包装破损", "性价比高", "下次还会来买"]
    out = list(ODD)
    while len(out) < 200:
        kind = len(out) % 6
        thing = rng.choice(things)
        if kind < 3:
            n = rng.choice([1, 2, 3, 6, 12])
            out.append(" ".join(f"The {rng.choice(things)} {rng.choice(good + bad)}. {rng.choice(ends)}" for _ in range(n)))
        elif kind == 3:
            out.append("，".join(rng.sample(zh, rng.choice([1, 2, 4, 8]))) + rng.choice("。！"))
        elif kind == 4:
            out.append(f"{thing}：{rng.choice(zh)} {rng.choice(good)} {rng.choice('😀😡👍🎁')} {rng.randint(1, 9999)}")
        else:
            out.append(f"{rng.choice(['Très', 'Muy', 'Größe', 'Świetny', 'naïve'])} {thing.upper()} {rng.choice(bad)} {rng.random():.3f}!")
    return out[:200]


def tokenizer(vocabulary, lower, strip, limit):
    t = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    t.normalizer = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=strip, lowercase=lower)
    t.pre_tokenizer = BertPreTokenizer()
    t.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[(s, vocabulary[s]) for s in ("[CLS]", "[SEP]")])
    t.enable_truncation(limit)
    return t


def read_vocabulary(folder):
    return {line: i for i, line in enumerate((folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n"))}


def vectors(folder, rows, pool="mean", normalize=True):
    from transformers import FlaxBertModel
    model = FlaxBertModel.from_pretrained(folder)
    out = []
    for ids in rows:
        x = np.asarray(model(np.array([ids])).last_hidden_state)[0].astype(np.float64)
        v = x.mean(0) if pool == "mean" else x[0]
        out.append(v / np.linalg.norm(v) if normalize else v)
    return np.array(out)


def write_safetensors(path, tensors):
    """tensors: name -> (dtype, array of the bytes to write, shape)"""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, raw, shape) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + raw.nbytes]}
        at += raw.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(raw.tobytes() for _, raw, _ in tensors.values()))


def make_tiny(folder, half):
    rng = np.random.default_rng(7)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = "the dress shirt lamp is good bad soft it was love order in text very fast slow ##ing ##ed ##s ##er ##ly qu ##ality A B É é ß 物 流 快 好 字 ! . , ? ' - 👍 각 ᄀ ##ᅡ ##ᆨ σ ##ς й и".split()
    tokens = SPECIAL + list(letters) + ["##" + c for c in letters] + words
    config = dict(model_type="bert", vocab_size=len(tokens) + 3, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=56, hidden_act="gelu",
                  max_position_embeddings=64, type_vocab_size=2, layer_norm_eps=1e-12, position_embedding_type="absolute")
    h, f = 32, 56
    shapes = {"embeddings.word_embeddings.weight": (config["vocab_size"], h), "embeddings.position_embeddings.weight": (64, h), "embeddings.token_type_embeddings.weight": (2, h),
              "embeddings.LayerNorm.weight": (h,), "embeddings.LayerNorm.bias": (h,), "pooler.dense.weight": (h, h), "pooler.dense.bias": (h,)}
    for i in range(2):
        p = f"encoder.layer.{i}."
        for part, (o, n) in {"attention.self.query": (h, h), "attention.self.key": (h, h), "attention.self.value": (h, h), "attention.output.dense": (h, h),
                             "intermediate.dense": (f, h), "output.dense": (h, f)}.items():
            shapes[p + part + ".weight"], shapes[p + part + ".bias"] = (o, n), (o,)
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[p + part + ".weight"], shapes[p + part + ".bias"] = (h,), (h,)
    tensors = {}
    for k, (name, shape) in enumerate(sorted(shapes.items())):
        x = (rng.standard_normal(shape) * 0.3 + (1 if name.endswith("LayerNorm.weight") else 0)).astype(np.float32)
        if not half:
            tensors[name] = ("F32", x, shape)
        elif k % 2:
            tensors[name] = ("F16", x.astype(np.float16), shape)
        else:
            tensors[name] = ("BF16", (x.view(np.uint32) >> 16).astype(np.uint16), shape)
    folder.mkdir(exist_ok=True)
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True}) + "\n")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48, "do_lower_case": False}) + "\n")
    return tensors


def widened(tensors, folder):
    """The same model in fp32, for the reference."""
    folder.mkdir(exist_ok=True)
    wide = {}
    for name, (dtype, raw, shape) in tensors.items():
        x = (raw.astype(np.uint32) << 16).view(np.float32) if dtype == "BF16" else raw.astype(np.float32)
        wide[name] = ("F32", x.reshape(shape), shape)
    write_safetensors(folder / "model.safetensors", wide)


def make_tiny_numbers(rows):
    tensors = make_tiny(here / "tiny", False)
    half = make_tiny(here / "tiny-half", True)
    vocabulary = read_vocabulary(here / "tiny")
    tiny_texts = rows + ["the dress is very soft, it was fast shipping", "A É é ß à", "nul\0inside"]
    tiny_ids = [e.ids for e in tokenizer(vocabulary, True, None, 48).encode_batch(tiny_texts)]
    cased_ids = [e.ids for e in tokenizer(vocabulary, False, False, 48).encode_batch(tiny_texts)]
    lower_ids = [e.ids for e in tokenizer(vocabulary, True, False, 48).encode_batch(tiny_texts)]
    with tempfile.TemporaryDirectory() as scratch:
        for name, t in (("tiny", tensors), ("tiny-half", half)):
            folder = pathlib.Path(scratch) / name
            folder.mkdir()
            shutil.copy(here / name / "config.json", folder)
            widened(t, folder)
        some = tiny_ids[:40] + tiny_ids[-3:]
        num = lambda a: [[float("%.7g" % x) for x in row] for row in a]
        s = pathlib.Path(scratch)
        out = {"texts": tiny_texts, "ids": tiny_ids, "cased": cased_ids, "lower": lower_ids, "encoded": list(range(40)) + list(range(len(tiny_texts) - 3, len(tiny_texts))),
               "vectors": num(vectors(s / "tiny", some)), "cls_raw": num(vectors(s / "tiny", some, "cls", False)), "half": num(vectors(s / "tiny-half", some))}
    (here / "tiny.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


def main():
    model = pathlib.Path(sys.argv[1])
    rows = texts()
    with open(here / "texts.csv", "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n", quoting=csv.QUOTE_ALL)
        w.writerow(["id", "text"])
        w.writerows([i, t] for i, t in enumerate(rows))
    ids = [e.ids for e in tokenizer(read_vocabulary(model), True, None, 256).encode_batch(rows)]
    (here / "full.json").write_text(json.dumps({"texts": rows, "ids": ids}, ensure_ascii=True, separators=(",", ":")) + "\n")
    np.save(here / "full.npy", vectors(model, ids).astype(np.float16))

    make_tiny_numbers(rows)


if __name__ == "__main__":
    main()
