/* kernels.c: the tile kernels, best first, and what fits this CPU. */
#include "num/tile.h"

#if defined(__x86_64__)
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static bool has_bf16(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512bf16");
}

static bool has_vnni(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

/* Best first. */
static const struct num_kernel kernels[] = {
#if defined(__x86_64__)
    { "avx512", NUM_FP32, true, 14, 32, 1, sizeof(float), 0, num_tile_fp32_avx512, has_avx512 },
    { "avx2", NUM_FP32, false, 6, 16, 1, sizeof(float), 0, num_tile_fp32_avx2, has_avx2 },
    { "avx512_bf16", NUM_BF16, true, 14, 32, 2, sizeof(uint16_t), 0, num_tile_bf16_avx512, has_bf16 },
    { "avx512_vnni", NUM_INT8, true, 14, 32, 4, 1, 127, num_tile_int8_avx512, has_vnni },
    { "avx2_maddubs", NUM_INT8, false, 6, 16, 4, 1, 63, num_tile_int8_avx2, has_avx2 },
#endif
    { .run = NULL },
};

static const struct num_kernel *choose(const toc_ctx *ctx, num_precision precision)
{
    for (const struct num_kernel *k = kernels; k->run && ctx->cpu != TOC_CPU_PLAIN; k++)
        if (k->precision == precision && k->runs_here() && (!k->wide || ctx->cpu == TOC_CPU_BEST)) return k;
    return NULL;
}

bool num_runs_natively(const toc_ctx *ctx, num_precision precision)
{
    return choose(ctx, precision) != NULL;
}

size_t num_steps(const num_weights *w)
{
    return (w->n_in + w->kernel->group - 1) / w->kernel->group;
}

size_t num_panels(const num_weights *w)
{
    return (w->n_out + w->kernel->columns - 1) / w->kernel->columns;
}

size_t num_row_bytes(const num_weights *w)
{
    return num_steps(w) * w->kernel->group * w->kernel->entry;
}

size_t num_panel_bytes(const num_weights *w)
{
    return num_row_bytes(w) * w->kernel->columns;
}

float *num_scales(const num_weights *w)
{
    return (float *)(void *)((char *)w->memory + num_panels(w) * num_panel_bytes(w));
}

int32_t *num_sums(const num_weights *w)
{
    return (int32_t *)(void *)(num_scales(w) + num_panels(w) * w->kernel->columns);
}

num_weights num_weights_plan(const toc_ctx *ctx, num_precision precision, size_t n_out, size_t n_in)
{
    num_weights w = { .kernel = choose(ctx, precision), .cpu = ctx->cpu, .precision = precision, .n_out = n_out, .n_in = n_in };

    if (!w.kernel) w.kernel = choose(ctx, NUM_FP32);
    if (!w.kernel) w.bytes = n_out * n_in * sizeof(float);
    else {
        w.bytes = num_panels(&w) * num_panel_bytes(&w);
        if (w.kernel->precision == NUM_INT8) w.bytes += num_panels(&w) * w.kernel->columns * (sizeof(float) + sizeof(int32_t));
    }
    return w;
}

const char *num_weights_kernel(const num_weights *w)
{
    return w->kernel ? w->kernel->name : "openblas";
}
