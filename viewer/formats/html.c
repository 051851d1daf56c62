/* The report as one page that needs nothing else: facts and tables as HTML, all data compressed, and the
 * script that draws it. */
#include "viewer/formats/base64.h"
#include "viewer/formats/format.h"
#include "viewer/formats/html_page.h"
#include "viewer/formats/json.h"
#include "viewer/formats/xml.h"

#include <errno.h>
#include <inttypes.h>

static const unsigned char style[] = {
#include "page_css.h"
};
static const unsigned char script[] = {
#include "page_js.h"
};

void html_put_names(struct bytes *out, const struct names *names)
{
    bytes_puts(out, ",\n\"names\":[");
    for (uint32_t i = 0; i < names->count || i == 0; i++) {
        bytes_puts(out, i ? "," : "");
        json_put(out, names_text(names, i));
    }
    bytes_puts(out, "]");
}

void html_put_nodes(struct bytes *out, const struct tree *tree)
{
    bytes_puts(out, ",\n\"nodes\":{\"count\":");
    bytes_printf(out, "%zu", tree->count);
    HTML_COLUMN(out, "parent", tree->count, i, tree->nodes[i].parent);
    HTML_COLUMN(out, "name", tree->count, i, tree->nodes[i].name);
    HTML_COLUMN(out, "inlined", tree->count, i, tree->nodes[i].is_inlined);
    bytes_puts(out, "}");
}

/* Compressed JSON: no name in it can end the element, whatever it holds. */
static int put_data(struct bytes *out, const struct report *report)
{
    struct bytes json CLEANUP(bytes_clear);
    struct bytes packed CLEANUP(bytes_clear);
    bytes_init(&json, HTML_DATA_BYTES);
    bytes_init(&packed, HTML_DATA_BYTES);
    bytes_puts(&json, "{\"exporter\":\"preflame " PREFLAME_VERSION "\"");
    int error = report->trace ? html_put_trace(&json, report) : html_put_profile(&json, report);
    bytes_puts(&json, "}");
    if (!error)
        error = json.error ? json.error : gzip_bytes(json.data, json.len, &packed);
    if (error)
        return error;
    bytes_puts(out, "<script id=\"data\" type=\"text/plain\">");
    base64_put(out, packed.data, packed.len);
    bytes_puts(out, "</script>\n");
    return 0;
}

int write_html(const struct report *report, const struct format_options *options, struct bytes *out)
{
    (void)options;
    if (!report->trace && !report->profile)
        return -ENOTSUP;
    bytes_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
                    "'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    xml_put(out, report->title);
    bytes_puts(out, " · preflame</title>\n<style>\n");
    bytes_put(out, style, sizeof(style));
    bytes_puts(out, "</style>\n</head>\n<body>\n<header>\n");
    html_put_facts(out, report);
    bytes_puts(out, "</header>\n<main id=\"page\"></main>\n<noscript>\n");
    int error = html_put_tables(out, report);
    bytes_puts(out, "</noscript>\n");
    if (!error)
        error = put_data(out, report);
    bytes_puts(out, "<script>\n(() => {\n'use strict';\n");
    bytes_put(out, script, sizeof(script));
    bytes_puts(out, "})();\n</script>\n</body>\n</html>\n");
    return error ? error : out->error;
}
