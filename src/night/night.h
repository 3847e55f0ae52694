/* night.h: one night: the new exports of an inbox into the store, all questions asked, their reports in a folder of their own.
 *
 * The folder is written beside its place and renamed, and the store commits once; so a failed night leaves both as they were,
 * and a night run twice leaves the same reports. One night at a time: the store's lock. */
#ifndef NIGHT_NIGHT_H
#define NIGHT_NIGHT_H

#include "base/base.h"

typedef struct {
    const char *store; /* file, made when missing */
    const char *inbox; /* folder of exports; names that begin with a dot or end in .part or .tmp are left alone */
    const char *out;   /* folder of reports, made when missing */
    int64_t as_of;     /* TOC_NO_TIME = the first midnight after the data */
    const char *max_rejects; /* refused rows allowed, "100" or "0.5%"; NULL = damaged records fail the night */
    int64_t top;       /* warnings of each question on the front page */
    const char *currency; /* of amounts whose export names none; may be NULL */
    const char *rates; /* file of rates (shop_rates_read) to convert orders and payments to the currency; NULL = not */
    int argc;          /* as typed, for the manifest */
    char *const *argv;
} night_options;

typedef struct {
    int64_t as_of;
    size_t n_files;     /* exports read */
    bool nothing_new;   /* no new export, and the reports of that night were there: nothing was written */
    int worst;          /* highest level of any warning, -1 = none */
    const char *folder; /* of the reports; lives in ctx->arena */
} night_result;

/* Runs one night. Files of OUT/YYYY-MM-DD (local date of as_of): index.html (all questions), churn, fraud and inventory each as
 * .csv, .json and .html, changes.csv (what is new, worse, better or resolved since the night before, among warnings and critical
 * ones), manifest.json, and rejects.csv when rows were refused. A question that the data cannot answer is named on stderr and in
 * its report; the others go on. Errors: TOC_E_BUSY (another writer), TOC_E_DATA (unreadable exports, too many refused rows, no
 * question could be answered), TOC_E_IO, TOC_E_USAGE (no inbox), TOC_E_NOMEM. */
TOC_CHECKED toc_status night_run(toc_ctx *ctx, const night_options *options, night_result *result);

#endif
