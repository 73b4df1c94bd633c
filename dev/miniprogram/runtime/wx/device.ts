import type { Settings } from "../settings.ts";
import type { Screen } from "../shell/screen.ts";
import type { SystemTheme } from "../theme.ts";

const SDK_VERSION = "3.7.0";
const BAR_HEIGHT = 44;

/** What the phone, WeChat and the mini-program say of themselves. */
export function deviceFunctions(
  settings: Settings,
  { screen, theme, pageHeight }: { screen: Screen; theme: SystemTheme; pageHeight(): number },
): Readonly<Record<string, unknown>> {
  const windowInfo = () => ({
    pixelRatio: devicePixelRatio,
    screenWidth: screen.width(),
    screenHeight: screen.height(),
    windowWidth: screen.width(),
    windowHeight: pageHeight(),
    statusBarHeight: 0,
    screenTop: BAR_HEIGHT,
    safeArea: {
      left: 0,
      right: screen.width(),
      top: 0,
      bottom: screen.height() - screen.safeAreaBottom,
      width: screen.width(),
      height: screen.height() - screen.safeAreaBottom,
    },
  });
  const deviceInfo = () => ({
    abi: "",
    benchmarkLevel: -1,
    brand: "browser",
    model: browserName(),
    system: "web",
    platform: "devtools",
    memorySize: 0,
  });
  const appBaseInfo = () => ({
    SDKVersion: SDK_VERSION,
    enableDebug: false,
    host: { appId: "" },
    language: "zh_CN",
    version: "8.0.50",
    theme: theme.name,
    fontSizeSetting: 16,
  });
  const environment = settings.environment === undefined ? {} : { environment: settings.environment };
  return {
    getWindowInfo: windowInfo,
    getDeviceInfo: deviceInfo,
    getAppBaseInfo: appBaseInfo,
    getSystemInfoSync: () => ({ ...windowInfo(), ...deviceInfo(), ...appBaseInfo(), ...environment }),
    getAccountInfoSync: () => ({
      miniProgram: { appId: settings.appId, envVersion: "develop", version: settings.version },
    }),
  };
}

/** A name for the list of signed-in devices. */
function browserName(): string {
  const { userAgent } = navigator;
  const [, name = "浏览器"] = /(Edg|Firefox|Chrome|Safari)\//.exec(userAgent) ?? [];
  return name === "Edg" ? "Edge" : name;
}
