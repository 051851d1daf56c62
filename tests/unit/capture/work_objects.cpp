// C++ code whose stacks are hard to walk: templates, virtual calls, exceptions.
#include "work.h"

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef __clang__
#define HIDDEN __attribute__((noinline))
#else
#define HIDDEN __attribute__((noinline, noclone))
#endif

namespace
{
struct Shape {
    virtual ~Shape() = default;
    virtual unsigned area() const = 0;
};

struct Square : Shape {
    explicit Square(unsigned size) : side(size)
    {
    }
    HIDDEN unsigned area() const override
    {
        return side * side;
    }
    unsigned side;
};

HIDDEN bool is_smaller(const std::unique_ptr<Shape> &a, const std::unique_ptr<Shape> &b)
{
    return a->area() < b->area();
}

HIDDEN void throw_at(int depth)
{
    std::string held(static_cast<std::size_t>(depth + 20), 'x'); // a destructor to run on the way
    if (depth == 0)
        throw std::runtime_error(held);
    throw_at(depth - 1);
    work_sink = work_sink + static_cast<unsigned>(held.size());
}
} // namespace

void work_templates()
{
    std::vector<std::unique_ptr<Shape>> shapes;
    for (unsigned i = 0; i < 24; i++)
        shapes.push_back(std::make_unique<Square>((i * 37) % 23));
    std::sort(shapes.begin(), shapes.end(), is_smaller);
    std::map<std::string, unsigned> totals;
    for (const auto &shape : shapes)
        totals[std::to_string(shape->area())] += shape->area();
    work_sink = work_sink + static_cast<unsigned>(totals.size());
}

void work_exceptions()
{
    try {
        throw_at(3);
    } catch (const std::exception &error) {
        work_sink = work_sink + static_cast<unsigned>(std::string(error.what()).size());
    }
}
