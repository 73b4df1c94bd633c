import { copyToClipboard } from "../screen/clipboard";

const MAX_SHEET_ITEMS = 6;

/** A mini-program opens no pages of the web: the address goes to the clipboard. Of several one chooses. */
export function chooseLink(links: readonly string[]): void {
  const [only] = links;
  if (only === undefined) return;
  if (links.length === 1) return copyAddress(only);
  const items = links.slice(0, MAX_SHEET_ITEMS);
  wx.showActionSheet({
    alertText: "复制哪个链接？",
    itemList: items,
    success: ({ tapIndex }) => copyAddress(items[tapIndex] ?? only),
    fail: () => undefined,
  });
}

function copyAddress(link: string): void {
  copyToClipboard(link.replace(/^mailto:/i, ""));
}
