/* The packets of a metadata file: each header says how long its packet is. */
#include "viewer/ctf/metadata.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MAGIC UINT32_C(0x75d11d57)
#define HEADER_BYTES 37
#define CONTENT_SIZE_AT 24 /* behind the magic, the UUID and the checksum; bits */
#define PACKET_SIZE_AT 28  /* bits */

/* Little-endian, as every machine that we run on writes it. */
static uint32_t number_at(const unsigned char *header, unsigned offset)
{
    uint32_t value;
    memcpy(&value, header + offset, sizeof(value));
    return value;
}

static bool packets_are_whole(FILE *file, long file_bytes)
{
    for (long at = 0; at < file_bytes;) {
        unsigned char header[HEADER_BYTES];
        if (fseek(file, at, SEEK_SET) != 0 || fread(header, 1, sizeof(header), file) != sizeof(header))
            return false;
        long packet_bytes = (long)(number_at(header, PACKET_SIZE_AT) / 8);
        if (number_at(header, 0) != MAGIC || packet_bytes < HEADER_BYTES || packet_bytes > file_bytes - at ||
            number_at(header, CONTENT_SIZE_AT) > number_at(header, PACKET_SIZE_AT))
            return false;
        at += packet_bytes;
    }
    return true;
}

bool metadata_is_whole(const char *trace_dir)
{
    char path[PATH_MAX];
    unsigned char magic[4] = {0};
    if (snprintf(path, sizeof(path), "%s/metadata", trace_dir) >= (int)sizeof(path))
        return false;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool is_packets = fread(magic, 1, sizeof(magic), file) == sizeof(magic) && number_at(magic, 0) == MAGIC;
    long file_bytes = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : 0;
    bool is_whole = !is_packets || packets_are_whole(file, file_bytes);
    fclose(file);
    return is_whole;
}
