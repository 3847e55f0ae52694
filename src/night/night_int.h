/* night_int.h: what the files of the night share. */
#ifndef NIGHT_NIGHT_INT_H
#define NIGHT_NIGHT_INT_H

#include "ingest/ingest.h"
#include "night/night.h"
#include "shop/shop.h"
#include "store/store.h"
#include "warn/warn.h"

enum { NIGHT_CHURN, NIGHT_FRAUD, NIGHT_INVENTORY, NIGHT_N_QUESTIONS };

/* A file of the inbox. */
typedef struct {
    const char *path; /* ctx->arena */
    char hash[33];
} night_file;

/* Steps whose time the manifest tells. */
enum { NIGHT_T_INGEST, NIGHT_T_LOAD, NIGHT_T_QUESTIONS, NIGHT_T_WRITE, NIGHT_N_TIMES };

/* One night in the making. Zero is an empty one. */
typedef struct {
    const night_options *options;
    sto_store *store;
    night_file *files;       /* new ones; ctx->arena */
    size_t n_files;
    ing_summary *summaries;  /* (n_files) ctx->arena */
    sto_added added;
    shop_data shop;
    int64_t as_of;
    warn_list lists[NIGHT_N_QUESTIONS];
    bool answered[NIGHT_N_QUESTIONS];
    int64_t night_before;
    sto_change *changes;     /* ctx->arena */
    size_t n_changes;
    const char *folder;      /* where the reports shall be; ctx->arena */
    const char *temporary;   /* where they are written; NULL = none made yet */
    double seconds[NIGHT_N_TIMES];
} night_state;

/* ---- inbox.c ---- */
/* The exports of the inbox, by name, that the store has not read; of equal ones the first. */
TOC_CHECKED toc_status night_find_files(toc_ctx *ctx, night_state *n);

/* ---- folder.c ---- */
/* Makes OUT and in it the folder that is written, after removing what a killed night left. */
TOC_CHECKED toc_status night_open_folder(toc_ctx *ctx, night_state *n);
/* Puts the folder in its place, over what was there. */
TOC_CHECKED toc_status night_place_folder(toc_ctx *ctx, night_state *n, const char *folder);
/* Removes a folder with its files; what is not there is fine. */
void night_remove_folder(const char *path);
/* FOLDER/NAME in ctx->arena. */
TOC_CHECKED toc_status night_path(toc_ctx *ctx, const char *folder, const char *name, const char **path);

/* ---- questions.c ---- */
TOC_CHECKED toc_status night_ask(toc_ctx *ctx, night_state *n);

/* ---- pages.c ---- */
/* What changed since the night before: into the store, the lists' notes and n->changes. */
TOC_CHECKED toc_status night_remember(toc_ctx *ctx, night_state *n);
/* All reports, the front page and changes.csv into the temporary folder. */
TOC_CHECKED toc_status night_write_pages(toc_ctx *ctx, night_state *n);

/* ---- manifest.c ---- */
TOC_CHECKED toc_status night_write_manifest(toc_ctx *ctx, const night_state *n);

#endif
