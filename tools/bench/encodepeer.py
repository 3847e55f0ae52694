"""The encoder's peers, for tools/bench/encode: all-MiniLM-L6-v2 from text to vectors of length 1.

    encodepeer.py prepare MODEL OUT                              writes the model in the peers' own formats into OUT
    encodepeer.py ENGINE PRECISION THREADS MODEL OUT TEXTS       finds its best batch size, then for each line read encodes all texts and prints the seconds
    encodepeer.py vectors MODEL TEXTS FILE                       writes transformers' own fp32 vectors as NumPy's .npy

Texts come from a file in which each ends with a NUL. Rows are sorted by length; a batch is padded to its longest row. Tokenizing counts, loading does not."""
import os
import sys
import time

MOST, BATCHES = 256, (4, 8, 16, 32, 64)


def pooled(torch, model, ids, mask):
    states = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
    weights = mask.unsqueeze(-1).float()
    return torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=1)


def prepare(folder, out):
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoModel
    import ctranslate2

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()

        def forward(self, input_ids, attention_mask):
            return pooled(torch, self.model, input_ids, attention_mask)

    ids = torch.ones(2, 16, dtype=torch.long)
    names, axes = ["input_ids", "attention_mask"], {0: "texts", 1: "tokens"}
    onnx = os.path.join(out, "fp32.onnx")
    torch.onnx.export(Encoder(), (ids, torch.ones_like(ids)), onnx, input_names=names, output_names=["vectors"], dynamic_axes={name: axes for name in names},
                      opset_version=17, dynamo=False)
    quantize_dynamic(onnx, os.path.join(out, "int8.onnx"), weight_type=QuantType.QInt8)
    ctranslate2.converters.TransformersConverter(folder).convert(os.path.join(out, "ctranslate2"), force=True)


def onnxruntime_(precision, threads, folder, out):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(os.path.join(out, precision + ".onnx"), options, providers=["CPUExecutionProvider"])
    return lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


def openvino_(precision, threads, folder, out):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32"}
    request = core.compile_model(core.read_model(os.path.join(out, "fp32.onnx")), "CPU", settings).create_infer_request()
    return lambda ids, mask: request.infer({0: ids, 1: mask})[0]


def torch_(precision, threads, folder, out):
    import torch
    from transformers import AutoModel

    torch.set_num_threads(threads)
    model = AutoModel.from_pretrained(folder, attn_implementation="sdpa", dtype=torch.bfloat16 if precision == "bf16" else torch.float32).eval()

    def run(ids, mask):
        with torch.inference_mode():
            return pooled(torch, model, torch.from_numpy(ids), torch.from_numpy(mask)).numpy()

    return run


def ctranslate2_(precision, threads, folder, out):
    import ctranslate2
    import numpy

    encoder = ctranslate2.Encoder(os.path.join(out, "ctranslate2"), device="cpu", intra_threads=threads, inter_threads=1,
                                  compute_type="float32" if precision == "fp32" else precision)

    def run(ids, mask):
        states = numpy.asarray(encoder.forward_batch([row[:n].tolist() for row, n in zip(ids, mask.sum(1))]).last_hidden_state)
        weights = mask[:, :, None]
        vectors = (states * weights).sum(1) / weights.sum(1)
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)

    return run


ENGINES = {"ONNX Runtime": onnxruntime_, "OpenVINO": openvino_, "PyTorch": torch_, "CTranslate2": ctranslate2_}


def tokenizer(folder):
    from tokenizers import BertWordPieceTokenizer

    words = BertWordPieceTokenizer(os.path.join(folder, "vocab.txt"), lowercase=True)
    words.enable_truncation(MOST)
    return words


def encode(run, words, texts, batch):
    import numpy

    rows = [row.ids for row in words.encode_batch(texts)]
    order, vectors = sorted(range(len(rows)), key=lambda i: -len(rows[i])), None
    for k in range(0, len(order), batch):
        part = order[k:k + batch]
        ids = numpy.zeros((len(part), len(rows[part[0]])), numpy.int64)
        mask = numpy.zeros_like(ids)
        for r, i in enumerate(part):
            ids[r, :len(rows[i])] = rows[i]
            mask[r, :len(rows[i])] = 1
        found = run(ids, mask)
        if vectors is None:
            vectors = numpy.zeros((len(texts), found.shape[1]), numpy.float32)
        vectors[part] = found
    return vectors


def timed(run, words, texts, batch):
    start = time.perf_counter()
    encode(run, words, texts, batch)
    return time.perf_counter() - start


def read_texts(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read().split("\0")[:-1]


def serve(engine, precision, threads, folder, out, path):
    os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = threads
    texts, words = read_texts(path), tokenizer(folder)
    run = ENGINES[engine](precision, int(threads), folder, out)
    some = texts[::max(1, len(texts) // 96)]
    encode(run, words, some, BATCHES[0])
    best = min(BATCHES, key=lambda batch: min(timed(run, words, some, batch) for _ in range(2)))
    print(best, flush=True)
    for _ in sys.stdin:
        print("%.6f" % timed(run, words, texts, best), flush=True)


def write_vectors(folder, path, file):
    import numpy

    numpy.save(file, encode(torch_("fp32", os.cpu_count(), folder, None), tokenizer(folder), read_texts(path), 16))


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(*sys.argv[2:])
    elif sys.argv[1] == "vectors":
        write_vectors(*sys.argv[2:])
    else:
        serve(*sys.argv[1:])
