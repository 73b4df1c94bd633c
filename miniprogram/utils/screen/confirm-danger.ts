/**
 * Asks before something that cannot simply be undone: the button that does it is red. The dialog is the system's, which
 * knows no tokens.
 */
export async function confirmDanger(question: {
  title: string;
  content: string;
  confirmText: string;
  cancelText?: string;
}): Promise<boolean> {
  const { confirm } = await wx.showModal({ ...question, confirmColor: "#c8322b" });
  return confirm;
}
