#include "backtrace/backtrace.h"
#include "backtrace/code.h"
#include "backtrace/image.h"

bool backtrace_symbolize(uintptr_t pc, struct backtrace_symbol *symbol)
{
    *symbol = (struct backtrace_symbol){0};
    struct code code;
    const struct image *image = code_find(pc, &code) ? image_open() : NULL;
    if (image == NULL || image->bias != code.bias)
        return false;
    uintptr_t start;
    symbol->function = image_function(image, pc, &start, &symbol->is_own);
    if (symbol->function != NULL)
        symbol->offset = pc - start;
    struct image_line line;
    if (image_line(image, pc, &line)) {
        symbol->file = line.file;
        symbol->directory = line.directory;
        symbol->directory_is_default = line.directory_is_default;
        symbol->line = line.line;
    }
    return symbol->function != NULL || symbol->file != NULL;
}
