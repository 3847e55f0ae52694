/* commands.h: the subcommands, one file each, and what they share. */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include "cli/cli.h"
#include "fraud/fraud.h"
#include "ingest/ingest.h"
#include "report/report.h"
#include "shop/shop.h"
#include "warn/warn.h"

/* The list that main() runs; NULL-terminated, in the order help shows. */
extern const cli_command *const cmd_all[];

extern const cli_command cmd_nightly;
extern const cli_command cmd_churn, cmd_fraud, cmd_inventory;
extern const cli_command cmd_ingest, cmd_features, cmd_gain, cmd_tree, cmd_encode, cmd_report;
extern const cli_command cmd_merchant;
extern const cli_command cmd_store, cmd_model, cmd_train, cmd_forecast, cmd_completion;

/* Loads the shop a command was pointed at: the store, and the files given by kind and as positional arguments (stdin when nothing at all is given).
 * Rejected rows go to --rejects and are counted on stderr. as_of: what the store may know (TOC_NO_TIME = everything). shop is initialised
 * here; release it in any case. */
TOC_CHECKED toc_status cmd_load_shop(toc_ctx *ctx, const cli_call *call, const cli_shop *source, int64_t as_of, shop_data *shop);
/* The file, "-" being stdin, where a command was pointed at nothing but one that may be of order lines; NULL else. */
const char *cmd_lone_orders(const cli_call *call, const cli_shop *source);
/* The same from that file, by shards of its customers, with the columns that are wanted; where that cannot be, *shards is NULL and shop as cmd_load_shop
 * leaves it. Release both in any case. */
TOC_CHECKED toc_status cmd_load_shards(toc_ctx *ctx, const char *file, const cli_shop *source, uint64_t columns, ing_shards **shards, shop_data *shop);

/* Vectors of the shop's reviews, by the encoder in `folder` (NULL = the default one; empty where there is none), kept in the store at store_path (NULL =
 * none). A store that somebody else writes to is only a cache missed. */
TOC_CHECKED toc_status cmd_encode_reviews(toc_ctx *ctx, const shop_data *shop, const char *folder, const char *store_path, fraud_vectors *vectors);

/* Writes the table to an open output and closes it. */
TOC_CHECKED toc_status cmd_close_csv(toc_ctx *ctx, const tab_table *table, toc_out *out);
TOC_CHECKED toc_status cmd_close_shop_csv(toc_ctx *ctx, const shop_data *shop, shop_kind kind, toc_out *out);

/* How warnings leave a command; the same for churn, fraud and inventory. */
typedef struct {
    int64_t top;         /* written; 0 = all */
    const char *format;  /* of rep_format_names */
    const char *fail_on; /* of cmd_fail_words */
    const char *out;     /* file; "-" is stdout */
} cmd_output;
extern const char *const cmd_fail_words[];
#define CMD_OUTPUT_DEFAULTS { .top = 0, .format = "text", .fail_on = "none", .out = "-" }
#define CMD_OUTPUT(args, f) \
    CLI_INT('n', "top", args, f.top, .min = 0, .max = 1e9, .help = "write the N worst only [0: all]"), \
    CLI_WORD('f', "format", args, f.format, rep_format_names, .arg = "FORMAT", .help = "csv, json, text or html [text]"), \
    CLI_TEXT('o', "out", args, f.out, .arg = "FILE", .help = "write to FILE [stdout]"), \
    CLI_WORD(0, "fail-on", args, f.fail_on, cmd_fail_words, .arg = "LEVEL", .help = "exit 1 on warnings of LEVEL or worse [none]")

/* Writes the list as asked; TOC_FINDINGS when --fail-on says so. */
TOC_CHECKED toc_status cmd_write_warnings(toc_ctx *ctx, const cmd_output *report, const warn_list *list);

#endif
