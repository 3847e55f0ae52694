/* vec_math.h: private to num/: functions of sixteen floats. */
#include "num/vec.h"

/* exp(x) for x <= 0; below -87 as -87. Cody-Waite reduction to |r| <= ln(2)/2, then the Taylor polynomial of degree 7: its remainder is 5e-9. */
OP vec exp_of(vec x)
{
    static const float taylor[] = { 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1, 1 };
    const vec magic = v_set(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer, kept in the low bits */

    x = v_max(x, v_set(-87));
    vec shifted = v_fma(x, v_set(1.44269504089f), magic);
    vec k = v_sub(shifted, magic);
    vec r = v_fma(k, v_set(2.12194440e-4f), v_fma(k, v_set(-0.693359375f), x));
    vec p = v_set(1.0f / 5040);
    for (size_t i = 0; i < TOC_COUNT(taylor); i++) p = v_fma(p, r, v_set(taylor[i]));
    return v_power(p, shifted);
}

/* erf by the rational function of XLA and Eigen, good to 2e-7 and at most 1 in [-4, 4], where it reaches its limits. */
OP vec gelu_of(vec v)
{
    static const float above[] = { 2.77068142495902e-08f, -2.10102402082508e-06f, -5.69250639462346e-05f, -7.34990630326855e-04f, -2.95459980854025e-03f,
                                   -1.60960333262415e-02f };
    static const float below[] = { -2.13374055278905e-04f, -1.68282697438203e-03f, -7.37332916720468e-03f, -1.42647390514189e-02f };
    /* v_max and v_min hand on their second operand where there is a NaN. */
    vec x = v_min(v_set(4), v_max(v_set(-4), v_mul(v, v_set(0.70710678118f))));
    vec s = v_mul(x, x), p = v_set(-2.72614225801306e-10f), q = v_set(-1.45660718464996e-05f);

    for (size_t i = 0; i < TOC_COUNT(above); i++) p = v_fma(p, s, v_set(above[i]));
    for (size_t i = 0; i < TOC_COUNT(below); i++) q = v_fma(q, s, v_set(below[i]));
    v = v_mul(v_set(0.5f), v);
    return v_fma(v, v_div(v_mul(x, p), q), v);
}

/* gelu_of up to 8e-5, for what is rounded to 8 bits: erf(x / sqrt(2)) / 2 as an odd polynomial of degree 15 in [-4.2, 4.2], 1/2 at the end; of all such
 * polynomials the one with the smallest largest error of v * erf. */
OP vec gelu_near(vec v)
{
    static const float terms[] = { 7.94143580836682e-08f, -3.0379612612703665e-06f, 6.689116286852346e-05f, -9.506614750136345e-04f, 9.298247034687566e-03f,
                                   -6.552823869478777e-02f, 0.3984658987046574f };
    vec x = v_min(v_set(4.2f), v_max(v_set(-4.2f), v)), s = v_mul(x, x), p = v_set(-9.017657368381107e-10f);

    for (size_t i = 0; i < TOC_COUNT(terms); i++) p = v_fma(p, s, v_set(terms[i]));
    return v_mul(v, v_fma(x, p, v_set(0.5f)));
}

/* tanh by the rational function of Eigen, good to 1e-7 and at most 1 in [-7.9, 7.9], where it reaches its limits. */
OP vec gelu_tanh_of(vec v)
{
    static const float above[] = { 2.00018790482477e-13f, -8.60467152213735e-11f, 5.12229709037114e-08f, 1.48572235717979e-05f, 6.37261928875436e-04f,
                                   4.89352455891786e-03f };
    static const float below[] = { 1.18534705686654e-04f, 2.26843463243900e-03f, 4.89352518554385e-03f };
    vec cube = v_mul(v_mul(v, v), v), u = v_mul(v_fma(cube, v_set(0.044715f), v), v_set(0.79788456080f));
    vec x = v_min(v_set(7.90531110763549805f), v_max(v_set(-7.90531110763549805f), u));
    vec s = v_mul(x, x), p = v_set(-2.76076847742355e-16f), q = v_set(1.19825839466702e-06f);

    for (size_t i = 0; i < TOC_COUNT(above); i++) p = v_fma(p, s, v_set(above[i]));
    for (size_t i = 0; i < TOC_COUNT(below); i++) q = v_fma(q, s, v_set(below[i]));
    v = v_mul(v_set(0.5f), v);
    return v_fma(v, v_div(v_mul(x, p), q), v);
}

/* near: for what is rounded to 8 bits. */
OP vec activation_of(num_activation activation, vec v, bool near)
{
    if (activation == NUM_GELU) return near ? gelu_near(v) : gelu_of(v);
    if (activation == NUM_GELU_TANH) return gelu_tanh_of(v);
    if (activation == NUM_RELU) return v_max(v_set(0), v);
    return v;
}
