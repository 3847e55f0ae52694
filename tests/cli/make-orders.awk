# An invented shop for golden cases: N customers with rhythms of their own, every third of whom stops for good; about DAYS days from 2025-01-01.
# awk -v N=200 -v DAYS=400 -f make-orders.awk
function random() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
function date(day,   m, y) {
    y = 2025
    for (;;) {
        split(y % 4 == 0 ? "31 29 31 30 31 30 31 31 30 31 30 31" : "31 28 31 30 31 30 31 31 30 31 30 31", length_of, " ")
        for (m = 1; m <= 12; m++) {
            if (day < length_of[m]) return sprintf("%04d-%02d-%02d", y, m, day + 1)
            day -= length_of[m]
        }
        y++
    }
}
BEGIN {
    seed = 4711
    print "order_id,customer_id,product_id,quantity,unit_price,currency,ordered_at"
    for (c = 0; c < N; c++) {
        gap = 8 + 40 * random(); at = 90 * random(); stop = c % 3 ? 1e9 : 80 + DAYS * random()
        for (k = 0; at < DAYS && at < stop; k++) {
            printf "o%03d-%d,c%03d,p%d,%d,%.2f,EUR,%sT%02d:00:00Z\n", c, k, c, int(9 * random()), 1 + int(3 * random()), 5 + int(40 * random()), date(int(at)), int(24 * random())
            at += gap * (0.6 + 0.8 * random())
        }
    }
}
