/* Any bytes as one file of a model's folder (the first byte says which), the others being sound: refused, or a model that encodes texts to finite numbers of its
 * dimension and has a hash. */
#define _DEFAULT_SOURCE
#include "encoder/encoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = { "config.json", "model.safetensors", "model.safetensors.index.json", "1_Pooling/config.json", "tokenizer_config.json", "vocab.txt",
                                     "sentence_bert_config.json", "tokenizer.json" };
static char folder[200];

static void write_bytes(const char *name, const void *bytes, size_t n)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, n, file) != n || fclose(file)) abort();
}

static void put_sound(const char *name)
{
    static const char *const places[] = { "tests/peer/encoder/family-bert", "peer/encoder/family-bert" };
    static char bytes[1 << 20];
    char path[300];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", places[i], name);
        FILE *file = fopen(path, "rb");
        if (!file) continue;
        size_t n = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        write_bytes(name, bytes, n);
        return;
    }
}

static void forget(void)
{
    char path[300];

    for (size_t i = 0; i < TOC_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
        snprintf(path, sizeof path, "%s/%s.hash", folder, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/1_Pooling", folder);
    rmdir(path);
    rmdir(folder);
}

static void begin(void)
{
    char path[300];

    snprintf(folder, sizeof folder, "%s/tocsin-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) abort();
    snprintf(path, sizeof path, "%s/1_Pooling", folder);
    if (mkdir(path, 0777)) abort();
    for (size_t i = 0; i < TOC_COUNT(names); i++) put_sound(names[i]);
    atexit(forget);
}

static void use(toc_ctx *ctx, enc_model *model)
{
    static const char *const texts[] = { "The dress is soft, 物流很快!", "", "good" };
    toc_str given[TOC_COUNT(texts)];
    size_t dim = enc_dim(model);
    float *vectors = NULL;

    for (size_t i = 0; i < TOC_COUNT(texts); i++) given[i] = toc_str_of(texts[i]);
    if (!enc_model_hash(model)) abort();
    if (toc_alloc(ctx, TOC_COUNT(texts) * dim, sizeof *vectors, &vectors)) return;
    (void)!enc_encode(ctx, model, given, TOC_COUNT(texts), NULL, vectors, NULL);
    toc_free(vectors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    toc_ctx ctx;
    enc_model *model = NULL;

    if (!size) return 0;
    if (!*folder) begin();
    const char *name = names[data[0] % TOC_COUNT(names)];
    bool index = strstr(name, ".index.");
    char path[300];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    if (index) unlink(path); /* it is only read where the whole file is not there */
    write_bytes(name, data + 1, size - 1);
    toc_ctx_init(&ctx);
    toc_status st = enc_open(&ctx, folder, NUM_FP32, &model);
    if (!st) use(&ctx, model);
    else if (!*ctx.message) abort();
    enc_close(model);
    toc_ctx_release(&ctx);
    put_sound(name);
    if (index) put_sound("model.safetensors");
    return 0;
}
