/* main.c: the list of commands, and the only place that ends the process. */
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/cli.h"
#include "commands/commands.h"

/* OpenBLAS has no header of its own for these in every distribution; the second is not in every build of it. */
extern void openblas_set_num_threads(int n);
extern int blas_thread_shutdown_(void) __attribute__((weak));

const cli_command *const cmd_all[] = {
    &cmd_nightly, &cmd_churn, &cmd_fraud, &cmd_inventory,
    &cmd_ingest, &cmd_features, &cmd_gain, &cmd_tree, &cmd_encode, &cmd_report,
    &cmd_merchant,
    &cmd_store, &cmd_model, &cmd_train, &cmd_forecast, &cmd_completion,
    NULL,
};

/* OpenBLAS starts threads when it is loaded; where memory is limited they ask for theirs for ever, and waiting for their end would take as long. So the program
 * begins anew with the library told to start none. */
static void begin_anew_in_short_memory(char **argv)
{
    static const int kinds[] = { RLIMIT_DATA, RLIMIT_AS };
    const rlim_t enough = (rlim_t)1 << 30;
    struct rlimit limit;
    bool is_short = false;

    for (size_t i = 0; i < TOC_COUNT(kinds); i++) is_short |= getrlimit(kinds[i], &limit) == 0 && limit.rlim_cur < enough;
    if (!is_short || getenv("OPENBLAS_NUM_THREADS") || setenv("OPENBLAS_NUM_THREADS", "1", 1)) return;
    (void)execv("/proc/self/exe", argv);
}

static void settle_environment(toc_ctx *ctx)
{
    const char *now = getenv("TOCSIN_NOW"), *cpu = getenv("TOCSIN_CPU"), *trace = getenv("TOCSIN_TRACE");
    int64_t fixed;

    /* tocsin runs the threads itself, so that results do not depend on their number; those of OpenBLAS would spin for a tenth of a second */
    openblas_set_num_threads(1);
    if (blas_thread_shutdown_) blas_thread_shutdown_();
    signal(SIGPIPE, SIG_IGN);    /* a closed pipe shows as EPIPE, and toc_out ends quietly */
    signal(SIGXFSZ, SIG_IGN);    /* a limit on file sizes shows as EFBIG, like a full disk */
    if (cpu) ctx->cpu = strcmp(cpu, "plain") == 0 ? TOC_CPU_PLAIN : strcmp(cpu, "avx2") == 0 ? TOC_CPU_AVX2 : TOC_CPU_BEST;
    if (now && toc_parse_time(ctx, toc_str_of(now), TOC_DATE_YMD, &fixed)) ctx->now = fixed;
    if (trace && *trace) ctx->trace = fopen(trace, "a");
}

int main(int argc, char **argv)
{
    toc_ctx ctx;

    begin_anew_in_short_memory(argv);
    toc_ctx_init(&ctx);
    settle_environment(&ctx);
    toc_trace(&ctx, "start", argc > 1 ? argv[1] : "");
    toc_status st = cli_main(&ctx, cmd_all, argc, argv);
    int code = toc_exit_code(st);

    if (code > 1) {
        if (ctx.command) fprintf(stderr, "%s %s: %s\n", ctx.program, ctx.command, ctx.message);
        else fprintf(stderr, "%s: %s\n", ctx.program, ctx.message);
    }
    toc_trace(&ctx, "exit", argc > 1 ? argv[1] : "");
    if (ctx.trace) fclose(ctx.trace);
    toc_ctx_release(&ctx);
    return code;
}
