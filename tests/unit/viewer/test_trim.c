/* What is taken out of a flight recorder's dump: stream files made of packets as LTTng-UST begins them. */
#include "folder_fixture.h"
#include "viewer/session/trim.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKET_BYTES 4096
#define END_AT 40
#define SIZE_AT 56

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static void make_packet(uint8_t packet[PACKET_BYTES], uint64_t end_ns)
{
    const uint32_t magic = 0xC1FC1FC1;
    const uint64_t bits = PACKET_BYTES * 8;
    memset(packet, (int)end_ns, PACKET_BYTES);
    memcpy(packet, &magic, sizeof(magic));
    memcpy(packet + END_AT, &end_ns, sizeof(end_ns));
    memcpy(packet + SIZE_AT, &bits, sizeof(bits));
}

static void put(const char *name, const void *data, size_t len)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
}

/* Three packets that end at 10, 20 and 30. */
static void put_stream(const char *name)
{
    uint8_t packets[3][PACKET_BYTES];
    for (unsigned i = 0; i < 3; i++)
        make_packet(packets[i], 10 * (i + 1));
    put(name, packets, sizeof(packets));
}

static off_t size_of(const char *name)
{
    struct stat status;
    return stat(path_of(name), &status) ? -1 : status.st_size;
}

static void packets_that_ended_before_are_taken_out(void **state)
{
    (void)state;
    uint8_t expected[PACKET_BYTES], found[PACKET_BYTES];
    put_stream("core_0");
    assert_int_equal(trim_trace(root, 10), 0);
    assert_int_equal(size_of("core_0"), 3 * PACKET_BYTES);
    assert_int_equal(trim_trace(root, 11), 0);
    assert_int_equal(size_of("core_0"), 2 * PACKET_BYTES);
    assert_int_equal(trim_trace(root, 30), 0);
    assert_int_equal(size_of("core_0"), PACKET_BYTES);
    make_packet(expected, 30);
    int fd = open(path_of("core_0"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, found, sizeof(found)), sizeof(found));
    close(fd);
    assert_memory_equal(found, expected, sizeof(found));
}

static void a_stream_of_old_packets_only_goes(void **state)
{
    (void)state;
    put_stream("hot_1");
    assert_int_equal(trim_trace(root, 31), 0);
    assert_int_equal(size_of("hot_1"), -1);
}

static void what_is_told_once_stays(void **state)
{
    (void)state;
    put_stream("state_0");
    put_stream("corelike");
    put("metadata", "x", 1);
    assert_int_equal(trim_trace(root, 1000), 0);
    assert_int_equal(size_of("state_0"), 3 * PACKET_BYTES);
    assert_int_equal(size_of("corelike"), 3 * PACKET_BYTES);
    assert_int_equal(size_of("metadata"), 1);
}

static void an_index_that_would_be_wrong_goes(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("index"), 0700), 0);
    put("index/core_0.idx", "x", 1);
    assert_int_equal(trim_trace(root, 1000), 0);
    assert_int_equal(size_of("index"), -1);
}

static void what_is_not_understood_stays_whole(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 8, 63 * 8, (PACKET_BYTES + 1) * 8, UINT64_MAX};
    uint8_t packets[2][PACKET_BYTES];
    make_packet(packets[0], 10);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        make_packet(packets[1], 20);
        memcpy(packets[1] + SIZE_AT, &sizes[i], sizeof(sizes[i]));
        put("core_0", packets, sizeof(packets));
        assert_int_equal(trim_trace(root, 1000), 0);
        assert_int_equal(size_of("core_0"), sizeof(packets));
    }
    make_packet(packets[1], 20);
    packets[1][0] ^= 1;
    put("core_0", packets, sizeof(packets));
    assert_int_equal(trim_trace(root, 1000), 0);
    assert_int_equal(size_of("core_0"), sizeof(packets));
    put("core_0", packets, PACKET_BYTES + 32); /* ends within a header */
    assert_int_equal(trim_trace(root, 1000), 0);
    assert_int_equal(size_of("core_0"), PACKET_BYTES + 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_that_ended_before_are_taken_out),
        TEST(a_stream_of_old_packets_only_goes),
        TEST(what_is_told_once_stays),
        TEST(an_index_that_would_be_wrong_goes),
        TEST(what_is_not_understood_stays_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
