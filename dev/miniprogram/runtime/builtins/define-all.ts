import type { Framework } from "../framework.ts";
import type { Problems } from "../report.ts";
import type { Dialogs } from "../shell/dialogs.ts";
import { type BuiltIn, defineBuiltIn } from "./built-in.ts";
import { button, type OpenTypes } from "./button.ts";
import { checkbox, checkboxGroup, label, radio, radioGroup, toggle } from "./choices.ts";
import { pageMeta, rootPortal, view } from "./containers.ts";
import { input, textarea } from "./field.ts";
import { form } from "./form.ts";
import { icon, image, type Locate, progress } from "./media.ts";
import type { BuiltInName } from "./names.ts";
import { navigatorLink, type Open } from "./navigator.ts";
import { picker } from "./picker.ts";
import { scrollView } from "./scroll-view.ts";
import { swiper, swiperItem } from "./swiper.ts";
import { richText, text } from "./text.ts";

/** What built-in components ask of the phone around them. */
export interface BuiltInNeeds {
  readonly openTypes: OpenTypes;
  readonly dialogs: Dialogs;
  readonly locate: Locate;
  readonly open: Open;
  /** The height of the keyboard, in CSS pixels. */
  onKeyboard(height: number): void;
}

export function defineBuiltIns(
  surroundings: { framework: Framework; problems: Problems; knownEvents: ReadonlySet<string> },
  { openTypes, dialogs, locate, open, onKeyboard }: BuiltInNeeds,
): void {
  const refuse = (text: string) => surroundings.problems.report("component", text);
  const definitions: Record<BuiltInName, BuiltIn> = {
    view,
    "cover-view": view,
    "root-portal": rootPortal,
    "page-meta": pageMeta,
    text,
    "rich-text": richText,
    image: image(locate),
    icon,
    progress,
    button: button(openTypes, refuse),
    navigator: navigatorLink(open),
    input: input(onKeyboard),
    textarea: textarea(onKeyboard),
    form,
    label,
    picker: picker(dialogs, refuse),
    switch: toggle,
    checkbox,
    "checkbox-group": checkboxGroup,
    radio,
    "radio-group": radioGroup,
    "scroll-view": scrollView,
    swiper,
    "swiper-item": swiperItem,
  };
  for (const [is, definition] of Object.entries(definitions)) defineBuiltIn(is, definition, surroundings);
}
