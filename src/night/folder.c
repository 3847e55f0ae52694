/* folder.c: the folder of a night, written beside its place and renamed. */
#include "night/night_int.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* How the names of unfinished folders begin; a nightly holds the store's lock, so what is found is a dead one's. */
#define TEMPORARY ".night-"

toc_status night_path(toc_ctx *ctx, const char *folder, const char *name, const char **path)
{
    return toc_arena_printf(ctx, &ctx->arena, path, "%s/%s", folder, name);
}

void night_remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[4600];

    if (!folder) return;
    while ((entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name) unlink(name);
    }
    closedir(folder);
    rmdir(path);
}

static void remove_leftovers(const char *out)
{
    DIR *folder = opendir(out);
    struct dirent *entry;
    char name[4600];

    if (!folder) return;
    while ((entry = readdir(folder)))
        if (toc_str_starts(toc_str_of(entry->d_name), TEMPORARY) &&
            snprintf(name, sizeof name, "%s/%s", out, entry->d_name) < (int)sizeof name)
            night_remove_folder(name);
    closedir(folder);
}

toc_status night_open_folder(toc_ctx *ctx, night_state *n)
{
    const char *out = n->options->out, *path;

    if (mkdir(out, 0777) && errno != EEXIST) return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot make %s", out);
    remove_leftovers(out);
    TOC_TRY(night_path(ctx, out, TEMPORARY "new", &path));
    if (mkdir(path, 0700)) return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot make %s", path);
    n->temporary = path;
    return TOC_OK;
}

toc_status night_place_folder(toc_ctx *ctx, night_state *n, const char *folder)
{
    const char *old;
    struct stat info;

    TOC_TRY(night_path(ctx, n->options->out, TEMPORARY "old", &old));
    if (!lstat(folder, &info) && rename(folder, old)) return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot replace %s", folder);
    if (rename(n->temporary, folder)) {
        toc_status st = toc_fail_errno(ctx, TOC_E_IO, errno, "cannot make %s", folder);
        if (rename(old, folder) && errno != ENOENT) toc_warn(ctx, "the reports that were %s are now %s", folder, old);
        return st;
    }
    n->temporary = NULL;
    night_remove_folder(old);
    return TOC_OK;
}
