/* forecast_int.h: what the files of forecast/ share. */
#ifndef FC_FORECAST_INT_H
#define FC_FORECAST_INT_H

#include "forecast/forecast.h"

/* Longest history looked at: older periods say little and cost time. */
#define FC_MAX_HISTORY 1460

/* Doubles of scratch that fc_model_into needs for a series of n periods. */
size_t fc_scratch_size(size_t n, size_t season);
/* fc_model_run without allocation. */
void fc_model_into(fc_model model, const double *y, size_t n, size_t season, size_t horizon, double *scratch, double *mean);
/* All models: means (FC_N_MODELS x horizon). */
void fc_models_into(const double *y, size_t n, size_t season, size_t horizon, double *scratch, double *means);

/* Solves min |A^(1/2) b|^2 - 2 c'b over b >= 0 by coordinate descent; a (p x p, symmetric, positive diagonal), b holds the start.
 */
void fc_solve_nonnegative(const double *a, const double *c, size_t p, double *b);

/* Quantile regression with coefficients >= 0: min over b of sum w (q - [r < 0]) r + penalty |b - prior|^2, r = y - x b, by the
 * majorise-minimise steps of Hunter & Lange 2000. x (n x p), y (n), w (n) > 0, prior (p); b (p) out. */
void fc_quantile_regression(const double *x, const double *y, const double *w, size_t n, size_t p, double level,
                            const double *prior, double penalty, double *b);

#endif
