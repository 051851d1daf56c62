/* Profiles made by hand over a fixture's segments, which libelf reads. */
#include "profiles.h"

#include "fixture.h"

#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#define PAGE_MASK UINT64_C(0xfff)

static GElf_Phdr code_segment(const char *path)
{
    GElf_Phdr segment = {0};
    int fd = open(path, O_RDONLY);
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    for (int i = 0; gelf_getphdr(elf, i, &segment); i++)
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X))
            break;
    elf_end(elf);
    close(fd);
    assert_true(segment.p_flags & PF_X);
    return segment;
}

struct profile *profile_over(const char *layout, uint64_t base, const char *file, const char *build_id)
{
    GElf_Phdr code = code_segment(layout);
    struct profile *p = profile_new();
    assert_non_null(p);
    profile_add_type(p, "cpu", "nanoseconds");
    uint64_t start = base + (code.p_vaddr & ~PAGE_MASK);
    uint64_t limit = base + ((code.p_vaddr + code.p_memsz + PAGE_MASK) & ~PAGE_MASK);
    assert_int_equal(profile_add_mapping(p, start, limit, code.p_offset & ~PAGE_MASK, file, build_id), 0);
    return p;
}

uint32_t profile_add_at(struct profile *p, const char *layout, uint64_t base, const char *symbol,
                        uint64_t plus)
{
    int64_t value = 10;
    uint32_t location = profile_add_location(p, 0, base + fixture_symbol(layout, symbol) + plus, NULL, 0);
    profile_add_sample(p, &location, 1, NULL, 0, &value);
    assert_int_equal(p->error, 0);
    return location;
}

const struct profile_location *location_at(const struct profile *p, uint64_t address)
{
    for (size_t i = 0; i < p->locations.count; i++)
        if (p->locations.data[i].address == address)
            return &p->locations.data[i];
    fail_msg("no location at %#lx", (unsigned long)address);
    return NULL;
}

static const struct profile_function *function_at(const struct profile *p,
                                                  const struct profile_location *location, uint32_t depth)
{
    assert_in_range(depth, 0, location->line_count - 1);
    return &p->functions.data[p->lines.data[location->first_line + depth].function];
}

const char *shown_at(const struct profile *p, const struct profile_location *location, uint32_t depth)
{
    return profile_text(p, function_at(p, location, depth)->name);
}

const char *system_name_at(const struct profile *p, const struct profile_location *location, uint32_t depth)
{
    return profile_text(p, function_at(p, location, depth)->system_name);
}

const char *file_at(const struct profile *p, const struct profile_location *location, uint32_t depth)
{
    return profile_text(p, function_at(p, location, depth)->file);
}
