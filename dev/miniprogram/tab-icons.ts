/** A tab's icon in a colour: as a line while it rests, filled when it is selected. */
interface TabIcon {
  line(colour: string): string;
  filled(colour: string): string;
}

const STROKE = 'stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"';

function line(shapes: string) {
  return (colour: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="${colour}" ${STROKE}>${shapes}</svg>`;
}

/** `holes` are lines that are cut out of `shapes`, `above` lies over both. */
function filled(shapes: string, holes = "", above = "") {
  return (colour: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="${colour}" stroke="${colour}" ${STROKE}>
      <mask id="holes"><rect width="24" height="24" fill="#fff"/><g fill="none" stroke="#000">${holes}</g></mask>
      <g mask="url(#holes)">${shapes}</g>${above}</svg>`;
}

const HOUSE =
  '<path d="M10.7 3.4 4.3 8.5A2.4 2.4 0 0 0 3.4 10.4V18.2A2.4 2.4 0 0 0 5.8 20.6H18.2A2.4 2.4 0 0 0 20.6 18.2V10.4A2.4 2.4 0 0 0 19.7 8.5L13.3 3.4A2.1 2.1 0 0 0 10.7 3.4Z"/>';
const DOORSTEP = '<path d="M9 16.4H15"/>';
const SHEET =
  '<path d="M7 4.8H17A2.2 2.2 0 0 1 19.2 7V18.4A2.2 2.2 0 0 1 17 20.6H7A2.2 2.2 0 0 1 4.8 18.4V7A2.2 2.2 0 0 1 7 4.8Z"/>';
const CLIP = '<path d="M9.2 3.4H14.8V6H9.2Z"/>';
const CLIP_EDGE = '<path d="M9.2 3.4H14.8V6H9.2Z" stroke-width="4"/>';
const TICK = '<path d="m8.6 13.4 2.4 2.4 4.4-4.8"/>';
const HEAD = '<circle cx="12" cy="7.8" r="4.2"/>';
const SHOULDERS =
  '<path d="M4 19.6C4.6 16.4 7.8 14.6 12 14.6S19.4 16.4 20 19.6C20.1 20.2 19.7 20.6 19.2 20.6H4.8C4.3 20.6 3.9 20.2 4 19.6Z"/>';

export const TAB_ICONS: Readonly<Record<"home" | "task" | "user", TabIcon>> = {
  home: { line: line(HOUSE + DOORSTEP), filled: filled(HOUSE, DOORSTEP) },
  task: { line: line(SHEET + CLIP + TICK), filled: filled(SHEET, TICK + CLIP_EDGE, CLIP) },
  user: { line: line(HEAD + SHOULDERS), filled: filled(HEAD + SHOULDERS) },
};
