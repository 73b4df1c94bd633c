import type { CompiledPackage, ThemeName } from "../compile/package.ts";
import { playedAvatar } from "./avatar.ts";
import { defineBuiltIns } from "./builtins/define-all.ts";
import { openFramework, type TemplateGroup } from "./framework.ts";
import { openHistory } from "./history.ts";
import { openLifecycle } from "./lifecycle.ts";
import { listenToGestures } from "./gestures.ts";
import { openListenerCount } from "./listeners.ts";
import { openLogicLayer } from "./logic-layer.ts";
import { joined, type ModuleFactory } from "./modules.ts";
import { openProblems } from "./problems.ts";
import { openRouter } from "./router.ts";
import type { Settings } from "./settings.ts";
import { showAround } from "./shell/around.ts";
import { openDialogs } from "./shell/dialogs.ts";
import { buildScreen } from "./shell/screen.ts";
import { buildTabs } from "./shell/tabs.ts";
import { openToasts } from "./shell/toast.ts";
import { openStatistics } from "./statistics.ts";
import { openSystemTheme } from "./theme.ts";
import { dispatch } from "./view-events.ts";
import { accountFunctions } from "./wx/account.ts";
import { appearanceFunctions } from "./wx/appearance.ts";
import { wxFunction } from "./wx/call.ts";
import { deviceFunctions } from "./wx/device.ts";
import { openWxEvents } from "./wx/events.ts";
import { openFiles } from "./wx/files.ts";
import { interactionFunctions } from "./wx/interaction.ts";
import { navigationFunctions } from "./wx/navigation.ts";
import { openNetwork } from "./wx/network.ts";
import { nodeFunctions } from "./wx/nodes.ts";
import { openPrivacy } from "./wx/privacy.ts";
import { openSockets } from "./wx/socket.ts";
import { storageFunctions } from "./wx/storage.ts";
import { openUpdates } from "./wx/update.ts";
import { wxObject } from "./wx/wx.ts";

/** Puts the phone together, and starts the mini-program on it. What it returns is for tests and for the curious. */
export function startPhone(options: {
  settings: Settings;
  compiled: CompiledPackage;
  templates: TemplateGroup;
  modules: ReadonlyMap<string, ModuleFactory>;
}) {
  const { settings, compiled, templates, modules } = options;
  const problems = openProblems();
  for (const problem of compiled.problems) problems.report("compile", problem);
  const statistics = openStatistics();
  const listeners = openListenerCount(problems);
  const theme = openSystemTheme(compiled, settings.theme);
  const screen = buildScreen(settings);
  const dialogs = openDialogs();
  const toasts = openToasts(screen.layer);
  const events = openWxEvents(listeners);
  const network = openNetwork(settings.hosts, { events, problems });
  const sockets = openSockets(network, problems);
  const privacy = openPrivacy(settings.storageName, {
    dialogs,
    agreedBefore: settings.privacyAgreed === true,
  });
  const updates = openUpdates();
  const history = openHistory();
  const copied: string[] = [];

  const asset = (path: string, from = "") =>
    `${settings.assets}${joined(path.startsWith("/") ? "" : from, path)}`;
  const files = openFiles((path) => (/^(https?:|data:)/.test(path) ? path : asset(path)));
  const locate = (address: string, from: string) => {
    const file = files.address(address);
    return file ?? (/^(https?:|data:|blob:)/.test(address) ? address : asset(address, from));
  };

  const framework = openFramework(compiled, templates, { problems, statistics });
  const tabs = buildTabs(screen, compiled.app.tabBar, {
    theme,
    locate: (path) => asset(path),
    open: (page) => router.switchTab(`/${page}`),
  });
  const router = openRouter({
    compiled,
    framework,
    problems,
    statistics,
    listeners,
    screen,
    history,
    tabPages: tabs.pages,
    load: (path) => logic.load(path),
  });
  const redraw = showAround({ screen, router, tabs, theme, compiled });
  const navigation = navigationFunctions(router);
  const wx = wxObject(
    [
      events.functions,
      network.functions,
      sockets.functions,
      privacy.functions,
      updates.functions,
      files.functions,
      navigation,
      storageFunctions(settings.storageName, problems),
      deviceFunctions(settings, { screen, theme, pageHeight: () => router.top?.element.clientHeight ?? 0 }),
      accountFunctions(settings),
      interactionFunctions({ dialogs, toasts, privacy, copied: (text) => copied.push(text) }),
      appearanceFunctions(router, { tabs, redraw }),
      nodeFunctions(router),
      { exitMiniProgram: wxFunction("exitMiniProgram", () => lifecycle.sleep()) },
    ],
    problems,
  );
  defineBuiltIns(
    { framework, problems, knownEvents: new Set(compiled.ownEvents) },
    {
      dialogs,
      locate,
      open: (how, { url, delta }) =>
        Promise.resolve(navigation[OPEN_TYPES[how] ?? "navigateTo"]?.({ url, delta })),
      onKeyboard: (height) => events.emit("KeyboardHeightChange", { height }),
      openTypes: {
        async chooseAvatar() {
          await privacy.require("chooseAvatar");
          return files.add(playedAvatar());
        },
        agreePrivacy: () => privacy.agree(),
      },
    },
  );
  listenToGestures(document.body, dispatch);
  const logic = openLogicLayer({ compiled, framework, modules, wx, problems, listeners, router });
  const lifecycle = openLifecycle({ logic, router, events, sockets, problems });
  theme.onChange((name) => events.emit("ThemeChange", { theme: name }));
  const firstPage = `/${compiled.app.pages[0] ?? ""}`;
  lifecycle.launch(history.initial ?? firstPage, firstPage);

  return {
    problems: () => problems.list(),
    statistics: () => ({ ...statistics, sockets: sockets.open }),
    /** What has been copied, oldest first. */
    copied: () => copied,
    stack: () => router.stack.map(({ path, query }) => ({ path, query })),
    data: () => router.top?.page.data,
    app: () => logic.app,
    wx,
    sleep: lifecycle.sleep,
    wake: lifecycle.wake,
    offline: (off: boolean) => network.setOnline(!off),
    forceTheme: (name: ThemeName | undefined) => theme.force(name),
    updateReady: () => updates.ready(),
  };
}

const OPEN_TYPES: Readonly<Record<string, string>> = {
  navigate: "navigateTo",
  redirect: "redirectTo",
  switchTab: "switchTab",
  reLaunch: "reLaunch",
  navigateBack: "navigateBack",
};
