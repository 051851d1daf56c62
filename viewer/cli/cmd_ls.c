/* `preflame ls`: the instrumented processes. */
#include "base/bytes.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/output.h"
#include "viewer/cli/usage.h"
#include "viewer/client/processes.h"
#include "viewer/formats/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char help[] = "usage: preflame ls [--json]\n"
                           "\n"
                           "The processes that run under preflame, as far as you may look.\n"
                           "\n"
                           "      --json            an array of objects\n" USAGE_OPTIONS_HELP;

/* "3d04h", "2h05m", "1m07s", "12s". */
static const char *uptime_text(int64_t seconds, char *text, size_t size)
{
    int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
    if (days)
        snprintf(text, size, "%" PRId64 "d%02dh", days, (int)(hours % 24));
    else if (hours)
        snprintf(text, size, "%" PRId64 "h%02dm", hours, (int)(minutes % 60));
    else if (minutes)
        snprintf(text, size, "%" PRId64 "m%02ds", minutes, (int)(seconds % 60));
    else
        snprintf(text, size, "%" PRId64 "s", seconds);
    return text;
}

static int widest(const struct processes *all, size_t offset, int least)
{
    for (size_t i = 0; i < all->count; i++) {
        int len = (int)strlen((const char *)&all->data[i] + offset);
        least = len > least ? len : least;
    }
    return least;
}

static const char *or_none(const char *text)
{
    return text[0] ? text : "-";
}

static void put_table(const struct processes *all, struct bytes *out)
{
    int name = widest(all, offsetof(struct process, name), 4),
        http = widest(all, offsetof(struct process, http), 4);
    bytes_printf(out, "%7s  %-*s  %7s  %-*s  %s\n", "PID", name, "NAME", "UPTIME", http, "HTTP", "SOCKET");
    for (size_t i = 0; i < all->count; i++) {
        const struct process *process = &all->data[i];
        char uptime[32];
        bytes_printf(out, "%7d  %-*s  %7s  %-*s  %s\n", (int)process->pid, name, process->name,
                     uptime_text(process->uptime_s, uptime, sizeof(uptime)), http, or_none(process->http),
                     or_none(process->socket_path));
    }
}

static void put_json(const struct processes *all, struct bytes *out)
{
    bytes_puts(out, "[");
    for (size_t i = 0; i < all->count; i++) {
        const struct process *process = &all->data[i];
        bytes_printf(out, "%s\n  {\"pid\": %d, \"name\": ", i ? "," : "", (int)process->pid);
        json_put(out, process->name);
        bytes_printf(out, ", \"uptime_s\": %" PRId64 ", \"http\": ", process->uptime_s);
        json_put(out, process->http);
        bytes_puts(out, ", \"socket\": ");
        json_put(out, process->socket_path);
        bytes_puts(out, "}");
    }
    bytes_puts(out, all->count ? "\n]\n" : "]\n");
}

int cmd_ls(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, USAGE_LONG_OPTIONS, {NULL, 0, NULL, 0}};
    bool is_json = false;
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return usage_answer(option, help);
        if (option == '?')
            return usage_bad_option("ls", argv);
        is_json = true;
    }
    if (optind < argc)
        return usage_error("ls", "it takes no argument:", argv[optind]);
    struct processes all;
    int error = processes_find(&all);
    if (error) {
        fprintf(stderr, "preflame: cannot read /proc: %s; mount it\n", strerror(-error));
        return EXIT_FAILED;
    }
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, OUTPUT_MAX_BYTES);
    if (is_json)
        put_json(&all, &out);
    else
        put_table(&all, &out);
    processes_clear(&all);
    return output_write(NULL, &out);
}
