// SPDX-License-Identifier: Apache-2.0

export interface Size {
  width: number;
  height: number;
}

/** A smaller tile is of no use: then the tiles scroll. */
const smallest = 120;

/** The largest size, in whole pixels, that `count` tiles of one of the aspect ratios can have in a box, in rows and columns with a gap. */
export function bestGrid(count: number, box: Size, gap: number, ratios: readonly number[]): Size {
  let best: Size = { width: 0, height: 0 };
  for (const ratio of ratios) {
    for (let columns = 1; columns <= count; columns++) {
      const size = tileIn(box, columns, Math.ceil(count / columns), gap, ratio);
      if (size.width * size.height > best.width * best.height) best = size;
    }
  }
  const ratio = ratios[0] ?? 1;
  return best.width >= smallest ? best : { width: smallest, height: Math.floor(smallest / ratio) };
}

function tileIn(box: Size, columns: number, rows: number, gap: number, ratio: number): Size {
  const widest = (box.width - (columns - 1) * gap) / columns;
  const highest = (box.height - (rows - 1) * gap) / rows;
  const width = Math.max(0, Math.min(widest, highest * ratio));
  return { width: Math.floor(width), height: Math.floor(width / ratio) };
}
