/* scratch.h: files of a test in a folder of its process, below $TMPDIR, gone when it ends: any tests can run at once. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[200];
static pid_t scratch_owner;

static inline void scratch_clear(void)
{
    struct dirent *entry;
    char path[600];
    DIR *folder = getpid() == scratch_owner ? opendir(scratch_folder) : NULL; /* children leave it */

    while (folder && (entry = readdir(folder))) {
        snprintf(path, sizeof path, "%s/%s", scratch_folder, entry->d_name);
        unlink(path);
    }
    if (!folder) return;
    closedir(folder);
    rmdir(scratch_folder);
}

/* Path of a file in the folder, of the folder itself for an empty name. The same for the same name; never freed; 16 names at most. */
static inline const char *scratch_path(const char *name)
{
    static char paths[16][sizeof scratch_folder + 100];
    static unsigned n;
    const char *above = getenv("TMPDIR");

    if (!scratch_owner) {
        snprintf(scratch_folder, sizeof scratch_folder, "%s/tocsin-test-XXXXXX", above && *above ? above : "/tmp");
        if (!mkdtemp(scratch_folder)) {
            perror(scratch_folder);
            exit(4);
        }
        scratch_owner = getpid();
        atexit(scratch_clear);
    }
    char path[sizeof *paths];
    snprintf(path, sizeof path, "%s%s%s", scratch_folder, *name ? "/" : "", name);
    for (unsigned i = 0; i < n; i++)
        if (!strcmp(paths[i], path)) return paths[i];
    if (n == sizeof paths / sizeof *paths) abort();
    return memcpy(paths[n++], path, sizeof path);
}

#endif
