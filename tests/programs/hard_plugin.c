/* A shared object whose mappings get damaged while its code runs. */
__attribute__((visibility("default"))) void plugin_spin(unsigned long rounds);

void plugin_spin(unsigned long rounds)
{
    while (rounds--)
        __asm__ volatile("");
}
