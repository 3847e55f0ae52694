/* Any bytes as a safetensors file: refused or read, and what is read lies inside the file. */
#include "encoder/enc_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    toc_ctx ctx;
    enc_tensors tensors = {0};

    toc_ctx_init(&ctx);
    toc_status st = enc_tensors_parse(&ctx, (toc_str){ (const char *)data, size }, "fuzz", &tensors);
    if (st && tensors.tensors) __builtin_trap();
    for (size_t i = 0; i < tensors.n; i++) {
        const enc_tensor *t = &tensors.tensors[i];
        float *values = NULL;
        if (t->dtype == ENC_OTHER || t->n > size) continue;
        if (toc_alloc(&ctx, t->n, sizeof *values, &values)) __builtin_trap();
        enc_tensor_floats(t, values);
        toc_free(values);
        if (enc_tensors_find(&tensors, "", t->name) == NULL) __builtin_trap();
    }
    enc_tensors_release(&tensors);
    toc_ctx_release(&ctx);
    return 0;
}
