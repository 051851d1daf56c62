/* The command that is about to run: where it is, and whether a preload can work in it. */
#include "viewer/session/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define HEAD_SIZE                                                                                            \
    4096 /* bytes of a file that are looked at: ELF header and program headers, or the #! line */

static int check_executable(const char *path)
{
    struct stat info;
    if (stat(path, &info))
        return errno == ENOTDIR ? -ENOENT : -errno;
    if (!S_ISREG(info.st_mode) || access(path, X_OK))
        return -EACCES;
    return 0;
}

static int put_path(char *ret_path, size_t size, const char *dir, size_t dir_len, const char *name)
{
    int len = snprintf(ret_path, size, "%.*s%s%s", (int)dir_len, dir, dir_len ? "/" : "", name);
    return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

int target_find(const char *name, char *ret_path, size_t path_size)
{
    if (name[0] == '\0')
        return -ENOENT;
    if (strchr(name, '/')) {
        int status = put_path(ret_path, path_size, "", 0, name);
        return status ? status : check_executable(ret_path);
    }
    const char *dirs = getenv("PATH");
    int result = -ENOENT;
    for (const char *dir = dirs ? dirs : "/usr/bin:/bin"; dir;
         dir = strchr(dir, ':') ? strchr(dir, ':') + 1 : NULL) {
        int status = put_path(ret_path, path_size, dir, strcspn(dir, ":"), name);
        status = status ? status : check_executable(ret_path);
        if (status == 0)
            return 0;
        if (status == -EACCES)
            result = status; /* execvp remembers it too, and looks on */
    }
    return result;
}

static ssize_t read_head(const char *path, char *head)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : pread(fd, head, HEAD_SIZE - 1, 0);
    if (fd >= 0)
        close(fd);
    head[len > 0 ? len : 0] = '\0';
    return len;
}

/* The kernel's AT_SECURE in short: the loader then drops LD_PRELOAD. Root gains nothing from either. */
static const char *privilege_obstacle(const char *path)
{
    struct stat info;
    char capability[64];
    if (stat(path, &info))
        return NULL;
    if ((info.st_mode & S_ISUID) && info.st_uid != geteuid())
        return "is setuid: the loader ignores preloads there";
    if ((info.st_mode & S_ISGID) && (info.st_mode & S_IXGRP) && info.st_gid != getegid())
        return "is setgid: the loader ignores preloads there";
    if (geteuid() != 0 && getxattr(path, "security.capability", capability, sizeof(capability)) > 0)
        return "has file capabilities: the loader ignores preloads there";
    return NULL;
}

static const char *elf_obstacle(const char *head, size_t len)
{
    Elf64_Ehdr header;
    if (head[EI_CLASS] != ELFCLASS64)
        return "is a 32-bit program";
    if (len < sizeof(header))
        return NULL;
    memcpy(&header, head, sizeof(header));
    size_t end = header.e_phoff + (size_t)header.e_phnum * sizeof(Elf64_Phdr);
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > len || end > len)
        return NULL; /* program headers elsewhere: unusual, so nothing is said */
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, head + header.e_phoff + i * sizeof(segment), sizeof(segment));
        if (segment.p_type == PT_INTERP)
            return NULL;
    }
    return "is statically linked: there is no loader to preload anything";
}

const char *target_preload_obstacle(const char *path)
{
    char head[HEAD_SIZE];
    char interpreter[PATH_MAX];
    ssize_t len = read_head(path, head);
    if (len > 2 && memcmp(head, "#!", 2) == 0) {
        /* The kernel runs the interpreter; a setuid bit of a script means nothing on Linux. */
        char *start = head + 2 + strspn(head + 2, " \t");
        snprintf(interpreter, sizeof(interpreter), "%.*s", (int)strcspn(start, " \t\n"), start);
        path = interpreter;
        len = read_head(path, head);
    }
    const char *obstacle = privilege_obstacle(path);
    if (!obstacle && len > SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
        obstacle = elf_obstacle(head, (size_t)len);
    return obstacle;
}
