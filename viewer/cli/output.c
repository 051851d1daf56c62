/* Whole files, or standard output. */
#include "viewer/cli/output.h"

#include "base/atomic_file.h"
#include "viewer/cli/commands.h"

#include <stdio.h>
#include <string.h>

int output_write(const char *path, const struct bytes *out)
{
    if (path && strcmp(path, "-") != 0) {
        int error = atomic_file_write(path, out->data, out->len, false);
        if (!error)
            return EXIT_DONE;
        fprintf(stderr, "preflame: cannot write '%s': %s; choose another place with -o\n", path,
                strerror(-error));
        return EXIT_FAILED;
    }
    if (fwrite(bytes_text(out), 1, out->len, stdout) == out->len && fflush(stdout) == 0)
        return EXIT_DONE;
    fputs("preflame: could not write to standard output; use -o FILE\n", stderr);
    return EXIT_FAILED;
}
