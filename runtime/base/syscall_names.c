/* The table of system call names. */
#include "base/syscall_names.h"

#include <stdio.h>
#include <sys/syscall.h>

static const char *const names[] = {
#include "syscall_names_table.h"
};

const char *syscall_name(uint32_t number, char *buffer, size_t buffer_size)
{
    if (number < sizeof(names) / sizeof(names[0]) && names[number])
        return names[number];
    snprintf(buffer, buffer_size, "%u", number);
    return buffer;
}
