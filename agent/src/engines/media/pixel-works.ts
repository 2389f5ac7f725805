import type { ColourShares } from "./colour-shares.ts";
import type { Sides } from "./inspect.ts";
import type { SmallLimits, SmallPicture } from "./small-picture.ts";

/** What is done with the pixels of a picture where `sharp` is not there: by its name, what it is told and what it makes. */
export interface PixelWorks {
  shrink: { order: SmallLimits; made: SmallPicture };
  canvas: { order: Sides; made: Uint8Array };
  colours: { order: null; made: ColourShares };
}

export type PixelOrder = {
  [Name in keyof PixelWorks]: { name: Name; picture: Uint8Array; order: PixelWorks[Name]["order"] };
}[keyof PixelWorks];
