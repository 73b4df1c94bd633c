// claw-service.exe stands between the Windows service manager, which talks only to programs that answer it, and one of
// our programs, which does not.
#pragma once
// Windows 8 and Server 2012 knew all that it calls; Bun needs a later one.
#define _WIN32_WINNT 0x0602
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

// A Windows command line, and one argument of it, are not longer.
enum { COMMAND_CHARS = 32768 };

// A program that ends with it has a wrong configuration: starting it again would not help. src/config.ts
enum { EXIT_WRONG_CONFIG = 2 };

// Between the program being told to end and it being made to: Redis may take 14 s to write everything to the disk
// (src/gateway/redis/embedded-limits.ts), and the gateway lets go of its clients before.
enum { STOP_GRACE_MS = 25000 };

// Puts `words` together as one command line, each quoted so that the program gets it as it is. False: too long.
BOOL quote_command(WCHAR command[COMMAND_CHARS], int count, WCHAR **words);

// Appends a line to the service's log: `text` is UTF-8; level is 信息, 警告 or 错误.
void log_line(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The same file, as it is.
void log_bytes(const char *bytes, DWORD count);
void open_log(const WCHAR *file);

// A program started by us: alone in a job, whose end takes everything with it that the program has started.
typedef struct {
    HANDLE process;
    HANDLE job;
    HANDLE reader;
    DWORD pid;
} Child;

// Starts the program; what it writes to standard error is kept, its last lines only. False: GetLastError says why.
BOOL start_child(Child *child, const WCHAR *command);
// Ends what is left of it. Returns the exit code; unless `quiet`, writes its last words to the log.
DWORD end_child(Child *child, BOOL quiet);

// Runs `command` as the service that the service manager has started us for. Returns the exit code of this process.
int run_service(const WCHAR *command);
