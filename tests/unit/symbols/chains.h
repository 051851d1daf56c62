/* The truth about the marks in the fixtures: which frames, innermost first, cover each. */
#ifndef PREFLAME_TEST_SYMBOLS_CHAINS_H
#define PREFLAME_TEST_SYMBOLS_CHAINS_H

#include <stddef.h>

struct true_frame {
    const char *shown;  /* the name as users see it */
    const char *source; /* fixture */
    const char *line;   /* mark of the line that runs */
    const char *start;  /* mark of the line where the function starts; NULL = not compared */
};

struct true_chain {
    const char *mark; /* symbol */
    size_t count;
    struct true_frame frames[3];
};

static const struct true_chain true_chains[] = {
    {"mark_put", 1, {{"shop::Box::put", "shop.cpp", "put", "put-start"}}},
    {"mark_hidden",
     3,
     {{"shop::(anonymous namespace)::hidden", "shop.cpp", "hidden", "hidden-start"},
      {"shop::middle", "shop.cpp", "middle-calls-hidden", "middle-start"},
      {"shop::outer", "shop.cpp", "outer-calls-middle", "outer-start"}}},
    {"mark_aside", 1, {{"shop::(anonymous namespace)::aside", "shop.cpp", "aside", "aside-start"}}},
    {"mark_scale", 1, {{"shop::Scale::operator()", "shop.cpp", "scale", "scale-start"}}},
    {"mark_plain_inlined",
     2,
     {{"plain_inlined", "plain.c", "plain-inlined", "plain-inlined-start"},
      {"plain_static", "plain.c", "plain-static-calls", "plain-static-start"}}},
    {"mark_plain_static", 1, {{"plain_static", "plain.c", "plain-static", "plain-static-start"}}},
};

#endif
