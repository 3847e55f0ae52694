/* train_int.h: private to train/. */
#ifndef TRN_TRAIN_INT_H
#define TRN_TRAIN_INT_H

#include "train/train.h"

static inline size_t trn_tokens_of(const trn_corpus *corpus, size_t row) { return corpus->starts[row + 1] - corpus->starts[row]; }

/* ---- state.c: where a run is ---- */

typedef struct {
    uint64_t epoch, row;         /* rows of this epoch learned from */
    uint64_t steps, batches, tokens;
    uint64_t bad_epochs;
    double seconds, loss_sum;    /* of the batches since the last line of the log */
    uint64_t loss_batches;
    double first_loss, best_loss, best_right;
} trn_position;

/* Writes the position, values and moments, in place of an earlier state. */
TOC_CHECKED toc_status trn_state_save(toc_ctx *ctx, const trn_plan *plan, const trn_position *position, const nn_params *params, const nn_adam *adam);
/* Reads them back; *found is false, and nothing changed, where there is no such file. Errors: TOC_E_USAGE (other settings), TOC_E_DATA (cut off), TOC_E_IO. */
TOC_CHECKED toc_status trn_state_load(toc_ctx *ctx, const trn_plan *plan, trn_position *position, nn_params *params, nn_adam *adam, bool *found);

#endif
