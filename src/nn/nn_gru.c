/* nn_gru.c: a gated recurrent unit. What rows give to the gates is one product; the states go on together, one step of all sequences at a time.
 *
 * A row of gates holds r, z, c (after their functions), and u = Uc s with its bias, the sum that r multiplies; the fifth part is room for backward. */
#include <math.h>

#include "nn/nn_int.h"

enum { R, Z, C, U, GATES = 5 };

toc_status nn_gru_add(toc_ctx *ctx, nn_params *params, nn_gru *layer, size_t n_in, size_t h, const char *name)
{
    const float spread = 1 / sqrtf((float)h) * 0.57735f; /* as wide as PyTorch's even numbers */

    layer->n_in = n_in;
    layer->h = h;
    layer->in = (nn_linear){ .n_in = n_in, .n_out = 3 * h };
    layer->state = (nn_linear){ .n_in = h, .n_out = 3 * h };
    TOC_TRY(nn_params_add(ctx, params, &layer->in.w, 3 * h, n_in, spread, true, "%s.weight_ih_l0", name));
    TOC_TRY(nn_params_add(ctx, params, &layer->state.w, 3 * h, h, spread, true, "%s.weight_hh_l0", name));
    TOC_TRY(nn_params_add(ctx, params, &layer->in.b, 3 * h, 0, 0, false, "%s.bias_ih_l0", name));
    return nn_params_add(ctx, params, &layer->state.b, 3 * h, 0, 0, false, "%s.bias_hh_l0", name);
}

/* Rows of one step: the sequences that are that long, their states gathered. */
typedef struct {
    size_t *rows;       /* of x and y */
    float *states, *sums; /* m x h before the step, m x 3h */
    float *changes;     /* m x h */
} step_room;

static toc_status step_room_new(toc_ctx *ctx, size_t n, size_t h, step_room *s)
{
    *s = (step_room){0};
    TOC_TRY(toc_alloc(ctx, n, sizeof *s->rows, &s->rows));
    TOC_TRY(toc_alloc(ctx, n * h, sizeof *s->states, &s->states));
    TOC_TRY(toc_alloc(ctx, n * 3 * h, sizeof *s->sums, &s->sums));
    return toc_alloc(ctx, n * h, sizeof *s->changes, &s->changes);
}

static void step_room_release(step_room *s)
{
    toc_free(s->rows);
    toc_free(s->states);
    toc_free(s->sums);
    toc_free(s->changes);
}

static size_t longest_of(const size_t *starts, size_t n)
{
    size_t longest = 0;

    for (size_t i = 0; i < n; i++) longest = TOC_MAX(longest, starts[i + 1] - starts[i]);
    return longest;
}

/* Row t of each sequence that has one, and the state before it; how many. */
static size_t gather(const step_room *s, const size_t *starts, size_t n, size_t t, const float *y, size_t h)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        if (t >= starts[i + 1] - starts[i]) continue;
        size_t row = starts[i] + t;
        if (t) memcpy(s->states + m * h, y + (row - 1) * h, h * sizeof *y);
        else memset(s->states + m * h, 0, h * sizeof *y);
        s->rows[m++] = row;
    }
    return m;
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

/* gates come as Wr x, Wz x, Wc x with their biases. */
static void forward_row(size_t h, const float *state, const float *sum, float *gates, float *y)
{
    for (size_t j = 0; j < h; j++) {
        float r = sigmoid(gates[R * h + j] + sum[j]), z = sigmoid(gates[Z * h + j] + sum[h + j]), u = sum[2 * h + j];
        float c = tanhf(gates[C * h + j] + r * u);
        gates[R * h + j] = r;
        gates[Z * h + j] = z;
        gates[C * h + j] = c;
        gates[U * h + j] = u;
        y[j] = (1 - z) * c + z * state[j];
    }
}

toc_status nn_gru_forward(toc_ctx *ctx, nn_work *work, const nn_gru *l, const float *x, const size_t *starts, size_t n, float *y, float *gates)
{
    size_t h = l->h, longest = longest_of(starts, n);
    step_room s;
    toc_status st = step_room_new(ctx, n, h, &s);

    if (!st) st = nn_multiply(ctx, work, x, l->n_in, starts[n], l->in.w.x, l->n_in, 1, 3 * h, l->n_in, l->in.b.x, false, gates, GATES * h);
    for (size_t t = 0; t < longest && !st; t++) {
        size_t m = gather(&s, starts, n, t, y, h);
        st = nn_linear_forward(ctx, work, &l->state, s.states, m, s.sums);
        for (size_t k = 0; k < m && !st; k++) forward_row(h, s.states + k * h, s.sums + k * 3 * h, gates + s.rows[k] * GATES * h, y + s.rows[k] * h);
    }
    step_room_release(&s);
    return st;
}

/* d: the gradient by the new state. gates become gradients by the sums of Wr x, Wz x, Wc x; sum those by the products with the state; d what goes past the
 * gates to the state before. */
static void backward_row(size_t h, const float *state, float *gates, float *sum, float *d)
{
    for (size_t j = 0; j < h; j++) {
        float r = gates[R * h + j], z = gates[Z * h + j], c = gates[C * h + j], u = gates[U * h + j];
        float dc = d[j] * (1 - z) * (1 - c * c), dz = d[j] * (state[j] - c) * z * (1 - z), dr = dc * u * r * (1 - r);
        gates[R * h + j] = sum[j] = dr;
        gates[Z * h + j] = sum[h + j] = dz;
        gates[C * h + j] = dc;
        sum[2 * h + j] = dc * r;
        d[j] *= z;
    }
}

/* The gradient by a state waits in the fifth part of its row's gates until its step comes. */
toc_status nn_gru_backward(toc_ctx *ctx, nn_work *work, const nn_gru *l, const float *x, const size_t *starts, size_t n, const float *y, const float *dy, float *gates,
                           float *dx)
{
    enum { WAITING = 4 };
    size_t h = l->h, rows = starts[n], wide = GATES * h;
    step_room s;
    toc_status st = step_room_new(ctx, n, h, &s);

    for (size_t i = 0; i < rows; i++) memcpy(gates + i * wide + WAITING * h, dy + i * h, h * sizeof *dy);
    for (size_t t = longest_of(starts, n); t-- > 0 && !st;) {
        size_t m = gather(&s, starts, n, t, y, h);
        for (size_t k = 0; k < m; k++) {
            memcpy(s.changes + k * h, gates + s.rows[k] * wide + WAITING * h, h * sizeof *dy);
            backward_row(h, s.states + k * h, gates + s.rows[k] * wide, s.sums + k * 3 * h, s.changes + k * h);
        }
        st = nn_linear_backward(ctx, work, &l->state, s.states, m, s.sums, s.changes, true);
        for (size_t k = 0; k < m && t; k++)
            for (size_t j = 0; j < h; j++) gates[(s.rows[k] - 1) * wide + WAITING * h + j] += s.changes[k * h + j];
    }
    if (!st && l->in.w.d) st = nn_multiply_turned(ctx, work, gates, wide, x, l->n_in, rows, 3 * h, l->n_in, l->in.w.d);
    if (!st && l->in.b.d) st = nn_add_rows(ctx, gates, wide, rows, 3 * h, l->in.b.d);
    if (!st && dx) st = nn_multiply(ctx, work, gates, wide, rows, l->in.w.x, 1, l->n_in, l->n_in, 3 * h, NULL, false, dx, l->n_in);
    step_room_release(&s);
    return st;
}
