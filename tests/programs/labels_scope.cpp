/* The C++ form: a label for the life of a scope. Exits with 0 when every call did what it says, preloaded or
 * not. */
#include "preflame/preflame.h"

#include <cstdio>

int main()
{
    bool is_there = preflame_label_unset("route") != PREFLAME_ABSENT;
    {
        preflame::label route{"route", "/hello"};
        preflame::label tenant{"tenant", "a"};
    }
    std::printf("%s\n", is_there ? "preloaded" : "absent");
    return 0;
}
