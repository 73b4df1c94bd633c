#include "wrapper.h"

// A program that lives this long has started; before, `net start` waits for it and can say that it failed.
enum { SETTLE_MS = 1000 };
// Between two starts of a program that keeps ending: doubled each time, up to the last.
enum { FIRST_RESTART_MS = 1000, LAST_RESTART_MS = 30000 };
// Having run this long it counts as well again.
enum { STABLE_MS = 60000 };
// While it stops, the service manager hears this often that it is still at it, and gives up after the hint.
enum { STILL_STOPPING_MS = 1000, HINT_MS = 5000 };

static const WCHAR *command;
static SERVICE_STATUS_HANDLE service;
static SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = SERVICE_START_PENDING};
static SRWLOCK status_lock = SRWLOCK_INIT;
static HANDLE stop_asked;

static void report(DWORD state)
{
    AcquireSRWLockExclusive(&status_lock);
    // A stop that comes in at the very end must not be heard after it, nor be taken back by a late "running".
    if (status.dwCurrentState != SERVICE_STOPPED &&
        !(status.dwCurrentState == SERVICE_STOP_PENDING && state == SERVICE_RUNNING)) {
        BOOL pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
        status.dwCurrentState = state;
        status.dwControlsAccepted =
            state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN : 0;
        status.dwCheckPoint = pending ? status.dwCheckPoint + 1 : 0;
        status.dwWaitHint = pending ? HINT_MS : 0;
        SetServiceStatus(service, &status);
    }
    ReleaseSRWLockExclusive(&status_lock);
}

// Says why before `report(SERVICE_STOPPED)`: 0, a Windows error, or with `own` an exit code of the program.
static void set_reason(DWORD error, DWORD own)
{
    status.dwWin32ExitCode = error;
    status.dwServiceSpecificExitCode = own;
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type, (void)data, (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
    case SERVICE_CONTROL_PRESHUTDOWN:
        report(SERVICE_STOP_PENDING);
        SetEvent(stop_asked);
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

// The Ctrl+C that we send reaches us as well; so do the log-off of any user and the shutdown, of which the service
// manager tells us in its own way.
static BOOL WINAPI ignore_console(DWORD event)
{
    (void)event;
    return TRUE;
}

// A console that we share with the program, to send it a Ctrl+C: the one order to end that a program can obey.
static void open_console(void)
{
    // What is inherited may say that Ctrl+C is ignored, and the program would inherit it from us.
    SetConsoleCtrlHandler(NULL, FALSE);
    SetConsoleCtrlHandler(ignore_console, TRUE);
    if (!AllocConsole()) log_line("警告", "无法创建控制台，停止服务时程序可能收不到通知（错误 %lu）", GetLastError());
}

static void stop_child(Child *child)
{
    DWORD waited;
    log_line("信息", "正在停止程序（进程 %lu）", child->pid);
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0)) log_line("警告", "无法通知程序停止（错误 %lu）", GetLastError());
    for (waited = 0; waited < STOP_GRACE_MS; waited += STILL_STOPPING_MS) {
        report(SERVICE_STOP_PENDING);
        if (WaitForSingleObject(child->process, STILL_STOPPING_MS) == WAIT_OBJECT_0) {
            log_line("信息", "程序已停止，退出码 %lu", end_child(child, TRUE));
            return;
        }
    }
    end_child(child, FALSE);
    log_line("错误", "程序 %d 秒内没有停止，已强制结束", STOP_GRACE_MS / 1000);
    set_reason(ERROR_SERVICE_REQUEST_TIMEOUT, 0);
}

// Runs the program once. TRUE: it is over, the status says why. FALSE: it ended by itself and is to start again.
static BOOL run_once(void)
{
    Child child;
    HANDLE both[2];
    DWORD code, ended;
    if (!start_child(&child, command)) {
        log_line("错误", "无法启动程序（错误 %lu）：检查可执行文件是否还在，服务账户是否有权运行它", GetLastError());
        return FALSE;
    }
    log_line("信息", "程序已启动，进程 %lu", child.pid);
    both[0] = child.process;
    both[1] = stop_asked;
    ended = WaitForMultipleObjects(2, both, FALSE, SETTLE_MS);
    if (ended == WAIT_TIMEOUT) {
        report(SERVICE_RUNNING);
        ended = WaitForMultipleObjects(2, both, FALSE, INFINITE);
    }
    if (ended != WAIT_OBJECT_0) {
        stop_child(&child);
        return TRUE;
    }
    GetExitCodeProcess(child.process, &code);
    // Also with 0: nobody has asked it to end, and who kills a process chooses what code it leaves.
    log_line("错误", "程序意外结束，退出码 %lu（0x%lX）", code, code);
    end_child(&child, FALSE);
    if (code != EXIT_WRONG_CONFIG) return FALSE;
    set_reason(ERROR_SERVICE_SPECIFIC_ERROR, code);
    return TRUE;
}

static void keep_running(void)
{
    DWORD pause_ms = FIRST_RESTART_MS;
    for (;;) {
        ULONGLONG started = GetTickCount64();
        if (run_once()) return;
        if (GetTickCount64() - started > STABLE_MS) pause_ms = FIRST_RESTART_MS;
        // From here on it can be stopped, also while it keeps failing.
        report(SERVICE_RUNNING);
        log_line("信息", "%lu 秒后重新启动", pause_ms / 1000);
        if (WaitForSingleObject(stop_asked, pause_ms) == WAIT_OBJECT_0) return;
        pause_ms = pause_ms * 2 < LAST_RESTART_MS ? pause_ms * 2 : LAST_RESTART_MS;
    }
}

static void WINAPI service_main(DWORD count, WCHAR **words)
{
    (void)count, (void)words;
    service = RegisterServiceCtrlHandlerExW(L"", on_control, NULL);
    if (service == NULL) return;
    report(SERVICE_START_PENDING);
    open_console();
    keep_running();
    report(SERVICE_STOPPED);
}

int run_service(const WCHAR *program)
{
    static WCHAR no_name[] = L"";
    SERVICE_TABLE_ENTRYW table[] = {{no_name, service_main}, {NULL, NULL}};
    command = program;
    stop_asked = CreateEventW(NULL, TRUE, FALSE, NULL);
    return StartServiceCtrlDispatcherW(table) ? 0 : (int)GetLastError();
}
