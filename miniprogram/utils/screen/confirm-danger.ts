/** The tokens' red, for a dialog that knows no tokens: it is the system's, and as light or dark as that. */
const RED = { light: "#c8322b", dark: "#f0736c" } as const;

/** Asks before something that cannot simply be undone: the button that does it is red. */
export async function confirmDanger(question: {
  title: string;
  content: string;
  confirmText: string;
  cancelText?: string;
}): Promise<boolean> {
  const { theme = "light" } = wx.getAppBaseInfo();
  const { confirm } = await wx.showModal({ ...question, confirmColor: RED[theme] });
  return confirm;
}
