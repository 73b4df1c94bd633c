<#
  由 deploy-gateway.ps1 和 deploy-agent.ps1 引入，不单独运行。

  They give Install-Claw the program's name (also the service's), the name of its configuration, and what tells
  whether it is well. Written for PowerShell 5.1, which Windows Server 2019 has.
#>

$ErrorActionPreference = 'Stop'

# One a second: a virus scanner may hold a new program for a while.
$SwitchAttempts = 15

function Stop-Deploy([string]$Text) {
    Write-Host "`n× $Text" -ForegroundColor Red
    exit 1
}

# Runs the program in this window. Its exit code is in $LASTEXITCODE.
function Invoke-Program([string]$Exe, [string[]]$Words) {
    # PowerShell 5.1 takes a line on stderr for an error of its own in some windows, and would end.
    $ErrorActionPreference = 'Continue'
    # The program writes UTF-8; a Chinese Windows would read GBK.
    $encoding = [Console]::OutputEncoding
    [Console]::OutputEncoding = [Text.Encoding]::UTF8
    try { & $Exe @Words | Out-Host } finally { [Console]::OutputEncoding = $encoding }
}

# The same without a word.
function Test-Program([string]$Exe, [string[]]$Words) {
    $ErrorActionPreference = 'Continue'
    & $Exe @Words *> $null
    return $LASTEXITCODE -eq 0
}

function Get-Sha256([string]$Path) {
    return (Get-FileHash -Algorithm SHA256 -LiteralPath $Path).Hash
}

# The sum that was published for a file, from the list beside it.
function Get-PublishedSha256([string]$Path) {
    $name = Split-Path -Leaf $Path
    $list = Join-Path (Split-Path -Parent $Path) 'SHA256SUMS'
    if (-not (Test-Path -LiteralPath $list)) {
        Stop-Deploy "缺少 $list，无法核对 $name。请把它和程序文件一起复制过来。"
    }
    foreach ($line in Get-Content -LiteralPath $list) {
        $sum, $listed = $line.Trim() -split '\s+\*?', 2
        if ($listed -eq $name) { return $sum }
    }
    Stop-Deploy "SHA256SUMS 里没有 $name。请不要给文件改名，并使用同一次发布的 SHA256SUMS。"
}

function Confirm-Sha256([string]$Path, [string]$Sha256) {
    if ((Get-Sha256 $Path) -ne $Sha256) {
        Stop-Deploy "$Path 的 SHA256 与 SHA256SUMS 不一致：文件不完整或被改动过，请重新下载或复制。没有改动任何东西。"
    }
    Write-Host "√ SHA256 一致：$(Split-Path -Leaf $Path)"
}

# Is there nothing in the folder but what belongs to Claw? Another program may count on the rights it has in its own.
function Test-OwnFolder([string]$Dir) {
    if (-not (Split-Path -Parent $Dir)) { return $false }
    $ours = 'claw-*', '*.toml*', 'ssl', 'data', 'redis*', 'deploy', 'SHA256SUMS'
    foreach ($item in Get-ChildItem -LiteralPath $Dir -Force) {
        if (-not ($ours | Where-Object { $item.Name -like $_ })) { return $false }
    }
    return $true
}

# Only administrators may change what is in the program's folder, also when one of them has made it before: folders on a
# drive of Windows are open to all users. What holds secrets is closed further by `service install`.
function Set-GuardedFolder([string]$Dir) {
    if (-not (Test-Path -LiteralPath $Dir)) {
        New-Item -ItemType Directory -Path $Dir | Out-Null
    } elseif (-not (Test-OwnFolder $Dir)) {
        Write-Host "! $Dir 里还有别的东西，没有改动它的权限。请确认普通用户不能改动里面的文件，或用 -Dir 换一个专用的文件夹"
        return
    }
    # By SID, as the names differ by language: Administrators, SYSTEM, Users.
    icacls.exe $Dir /inheritance:r /grant:r '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-545:(OI)(CI)RX' | Out-Null
    if ($LASTEXITCODE -ne 0) { Stop-Deploy "不能设置 $Dir 的访问权限" }
}

# Otherwise that service would be restarted and found well, and nothing would have changed.
function Confirm-ServiceFolder([string]$Program, [string]$Dir) {
    $service = Get-CimInstance Win32_Service -Filter "Name='$Program'"
    if ($service -and "$($service.PathName)".IndexOf($Dir, [StringComparison]::OrdinalIgnoreCase) -lt 0) {
        Stop-Deploy "服务 $Program 已经装在别的文件夹（$($service.PathName)）。请用 -Dir 指定那个文件夹，或先在那里运行 $Program service uninstall。"
    }
}

# Whatever can be wrong with the file itself is found here, before the running version is touched.
function Copy-Beside([string]$File, [string]$New, [string]$Sha256) {
    Copy-Item -LiteralPath $File -Destination $New -Force
    Unblock-File -LiteralPath $New
    if ((Get-Sha256 $New) -ne $Sha256) {
        Remove-Item -LiteralPath $New -Force
        Stop-Deploy "复制到 $New 的内容不对，请检查磁盘。没有改动正在运行的版本。"
    }
    if (-not (Test-Program $New @('--version'))) {
        Remove-Item -LiteralPath $New -Force
        Stop-Deploy "$File 在本机上运行不了：是不是别的系统的文件，或者被杀毒软件拦截了？没有改动正在运行的版本。"
    }
}

# Puts a file in the program's place; what was there becomes $Kept. Windows lets go of a program some time after its end.
function Switch-File([string]$New, [string]$Exe, [string]$Kept) {
    for ($attempt = 1; ; $attempt++) {
        try {
            [IO.File]::Replace($New, $Exe, $Kept)
            return
        } catch {
            if ($attempt -ge $SwitchAttempts) { throw }
            Start-Sleep -Seconds 1
        }
    }
}

# data_dir of the configuration, which counts from there.
function Get-DataFolder([string]$Config) {
    foreach ($line in Get-Content -LiteralPath $Config -Encoding UTF8) {
        if ($line -match '^\s*\[') { break }
        if ($line -match "^\s*data_dir\s*=\s*'([^']*)'") { $found = $Matches[1] }
        elseif ($line -match '^\s*data_dir\s*=\s*"([^"]*)"') { $found = $Matches[1] -replace '\\\\', '\' }
    }
    if (-not $found) { $found = 'data' }
    if ([IO.Path]::IsPathRooted($found)) { return $found }
    return Join-Path (Split-Path -Parent $Config) $found
}

# The older version refuses a database that the newer one has changed, so the way back needs it as it was. Copies it, with
# what a program that was killed has left in the log beside it, under the name that SQLite expects there; the service is
# stopped. Returns the path of the database, empty when there is none.
function Save-Database([string]$Database, [string]$Config) {
    if (-not $Database -or -not (Test-Path -LiteralPath $Config)) { return '' }
    $file = Join-Path (Get-DataFolder $Config) $Database
    if (-not (Test-Path -LiteralPath $file)) { return '' }
    Write-Host "· 复制 $file，以便换回"
    Copy-Item -LiteralPath $file -Destination "$file.previous" -Force
    Remove-Item -LiteralPath "$file.previous-wal" -Force -ErrorAction SilentlyContinue
    if (Test-Path -LiteralPath "$file-wal") {
        Copy-Item -LiteralPath "$file-wal" -Destination "$file.previous-wal" -Force
    }
    return $file
}

function Restore-Database([string]$File) {
    foreach ($log in "$File-wal", "$File-shm") {
        Remove-Item -LiteralPath $log -Force -ErrorAction SilentlyContinue
    }
    if (Test-Path -LiteralPath "$File.previous-wal") {
        Move-Item -LiteralPath "$File.previous-wal" -Destination "$File-wal" -Force
    }
    # Its content and not the file: that keeps the rights which the service was given.
    Copy-Item -LiteralPath "$File.previous" -Destination $File -Force
}

function Remove-SavedDatabase([string]$File) {
    if (-not $File) { return }
    Remove-Item -LiteralPath "$File.previous", "$File.previous-wal" -Force -ErrorAction SilentlyContinue
}

# Installs it anew each time: what the service may do and read follows from the configuration and from the version.
function Start-Again([string]$Program, [string]$Exe) {
    $words = @('service', 'install')
    # The account that an administrator chose; otherwise the service's own.
    $account = (Get-CimInstance Win32_Service -Filter "Name='$Program'").StartName
    if ("$account" -match '(LocalSystem|LocalService)$') { $words += '--user', $Matches[1] }
    Invoke-Program $Exe $words
    if ($LASTEXITCODE -ne 0) { Write-Host '· 服务没有装好，见上面的说明，继续检查' }
    Invoke-Program $Exe @('service', 'start')
    if ($LASTEXITCODE -ne 0) { Write-Host '· 服务启动时报错，继续检查' }
}

function Wait-Healthy([scriptblock]$Healthy, [string]$Exe, [int]$TimeoutSeconds) {
    Write-Host "· 等待就绪，最多 $TimeoutSeconds 秒"
    $deadline = (Get-Date).AddSeconds($TimeoutSeconds)
    while (-not (& $Healthy $Exe)) {
        if ((Get-Date) -ge $deadline) { return $false }
        Start-Sleep -Seconds 1
    }
    return $true
}

function Show-Log([string]$Program, [string]$Dir) {
    Write-Host "`n---- $Program 的最后几行日志 ----"
    $log = Get-ChildItem -Path (Join-Path $Dir 'data\logs\*.log') -ErrorAction SilentlyContinue |
        Sort-Object LastWriteTime | Select-Object -Last 1
    if ($log) {
        Get-Content -LiteralPath $log.FullName -Tail 30 -Encoding UTF8 | Out-Host
    } else {
        Write-Host '（没有找到日志）'
    }
    Write-Host '----'
}

<#
  Verifies, copies, switches, restarts, checks; goes back to the version before when the new one does not get well.

  Healthy: a script block that gets the program's path and says whether it is well.
#>
function Install-Claw {
    param(
        [string]$Program,
        [string]$Config,
        [string]$File,
        [string]$Dir,
        [int]$TimeoutSeconds,
        [string[]]$InitOptions,
        [scriptblock]$Healthy,
        # A SQLite file in the data folder that a new version may change for good.
        [string]$Database = ''
    )
    if (-not (Test-Path -LiteralPath $File -PathType Leaf)) { Stop-Deploy "找不到文件 $File" }
    $File = (Resolve-Path -LiteralPath $File).ProviderPath
    if (-not $Dir) { $Dir = Join-Path $env:SystemDrive "\$Program" }
    $Dir = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Dir)
    $exe = Join-Path $Dir "$Program.exe"

    & (Join-Path $PSScriptRoot 'preflight.ps1') -Program ($Program -replace '^claw-', '') -Dir $Dir -Port 0
    if ($LASTEXITCODE -ne 0) { exit 1 }
    if ((Test-Path -LiteralPath (Join-Path $Dir $Config)) -and $InitOptions) {
        Stop-Deploy "$(Join-Path $Dir $Config) 已经有了，不会再运行 init，请去掉这些选项：$InitOptions"
    }

    $sha256 = Get-PublishedSha256 $File
    Confirm-Sha256 $File $sha256
    Confirm-ServiceFolder $Program $Dir
    Set-GuardedFolder $Dir
    $saved = @{ Database = '' }
    $save = { $saved.Database = Save-Database $Database (Join-Path $Dir $Config) }
    $replaced = Install-File $Program $File $exe $sha256 $save

    Set-FirstConfig $exe (Join-Path $Dir $Config) $InitOptions
    Start-Again $Program $exe
    if (Wait-Healthy $Healthy $exe $TimeoutSeconds) {
        Write-Host "√ $Program 已就绪" -ForegroundColor Green
        Invoke-Program $exe @('--version')
        if ($replaced) { Write-Host "  上一个版本留在 $exe.previous" }
        Remove-SavedDatabase $saved.Database
        exit 0
    }
    Show-Log $Program $Dir
    if (-not $replaced) {
        Stop-Deploy "$Program 在 $TimeoutSeconds 秒内没有就绪。运行 $exe doctor 查找原因，改好之后再运行一次本脚本。"
    }
    Undo-Install $Program $exe $Healthy $TimeoutSeconds $saved.Database
}

# Stops the service and puts the new program in place; in between, Save keeps what the way back needs. True: there is a
# version to go back to.
function Install-File([string]$Program, [string]$File, [string]$Exe, [string]$Sha256, [scriptblock]$Save) {
    $hasOld = Test-Path -LiteralPath $Exe
    $isSame = $hasOld -and (Get-Sha256 $Exe) -eq $Sha256
    # It has to end in .exe to be tried out.
    $new = $Exe -replace '\.exe$', '.new.exe'
    if (-not $isSame) { Copy-Beside $File $new $Sha256 }
    if (Get-Service -Name $Program -ErrorAction SilentlyContinue) {
        Write-Host "· 停止 $Program"
        Invoke-Program $Exe @('service', 'stop')
    }
    if ($isSame) {
        Write-Host '· 已经是这个版本，只重新启动并检查'
        return $false
    }
    if (-not $hasOld) {
        Move-Item -LiteralPath $new -Destination $Exe
    } else {
        $deed = '复制数据库'
        try {
            & $Save | Out-Null
            $deed = "替换 ${Exe}（是不是还有窗口在运行它？）"
            Switch-File $new $Exe "$Exe.previous"
        } catch {
            Remove-Item -LiteralPath $new -Force
            Start-Again $Program $Exe
            Stop-Deploy "不能${deed}：$($_.Exception.Message)。没有升级，旧版本已重新启动。"
        }
    }
    Write-Host "√ 已放好：$Exe"
    return $hasOld
}

function Set-FirstConfig([string]$Exe, [string]$Config, [string[]]$InitOptions) {
    if (Test-Path -LiteralPath $Config) { return }
    Write-Host '· 第一次安装，生成配置'
    Invoke-Program $Exe (@('init') + $InitOptions)
    if ($LASTEXITCODE -ne 0) { Stop-Deploy '还没有配置。照上面说的，带上需要的选项再运行一次本脚本。' }
    Write-Host ''
}

function Undo-Install([string]$Program, [string]$Exe, [scriptblock]$Healthy, [int]$TimeoutSeconds, [string]$Saved) {
    Write-Host "`n× 新版本在 $TimeoutSeconds 秒内没有就绪，换回上一个版本" -ForegroundColor Red
    Invoke-Program $Exe @('service', 'stop')
    Switch-File "$Exe.previous" $Exe "$Exe.failed"
    Start-Again $Program $Exe
    if ($Saved -and -not (Test-Runs $Exe)) {
        Write-Host '· 上一个版本打不开升级过的数据库，恢复升级前的：升级后收到的任务不会有回答'
        Invoke-Program $Exe @('service', 'stop')
        Restore-Database $Saved
        Start-Again $Program $Exe
    }
    if (Wait-Healthy $Healthy $Exe $TimeoutSeconds) {
        Remove-SavedDatabase $Saved
        Stop-Deploy "没有升级：新版本没有就绪，已换回上一个版本，它已就绪。新版本留在 $Exe.failed。"
    }
    Stop-Deploy "已换回上一个版本，但它也没有就绪。运行 $Exe doctor 查找原因。"
}

# Ready or not: `service status` says 3 when it is stopped, has failed, or ends again and again.
function Test-Runs([string]$Exe) {
    $null = Test-Program $Exe @('service', 'status')
    return $LASTEXITCODE -ne 3
}
