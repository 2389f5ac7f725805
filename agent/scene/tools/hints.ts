/** Hint pictures for the sheets and the tests, drawn here so that nobody's photo has to be in the repository. */
import sharp from "sharp";
import type { ControlType } from "../src/index.ts";

interface Hint {
  controlType: ControlType;
  prompt: string;
  image: Uint8Array;
}

const SIDE = 384;

function picture(background: string, body: string): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="100%" height="100%" fill="${background}"/>${body}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** A stick figure in the colours of OpenPose, leaning by so many degrees. */
function skeleton(x: number, y: number, height: number, lean: number): string {
  const bone = (data: string, color: string): string =>
    `<path d="${data}" stroke="${color}" stroke-width="${height * 0.03}" stroke-linecap="round"/>`;
  const parts =
    bone("M0 0V-.34", "#ff5500") +
    bone("M0 -.34L-.14 -.18L-.2 -.02", "#55ff00") +
    bone("M0 -.34L.14 -.2L.24 -.3", "#00ff55") +
    bone("M0 0L-.1 .22L-.12 .45", "#0055ff") +
    bone("M0 0L.1 .22L.14 .45", "#5500ff");
  const scaled = parts.replaceAll(/(-?\.?\d*\.?\d+)(?=[ ,LVM"]|$)/g, (value) => value);
  return `<g transform="translate(${x} ${y}) rotate(${lean}) scale(${height})"><g stroke-width=".03" fill="none">${scaled.replaceAll(/stroke-width="[\d.]+"/g, 'stroke-width=".03"')}</g><circle cx="0" cy="-.44" r=".06" fill="#ff0055"/></g>`;
}

export async function drawnHints(): Promise<Hint[]> {
  return [
    { controlType: "openpose", prompt: "一个穿着红色裙子的女孩", image: await picture("#000", skeleton(120, 200, 300, 0)) },
    {
      controlType: "openpose",
      prompt: "a man on the beach",
      image: await picture("#000", skeleton(90, 230, 200, -25) + skeleton(280, 190, 280, 20)),
    },
    {
      controlType: "canny",
      prompt: "a cat and a dog in the living room",
      image: await picture(
        "#000",
        '<g stroke="#fff" stroke-width="2" fill="none"><ellipse cx="100" cy="270" rx="70" ry="60"/><rect x="210" y="140" width="150" height="200"/></g>',
      ),
    },
    {
      controlType: "depth",
      prompt: "an elephant and a giraffe on the savanna",
      image: await picture(
        "#202020",
        '<defs><linearGradient id="g" y2="1" x2="0"><stop offset=".4" stop-color="#202020"/><stop offset="1" stop-color="#808080"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/><ellipse cx="110" cy="260" rx="95" ry="80" fill="#d8d8d8"/><rect x="270" y="80" width="70" height="240" fill="#f0f0f0"/>',
      ),
    },
  ];
}

/** Stands for a photo: graded sky, far hills, water and noise, and no note of ours. */
export async function foreignPhoto(side: number): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 100 100"><defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="#2f5f8f"/><stop offset="1" stop-color="#f2b890"/></linearGradient><linearGradient id="w" x2="0" y2="1"><stop stop-color="#c98f78"/><stop offset="1" stop-color="#1f3a4a"/></linearGradient><filter id="n"><feTurbulence baseFrequency=".9" numOctaves="3" seed="4"/><feColorMatrix values="0 0 0 0 .5 0 0 0 0 .5 0 0 0 0 .5 0 0 0 .5 0"/></filter></defs><rect width="100" height="58" fill="url(#s)"/><path d="M0 58V44L18 34L34 46L52 30L70 45L84 38L100 48V58z" fill="#3a4a5a"/><rect y="58" width="100" height="42" fill="url(#w)"/><path d="M60 100Q64 70 78 66Q92 74 100 100z" fill="#2a2f2a"/><rect width="100" height="100" filter="url(#n)" opacity=".16"/></svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 88 }).toBuffer();
}
