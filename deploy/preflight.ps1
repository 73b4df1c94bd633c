<#
  部署之前先看这台 Windows 能不能运行 Claw；什么都不改动。能运行：退出码 0；不能：1。

    powershell -ExecutionPolicy Bypass -File .\preflight.ps1 -Program gateway
    powershell -ExecutionPolicy Bypass -File .\preflight.ps1 -Program agent -Gateway https://pactgo.cn

  Uses only what PowerShell 3 has too: it has to run on the systems that it refuses.
#>
param(
    [ValidateSet('gateway', 'agent')]
    [string]$Program = 'gateway',

    # 监听的端口；不写：网关 443，智能体 8790。0：不检查
    [int]$Port = -1,

    # 装在哪里
    [string]$Dir = '',

    # 智能体：顺便看看连不连得上这个网关
    [string]$Gateway = ''
)

# Windows Server 2019 and Windows 10 1809: the first with CreatePseudoConsole, which the executables import.
$MinimumBuild = 17763
# Windows 11: the first that runs x64 programs on ARM.
$MinimumArmBuild = 22000
# Three versions of 115 MB while one is replaced, and room for data and logs.
$MinimumFreeMB = 1024
$BytesPerMB = 1024 * 1024
$NetworkTimeoutMs = 10000

$script:Failures = 0

function Write-Good([string]$Text) { Write-Host "√ $Text" -ForegroundColor Green }
function Write-Warn([string]$Text) { Write-Host "! $Text" -ForegroundColor Yellow }
function Write-Bad([string]$Text) {
    Write-Host "× $Text" -ForegroundColor Red
    $script:Failures++
}

function Test-WindowsBuild {
    $windows = Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $build = [int]$windows.CurrentBuildNumber
    $name = "$($windows.ProductName)（内部版本 $build）"
    if ($build -ge $MinimumBuild) {
        Write-Good $name
        return $build
    }
    Write-Bad "$name 不能运行 Claw，最低要求是 Windows Server 2019 或 Windows 10 1809（内部版本 $MinimumBuild）。"
    Write-Host @'
  Windows Server 2012、2012 R2、2016 缺少程序必需的系统功能，安装补丁或运行库都没有用，程序会打不开。可以：
    1. 升级到 Windows Server 2019、2022、2025，或换一台装有它们（或 Windows 10 1809 以上、Windows 11）的机器；
    2. 在这台机器的 Hyper-V 里装一个较新的系统，在里面运行；
    3. 网关（A）改用 Linux：任何 x64 或 arm64 的 Linux 云主机都可以，用 deploy-gateway.sh 部署。
'@
    return $build
}

function Test-Processor([int]$Build) {
    # A 32-bit PowerShell sees the system's own architecture in the second variable only.
    $architecture = $env:PROCESSOR_ARCHITEW6432
    if (-not $architecture) { $architecture = $env:PROCESSOR_ARCHITECTURE }
    if ($architecture -eq 'AMD64') {
        Write-Good '64 位（x64）；不要求 AVX2'
    } elseif ($architecture -eq 'ARM64' -and $Build -ge $MinimumArmBuild) {
        Write-Warn 'ARM64：由 Windows 仿真 x64 程序来运行，没有测试过'
    } else {
        Write-Bad "处理器架构 $architecture：需要 64 位（x64）的 Windows"
    }
}

function Test-Administrator {
    $user = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
    if ($user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        Write-Good '管理员权限'
    } else {
        Write-Bad '没有管理员权限：请右键 PowerShell，选以管理员身份运行，再运行一次'
    }
}

function Test-Port {
    if ($Port -eq 0) { return }
    $listener = New-Object Net.Sockets.TcpListener ([Net.IPAddress]::Any, $Port)
    $listener.ExclusiveAddressUse = $true
    try {
        $listener.Start()
        Write-Good "端口 $Port 空闲"
    } catch {
        $owner = Get-PortOwner
        if ($owner -like 'claw-*') {
            Write-Good "端口 $Port 由正在运行的 $owner 使用"
        } else {
            Write-Bad "端口 $Port 已被 $owner 占用：请停掉它（System 通常是 IIS），或在配置里换一个端口"
        }
    } finally {
        $listener.Stop()
    }
}

function Get-PortOwner {
    $owner = '别的程序'
    try {
        $connection = Get-NetTCPConnection -LocalPort $Port -State Listen -ErrorAction Stop | Select-Object -First 1
        $owner = (Get-Process -Id $connection.OwningProcess -ErrorAction Stop).ProcessName
    } catch {
        # Who it is would only be helpful; that the port is taken is known.
    }
    return $owner
}

function Test-Disk {
    $root = [IO.Path]::GetPathRoot($Dir)
    try {
        $drive = New-Object IO.DriveInfo $root
        $freeMB = [math]::Floor($drive.AvailableFreeSpace / $BytesPerMB)
    } catch {
        Write-Bad "看不到 $root 的剩余空间：没有这个盘？"
        return
    }
    if ($freeMB -ge $MinimumFreeMB) {
        Write-Good "$root 剩余 $freeMB MB"
    } else {
        Write-Bad "$root 只剩 $freeMB MB，至少需要 $MinimumFreeMB MB"
    }
}

# Any HTTP answer will do: it is the way there that is in question.
function Test-Https([string]$Url, [string]$Advice) {
    try {
        # By number: older .NET has no name for TLS 1.2.
        [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]3072
        $request = [Net.WebRequest]::Create($Url)
        $request.Timeout = $NetworkTimeoutMs
        $request.GetResponse().Close()
    } catch {
        $problem = $_.Exception
        while ($problem.InnerException) { $problem = $problem.InnerException }
        $answered = $_.Exception.InnerException -is [Net.WebException] -and $_.Exception.InnerException.Response
        if (-not $answered) {
            Write-Warn "连不上 ${Url}：$($problem.Message) $Advice"
            return
        }
    }
    Write-Good "能用 TLS 1.2 连上 $Url"
}

if ($Port -lt 0) { $Port = if ($Program -eq 'gateway') { 443 } else { 8790 } }
if (-not $Dir) { $Dir = Join-Path $env:SystemDrive "\claw-$Program" }
$Dir = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Dir)

Write-Host "检查这台 Windows 能不能运行 claw-$Program`n"
$build = Test-WindowsBuild
Test-Processor $build
Test-Administrator
Test-Port
Test-Disk
if ($Program -eq 'gateway') {
    Test-Https 'https://qyapi.weixin.qq.com' '接入企业微信需要从本机访问它的 443 端口，请检查防火墙和 DNS。'
} elseif ($Gateway) {
    $address = $Gateway -replace '^ws', 'http'
    Test-Https ($address -replace '/link/?$', '') '请检查网关是否已启动，以及本机能否上网。'
}
Write-Host '· 不需要另外安装 VC++ 运行库、.NET 或 Node.js'

if ($script:Failures -gt 0) {
    Write-Host "`n$($script:Failures) 项不满足，现在还不能部署。" -ForegroundColor Red
    exit 1
}
Write-Host "`n可以部署。" -ForegroundColor Green
exit 0
