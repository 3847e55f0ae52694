/* format.c: numbers as text.
 *
 * Between 1e-5 and 1e15 all is done in whole numbers of 128 bits, exactly: a double is m * 2^e with m < 2^53, and times 10^k, with k chosen so that 17 digits
 * stand in front of the point, it is m * 5^k over a power of two, which has at most 102 bits. Rounding to fewer digits and asking whether the result reads
 * back are comparisons of such numbers. */
#include "base/base.h"

#include <math.h>

__extension__ typedef unsigned __int128 wide;

static size_t put_whole(uint64_t whole, char *buf)
{
    static const char pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
                                "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    char reversed[20];
    size_t at = sizeof reversed;

    for (; whole >= 100; whole /= 100) {
        at -= 2;
        memcpy(reversed + at, pairs + whole % 100 * 2, 2);
    }
    if (whole >= 10) {
        at -= 2;
        memcpy(reversed + at, pairs + whole * 2, 2);
    } else reversed[--at] = (char)('0' + whole);
    memcpy(buf, reversed + at, sizeof reversed - at);
    return sizeof reversed - at;
}

/* Values with at most six decimals and 15 digits, which is most of what tables hold: value * 10^6 rounded to a whole number, over 10^6 (both exact),
 * is the double closest to that decimal; where it is `value`, the decimal reads back, and no shorter or other one of 15 digits can. 0 = not such. */
static size_t put_short(double magnitude, char *buf)
{
    double scaled = magnitude * 1e6;
    uint64_t millionths;
    size_t n;

    if (!(scaled < 1e15)) return 0;
    millionths = (uint64_t)(scaled + 0.5);
    if ((double)millionths / 1e6 != magnitude) return 0;
    n = put_whole(millionths / 1000000, buf);
    if (millionths % 1000000) {
        buf[n++] = '.';
        for (uint64_t rest = millionths % 1000000; rest; rest = rest % 100000 * 10) buf[n++] = (char)('0' + rest / 100000);
    }
    buf[n] = 0;
    return n;
}

/* digits / 10^places, without zeros at the end. */
static size_t put_places(uint64_t digits, size_t places, char *buf)
{
    char text[20];

    for (; places && digits % 10 == 0; places--) digits /= 10;
    size_t n = put_whole(digits, text), whole = n > places ? n - places : 0, at = 0;
    memcpy(buf, text, whole);
    at = whole;
    if (!whole) buf[at++] = '0';
    if (places) {
        buf[at++] = '.';
        for (size_t k = n; k < places; k++) buf[at++] = '0';
        memcpy(buf + at, text + whole, n - whole);
        at += n - whole;
    }
    buf[at] = 0;
    return at;
}

/* The exponent of the first digit of 1e-5 <= magnitude < 1e15. The doubles nearest to the powers below 1 all lie above them, so comparing with these is
 * comparing with the powers. */
static int first_digit(double magnitude)
{
    static const double tens[] = { 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14 };
    int at = -5;

    while (at < 14 && magnitude >= tens[at + 5]) at++;
    return at;
}

/* 15 to 17 digits: the first that reads back. 1e-5 <= magnitude < 1e15. */
static size_t put_exact(double magnitude, char *buf)
{
    static const uint64_t fives[] = {
        1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125, 6103515625, 30517578125, 152587890625,
        762939453125, 3814697265625, 19073486328125, 95367431640625, 476837158203125,
    };
    static const uint64_t units[] = { 100, 10, 1 };
    uint64_t bits;
    const int at = first_digit(magnitude), k = 16 - at;

    memcpy(&bits, &magnitude, sizeof bits);
    const uint64_t m = (bits & (UINT64_MAX >> 12)) | UINT64_C(1) << 52;
    const unsigned shift = (unsigned)(1075 - (int)(bits >> 52) - k); /* 1 to 48 */
    const wide exact = (wide)m * fives[k], rest = exact & (((wide)1 << shift) - 1);
    const uint64_t all = (uint64_t)(exact >> shift);
    for (size_t p = 0;; p++) {
        uint64_t digits = all / units[p];
        wide over = (wide)(all % units[p]) << (shift + 1) | rest << 1, half = (wide)units[p] << shift;
        digits += over > half || (over == half && digits & 1);
        if (p == 2) return put_places(digits, (size_t)k, buf);
        wide decimal = (wide)(digits * units[p]) << shift;
        bool below = decimal < exact;
        wide distance = below ? exact - decimal : decimal - exact;
        /* nearer than half the way to the next double, which is fives[k] away; below a power of two it is half as far */
        if (distance << (1 + (below && m == UINT64_C(1) << 52)) < fives[k]) return put_places(digits, (size_t)k - 2 + p, buf);
    }
}

/* %.15g to %.17g: the first that reads back. The smallest doubles have fewer digits than 15 to give. */
static size_t put_far(double magnitude, char *buf)
{
    for (int digits = magnitude < 0x1p-1022 ? 1 : 15;; digits++) {
        size_t n = (size_t)snprintf(buf, 31, "%.*g", digits, magnitude);
        if (digits == 17 || strtod(buf, NULL) == magnitude) return n;
    }
}

size_t toc_format_double(double value, char *buf)
{
    double magnitude = fabs(value);
    size_t sign = value < 0, n;

    buf[0] = 0;
    if (isnan(value)) return 0;
    if (sign) buf[0] = '-';
    if (magnitude < 0x1p53 && magnitude == (double)(uint64_t)magnitude) {
        n = put_whole((uint64_t)magnitude, buf + sign);
        buf[sign + n] = 0;
    } else if (magnitude >= 1e-5 && magnitude < 1e15) {
        n = put_short(magnitude, buf + sign);
        if (!n) n = put_exact(magnitude, buf + sign);
    } else n = put_far(magnitude, buf + sign);
    return sign + n;
}

/* 6 to 9 digits: the first that reads back as the same float. 1e-5 <= magnitude < 1e5, so that all products have at most 60 bits. */
static size_t put_float(float magnitude, char *buf)
{
    static const uint64_t fives[] = { 1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125 };
    static const uint64_t units[] = { 1000, 100, 10, 1 };
    uint32_t bits;
    const int k = 8 - first_digit((double)magnitude);

    memcpy(&bits, &magnitude, sizeof bits);
    const uint64_t m = (bits & (UINT32_MAX >> 9)) | UINT32_C(1) << 23;
    const unsigned shift = (unsigned)(150 - (int)(bits >> 23) - k); /* 3 to 27 */
    const uint64_t exact = m * fives[k], rest = exact & ((UINT64_C(1) << shift) - 1), all = exact >> shift;
    for (size_t p = 0;; p++) {
        uint64_t digits = all / units[p], over = (all % units[p]) << (shift + 1) | rest << 1, half = units[p] << shift;
        digits += over > half || (over == half && digits & 1);
        if (p == 3) return put_places(digits, (size_t)k, buf);
        uint64_t decimal = (digits * units[p]) << shift;
        bool below = decimal < exact;
        uint64_t distance = below ? exact - decimal : decimal - exact;
        if (distance << (1 + (below && m == UINT64_C(1) << 23)) < fives[k]) return put_places(digits, (size_t)k - 3 + p, buf);
    }
}

size_t toc_format_float(float value, char *buf)
{
    float magnitude = fabsf(value);
    size_t sign = value < 0;

    buf[0] = 0;
    if (isnan(value)) return 0;
    if (sign) buf[0] = '-';
    if (magnitude < 0x1p24f && magnitude == (float)(uint32_t)magnitude) {
        size_t n = put_whole((uint32_t)magnitude, buf + sign);
        buf[sign + n] = 0;
        return sign + n;
    }
    if (magnitude >= 1e-5f && magnitude < 1e5f) return sign + put_float(magnitude, buf + sign);
    for (int digits = magnitude < 0x1p-126f ? 1 : 6;; digits++) {
        size_t n = (size_t)snprintf(buf + sign, 31, "%.*g", digits, (double)magnitude);
        if (digits == 9 || strtof(buf + sign, NULL) == magnitude) return sign + n;
    }
}

size_t toc_format_int(int64_t value, char *buf)
{
    size_t sign = value < 0, n = put_whole(sign ? 0 - (uint64_t)value : (uint64_t)value, buf + sign);

    if (sign) buf[0] = '-';
    buf[sign + n] = 0;
    return sign + n;
}
