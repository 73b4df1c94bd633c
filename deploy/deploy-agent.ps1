<#
  在 B 上安装或升级智能体（Windows）。以管理员身份打开 PowerShell，在本文件夹里运行：

    powershell -ExecutionPolicy Bypass -File .\deploy-agent.ps1 -File D:\claw\claw-agent-windows-x64.exe `
      -Gateway wss://pactgo.cn/link -Id b1 -Key 密钥

  核对 SHA256、替换程序、重启服务；新版本没有就绪就自动换回旧版本。SHA256SUMS 要和新的程序文件放在一起。
#>
param(
    # 新的程序文件
    [Parameter(Mandatory = $true)]
    [string]$File,

    # 装在哪里；不写：C:\claw-agent
    [string]$Dir = '',

    # 最多等多少秒就绪
    [int]$TimeoutSeconds = 60,

    # 以下只用于第一次安装，交给 claw-agent init；前三项由网关的 init 给出
    [string]$Gateway = '',
    [string]$Id = '',
    [string]$Key = '',
    [string]$LmStudio = ''
)

. (Join-Path $PSScriptRoot 'deploy-common.ps1')

$NetworkTimeoutMs = 5000

# A key of [admin] in the configuration.
function Get-AdminSetting([string]$Config, [string]$Name, [string]$Default) {
    $inside = $false
    foreach ($line in Get-Content -LiteralPath $Config -Encoding UTF8) {
        if ($line -match '^\s*\[') { $inside = $line -match '^\s*\[admin\]' }
        if ($inside -and $line -match "^\s*$Name\s*=\s*[""']?([^""'#\s]+)") {
            if ($Matches[1] -eq '0.0.0.0') { return '127.0.0.1' }
            return $Matches[1]
        }
    }
    return $Default
}

# The body of the agent's /readyz, which is 503 without a model; empty when it does not answer.
function Get-Readiness([string]$Config) {
    $address = "$(Get-AdminSetting $Config 'host' '127.0.0.1'):$(Get-AdminSetting $Config 'port' '8790')"
    $request = [Net.WebRequest]::Create("http://$address/readyz")
    $request.Timeout = $NetworkTimeoutMs
    $request.Proxy = $null
    try {
        $response = $request.GetResponse()
    } catch {
        $response = $_.Exception.InnerException.Response
    }
    if (-not $response) { return '' }
    $reader = New-Object IO.StreamReader ($response.GetResponseStream(), [Text.Encoding]::UTF8)
    try { return $reader.ReadToEnd() } finally { $reader.Dispose() }
}

# Ready; or only the model is missing, which is no fault of the new version: jobs wait until LM Studio has loaded one.
function Test-Agent([string]$Exe) {
    if (Test-Program $Exe @('service', 'status')) { return $true }
    $config = Join-Path (Split-Path -Parent $Exe) 'agent.toml'
    if ((Get-Readiness $config) -notmatch '"link":\{"up":true') { return $false }
    Write-Host '! 已连上网关，但模型服务还没有就绪：请在 LM Studio 里加载模型并启动服务' -ForegroundColor Yellow
    return $true
}

$initOptions = @()
if ($Gateway) { $initOptions += '--gateway', $Gateway }
if ($Id) { $initOptions += '--id', $Id }
if ($Key) { $initOptions += '--key', $Key }
if ($LmStudio) { $initOptions += '--lmstudio', $LmStudio }

$deployment = @{
    Program        = 'claw-agent'
    Config         = 'agent.toml'
    Database       = 'agent.sqlite'
    File           = $File
    Dir            = $Dir
    TimeoutSeconds = $TimeoutSeconds
    InitOptions    = $initOptions
    Healthy        = { param([string]$Exe) Test-Agent $Exe }
}
Install-Claw @deployment
