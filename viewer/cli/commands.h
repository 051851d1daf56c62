/* The subcommands of `preflame`: one row each. No code lives here. */
#ifndef PREFLAME_VIEWER_COMMANDS_H
#define PREFLAME_VIEWER_COMMANDS_H

/* Exit statuses of every command. */
#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

struct command {
    const char *name;
    const char *help;                  /* one line; NULL keeps an internal command out of the list */
    int (*run)(int argc, char **argv); /* argv[0] is `preflame`; returns an exit status */
};

/* The table, ended by a row without a name. */
extern const struct command commands[];

int cmd_run(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_collect(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_threads(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_torch(int argc, char **argv);
int cmd_view(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_symbolize(int argc, char **argv);

#endif
