/* row_loops.h: private to num/: loops over rows of floats, compiled once for each kind of CPU (row_avx512.c, row_avx2.c, row_plain.c set VEC and LOOPS). */
#include <math.h>

#include "num/row.h"
#include "num/vec_math.h"

/* v[j .. j + W) of a row of d, or what is there of it. */
OP vec part(const float *x, size_t j, size_t d)
{
    return d - j >= W ? v_load(x + j) : v_load_n(x + j, d - j);
}

OP void put(float *x, size_t j, size_t d, vec v)
{
    if (d - j >= W) v_store(x + j, v);
    else v_store_n(x + j, v, d - j);
}

LOOP static void softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale)
{
    size_t last = (n - 1) & ~(size_t)(W - 1);
    const vec by = v_set(scale);

    for (size_t i = 0; i < n_rows; i++, x += stride) {
        vec end = v_first(v_load(x + last), n - last, -3e38f), top = end, sum = v_set(0);
        for (size_t j = 0; j < last; j += W) top = v_max(top, v_load(x + j));
        const vec most = v_set(v_most(top));
        for (size_t j = 0; j < last; j += W) {
            vec e = exp_of(v_mul(v_sub(v_load(x + j), most), by));
            v_store(x + j, e);
            sum = v_add(sum, e);
        }
        end = v_first(exp_of(v_mul(v_sub(end, most), by)), n - last, 0);
        const vec share = v_set(1.0f / v_sum(v_add(sum, end)));
        for (size_t j = 0; j < last; j += W) v_store(x + j, v_mul(v_load(x + j), share));
        v_store(x + last, v_mul(end, share));
    }
}

LOOP static void activate(float *x, size_t ld, const float *bias, num_activation activation, size_t n_rows, size_t d)
{
    for (size_t i = 0; i < n_rows; i++, x += ld)
        for (size_t j = 0; j < d; j += W) {
            vec v = part(x, j, d);
            if (bias) v = v_add(v, part(bias, j, d));
            put(x, j, d, activation_of(activation, v, false));
        }
}

LOOP static void layer_norm(float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d)
{
    size_t whole = d & ~(size_t)(W - 1);

    for (size_t i = 0; i < n_rows; i++, x += d) {
        vec sum = v_set(0), square = v_set(0);
        for (size_t j = 0; j < d; j += W) {
            vec v = part(x, j, d);
            if (bias) {
                v = v_add(v, part(bias, j, d));
                put(x, j, d, v);
            }
            sum = v_add(sum, v);
        }
        float mean = v_sum(sum) / (float)d, rest = 0;
        vec middle = v_set(mean);
        for (size_t j = 0; j < whole; j += W) {
            vec v = v_sub(v_load(x + j), middle);
            square = v_fma(v, v, square);
        }
        for (size_t j = whole; j < d; j++) rest += (x[j] - mean) * (x[j] - mean);
        vec scale = v_set(1.0f / sqrtf((v_sum(square) + rest) / (float)d + eps));
        for (size_t j = 0; j < d; j += W)
            put(x, j, d, v_fma(v_mul(v_sub(part(x, j, d), middle), scale), part(gamma, j, d), part(beta, j, d)));
    }
}

LOOP static void to_int8(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride, float *scale, int32_t *zero)
{
    const float magic = 12582912.0f;

    for (size_t i = 0; i < n_rows; i++, x += ld, out += stride) {
        vec low = v_set(0), high = v_set(0); /* 0 is always in the range */
        for (size_t j = 0; j < d; j += W) {
            vec v = part(x, j, d);
            low = v_max(v_sub(v_set(0), v), low);
            high = v_max(v, high);
        }
        float least = -v_most(low), unit = (v_most(high) - least) / 255;
        scale[i] = unit > 0 && unit < INFINITY ? unit : 1;
        zero[i] = (int32_t)(0.5f - least / scale[i]);
        vec inverse = v_set(1 / scale[i]), shift = v_set(magic + (float)zero[i]), top = v_set(magic + 255); /* the largest may round to 256 */
        for (size_t j = 0; j < d; j += W) {
            vec v = v_min(v_fma(part(x, j, d), inverse, shift), top);
            uint8_t last[W];
            if (stride - j >= W) v_store_bytes((uint8_t *)out + j, v);
            else {
                v_store_bytes(last, v);
                memcpy(out + j, last, stride - j);
            }
        }
    }
}

LOOP static float largest(const float *x, size_t n)
{
    vec most = v_set(0);

    for (size_t j = 0; j < n; j += W) {
        vec v = part(x, j, n);
        most = v_max(v_max(v, v_sub(v_set(0), v)), most);
    }
    return v_most(most);
}

LOOP static void to_weights(const float *x, size_t n, float scale, int limit, int8_t *out)
{
    const vec magic = v_set(12582912.0f), inverse = v_set(1 / scale), top = v_set((float)limit), bottom = v_set(-(float)limit);

    for (size_t j = 0; j < n; j += W) {
        uint8_t last[W];
        v_store_bytes(last, v_add(v_min(v_max(v_mul(part(x, j, n), inverse), bottom), top), magic));
        memcpy(out + j, last, TOC_MIN(n - j, (size_t)W));
    }
}

LOOP static void to_bf16(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride)
{
    for (size_t i = 0; i < n_rows; i++, x += ld, out += stride)
        for (size_t j = 0; j < d; j += W) {
            vec v = part(x, j, d);
            uint16_t last[W];
            if (stride - 2 * j >= sizeof last) v_store_bf16((uint16_t *)(void *)out + j, v);
            else {
                v_store_bf16(last, v);
                memcpy(out + 2 * j, last, stride - 2 * j);
            }
        }
}

const num_row_loops LOOPS = { softmax, activate, layer_norm, to_int8, to_bf16, largest, to_weights };
