/* The table of subcommands. A command that was not built has no row. */
#include "viewer/cli/commands.h"

#include <stddef.h>

const struct command commands[] = {
#ifdef PREFLAME_HAVE_CMD_RUN
    {"run", "run a program under preflame", cmd_run},
#endif
#ifdef PREFLAME_HAVE_CMD_RECORD
    {"record", "record an LTTng trace of a program", cmd_record},
#endif
    {"ls", "list the processes that run under preflame", cmd_ls},
    {"profile", "fetch a profile of a running process", cmd_profile},
    {"threads", "show every thread of a running process: its wait, its stack", cmd_threads},
    {"top", "watch a running process: functions, threads, locks", cmd_top},
    {"collect", "keep profiles of a process, window by window, and push them", cmd_collect},
    {"torch", "write a running process' CPU flame graph, as go-torch does", cmd_torch},
    {"view", "show a trace or a profile: a page, a flame graph, text and more", cmd_view},
    {"diff", "show what changed between two profiles or traces", cmd_diff},
    {"doctor", "what works here and what doesn't, and what to do", cmd_doctor},
    {"recover", "the profiles of a process that was killed", cmd_recover},
#ifdef PREFLAME_HAVE_CMD_TRACE
    {"trace", NULL, cmd_trace},
#endif
#ifdef PREFLAME_HAVE_CMD_SYMBOLIZE
    {"symbolize", NULL, cmd_symbolize},
#endif
    {NULL, NULL, NULL},
};
