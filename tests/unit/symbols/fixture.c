/* Truth about the fixtures: by libelf, readelf and the marks in their sources. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int find_in_section(Elf *elf, Elf_Scn *section, const char *symbol, uint64_t *ret_value)
{
    GElf_Shdr header;
    GElf_Sym sym;
    assert_non_null(gelf_getshdr(section, &header));
    if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)
        return 0;
    Elf_Data *data = elf_getdata(section, NULL);
    for (int i = 0; gelf_getsym(data, i, &sym); i++) {
        const char *name = elf_strptr(elf, header.sh_link, sym.st_name);
        if (name && sym.st_shndx != SHN_UNDEF && strcmp(name, symbol) == 0) {
            *ret_value = sym.st_value;
            return 1;
        }
    }
    return 0;
}

uint64_t fixture_symbol(const char *path, const char *symbol)
{
    uint64_t value = 0;
    int is_found = 0, fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    Elf_Scn *section = NULL;
    while (!is_found && (section = elf_nextscn(elf, section)))
        is_found = find_in_section(elf, section, symbol, &value);
    elf_end(elf);
    close(fd);
    if (!is_found)
        fail_msg("%s has no symbol %s", path, symbol);
    return value;
}

int fixture_line(const char *source, const char *what)
{
    char path[4096], mark[128], line[512];
    int number = 0;
    snprintf(path, sizeof(path), "%s/%s", FIXTURE_SOURCES, source);
    snprintf(mark, sizeof(mark), "at: %s", what);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        number++;
        const char *at = strstr(line, mark);
        if (at && strchr("\n ", at[strlen(mark)])) {
            fclose(file);
            return number;
        }
    }
    fclose(file);
    fail_msg("%s has no line marked %s", source, what);
    return 0;
}

void fixture_build_id(const char *path, char *hex, size_t size)
{
    char command[4096], line[512];
    snprintf(command, sizeof(command), "LC_ALL=C readelf -n '%s'", path);
    /* NOLINTNEXTLINE(cert-env33-c): the path is a test's own */
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    *hex = '\0';
    while (fgets(line, sizeof(line), pipe)) {
        const char *at = strstr(line, "Build ID: ");
        if (at)
            snprintf(hex, size, "%.*s", (int)strcspn(at + 10, "\n"), at + 10);
    }
    pclose(pipe);
    assert_true(strlen(hex) == 40);
}

void fixture_copy(const char *from, const char *to)
{
    char command[8192];
    snprintf(command, sizeof(command), "cp -p '%s' '%s'", from, to);
    /* NOLINTNEXTLINE(cert-env33-c): the paths are a test's own */
    assert_int_equal(system(command), 0);
}

char *fixture_folder(void)
{
    char *folder = strdup("/tmp/preflame-symbols-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

void fixture_remove_folder(char *folder)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
}
