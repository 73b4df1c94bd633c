<#
  在 A 上安装或升级网关（Windows）。以管理员身份打开 PowerShell，在本文件夹里运行：

    powershell -ExecutionPolicy Bypass -File .\deploy-gateway.ps1 -File D:\claw\claw-gateway-windows-x64.exe

  核对 SHA256、替换程序、重启服务；新版本没有就绪就自动换回旧版本。SHA256SUMS 要和新的程序文件放在一起。
#>
param(
    # 新的程序文件
    [Parameter(Mandatory = $true)]
    [string]$File,

    # 装在哪里；不写：C:\claw-gateway
    [string]$Dir = '',

    # 最多等多少秒就绪
    [int]$TimeoutSeconds = 60,

    # 以下只用于第一次安装，交给 claw-gateway init
    [string]$PublicUrl = '',
    [string]$Port = '',
    [string]$AgentId = ''
)

. (Join-Path $PSScriptRoot 'deploy-common.ps1')

$initOptions = @()
if ($PublicUrl) { $initOptions += '--public-url', $PublicUrl }
if ($Port) { $initOptions += '--port', $Port }
if ($AgentId) { $initOptions += '--agent-id', $AgentId }

$deployment = @{
    Program        = 'claw-gateway'
    Config         = 'gateway.toml'
    File           = $File
    Dir            = $Dir
    TimeoutSeconds = $TimeoutSeconds
    InitOptions    = $initOptions
    # Running, and its /readyz answers 200.
    Healthy        = { param([string]$Exe) Test-Program $Exe @('service', 'status') }
}
Install-Claw @deployment
