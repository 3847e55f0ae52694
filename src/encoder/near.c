/* near.c: which rows of vectors are near each other, or near a question.
 *
 * All pairs: rows of length 1 lie in a spool, as do their names. Blocks of A_ROWS rows are multiplied with the blocks of B_ROWS rows from the same row on, several
 * of these at a time side by side; pairs above the threshold go, block by block in order, to an external sort. So memory depends on neither the rows nor the
 * pairs, and since a block's products do not depend on who computes them, the result does not depend on the number of threads. */
#include <math.h>

#include "encoder/enc_int.h"

enum { A_ROWS = 1024, B_ROWS = 512, LEAST_STAGE = 8, MOST_STAGE = 64, IN_MEMORY = 32 << 20, MOST_SORTED = 1 << 20 };

/* Cosines in millionths: what is written, compared and sorted, so that the last bits of a product decide nothing. */
static int32_t micro(float cosine)
{
    return (int32_t)lrintf(fminf(fmaxf(cosine, -1), 1) * 1e6f);
}

typedef struct {
    uint64_t at, n;
} place;

struct enc_near {
    size_t dim, n;
    toc_spool vectors, names, places;
    float *row;
};

toc_status enc_near_new(toc_ctx *ctx, size_t dim, enc_near **near)
{
    enc_near *s = NULL;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *s, &s));
    s->dim = dim;
    toc_spool_init(&s->vectors, IN_MEMORY);
    toc_spool_init(&s->names, IN_MEMORY / 8);
    toc_spool_init(&s->places, IN_MEMORY / 8);
    toc_status st = toc_alloc(ctx, dim, sizeof *s->row, &s->row);
    if (st) enc_near_free(s);
    else *near = s;
    return st;
}

void enc_near_free(enc_near *s)
{
    if (!s) return;
    toc_spool_release(&s->vectors);
    toc_spool_release(&s->names);
    toc_spool_release(&s->places);
    toc_free(s->row);
    toc_free(s);
}

toc_status enc_near_add(toc_ctx *ctx, enc_near *s, toc_str id, const float *vector)
{
    const place name = { toc_spool_size(&s->names), id.n };

    if (s->n == UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "more than 4 billion rows cannot be compared");
    memcpy(s->row, vector, s->dim * sizeof *vector);
    enc_unit(s->row, s->dim);
    TOC_TRY(toc_spool_add(ctx, &s->vectors, s->row, s->dim * sizeof *s->row));
    TOC_TRY(toc_spool_add(ctx, &s->names, id.p, id.n));
    s->n++;
    return toc_spool_add(ctx, &s->places, &name, sizeof name);
}

static toc_status read_rows(toc_ctx *ctx, const enc_near *s, size_t first, size_t n, float *rows)
{
    const size_t size = s->dim * sizeof *rows;
    return toc_spool_read(ctx, &s->vectors, (uint64_t)first * size, rows, n * size);
}

typedef struct {
    uint32_t a, b;
    int32_t micro;
} found;

typedef struct {
    found *pairs;
    size_t n, cap;
} found_list;

/* One block of rows against several. */
typedef struct {
    const enc_near *s;
    int32_t least;
    size_t first_a, n_a;
    float *a;            /* A_ROWS x dim */
    size_t first_b;      /* of the first task */
    found_list *lists;   /* of each task */
} stage;

static toc_status collect(toc_ctx *ctx, const stage *g, const float *products, size_t first_b, size_t n_b, found_list *list)
{
    const float low = (float)g->least * 1e-6f - 1e-6f;

    for (size_t i = 0; i < g->n_a; i++) {
        for (size_t j = 0; j < n_b; j++) {
            const float product = products[i * n_b + j];
            if (!(product >= low) || first_b + j <= g->first_a + i || micro(product) < g->least) continue;
            TOC_TRY(toc_grow(ctx, &list->pairs, &list->cap, list->n + 1, sizeof *list->pairs));
            list->pairs[list->n++] = (found){ (uint32_t)(g->first_a + i), (uint32_t)(first_b + j), micro(product) };
        }
    }
    return TOC_OK;
}

static toc_status multiply_task(toc_ctx *ctx, void *arg, size_t task)
{
    stage *g = arg;
    const size_t dim = g->s->dim, first = g->first_b + task * B_ROWS, n = TOC_MIN((size_t)B_ROWS, g->s->n - first);
    float *b = NULL, *products = NULL;
    char *packed = NULL, *scratch = NULL;
    toc_status st;

    g->lists[task].n = 0;
    num_weights w = num_weights_plan(ctx, NUM_FP32, n, dim);
    if ((st = toc_alloc(ctx, n * dim, sizeof *b, &b))) goto out;
    if ((st = toc_alloc(ctx, w.bytes, 1, &packed))) goto out;
    if ((st = toc_alloc(ctx, num_product_scratch(&w, g->n_a), 1, &scratch))) goto out;
    if ((st = toc_alloc(ctx, g->n_a * n, sizeof *products, &products))) goto out;
    if ((st = read_rows(ctx, g->s, first, n, b))) goto out;
    num_weights_fill(&w, packed, b, dim, 1);
    num_product(&w, g->a, dim, g->n_a, scratch, products, n, NULL, NUM_LINEAR, false);
    st = collect(ctx, g, products, first, n, &g->lists[task]);
out:
    toc_free(b);
    toc_free(packed);
    toc_free(scratch);
    toc_free(products);
    return st;
}

/* Pairs of the rows from first_a on with all behind them. Highest cosine first, then by the first row; the sort keeps the order of the second. */
static toc_status multiply_block(toc_ctx *ctx, stage *g, size_t most, toc_runs *sorted)
{
    TOC_TRY(read_rows(ctx, g->s, g->first_a, g->n_a, g->a));
    for (g->first_b = g->first_a; g->first_b < g->s->n;) {
        size_t n_tasks = TOC_MIN((g->s->n - g->first_b + B_ROWS - 1) / B_ROWS, most);
        TOC_TRY(toc_parallel(ctx, n_tasks, multiply_task, g));
        for (size_t t = 0; t < n_tasks; t++) {
            for (size_t k = 0; k < g->lists[t].n; k++) {
                const found *p = &g->lists[t].pairs[k];
                TOC_TRY(toc_runs_add(ctx, sorted, (toc_run_record){ (uint64_t)(1000000 - p->micro) << 32 | p->a, { p->b, 0 } }));
            }
        }
        g->first_b += n_tasks * B_ROWS;
    }
    return TOC_OK;
}

static toc_status read_name(toc_ctx *ctx, const enc_near *s, uint64_t row, toc_buf *name)
{
    place p;

    TOC_TRY(toc_spool_read(ctx, &s->places, row * sizeof p, &p, sizeof p));
    toc_buf_reset(name);
    TOC_TRY(toc_buf_reserve(ctx, name, (size_t)p.n));
    TOC_TRY(toc_spool_read(ctx, &s->names, p.at, name->p, (size_t)p.n));
    name->n = (size_t)p.n;
    return TOC_OK;
}

static toc_status hand_out(toc_ctx *ctx, const enc_near *s, toc_runs *sorted, size_t top, enc_pair_take *take, void *arg)
{
    toc_buf a = {0}, b = {0};
    toc_status st;
    bool there = false;

    if ((st = toc_runs_sort(ctx, sorted))) goto out;
    for (size_t n = 0; !top || n < top; n++) {
        toc_run_record r;
        if ((st = toc_runs_next(ctx, sorted, &r, &there)) || !there) goto out;
        if ((st = read_name(ctx, s, r.key & UINT32_MAX, &a)) || (st = read_name(ctx, s, r.value[0], &b))) goto out;
        if ((st = take(ctx, arg, (toc_str){ a.p, a.n }, (toc_str){ b.p, b.n }, (double)(1000000 - (int64_t)(r.key >> 32)) / 1e6))) goto out;
    }
out:
    toc_buf_release(&a);
    toc_buf_release(&b);
    return st;
}

toc_status enc_near_pairs(toc_ctx *ctx, const enc_near *s, double threshold, size_t top, enc_pair_take *take, void *arg)
{
    found_list lists[MOST_STAGE] = {0};
    stage g = { .s = s, .least = (int32_t)lrint(threshold * 1e6), .lists = lists };
    const size_t most = TOC_MIN(TOC_MAX(2 * ctx->n_threads, (size_t)LEAST_STAGE), (size_t)MOST_STAGE);
    toc_progress progress;
    toc_runs sorted;
    toc_status st;

    toc_runs_init(&sorted, MOST_SORTED);
    toc_progress_begin(ctx, &progress);
    st = toc_alloc(ctx, A_ROWS * s->dim, sizeof *g.a, &g.a);
    for (; g.first_a < s->n && !st; g.first_a += A_ROWS) {
        double rest = (double)(s->n - g.first_a) / (double)s->n;
        if (toc_progress_due(&progress)) toc_progress_show(ctx, &progress, 1 - rest * rest, "%zu of %zu rows compared", g.first_a, s->n);
        g.n_a = TOC_MIN((size_t)A_ROWS, s->n - g.first_a);
        st = multiply_block(ctx, &g, most, &sorted);
    }
    toc_progress_end(&progress);
    for (size_t t = 0; t < TOC_COUNT(lists); t++) toc_free(lists[t].pairs);
    if (!st) st = hand_out(ctx, s, &sorted, top, take, arg);
    toc_free(g.a);
    toc_runs_release(&sorted);
    return st;
}

/* ---- rows near a question ---- */

typedef struct {
    int32_t micro;
    uint64_t row;
    toc_buf id, text;
} answer;

struct enc_rank {
    size_t dim, n_queries, top;
    float *queries;      /* of length 1 */
    answer **answers;    /* of each query: a heap with the worst on top; heap memory */
    size_t *n, *cap;
    uint64_t n_rows;
};

toc_status enc_rank_new(toc_ctx *ctx, size_t dim, const float *queries, size_t n, size_t top, enc_rank **rank)
{
    enc_rank *r = NULL;
    toc_status st;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *r, &r));
    *r = (enc_rank){ .dim = dim, .n_queries = n, .top = top };
    if ((st = toc_alloc(ctx, n * dim, sizeof *r->queries, &r->queries))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *r->answers, &r->answers))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *r->n, &r->n))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *r->cap, &r->cap))) goto out;
    memcpy(r->queries, queries, n * dim * sizeof *queries);
    for (size_t q = 0; q < n; q++) enc_unit(r->queries + q * dim, dim);
out:
    if (st) enc_rank_free(r);
    else *rank = r;
    return st;
}

void enc_rank_free(enc_rank *r)
{
    if (!r) return;
    for (size_t q = 0; r->answers && r->n && q < r->n_queries; q++) {
        for (size_t k = 0; k < r->n[q]; k++) {
            toc_buf_release(&r->answers[q][k].id);
            toc_buf_release(&r->answers[q][k].text);
        }
        toc_free(r->answers[q]);
    }
    toc_free(r->answers);
    toc_free(r->queries);
    toc_free(r->n);
    toc_free(r->cap);
    toc_free(r);
}

static bool is_worse(const answer *a, const answer *b)
{
    return a->micro != b->micro ? a->micro < b->micro : a->row > b->row;
}

static void swap(answer *a, answer *b)
{
    answer kept = *a;
    *a = *b;
    *b = kept;
}

static void sink_down(answer *heap, size_t n)
{
    for (size_t k = 0, child; (child = 2 * k + 1) < n; k = child) {
        if (child + 1 < n && is_worse(&heap[child + 1], &heap[child])) child++;
        if (!is_worse(&heap[child], &heap[k])) return;
        swap(&heap[child], &heap[k]);
    }
}

static void rise(answer *heap, size_t k)
{
    for (; k && is_worse(&heap[k], &heap[(k - 1) / 2]); k = (k - 1) / 2) swap(&heap[k], &heap[(k - 1) / 2]);
}

static toc_status put_answer(toc_ctx *ctx, answer *to, int32_t cosine, uint64_t row, toc_str id, toc_str text)
{
    to->micro = cosine;
    to->row = row;
    toc_buf_reset(&to->id);
    toc_buf_reset(&to->text);
    TOC_TRY(toc_buf_add(ctx, &to->id, id.p, id.n));
    return toc_buf_add(ctx, &to->text, text.p, text.n);
}

toc_status enc_rank_add(toc_ctx *ctx, enc_rank *r, toc_str id, toc_str text, const float *vector)
{
    double square = 0;

    for (size_t j = 0; j < r->dim; j++) square += (double)vector[j] * (double)vector[j];
    for (size_t q = 0; q < r->n_queries; q++) {
        const float *query = r->queries + q * r->dim;
        double sum = 0;
        for (size_t j = 0; j < r->dim; j++) sum += (double)query[j] * (double)vector[j];
        const answer tried = { .micro = micro((float)(sum / fmax(sqrt(square), 1e-12))), .row = r->n_rows };
        if (r->n[q] < r->top) {
            TOC_TRY(toc_grow(ctx, &r->answers[q], &r->cap[q], r->n[q] + 1, sizeof **r->answers));
            answer *last = &r->answers[q][r->n[q]++];
            *last = (answer){0};
            TOC_TRY(put_answer(ctx, last, tried.micro, tried.row, id, text));
            rise(r->answers[q], r->n[q] - 1);
        } else if (is_worse(&r->answers[q][0], &tried)) {
            TOC_TRY(put_answer(ctx, &r->answers[q][0], tried.micro, tried.row, id, text));
            sink_down(r->answers[q], r->n[q]);
        }
    }
    r->n_rows++;
    return TOC_OK;
}

static int by_rank(const void *a, const void *b, const void *arg)
{
    (void)arg;
    return is_worse(a, b) ? 1 : is_worse(b, a) ? -1 : 0;
}

toc_status enc_rank_answers(toc_ctx *ctx, enc_rank *r, size_t query, enc_answer_take *take, void *arg)
{
    TOC_TRY(toc_sort(ctx, r->answers[query], r->n[query], sizeof **r->answers, by_rank, NULL));
    for (size_t k = 0; k < r->n[query]; k++) {
        const answer *a = &r->answers[query][k];
        TOC_TRY(take(ctx, arg, k + 1, (toc_str){ a->id.p, a->id.n }, (toc_str){ a->text.p, a->text.n }, a->micro / 1e6));
    }
    return TOC_OK;
}
