/* A server to test, over a fake process, and a client that may misbehave. */
#ifndef PREFLAME_TESTS_HTTP_CLIENT_H
#define PREFLAME_TESTS_HTTP_CLIENT_H

#include "fixture.h"

#include <stdatomic.h>
#include <stdbool.h>

extern struct fixture {
    char folder[64], path[108];
    struct fake_source fake;
    struct served served;
} f;

/* Fills in everything of `f` but the server. */
void make_folder(void);
/* Serves on f.path and on TCP; the rest of the options is as given. After make_folder. */
void start_with(struct http_options options);
/* make_folder and start_with. */
void start(const char *const *helper_argv, int64_t helper_timeout_ns);
/* start without helper, and its end, as cmocka wants them. */
int start_plain(void **state);
int stop(void **state);

int connect_unix(const char *path);
int connect_tcp(void);
/* May fail, and then the server has closed the connection. */
bool try_to_send(int fd, const char *text);
void send_text(int fd, const char *text);
/* Reads until the server closes, for 20 s at most, and closes `fd`. The text lives until the next call. */
const char *read_to_end(int fd);
/* Sends the request to f.path and reads to the end. */
const char *ask(const char *request);
/* The same by TCP. */
const char *ask_tcp(const char *request);
/* Waits until something can be read, for 20 s at most. */
void assert_readable(int fd);

bool begins(const char *text, const char *start_text);
bool ends(const char *text, const char *end_text);
void wait_for(atomic_int *counter, int value);

#define REQUEST_SELF "GET /debug/preflame/self HTTP/1.0\r\n\r\n"

#endif
