/* termios and the sequences that every terminal since the VT100 knows. */
#include "viewer/cli/terminal.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const char enter[] = "\033[?1049h\033[?25l\033[H\033[J", leave[] = "\033[?25h\033[?1049l";
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGPIPE};

static struct termios before, ours;
static volatile sig_atomic_t is_taken;

static void put(const char *text, size_t len)
{
    while (len) {
        ssize_t put = write(STDOUT_FILENO, text, len);
        if (put <= 0)
            return;
        text += put;
        len -= (size_t)put;
    }
}

static void take(void)
{
    is_taken = 1;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &ours);
    put(enter, sizeof(enter) - 1);
}

void terminal_give_back(void)
{
    if (!is_taken)
        return;
    is_taken = 0;
    put(leave, sizeof(leave) - 1);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

/* Its action is the default again: the process ends as if nobody had looked. */
static void on_end(int number)
{
    terminal_give_back();
    raise(number);
}

static void on_stop(int number)
{
    (void)number;
    terminal_give_back();
    raise(SIGSTOP);
    take();
}

bool terminal_take(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    ours = before;
    ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    ours.c_cc[VMIN] = 1;
    ours.c_cc[VTIME] = 0;
    struct sigaction action = {.sa_handler = on_end, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        sigaction(ending[i], &action, NULL);
    action = (struct sigaction){.sa_handler = on_stop, .sa_flags = SA_RESTART};
    sigaction(SIGTSTP, &action, NULL);
    atexit(terminal_give_back);
    take();
    return true;
}

bool terminal_was_pressed(char key)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char keys[64];
    while (poll(&input, 1, 0) > 0) {
        ssize_t len = read(STDIN_FILENO, keys, sizeof(keys));
        if (len <= 0) /* nobody sits there any more */
            return true;
        if (memchr(keys, key, (size_t)len))
            return true;
    }
    return false;
}

void terminal_size(size_t *ret_rows, size_t *ret_columns)
{
    struct winsize size;
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;
    *ret_rows = is_known ? size.ws_row : 24;
    *ret_columns = is_known ? size.ws_col : 80;
}

/* The bytes of a line that fill at most so many columns. */
static size_t fitting(const char *line, size_t len, size_t columns)
{
    size_t at = 0;
    for (size_t used = 0; at < len; at++) {
        bool is_first_byte = ((unsigned char)line[at] & 0xc0) != 0x80;
        if (is_first_byte && used++ == columns)
            break;
    }
    return at;
}

void terminal_draw(const char *text)
{
    size_t rows, columns;
    terminal_size(&rows, &columns);
    put("\033[H", 3);
    for (size_t row = 0; *text && row < rows; row++) {
        size_t len = strcspn(text, "\n");
        put(row ? "\r\n" : "", row ? 2 : 0);
        put(text, fitting(text, len, columns));
        put("\033[K", 3);
        text += len + (text[len] == '\n');
    }
    put("\033[J", 3);
}
