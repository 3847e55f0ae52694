/* inbox.c: which exports are new. */
#include "night/night_int.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "reader/reader.h"

/* Names of files that are still being written, or are not meant for us. */
static bool passed_over(toc_str name)
{
    return toc_str_starts(name, ".") || toc_str_ends(name, ".part") || toc_str_ends(name, ".tmp") || toc_str_ends(name, "~");
}

static int by_text(const void *a, const void *b, const void *arg)
{
    const char *const *x = a, *const *y = b;
    (void)arg;
    return strcmp(*x, *y);
}

static toc_status list_folder(toc_ctx *ctx, const char *inbox, const char ***paths, size_t *n)
{
    DIR *folder = opendir(inbox);
    size_t cap = 0;
    struct dirent *entry;
    toc_status st = TOC_OK;

    if (!folder)
        return toc_fail_errno(ctx, errno == ENOENT || errno == ENOTDIR ? TOC_E_USAGE : TOC_E_IO, errno,
                              "cannot open the inbox %s", inbox);
    while (!st && (errno = 0, entry = readdir(folder))) {
        struct stat info;
        const char *path;
        if (passed_over(toc_str_of(entry->d_name))) continue;
        if ((st = night_path(ctx, inbox, entry->d_name, &path))) break;
        if (stat(path, &info) || !S_ISREG(info.st_mode)) continue;
        if (!(st = toc_grow(ctx, paths, &cap, *n + 1, sizeof **paths))) (*paths)[(*n)++] = path;
    }
    if (!st && errno) st = toc_fail_errno(ctx, TOC_E_IO, errno, "cannot read the inbox %s", inbox);
    closedir(folder);
    return st;
}

/* Keeps a file unless the store or this night has its content. */
static toc_status take(toc_ctx *ctx, night_state *n, const char *path)
{
    night_file *file = &n->files[n->n_files];
    bool seen;

    file->path = path;
    TOC_TRY(rd_hash_file(ctx, path, file->hash));
    TOC_TRY(sto_file_seen(ctx, n->store, file->hash, &seen));
    for (size_t i = 0; i < n->n_files && !seen; i++) seen = !strcmp(n->files[i].hash, file->hash);
    if (seen) toc_note(ctx, "%s was read before", path);
    else n->n_files++;
    return TOC_OK;
}

toc_status night_find_files(toc_ctx *ctx, night_state *n)
{
    const char **paths = NULL;
    size_t count = 0;

    toc_status st = list_folder(ctx, n->options->inbox, &paths, &count);
    if (!st && count) st = toc_sort(ctx, paths, count, sizeof *paths, by_text, NULL);
    if (!st) st = toc_arena_alloc(ctx, &ctx->arena, count, sizeof *n->files, &n->files);
    for (size_t i = 0; i < count && !st; i++) st = take(ctx, n, paths[i]);
    toc_free(paths);
    return st;
}
