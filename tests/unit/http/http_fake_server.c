/* A server over the fake process, for tests with real clients. Prints its TCP port; ends when its input ends.
 * Usage: http_fake_server SOCKET [HELPER-COMMAND...] */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct fake_source fake;
    struct served served;
    if (argc < 2) {
        fprintf(stderr, "usage: http_fake_server SOCKET [HELPER-COMMAND...]\n");
        return 2;
    }
    fake_source_init(&fake);
    if (argc > 2)
        fake.source.helper_argv = (const char *const *)argv + 2;
    struct http_options options = {.socket_path = argv[1], .tcp_host = ""};
    int error = served_start(&served, &options, &fake.source);
    if (!error && (served.socket_error || served.tcp_error)) {
        error = served.socket_error ? served.socket_error : served.tcp_error;
        served_stop(&served);
    }
    if (error) {
        fprintf(stderr, "http_fake_server: cannot serve: %s\n", strerror(-error));
        return 1;
    }
    printf("%d\n", served.tcp_port);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return served_stop(&served) ? 1 : 0;
}
