/* Any bytes as an amount or a number: no byte beyond the text is read, and what is accepted reads back from the form we write. */
#include <math.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    toc_str text = { (const char *)data, size };
    int64_t whole = 0, minor = 0, back = 0;
    double number = 0, again = 0;
    char buf[32];

    for (int digits = 0; digits <= 3; digits++) {
        for (int comma = 0; comma <= 1; comma++) {
            if (!toc_parse_money(text, digits, comma != 0, &minor)) continue;
            if (minor == TOC_NO_MONEY) __builtin_trap();
            size_t n = toc_format_money(minor, digits, buf);
            if (!toc_parse_money((toc_str){ buf, n }, digits, false, &back) || back != minor) __builtin_trap();
        }
    }
    bool is_whole = toc_parse_int(text, &whole), is_number = toc_parse_double(text, &number);
    if (is_whole && size < 500 && (!is_number || number != (double)whole)) __builtin_trap();
    if (is_number) {
        size_t n = toc_format_double(number, buf);
        if (!isfinite(number) || !toc_parse_double((toc_str){ buf, n }, &again) || again != number) __builtin_trap();
    }
    if (size && toc_currency_digits(text) != 2 && !toc_currency_known(text)) __builtin_trap();
    return 0;
}
