#include "wrapper.h"

enum { TAIL_BYTES = 4096 };
// How long its last words may take to come through when it has ended.
enum { LAST_WORDS_MS = 2000 };

static HANDLE errors;
static char tail[TAIL_BYTES];
static DWORD tail_used;

// Keeps the last TAIL_BYTES of what the program writes to standard error. A full pipe would hold it up.
static DWORD WINAPI read_errors(void *unused)
{
    char part[1024];
    DWORD count;
    (void)unused;
    while (ReadFile(errors, part, sizeof part, &count, NULL) && count > 0) {
        DWORD free_bytes = TAIL_BYTES - tail_used;
        if (count > free_bytes) {
            DWORD dropped = count - free_bytes;
            MoveMemory(tail, tail + dropped, tail_used - dropped);
            tail_used -= dropped;
        }
        CopyMemory(tail + tail_used, part, count);
        tail_used += count;
    }
    return 0;
}

static void log_last_words(void)
{
    DWORD from = 0;
    if (tail_used == 0) return;
    // What was dropped may have ended in the middle of a character, or of a line.
    if (tail_used == TAIL_BYTES)
        while (from < tail_used && tail[from++] != '\n') {}
    log_line("错误", "它最后的输出：");
    log_bytes(tail + from, tail_used - from);
    if (tail[tail_used - 1] != '\n') log_bytes("\r\n", 2);
}

// A job that ends its processes when it is closed: also when this process dies.
static HANDLE create_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    if (job == NULL) return NULL;
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) return job;
    CloseHandle(job);
    return NULL;
}

static BOOL create_process(Child *child, const WCHAR *command, HANDLE nothing, HANDLE output)
{
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    // CreateProcess writes into it.
    static WCHAR writable[COMMAND_CHARS];
    lstrcpynW(writable, command, COMMAND_CHARS);
    startup.hStdInput = nothing;
    // It writes its log to a file; on standard error it says why it cannot start.
    startup.hStdOutput = nothing;
    startup.hStdError = output;
    if (!CreateProcessW(NULL, writable, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup, &process)) return FALSE;
    if (!AssignProcessToJobObject(child->job, process.hProcess)) {
        DWORD error = GetLastError();
        TerminateProcess(process.hProcess, 1);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
        SetLastError(error);
        return FALSE;
    }
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
    child->process = process.hProcess;
    child->pid = process.dwProcessId;
    return TRUE;
}

BOOL start_child(Child *child, const WCHAR *command)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE nothing, output;
    DWORD error = 0;
    tail_used = 0;
    child->job = create_job();
    if (child->job == NULL || !CreatePipe(&errors, &output, &inherited, 0)) return FALSE;
    SetHandleInformation(errors, HANDLE_FLAG_INHERIT, 0);
    nothing = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
        OPEN_EXISTING, 0, NULL);
    if (!create_process(child, command, nothing, output)) error = GetLastError();
    CloseHandle(nothing);
    CloseHandle(output);
    if (error == 0) {
        child->reader = CreateThread(NULL, 0, read_errors, NULL, 0, NULL);
        return TRUE;
    }
    CloseHandle(errors);
    CloseHandle(child->job);
    SetLastError(error);
    return FALSE;
}

DWORD end_child(Child *child, BOOL quiet)
{
    DWORD code = 1;
    // The program itself, if it still runs, and whatever it has left behind.
    TerminateJobObject(child->job, 1);
    WaitForSingleObject(child->process, LAST_WORDS_MS);
    GetExitCodeProcess(child->process, &code);
    // Everything that could write into the pipe is gone, so the reader comes to its end.
    if (child->reader != NULL && WaitForSingleObject(child->reader, LAST_WORDS_MS) == WAIT_OBJECT_0 && !quiet)
        log_last_words();
    CloseHandle(child->reader);
    CloseHandle(errors);
    CloseHandle(child->process);
    CloseHandle(child->job);
    return code;
}
