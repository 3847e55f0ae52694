/* classes.c: what kind of demand a series is. */
#include "forecast/forecast_int.h"

#include <math.h>

static const char *const class_names[FC_N_CLASSES] = { "smooth", "erratic", "intermittent", "lumpy", "new", "dying", "dead" };

const char *fc_class_name(fc_class class)
{
    return class_names[class];
}

typedef struct {
    size_t known, sold, age, quiet; /* known periods, with demand, known since the first demand, without demand at the end */
    double sum, squares;
    double early, late;             /* demand a period, before and in the last third since the first demand */
} profile;

static profile profile_of(const double *y, size_t n)
{
    profile p = {0};
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        p.known++;
        if (y[i] > 0.0) {
            p.sold++;
            p.sum += y[i];
            p.squares += y[i] * y[i];
            p.quiet = 0;
        } else p.quiet++;
        if (p.sold) p.age++;
    }
    size_t seen = 0, skip = p.known - p.age, third = p.age / 3;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i]) || seen++ < skip) continue;
        if (seen - skip > p.age - third) p.late += y[i];
        else p.early += y[i];
    }
    if (third) {
        p.late /= (double)third;
        p.early /= (double)(p.age - third);
    }
    return p;
}

fc_class fc_classify(const double *demand, size_t n, size_t dead_after, double *interval, double *variation)
{
    profile p = profile_of(demand, n);
    double adi = NAN, cv2 = NAN;
    if (p.sold) {
        double mean = p.sum / (double)p.sold;
        adi = (double)(p.age - p.quiet) / (double)p.sold;
        cv2 = TOC_MAX(0.0, p.squares / (double)p.sold / (mean * mean) - 1.0);
    }
    if (interval) *interval = adi;
    if (variation) *variation = cv2;
    if (!p.sold) return p.known >= dead_after ? FC_DEAD : FC_NEW;
    if (p.quiet >= dead_after && (double)p.quiet >= 5.0 * adi) return FC_DEAD;
    if (p.age < 8) return FC_NEW;
    if (p.sold >= 6 && p.late < 0.25 * p.early) return FC_DYING;
    /* Of a series whose demand stands still, the interval counts the quiet end too. */
    double seen_interval = (double)p.age / (double)p.sold;
    if (seen_interval < 1.32) return cv2 < 0.49 ? FC_SMOOTH : FC_ERRATIC;
    return cv2 < 0.49 ? FC_INTERMITTENT : FC_LUMPY;
}
