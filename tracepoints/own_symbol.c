/* A look into an object's own hash table of exported symbols (DT_GNU_HASH). */
#include "tracepoints/own_symbol.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash_table {
    uint32_t bucket_count, first_symbol, bloom_words, bloom_shift;
    uint64_t bloom[]; /* then the buckets, then the chains */
};

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 5381;
    for (const unsigned char *at = (const unsigned char *)name; *at; at++)
        hash = hash * 33 + *at;
    return hash;
}

static const ElfW(Sym) *
    find(const struct hash_table *table, const ElfW(Sym) * symbols, const char *strings, const char *name)
{
    uint32_t hash = hash_of(name);
    const uint32_t *buckets = (const uint32_t *)(const void *)(table->bloom + table->bloom_words);
    const uint32_t *chains = buckets + table->bucket_count;
    uint32_t at = buckets[hash % table->bucket_count];
    if (at < table->first_symbol)
        return NULL;
    for (;; at++) {
        uint32_t here = chains[at - table->first_symbol]; /* the lowest bit ends the chain */
        if ((here | 1) == (hash | 1) && strcmp(strings + symbols[at].st_name, name) == 0)
            return &symbols[at];
        if (here & 1)
            return NULL;
    }
}

void *own_symbol(const char *name, void *near)
{
    struct dl_find_object object;
    if (_dl_find_object(near, &object) != 0)
        return NULL;
    const struct hash_table *table = NULL;
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    /* The loader has made these addresses absolute. */
    for (const ElfW(Dyn) *row = object.dlfo_link_map->l_ld; row->d_tag != DT_NULL; row++) {
        if (row->d_tag == DT_GNU_HASH)
            table = (const void *)row->d_un.d_ptr;
        else if (row->d_tag == DT_SYMTAB)
            symbols = (const void *)row->d_un.d_ptr;
        else if (row->d_tag == DT_STRTAB)
            strings = (const void *)row->d_un.d_ptr;
    }
    const ElfW(Sym) *found =
        table && table->bucket_count && symbols && strings ? find(table, symbols, strings, name) : NULL;
    return found && found->st_shndx != SHN_UNDEF ? (void *)(object.dlfo_link_map->l_addr + found->st_value)
                                                 : NULL;
}
