/* commands.h: the subcommands, one file each, and what they share. */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include "cli/cli.h"
#include "shop/shop.h"

/* The list that main() runs; NULL-terminated, in the order help shows. */
extern const cli_command *const cmd_all[];

extern const cli_command cmd_completion;
extern const cli_command cmd_forecast;
extern const cli_command cmd_ingest;

/* Loads the shop a command was pointed at: the store, and the files given by kind and as positional arguments (stdin when nothing at all is given).
 * Rejected rows go to --rejects and are counted on stderr. as_of: what the store may know (TOC_NO_TIME = everything). shop is initialised
 * here; release it in any case. */
TOC_CHECKED toc_status cmd_load_shop(toc_ctx *ctx, const cli_call *call, const cli_shop *source, int64_t as_of, shop_data *shop);

#endif
