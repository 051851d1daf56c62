/* Colours of flame graph boxes. */
#include "viewer/formats/svg_palette.h"

#include "base/compiler.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SHADES 24u
#define CHANGE_SHADES 6u /* none, and five */

struct range {
    const char *prefix;
    double hue, hue_span; /* degrees */
    double saturation;    /* 0…1, as lightness */
    double lightness, dark_lightness;
};

/* The words of --colors: FlameGraph's, as far as they don't sort names by a language's habits. */
static const struct {
    const char *word;
    struct range warm;
} palettes[] = {
    {"hot", {"w", 6, 42, 0.84, 0.64, 0.56}},     {"mem", {"w", 100, 50, 0.52, 0.64, 0.50}},
    {"io", {"w", 200, 38, 0.66, 0.70, 0.58}},    {"wakeup", {"w", 170, 28, 0.52, 0.64, 0.50}},
    {"chain", {"w", 205, 75, 0.52, 0.70, 0.58}}, {"red", {"w", 350, 18, 0.80, 0.68, 0.58}},
    {"green", {"w", 90, 45, 0.50, 0.62, 0.48}},  {"blue", {"w", 205, 30, 0.70, 0.70, 0.60}},
    {"yellow", {"w", 46, 12, 0.84, 0.60, 0.48}}, {"purple", {"w", 268, 34, 0.56, 0.72, 0.60}},
    {"aqua", {"w", 172, 22, 0.52, 0.62, 0.48}},  {"orange", {"w", 22, 16, 0.90, 0.64, 0.54}},
};
static const struct range cool = {"c", 192, 40, 0.66, 0.70, 0.60};

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash ^ hash >> 15;
}

const char *svg_class(const char *name, bool is_root, bool is_waiting, char ret[SVG_CLASS_SIZE])
{
    if (is_root)
        snprintf(ret, SVG_CLASS_SIZE, "r");
    else if (name[0] == '[' && name[strlen(name) - 1] == ']')
        snprintf(ret, SVG_CLASS_SIZE, "%s", is_waiting ? "q" : "k");
    else
        snprintf(ret, SVG_CLASS_SIZE, "%s%u", is_waiting ? cool.prefix : palettes[0].warm.prefix,
                 hash_of(name) % SHADES);
    return ret;
}

/* One channel of a colour given by hue (turns of 60 degrees), saturation and lightness. */
static unsigned channel(double turns, double saturation, double lightness)
{
    while (turns < 0)
        turns += 6;
    while (turns >= 6)
        turns -= 6;
    double chroma = saturation * (lightness < 0.5 ? lightness : 1 - lightness);
    double rise = turns < 1 ? turns : turns < 3 ? 1 : turns < 4 ? 4 - turns : 0;
    return (unsigned)(255 * (lightness - chroma + 2 * chroma * rise) + 0.5);
}

static void put_colour(struct bytes *out, double hue, double saturation, double lightness)
{
    double turns = hue / 60;
    bytes_printf(out, "#%02x%02x%02x", channel(turns + 2, saturation, lightness),
                 channel(turns, saturation, lightness), channel(turns - 2, saturation, lightness));
}

static void put_range(struct bytes *out, const struct range *range, bool is_dark)
{
    for (unsigned i = 0; i < SHADES; i++) {
        /* Lightness runs through its own cycle, so that neighbours of similar hue differ. */
        double lift = (double)(i * 7 % 5) * 0.022;
        bytes_printf(out, "svg.preflame .%s%u rect{fill:", range->prefix, i);
        put_colour(out, range->hue + range->hue_span * i / (SHADES - 1),
                   range->saturation - (is_dark ? 0.12 : 0),
                   (is_dark ? range->dark_lightness : range->lightness) + lift);
        bytes_puts(out, "}\n");
    }
}

static const struct range *find_palette(const char *word)
{
    for (size_t i = 0; word && i < ARRAY_SIZE(palettes); i++)
        if (strcmp(palettes[i].word, word) == 0)
            return &palettes[i].warm;
    return NULL;
}

bool svg_palette_is_known(const char *word)
{
    return find_palette(word) != NULL;
}

void svg_put_palette(struct bytes *out, const char *word)
{
    const struct range *found = find_palette(word), *warm = found ? found : &palettes[0].warm;
    put_range(out, warm, false);
    put_range(out, &cool, false);
    bytes_puts(out, "svg.preflame .r rect{fill:#d0d7de}\nsvg.preflame .k rect{fill:#c9c1d6}\n"
                    "svg.preflame .q rect{fill:#a5a8f0}\n@media (prefers-color-scheme:dark){\n");
    put_range(out, warm, true);
    put_range(out, &cool, true);
    bytes_puts(out, "svg.preflame .r rect{fill:#8b949e}\nsvg.preflame .k rect{fill:#9f97ad}\n"
                    "svg.preflame .q rect{fill:#8f93e6}\n}\n");
}

/* How much of both sums is change: a third is twice or half, one is new or gone. */
const char *svg_change_class(int64_t before, int64_t after, char ret[SVG_CLASS_SIZE])
{
    double sum = (double)before + (double)after, part = sum > 0 ? ((double)after - (double)before) / sum : 0;
    double size = part < 0 ? -part : part;
    unsigned shade = (unsigned)(size * (CHANGE_SHADES - 1) + 0.999);
    snprintf(ret, SVG_CLASS_SIZE, "%s%u", !shade ? "z" : part < 0 ? "d" : "u", shade);
    return ret;
}

static void put_change_ranges(struct bytes *out, bool is_dark)
{
    static const struct {
        char prefix;
        double hue;
    } ways[] = {{'u', 24}, {'d', 212}};
    for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
        for (unsigned shade = 1; shade < CHANGE_SHADES; shade++) {
            double depth = (double)shade / (CHANGE_SHADES - 1);
            bytes_printf(out, "svg.preflame .%c%u rect{fill:", ways[way].prefix, shade);
            put_colour(out, ways[way].hue, 0.45 + 0.45 * depth,
                       is_dark ? 0.68 - 0.18 * depth : 0.90 - 0.30 * depth);
            bytes_puts(out, "}\n");
        }
    }
    bytes_printf(out, "svg.preflame .z0 rect{fill:%s}\n", is_dark ? "#8b949e" : "#e6e8eb");
}

void svg_put_change_palette(struct bytes *out)
{
    put_change_ranges(out, false);
    bytes_puts(out, "@media (prefers-color-scheme:dark){\n");
    put_change_ranges(out, true);
    bytes_puts(out, "}\n");
}
