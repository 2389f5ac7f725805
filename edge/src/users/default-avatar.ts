/** Shown for everybody without a picture of their own: 128×128, head and shoulders. */
export const DEFAULT_AVATAR_PNG = Uint8Array.from(
  atob(
    [
      "iVBORw0KGgoAAAANSUhEUgAAAIAAAACAAQMAAAD58POIAAAABlBMVEXP1uRrepkC8NdlAAAAzUlEQVR42u3SsQ2EMAwFUCIKyozAKBmNjMYojJCSIuLfRSjC",
      "zleOA1FEunPHK2xi/67718/VtOlvA3gFA7AoGIFVgQOi7gnornhXMUSP6RPMn2BIIH/EJgiXYEywXgKXIDYIN95yY2O09fND0W3p+pwPShBljFJIOaUkN1v0",
      "6/TackG0U7oLHXtKsBVXkHcwO3jdU3a1OwQ9RI5xO0Q9Vc4FirklmAxeBkqGasiw1MBmCDUYM6w1cBliDaYM29cAFM89BXOAfwz6A+aG4QWOXUqTDDNvjgAA",
      "AABJRU5ErkJggg==",
    ].join(""),
  ),
  (letter) => letter.charCodeAt(0),
);
