#include "wrapper.h"
#include <stdarg.h>
#include <stdio.h>

enum { LOG_MAX_BYTES = 1024 * 1024, LINE_BYTES = 1024 };

static WCHAR path[COMMAND_CHARS];

void open_log(const WCHAR *file)
{
    WCHAR folder[COMMAND_CHARS];
    WCHAR *slash;
    lstrcpynW(path, file, COMMAND_CHARS);
    lstrcpynW(folder, file, COMMAND_CHARS);
    slash = wcsrchr(folder, L'\\');
    if (slash == NULL) return;
    *slash = 0;
    CreateDirectoryW(folder, NULL);
}

// One older file is kept beside the current one.
static void rotate(HANDLE *file)
{
    static WCHAR older[COMMAND_CHARS + 2];
    LARGE_INTEGER size;
    if (!GetFileSizeEx(*file, &size) || size.QuadPart < LOG_MAX_BYTES) return;
    CloseHandle(*file);
    wcscpy(older, path);
    wcscat(older, L".1");
    MoveFileExW(path, older, MOVEFILE_REPLACE_EXISTING);
    *file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
        OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
}

void log_bytes(const char *bytes, DWORD count)
{
    DWORD written;
    HANDLE file = CreateFileW(path, FILE_APPEND_DATA | FILE_READ_ATTRIBUTES,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) return;
    rotate(&file);
    if (file == INVALID_HANDLE_VALUE) return;
    WriteFile(file, bytes, count, &written, NULL);
    CloseHandle(file);
}

void log_line(const char *level, const char *format, ...)
{
    char line[LINE_BYTES];
    SYSTEMTIME now;
    va_list values;
    int head, length;
    GetSystemTime(&now);
    head = snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s ", now.wYear, now.wMonth, now.wDay,
        now.wHour, now.wMinute, now.wSecond, now.wMilliseconds, level);
    va_start(values, format);
    length = head + vsnprintf(line + head, sizeof line - head - 2, format, values);
    va_end(values);
    if (length > LINE_BYTES - 3) length = LINE_BYTES - 3;
    line[length++] = '\r';
    line[length++] = '\n';
    log_bytes(line, length);
}
