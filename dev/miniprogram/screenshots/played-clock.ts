/**
 * The programs go by the real clock, as their Redis does. What the pictures show are the days of a made-up person, so times
 * are moved on their way to a phone: by as much as the played clock differed from the real one at that moment.
 */
export interface PlayedClock {
  /** From now on it is this time, in ms since 1970; not before what it was. */
  set(time: number): void;
  /** A message of the gateway with its times moved. */
  moved(message: string): string;
}

/** Times in JSON; what begins so but goes on is an id. */
const TIME = /(?<=:)1\d{12}(?=[,}\]])/g;

export function openPlayedClock(): PlayedClock {
  const settings: { readonly since: number; readonly movedBy: number }[] = [];
  return {
    set(time) {
      const since = Date.now();
      settings.push({ since, movedBy: time - since });
    },
    moved: (message) =>
      message.replace(TIME, (found) => {
        const time = Number(found);
        const setting = settings.findLast(({ since }) => since <= time) ?? settings[0];
        return String(time + (setting?.movedBy ?? 0));
      }),
  };
}
