#include "wrapper.h"

// One word by the rules of CommandLineToArgvW: backslashes count only before a quotation mark.
static BOOL append_word(WCHAR *command, size_t *used, const WCHAR *word)
{
    size_t slashes = 0;
    // Each character may need a backslash; two marks, a blank and the end come on top.
    if (*used + 2 * wcslen(word) + 4 > COMMAND_CHARS) return FALSE;
    if (*used > 0) command[(*used)++] = L' ';
    command[(*used)++] = L'"';
    for (; *word != 0; word++) {
        if (*word == L'"')
            for (slashes++; slashes > 0; slashes--) command[(*used)++] = L'\\';
        slashes = *word == L'\\' ? slashes + 1 : 0;
        command[(*used)++] = *word;
    }
    for (; slashes > 0; slashes--) command[(*used)++] = L'\\';
    command[(*used)++] = L'"';
    command[*used] = 0;
    return TRUE;
}

BOOL quote_command(WCHAR command[COMMAND_CHARS], int count, WCHAR **words)
{
    size_t used = 0;
    for (; count > 0; count--, words++)
        if (!append_word(command, &used, *words)) return FALSE;
    return used > 0;
}
