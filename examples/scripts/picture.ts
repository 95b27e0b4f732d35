// Images in block characters, two pixels to a character, side by side. Called by the scripts that make images.
import type * as torch from 'flambeau';

/** Draws images [N, H, W] of values from 0 to 1. */
export function picture(images: torch.Tensor): string {
  const rows = images.gt(0.4).tolist() as boolean[][][];
  const height = images.size(1);
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    const line = rows.map((image) =>
      image[y]!.map((top, x) => ' ▀▄█'[(top ? 1 : 0) + (image[y + 1]?.[x] ? 2 : 0)]).join(''),
    );
    lines.push(line.join(' ').trimEnd());
  }
  return lines.filter((line) => line !== '').join('\n');
}
