/** In the place of the types of a browser: see package.json. */
declare const noBrowser: never;
