#include "wrapper.h"
#include <stdio.h>

// How long a service may take to start or to stop, for `start` and `stop`: more than the wrapper itself gives the program.
enum { CHANGE_MS = STOP_GRACE_MS + 15000, POLL_MS = 100 };
// Windows waits as long for us at a shutdown.
enum { SHUTDOWN_MS = STOP_GRACE_MS + 5000 };
// For the case that this wrapper dies; it looks after the program itself. A day without that counts as well again.
enum { RESTART_MS = 5000, FORGET_AFTER_SECONDS = 24 * 60 * 60 };

// What a deed says is for src/service/windows-wrapper.ts: lines `name=value`, UTF-8.
static int failed(const char *call)
{
    DWORD error = GetLastError();
    printf("error=%lu\ncall=%s\n", error, call);
    return 1;
}

static void print_wide(const char *name, const WCHAR *text)
{
    static char bytes[COMMAND_CHARS * 3];
    if (WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL) == 0) return;
    printf("%s=%s\n", name, bytes);
}

static SC_HANDLE open_service(const WCHAR *name, DWORD access)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    return manager == NULL ? NULL : OpenServiceW(manager, name, access);
}

static BOOL current(SC_HANDLE service, SERVICE_STATUS_PROCESS *status)
{
    DWORD needed;
    return QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)status, sizeof *status, &needed);
}

// Waits until the service is in no state of change. False: it takes too long, or cannot be asked.
static BOOL wait_settled(SC_HANDLE service, SERVICE_STATUS_PROCESS *status)
{
    DWORD waited;
    for (waited = 0; waited < CHANGE_MS; waited += POLL_MS) {
        if (!current(service, status)) return FALSE;
        if (status->dwCurrentState == SERVICE_STOPPED || status->dwCurrentState == SERVICE_RUNNING) return TRUE;
        Sleep(POLL_MS);
    }
    SetLastError(ERROR_SERVICE_REQUEST_TIMEOUT);
    return FALSE;
}

static void print_since(DWORD pid)
{
    // From 1601, where a FILETIME starts, to 1970, in milliseconds.
    const ULONGLONG TO_UNIX_MS = 11644473600000ULL;
    FILETIME created, ignored;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    if (process == NULL) return;
    if (GetProcessTimes(process, &created, &ignored, &ignored, &ignored)) {
        ULONGLONG ticks = ((ULONGLONG)created.dwHighDateTime << 32) | created.dwLowDateTime;
        printf("since=%llu\n", ticks / 10000 - TO_UNIX_MS);
    }
    CloseHandle(process);
}

static const char *state_name(DWORD state)
{
    switch (state) {
    case SERVICE_RUNNING:
        return "running";
    case SERVICE_START_PENDING:
        return "starting";
    case SERVICE_STOP_PENDING:
        return "stopping";
    default:
        return "stopped";
    }
}

static int print_status(SC_HANDLE service)
{
    static BYTE buffer[8192];
    QUERY_SERVICE_CONFIGW *config = (QUERY_SERVICE_CONFIGW *)buffer;
    SERVICE_STATUS_PROCESS status;
    DWORD needed;
    if (!current(service, &status)) return failed("QueryServiceStatusEx");
    if (!QueryServiceConfigW(service, config, sizeof buffer, &needed)) return failed("QueryServiceConfig");
    printf("state=%s\nauto=%d\n", state_name(status.dwCurrentState), config->dwStartType == SERVICE_AUTO_START);
    printf("windowsError=%lu\nexitCode=%lu\n", status.dwWin32ExitCode, status.dwServiceSpecificExitCode);
    print_wide("command", config->lpBinaryPathName);
    if (status.dwProcessId != 0) {
        printf("pid=%lu\n", status.dwProcessId);
        print_since(status.dwProcessId);
    }
    return 0;
}

static int show(const WCHAR *name)
{
    SC_HANDLE service = open_service(name, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG);
    return service == NULL ? failed("OpenService") : print_status(service);
}

static int start(const WCHAR *name)
{
    SERVICE_STATUS_PROCESS status;
    SC_HANDLE service = open_service(name, SERVICE_START | SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG);
    if (service == NULL) return failed("OpenService");
    if (!StartServiceW(service, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) return failed("StartService");
    if (!wait_settled(service, &status)) return failed("wait");
    return print_status(service);
}

static BOOL stop_and_wait(SC_HANDLE service)
{
    SERVICE_STATUS_PROCESS status;
    SERVICE_STATUS ignored;
    // One that is just starting takes no orders yet.
    if (!wait_settled(service, &status)) return FALSE;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &ignored)) return GetLastError() == ERROR_SERVICE_NOT_ACTIVE;
    return wait_settled(service, &status);
}

static int stop(const WCHAR *name)
{
    SC_HANDLE service = open_service(name, SERVICE_STOP | SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG);
    if (service == NULL) return failed("OpenService");
    return stop_and_wait(service) ? print_status(service) : failed("ControlService");
}

static int uninstall(const WCHAR *name)
{
    SC_HANDLE service = open_service(name, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);
    if (service == NULL) return failed("OpenService");
    if (!stop_and_wait(service)) return failed("ControlService");
    return DeleteService(service) ? 0 : failed("DeleteService");
}

static BOOL configure(SC_HANDLE service, const WCHAR *command, WCHAR **about)
{
    const WCHAR *display = about[0], *account = about[2];
    // An account that Windows makes for the service has no password, not even an empty one.
    const WCHAR *password = wcsncmp(account, L"NT SERVICE\\", 11) == 0 ? NULL : L"";
    SC_ACTION restart = {SC_ACTION_RESTART, RESTART_MS};
    SERVICE_DESCRIPTIONW description = {about[1]};
    SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = FORGET_AFTER_SECONDS, .cActions = 1, .lpsaActions = &restart};
    SERVICE_PRESHUTDOWN_INFO shutdown = {SHUTDOWN_MS};
    return ChangeServiceConfigW(service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command,
               NULL, NULL, NULL, account, password, display) &&
        ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description) &&
        ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure) &&
        ChangeServiceConfig2W(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &shutdown);
}

// Makes the service, or changes the one that is there. `about`: display name, description, account, log file, then the program.
static int install(const WCHAR *name, int count, WCHAR **about)
{
    static WCHAR command[COMMAND_CHARS], self[COMMAND_CHARS], deed[] = L"run";
    WCHAR *words[64] = {self, deed};
    SC_HANDLE service, manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
    BOOL is_new = FALSE;
    int i;
    if (manager == NULL) return failed("OpenSCManager");
    GetModuleFileNameW(NULL, self, COMMAND_CHARS);
    for (i = 3; i < count && i < 64; i++) words[i - 1] = about[i];
    if (!quote_command(command, i - 1, words)) return SetLastError(ERROR_FILENAME_EXCED_RANGE), failed("quote");
    service = OpenServiceW(manager, name, SERVICE_ALL_ACCESS);
    if (service == NULL && GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST) {
        is_new = TRUE;
        // Its own account exists only once the service does: until it is configured, nothing starts it.
        service = CreateServiceW(manager, name, about[0], SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, SERVICE_DISABLED,
            SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL, NULL);
    }
    if (service == NULL) return failed(is_new ? "CreateService" : "OpenService");
    if (!configure(service, command, about)) {
        int result = failed("ChangeServiceConfig");
        if (is_new) DeleteService(service);
        return result;
    }
    return print_status(service);
}

// claw-service.exe run LOG PROGRAM…: what the service manager starts.
// claw-service.exe install NAME DISPLAY DESCRIPTION ACCOUNT LOG PROGRAM…, uninstall|start|stop|status NAME
int wmain(int count, WCHAR **words)
{
    static WCHAR command[COMMAND_CHARS];
    const WCHAR *deed = count > 2 ? words[1] : L"";
    if (wcscmp(deed, L"run") == 0 && count > 3) {
        open_log(words[2]);
        return quote_command(command, count - 3, words + 3) ? run_service(command) : ERROR_FILENAME_EXCED_RANGE;
    }
    if (wcscmp(deed, L"install") == 0 && count > 7) return install(words[2], count - 3, words + 3);
    if (wcscmp(deed, L"uninstall") == 0) return uninstall(words[2]);
    if (wcscmp(deed, L"start") == 0) return start(words[2]);
    if (wcscmp(deed, L"stop") == 0) return stop(words[2]);
    if (wcscmp(deed, L"status") == 0) return show(words[2]);
    puts("error=87\ncall=main");
    return 1;
}
