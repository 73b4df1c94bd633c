/** So near to the bottom counts as there: a line more or less. In px. */
const NEAR_PX = 48;
/** From here on the way back deserves a button. */
const FAR_PX = 240;

/** Where a list that grows at its bottom stands, in px. */
export interface ScrollPlace {
  scrollTop: number;
  scrollHeight: number;
  viewHeight: number;
}

/** Whether a growing list is to stay at its bottom: as long as the person has not scrolled up to read. */
export interface StickToBottom {
  readonly sticks: boolean;
  /** Whether the bottom is far from where the person reads. */
  readonly isFar: boolean;
  scrolled(place: ScrollPlace): void;
  /** The person wants to be there. */
  stick(): void;
}

export function openStickToBottom(): StickToBottom {
  let sticks = true;
  let isFar = false;
  let top = 0;
  return {
    get sticks() {
      return sticks;
    },
    get isFar() {
      return isFar;
    },
    scrolled({ scrollTop, scrollHeight, viewHeight }) {
      const below = scrollHeight - viewHeight - scrollTop;
      if (below <= NEAR_PX) sticks = true;
      // A list that grows never moves itself upwards: it was a finger.
      else if (scrollTop < top - 1) sticks = false;
      isFar = !sticks && below > FAR_PX;
      top = scrollTop;
    },
    stick() {
      sticks = true;
      isFar = false;
      top = 0;
    },
  };
}
