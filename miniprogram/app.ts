import { GATEWAY_URL } from "./config";
import { offerUpdates } from "./utils/app/app-update";
import { openClaw } from "./utils/open-claw";
import { openTheme } from "./utils/screen/theme";

App({
  claw: openClaw({ wx, url: GATEWAY_URL, theme: openTheme(wx) }),

  onLaunch() {
    offerUpdates(wx);
  },
});
