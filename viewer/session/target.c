/* The command that is about to run: where it is, and whether a preload can work in it. */
#include "viewer/session/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
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

static const char *loader_obstacle(const char *head, size_t len, const Elf64_Phdr *segment)
{
    const char *name = segment->p_offset < len ? head + segment->p_offset : "";
    return strstr(name, "/ld-musl-") ? "is linked against musl: preflame needs glibc" : NULL;
}

static const char *elf_obstacle(const char *head, size_t len)
{
    Elf64_Ehdr header;
    if (head[EI_CLASS] != ELFCLASS64)
        return "is a 32-bit program";
    if (len < sizeof(header))
        return NULL;
    memcpy(&header, head, sizeof(header));
    if (header.e_machine != EM_X86_64)
        return "is for another processor than x86-64";
    size_t end = header.e_phoff + (size_t)header.e_phnum * sizeof(Elf64_Phdr);
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > len || end > len)
        return NULL; /* program headers elsewhere: unusual, so nothing is said */
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, head + header.e_phoff + i * sizeof(segment), sizeof(segment));
        if (segment.p_type == PT_INTERP)
            return loader_obstacle(head, len, &segment);
    }
    return "is statically linked: there is no loader to preload anything";
}

/* The file that the kernel maps, and its head: of a script, its interpreter's. A setuid bit of a script means
 * nothing on Linux. */
static ssize_t read_program(const char **path, char interpreter[PATH_MAX], char *head)
{
    ssize_t len = read_head(*path, head);
    if (len > 2 && memcmp(head, "#!", 2) == 0) {
        char *start = head + 2 + strspn(head + 2, " \t");
        snprintf(interpreter, PATH_MAX, "%.*s", (int)strcspn(start, " \t\n"), start);
        *path = interpreter;
        len = read_head(*path, head);
    }
    return len;
}

/* Of the dynamic symbols: its runtime is called from the program, or lies in it for all to call. */
static const char *sanitizer_of(Elf *elf)
{
    static const struct {
        char symbol[16], name[20];
    } sanitizers[] = {{"__asan_init", "AddressSanitizer"},
                      {"__tsan_init", "ThreadSanitizer"},
                      {"__msan_init", "MemorySanitizer"}};
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    while ((section = elf_nextscn(elf, section)) && gelf_getshdr(section, &header)) {
        Elf_Data *data = header.sh_type == SHT_DYNSYM ? elf_getdata(section, NULL) : NULL;
        GElf_Sym symbol;
        for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
            const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
            for (size_t k = 0; name && k < ARRAY_SIZE(sanitizers); k++) {
                if (strcmp(name, sanitizers[k].symbol) == 0)
                    return sanitizers[k].name;
            }
        }
    }
    return NULL;
}

const char *target_sanitizer(const char *path)
{
    char head[HEAD_SIZE], interpreter[PATH_MAX];
    (void)read_program(&path, interpreter, head);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    Elf *elf = fd >= 0 && elf_version(EV_CURRENT) != EV_NONE ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
    const char *name = elf ? sanitizer_of(elf) : NULL;
    elf_end(elf);
    if (fd >= 0)
        close(fd);
    return name;
}

const char *target_preload_obstacle(const char *path)
{
    char head[HEAD_SIZE], interpreter[PATH_MAX];
    ssize_t len = read_program(&path, interpreter, head);
    const char *obstacle = privilege_obstacle(path);
    if (!obstacle && len > SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
        obstacle = elf_obstacle(head, (size_t)len);
    return obstacle;
}
