/* nn_product.c: products of matrices that change with each step. The right factor is packed once for all rows of the left one, both by all threads: a share of
 * 2 / n of the product's work.
 *
 * A W' is cut into blocks of BLOCK rows of A, W is packed in strips of STRIP outputs. A' B is cut into strips of TURNED rows of the result; its sum runs over
 * the rows of A and B in stretches of STRETCH, which are added up in order. */
#include "nn/nn_int.h"

enum { BLOCK = 112, STRIP = 96, TURNED = 28, STRETCH = 256, LINE = 64 };

toc_status nn_work_reserve(toc_ctx *ctx, nn_work *work, size_t bytes)
{
    if (bytes <= work->cap) return TOC_OK;
    nn_work_release(work);
    TOC_TRY(toc_alloc(ctx, bytes, 1, &work->packed));
    work->cap = bytes;
    return TOC_OK;
}

toc_status nn_fit(toc_ctx *ctx, size_t n, float **memory)
{
    toc_free(*memory);
    *memory = NULL;
    return toc_alloc(ctx, n, sizeof **memory, memory);
}

void nn_work_release(nn_work *work)
{
    toc_free(work->packed);
    *work = (nn_work){0};
}

static size_t room_of(const num_weights *w)
{
    return (w->bytes + LINE - 1) / LINE * LINE;
}

typedef struct {
    const float *a, *w, *bias;
    size_t lda, n, out_stride, in_stride, n_out, n_in, ldc;
    float *c;
    bool add;
    char *packed;
    size_t room;   /* of a strip */
} product;

/* The strip's weights, packed or to be. */
static num_weights strip_of(const toc_ctx *ctx, const product *p, size_t strip)
{
    num_weights w = num_weights_plan(ctx, NUM_FP32, TOC_MIN((size_t)STRIP, p->n_out - strip * STRIP), p->n_in);

    w.memory = p->packed + strip * p->room;
    return w;
}

static toc_status pack_task(toc_ctx *ctx, void *arg, size_t task)
{
    const product *p = arg;
    num_weights w = strip_of(ctx, p, task);

    num_weights_fill(&w, w.memory, p->w + task * STRIP * p->out_stride, p->out_stride, p->in_stride);
    return TOC_OK;
}

static toc_status multiply_task(toc_ctx *ctx, void *arg, size_t task)
{
    const product *p = arg;
    size_t first = task * BLOCK, n = TOC_MIN((size_t)BLOCK, p->n - first);

    for (size_t strip = 0; strip * STRIP < p->n_out; strip++) {
        num_weights w = strip_of(ctx, p, strip);
        num_product(&w, p->a + first * p->lda, p->lda, n, NULL, p->c + first * p->ldc + strip * STRIP, p->ldc, p->bias ? p->bias + strip * STRIP : NULL,
                    NUM_LINEAR, p->add);
    }
    return TOC_OK;
}

toc_status nn_multiply(toc_ctx *ctx, nn_work *work, const float *a, size_t lda, size_t n, const float *w, size_t out_stride, size_t in_stride, size_t n_out,
                       size_t n_in, const float *bias, bool add, float *c, size_t ldc)
{
    product p = { .a = a, .lda = lda, .n = n, .w = w, .out_stride = out_stride, .in_stride = in_stride, .n_out = n_out, .n_in = n_in, .bias = bias, .add = add,
                  .c = c, .ldc = ldc };
    num_weights whole = num_weights_plan(ctx, NUM_FP32, STRIP, n_in);
    size_t strips = nn_pieces(n_out, STRIP);

    p.room = room_of(&whole);
    TOC_TRY(nn_work_reserve(ctx, work, strips * p.room));
    p.packed = work->packed;
    TOC_TRY(toc_parallel(ctx, strips, pack_task, &p));
    return toc_parallel(ctx, nn_pieces(n, BLOCK), multiply_task, &p);
}

typedef struct {
    const float *a, *b;
    size_t lda, ldb, n, p, q;
    float *c;
    char *packed;
    size_t room;   /* of a stretch */
} turned;

static num_weights stretch_of(const toc_ctx *ctx, const turned *t, size_t stretch)
{
    num_weights w = num_weights_plan(ctx, NUM_FP32, t->q, TOC_MIN((size_t)STRETCH, t->n - stretch * STRETCH));

    w.memory = t->packed + stretch * t->room;
    return w;
}

static toc_status pack_stretch(toc_ctx *ctx, void *arg, size_t task)
{
    const turned *t = arg;
    num_weights w = stretch_of(ctx, t, task);

    num_weights_fill(&w, w.memory, t->b + task * STRETCH * t->ldb, 1, t->ldb);
    return TOC_OK;
}

static toc_status turned_task(toc_ctx *ctx, void *arg, size_t task)
{
    const turned *t = arg;
    size_t first = task * TURNED, rows = TOC_MIN((size_t)TURNED, t->p - first);
    float strip[TURNED * STRETCH];

    for (size_t stretch = 0; stretch * STRETCH < t->n; stretch++) {
        num_weights w = stretch_of(ctx, t, stretch);
        const float *a = t->a + stretch * STRETCH * t->lda + first;
        for (size_t k = 0; k < w.n_in; k++, a += t->lda)
            for (size_t i = 0; i < rows; i++) strip[i * STRETCH + k] = a[i];
        num_product(&w, strip, STRETCH, rows, NULL, t->c + first * t->q, t->q, NULL, NUM_LINEAR, true);
    }
    return TOC_OK;
}

toc_status nn_multiply_turned(toc_ctx *ctx, nn_work *work, const float *a, size_t lda, const float *b, size_t ldb, size_t n, size_t p, size_t q, float *c)
{
    turned t = { .a = a, .lda = lda, .b = b, .ldb = ldb, .n = n, .p = p, .q = q, .c = c };
    num_weights whole = num_weights_plan(ctx, NUM_FP32, q, STRETCH);
    size_t stretches = nn_pieces(n, STRETCH);

    t.room = room_of(&whole);
    TOC_TRY(nn_work_reserve(ctx, work, stretches * t.room));
    t.packed = work->packed;
    TOC_TRY(toc_parallel(ctx, stretches, pack_stretch, &t));
    return toc_parallel(ctx, nn_pieces(p, TURNED), turned_task, &t);
}

enum { COLUMNS = 64 }; /* of a sum, in one task */

typedef struct {
    const float *x;
    size_t ld, n, d;
    float *sum;
} adding;

static toc_status add_rows_task(toc_ctx *ctx, void *arg, size_t task)
{
    const adding *s = arg;
    size_t first = task * COLUMNS, columns = TOC_MIN((size_t)COLUMNS, s->d - first);
    const float *x = s->x + first;

    (void)ctx;
    for (size_t i = 0; i < s->n; i++, x += s->ld)
        for (size_t j = 0; j < columns; j++) s->sum[first + j] += x[j];
    return TOC_OK;
}

toc_status nn_add_rows(toc_ctx *ctx, const float *x, size_t ld, size_t n, size_t d, float *sum)
{
    return toc_parallel(ctx, nn_pieces(d, COLUMNS), add_rows_task, &(adding){ x, ld, n, d, sum });
}

static toc_status add_task(toc_ctx *ctx, void *arg, size_t task)
{
    const adding *s = arg;
    size_t first = task * NN_PIECE, n = TOC_MIN((size_t)NN_PIECE, s->n - first);

    (void)ctx;
    for (size_t i = 0; i < n; i++) s->sum[first + i] += s->x[first + i];
    return TOC_OK;
}

toc_status nn_add(toc_ctx *ctx, const float *x, size_t n, float *y)
{
    return toc_parallel(ctx, nn_pieces(n, NN_PIECE), add_task, &(adding){ .x = x, .n = n, .sum = y });
}
