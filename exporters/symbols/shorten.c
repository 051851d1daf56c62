/* A reader of demangled names that copies what tells functions apart and skips the rest. */
#include "exporters/symbols/shorten.h"

#include "base/compiler.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Deeper nesting than this is taken as "to the end of the name". */
#define DEPTH_MAX 256

/* The output goes into the same buffer: it is never ahead of the input. */
struct shortening {
    char *text;
    size_t in, out;
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The length of "operator<<" and its like at `at`, whose brackets are no brackets; 0 for anything else. */
static size_t operator_len(const char *text, size_t at)
{
    static const char *const symbols[] = {
        "()", "[]", "->*", "->", "<=>", "<<=", ">>=", "<<", ">>", "<=", ">=", "<", ">"};
    const size_t word = strlen("operator");
    bool is_inside_word = at && (isalnum((unsigned char)text[at - 1]) || text[at - 1] == '_');
    if (text[at] != 'o' || is_inside_word || !starts_with(text + at, "operator"))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
        if (starts_with(text + at + word, symbols[i]))
            return word + strlen(symbols[i]);
    return 0;
}

/* Where the bracket at `at` is closed (behind the closer), or the end of the name. A '<' that compares, in an
 * expression in parentheses, is forgotten when its parenthesis closes. */
static size_t group_end(const char *text, size_t at)
{
    char open[DEPTH_MAX];
    size_t depth = 0;
    while (text[at]) {
        size_t skip = operator_len(text, at);
        char c = text[at];
        if (skip) {
            at += skip;
            continue;
        }
        if (strchr("(<{[", c)) {
            if (depth == DEPTH_MAX)
                break;
            open[depth++] = c;
        } else if (c == '>') {
            bool is_arrow = at && text[at - 1] == '-';
            if (depth && open[depth - 1] == '<' && !is_arrow)
                depth--;
        } else if (strchr(")}]", c)) {
            char opener = c == ')' ? '(' : c == '}' ? '{' : '[';
            while (depth && open[depth - 1] == '<' && opener != '<')
                depth--;
            if (depth && open[depth - 1] == opener)
                depth--;
        }
        at++;
        if (!depth)
            return at;
    }
    return at + strlen(text + at);
}

static void copy_until(struct shortening *s, size_t end)
{
    memmove(s->text + s->out, s->text + s->in, end - s->in);
    s->out += end - s->in;
    s->in = end;
}

static bool out_ends_with(const struct shortening *s, const char *end)
{
    size_t len = strlen(end);
    return s->out >= len && memcmp(s->text + s->out - len, end, len) == 0;
}

/* Does '<' here begin a type that is part of the path, as in "<T as Trait>::f", rather than arguments? */
static bool is_path_segment(const struct shortening *s, bool is_in_group)
{
    static const char *const words[] = {"<impl ", "<lambda", "<unnamed", "<anonymous"};
    if (!s->out)
        return true;
    if (is_in_group && strchr("< (,&*[", s->text[s->out - 1]))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (starts_with(s->text + s->in, words[i]))
            return true;
    return false;
}

/* Skips template or generic arguments, with the "::" of Rust's "f::<T>" or the blank of "operator<< <T>". */
static void skip_arguments(struct shortening *s)
{
    s->in = group_end(s->text, s->in);
    if (out_ends_with(s, "::"))
        s->out -= 2;
    else if (out_ends_with(s, " "))
        s->out--;
}

/* Skips "(int) const &", up to what the enclosing function encloses, or the end. */
static void skip_parameters(struct shortening *s)
{
    s->in = group_end(s->text, s->in);
    while (s->text[s->in] && !starts_with(s->text + s->in, "::"))
        s->in++;
}

/* Copies "<T as Trait>" with the arguments inside it shortened. Groups nest: `depth` counts them. */
static void copy_path_group(struct shortening *s)
{
    size_t depth = 0;
    do {
        char c = s->text[s->in];
        if (c == '<' && depth && !is_path_segment(s, true)) {
            skip_arguments(s);
            continue;
        }
        bool is_arrow = s->in && s->text[s->in - 1] == '-';
        depth += c == '<';
        depth -= c == '>' && !is_arrow;
        copy_until(s, s->in + 1);
    } while (depth && s->text[s->in]);
}

/* One step at the top level of the name; false when the rest is to be dropped. */
static bool step(struct shortening *s)
{
    const char *at = s->text + s->in;
    size_t operator_size = operator_len(s->text, s->in);
    if (starts_with(at, " [clone"))
        return false;
    if (operator_size)
        copy_until(s, s->in + operator_size);
    else if (*at == '{' || starts_with(at, "(anonymous "))
        copy_until(s, group_end(s->text, s->in));
    else if (*at == '<' && is_path_segment(s, false))
        copy_path_group(s);
    else if (*at == '<')
        skip_arguments(s);
    else if (*at == '(')
        skip_parameters(s);
    else
        copy_until(s, s->in + 1);
    return true;
}

void shorten_name(char *name)
{
    struct shortening s = {.text = name};
    while (name[s.in] && step(&s))
        ;
    while (s.out && name[s.out - 1] == ' ')
        s.out--;
    if (s.out)
        name[s.out] = '\0';
}

/* Is all of `text` ".N" groups, or nothing? */
static bool is_numbers(const char *text)
{
    while (*text == '.' && isdigit((unsigned char)text[1]))
        for (text++; isdigit((unsigned char)*text);)
            text++;
    return !*text;
}

void cut_symbol_suffix(char *symbol)
{
    static const char *const marks[] = {".cold",     ".isra", ".constprop", ".part",
                                        ".lto_priv", ".llvm", ".localalias"};
    char *version = strchr(symbol, '@');
    if (version && version != symbol && strcmp(version, "@plt") != 0)
        *version = '\0';
    for (bool is_cut = true; is_cut;) {
        is_cut = false;
        for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
            char *mark = strstr(symbol, marks[i]);
            if (!mark || mark == symbol)
                continue;
            const char *rest = mark + strlen(marks[i]);
            if (!is_numbers(rest))
                continue;
            *mark = '\0';
            is_cut = true;
        }
    }
}
