/* special.c: the gamma function's logarithm and the derivative of it, by Stirling's series above 10 and the recurrence below (Abramowitz & Stegun 1964,
 * 6.1.40 and 6.3.18). lgamma of libm sets a global sign, and differs between machines. */
#include "num/num.h"

#include <math.h>

#define SERIES_FROM 10.0

double num_lgamma(double x)
{
    double shift = 1;

    if (!(x > 0)) return x == 0 ? INFINITY : NAN;
    if (isinf(x)) return x;
    for (; x < SERIES_FROM; x++) shift *= x; /* at most ten factors below 10: no overflow, and x > 0 has no underflow */
    double i = 1 / x, i2 = i * i;
    double series = i * (1.0 / 12 - i2 * (1.0 / 360 - i2 * (1.0 / 1260 - i2 * (1.0 / 1680 - i2 * (1.0 / 1188 - i2 * (691.0 / 360360 - i2 / 156))))));
    return (x - 0.5) * log(x) - x + 0.91893853320467274178 + series - log(shift);
}

double num_digamma(double x)
{
    double shift = 0;

    if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
    if (isinf(x)) return x;
    for (; x < SERIES_FROM; x++) shift += 1 / x;
    double i2 = 1 / (x * x);
    double series = i2 * (1.0 / 12 - i2 * (1.0 / 120 - i2 * (1.0 / 252 - i2 * (1.0 / 240 - i2 * (1.0 / 132 - i2 * (691.0 / 32760 - i2 / 12))))));
    return log(x) - 0.5 / x - series - shift;
}
