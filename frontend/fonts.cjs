/* The web fonts, each in two files. Extended characters are rarely needed and have a file of their own. A font that loads
   late is used from the next page on: swapping it in would shift the text being read. */
const RANGES = {
  latin:
    "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+0304, U+0308, U+0329, U+2000-206F, " +
    "U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD",
  "latin-ext":
    "U+0100-0130, U+0132-0151, U+0154-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+1E00-1E9F, " +
    "U+1EF2-1EFF, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF",
};
const FONTS = [
  ["Figtree", "figtree", "400 800"],
  ["Bricolage Grotesque", "bricolage-grotesque", "600 800"],
];

module.exports = ({ addBase }) => {
  for (const [family, file, weights] of FONTS) {
    for (const [subset, range] of Object.entries(RANGES)) {
      addBase({
        "@font-face": {
          "font-family": `"${family}"`,
          src: `url("fonts/${file}-${subset}.woff2") format("woff2")`,
          "font-weight": weights,
          "font-display": "optional",
          "unicode-range": range,
        },
      });
    }
  }
};
