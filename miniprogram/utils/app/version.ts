interface Account {
  getAccountInfoSync(): { miniProgram: { envVersion: string; version: string } };
}

/** Which version of the mini-program this is, for people: only a released one has a number. */
export function versionText(wx: Account): string {
  const { envVersion, version } = wx.getAccountInfoSync().miniProgram;
  if (version) return version;
  return envVersion === "trial" ? "体验版" : "开发版";
}
