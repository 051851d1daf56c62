// heap_leak: a program that allocates much and gives it all back, but for a little that one function forgets.
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

extern "C" __attribute__((noinline)) void forget_request(int number)
{
    char *request = static_cast<char *>(malloc(2000));
    request[0] = static_cast<char>(number);
    __asm__ volatile("" : : "r"(request) : "memory");
}

static __attribute__((noinline)) size_t serve(int number)
{
    std::map<int, std::string> headers;
    for (int i = 0; i < 40; i++)
        headers[i * number] = std::string(static_cast<size_t>(50 + i), 'x');
    std::vector<std::string> parts;
    for (const auto &header : headers)
        parts.push_back(header.second + "\r\n");
    forget_request(number);
    return parts.size();
}

int main()
{
    size_t parts = 0;
    for (int i = 0; i < 20000; i++)
        parts += serve(i);
    return parts ? 0 : 1;
}
