/* What exec tests run: prints its arguments and one variable, and ends with status 23. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        printf("argument %s, ", argv[i]);
    }
    const char *value = getenv("EXEC_TARGET");
    printf("EXEC_TARGET=%s\n", value != NULL ? value : "(unset)");
    return 23;
}
