/* Any bytes as a tree model: refused with a message, or a model whose walks and contributions end. */
#include "tree/tree.h"

#include <math.h>

enum { MOST = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double rows[3] = { NAN, 0, 1.5 };
    const double *x[MOST];
    const toc_pool none = {0}, *pools[MOST];
    double score[3], phi[MOST + 1];
    tree_model *model;
    toc_ctx ctx;

    toc_ctx_init(&ctx);
    toc_status st = tree_parse(&ctx, "fuzz", (toc_str){ (const char *)data, size }, &model);
    if ((st != TOC_OK) != (model == NULL)) __builtin_trap();
    size_t p = model ? tree_model_columns(model, NULL) : 0;
    for (size_t j = 0; j < TOC_MIN(p, (size_t)MOST); j++) {
        x[j] = rows;
        pools[j] = &none;
    }
    if (p > 0 && p <= MOST) {
        tree_data sample = { 3, p, x, NULL, NULL, pools };
        if (tree_predict(&ctx, model, &sample, score) == TOC_OK && tree_contributions(&ctx, model, &sample, 2, phi)) __builtin_trap();
    }
    tree_free(model);
    toc_ctx_release(&ctx);
    return 0;
}
