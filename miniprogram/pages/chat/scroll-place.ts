type Page = Parameters<WechatMiniprogram.SelectorQuery["in"]>[0];

/** Tells where the page's `.scroll` stands, in px. On a page that is gone there is no such place. */
export function scrollPlace(page: Page, tell: (place: { top: number; height: number }) => void): void {
  const query = wx.createSelectorQuery().in(page);
  query
    .select(".scroll")
    .scrollOffset((place) => {
      if (place) tell({ top: place.scrollTop, height: place.scrollHeight });
    })
    .exec();
}

/** Tells how high the page's `.scroll` is on the screen, in px, as long as the page is there. */
export function scrollViewHeight(page: Page, tell: (height: number) => void): void {
  const query = wx.createSelectorQuery().in(page);
  query
    .select(".scroll")
    .boundingClientRect((place) => {
      if (place) tell(place.height);
    })
    .exec();
}
