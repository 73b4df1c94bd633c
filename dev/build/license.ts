/** The licence of something inside an executable, as `--licenses` shows it. */
export interface License {
  /** Name and version. */
  readonly component: string;
  readonly text: string;
}

const RULE = "=".repeat(78);

export function licensesText(licenses: readonly License[]): string {
  const names = licenses.map(({ component }) => `  ${component}`);
  const texts = licenses.map(({ component, text }) => `${RULE}\n${component}\n${RULE}\n\n${text.trim()}\n`);
  return ["本程序内含下列软件，各按其许可证使用：", "", ...names, "", ...texts].join("\n");
}
